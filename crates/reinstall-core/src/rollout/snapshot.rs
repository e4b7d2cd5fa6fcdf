//! How a rollout stands. Text and JSON are made of this one value, so that they cannot tell different things.
//!
//! A [`Summary`] says how a rollout would end if it were left now. Here an instance that is still in progress has a phase and
//! no outcome.

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::summary::{Conclusion, HaltCause, Outcome, Reason, Report, Summary};
use crate::time::Timestamp;

use super::Rollout;
use super::moves::Place;

/// Where a target stands that has no outcome yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LivePhase {
    /// No request names it yet.
    Waiting,
    /// It is being read right before its request.
    Observing,
    /// A request that names it is under way.
    Submitting,
    /// A request that names it may or may not have been carried out.
    InDoubt,
    /// The cloud accepted a request that names it.
    Accepted,
    /// It was seen to be reinstalled.
    Installing,
}

impl LivePhase {
    /// All of them, in the order of a target's life.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Observing, Self::Submitting, Self::InDoubt, Self::Accepted, Self::Installing];

    /// The word that JSON uses.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Observing => "observing",
            Self::Submitting => "submitting",
            Self::InDoubt => "in_doubt",
            Self::Accepted => "accepted",
            Self::Installing => "installing",
        }
    }

    /// Whether a request that names a target in this phase may have reached the cloud.
    #[must_use]
    pub const fn is_in_progress(self) -> bool {
        match self {
            Self::Waiting | Self::Observing => false,
            Self::Submitting | Self::InDoubt | Self::Accepted | Self::Installing => true,
        }
    }

    const fn of(place: Place) -> Option<Self> {
        Some(match place {
            Place::Waiting => Self::Waiting,
            Place::Looking => Self::Observing,
            Place::Submitting => Self::Submitting,
            Place::Doubtful => Self::InDoubt,
            Place::Accepted => Self::Accepted,
            Place::Installing => Self::Installing,
            Place::Done(_) => return None,
        })
    }
}

impl fmt::Display for LivePhase {
    /// As people read it: `in doubt`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::InDoubt => "in doubt",
            Self::Waiting | Self::Observing | Self::Submitting | Self::Accepted | Self::Installing => self.word(),
        })
    }
}

/// A rollout as it stands, with every target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// What a report would say if the rollout were left now.
    summary: Summary,
    /// The phase of each target that has no outcome, in the order of the plan.
    phases: Vec<Option<LivePhase>>,
    end: End,
}

/// Whether a rollout stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It has not ended.
    Open,
    /// Every target has its outcome.
    Finished,
    /// It was given up.
    GivenUp,
}

impl Snapshot {
    /// How a rollout stands whose every target has the outcome of this summary.
    #[must_use]
    pub fn finished(summary: Summary) -> Self {
        Self { phases: vec![None; summary.reports.len()], end: End::Finished, summary }
    }

    /// The same rollout, given up at `at`: what was in progress then is unresolved for good. One that is finished is kept as it
    /// is.
    #[must_use]
    pub fn given_up(mut self, at: Timestamp) -> Self {
        if !self.is_over() {
            self.summary.finished_at = at;
            self.phases.fill(None);
            self.end = End::GivenUp;
        }
        self
    }

    /// Whether it stays as it is: every target has its outcome, or it was given up.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        !matches!(self.end, End::Open)
    }

    /// Whether it was given up before every target had its outcome.
    #[must_use]
    pub const fn is_given_up(&self) -> bool {
        matches!(self.end, End::GivenUp)
    }

    /// When the rollout began.
    #[must_use]
    pub const fn started_at(&self) -> Timestamp {
        self.summary.started_at
    }

    /// When it ended; `None` if it has not.
    #[must_use]
    pub fn finished_at(&self) -> Option<Timestamp> {
        self.is_over().then_some(self.summary.finished_at)
    }

    /// The latest moment that is on record.
    #[must_use]
    pub const fn last_event_at(&self) -> Timestamp {
        self.summary.finished_at
    }

    /// Why it starts nothing new, if so.
    #[must_use]
    pub const fn halted(&self) -> Option<&HaltCause> {
        self.summary.halted.as_ref()
    }

    /// What it came to; `None` if it has not ended.
    #[must_use]
    pub fn conclusion(&self) -> Option<Conclusion> {
        self.is_over().then(|| self.summary.conclusion())
    }

    /// What a report says if the rollout is left as it stands.
    #[must_use]
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Every target, in the order of the plan.
    pub fn instances(&self) -> impl Iterator<Item = InstanceSnapshot<'_>> {
        self.summary.reports.iter().zip(&self.phases).map(|(report, phase)| InstanceSnapshot { report, phase: *phase })
    }

    /// How many targets have each outcome; each is listed, also with 0.
    #[must_use]
    pub fn outcomes(&self) -> BTreeMap<Outcome, usize> {
        let mut counts = BTreeMap::from(Outcome::ALL.map(|outcome| (outcome, 0)));
        for outcome in self.instances().filter_map(|instance| instance.outcome()) {
            *counts.entry(outcome).or_default() += 1;
        }
        counts
    }

    /// How many targets without an outcome are in each phase; each is listed, also with 0.
    #[must_use]
    pub fn phases(&self) -> BTreeMap<LivePhase, usize> {
        let mut counts = BTreeMap::from(LivePhase::ALL.map(|phase| (phase, 0)));
        for phase in self.phases.iter().flatten() {
            *counts.entry(*phase).or_default() += 1;
        }
        counts
    }
}

