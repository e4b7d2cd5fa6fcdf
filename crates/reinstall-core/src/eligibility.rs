//! Whether an instance may be reinstalled as it is now. Asked by a plan, and again right before each request.

use crate::comparison::is_busy;
use crate::evidence::Words;
use crate::mutant::{Mutant, planted};
use crate::policy::Policy;
use crate::sighting::Sighting;
use crate::summary::Reason;
use crate::survey::Surveyed;

/// Why an instance that looks like this must not be reinstalled now; `None` if nothing speaks against it.
///
/// `expected` is what the plan says that the instance is. A field that either side lacks is not compared.
#[must_use]
pub fn objection(policy: &Policy, expected: Option<&Surveyed>, seen: &Sighting) -> Option<Reason> {
    let states = &policy.start_states;
    if is_busy(seen) && !planted(Mutant::BusyIsFit) {
        return Some(Reason::new("busy", format!("another operation is in progress: {}", words(seen))));
    }
    if let Some(drift) = expected.and_then(|expected| expected.drift(seen)) {
        return Some(Reason::new("changed", drift.to_string()));
    }
    match &seen.state {
        Some(state) if states.contains(state) || planted(Mutant::AnyStateIsFit) => None,
        Some(_) => {
            let wanted: Vec<&str> = states.iter().map(|state| state.as_word()).collect();
            Some(Reason::new("wrong_state", format!("{}; it must be {}", words(seen), wanted.join(" or "))))
        }
        None => Some(Reason::new("state_unknown", "the cloud does not show its state")),
    }
}

fn words(seen: &Sighting) -> Words {
    seen.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::sighting;

    #[test]
    fn an_instance_has_to_be_idle_as_expected_and_in_a_state_to_start_from() {
        let named = |name: &str| Surveyed { name: Some(name.into()), ..Surveyed::default() };
        for (seen, name, expected, code) in [
            ("running", None, None, None),
            ("running/reinstall-succeed", Some("web-1"), Some(named("web-1")), None),
            ("running", None, Some(named("web-1")), None),
            ("running", Some("db-1"), Some(named("web-1")), Some("changed")),
            ("running/reinstall-processing", None, None, Some("busy")),
            ("pending", Some("db-1"), Some(named("web-1")), Some("busy")),
            ("stopped", None, None, Some("wrong_state")),
            ("-", None, None, Some("state_unknown")),
        ] {
            let seen = Sighting { name: name.map(Into::into), ..sighting(seen) };
            let reason = objection(&Policy::default(), expected.as_ref(), &seen);
            assert_eq!(reason.as_ref().map(|reason| reason.code.as_str()), code, "{seen:?}");
        }
    }
}
