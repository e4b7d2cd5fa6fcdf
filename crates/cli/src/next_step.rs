//! What to do next about a rollout. Each command that is told to continue one is written here and nowhere else.

use std::path::{Path, PathBuf};

use reinstall_core::id::RolloutId;
use reinstall_core::rollout::snapshot::Snapshot;
use reinstall_core::summary::{HaltCause, Outcome};
use reinstall_core::time::Timestamp;
use reinstall_journal::row::{RolloutRow, RunState};

use crate::failure::hint_on;

/// How commands about rollouts are typed so that they find the same records as this one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Commands {
    /// `--state-dir`, if it was typed. What the environment says need not be repeated.
    pub(crate) state_dir: Option<PathBuf>,
}

impl Commands {
    /// Continues an unfinished rollout.
    pub(crate) fn resume(&self, id: RolloutId) -> String {
        self.typed(&format!("resume {id}"))
    }

    /// Continues one whose former program may still be there.
    pub(crate) fn take_over(&self, id: RolloutId) -> String {
        self.typed(&format!("resume {id} --take-over"))
    }

    /// Begins a new rollout with those of an ended one that have this outcome. There is no such command for those that
    /// succeeded or were skipped.
    pub(crate) fn resume_only(&self, id: RolloutId, outcome: Outcome) -> Option<String> {
        let only = match outcome {
            Outcome::Failed => "failed",
            Outcome::NotStarted => "not-started",
            Outcome::Unresolved => "unresolved",
            Outcome::Succeeded | Outcome::Skipped => return None,
        };
        Some(self.typed(&format!("resume {id} --only {only}")))
    }

    /// Tells how a rollout stands, and what to do about it.
    pub(crate) fn show(&self, id: RolloutId) -> String {
        self.typed(&format!("show {id}"))
    }

    /// Tells a rollout to start no new reinstalls.
    pub(crate) fn halt(&self, id: RolloutId) -> String {
        self.typed(&format!("halt {id}"))
    }

    /// Lists the rollouts on record.
    pub(crate) fn rollouts(&self) -> String {
        self.typed("rollouts")
    }

    fn typed(&self, command: &str) -> String {
        match &self.state_dir {
            Some(dir) => format!("reinstall {command} --state-dir {}", quoted(dir)),
            None => format!("reinstall {command}"),
        }
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// What can be done about a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Situation {
    /// A program carries it on.
    Running,
    /// It has not ended, and any program may continue it.
    Left,
    /// It has not ended, and its former program may still be there.
    ToBeTakenOver,
    /// It has ended.
    Ended,
    /// It has ended, and this later rollout went on with instances of it.
    ContinuedBy(RolloutId),
    /// It is on record nowhere, as that of the demo.
    OffRecord,
}

impl Situation {
    /// The situation of a rollout on record, at `now`; `all` are the rollouts on record.
    pub(crate) fn of(row: &RolloutRow, all: &[RolloutRow], now: Timestamp) -> Self {
        match row.standing(now) {
            RunState::Running => Self::Running,
            RunState::Left => Self::Left,
            RunState::Interrupted if row.is_to_be_taken_over(now) => Self::ToBeTakenOver,
            RunState::Interrupted => Self::Left,
            RunState::Finished => match all.iter().find(|later| later.parent == Some(row.id)) {
                Some(later) => Self::ContinuedBy(later.id),
                None => Self::Ended,
            },
        }
    }
}

/// What to do next about a rollout, a line each, the most urgent first; nothing where nothing is left to do.
pub(crate) fn next_steps(id: RolloutId, situation: Situation, snapshot: &Snapshot, commands: &Commands) -> Vec<String> {
    match situation {
        Situation::Running => vec![format!("to start no new reinstalls: {}", commands.halt(id))],
        Situation::Left => vec![to_continue(snapshot, &commands.resume(id))],
        Situation::ToBeTakenOver => {
            vec![format!("once its former program has ended: {}", commands.take_over(id))]
        }
        Situation::ContinuedBy(later) => {
            vec![format!("a later rollout continued with instances of this one: {}", commands.show(later))]
        }
        Situation::OffRecord => denied(snapshot).into_iter().collect(),
        Situation::Ended => {
            let counts = snapshot.outcomes();
            let occurs = |outcome: &&Outcome| counts.get(outcome).is_some_and(|count| *count > 0);
            let each = Outcome::ALL.iter().filter(occurs).filter_map(|outcome| about(*outcome, id, commands));
            denied(snapshot).into_iter().chain(each).collect()
        }
    }
}

fn to_continue(snapshot: &Snapshot, command: &str) -> String {
    if snapshot.halted().is_some() {
        return format!("to watch what is in progress to its end (no new reinstalls are started): {command}");
    }
    format!("instances in progress are not watched now; to continue: {command}")
}

/// What the cloud refused, explained.
fn denied(snapshot: &Snapshot) -> Option<String> {
    match snapshot.halted() {
        Some(HaltCause::Denied { fault }) => hint_on(fault),
        Some(_) | None => None,
    }
}

/// What to do about instances that ended so.
fn about(outcome: Outcome, id: RolloutId, commands: &Commands) -> Option<String> {
    let command = commands.resume_only(id, outcome);
    Some(match (outcome, command) {
        (Outcome::Failed, Some(command)) => format!("failed: see the errors above. To reinstall them again: {command}"),
        (Outcome::NotStarted, Some(command)) => format!("not_started: not touched. To reinstall them: {command}"),
        (Outcome::Unresolved, Some(command)) => format!(
            "unresolved: check each console first; a new reinstall may wipe a good system. To reinstall them: {command}"
        ),
        (Outcome::Skipped, _) => {
            "skipped: not touched. Bring them into a state that --start-from allows, and name them in a new run"
                .to_owned()
        }
        (Outcome::Succeeded | Outcome::Failed | Outcome::NotStarted | Outcome::Unresolved, _) => return None,
    })
}

#[cfg(test)]
mod tests {
    use reinstall_core::fault::{Fault, FaultKind};