/// One target of a snapshot: in a phase, or with an outcome, never both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstanceSnapshot<'a> {
    /// What is known of it. Its outcome and reason count only if it is in no phase: ask [`Self::outcome`] and
    /// [`Self::reason`].
    report: &'a Report,
    phase: Option<LivePhase>,
}

impl<'a> InstanceSnapshot<'a> {
    /// Where it stands; `None` if it has its outcome.
    #[must_use]
    pub const fn phase(&self) -> Option<LivePhase> {
        self.phase
    }

    /// How it ended; `None` if it has not.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        match self.phase {
            Some(_) => None,
            None => Some(self.report.outcome),
        }
    }

    /// Why it ended so; `None` if it succeeded or has not ended.
    #[must_use]
    pub const fn reason(&self) -> Option<&'a Reason> {
        match self.phase {
            Some(_) => None,
            None => self.report.reason.as_ref(),
        }
    }

    /// What is known of it besides: id, name, times, request and evidence.
    #[must_use]
    pub const fn report(&self) -> &'a Report {
        self.report
    }
}

impl Serialize for InstanceSnapshot<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Report { id, name, outcome: _, reason: _, attempts, submitted_at, finished_at, request_id, evidence } =
            self.report;
        let mut shape = serializer.serialize_struct("InstanceSnapshot", 10)?;
        shape.serialize_field("id", id)?;
        shape.serialize_field("name", name)?;
        shape.serialize_field("outcome", &self.outcome())?;
        shape.serialize_field("phase", &self.phase)?;
        shape.serialize_field("reason", &self.reason())?;
        shape.serialize_field("attempts", attempts)?;
        shape.serialize_field("submitted_at", submitted_at)?;
        shape.serialize_field("finished_at", finished_at)?;
        shape.serialize_field("request_id", request_id)?;
        shape.serialize_field("evidence", evidence)?;
        shape.end()
    }
}

/// What is left to do of a rollout, in targets. What a person confirms who resumes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Remaining {
    /// They have their outcome.
    pub ended: usize,
    /// A request that names them may have reached the cloud, and they have no outcome yet: watched to their end.
    pub watched: usize,
    /// No request names them yet, and one will.
    pub to_submit: usize,
    /// Those of `watched` that are submitted again if they are shown not to have started.
    pub may_be_submitted_again: usize,
    /// A request that names them may have reached the cloud at some time, ended or not.
    pub requested: usize,
}

impl Remaining {
    /// Whether any request for a reinstall may still leave, so that a password is needed.
    #[must_use]
    pub const fn may_submit(&self) -> bool {
        self.to_submit + self.may_be_submitted_again > 0
    }
}

impl Rollout {
    /// How it stands.
    #[must_use]
    pub fn into_snapshot(self) -> Snapshot {
        let phases = self.targets.iter().map(|target| LivePhase::of(target.phase.place())).collect();
        let end = if self.is_finished() { End::Finished } else { End::Open };
        Snapshot { phases, end, summary: self.into_summary() }
    }

