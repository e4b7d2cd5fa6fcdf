//! What one look at an instance showed, and how it reads against the look before the wipe.
//!
//! A reinstall begins and ends in `running`, there is no job id, and whatever `operation_state` or `error` say may be left
//! over from an earlier time (api-facts 2). So nothing is judged by where an instance stands, only by how it has moved
//! since its *baseline*, the sighting taken right before the request.

use crate::id::ImageId;
use crate::instance::{InstanceFault, InstanceState, OperationState, OsFamily, Progress};
use crate::text::CloudText;

/// A time as the cloud wrote it; the format is not documented (api-facts 3).
///
/// Marks are for people. They are shown and never decide anything: nobody has yet watched on the real service whether a
/// reinstall moves them, nor whether something else does.
pub type Mark = CloudText;

/// What one look showed. Every field may be missing: which ones a service sends depends on its version and on the call.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Sighting {
    /// `state`
    pub state: Option<InstanceState>,
    /// `operation_state`
    pub operation: Option<OperationState>,
    /// `error`
    pub fault: Option<InstanceFault>,
    /// `image.id`, from the list call only
    pub image: Option<ImageId>,
    /// `image.os_type`, from the list call only
    pub os: Option<OsFamily>,
    /// `name`, from the list call only
    pub name: Option<CloudText>,
    /// `updated_at`, from the list call only
    pub updated_at: Option<Mark>,
    /// `launched_at`, from the list call only
    pub launched_at: Option<Mark>,
}

/// What a sighting says of a reinstall, read against the baseline taken before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Nothing tells it from the baseline: not begun, or begun and over, or not yet visible.
    Unchanged,
    /// Something is being done to the instance.
    Working,
    /// At rest in a good state which differs from the baseline: a reinstall went by.
    Finished,
    /// At rest in a bad state which differs from the baseline.
    Broken,
}

/// What a single sighting looks like, taken at its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Face {
    Working,
    Running,
    Broken,
    /// At rest, but neither good nor bad (`stopped`), or nothing known at all.
    Idle,
}

fn face_of_state(state: Option<&InstanceState>) -> Face {
    match state {
        Some(InstanceState::Running) => Face::Running,
        Some(
            InstanceState::Failed | InstanceState::Error | InstanceState::ShuttingDown | InstanceState::Terminated,
        ) => Face::Broken,
        Some(
            InstanceState::Pending
            | InstanceState::Stopping
            | InstanceState::Reinstalling
            | InstanceState::ModifyingIp
            | InstanceState::SwitchInstalling
            | InstanceState::Unknown(_),
        ) => Face::Working,
        Some(InstanceState::Stopped) | None => Face::Idle,
    }
}

/// Reads `seen` against `baseline`. The one place where the evidence of a sighting is judged.
///
/// `operation_state` is believed first, then `error`, then `state`; each alone is enough, since each may be missing.
/// A signal that still says what the baseline said says nothing. A word we do not know means that something is going on.
#[must_use]
pub fn read(seen: &Sighting, baseline: &Sighting) -> Reading {
    let state = face_of_state(seen.state.as_ref());
    let state_moved = seen.state != baseline.state;
    let operation_moved = seen.operation != baseline.operation;

    match &seen.operation {
        Some(OperationState::Known(_, Progress::Processing)) => return Reading::Working,
        Some(OperationState::Unknown(_)) if operation_moved => return Reading::Working,
        Some(OperationState::Known(_, Progress::Failed)) if operation_moved => return Reading::Broken,
        // Succeeded, says one signal; only together with a good state is it the end.
        Some(OperationState::Known(_, Progress::Succeed)) if operation_moved => {
            return match state {
                Face::Broken => Reading::Broken,
                Face::Running => Reading::Finished,
                Face::Idle if seen.state.is_none() => Reading::Finished,
                Face::Working | Face::Idle => Reading::Working,
            };
        }
        Some(OperationState::Known(..) | OperationState::Unknown(_)) | None => {}
    }

    let fault_is_new = seen.fault.is_some() && seen.fault != baseline.fault;
    match state {
        Face::Working => Reading::Working,
        Face::Broken if state_moved || fault_is_new => Reading::Broken,
        Face::Running | Face::Idle if fault_is_new => Reading::Broken,
        Face::Running if state_moved => Reading::Finished,
        // Stopped where it ran before: on the way, in the life cycle that stops first.
        Face::Idle if state_moved && seen.state.is_some() => Reading::Working,
        Face::Running | Face::Idle | Face::Broken => Reading::Unchanged,
    }
}

/// Whether somebody is at work on an instance that looks like this, so that it must be left alone.
#[must_use]
pub fn is_busy(seen: &Sighting) -> bool {
    matches!(seen.operation, Some(OperationState::Known(_, Progress::Processing)))
        || face_of_state(seen.state.as_ref()) == Face::Working
}

