//! What must hold at every step, each a named function of the world. The numbers are those of the design.

use reinstall_core::evidence::Fact;
use reinstall_core::id::InstanceId;
use reinstall_core::instance::InstanceState;
use reinstall_core::lifecycle::Standing;
use reinstall_core::summary::{Outcome, Summary};
use reinstall_mock_server::cloud::Cloud;

use crate::world::World;

/// A property: says what broke it.
pub type Property = fn(&World) -> Result<(), String>;

/// Every property that is checked after each step, by name.
pub const STEPWISE: [(&str, Property); 8] = [
    ("only_planned_instances_are_wiped", only_planned_instances_are_wiped),
    ("nobody_is_wiped_twice", nobody_is_wiped_twice),
    ("in_flight_stays_within_bounds", in_flight_stays_within_bounds),
    ("waves_wait_for_their_gates", waves_wait_for_their_gates),
    ("nothing_starts_after_a_halt", nothing_starts_after_a_halt),
    ("the_journal_brings_the_same_back", the_journal_brings_the_same_back),
    ("unavailable_stays_within_bounds", unavailable_stays_within_bounds),
    ("nothing_starts_after_closing_time", nothing_starts_after_closing_time),
];

/// 1. No instance outside the plan receives anything but a look.
fn only_planned_instances_are_wiped(world: &World) -> Result<(), String> {
    let Some(last) = world.sent.last() else { return Ok(()) };
    match last.submission.ids.as_slice().iter().find(|id| !world.planned.contains(id)) {
        Some(stranger) => Err(format!("{stranger} is not in the plan")),
        None => Ok(()),
    }
}

/// 2 and 3. No instance is wiped again after a wipe that took hold; much less two at once.
fn nobody_is_wiped_twice(world: &World) -> Result<(), String> {
    match world.cloud.wiped().find(|(_, wipes)| wipes.len() > 1) {
        Some((id, wipes)) => Err(format!("{id} was wiped {} times", wipes.len())),
        None => Ok(()),
    }
}

/// 4. `in_flight_max` is never exceeded, those in doubt included.
fn in_flight_stays_within_bounds(world: &World) -> Result<(), String> {
    let tally = world.rollout.tally();
    let in_flight = tally.submitting + tally.doubtful + tally.accepted + tally.installing;
    let in_flight_max = world.rollout.plan().policy().in_flight_max;
    if in_flight > in_flight_max {
        return Err(format!("{in_flight} are in flight, at most {in_flight_max} may be"));
    }
    Ok(())
}

/// 5. Nothing of a wave starts before every target of the wave before it has its outcome.
fn waves_wait_for_their_gates(world: &World) -> Result<(), String> {
    let tallies = world.rollout.tallies();
    for (index, pair) in tallies.array_windows().enumerate() {
        let [before, after] = pair;
        let untouched = after.waiting + after.not_started == after.targets();
        if !untouched && before.done() < before.targets() {
            return Err(format!("wave {} began before wave {} was done", index + 2, index + 1));
        }
    }
    Ok(())
}

/// 6. After the failure budget is spent, or a halt, no new submission.
fn nothing_starts_after_a_halt(world: &World) -> Result<(), String> {
    match world.sent.last() {
        Some(sent) if sent.after_halt => Err(format!("{:?} left after the halt", sent.submission)),
        Some(_) | None => Ok(()),
    }
}

/// 9. Rebuilding from the journal gives the same rollout.
fn the_journal_brings_the_same_back(world: &World) -> Result<(), String> {
    world.came_back_different.clone().map_or(Ok(()), Err)
}

/// `max_unavailable` is kept, by what the cloud knows and not by what the rollout counts. Those that were down before it
/// began may alone be too many; then nobody may be wiped.
fn unavailable_stays_within_bounds(world: &World) -> Result<(), String> {
    let Some(unavailable_max) = world.rollout.plan().unavailable_max() else { return Ok(()) };
    let is_unavailable = |id: &&InstanceId| match world.cloud.wipes(**id).last() {
        Some(wipe) => wipe.standing(world.now) != Standing::Succeeded,
        None => world.cloud.glimpse(world.now, **id).is_none_or(|seen| seen.state != InstanceState::Running),
    };
    let unavailable = world.planned.iter().filter(is_unavailable).count();
    if unavailable > unavailable_max && !world.sent.is_empty() {
        return Err(format!("{unavailable} are unavailable, at most {unavailable_max} may be"));
    }
    Ok(())
}

/// No submission at or after closing time.
fn nothing_starts_after_closing_time(world: &World) -> Result<(), String> {
    let closes_at = world.rollout.plan().policy().closes_at;
    match (world.sent.last(), closes_at) {
        (Some(sent), Some(closes_at)) if sent.at >= closes_at => {
            Err(format!("{:?} left at {}, and closing time was {closes_at}", sent.submission, sent.at))
        }
        (Some(_) | None, _) => Ok(()),
    }
}

/// 7. Each outcome agrees with the cloud, or says `unresolved`. Checked at the end, when all that was on its way arrived.
///
/// # Errors
/// Names the first outcome that does not.
pub fn outcomes_agree_with_the_cloud(summary: &Summary, cloud: &Cloud) -> Result<(), String> {
    for report in &summary.reports {
        let wipes = cloud.wipes(report.id);
        let ended = |standing| {
            let end = report.finished_at.unwrap_or(summary.finished_at);
            wipes.len() == 1 && wipes.iter().all(|wipe| wipe.standing(end) == standing)
        };
        let last = report.evidence.last().map(|evidence| &evidence.fact);
        let refused = wipes.is_empty() && matches!(last, Some(Fact::Refused(_)));
        let agrees = match report.outcome {
            Outcome::Succeeded => ended(Standing::Succeeded),
            Outcome::Failed => ended(Standing::Failed) || refused,
            Outcome::Skipped | Outcome::NotStarted => wipes.is_empty(),
            Outcome::Unresolved => true,
        };
        if !agrees {
            return Err(format!("{} is called {}, but the cloud knows {wipes:?}", report.id, report.outcome));
        }
    }
    Ok(())
}
