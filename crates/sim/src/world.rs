//! The world of one seed: cloud, network, rollout, and the queue of what is going to happen.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reinstall_core::action::{Action, Answer, Event, Look, Order, Submission};
use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::id::{InstanceId, Ticket};
use reinstall_core::notice::{News, Notice};
use reinstall_core::rollout::Rollout;
use reinstall_core::sighting::{Sighting, Via};
use reinstall_core::time::Timestamp;
use reinstall_mock_server::cloud::Cloud;
use reinstall_mock_server::cloud::list::ListQuery;
use reinstall_mock_server::cloud::refusal::Refusal;
use reinstall_mock_server::cloud::request::ReinstallRequest;

use crate::dice::Row;
use crate::journal::Journal;
use crate::network::{CALL_MAX, Fate, fault, latency, look_fault};
use crate::scene::{Scene, Weather};

/// The moment every world begins.
pub const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// Any allowed password does: the cloud only checks it.
const PASSWORD: &str = "Simulated+Login-77";

/// Something that is going to happen.
#[derive(Debug, Clone)]
enum Happening {
    /// A submission reaches the cloud.
    Arrives(Ticket, Submission, Fate),
    /// A look reaches the cloud.
    IsRead(Ticket, Vec<InstanceId>),
    /// An answer reaches the client.
    Answers(Ticket, Answer),
    /// A person orders a halt.
    Halts,
    /// The program, which ended, is started again.
    Resumes,
}

/// A submission that left.
#[derive(Debug, Clone)]
pub struct Sent {
    /// What it names.
    pub submission: Submission,
    /// When it left.
    pub at: Timestamp,
    /// Whether the rollout had said before that it starts nothing new.
    pub after_halt: bool,
}

/// A world under way.
#[derive(Debug)]
pub struct World {
    /// The cloud, which knows the truth.
    pub cloud: Cloud,
    /// The machine under test.
    pub rollout: Rollout,
    /// The moment it is.
    pub now: Timestamp,
    /// Every submission that left, in order.
    pub sent: Vec<Sent>,
    /// Whom the plan names.
    pub planned: BTreeSet<InstanceId>,
    /// What happened, the latest last, if the world keeps a diary.
    pub diary: Option<Vec<String>>,
    /// How often the program ended.
    pub crashes: u32,
    /// Whether the rollout that came back after a crash, with nothing of its journal lost, was another one than before.
    pub came_back_different: Option<String>,
    journal: Journal,
    is_down: bool,
    crash_chance: u32,
    weather: Weather,
    poisoned: BTreeSet<InstanceId>,
    names_poisoned: bool,
    row: Row,
    queue: BTreeMap<(Timestamp, u64), Happening>,
    queued: u64,
    outage_until: Timestamp,
    halted: bool,
}

impl World {
    /// The world of a seed, with nothing happened yet.
    #[must_use]
    pub fn new(seed: u64, keeps_diary: bool) -> Self {
        let Scene { cloud, plan, weather, poisoned, names_poisoned, crashes, halt_after } = Scene::of(seed);
        let planned = plan.targets().collect();
        let mut world = Self {
            cloud,
            planned,
            rollout: Rollout::new(plan.clone(), seed, START),
            journal: Journal::new(plan, seed),
            is_down: false,
            crash_chance: crashes,
            crashes: 0,
            came_back_different: None,
            now: START,
            sent: vec![],
            diary: keeps_diary.then(Vec::new),
            weather,
            poisoned,
            names_poisoned,
            row: Row::new(seed ^ 0x5ca1_ab1e),
            queue: BTreeMap::new(),
            queued: 0,
            outage_until: START,
            halted: false,
        };
        if let Some(after) = halt_after {
            world.enqueue(after, Happening::Halts);
        }
        world.drain();
        world
    }

