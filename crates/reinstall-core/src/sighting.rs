//! What one look at an instance showed, and how it reads against the look before the wipe.
//!
//! A reinstall begins and ends in `running`, there is no job id, and whatever `operation_state` or `error` say may be left
//! over from an earlier time (api-facts 2). So nothing is judged by where an instance stands, only by how it has moved
//! since its *baseline*, the sighting taken right before the request.

use crate::id::ImageId;
use crate::instance::{InstanceFault, InstanceState, Operation, OperationState, OsFamily, Progress};
use crate::mutant::{Mutant, planted};
use crate::text::CloudText;

/// A time as the cloud wrote it; the format is not documented (api-facts 3).
///
/// Marks are for people. They are shown and never decide anything: nobody has yet watched on the real service whether a
/// reinstall moves them, nor whether something else does.
pub type Mark = CloudText;

/// Which call showed it. The two calls need not carry the same fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// ListInstances
    #[default]
    List,
    /// ShowInstanceStatus
    Status,
}

/// What one look showed. Every field may be missing: which ones a service sends depends on its version and on the call.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Sighting {
    /// Which call showed it.
    pub via: Via,
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

impl Sighting {
    /// Takes `secret` out of the cloud's words, see [`CloudText::hide`].
    pub fn hide(&mut self, secret: &str) {
        if let Some(InstanceState::Unknown(word)) = &mut self.state {
            word.hide(secret);
        }
        if let Some(OperationState::Unknown(word)) = &mut self.operation {
            word.hide(secret);
        }
        if let Some(InstanceFault { code, message, kind }) = &mut self.fault {
            for text in [code, message, kind] {
                text.hide(secret);
            }
        }
        for text in [&mut self.name, &mut self.updated_at, &mut self.launched_at].into_iter().flatten() {
            text.hide(secret);
        }
    }
}

/// What a sighting says of a reinstall, read against the baseline taken before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Nothing tells it from the baseline: not begun, or begun and over, or not visible.
    Unchanged,
    /// Something is going on that need not be a reinstall: a power cycle, a change of address.
    Unclear,
    /// It is being reinstalled.
    Working,
    /// At rest in a good state which differs from the baseline: a reinstall went by.
    Finished,
    /// At rest in a bad state which differs from the baseline.
    Broken,
}

/// What `state` alone looks like, taken at its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Face {
    Working,
    Running,
    Broken,
    /// Off, on the way there, or busy with its address: a reinstall may look so, and so may other things.
    Elsewhere,
    /// The field is missing.
    Unseen,
}

fn face(state: Option<&InstanceState>) -> Face {
    match state {
        None => Face::Unseen,
        Some(InstanceState::Running) => Face::Running,
        Some(
            InstanceState::Failed | InstanceState::Error | InstanceState::ShuttingDown | InstanceState::Terminated,
        ) => Face::Broken,
        Some(InstanceState::Stopping | InstanceState::Stopped | InstanceState::ModifyingIp) => Face::Elsewhere,
        Some(
            InstanceState::Pending
            | InstanceState::Reinstalling
            | InstanceState::SwitchInstalling
            | InstanceState::Unknown(_),
        ) => Face::Working,
    }
}

/// Whether `operation_state` tells something that the baseline did not.
///
/// If the baseline lacked the field and came from the other call, its appearance is no news: the value may be years old.
fn operation_is_news(seen: &Sighting, baseline: &Sighting) -> bool {
    seen.operation != baseline.operation && (is_comparable(seen, baseline) || planted(Mutant::OtherFieldIsNews))
}

/// Whether the two can be told apart by `operation_state`: the baseline had it, or would have, coming from the same call.
fn is_comparable(seen: &Sighting, baseline: &Sighting) -> bool {
    baseline.operation.is_some() || seen.via == baseline.via
}

/// Whether `error` tells something that the baseline did not.
fn fault_is_news(seen: &Sighting, baseline: &Sighting) -> bool {
    seen.fault.is_some() && (seen.fault != baseline.fault || planted(Mutant::LeftOverErrorCounts))
}

/// What `operation_state` alone says; `None` if it says nothing.
fn read_operation(seen: &Sighting, baseline: &Sighting) -> Option<Reading> {
    let news = operation_is_news(seen, baseline);
    match seen.operation.as_ref()? {
        OperationState::Known(Operation::ModifyIp | Operation::Uninstall, Progress::Processing) => {
            Some(Reading::Unclear)
        }
        OperationState::Known(Operation::ModifyIp | Operation::Uninstall, Progress::Succeed | Progress::Failed) => None,
        OperationState::Known(_, Progress::Processing) => Some(Reading::Working),
        OperationState::Unknown(_) => news.then_some(Reading::Working),
        OperationState::Known(_, Progress::Failed) => news.then_some(Reading::Broken),
        // Only together with a good state is it the end.
        OperationState::Known(_, Progress::Succeed) => {
            (news || planted(Mutant::LeftOverSuccessCounts)).then_some(match face(seen.state.as_ref()) {
                Face::Broken => Reading::Broken,
                Face::Running | Face::Unseen if fault_is_news(seen, baseline) => Reading::Broken,
                Face::Running | Face::Unseen => Reading::Finished,
                Face::Working | Face::Elsewhere => Reading::Working,
            })
        }
    }
}

