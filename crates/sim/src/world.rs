//! The world of one seed: cloud, network, rollout, and the queue of what is going to happen.

mod life;
mod reading;
mod request;

mod sight;

mod turn;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use reinstall_core::action::{Action, Answer, Event, Look, Order, Submission};
use reinstall_core::comparison::is_busy;
use reinstall_core::fault::{Fault, FaultKind, Sent as Sending};
use reinstall_core::id::{InstanceId, Ticket};
use reinstall_core::instance::InstanceState;
use reinstall_core::notice::{News, Notice, Tally};
use reinstall_core::observation::{CallKnowledge, Observation, Reply};
use reinstall_core::record::Opening;
use reinstall_core::recorded::Recorded;
use reinstall_core::rollout::Rollout;
use reinstall_core::sighting::Sighting;
use reinstall_core::time::Timestamp;
use reinstall_mock_server::cloud::Cloud;

use crate::client::{Client, Gateway};
use crate::clock::Clock;
use crate::dice::Row;
use crate::disk::Disk;
use crate::network::{Fate, fault, latency};
use crate::scene::{Scene, Step};
use crate::strangers::{Meddling, Strangers};

use reading::Read;
use turn::Wanted;

/// The moment every world begins.
pub const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// How long after the start strangers may come whom the rollout did not draw.
const STRANGERS_COME_WITHIN: Duration = Duration::from_secs(20 * 60);

/// Something that is going to happen.
#[derive(Debug, Clone)]
enum Happening {
    /// A submission reaches the cloud, sent in this life of the program.
    Arrives(u32, Ticket, Submission, Fate),
    /// A call that reads reaches the cloud.
    IsRead(u32, Ticket, Read),
    /// It is answered.
    Replies(u32, Ticket, Read, Result<Reply, Fault>),
    /// It is tried again.
    ReadsAgain(u32, Ticket, Read),
    /// A request that had to wait asks for its turn again.
    Asks(u32, Ticket, Wanted),
    /// An answer reaches the client that asked in this life of the program.
    Answers(u32, Ticket, Answer),
    /// The same answer reaches it once more.
    Repeats(u32, Ticket, Answer),
    /// A stranger does something to an instance, for so long.
    Meddles(InstanceId, Meddling, Duration),
    /// Somebody sets the wall clock.
    Steps(Step),
    /// A person orders a halt.
    Halts,
    /// The program, which ended, is started again.
    Resumes,
}

/// A submission that left. What is known of it is from when the rollout decided on it: it may have waited for its turn since.
#[derive(Debug, Clone)]
pub struct Sent {
    /// What it names.
    pub submission: Submission,
    /// When it was decided on.
    pub at: Timestamp,
    /// Whether the rollout had said before that it starts nothing new.
    pub after_halt: bool,
    /// Where all targets stood.
    pub tally: Tally,
    /// Whether the intent was on the disk for certain.
    pub is_on_record: bool,
    /// Where those of the first wave stood.
    pub canary: Tally,
    /// An instance of it that another request is still on the way to.
    pub overlaps: Option<InstanceId>,
    /// An instance of it that did not look fit the last time the rollout was shown it.
    pub unfit: Option<InstanceId>,
}

/// A world under way.
#[derive(Debug)]
pub struct World {
    /// The cloud, which knows the truth.
    pub cloud: Cloud,
    /// The machine under test.
    pub recorded: Recorded<Disk>,
    /// The moment it is.
    pub now: Timestamp,
    /// Every submission that left, in order.
    pub sent: Vec<Sent>,
    /// The submission that was decided on last, as things stood then.
    pub decided: Option<Sent>,
    /// Whom the plan names.
    pub planned: BTreeSet<InstanceId>,
    /// What happened, the latest last, if the world keeps a diary.
    pub diary: Option<Vec<String>>,
    /// How often the program ended.
    pub crashes: u32,
    /// Whether the rollout that came back after a crash, with nothing of its journal lost, was another one than before.
    pub came_back_different: Option<String>,
    /// What strangers did.
    pub strangers: Strangers,
    /// Whom the last submission that took hold wiped.
    pub seized: Vec<InstanceId>,
    /// When each target ended, in true time.
    pub ended: BTreeMap<InstanceId, Timestamp>,
    /// Whom an accepting answer named.
    pub named: BTreeSet<InstanceId>,
    /// How many targets waited when the rollout was last seen to have halted.
    pub waiting_after_halt: Option<usize>,
    /// What the seed set up.
    pub scene: Scene,
    /// What lets requests leave. Its pace outlives the program.
    pub client: Client,
    gateway: Gateway,
    /// The observations that the client is at.
    observing: BTreeMap<Ticket, Observation>,
    /// What the client knows of the calls that read.
    knowledge: CallKnowledge,
    opening: Opening,
    /// The true time, as the disk sees it.
    true_time: Rc<Cell<Option<Timestamp>>>,
    clock: Clock,
    is_down: bool,
    /// When the program ended last, in true time.
    ended_at: Timestamp,
    /// How often the program was started, less one: answers to an earlier life reach nobody.
    life: u32,
    row: Row,
    queue: BTreeMap<(Timestamp, u64), Happening>,
    queued: u64,
    outage_until: Timestamp,
    /// Whom the last look that showed them showed as before the request.
    shown_old: BTreeSet<InstanceId>,
    halted: bool,
    seen: BTreeMap<InstanceId, Sighting>,
    /// How many requests are on the way to an instance, in one life or another.
    in_the_air: BTreeMap<InstanceId, u32>,
}

