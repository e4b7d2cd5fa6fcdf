//! The machine that carries a plan through. Everything that can be wrong about a destructive batch is decided here.
//!
//! It is told what happened ([`Rollout::handle`]) and says what to do ([`Rollout::poll_action`]) and what to tell people
//! ([`Rollout::poll_notice`]). It never waits, never sends and never asks what time it is.
//!
//! The parts, in reading order:

pub mod moves;

mod phase;

mod wave;

mod guard;

mod baseline;

mod submit;

mod refusal;

mod observe;

mod watch;

mod assess;

mod resume;

mod ending;

mod names;

pub mod snapshot;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::action::{Action, Answer, Event, Order};
use crate::evidence::{Evidence, Fact};
use crate::id::{InstanceId, Ticket};
use crate::mutant::{Mutant, planted};
use crate::notice::{News, Notice, Tally};
use crate::plan::Plan;
use crate::retry::Dice;
use crate::summary::{HaltCause, Summary};
use crate::survey::Surveyed;
use crate::time::Timestamp;

use moves::MOVES;
use names::Names;
use phase::{Batch, EachCall, Errand, Phase, Target, WaveRun};
use submit::Sending;

/// Who wants to be woken at a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// Instances are due to be looked at.
    Look,
    /// A batch may be tried, or tried again.
    Submit,
    /// From now on nothing new may be started.
    Close,
}

/// A plan being carried out.
///
/// After every [`handle`](Self::handle), drain [`poll_action`](Self::poll_action) and [`poll_notice`](Self::poll_notice),
/// then wait for an answer, an order or [`next_deadline`](Self::next_deadline), whichever comes first. Handling a
/// [`Event::Tick`] too early or too often is harmless.
#[derive(Debug)]
pub struct Rollout {
    plan: Plan,
    names: Names,
    now: Timestamp,
    started_at: Timestamp,
    finished_at: Option<Timestamp>,
    dice: Dice,
    targets: Vec<Target>,
    batches: Vec<Batch>,
    waves: Vec<WaveRun>,
    /// Where all targets stand: the sum of the waves.
    total: Tally,
    /// The wave whose gate opened last.
    wave: usize,
    errands: BTreeMap<Ticket, Errand>,
    tickets: u64,
    looks_due: BTreeSet<(Timestamp, usize)>,
    looks_out: usize,
    /// Batches of the open wave with targets still to be submitted, by the earliest moment they may be tried.
    open: BTreeSet<(Timestamp, usize)>,
    /// Batches between their baseline look and the answer to their request.
    opening: usize,
    /// After the cloud throttled a request, no other leaves before this moment.
    submit_not_before: Timestamp,
    /// By how much whoever carries it out has a clock behind its own: that clock was set back while the program was away.
    set_back: Duration,
    /// How often each of [`MOVES`] was made.
    moves: [u64; MOVES.len()],
    /// Targets between their baseline look and their outcome.
    in_flight: usize,
    /// Targets that are not available, see [`guard`]. Those in flight are among them.
    unavailable: usize,
    failures: usize,
    /// Whether `state` was ever seen to show a reinstall here. See [`assess`].
    shows_by_state: bool,
    /// Whether any instance was ever seen with an `operation_state`.
    has_operation_words: bool,
    /// Which calls were seen to show one by an `operation_state` that they did not have before.
    shows_by_operation: EachCall,
    /// The quickest success of this rollout, from its submission to the look that saw it.
    quickest: Option<Duration>,
    halted: Option<HaltCause>,
    /// Why it would halt if anybody were left to be spared: nobody waits, but some on their way may yet come back.
    halts_if_any_waits: Option<HaltCause>,
    actions: VecDeque<Action>,
    notices: VecDeque<Notice>,
}

