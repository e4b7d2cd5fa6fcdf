//! Where one target, one batch and one wave stand.

use std::ops::Range;
use std::time::Duration;

use crate::comparison::{Comparison, Shown};
use crate::evidence::Evidence;
use crate::fault::Fault;
use crate::id::{InstanceId, RequestId};
use crate::mutant::{Mutant, planted};
use crate::notice::Tally;
use crate::sighting::{Sighting, Via};
use crate::summary::{Outcome, Reason};
use crate::time::Timestamp;

use super::moves::Place;

/// One target of the plan.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) id: InstanceId,
    /// Which batch of the plan it belongs to, for good.
    pub(super) batch: usize,
    /// Whether it was seen to be down when the plan was drawn.
    pub(super) was_down: bool,
    pub(super) phase: Phase,
    pub(super) attempts: u32,
    pub(super) submitted_at: Option<Timestamp>,
    pub(super) request_id: Option<RequestId>,
    pub(super) evidence: Vec<Evidence>,
    /// The observation right before the first request that names it. Once that request has left, it stays what it is.
    pub(super) baseline: Option<Box<Sighting>>,
    /// When the last request that names it left, if one may have.
    pub(super) sent_at: Option<Timestamp>,
}

impl Target {
    pub(super) fn new(id: InstanceId, batch: usize, was_down: bool) -> Self {
        Self {
            id,
            batch,
            was_down,
            phase: Phase::Waiting,
            attempts: 0,
            submitted_at: None,
            request_id: None,
            evidence: vec![],
            baseline: None,
            sent_at: None,
        }
    }
}

/// Where a target stands.
#[derive(Debug)]
pub(super) enum Phase {
    /// Not touched, or shown not to have been touched by what was sent.
    Waiting,
    /// Its baseline is being taken.
    Looking,
    /// A request that names it is under way.
    Submitting,
    /// A request may have taken hold of it.
    Watched(Box<Watch>),
    /// It has its outcome, and keeps it.
    Done(Box<Ending>),
}

impl Phase {
    /// Whether a target in this phase counts against `in_flight_max`.
    pub(super) const fn is_in_flight(&self) -> bool {
        match self {
            Self::Looking | Self::Submitting | Self::Watched(_) => true,
            Self::Waiting | Self::Done(_) => false,
        }
    }

    /// Whether a target in this phase counts against `max_unavailable`; `was_down` tells whether it did before it began. It
    /// counts once, whatever speaks for it.
    pub(super) fn is_unavailable(&self, was_down: bool) -> bool {
        match self {
            Self::Looking | Self::Submitting | Self::Watched(_) => true,
            Self::Waiting => was_down,
            Self::Done(ending) => match ending.outcome {
                Outcome::Succeeded => false,
                Outcome::Failed | Outcome::Unresolved => !planted(Mutant::BadEndsAreAvailable),
                Outcome::Skipped | Outcome::NotStarted => was_down,
            },
        }
    }

    /// Its place in the table of moves.
    pub(super) const fn place(&self) -> Place {
        match self {
            Self::Waiting => Place::Waiting,
            Self::Looking => Place::Looking,
            Self::Submitting => Place::Submitting,
            Self::Watched(watch) => match watch.stage {
                Stage::Doubtful { .. } => Place::Doubtful,
                Stage::Accepted { .. } => Place::Accepted,
                Stage::Installing { .. } => Place::Installing,
            },
            Self::Done(ending) => Place::Done(ending.outcome),
        }
    }

    /// The number of the tally that counts targets in this phase.
    pub(super) const fn slot<'t>(&self, tally: &'t mut Tally) -> &'t mut usize {
        match self.place() {
            Place::Waiting | Place::Looking => &mut tally.waiting,
            Place::Submitting => &mut tally.submitting,
            Place::Doubtful => &mut tally.doubtful,
            Place::Accepted => &mut tally.accepted,
            Place::Installing => &mut tally.installing,
            Place::Done(Outcome::Succeeded) => &mut tally.succeeded,
            Place::Done(Outcome::Failed) => &mut tally.failed,
            Place::Done(Outcome::Skipped) => &mut tally.skipped,
            Place::Done(Outcome::Unresolved) => &mut tally.unresolved,
            Place::Done(Outcome::NotStarted) => &mut tally.not_started,
        }
    }
}

/// How a target ended.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) outcome: Outcome,
    pub(super) reason: Option<Reason>,
    pub(super) at: Timestamp,
}

