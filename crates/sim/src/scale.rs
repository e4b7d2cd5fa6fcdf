//! What the machine itself costs for each target: time, and memory as the operating system counts it.
//!
//! Every look and every request is answered at once, so that nothing but the rollout is at work. Run it in a process of its
//! own: memory that was used before and given back to the allocator would hide what a rollout takes.

use std::fs;
use std::io;
use std::time::Duration;

use reinstall_core::action::{Action, Answer, Event, Look};
use reinstall_core::id::InstanceId;
use reinstall_core::instance::{InstanceState, OperationState};
use reinstall_core::plan::Plan;
use reinstall_core::policy::Policy;
use reinstall_core::rollout::Rollout;
use reinstall_core::sighting::Sighting;
use reinstall_core::spec::{ReinstallSpec, TargetSpec};
use reinstall_core::summary::Outcome;

use crate::scene::project;
use crate::stopwatch::Stopwatch;
use crate::world::START;

/// What one rollout took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// How many targets it had.
    pub targets: usize,
    /// How long it took from the first action to the last outcome.
    pub took: Duration,
    /// How many bytes the process grew by for the plan.
    pub plan_bytes: u64,
    /// How many more it grew by at most, for the rollout.
    pub rollout_bytes: u64,
}

/// Rolls out over so many targets.
///
/// # Errors
/// If the operating system does not tell how much memory is used, as Linux does.
///
/// # Panics
/// If the rollout does not reinstall every target: then its cost would say nothing.
pub fn measure(targets: usize) -> io::Result<Cost> {
    let before = memory("VmRSS")?;
    let plan = plan(targets);
    let planned = memory("VmRSS")?;
    let stopwatch = Stopwatch::start();
    let mut rollout = Rollout::new(plan, 0, START);
    roll_out(&mut rollout);
    let took = stopwatch.read();
    let peak = memory("VmHWM")?;
    let summary = rollout.into_summary();
    assert_eq!(summary.counts().get(&Outcome::Succeeded), Some(&targets), "every target succeeds");
    Ok(Cost { targets, took, plan_bytes: planned.saturating_sub(before), rollout_bytes: peak.saturating_sub(planned) })
}

fn plan(targets: usize) -> Plan {
    let id = |number: usize| InstanceId::from_bits(number as u128);
    let instances = (0..targets).map(|number| TargetSpec::of(id(number))).collect();
    match (ReinstallSpec { instances, image_id: None, policy: Policy::default() }).check() {
        Ok(spec) => Plan::draw(&spec, project()),
        Err(objections) => unreachable!("{objections}"),
    }
}

/// Each instance shows its old installation, then that it is being reinstalled, then that it is done.
fn roll_out(rollout: &mut Rollout) {
    let mut now = START;
    let mut shown = vec![0_usize; rollout.plan().target_count()];
    let words = ["install-succeed", "reinstall-processing", "reinstall-succeed"];
    while !rollout.is_finished() {
        while let Some(action) = rollout.poll_action() {
            let (ticket, answer) = match action {
                Action::Look(ticket, ids) => {
                    let look = |id: &InstanceId| {
                        let times = &mut shown[id.to_bits() as usize];
                        let operation = Some(OperationState::from_word(words[(*times).min(words.len() - 1)]));
                        *times += 1;
                        let state = Some(InstanceState::Running);
                        (*id, Look::Seen(Sighting { state, operation, ..Sighting::default() }))
                    };
                    (ticket, Answer::Looked(ids.iter().map(look).collect()))
                }
                Action::Submit(ticket, submission) => {
                    (ticket, Answer::Accepted { ids: submission.ids.as_slice().to_vec(), request_id: None })
                }
            };
            rollout.handle(now, Event::Answered(ticket, answer));
            while rollout.poll_notice().is_some() {}
        }
        let Some((at, _)) = rollout.next_deadline() else { return };
        now = now.max(at);
        rollout.handle(now, Event::Tick);
    }
}

/// A line of `/proc/self/status`, in bytes.
fn memory(field: &str) -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.map(|kib| kib * 1_024).ok_or_else(|| io::Error::other(format!("/proc/self/status has no {field}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollout_is_measured_to_its_end() {
        assert_eq!(measure(300).unwrap().targets, 300);
    }
}