impl World {
    /// The world of a seed, with nothing happened yet.
    #[must_use]
    pub fn new(seed: u64, keeps_diary: bool) -> Self {
        Self::of(Scene::of(seed), seed, Row::new(seed ^ 0x5ca1_ab1e), keeps_diary)
    }

    /// The world of a scene, in which `row` decides what happens.
    #[must_use]
    pub fn of(scene: Scene, seed: u64, row: Row, keeps_diary: bool) -> Self {
        let plan = scene.plan.clone();
        let true_time = Rc::new(Cell::new(Some(START)));
        let mut world = Self {
            cloud: scene.cloud.clone(),
            planned: plan.targets().collect(),
            recorded: Recorded::new(
                Rollout::new(plan.clone(), seed, START),
                Disk::new(scene.room, Rc::clone(&true_time)),
            ),
            opening: Opening::new(&plan, seed, START),
            client: Client::new(scene.limits, seed, START),
            gateway: Gateway::new(scene.limits, seed),
            observing: BTreeMap::new(),
            knowledge: CallKnowledge::default(),
            true_time,
            clock: Clock::right(START),
            is_down: false,
            ended_at: START,
            life: 0,
            crashes: 0,
            came_back_different: None,
            strangers: Strangers::default(),
            seized: vec![],
            ended: BTreeMap::new(),
            named: BTreeSet::new(),
            waiting_after_halt: None,
            now: START,
            sent: vec![],
            decided: None,
            diary: keeps_diary.then(Vec::new),
            row,
            queue: BTreeMap::new(),
            queued: 0,
            outage_until: START,
            shown_old: BTreeSet::new(),
            halted: false,
            seen: BTreeMap::new(),
            in_the_air: BTreeMap::new(),
            scene,
        };
        if let Some(after) = world.scene.halt_after {
            world.enqueue(after, Happening::Halts);
        }
        for (after, step) in world.scene.steps.clone() {
            world.enqueue(after, Happening::Steps(step));
        }
        world.expect_strangers(STRANGERS_COME_WITHIN);
        world.drain();
        world
    }

