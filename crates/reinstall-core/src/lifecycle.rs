//! The three documented life cycles of a reinstall. They contradict each other (api-facts 2), so a client must live with
//! all of them, and stand-ins for the cloud play each.

use std::fmt;
use std::str::FromStr;

use crate::instance::{InstanceState, OperationState};

/// Which of the documents a stand-in follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum LifeCycle {
    /// The prose of every ReinstallOS page: `running`, `pending`, `running`.
    #[default]
    Prose,
    /// The state diagram of the SDKs from October 2025: `stopped`, `reinstalling`, then `running` or `failed`. A running
    /// instance is stopped first.
    Diagram2025,
    /// The newest state diagram: `state` stays `running`, only `operation_state` tells.
    Diagram2026,
}

/// One stretch of a reinstall, as a life cycle shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// From which share of the whole reinstall on, in percent.
    pub from_percent: u8,
    /// What `state` says meanwhile.
    pub state: InstanceState,
}

/// A reinstall from the accepted request to its end, as one life cycle shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// What `state` says along the way, in order; the first leg begins at 0.
    pub underway: &'static [Leg],
    /// What `state` says after a reinstall that worked.
    pub succeeded: InstanceState,
    /// What `state` says after one that did not.
    pub failed: InstanceState,
}

const PROSE: Course = Course {
    underway: &[Leg { from_percent: 0, state: InstanceState::Pending }],
    succeeded: InstanceState::Running,
    failed: InstanceState::Error,
};

const DIAGRAM_2025: Course = Course {
    underway: &[
        Leg { from_percent: 0, state: InstanceState::Stopping },
        Leg { from_percent: 10, state: InstanceState::Stopped },
        Leg { from_percent: 20, state: InstanceState::Reinstalling },
    ],
    succeeded: InstanceState::Running,
    failed: InstanceState::Failed,
};

const DIAGRAM_2026: Course = Course {
    underway: &[Leg { from_percent: 0, state: InstanceState::Running }],
    succeeded: InstanceState::Running,
    failed: InstanceState::Running,
};

/// How an accepted reinstall stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// On its way; the share done, in percent, below 100.
    Underway(u8),
    /// Done, the new system runs.
    Succeeded,
    /// Done, it did not work.
    Failed,
}

impl LifeCycle {
    /// All of them, for stand-ins and tests that play each.
    pub const ALL: [Self; 3] = [Self::Prose, Self::Diagram2025, Self::Diagram2026];

    /// The table of moves.
    #[must_use]
    pub const fn course(self) -> &'static Course {
        match self {
            Self::Prose => &PROSE,
            Self::Diagram2025 => &DIAGRAM_2025,
            Self::Diagram2026 => &DIAGRAM_2026,
        }
    }

    /// What `state` says of an accepted reinstall that stands so.
    #[must_use]
    pub fn state(self, standing: Standing) -> InstanceState {
        let course = self.course();
        match standing {
            Standing::Underway(percent) => {
                course.underway.get(self.leg(percent)).map_or(InstanceState::Pending, |leg| leg.state.clone())
            }
            Standing::Succeeded => course.succeeded.clone(),
            Standing::Failed => course.failed.clone(),
        }
    }

    /// Which leg of its course a reinstall is in that is done so far, in percent.
    #[must_use]
    pub fn leg(self, percent: u8) -> usize {
        self.course().underway.iter().rposition(|leg| leg.from_percent <= percent).unwrap_or(0)
    }

    /// The name of the life cycle, as flags and reports have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prose => "prose",
            Self::Diagram2025 => "diagram-2025",
            Self::Diagram2026 => "diagram-2026",
        }
    }
}

impl Standing {
    /// What `operation_state` says, in every life cycle alike.
    #[must_use]
    pub const fn operation(self) -> OperationState {
        match self {
            Self::Underway(_) => OperationState::REINSTALLING,
            Self::Succeeded => OperationState::REINSTALLED,
            Self::Failed => OperationState::REINSTALL_FAILED,
        }
    }
}

impl fmt::Display for LifeCycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why a piece of text names no life cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a life cycle is one of `prose`, `diagram-2025` and `diagram-2026`")]
pub struct LifeCycleError;

impl FromStr for LifeCycle {
    type Err = LifeCycleError;

    fn from_str(text: &str) -> Result<Self, LifeCycleError> {
        Self::ALL.into_iter().find(|cycle| cycle.name() == text).ok_or(LifeCycleError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The states seen along a reinstall that ends so.
    fn story(cycle: LifeCycle, end: Standing) -> String {
        let mut words: Vec<String> =
            (0..100).map(|percent| cycle.state(Standing::Underway(percent)).to_string()).collect();
        words.push(cycle.state(end).to_string());
        words.dedup();
        words.join(" ")
    }

    #[test]
    fn each_life_cycle_tells_its_story() {
        assert_eq!(story(LifeCycle::Prose, Standing::Succeeded), "pending running");
        assert_eq!(story(LifeCycle::Prose, Standing::Failed), "pending error");
        assert_eq!(story(LifeCycle::Diagram2025, Standing::Succeeded), "stopping stopped reinstalling running");
        assert_eq!(story(LifeCycle::Diagram2025, Standing::Failed), "stopping stopped reinstalling failed");
        assert_eq!(story(LifeCycle::Diagram2026, Standing::Succeeded), "running");
        assert_eq!(story(LifeCycle::Diagram2026, Standing::Failed), "running");
    }

    #[test]
    fn names_are_read_back() {
        for cycle in LifeCycle::ALL {
            assert_eq!(cycle.name().parse(), Ok(cycle));
        }
        assert!("2025".parse::<LifeCycle>().is_err());
    }
}
