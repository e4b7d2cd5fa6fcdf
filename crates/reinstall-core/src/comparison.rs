//! What an observation says of a reinstall, compared with what the same call said right before the request.
//!
//! A reinstall begins and ends in `running`, there is no job id, and `operation_state` and `error` may be left over from an
//! earlier time. So an instance is not judged by its state, only by how it differs from its *baseline*: the observation taken
//! right before the first request that names it. The two calls need not show the same fields, so an answer of one call is
//! compared with what that call said before, never with the other.

use crate::instance::{InstanceState, Operation, OperationState, Progress};
use crate::mutant::{Mutant, planted};
use crate::sighting::{Sighting, Via};

/// What is known of one instance before an observation is compared.
#[derive(Debug, Clone, Copy)]
pub struct Reference<'a> {
    /// The observation right before the first request.
    pub baseline: &'a Sighting,
    /// What the call that made the new observation has shown of this instance since the request.
    pub shown: Shown,
}

/// What one call has shown of one instance since the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shown {
    /// The install operation that it showed in progress last.
    pub installing: Option<Operation>,
    /// Progress of any kind.
    pub progress: bool,
}

/// What an observation says of a reinstall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// It lacks what would be needed to compare it. It proves nothing, as if the instance could not be read.
    Unavailable,
    /// It says what the baseline said.
    Unchanged,
    /// It differs in a way that a reinstall may cause and other things too: a power cycle, a change of address.
    Ambiguous,
    /// The instance is being reinstalled.
    InProgress,
    /// It runs, and a word of success is new.
    Completed,
    /// It runs again after progress, without a new word of success. That is an end only where the service has no such words.
    CameBack,
    /// It runs again, but there is an `error` that may be of before.
    StaleError,
    /// It is in a bad state or shows a word of failure or an error, and that is new.
    Failed,
}

impl Comparison {
    /// Whether it says that a reinstall is over, well or badly.
    #[must_use]
    pub const fn is_an_end(self) -> bool {
        match self {
            Self::Completed | Self::CameBack | Self::StaleError | Self::Failed => true,
            Self::Unavailable | Self::Unchanged | Self::Ambiguous | Self::InProgress => false,
        }
    }
}

/// What `state` alone looks like, taken at its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StateClass {
    Working,
    Running,
    Broken,
    /// Off, on the way there, or busy with its address: a reinstall may look so, and so may other things.
    Elsewhere,
    /// The field is missing.
    Missing,
}

fn classify_state(state: Option<&InstanceState>) -> StateClass {
    match state {
        None => StateClass::Missing,
        Some(InstanceState::Running) => StateClass::Running,
        Some(
            InstanceState::Failed | InstanceState::Error | InstanceState::ShuttingDown | InstanceState::Terminated,
        ) => StateClass::Broken,
        Some(InstanceState::Stopping | InstanceState::Stopped | InstanceState::ModifyingIp) => StateClass::Elsewhere,
        Some(
            InstanceState::Pending
            | InstanceState::Reinstalling
            | InstanceState::SwitchInstalling
            | InstanceState::Unknown(_),
        ) => StateClass::Working,
    }
}

/// The operation by which an `operation_state` says that an operating system is being installed, if it does.
#[must_use]
pub fn installing(operation: Option<&OperationState>) -> Option<Operation> {
    match operation? {
        OperationState::Known(
            operation @ (Operation::Install | Operation::Reinstall | Operation::SwitchInstall),
            Progress::Processing,
        ) => Some(*operation),
        OperationState::Known(..) | OperationState::Unknown(_) => None,
    }
}

/// Whether `state` itself shows that an instance is being reinstalled.
#[must_use]
pub fn state_shows_reinstall(seen: &Sighting) -> bool {
    classify_state(seen.state.as_ref()) == StateClass::Working
}

/// Whether another operation is in progress on an instance that looks like this, so that it must be left alone. A word that is
/// not known counts as one in progress, in whatever letters it is written.
#[must_use]
pub fn is_busy(seen: &Sighting) -> bool {
    let operation_runs = match &seen.operation {
        Some(OperationState::Known(_, Progress::Processing)) => true,
        Some(OperationState::Unknown(_)) => !planted(Mutant::UnknownWordIsIdle),
        Some(OperationState::Known(_, Progress::Succeed | Progress::Failed)) | None => false,
    };
    let passing = matches!(seen.state, Some(InstanceState::Stopping | InstanceState::ModifyingIp));
    operation_runs || passing || state_shows_reinstall(seen)
}

