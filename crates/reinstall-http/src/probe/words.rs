//! Which words a service uses for its instances, and which of the documented life cycles know them. Pure.

use std::collections::BTreeMap;

use reinstall_core::instance::{InstanceState, OperationState};
use reinstall_core::lifecycle::LifeCycle;
use reinstall_core::sighting::Sighting;

/// The words that a few looks showed, each with how often.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// `state`
    pub states: BTreeMap<InstanceState, usize>,
    /// `operation_state`; empty where it is not sent at all.
    pub operations: BTreeMap<OperationState, usize>,
}

impl Words {
    /// Counts the words of these looks.
    #[must_use]
    pub fn of<'a>(looks: impl IntoIterator<Item = &'a Sighting>) -> Self {
        let mut words = Self::default();
        for seen in looks {
            if let Some(state) = &seen.state {
                *words.states.entry(state.clone()).or_default() += 1;
            }
            if let Some(operation) = &seen.operation {
                *words.operations.entry(operation.clone()).or_default() += 1;
            }
        }
        words
    }

    /// The words that no document known to us has.
    #[must_use]
    pub fn unknown(&self) -> Vec<&str> {
        let states = self.states.keys().filter(|state| matches!(state, InstanceState::Unknown(_)));
        let operations = self.operations.keys().filter(|state| matches!(state, OperationState::Unknown(_)));
        states.map(InstanceState::as_word).chain(operations.map(OperationState::as_word)).collect()
    }

    /// The life cycles whose documents know every state that was seen. None, where two of them are mixed or a word is new.
    #[must_use]
    pub fn fits(&self) -> Vec<LifeCycle> {
        let fits = |cycle: &LifeCycle| self.states.keys().all(|state| knows(*cycle, state));
        LifeCycle::ALL.into_iter().filter(fits).collect()
    }
}

/// Whether the documents of a life cycle have this state (the table in api-facts 2).
fn knows(cycle: LifeCycle, state: &InstanceState) -> bool {
    use InstanceState as S;
    match state {
        S::Pending | S::Running | S::Stopped | S::ShuttingDown | S::Terminated => true,
        S::Stopping | S::Reinstalling | S::Failed | S::ModifyingIp | S::SwitchInstalling => {
            cycle == LifeCycle::Diagram2025
        }
        S::Error => cycle != LifeCycle::Diagram2025,
        S::Unknown(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(states: &str) -> Words {
        let seen = |word: &str| Sighting { state: Some(InstanceState::from_word(word)), ..Sighting::default() };
        let looks: Vec<Sighting> = states.split_whitespace().map(seen).collect();
        Words::of(&looks)
    }

    #[test]
    fn states_tell_which_documents_the_service_follows() {
        for (states, fits) in [
            ("running running stopped", "prose diagram-2025 diagram-2026"),
            ("running reinstalling", "diagram-2025"),
            ("running error", "prose diagram-2026"),
            ("error failed", ""),
            ("running levitating", ""),
            ("", "prose diagram-2025 diagram-2026"),
        ] {
            let found: Vec<&str> = words(states).fits().into_iter().map(LifeCycle::name).collect();
            assert_eq!(found.join(" "), fits, "{states}");
        }
    }

    /// What the stand-ins play is in the documents that they stand for.
    #[test]
    fn each_life_cycle_knows_the_states_of_its_own_course() {
        for cycle in LifeCycle::ALL {
            let course = cycle.course();
            let states = course.underway.iter().map(|leg| &leg.state).chain([&course.succeeded, &course.failed]);
            for state in states {
                assert!(knows(cycle, state), "{cycle:?} {state}");
            }
        }
    }

    #[test]
    fn words_are_counted_and_new_ones_are_named() {
        let mut words = words("running levitating running");
        assert_eq!(words.states[&InstanceState::Running], 2);
        assert!(words.operations.is_empty(), "not sent");
        words.operations.insert(OperationState::from_word("levitate-succeed"), 1);
        words.operations.insert(OperationState::REINSTALLED, 1);
        assert_eq!(words.unknown(), ["levitating", "levitate-succeed"]);
    }
}