    /// Lets the next thing happen. `false` if nothing is going to happen any more.
    pub fn step(&mut self) -> bool {
        let queued = self.queue.keys().next().copied();
        let is_up = !self.is_down && !self.rollout().is_finished();
        let deadline = self.rollout().next_deadline().filter(|_| is_up).map(|(at, _)| self.clock.when(self.now, at));
        match (queued, deadline) {
            (None, None) => return false,
            (Some(key), deadline) if deadline.is_none_or(|at| key.0 <= at) => {
                self.now = self.now.max(key.0);
                if let Some(happening) = self.queue.remove(&key) {
                    self.note(|| format!("{happening:?}"));
                    self.happen(happening);
                }
            }
            (_, Some(at)) => {
                self.now = self.now.max(at);
                self.tell(Event::Tick);
            }
            (Some(_), None) => return false,
        }
        self.may_crash();
        let waits = self.rollout().tally().waiting;
        self.waiting_after_halt =
            self.halted.then(|| self.waiting_after_halt.map_or(waits, |before| before.min(waits)));
        true
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            // Nobody is there to take an order, or to hear an answer; what is on its way to the cloud arrives all the same.
            Happening::Halts if self.is_down => {}
            Happening::Answers(life, ..)
            | Happening::Repeats(life, ..)
            | Happening::IsRead(life, ..)
            | Happening::Replies(life, ..)
            | Happening::ReadsAgain(life, ..)
            | Happening::Asks(life, ..)
                if self.is_down || life != self.life => {}
            Happening::Resumes => self.resume(),
            Happening::Halts => self.tell(Event::Ordered(Order::Halt)),
            Happening::Asks(_, ticket, wanted) => self.want(ticket, wanted),
            Happening::Answers(_, ticket, answer) => {
                let answer = self.client_hears(answer);
                self.remember(&answer);
                self.tell(Event::Answered(ticket, answer));
            }
            Happening::Repeats(_, ticket, answer) => self.tell(Event::Answered(ticket, answer)),
            Happening::Arrives(life, ticket, submission, fate) => self.arrive(life, ticket, &submission, fate),
            Happening::IsRead(_, ticket, read) => self.is_read(ticket, read),
            Happening::Replies(_, ticket, read, reply) => self.read_answered(ticket, read, reply),
            Happening::ReadsAgain(_, ticket, read) => self.want_read(ticket, read),
            Happening::Meddles(id, what, lasts) => {
                self.strangers.meddle(&mut self.cloud, self.now, id, (what, lasts), request::PASSWORD);
            }
            Happening::Steps(step) => {
                match step {
                    Step::Forward(by) => self.clock.set_forward(by),
                    Step::Back(by) => self.clock.set_back(by),
                }
                self.client.clock_was_set(self.now);
            }
        }
    }

    /// What the rollout is about to be shown, so that the properties can hold it against what it does.
    fn remember(&mut self, answer: &Answer) {
        match answer {
            Answer::Looked(looks) => {
                for (id, look) in looks {
                    match look {
                        Look::Seen(seen) => self.seen.insert(*id, seen.clone()),
                        Look::Gone(_) | Look::Unread(_) => self.seen.remove(id),
                    };
                }
            }
            Answer::Accepted { ids, .. } => self.named.extend(ids),
            Answer::Failed(_) => {}
        }
    }

    /// A submission is answered: what the client makes of it.
    fn client_hears(&mut self, answer: Answer) -> Answer {
        match answer {
            Answer::Failed(fault) => {
                if fault.sent() == Sending::Answered && fault.kind != FaultKind::Throttled {
                    self.client.answered(self.clock.wall(self.now));
                }
                Answer::Failed(self.cooled_down(fault))
            }
            Answer::Accepted { .. } => {
                self.client.answered(self.clock.wall(self.now));
                answer
            }
            // Its calls were heard one by one.
            Answer::Looked(_) => answer,
        }
    }

    fn tell(&mut self, event: Event) {
        let at = self.clock.read(self.now);
        self.true_time.set(Some(self.now));
        self.recorded.handle(at, event);
        // It may end between what it was told and what it does about it.
        self.may_crash();
        self.drain();
    }

    /// The rollout as it stands.
    #[must_use]
    pub fn rollout(&self) -> &Rollout {
        self.recorded.rollout()
    }

    fn drain(&mut self) {
        while let Some(Notice { news, .. }) = self.recorded.poll_notice() {
            self.halted |= matches!(news, News::Halted(_));
            if let News::Ended { id, .. } = news {
                self.ended.insert(id, self.now);
            }
            self.note(|| format!("told: {news:?}"));
        }
        while !self.is_down
            && let Some(action) = self.recorded.poll_action()
        {
            self.note(|| format!("does: {action:?}"));
            if matches!(action, Action::Submit(..)) {
                // It may end between the intent and the request.
                self.may_crash();
            }
            match action {
                _ if self.is_down => {}
                Action::Look(ticket, ids) => self.want_look(ticket, &ids),
                Action::Submit(ticket, submission) => self.want_submission(ticket, submission),
            }
        }
    }

    fn answer_later(&mut self, ticket: Ticket, answer: Answer) {
        let way = latency(&mut self.row);
        self.answer_after(way, ticket, answer);
    }

    fn fail(&mut self, ticket: Ticket, after: Duration, kind: FaultKind) {
        self.answer_after(after, ticket, Answer::Failed(fault(kind)));
    }

    /// The answer comes, and in some worlds comes again, by then behind others.
    fn answer_after(&mut self, after: Duration, ticket: Ticket, answer: Answer) {
        self.enqueue(after, Happening::Answers(self.life, ticket, answer.clone()));
        if self.row.chance(self.scene.repeats) {
            let again = after + self.row.between(Duration::ZERO, Scene::OUTAGE_MAX / 10);
            self.enqueue(again, Happening::Repeats(self.life, ticket, answer));
        }
    }

    fn enqueue(&mut self, after: Duration, happening: Happening) {
        self.queued += 1;
        self.queue.insert((self.now + after, self.queued), happening);
    }

    fn note(&mut self, text: impl FnOnce() -> String) {
        if let Some(diary) = &mut self.diary {
            diary.push(format!("{} {}", self.now, text()));
        }
    }
}

/// Whether an instance that looks like this may be wiped: it runs, and nobody is at work on it.
fn is_fit(seen: &Sighting) -> bool {
    seen.state == Some(InstanceState::Running) && !is_busy(seen)
}