/// Of two observations of one instance in one answer, whether `other` gives more reason to leave it alone than `one`; `None`
/// if both give as much and yet differ in what is compared.
#[must_use]
pub fn is_more_worrying(other: &Sighting, one: &Sighting) -> Option<bool> {
    let worry = |seen: &Sighting| match classify_state(seen.state.as_ref()) {
        _ if is_busy(seen) => 3,
        StateClass::Broken => 2,
        _ if seen.fault.is_some() => 2,
        StateClass::Elsewhere => 1,
        StateClass::Running | StateClass::Missing | StateClass::Working => 0,
    };
    let compared = |seen: &Sighting| (seen.state.clone(), seen.operation.clone(), seen.fault.clone());
    match worry(other).cmp(&worry(one)) {
        std::cmp::Ordering::Greater => Some(true),
        std::cmp::Ordering::Less => Some(false),
        std::cmp::Ordering::Equal => (compared(other) == compared(one)).then_some(false),
    }
}

/// Compares `seen` with what the same call said before. The one place where the evidence of an observation is judged.
///
/// * What lacks a field that the call showed before proves neither an end nor that nothing changed.
/// * A word is new if the baseline of this call had the field and another word, or if this call has shown the same operation in
///   progress since the request. A word from a field that the baseline lacked is not new.
/// * `operation_state` is read first, then `error`, then `state`. Where they contradict each other, the bad news counts.
/// * A word that is not known means that something is in progress.
#[must_use]
pub fn compare(seen: &Sighting, reference: &Reference<'_>) -> Comparison {
    let comparing = Comparing { seen, shown: reference.shown, baseline: reference.same_call(seen.via) };
    if comparing.lacks_a_field() {
        return comparing.by_what_is_there();
    }
    comparing.by_operation().unwrap_or_else(|| comparing.by_state())
}

impl<'a> Reference<'a> {
    /// The baseline, if it came from this call.
    fn same_call(&self, via: Via) -> Option<&'a Sighting> {
        (self.baseline.via == via || planted(Mutant::OtherCallIsBelieved)).then_some(self.baseline)
    }
}

/// An observation and what it is compared with.
#[derive(Debug, Clone, Copy)]
struct Comparing<'a> {
    seen: &'a Sighting,
    shown: Shown,
    /// What the same call said before the request; `None` if another one was asked then.
    baseline: Option<&'a Sighting>,
}

