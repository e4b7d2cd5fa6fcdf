//! Where one target, one batch and one wave stand.

use std::ops::Range;
use std::time::Duration;

use crate::evidence::Evidence;
use crate::id::{InstanceId, RequestId};
use crate::mutant::{Mutant, planted};
use crate::notice::Tally;
use crate::sighting::{Rest, Sighting, Via};
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
    /// A request that names it is under way; this is its baseline.
    Submitting(Box<Sighting>),
    /// A request may have taken hold of it.
    Watched(Box<Watch>),
    /// It has its outcome, and keeps it.
    Done(Box<Ending>),
}

impl Phase {
    /// Whether a target in this phase counts against `in_flight_max`.
    pub(super) const fn is_in_flight(&self) -> bool {
        match self {
            Self::Looking | Self::Submitting(_) | Self::Watched(_) => true,
            Self::Waiting | Self::Done(_) => false,
        }
    }

    /// Whether a target in this phase counts against `max_unavailable`; `was_down` tells whether it did before it began. It
    /// counts once, whatever speaks for it.
    pub(super) fn is_unavailable(&self, was_down: bool) -> bool {
        match self {
            Self::Looking | Self::Submitting(_) | Self::Watched(_) => true,
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
            Self::Submitting(_) => Place::Submitting,
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
    pub(super) baseline: Sighting,
    /// The last sighting in which it was on its way, if it was ever seen so.
    pub(super) moving: Option<Sighting>,
    pub(super) stage: Stage,
    /// When the request left.
    pub(super) submitted_at: Timestamp,
    /// Up to when nothing can have escaped us: when the last look that saw it was sent.
    pub(super) watched_to: Timestamp,
    /// The longest time nobody looked while it was in doubt.
    pub(super) unwatched_max: Duration,
    /// Whether it was seen in a state, while in doubt, that a reinstall may have and other things too.
    pub(super) was_unclear: bool,
    /// Which calls showed it without an `operation_state`, as the baseline was.
    pub(super) mute_calls: EachCall,
    /// Whether time passed, while it was in doubt, of which nobody can say how long it was.
    pub(super) lost_sight: bool,
    /// How it stood at the last look, after it had moved.
    pub(super) rest: Rest,
    /// How many looks in a row saw it stand so, not counting those that a replica that lags may have answered.
    pub(super) rests: u32,
    /// When the first look that saw it stand so came back.
    pub(super) rests_since: Timestamp,
}

/// A yes or no for each of the calls that show instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct EachCall {
    list: bool,
    status: bool,
}

impl EachCall {
    /// Says yes for a call.
    pub(super) const fn note(&mut self, via: Via) {
        match via {
            Via::List => self.list = true,
            Via::Status => self.status = true,
        }
    }

    /// Whether `other` says yes wherever this does.
    pub(super) const fn is_within(self, other: Self) -> bool {
        (!self.list || other.list) && (!self.status || other.status)
    }
}

/// What the answer to the request was worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nobody knows whether it took hold. If nothing moves up to `settle_at`, it did not.
    Doubtful { since: Timestamp, settle_at: Timestamp },
    /// The cloud said yes. Something has to move before `start_by`.
    Accepted { start_by: Timestamp },
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
    /// The most targets in one request: halved each time the cloud refuses without naming who is at fault.
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
