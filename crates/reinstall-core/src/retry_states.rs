//! The states from which instances of an ended rollout are reinstalled again.

use std::collections::BTreeSet;

use crate::instance::InstanceState;
use crate::summary::Outcome;

/// The states to allow for those that ended with `outcome`, if none are named: those that were allowed before, and for those
/// whose reinstall was tried, the states that a reinstall which went wrong leaves behind.
///
/// `failed` is said to allow a reinstall and nothing else, and `error` is its word in the newest documents (api-facts 2). An
/// instance that is `stopped` may have been switched off by a person, and one that is `shutting-down` or `terminated` is being
/// deleted: neither is added.
#[must_use]
pub fn retry_states(outcome: Outcome, before: &BTreeSet<InstanceState>) -> BTreeSet<InstanceState> {
    let mut states = before.clone();
    match outcome {
        Outcome::Failed | Outcome::Unresolved => {
            states.extend([InstanceState::Running, InstanceState::Failed, InstanceState::Error]);
        }
        Outcome::Succeeded | Outcome::Skipped | Outcome::NotStarted => {}
    }
    states
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_tried_may_be_in_the_states_of_a_failure() {
        let words = |outcome, before: &[&str]| {
            let before = before.iter().map(|word| InstanceState::from_word(word)).collect();
            let states = retry_states(outcome, &before);
            let words: BTreeSet<String> = states.iter().map(ToString::to_string).collect();
            words.into_iter().collect::<Vec<_>>().join(" ")
        };
        for (outcome, before, states) in [
            (Outcome::Failed, &["running"][..], "error failed running"),
            (Outcome::Failed, &["stopped"], "error failed running stopped"),
            (Outcome::Unresolved, &["running"], "error failed running"),
            (Outcome::NotStarted, &["running", "stopped"], "running stopped"),
        ] {
            assert_eq!(words(outcome, before), states, "{outcome} {before:?}");
        }
    }
}