impl Rollout {
    /// Begins to carry `plan` out. `seed` feeds the dice that spread retries; the same seed and events give the same
    /// actions. The first actions are ready to be polled.
    #[must_use]
    pub fn new(plan: Plan, seed: u64, now: Timestamp) -> Self {
        let mut targets = Vec::with_capacity(plan.target_count());
        let mut batches = Vec::with_capacity(plan.request_count());
        let mut waves = Vec::with_capacity(plan.waves().len());
        for (wave, planned) in plan.waves().iter().enumerate() {
            let first = batches.len();
            for ids in planned.batches() {
                let start = targets.len();
                let counts = !planted(Mutant::DownBeforeDoesNotCount);
                let was_down = |id| counts && plan.survey().get(id).is_some_and(Surveyed::is_down);
                targets.extend(ids.as_slice().iter().map(|id| Target::new(*id, batches.len(), was_down(id))));
                batches.push(Batch::new(start..targets.len(), wave, now));
            }
            let tally = Tally { waiting: planned.targets(), ..Tally::default() };
            waves.push(WaveRun { batches: first..batches.len(), tally });
        }
        let total = Tally { waiting: targets.len(), ..Tally::default() };
        let unavailable = targets.iter().filter(|target| target.was_down).count();
        let mut rollout = Self {
            names: Names::of(&plan),
            plan,
            now,
            started_at: now,
            finished_at: None,
            dice: Dice::new(seed),
            targets,
            batches,
            waves,
            total,
            wave: 0,
            errands: BTreeMap::new(),
            tickets: 0,
            looks_due: BTreeSet::new(),
            looks_out: 0,
            open: BTreeSet::new(),
            opening: 0,
            submit_not_before: now,
            set_back: Duration::ZERO,
            moves: [0; MOVES.len()],
            in_flight: 0,
            unavailable,
            failures: 0,
            shows_by_state: false,
            has_operation_words: false,
            shows_by_operation: EachCall::default(),
            quickest: None,
            halted: None,
            halts_if_any_waits: None,
            actions: VecDeque::new(),
            notices: VecDeque::new(),
        };
        rollout.open_wave();
        rollout.go_on();
        rollout
    }

    /// Takes note of `event`, which happened at `now`. Time never goes back: an earlier `now` counts as the latest one.
    /// If [`Event::Resumed`] comes with an earlier one, the clock was set back while the program was away, and time goes on
    /// from the latest.
    ///
    /// An answer under a ticket that is not open is ignored, so a repeated answer does no harm.
    pub fn handle(&mut self, now: Timestamp, event: Event) {
        let now = now + self.set_back;
        let was_set_back =
            matches!(event, Event::Resumed) && now < self.now && !planted(Mutant::SetBackClockIsBelieved);
        if was_set_back {
            self.set_back += self.now.since(now);
        }
        self.now = self.now.max(now);
        self.heed_closing_time();
        match event {
            Event::Tick => {}
            Event::Ordered(Order::Halt) => self.halt(HaltCause::Ordered),
            Event::Answered(ticket, answer) => self.answered(ticket, answer),
            Event::Resumed => {
                self.lose_errands();
                if was_set_back {
                    self.lose_sight();
                }
            }
        }
        self.go_on();
    }

    fn answered(&mut self, ticket: Ticket, answer: Answer) {
        if let Answer::Looked(looks) = &answer {
            self.names.learn(looks);
        }
        match self.errands.remove(&ticket) {
            Some(Errand::Baseline { batch, members, sent }) => self.baseline_answered(batch, &members, sent, answer),
            Some(Errand::Submit { batch, members, sent }) => {
                self.submit_answered(Sending { batch, members: &members, sent }, answer);
            }
            Some(Errand::Look { members, sent }) => self.look_answered(&members, sent, answer),
            None => {}
        }
    }

    /// Does all that can be done now.
    fn go_on(&mut self) {
        // What has happened may have given back targets that are now too late.
        self.heed_closing_time();
        self.pass_gates();
        self.open_batches();
        self.heed_lack_of_room();
        self.send_looks();
    }

    /// The next thing to carry out, if any.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The next thing to tell people, if any.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// When to come back with a [`Event::Tick`] if nothing else happens, and what for.
    ///
    /// Call it again after each event. `None` means that only an answer can move things on.
    #[must_use]
    pub fn next_deadline(&self) -> Option<(Timestamp, Wake)> {
        let look = self.next_look().map(|at| (at, Wake::Look));
        let submit = self.next_batch().map(|(at, _)| (at, Wake::Submit));
        let close = self.next_closing().map(|at| (at, Wake::Close));
        let next = look.into_iter().chain(submit).chain(close).min_by_key(|(at, _)| *at);
        next.map(|(at, wake)| (at - self.set_back, wake))
    }