/// Reads `seen` against `baseline`. The one place where the evidence of a sighting is judged.
///
/// `operation_state` is believed first, then `error`, then `state`; each alone is enough, since each may be missing. Where
/// they contradict each other, the bad news is believed.
/// A signal that still says what the baseline said says nothing. A word we do not know means that something is going on.
#[must_use]
pub fn read(seen: &Sighting, baseline: &Sighting) -> Reading {
    if let Some(reading) = read_operation(seen, baseline) {
        return reading;
    }
    let state_moved = seen.state != baseline.state;
    let fault_is_new = fault_is_news(seen, baseline);
    match face(seen.state.as_ref()) {
        Face::Working => Reading::Working,
        Face::Broken if state_moved => Reading::Broken,
        Face::Elsewhere if state_moved && planted(Mutant::PowerCycleIsMovement) => Reading::Working,
        Face::Elsewhere if state_moved => Reading::Unclear,
        Face::Running | Face::Broken | Face::Elsewhere | Face::Unseen if fault_is_new => Reading::Broken,
        // Nobody but a reinstall makes a broken instance run; one that was off may just have been switched on.
        Face::Running if state_moved && face(baseline.state.as_ref()) == Face::Broken => Reading::Finished,
        Face::Running | Face::Broken | Face::Elsewhere | Face::Unseen => Reading::Unchanged,
    }
}

/// Whether somebody is at work on an instance that looks like this, so that it must be left alone.
#[must_use]
pub fn is_busy(seen: &Sighting) -> bool {
    let operation_runs = matches!(seen.operation, Some(OperationState::Known(_, Progress::Processing)));
    let passing = matches!(seen.state, Some(InstanceState::Stopping | InstanceState::ModifyingIp));
    operation_runs || passing || face(seen.state.as_ref()) == Face::Working
}

/// Whether a sighting may be one of the time of the baseline: it uses the same words for `state`, `operation_state` and
/// `error`, as far as the baseline has them, and as far as its own call has them at all.
#[must_use]
pub fn says_the_same(seen: &Sighting, baseline: &Sighting) -> bool {
    let is_silent = seen.operation.is_none() && seen.via != baseline.via;
    let same_operation = is_silent || seen.operation == baseline.operation || !is_comparable(seen, baseline);
    same_operation && (&seen.state, &seen.fault) == (&baseline.state, &baseline.fault)
}

/// Whether a sighting comes from a call without the `operation_state` that the other call had before. Where nothing else
/// tells of a reinstall, such a sighting says nothing.
#[must_use]
pub fn tells_less(seen: &Sighting, before: &Sighting) -> bool {
    let is_blind = seen.operation.is_none() && before.operation.is_some() && seen.via != before.via;
    is_blind && !planted(Mutant::OtherCallIsBelieved)
}

/// Whether `state` itself shows that an instance is being reinstalled.
#[must_use]
pub fn moves_by_state(seen: &Sighting) -> bool {
    face(seen.state.as_ref()) == Face::Working
}

/// How an instance stands that was seen to be reinstalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// It is still on its way.
    NotYet,
    /// It runs, and nothing speaks against it.
    Good,
    /// It is at rest in a bad state.
    Bad,
    /// It runs, but the error of earlier is there, and was there all along.
    Tainted,
}

