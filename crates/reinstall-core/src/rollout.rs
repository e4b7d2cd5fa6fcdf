//! The machine that carries a plan through. Everything that can be wrong about a destructive batch is decided here.
//!
//! It is told what happened ([`Rollout::handle`]) and says what to do ([`Rollout::poll_action`]) and what to tell people
//! ([`Rollout::poll_notice`]). It never waits, never sends and never asks what time it is.
//!
//! The parts, in reading order:

mod phase;

mod wave;

mod guard;

mod submit;

mod look;

mod watch;

mod resume;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::action::{Action, Answer, Event, Order};
use crate::evidence::{Evidence, Fact};
use crate::id::{InstanceId, Ticket};
use crate::notice::{News, Notice, Tally};
use crate::plan::Plan;
use crate::retry::Dice;
use crate::summary::{HaltCause, Outcome, Reason, Report, Summary};
use crate::survey::Surveyed;
use crate::time::Timestamp;

use phase::{Batch, Ending, Errand, Phase, Target, WaveRun};

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
    /// Targets between their baseline look and their outcome.
    in_flight: usize,
    /// Targets that are not available, see [`guard`]. Those in flight are among them.
    unavailable: usize,
    failures: usize,
    /// Whether an instance without an `operation_state` was ever seen to be reinstalled here. See [`watch`].
    shows_movement: bool,
    /// The quickest success of this rollout, from its submission to the look that saw it.
    quickest: Option<Duration>,
    halted: Option<HaltCause>,
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
                let was_down = |id| plan.survey().get(id).is_some_and(Surveyed::is_down);
                targets.extend(ids.as_slice().iter().map(|id| Target::new(*id, batches.len(), was_down(id))));
                batches.push(Batch::new(start..targets.len(), wave, now));
            }
            let tally = Tally { waiting: planned.targets(), ..Tally::default() };
            waves.push(WaveRun { batches: first..batches.len(), tally });
        }
        let total = Tally { waiting: targets.len(), ..Tally::default() };
        let unavailable = targets.iter().filter(|target| target.was_down).count();
        let mut rollout = Self {
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
            in_flight: 0,
            unavailable,
            failures: 0,
            shows_movement: false,
            quickest: None,
            halted: None,
            actions: VecDeque::new(),
            notices: VecDeque::new(),
        };
        rollout.open_wave();
        rollout.go_on();
        rollout
    }

    /// Takes note of `event`, which happened at `now`. Time never goes back: an earlier `now` counts as the latest one.
    ///
    /// An answer under a ticket that is not open is ignored, so a repeated answer does no harm.
    pub fn handle(&mut self, now: Timestamp, event: Event) {
        self.now = self.now.max(now);
        self.heed_closing_time();
        match event {
            Event::Tick => {}
            Event::Ordered(Order::Halt) => self.halt(HaltCause::Ordered),
            Event::Answered(ticket, answer) => self.answered(ticket, answer),
            Event::Resumed => self.lose_errands(),
        }
        self.go_on();
    }

    fn answered(&mut self, ticket: Ticket, answer: Answer) {
        match self.errands.remove(&ticket) {
            Some(Errand::Baseline { batch, members }) => self.baseline_answered(batch, &members, answer),
            Some(Errand::Submit { batch, members, sent }) => self.submit_answered(batch, &members, sent, answer),
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
        look.into_iter().chain(submit).chain(close).min_by_key(|(at, _)| *at)
    }

    /// The latest moment it was told of.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
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

    /// Ends it, and says how. A rollout that is left before it is finished has untouched targets, which are told apart
    /// from those that were on their way; of the latter nobody can tell.
    #[must_use]
    pub fn into_summary(self) -> Summary {
        let abandoned = !self.is_finished();
        Summary {
            started_at: self.started_at,
            finished_at: self.finished_at.unwrap_or(self.now),
            halted: self.halted,
            abandoned,
            reports: self.targets.into_iter().map(Target::into_report).collect(),
        }
    }

    /// What happens from now on cannot be written down, for this reason: nothing new may start.
    pub(crate) fn unrecorded(&mut self, why: &str) {
        self.halt(HaltCause::Unrecorded { message: why.into() });
    }

    /// Starts nothing new from now on. The first cause stands.
    fn halt(&mut self, cause: HaltCause) {
        if self.halted.is_some() || self.is_finished() {
            return;
        }
        self.tell(News::Halted(cause.clone()));
        self.halted = Some(cause);
        self.open.clear();
        for target in 0..self.targets.len() {
            if matches!(self.targets[target].phase, Phase::Waiting) {
                self.release(target);
            }
        }
    }

    /// Gives a target back that was not touched: to be tried again, or, after a halt, as not started.
    fn release(&mut self, target: usize) {
        match &self.halted {
            None => self.enter(target, Phase::Waiting),
            Some(cause) => {
                let reason = cause.reason();
                self.end(target, Outcome::NotStarted, Some(reason));
            }
        }
    }

    /// Gives a target its outcome, and halts the rollout if that is one failure too many.
    fn end(&mut self, target: usize, outcome: Outcome, reason: Option<Reason>) {
        let Target { id, submitted_at, .. } = self.targets[target];
        self.tell(News::Ended { id, outcome, reason: reason.clone(), submitted_at });
        self.enter(target, Phase::Done(Box::new(Ending { outcome, reason, at: self.now })));
        if self.halted.is_some() || !matches!(outcome, Outcome::Failed | Outcome::Unresolved | Outcome::NotStarted) {
            return;
        }
        self.failures += 1;
        // Where nobody is left to be spared there is nothing to halt.
        if self.total.waiting == 0 {
            return;
        }
        if self.wave == 0 {
            self.halt(HaltCause::CanaryFailed { id });
        } else if self.failures > self.plan.failures_max() {
            self.halt(HaltCause::BudgetSpent { failures: self.failures, failures_max: self.plan.failures_max() });
        }
    }

    /// The only place where a target changes its phase; keeps every count right.
    fn enter(&mut self, target: usize, phase: Phase) {
        let wave = self.batches[self.targets[target].batch].wave;
        let before = &self.targets[target].phase;
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
        self.notices.push_back(Notice { at: self.now, news });
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

impl Target {
    fn into_report(self) -> Report {
        let unfinished = |outcome, message: &str| (outcome, Some(Reason::new("abandoned", message)), None);
        let (outcome, reason, finished_at) = match self.phase {
            Phase::Done(ending) => (ending.outcome, ending.reason, Some(ending.at)),
            Phase::Waiting | Phase::Looking => {
                unfinished(Outcome::NotStarted, "the rollout was left before this instance was touched")
            }
            Phase::Submitting(_) => {
                unfinished(Outcome::Unresolved, "the rollout was left while its request was under way")
            }
            Phase::Watched(_) => unfinished(Outcome::Unresolved, "the rollout was left before its end was seen"),
        };
        Report {
            id: self.id,
            outcome,
            reason,
            attempts: self.attempts,
            submitted_at: self.submitted_at,
            finished_at,
            request_id: self.request_id,
            evidence: self.evidence,
        }
    }
}