impl Comparing<'_> {
    /// Whether it lacks `state`, or an `operation_state` that this call showed before.
    fn lacks_a_field(&self) -> bool {
        let had_operation = self.baseline.is_some_and(|baseline| baseline.operation.is_some());
        let lacks_operation = self.seen.operation.is_none() && (had_operation || self.shown.installing.is_some());
        self.seen.state.is_none() || (lacks_operation && !planted(Mutant::VanishedFieldIsUnchanged))
    }

    /// What it says without the field that it lacks: never that something is over, nor that nothing changed.
    fn by_what_is_there(&self) -> Comparison {
        if state_shows_reinstall(self.seen) || installing(self.seen.operation.as_ref()).is_some() {
            return Comparison::InProgress;
        }
        let before = self.baseline.and_then(|baseline| baseline.state.as_ref());
        let state_is_new = self.seen.state.as_ref().is_some_and(|state| before.is_some_and(|before| before != state));
        if state_is_new { Comparison::Ambiguous } else { Comparison::Unavailable }
    }

    /// Whether `operation_state` tells something that this call did not tell before the request.
    fn operation_is_new(&self) -> bool {
        let before = self.baseline.and_then(|baseline| baseline.operation.as_ref());
        let differs = before.is_some_and(|before| self.seen.operation.as_ref() != Some(before));
        let appeared = before.is_none() && self.baseline.is_some() && planted(Mutant::AppearedWordIsNew);
        let ends_what_ran = match (&self.seen.operation, self.shown.installing) {
            (Some(OperationState::Known(operation, _)), Some(installing)) => *operation == installing,
            (Some(_) | None, _) => false,
        };
        differs || appeared || ends_what_ran || planted(Mutant::LeftOverSuccessCounts)
    }

    /// Whether `error` tells something that this call did not tell before the request: it had another error then.
    fn error_is_new(&self) -> bool {
        let before = self.baseline.and_then(|baseline| baseline.fault.as_ref());
        let differs = before.is_some_and(|before| self.seen.fault.as_ref() != Some(before));
        self.seen.fault.is_some() && (differs || planted(Mutant::LeftOverErrorCounts))
    }

    /// Whether there is an `error` where the baseline had none. It may have been there all along, and left out.
    fn error_appeared(&self) -> bool {
        self.seen.fault.is_some() && self.baseline.is_none_or(|baseline| baseline.fault.is_none())
    }

    /// What `operation_state` says; `None` if it says nothing.
    fn by_operation(&self) -> Option<Comparison> {
        let operation = self.seen.operation.as_ref()?;
        match operation {
            OperationState::Known(Operation::ModifyIp | Operation::Uninstall, Progress::Processing) => {
                Some(Comparison::Ambiguous)
            }
            OperationState::Known(Operation::ModifyIp | Operation::Uninstall, Progress::Succeed | Progress::Failed) => {
                None
            }
            OperationState::Known(_, Progress::Processing) => Some(Comparison::InProgress),
            OperationState::Unknown(_) => {
                let before = self.baseline.and_then(|baseline| baseline.operation.as_ref());
                (before != Some(operation)).then_some(Comparison::InProgress)
            }
            OperationState::Known(_, Progress::Failed) => self.operation_is_new().then_some(Comparison::Failed),
            OperationState::Known(_, Progress::Succeed) if !self.operation_is_new() => None,
            // Only together with a good state is it the end.
            OperationState::Known(_, Progress::Succeed) => Some(match classify_state(self.seen.state.as_ref()) {
                StateClass::Broken => Comparison::Failed,
                StateClass::Running if self.error_is_new() => Comparison::Failed,
                StateClass::Running if self.error_appeared() => Comparison::StaleError,
                StateClass::Running => Comparison::Completed,
                StateClass::Working | StateClass::Elsewhere | StateClass::Missing => Comparison::InProgress,
            }),
        }
    }

    /// What `state` and `error` say.
    fn by_state(&self) -> Comparison {
        let before = self.baseline.and_then(|baseline| baseline.state.as_ref());
        let state_is_new = self.baseline.is_some() && self.seen.state.as_ref() != before;
        match classify_state(self.seen.state.as_ref()) {
            StateClass::Working => Comparison::InProgress,
            StateClass::Broken if state_is_new || self.shown.progress => Comparison::Failed,
            StateClass::Elsewhere if state_is_new && planted(Mutant::PowerCycleIsMovement) => Comparison::InProgress,
            StateClass::Elsewhere if state_is_new => Comparison::Ambiguous,
            // The other call did not show it so; each may have a reason.
            StateClass::Elsewhere | StateClass::Broken if self.baseline.is_none() => Comparison::Ambiguous,
            _ if self.error_is_new() => Comparison::Failed,
            StateClass::Running if self.shown.progress && self.seen.fault.is_some() => Comparison::StaleError,
            StateClass::Running if self.shown.progress => Comparison::CameBack,
            // A failed instance runs after a reinstall; one that was off may just have been switched on.
            StateClass::Running if state_is_new && classify_state(before) == StateClass::Broken => Comparison::CameBack,
            StateClass::Running if state_is_new => Comparison::Ambiguous,
            StateClass::Running | StateClass::Broken | StateClass::Elsewhere | StateClass::Missing => self.by_rest(),
        }
    }

    /// The state is that of the baseline: whether all else is as well.
    fn by_rest(&self) -> Comparison {
        let Some(baseline) = self.baseline else { return Comparison::Unavailable };
        let ignores_absence = planted(Mutant::VanishedFieldIsUnchanged);
        let same_operation =
            baseline.operation == self.seen.operation || (self.seen.operation.is_none() && ignores_absence);
        match (&baseline.fault, &self.seen.fault) {
            // `error` was there before, and its absence proves nothing.
            (Some(_), None) if !ignores_absence => Comparison::Unavailable,
            (None, Some(_)) => Comparison::Ambiguous,
            _ if same_operation => Comparison::Unchanged,
            _ => Comparison::Ambiguous,
        }
    }
}

#[cfg(test)]
mod tests;