/// How an instance stands, judged against the last sighting in which it was on its way.
///
/// By then nothing is left over from earlier: a failure that the baseline already had, and that is back after the
/// instance moved, is a failure of this reinstall.
#[must_use]
pub fn rest(seen: &Sighting, moving: &Sighting) -> Rest {
    let failed = matches!(
        seen.operation,
        Some(OperationState::Known(
            Operation::Install | Operation::Reinstall | Operation::SwitchInstall,
            Progress::Failed
        ))
    );
    match (read(seen, moving), face(seen.state.as_ref())) {
        (Reading::Broken, _) | (_, Face::Broken) => Rest::Bad,
        (Reading::Finished, _) => Rest::Good,
        (Reading::Unchanged, Face::Running) if failed => Rest::Bad,
        (Reading::Unchanged, Face::Running) if seen.fault.is_some() => Rest::Tainted,
        (Reading::Unchanged, Face::Running) => Rest::Good,
        (Reading::Unchanged | Reading::Working | Reading::Unclear, _) => Rest::NotYet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::sighting;

    /// What a call leaves out that the other one had is no news: a list that lags looks like this after a status call.
    #[test]
    fn a_call_that_tells_less_may_lag_as_well() {
        let baseline = Sighting { via: Via::Status, ..sighting("running/install-succeed") };
        let left_out = Sighting { operation: None, ..baseline.clone() };
        assert!(says_the_same(&Sighting { via: Via::List, ..left_out.clone() }, &baseline));
        assert!(!says_the_same(&left_out, &baseline), "the same call would have said it");
        let moved = Sighting { via: Via::List, ..sighting("pending") };
        assert!(!says_the_same(&moved, &baseline));
    }

    #[test]
    fn readings() {
        use Reading::{Broken, Finished, Unchanged, Unclear, Working};
        for (baseline, seen, reading) in [
            // No `operation_state` at all.
            ("running", "running", Unchanged),
            ("running", "pending", Working),
            ("running", "stopping", Unclear),
            ("running", "stopped", Unclear),
            ("running", "modifyIping", Unclear),
            ("stopped", "running", Unchanged),
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
            ("running", "running/reinstall-succeed/X.1", Broken),
            ("running/-/X.1", "running/reinstall-succeed/X.1", Finished),
            ("running", "pending/reinstall-succeed", Working),
            ("running", "stopped/reinstall-succeed", Working),
            ("running", "error/reinstall-succeed", Broken),
            ("running", "running/reinstall-pondering", Working),
            ("running/install-succeed", "running/install-succeed", Unchanged),
            ("running/install-succeed", "running/reinstall-succeed", Finished),
            ("running/install-succeed", "pending/install-succeed", Working),
            ("stopped/install-succeed", "running/reinstall-succeed", Finished),
            // Somebody else's operation.
            ("running", "running/modify-ip-processing", Unclear),
            ("running", "running/modify-ip-succeed", Unchanged),
            ("running", "running/modify-ip-failed", Unchanged),
            ("running/install-succeed", "pending/modify-ip-succeed", Working),
            // Left over from earlier: says nothing.
            ("running/reinstall-succeed", "running/reinstall-succeed", Unchanged),
            ("running/reinstall-failed/X.1", "running/reinstall-failed/X.1", Unchanged),
            ("running/reinstall-failed/X.1", "running/reinstall-failed/X.2", Broken),
            ("failed/reinstall-failed/X.1", "failed/reinstall-failed/X.1", Unchanged),
            ("failed/reinstall-failed/X.1", "running/reinstall-succeed", Finished),
            ("failed/reinstall-failed/X.1", "reinstalling/reinstall-failed/X.1", Working),
            ("running/who-knows", "running/who-knows", Unchanged),
            // An error alone.
            ("running", "running/-/X.1", Broken),
            ("running/-/X.1", "running/-/X.1", Unchanged),
            // The field went away: no proof of anything.
            ("running/reinstall-succeed", "running", Unchanged),
            ("running/-/X.1", "running", Unchanged),
        ] {
            assert_eq!(read(&sighting(seen), &sighting(baseline)), reading, "{baseline} -> {seen}");
        }
    }

    #[test]
    fn marks_prove_nothing() {
        let baseline = Sighting { updated_at: Some("2026-01-01".into()), ..sighting("running") };
        let seen = Sighting { updated_at: Some("2026-11-23".into()), ..sighting("running") };
        assert_eq!(read(&seen, &baseline), Reading::Unchanged);
    }

    #[test]
    fn a_field_that_only_the_other_call_has_is_no_news() {
        let listed = sighting("running");
        for (word, reading) in [
            ("reinstall-succeed", Reading::Unchanged),
            ("reinstall-failed", Reading::Unchanged),
            ("reinstall-processing", Reading::Working),
        ] {
            let asked = Sighting { via: Via::Status, ..sighting(&format!("running/{word}")) };
            assert_eq!(read(&asked, &listed), reading, "{word}");
        }
    }

    #[test]
    fn busy_instances_are_told_from_idle_ones() {
        for busy in [
            "pending",
            "stopping",
            "modifyIping",
            "running/reinstall-processing",
            "running/modify-ip-processing",
            "defragmenting",
        ] {
            assert!(is_busy(&sighting(busy)), "{busy}");
        }
        for idle in ["running", "stopped", "failed", "running/reinstall-succeed", "running/who-knows"] {
            assert!(!is_busy(&sighting(idle)), "{idle}");
        }
    }

    #[test]
    fn rests() {
        use Rest::{Bad, Good, NotYet, Tainted};
        for (moving, seen, expected) in [
            ("pending", "running", Good),
            ("pending", "pending", NotYet),
            ("pending", "-", NotYet),
            ("pending", "stopped", NotYet),
            ("pending", "error", Bad),
            ("reinstalling", "failed", Bad),
            ("running/reinstall-processing", "running/reinstall-succeed", Good),
            ("running/reinstall-processing", "running/reinstall-failed", Bad),
            ("running/reinstall-processing", "running/reinstall-processing", NotYet),
            ("running/reinstall-processing", "running", Good),
            ("pending/reinstall-processing", "stopped/reinstall-succeed", NotYet),
            // What the baseline had too, and what is back or was there all along.
            ("pending/reinstall-failed", "running/reinstall-failed", Bad),
            ("pending/reinstall-succeed", "running/reinstall-succeed", Good),
            ("pending", "running/-/X.1", Bad),
            ("pending/-/X.1", "running/-/X.1", Tainted),
            ("pending/reinstall-processing/X.1", "running/reinstall-succeed/X.1", Good),
        ] {
            assert_eq!(rest(&sighting(seen), &sighting(moving)), expected, "{moving} -> {seen}");
        }
    }
}
