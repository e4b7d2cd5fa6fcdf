//! What must hold at every step, each a named function of the world. The numbers are those of the design.

use reinstall_core::evidence::Fact;
use reinstall_core::id::InstanceId;
use reinstall_core::instance::InstanceState;
use reinstall_core::lifecycle::Standing;
use reinstall_core::notice::Tally;
use reinstall_core::summary::{Outcome, Report};
use reinstall_mock_server::cloud::wipe::Wipe;

use crate::world::{Sent, World};

/// A property: says what broke it.
pub type Property = fn(&World) -> Result<(), String>;

/// A property of one target and its end.
pub type FinalProperty = fn(&World, &Report) -> Result<(), String>;

/// Every property that is checked after each step, by name.
pub const STEPWISE: [(&str, Property); 16] = [
    ("only_planned_instances_are_wiped", only_planned_instances_are_wiped),
    ("nobody_is_wiped_twice", nobody_is_wiped_twice),
    ("never_two_requests_at_once", never_two_requests_at_once),
    ("only_fit_instances_are_submitted", only_fit_instances_are_submitted),
    ("in_flight_stays_within_bounds", in_flight_stays_within_bounds),
    ("the_request_rate_holds", the_request_rate_holds),
    ("nothing_leaves_during_a_pause", nothing_leaves_during_a_pause),
    ("waves_wait_for_their_gates", waves_wait_for_their_gates),
    ("nothing_starts_after_a_halt", nothing_starts_after_a_halt),
    ("nothing_comes_back_after_a_halt", nothing_comes_back_after_a_halt),
    ("the_failure_budget_holds", the_failure_budget_holds),
    ("a_failed_canary_halts", a_failed_canary_halts),
    ("each_request_has_its_intent_on_disk", each_request_has_its_intent_on_disk),
    ("the_journal_brings_the_same_back", the_journal_brings_the_same_back),
    ("unavailable_stays_within_bounds", unavailable_stays_within_bounds),
    ("nothing_starts_after_closing_time", nothing_starts_after_closing_time),
];

/// Every property that is checked at the end, when all that was on its way has arrived, by name.
pub const FINAL: [(&str, FinalProperty); 3] = [
    ("outcomes_agree_with_the_cloud", outcomes_agree_with_the_cloud),
    ("attempts_stay_within_bounds", attempts_stay_within_bounds),
    ("acknowledged_means_named", acknowledged_means_named),
];

/// 1. No instance outside the plan receives anything but a look.
fn only_planned_instances_are_wiped(world: &World) -> Result<(), String> {
    let Some(last) = world.sent.last() else { return Ok(()) };
    match last.submission.ids.as_slice().iter().find(|id| !world.planned.contains(id)) {
        Some(stranger) => Err(format!("{stranger} is not in the plan")),
        None => Ok(()),
    }
}

/// 2. No instance is wiped again by us after a wipe of ours that took hold.
fn nobody_is_wiped_twice(world: &World) -> Result<(), String> {
    let times = |id| world.strangers.ours(&world.cloud, id).count();
    match world.seized.iter().find(|id| times(**id) > 1) {
        Some(id) => Err(format!("{id} was wiped {} times", times(*id))),
        None => Ok(()),
    }
}

/// 3. Never two reinstalls at once on one instance from us: none leaves while another is still on its way.
fn never_two_requests_at_once(world: &World) -> Result<(), String> {
    match world.sent.last().and_then(|sent| sent.overlaps) {
        Some(id) => Err(format!("{id} is named while another request for it is on its way")),
        None => Ok(()),
    }
}

/// A request names only instances that the read right before it showed running, with no other operation in progress on them,
/// whatever word the service has for that.
fn only_fit_instances_are_submitted(world: &World) -> Result<(), String> {
    let worked_on = &world.scene.worse.worked_on;
    // What strangers do to an instance puts another word in the place of that one.
    let is_alone = world.scene.strangers == 0;
    let is_worked_on = |id: &&InstanceId| is_alone && worked_on.contains(id) && world.cloud.wipes(**id).is_empty();
    let last = world.sent.last();
    if let Some(id) = last.and_then(|sent| sent.submission.ids.as_slice().iter().find(is_worked_on)) {
        return Err(format!("another operation was in progress on {id}"));
    }
    match last.and_then(|sent| sent.unfit) {
        Some(id) => Err(format!("{id} did not look fit")),
        None => Ok(()),
    }
}

/// 4. `in_flight_max` is never exceeded, those in doubt included.
fn in_flight_stays_within_bounds(world: &World) -> Result<(), String> {
    let tally = world.rollout().tally();
    let in_flight = tally.submitting + tally.doubtful + tally.accepted + tally.installing;
    let in_flight_max = world.rollout().plan().policy().in_flight_max;
    if in_flight > in_flight_max {
        return Err(format!("{in_flight} are in flight, at most {in_flight_max} may be"));
    }
    Ok(())
}

/// 4. In any stretch of time no more requests leave than a burst, and what the rate has in that time.
fn the_request_rate_holds(world: &World) -> Result<(), String> {
    world.client.too_many().map_or(Ok(()), Err)
}

/// 4. Nobody leaves before the pause is over that a 429 asked for, whoever it was that heard it.
fn nothing_leaves_during_a_pause(world: &World) -> Result<(), String> {
    world.client.broke_quiet().map_or(Ok(()), |at| Err(format!("a request left at {at}, during a pause")))
}

