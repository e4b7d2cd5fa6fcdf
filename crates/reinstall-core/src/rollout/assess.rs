//! What an observation means for a target that is watched. The rules, each with its reason, stand in docs/rollout.md.
//!
//! * An end counts only in two observations in a row, of the same call, both sent `shortest` after the request was carried out
//!   at the latest.
//! * *Succeeded* needs a new word of success where the service has `operation_state`; where it has none, that the instance runs
//!   again after it moved. Another image than the one asked for makes it *unresolved*.
//! * *Not started* needs two observations in a row that show no change, sent late enough, without a gap before them in which a
//!   reinstall could have gone by, by a call that would show one.
//! * What the cloud accepted is never called *not started*.

use std::time::Duration;

use crate::comparison::Comparison;
use crate::id::ImageId;
use crate::instance::{InstanceState, Operation, OperationState, Progress};
use crate::mutant::{Mutant, planted};
use crate::plan::Plan;
use crate::sighting::Sighting;
use crate::summary::Reason;
use crate::time::{Plain, Timestamp};

use super::phase::{EachCall, Stage, Streak, Watch};

/// How many observations in a row it takes to believe an end, or that nothing was started.
const OBSERVATIONS_NEEDED: u32 = 2;

/// What this rollout knows of the service.
#[derive(Debug)]
pub(super) struct Capabilities {
    /// Whether `state` was ever seen to show that an instance is being reinstalled.
    pub(super) shows_by_state: bool,
    /// Which calls were ever seen to show it by an `operation_state` that they did not have before.
    pub(super) shows_by_operation: EachCall,
    /// Whether any instance was ever seen with an `operation_state`.
    pub(super) has_operation_words: bool,
    /// The shortest time in which a reinstall can begin and end here.
    pub(super) shortest: Duration,
}

/// An observation of one target.
#[derive(Debug)]
pub(super) struct Observed<'a> {
    pub(super) seen: &'a Sighting,
    pub(super) says: Comparison,
    /// When it was asked for.
    pub(super) sent: Timestamp,
    /// When it came back.
    pub(super) now: Timestamp,
}

/// What it means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Assessment {
    /// Nothing new; continue.
    GoOn,
    /// It moves.
    Moves,
    /// It is reinstalled.
    Succeeded,
    /// The cloud says that the reinstall failed.
    Failed(Reason),
    /// The request started nothing.
    NotStarted,
    /// It is over, with another image than the one asked for.
    OtherImage(ImageId, Reason),
    /// Further observations would not tell more.
    Unresolved(Reason),
}

/// What an observation means for a target that is watched so. Deadlines are judged by when the observation was sent: only one
/// that was sent after a deadline tells that nothing happened before it.
pub(super) fn assess(
    watch: &Watch,
    baseline: &Sighting,
    observed: &Observed<'_>,
    capabilities: &Capabilities,
    plan: &Plan,
) -> Assessment {
    if let Some(wrong) = planted_success(watch, baseline, observed) {
        return wrong;
    }
    if let Some(end) = watch.end
        && let Some(assessment) = assess_end(&end, observed, capabilities, plan)
    {
        return assessment;
    }
    if observed.says == Comparison::InProgress && !matches!(watch.stage, Stage::Installing { .. }) {
        return Assessment::Moves;
    }
    let policy = plan.policy();
    // At rest, but not for long enough: the next observation will tell, and a program that was away has had no other.
    let is_nearly_certain = watch.end.is_some_and(|end| is_final(&end, capabilities));
    if observed.sent >= watch.submitted_at + policy.finish_within && !is_nearly_certain {
        if planted(Mutant::TimeUpIsSuccess) {
            return Assessment::Succeeded;
        }
        let within = Plain(policy.finish_within);
        return Assessment::Unresolved(Reason::new("finish_timeout", format!("not seen to have ended after {within}")));
    }
    match watch.stage {
        Stage::Doubtful { .. } if is_settled(watch, observed) => {
            why_not_settled(watch, baseline, observed.seen, capabilities)
                .map_or(Assessment::NotStarted, Assessment::Unresolved)
        }
        Stage::Accepted { since } if no_movement(watch, since, observed, policy.start_within) => {
            if planted(Mutant::AcceptedIsNotStarted) {
                return Assessment::NotStarted;
            }
            let within = Plain(policy.start_within);
            let message = format!("accepted, but no change was seen in {within} of watching; it may still begin");
            Assessment::Unresolved(Reason::new("no_movement", message))
        }
        Stage::Doubtful { .. } | Stage::Accepted { .. } | Stage::Installing { .. } => Assessment::GoOn,
    }
}

/// Wrong ideas of success, for the simulation to catch.
fn planted_success(watch: &Watch, baseline: &Sighting, observed: &Observed<'_>) -> Option<Assessment> {
    let runs = observed.seen.state == Some(InstanceState::Running);
    let running_is_done = planted(Mutant::RunningIsDone) && matches!(watch.stage, Stage::Accepted { .. });
    let marks_are_new = planted(Mutant::NewMarksProveSuccess) && observed.seen.updated_at != baseline.updated_at;
    (runs && (running_is_done || marks_are_new)).then_some(Assessment::Succeeded)
}

/// Whether an end of this kind is one once it has been seen often enough.
fn is_final(end: &Streak, capabilities: &Capabilities) -> bool {
    match end.says {
        Comparison::Completed | Comparison::Failed | Comparison::StaleError => true,
        Comparison::CameBack => !capabilities.has_operation_words || planted(Mutant::StateAloneIsEnough),
        Comparison::Unavailable | Comparison::Unchanged | Comparison::Ambiguous | Comparison::InProgress => false,
    }
}