    /// Lets the next thing happen. `false` if nothing is going to happen any more.
    pub fn step(&mut self) -> bool {
        let queued = self.queue.keys().next().copied();
        let is_up = !self.is_down && !self.rollout.is_finished();
        let deadline = self.rollout.next_deadline().map(|(at, _)| at).filter(|_| is_up);
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
        let is_up = !self.is_down && !self.rollout.is_finished();
        if is_up && self.crashes < Scene::CRASHES_MAX && self.row.chance(self.crash_chance) {
            self.crash();
        }
        true
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            // Nobody is there to take an order, or to hear an answer; what is on its way to the cloud arrives all the same.
            Happening::Halts | Happening::Answers(..) | Happening::IsRead(..) if self.is_down => {}
            Happening::Resumes => self.resume(),
            Happening::Halts => self.tell(Event::Ordered(Order::Halt)),
            Happening::Answers(ticket, answer) => self.tell(Event::Answered(ticket, answer)),
            Happening::Arrives(ticket, submission, fate) => self.arrive(ticket, &submission, fate),
            Happening::IsRead(ticket, ids) => {
                let answer = self.look(&ids);
                self.answer_later(ticket, answer);
            }
        }
    }

    fn tell(&mut self, event: Event) {
        self.journal.write(self.now, event.clone());
        self.rollout.handle(self.now, event);
        self.drain();
    }

    /// The program ends, for a while.
    fn crash(&mut self) {
        self.note(|| "the program ends".into());
        self.crashes += 1;
        self.is_down = true;
        let is_short = self.row.chance(50);
        let away_max = if is_short { Duration::from_secs(30) } else { Scene::AWAY_MAX };
        let away = self.row.between(Duration::ZERO, away_max);
        self.enqueue(away, Happening::Resumes);
    }

    /// The program is started again, with what its journal kept.
    fn resume(&mut self) {
        let loses_tail = self.row.chance(50);
        let back = self.journal.read(loses_tail.then(|| self.row.throw()));
        if !loses_tail && (back.tallies() != self.rollout.tallies() || back.now() != self.rollout.now()) {
            self.came_back_different = Some(format!("{:?} instead of {:?}", back.tally(), self.rollout.tally()));
        }
        self.rollout = back;
        self.halted = self.rollout.halted().is_some();
        self.is_down = false;
        self.tell(Event::Resumed);
    }

    fn drain(&mut self) {
        while let Some(Notice { news, .. }) = self.rollout.poll_notice() {
            self.halted |= matches!(news, News::Halted(_));
            self.note(|| format!("told: {news:?}"));
        }
        while let Some(action) = self.rollout.poll_action() {
            self.note(|| format!("does: {action:?}"));
            if matches!(action, Action::Submit(..)) {
                self.journal.sync();
                // It may end between the intent and the request.
                let ends_here = self.crashes < Scene::CRASHES_MAX && self.row.chance(self.crash_chance);
                if ends_here && !self.is_down {
                    self.crash();
                }
            }
            if self.is_down {
                continue;
            }
            match action {
                Action::Look(ticket, ids) => {
                    let way = latency(&mut self.row);
                    self.enqueue(way, Happening::IsRead(ticket, ids));
                }
                Action::Submit(ticket, submission) => self.send(ticket, submission),
            }
        }
    }

    fn send(&mut self, ticket: Ticket, submission: Submission) {
        self.sent.push(Sent { submission: submission.clone(), at: self.now, after_halt: self.halted });
        let fate = Fate::draw(&mut self.row, self.weather);
        let way = latency(&mut self.row);
        match fate {
            Fate::NotSent => self.fail(ticket, way, FaultKind::Unreachable),
            Fate::LostBefore(kind) => self.fail(ticket, give_up(kind, way), kind),
            Fate::Throttled(retry_after) => {
                let throttled = Fault { retry_after, ..fault(FaultKind::Throttled) };
                self.enqueue(way, Happening::Answers(ticket, Answer::Failed(throttled)));
            }
            Fate::Late(way) => {
                self.fail(ticket, CALL_MAX, FaultKind::TimedOut);
                self.enqueue(way, Happening::Arrives(ticket, submission, fate));
            }
            Fate::Fine | Fate::LostAfter(_) | Fate::Partial { .. } | Fate::Strange => {
                self.enqueue(way, Happening::Arrives(ticket, submission, fate));
            }
        }
    }

    /// A submission reaches the cloud: this is the moment that wipes.
    fn arrive(&mut self, ticket: Ticket, submission: &Submission, fate: Fate) {
        let all = submission.ids.as_slice();
        let named = match fate {
            Fate::Partial { .. } => &all[..all.len() / 2],
            Fate::Fine
            | Fate::NotSent
            | Fate::LostBefore(_)
            | Fate::LostAfter(_)
            | Fate::Late(_)
            | Fate::Throttled(_)
            | Fate::Strange => all,
        };
        let seized = if matches!(fate, Fate::Partial { all_took_hold: false }) { named } else { all };
        let answer = match self.seize(submission, seized) {
            Err(fault) => Answer::Failed(fault),
            Ok(()) => {
                let stranger = matches!(fate, Fate::Strange).then(|| InstanceId::from_bits(u128::MAX));
                Answer::Accepted { ids: named.iter().copied().chain(stranger).collect(), request_id: None }
            }
        };
        match fate {
            Fate::Late(_) => {}
            Fate::LostAfter(kind) => {
                let way = latency(&mut self.row);
                self.fail(ticket, give_up(kind, way), kind);
            }
            Fate::Fine
            | Fate::NotSent
            | Fate::LostBefore(_)
            | Fate::Throttled(_)
            | Fate::Partial { .. }
            | Fate::Strange => self.answer_later(ticket, answer),
        }
    }

    /// The cloud takes hold of some of those whom a submission names, or refuses.
    fn seize(&mut self, submission: &Submission, seized: &[InstanceId]) -> Result<(), Fault> {
        let poisoned: Vec<InstanceId> =
            submission.ids.as_slice().iter().copied().filter(|id| self.poisoned.contains(id)).collect();
        if !poisoned.is_empty() {
            let named = if self.names_poisoned { poisoned } else { vec![] };
            return Err(Fault { named, ..fault(FaultKind::NotFound) });
        }
        // An empty list cannot take hold of anybody, and the mock would refuse it.
        if seized.is_empty() {
            return Ok(());
        }
        let request = ReinstallRequest::of(seized, submission.image, PASSWORD);
        self.cloud.reinstall(self.now, &request).map(drop).map_err(|refusal| fault(kind_of(&refusal)))
    }

    /// What a look that reaches the cloud now finds.
    fn look(&mut self, ids: &[InstanceId]) -> Answer {
        if self.row.chance(self.weather.outages) {
            self.outage_until = self.now + self.row.between(CALL_MAX, Scene::OUTAGE_MAX);
        }
        if self.now < self.outage_until {
            return Answer::Failed(fault(FaultKind::TimedOut));
        }
        if let Some(fault) = look_fault(&mut self.row, self.weather) {
            return Answer::Failed(fault);
        }
        let is_stale = self.row.chance(self.weather.stale_looks);
        let behind = if is_stale { self.row.between(Duration::ZERO, Scene::STALE_MAX) } else { Duration::ZERO };
        let as_of = Timestamp::from_millis(self.now.as_millis() - behind.as_millis() as u64);
        let lists = self.cloud.list(self.now, &ListQuery::of(ids)).is_ok();
        let mut looks = vec![];
        for &id in ids {
            // A row now and then is missing or cannot be read.
            if self.row.chance(self.weather.look_faults / 5) {
                if self.row.chance(50) {
                    looks.push((id, Look::Unread(fault(FaultKind::ServerFailed))));
                }
                continue;
            }
            let glimpse = self.cloud.glimpse(as_of, id);
            let look = glimpse.map_or_else(
                || Look::Gone(fault(FaultKind::NotFound)),
                |glimpse| {
                    let via = if lists { Via::List } else { Via::Status };
                    Look::Seen(Sighting { via, ..Sighting::from(&glimpse) })
                },
            );
            looks.push((id, look));
        }
        Answer::Looked(looks)
    }

    fn answer_later(&mut self, ticket: Ticket, answer: Answer) {
        let way = latency(&mut self.row);
        self.enqueue(way, Happening::Answers(ticket, answer));
    }

    fn fail(&mut self, ticket: Ticket, after: Duration, kind: FaultKind) {
        self.enqueue(after, Happening::Answers(ticket, Answer::Failed(fault(kind))));
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

/// A client that got no answer finds out when its time is up; all else it hears of at once.
fn give_up(kind: FaultKind, way: Duration) -> Duration {
    if kind == FaultKind::TimedOut { CALL_MAX } else { way }
}

fn kind_of(refusal: &Refusal) -> FaultKind {
    match refusal.status() {
        404 => FaultKind::NotFound,
        403 => FaultKind::Forbidden,
        _ => FaultKind::Rejected,
    }
}