/// 5. Nothing of a wave starts before every target of the wave before it has its outcome.
fn waves_wait_for_their_gates(world: &World) -> Result<(), String> {
    let tallies = world.rollout().tallies();
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
    each_last(world, |sent| match sent.after_halt {
        true => Err(format!("{:?} left after the halt", sent.submission)),
        false => Ok(()),
    })
}

/// What holds when a submission is decided on, and again when it leaves: the client does not let everything go that the machine
/// wants to.
fn each_last(world: &World, holds: impl Fn(&Sent) -> Result<(), String>) -> Result<(), String> {
    world.decided.iter().chain(world.sent.last()).try_for_each(holds)
}

/// 6. After a halt no target is given back to be tried again: those that wait only become fewer.
fn nothing_comes_back_after_a_halt(world: &World) -> Result<(), String> {
    let waiting = world.rollout().tally().waiting;
    match world.waiting_after_halt {
        Some(waited) if waiting > waited => Err(format!("{waiting} wait, after {waited} did")),
        Some(_) | None => Ok(()),
    }
}

/// 6. After the failure budget is spent, no new submission.
fn the_failure_budget_holds(world: &World) -> Result<(), String> {
    let failures_max = world.rollout().plan().failures_max();
    each_last(world, |sent| match failures(sent.tally) {
        failures if failures > failures_max => {
            Err(format!("{:?} left after {failures} failures, with a budget of {failures_max}", sent.submission))
        }
        _ => Ok(()),
    })
}

/// 6. After a failure in the first wave, no new submission.
fn a_failed_canary_halts(world: &World) -> Result<(), String> {
    each_last(world, |sent| match failures(sent.canary) {
        0 => Ok(()),
        _ => Err(format!("{:?} left after the canary failed", sent.submission)),
    })
}

fn failures(tally: Tally) -> usize {
    tally.failed + tally.unresolved + tally.not_started
}

/// 8. Each submission that left had its intent on the disk for certain.
fn each_request_has_its_intent_on_disk(world: &World) -> Result<(), String> {
    match world.sent.last() {
        Some(sent) if !sent.is_on_record => Err(format!("{:?} left without", sent.submission)),
        Some(_) | None => Ok(()),
    }
}

/// 9. Rebuilding from the journal gives the same rollout.
fn the_journal_brings_the_same_back(world: &World) -> Result<(), String> {
    world.came_back_different.clone().map_or(Ok(()), Err)
}

/// `max_unavailable` is kept, by what the cloud knows and not by what the rollout counts. Those that were down before it
/// began may alone be too many; then nobody may be wiped. What strangers switch off is nobody's to foresee.
fn unavailable_stays_within_bounds(world: &World) -> Result<(), String> {
    let Some(unavailable_max) = world.rollout().plan().unavailable_max() else { return Ok(()) };
    if world.scene.strangers > 0 {
        return Ok(());
    }
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
    let closes_at = world.rollout().plan().policy().closes_at;
    each_last(world, |sent| match closes_at {
        Some(closes_at) if sent.at >= closes_at => {
            Err(format!("{:?} left at {}, and closing time was {closes_at}", sent.submission, sent.at))
        }
        Some(_) | None => Ok(()),
    })
}

/// 7. Each outcome agrees with the cloud, or says `unresolved`.
///
/// A verdict is about the instance: nobody can tell our wipe from that of a stranger in the same minutes. So where there was
/// one, *succeeded* and *failed* may speak of either. *Skipped* and *not started* are about us, always.
fn outcomes_agree_with_the_cloud(world: &World, report: &Report) -> Result<(), String> {
    let (id, cloud) = (report.id, &world.cloud);
    let ours: Vec<&Wipe> = world.strangers.ours(cloud, id).collect();
    let end = world.ended.get(&id).copied().unwrap_or(world.now);
    let ended = |standing| {
        let mut wipes = cloud.wipes(id).iter().filter(|wipe| wipe.accepted_at <= end);
        let is_one = ours.len() == 1 || world.strangers.reinstalled(id);
        is_one && wipes.any(|wipe| wipe.standing(end) == standing)
    };
    let was_refused = report.evidence.iter().any(|evidence| matches!(evidence.fact, Fact::Refused(_)));
    let refused = ours.is_empty() && was_refused;
    let agrees = match report.outcome {
        Outcome::Succeeded => ended(Standing::Succeeded) && !world.scene.worse.other_image.contains(&id),
        Outcome::Failed => ended(Standing::Failed) || refused,
        Outcome::Skipped | Outcome::NotStarted => ours.is_empty(),
        Outcome::Unresolved => true,
    };
    if agrees {
        return Ok(());
    }
    Err(format!("{id} is called {} at {end}, but the cloud knows {:?}", report.outcome, cloud.wipes(id)))
}

/// No instance gets more attempts than the policy allows.
fn attempts_stay_within_bounds(world: &World, report: &Report) -> Result<(), String> {
    let attempts_max = world.scene.plan.policy().attempts_max;
    if report.attempts > attempts_max {
        return Err(format!("{} had {} attempts, of {attempts_max}", report.id, report.attempts));
    }
    Ok(())
}

/// The evidence says *acknowledged* only of those whom an answer named.
fn acknowledged_means_named(world: &World, report: &Report) -> Result<(), String> {
    let is_acknowledged = report.evidence.iter().any(|evidence| matches!(evidence.fact, Fact::Acknowledged(_)));
    if is_acknowledged && !world.named.contains(&report.id) {
        return Err(format!("no answer ever named {}", report.id));
    }
    Ok(())
}