    /// What is left to do. `starts_nothing` says that it is halted before anything else happens, as by an order that waits for
    /// it; one that is halted already starts nothing anyway.
    #[must_use]
    pub fn remaining(&self, now: Timestamp, starts_nothing: bool) -> Remaining {
        let starts = !starts_nothing && self.may_leave_until().is_some_and(|until| now < until);
        let attempts_max = self.plan.policy().attempts_max;
        let mut remaining = Remaining::default();
        for target in &self.targets {
            let phase = LivePhase::of(target.phase.place());
            // An attempt counts once its answer, or that there is none, is known.
            let attempts = target.attempts + u32::from(phase == Some(LivePhase::Submitting));
            remaining.requested += usize::from(attempts > 0 || phase.is_some_and(LivePhase::is_in_progress));
            match phase {
                None => remaining.ended += 1,
                Some(LivePhase::Waiting | LivePhase::Observing) => remaining.to_submit += usize::from(starts),
                Some(LivePhase::Submitting | LivePhase::InDoubt) => {
                    remaining.watched += 1;
                    remaining.may_be_submitted_again += usize::from(starts && attempts < attempts_max);
                }
                Some(LivePhase::Accepted | LivePhase::Installing) => remaining.watched += 1,
            }
        }
        remaining
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::rollout::tests::play::Play;

    /// A rollout of four in one wave, a request each: two were sent, one of them was accepted and then seen to move.
    fn under_way() -> Play {
        let policy = Policy { batch_max: 1, in_flight_max: 2, waves: "100%".parse().unwrap(), ..Policy::default() };
        let mut play = Play::new(4, policy);
        for _ in 0..2 {
            let (ticket, ids) = play.next_look();
            play.show(ticket, &ids, "running/install-succeed");
        }
        let (ticket, submission) = play.next_submit();
        play.accept(ticket, submission.ids.as_slice());
        play.next_submit();
        let (ticket, ids) = play.next_look();
        play.show(ticket, &ids, "running/reinstall-processing");
        play
    }

    fn json(snapshot: &Snapshot) -> Vec<serde_json::Value> {
        snapshot.instances().map(|instance| serde_json::to_value(instance).unwrap()).collect()
    }

    #[test]
    fn what_is_in_progress_has_a_phase_and_no_outcome() {
        let snapshot = under_way().rollout.into_snapshot();
        assert_eq!((snapshot.is_over(), snapshot.finished_at(), snapshot.conclusion()), (false, None, None));
        let shown = json(&snapshot);
        for (index, phase) in ["installing", "submitting", "waiting", "waiting"].into_iter().enumerate() {
            assert_eq!(shown[index]["phase"], phase, "{shown:#?}");
            for absent in ["outcome", "reason", "finished_at"] {
                assert!(shown[index][absent].is_null(), "{absent}: {shown:#?}");
            }
        }
        assert_eq!(snapshot.outcomes().values().sum::<usize>(), 0);
        assert_eq!(snapshot.phases()[&LivePhase::Waiting], 2);
    }

    #[test]
    fn what_was_given_up_is_unresolved_for_good() {
        let at = Timestamp::from_millis(5);
        let snapshot = under_way().rollout.into_snapshot().given_up(at);
        assert_eq!((snapshot.finished_at(), snapshot.conclusion()), (Some(at), Some(Conclusion::Halted)));
        let outcomes: Vec<_> = snapshot.instances().map(|instance| instance.outcome().unwrap().word()).collect();
        assert_eq!(outcomes, ["unresolved", "unresolved", "not_started", "not_started"]);
    }

    #[test]
    fn what_is_left_to_do_is_counted() {
        let play = under_way();
        let after = |starts_nothing| play.rollout.remaining(play.now, starts_nothing);
        let going_on = Remaining { ended: 0, watched: 2, to_submit: 2, may_be_submitted_again: 1, requested: 2 };
        assert_eq!(after(false), going_on);
        assert_eq!(after(true), Remaining { to_submit: 0, may_be_submitted_again: 0, ..going_on });
        let mut halted = under_way();
        halted.halt();
        let left = halted.rollout.remaining(halted.now, false);
        assert_eq!(left, Remaining { ended: 2, watched: 2, to_submit: 0, may_be_submitted_again: 0, requested: 2 });
        assert!(!left.may_submit(), "no password is needed");
    }

    /// After its last attempt an instance in doubt is not submitted again, and past closing time none is.
    #[test]
    fn nothing_is_left_to_submit_after_the_last_attempt_or_closing_time() {
        let close = |closes_at, attempts_max| {
            let policy = Policy { attempts_max, closes_at, ..Policy::default() };
            let mut play = Play::new(1, policy);
            let (ticket, ids) = play.next_look();
            play.show(ticket, &ids, "running/install-succeed");
            play.next_submit();
            play.rollout.remaining(Timestamp::from_millis(2_000_000_000), false).may_submit()
        };
        assert!(close(None, 2));
        assert!(!close(None, 1));
        assert!(!close(Some(Timestamp::from_millis(2_000_000_000)), 2));
    }
}