/// Whether an instance at rest looks as it should: the end of a reinstall whose movement was seen earlier.
///
/// `operation_state` may still say what it said before the wipe; then a good `state` has to do.
#[must_use]
pub fn has_come_to_rest(seen: &Sighting, baseline: &Sighting) -> bool {
    let good_state = face_of_state(seen.state.as_ref()) == Face::Running;
    good_state && matches!(read(seen, baseline), Reading::Unchanged | Reading::Finished)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `state/operation_state/error code`; `-` for a missing field.
    fn sighting(text: &str) -> Sighting {
        let mut parts = text.split('/');
        let mut part = || parts.next().filter(|part| *part != "-");
        Sighting {
            state: part().map(InstanceState::from_word),
            operation: part().map(OperationState::from_word),
            fault: part().map(|code| InstanceFault {
                code: code.into(),
                message: "why".into(),
                kind: "reinstall_error".into(),
            }),
            ..Sighting::default()
        }
    }

    #[test]
    fn readings() {
        use Reading::{Broken, Finished, Unchanged, Working};
        for (baseline, seen, reading) in [
            // No `operation_state` at all.
            ("running", "running", Unchanged),
            ("running", "pending", Working),
            ("running", "stopping", Working),
            ("running", "stopped", Working),
            ("running", "reinstalling", Working),
            ("running", "defragmenting", Working),
            ("running", "failed", Broken),
            ("running", "error", Broken),
            ("running", "terminated", Broken),
            ("running", "shutting-down", Broken),
            ("running", "-", Unchanged),
            ("failed", "failed", Unchanged),
            ("failed", "running", Finished),
            ("stopped", "stopped", Unchanged),
            // `operation_state` leads.
            ("running", "running/reinstall-processing", Working),
            ("running", "running/reinstall-succeed", Finished),
            ("running", "running/reinstall-failed", Broken),
            ("running", "-/reinstall-succeed", Finished),
            ("running", "pending/reinstall-succeed", Working),
            ("running", "stopped/reinstall-succeed", Working),
            ("running", "error/reinstall-succeed", Broken),
            ("running", "running/reinstall-pondering", Working),
            ("running/install-succeed", "running/install-succeed", Unchanged),
            ("running/install-succeed", "running/reinstall-succeed", Finished),
            ("running/install-succeed", "pending/install-succeed", Working),
            // Left over from earlier: says nothing.
            ("running/reinstall-succeed", "running/reinstall-succeed", Unchanged),
            (
                "running/reinstall-failed/X.1",
                "running/reinstall-failed/X.1",
                Unchanged,
            ),
            ("running/reinstall-failed/X.1", "running/reinstall-failed/X.2", Broken),
            ("failed/reinstall-failed/X.1", "failed/reinstall-failed/X.1", Unchanged),
            ("failed/reinstall-failed/X.1", "running/reinstall-succeed", Finished),
            (
                "failed/reinstall-failed/X.1",
                "reinstalling/reinstall-failed/X.1",
                Working,
            ),
            ("running/who-knows", "running/who-knows", Unchanged),
            // An error alone.
            ("running", "running/-/X.1", Broken),
            ("running/-/X.1", "running/-/X.1", Unchanged),
            // The field went away: no proof of anything.
            ("running/reinstall-succeed", "running", Unchanged),
            ("running/-/X.1", "running", Unchanged),
        ] {
            assert_eq!(
                read(&sighting(seen), &sighting(baseline)),
                reading,
                "{baseline} -> {seen}"
            );
        }
    }

    #[test]
    fn marks_prove_nothing() {
        let baseline = Sighting {
            updated_at: Some("2026-01-01".into()),
            ..sighting("running")
        };
        let seen = Sighting {
            updated_at: Some("2026-11-23".into()),
            ..sighting("running")
        };
        assert_eq!(read(&seen, &baseline), Reading::Unchanged);
    }

    #[test]
    fn busy_instances_are_told_from_idle_ones() {
        for busy in [
            "pending",
            "running/reinstall-processing",
            "running/modify-ip-processing",
            "defragmenting",
        ] {
            assert!(is_busy(&sighting(busy)), "{busy}");
        }
        for idle in [
            "running",
            "stopped",
            "failed",
            "running/reinstall-succeed",
            "running/who-knows",
        ] {
            assert!(!is_busy(&sighting(idle)), "{idle}");
        }
    }

    #[test]
    fn rest_after_movement() {
        let baseline = sighting("running/reinstall-succeed");
        assert!(has_come_to_rest(&sighting("running/reinstall-succeed"), &baseline));
        assert!(has_come_to_rest(&sighting("running"), &baseline));
        assert!(!has_come_to_rest(&sighting("running/reinstall-processing"), &baseline));
        assert!(!has_come_to_rest(&sighting("-"), &baseline));
        assert!(!has_come_to_rest(&sighting("stopped/reinstall-succeed"), &baseline));
        assert!(!has_come_to_rest(&sighting("error"), &baseline));
    }
}