    use super::*;
    use crate::render::sample;

    fn id() -> RolloutId {
        RolloutId::new(sample::at(0), [7; 10])
    }

    fn steps(situation: Situation, outcomes: &[Outcome], halted: Option<HaltCause>) -> String {
        let reports = outcomes.iter().zip(1..).map(|(outcome, n)| sample::report(n, *outcome, None)).collect();
        let snapshot = Snapshot::finished(sample::summary(reports, halted));
        let told = next_steps(id(), situation, &snapshot, &Commands::default()).join("\n");
        told.replace(&id().to_string(), "ID")
    }

    /// Every conclusion there is. A command in a hint is one that the program takes in that situation: `resume` alone only where
    /// a rollout has not ended, and `--only` only where some instance ended so.
    #[test]
    fn each_conclusion_has_the_commands_that_work() {
        use Outcome::{Failed, NotStarted, Skipped, Succeeded, Unresolved};
        let denied = || Some(HaltCause::Denied { fault: Fault::new(FaultKind::Unauthorized, "no") });
        let canary = || Some(HaltCause::CanaryFailed { id: sample::id(1), name: None });
        for (situation, outcomes, halted, commands) in [
            (Situation::Ended, &[Succeeded][..], None, &[][..]),
            (Situation::Ended, &[Succeeded, Failed], None, &["resume ID --only failed"]),
            (Situation::Ended, &[Succeeded, Skipped], None, &["--start-from allows"]),
            (Situation::Ended, &[Unresolved], None, &["console first", "resume ID --only unresolved"]),
            (Situation::Ended, &[Failed, NotStarted], canary(), &["--only failed", "resume ID --only not-started"]),
            (Situation::Ended, &[NotStarted], Some(HaltCause::Ordered), &["resume ID --only not-started"]),
            (Situation::Ended, &[NotStarted], denied(), &["reinstall doctor", "resume ID --only not-started"]),
            (Situation::ContinuedBy(id()), &[Failed, NotStarted], canary(), &["reinstall show ID"]),
            (Situation::Left, &[Succeeded, Unresolved], None, &["reinstall resume ID"]),
            (Situation::Left, &[Succeeded, Unresolved], Some(HaltCause::Ordered), &["no new", "reinstall resume ID"]),
            (Situation::ToBeTakenOver, &[Unresolved], None, &["reinstall resume ID --take-over"]),
            (Situation::Running, &[Unresolved], None, &["reinstall halt ID"]),
            (Situation::OffRecord, &[Failed, NotStarted], canary(), &[]),
            (Situation::OffRecord, &[NotStarted], denied(), &["reinstall doctor"]),
        ] {
            let told = steps(situation, outcomes, halted);
            assert!(commands.iter().all(|command| told.contains(command)), "{situation:?} {outcomes:?}: {told}");
            assert_eq!(told.is_empty(), commands.is_empty(), "{situation:?} {outcomes:?}: {told}");
            let is_open = matches!(situation, Situation::Left | Situation::ToBeTakenOver);
            let resumes = told.lines().filter(|line| line.contains("resume ID")).count();
            let anew = told.lines().filter(|line| line.contains("--only")).count();
            assert_eq!(resumes - anew, usize::from(is_open), "{situation:?} {outcomes:?}: {told}");
        }
    }

    #[test]
    fn a_command_finds_the_same_records() {
        for (dir, typed) in [
            (None, "reinstall show ID"),
            (Some("/var/lib/re"), "reinstall show ID --state-dir /var/lib/re"),
            (Some("my state"), "reinstall show ID --state-dir 'my state'"),
            (Some("it's"), r"reinstall show ID --state-dir 'it'\''s'"),
        ] {
            let commands = Commands { state_dir: dir.map(PathBuf::from) };
            assert_eq!(commands.show(id()).replace(&id().to_string(), "ID"), typed);
        }
    }
}