/// What is known of a target that a request may have taken hold of.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    pub(super) stage: Stage,
    /// What the answer to the request said, if it was refused: what to do once it is shown to have started nothing.
    pub(super) refusal: Option<Box<Refusal>>,
    /// When the request left.
    pub(super) submitted_at: Timestamp,
    /// What each call has shown since then.
    pub(super) shown: PerSource<Shown>,
    /// When the last observation was sent that could be compared: up to then nothing can have escaped us.
    pub(super) watched_to: Timestamp,
    /// The longest time without such an observation while it was in doubt.
    pub(super) unwatched_max: Duration,
    /// For how long it was watched without a gap worth speaking of since the request was accepted.
    pub(super) watched: Duration,
    /// Whether it was seen in a state, while in doubt, that a reinstall may cause and other things too.
    pub(super) was_unclear: bool,
    /// Which calls showed it without an `operation_state`, as the baseline was.
    pub(super) mute_calls: EachCall,
    /// Whether time passed, while it was in doubt, that no clock could measure.
    pub(super) lost_sight: bool,
    /// The end that the last observations in a row have shown, if they did.
    pub(super) end: Option<Streak>,
    /// How many observations in a row, sent late enough to settle a doubt, showed no change.
    pub(super) unchanged: u32,
}

/// Observations in a row, of one call, that say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Streak {
    pub(super) says: Comparison,
    pub(super) via: Via,
    /// How many of them were sent late enough to count.
    pub(super) count: u32,
    /// When the first of them came back.
    pub(super) since: Timestamp,
}

impl Streak {
    /// Whether they have said the same for so long at `now`.
    pub(super) fn has_lasted(&self, now: Timestamp, time: Duration) -> bool {
        now.since(self.since) >= time
    }
}

/// A request that was refused, and what follows for a target once it is shown to have started nothing.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) fault: Fault,
    pub(super) then: AfterRefusal,
    /// Whether the answer carries a code of the service or its gateway. Without one it is as good as no answer.
    pub(super) has_code: bool,
}

/// What follows for a target whose request was refused and is shown to have started nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterRefusal {
    /// It is submitted again.
    Retry,
    /// It has had its last chance.
    GiveUp,
    /// It is why the request was refused.
    Fail,
}

/// A value for each of the calls that show instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct PerSource<T> {
    list: T,
    status: T,
}

impl<T> PerSource<T> {
    pub(super) const fn of(&self, via: Via) -> &T {
        match via {
            Via::List => &self.list,
            Via::Status => &self.status,
        }
    }

    pub(super) const fn of_mut(&mut self, via: Via) -> &mut T {
        match via {
            Via::List => &mut self.list,
            Via::Status => &mut self.status,
        }
    }
}

/// A yes or no for each of the calls that show instances.
pub(super) type EachCall = PerSource<bool>;

impl EachCall {
    /// Says yes for a call.
    pub(super) const fn note(&mut self, via: Via) {
        *self.of_mut(via) = true;
    }

    /// Whether `other` says yes wherever this does.
    pub(super) const fn is_within(self, other: Self) -> bool {
        (!self.list || other.list) && (!self.status || other.status)
    }
}

/// What the answer to the request was worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The answer does not tell whether it was carried out. If it looks unchanged from `settle_at` on, it was not.
    Doubtful { since: Timestamp, settle_at: Timestamp },
    /// The cloud accepted it, at `since`. Something has to move within `start_within`.
    Accepted { since: Timestamp },
    /// It was seen to move, first at `since`.
    Installing { since: Timestamp },
}

/// One request of the plan.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) targets: Range<usize>,
    pub(super) wave: usize,
    /// Not to be tried before this moment.
    pub(super) not_before: Timestamp,
    /// Since when it has been tried without anything coming of it.
    pub(super) trying_since: Option<Timestamp>,
    /// How often in a row nothing came of it.
    pub(super) failures: u32,
    /// The most targets in one request: 1 after the cloud refused one without naming the instances at fault.
    pub(super) len_max: usize,
}

impl Batch {
    pub(super) const fn new(targets: Range<usize>, wave: usize, now: Timestamp) -> Self {
        let len_max = targets.end - targets.start;
        Self { targets, wave, not_before: now, trying_since: None, failures: 0, len_max }
    }
}

/// One wave of the plan.
#[derive(Debug)]
pub(super) struct WaveRun {
    pub(super) batches: Range<usize>,
    pub(super) tally: Tally,
}

/// An action whose answer is awaited.
#[derive(Debug)]
pub(super) enum Errand {
    /// The look right before a request.
    Baseline { batch: usize, members: Vec<usize>, sent: Timestamp },
    /// The request.
    Submit { batch: usize, members: Vec<usize>, sent: Timestamp },
    /// A look at targets that a request may have taken hold of.
    Look { members: Vec<usize>, sent: Timestamp },
}