/// What the end means that the last observations have shown; `None` as long as it cannot be believed.
fn assess_end(end: &Streak, observed: &Observed<'_>, capabilities: &Capabilities, plan: &Plan) -> Option<Assessment> {
    let needed = if planted(Mutant::OneRestIsEnough) { 1 } else { OBSERVATIONS_NEEDED };
    if end.count < needed {
        return None;
    }
    let seen = observed.seen;
    if !is_final(end, capabilities) {
        let patience = plan.policy().settle_after;
        return end.has_lasted(observed.now, patience).then(|| Assessment::Unresolved(why_no_success_word(patience)));
    }
    match end.says {
        Comparison::Failed => Some(Assessment::Failed(why_failed(seen))),
        Comparison::StaleError => Some(Assessment::Unresolved(why_stale_error(seen))),
        Comparison::Completed
        | Comparison::CameBack
        | Comparison::Unavailable
        | Comparison::Unchanged
        | Comparison::Ambiguous
        | Comparison::InProgress => match other_image(plan, seen) {
            None => Some(Assessment::Succeeded),
            // The list may name the new image a moment after the end.
            Some((image, reason)) => end
                .has_lasted(observed.now, plan.policy().settle_after)
                .then_some(Assessment::OtherImage(image, reason)),
        },
    }
}

/// The image that the cloud names, if that is another one than the plan asks for.
fn other_image(plan: &Plan, seen: &Sighting) -> Option<(ImageId, Reason)> {
    let (wanted, image) = (plan.image_id()?, seen.image?);
    let differs = wanted != image && !planted(Mutant::OtherImageIsSuccess);
    differs.then(|| {
        let message = format!("it runs again, but with image {image}; {wanted} was asked for");
        (image, Reason::new("other_image", message))
    })
}

/// Whether observations in a row show no change, sent late enough.
fn is_settled(watch: &Watch, observed: &Observed<'_>) -> bool {
    let at_once = planted(Mutant::DoubtSettlesAtOnce) && observed.says == Comparison::Unchanged;
    let needed = if planted(Mutant::OneUnchangedSettles) { 1 } else { OBSERVATIONS_NEEDED };
    watch.unchanged >= needed || at_once
}

/// Whether an accepted request has been watched for as long as it may take to begin, without any movement.
fn no_movement(watch: &Watch, accepted_at: Timestamp, observed: &Observed<'_>, start_within: Duration) -> bool {
    let is_at_rest = matches!(observed.says, Comparison::Unchanged | Comparison::Ambiguous);
    is_at_rest && observed.sent >= accepted_at + start_within && watch.watched >= start_within
}

/// Why a watch without any change does not prove that nothing was started; `None` if it does.
fn why_not_settled(watch: &Watch, baseline: &Sighting, seen: &Sighting, capabilities: &Capabilities) -> Option<Reason> {
    if planted(Mutant::SameMarksProveNothing) && seen.updated_at.is_some() && seen.updated_at == baseline.updated_at {
        return None;
    }
    if watch.lost_sight {
        let message = "the clock was set back while the program was away, so that it is not known how long that was";
        return Some(Reason::new("clock_set_back", message));
    }
    if watch.was_unclear {
        let message = "it changed while it was in doubt, and the change does not tell whether it was this reinstall";
        return Some(Reason::new("unclear", message));
    }
    let has_code = watch.refusal.as_ref().is_some_and(|refusal| refusal.has_code);
    // A reinstall that was refused in so many words and went by unseen would still have left its own word.
    let would_leave_a_trace = has_code && !is_left_by_a_reinstall(baseline.operation.as_ref());
    if watch.unwatched_max > capabilities.shortest && !would_leave_a_trace && !planted(Mutant::GapsAreIgnored) {
        let unwatched = Plain(watch.unwatched_max);
        let message = format!("it could not be read for {unwatched}, long enough for a whole reinstall");
        return Some(Reason::new("gap", message));
    }
    let would_show = capabilities.shows_by_state || watch.mute_calls.is_within(capabilities.shows_by_operation);
    (!has_code && !would_show && !planted(Mutant::SilenceIsProof)).then(|| {
        let message = "the request got no answer, and this service has not yet been seen to show a reinstall";
        Reason::new("nothing_shown", message)
    })
}

/// Whether a finished reinstall would leave an `operation_state` as it is: then it tells nothing.
fn is_left_by_a_reinstall(operation: Option<&OperationState>) -> bool {
    match operation {
        Some(OperationState::Known(Operation::Reinstall, Progress::Succeed | Progress::Failed)) | None => true,
        Some(OperationState::Known(..) | OperationState::Unknown(_)) => false,
    }
}

fn why_no_success_word(patience: Duration) -> Reason {
    let message = format!(
        "it moved and has been running again for {}, but the service, which has words for it, does not say that the \
         reinstall succeeded",
        Plain(patience)
    );
    Reason::new("no_success_word", message)
}

/// It runs again, and there is an error of which nothing tells whether it is of before.
fn why_stale_error(seen: &Sighting) -> Reason {
    let error = seen.fault.as_ref().map(|fault| fault.code.to_string()).unwrap_or_default();
    let message = format!("it runs again, but the cloud shows an error, maybe one of before: {error}");
    Reason::new("error_remains", message)
}

/// The cloud's words for a reinstall that did not work; its state words where it gave none.
fn why_failed(seen: &Sighting) -> Reason {
    if let Some(fault) = &seen.fault {
        return Reason { code: fault.code.clone(), message: fault.message.clone() };
    }
    let word = seen.operation.as_ref().map(OperationState::as_word).or(seen.state.as_ref().map(InstanceState::as_word));
    Reason::new(word.unwrap_or("failed"), format!("the cloud gave no reason; {}", crate::evidence::Words::from(seen)))
}