    /// The latest moment it was told of; later than that if the clock was set back while the program was away.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The same moment by the clock of whoever tells it of things.
    #[must_use]
    pub fn told_at(&self) -> Timestamp {
        self.now - self.set_back
    }

    /// The plan that is being carried out.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Where the targets of the whole plan stand.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.total
    }

    /// Where the targets of each wave stand, in the order of the plan.
    #[must_use]
    pub fn tallies(&self) -> Vec<Tally> {
        self.waves.iter().map(|wave| wave.tally).collect()
    }

    /// How often each of [`MOVES`] was made, row by row.
    #[must_use]
    pub fn moves(&self) -> &[u64; MOVES.len()] {
        &self.moves
    }

    /// Whether every target has its outcome.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finished_at.is_some()
    }

    /// Why nothing new is started, if so.
    #[must_use]
    pub fn halted(&self) -> Option<&HaltCause> {
        self.halted.as_ref()
    }

    /// Until when a submission that was handed out may leave; `None` if it must not leave any more. That may be so without a
    /// halt, where nobody waits who could be spared.
    #[must_use]
    pub fn may_leave_until(&self) -> Option<Timestamp> {
        let may_start = self.halted.is_none() && self.halts_if_any_waits.is_none();
        may_start.then(|| self.plan.policy().closes_at.unwrap_or(Timestamp::from_millis(u64::MAX)))
    }

    /// Ends it, and says how. A rollout that is left before it is finished has untouched targets, which are told apart
    /// from those that were on their way; of the latter nobody can tell.
    #[must_use]
    pub fn into_summary(self) -> Summary {
        let (abandoned, names) = (!self.is_finished(), self.names);
        Summary {
            started_at: self.started_at,
            finished_at: self.finished_at.unwrap_or(self.now),
            halted: self.halted,
            abandoned,
            reports: self.targets.into_iter().map(|target| target.into_report(&names)).collect(),
        }
    }

    /// What happens from now on cannot be written down, for this reason: nothing new may start.
    pub(crate) fn unrecorded(&mut self, why: &str) {
        self.halt(HaltCause::Unrecorded { message: why.into() });
    }

    /// The only place where a target changes its phase; keeps every count right.
    ///
    /// # Panics
    /// If the move is none of [`MOVES`]. To stop is better than to do to an instance what nobody has thought of.
    fn enter(&mut self, target: usize, phase: Phase) {
        let wave = self.batches[self.targets[target].batch].wave;
        let before = &self.targets[target].phase;
        let (from, to) = (before.place(), phase.place());
        let row = moves::find(from, to);
        assert!(row.is_some(), "no target may go from {} to {}", from.word(), to.word());
        self.moves[row.unwrap_or_default()] += 1;
        for tally in [&mut self.waves[wave].tally, &mut self.total] {
            *before.slot(tally) -= 1;
            *phase.slot(tally) += 1;
        }
        self.in_flight -= usize::from(before.is_in_flight());
        self.in_flight += usize::from(phase.is_in_flight());
        let was_down = self.targets[target].was_down;
        self.unavailable -= usize::from(before.is_unavailable(was_down));
        self.unavailable += usize::from(phase.is_unavailable(was_down));
        self.targets[target].phase = phase;
    }

    fn learn(&mut self, target: usize, at: Timestamp, fact: Fact) {
        self.targets[target].evidence.push(Evidence { at, fact });
    }

    fn tell(&mut self, news: News) {
        let name = news.instance().and_then(|id| self.names.get(id)).cloned();
        self.notices.push_back(Notice { at: self.now, name, news });
    }

    fn ticket(&mut self, errand: Errand) -> Ticket {
        let ticket = Ticket(self.tickets);
        self.tickets += 1;
        self.errands.insert(ticket, errand);
        ticket
    }

    fn ids(&self, members: &[usize]) -> Vec<InstanceId> {
        members.iter().map(|&member| self.targets[member].id).collect()
    }
}
