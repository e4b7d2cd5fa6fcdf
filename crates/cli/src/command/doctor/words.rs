//! Which words the service uses for its instances, and what that means for a rollout.

use reinstall_core::id::InstanceId;
use reinstall_core::instance::{InstanceState, OperationState};
use reinstall_core::lifecycle::LifeCycle;
use reinstall_core::sighting::Sighting;
use reinstall_http::probe::FirstPage;
use reinstall_http::probe::words::Words;

use crate::render::doctor::Check;

pub(super) const LIFE_CYCLE: &str = "life_cycle";

/// One instance in two words, as in `running, reinstall-succeed`.
pub(super) fn standing(seen: &Sighting) -> String {
    let state = seen.state.as_ref().map_or("no state", InstanceState::as_word);
    let operation = seen.operation.as_ref().map_or("no operation_state", OperationState::as_word);
    format!("{state}, {operation}")
}

/// The words of the first page, or of the one instance that was looked at, and whether both calls use the same.
pub(super) fn life_cycle(page: Option<&FirstPage>, status: Option<&(InstanceId, Sighting)>) -> Check {
    let listed = page.map(|page| &page.instances[..]).unwrap_or_default();
    let looks = listed.iter().map(|(_, seen)| seen).chain(status.map(|(_, seen)| seen).filter(|_| listed.is_empty()));
    let words = Words::of(looks);
    if words.states.is_empty() && words.operations.is_empty() {
        return Check::skipped(LIFE_CYCLE, "no instance was seen (above)");
    }
    let details = vec![
        format!("state: {}", shown(words.states.iter().map(|(state, count)| (state.as_word(), *count)))),
        format!("operation_state: {}", shown(words.operations.iter().map(|(state, count)| (state.as_word(), *count)))),
    ];
    let row = status.and_then(|(id, _)| listed.iter().find(|(listed, _)| listed == id)).map(|(_, seen)| seen);
    let trouble = strange(&words, row, status.map(|(_, seen)| seen));
    let fits: Vec<&str> = words.fits().into_iter().map(LifeCycle::name).collect();
    let seen = if fits.is_empty() {
        "the states are of no one documented life cycle".to_owned()
    } else {
        format!(
            "the states fit {} of the {} documented life cycles: {}",
            fits.len(),
            LifeCycle::ALL.len(),
            fits.join(", ")
        )
    };
    match trouble {
        None => Check::ok(LIFE_CYCLE, seen),
        Some((what, advice)) => Check::warning(LIFE_CYCLE, format!("{seen}; {what}"), advice),
    }
    .with_details(details)
}

/// `119 running, 1 stopped`
fn shown<'a>(words: impl Iterator<Item = (&'a str, usize)>) -> String {
    let words: Vec<String> = words.map(|(word, count)| format!("{count} {word}")).collect();
    if words.is_empty() { "not sent".into() } else { words.join(", ") }
}

/// What is unlike the documents, and what that means.
fn strange(words: &Words, listed: Option<&Sighting>, asked: Option<&Sighting>) -> Option<(String, &'static str)> {
    let unknown = words.unknown();
    if !unknown.is_empty() {
        return Some((
            format!("no document has {}", unknown.join(", ")),
            "an unknown word counts as still in progress; begin with one instance, and report the words to us",
        ));
    }
    let sends_operation = |seen: Option<&Sighting>| seen.is_some_and(|seen| seen.operation.is_some());
    if words.operations.is_empty() && sends_operation(asked) {
        return Some((
            "only the status call sends operation_state".into(),
            "instances are looked at one by one, which takes a request each",
        ));
    }
    if words.operations.is_empty() && !sends_operation(asked) {
        return Some((
            "operation_state is not sent".into(),
            "a reinstall shows in `state` alone; where that stays `running` throughout, expect `unresolved`",
        ));
    }
    if words.fits().is_empty() {
        return Some(("two of them are mixed".into(), "rollouts cope; begin with one instance, and report it to us"));
    }
    let (listed, asked) = (listed?, asked?);
    (listed.state != asked.state || listed.operation != asked.operation).then(|| {
        (
            format!("the list says {} and the status call {}", standing(listed), standing(asked)),
            "run it again: if no operation is under way there, the two calls disagree; report it to us",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::doctor::Verdict;

    /// `state/operation`, `-` for what is not sent.
    fn seen(text: &str) -> Sighting {
        let (state, operation) = text.split_once('/').unwrap();
        Sighting {
            state: (state != "-").then(|| InstanceState::from_word(state)),
            operation: (operation != "-").then(|| OperationState::from_word(operation)),
            ..Sighting::default()
        }
    }

    #[test]
    fn what_is_unlike_the_documents_is_worth_a_word() {
        let ok = Verdict::Ok;
        let warning = Verdict::Warning;
        for (listed, asked, verdict, words) in [
            ("running/install-succeed", "running/install-succeed", ok, "fit 3 of the 3"),
            ("running/install-succeed error/install-failed", "running/install-succeed", ok, "prose, diagram-2026"),
            ("levitating/install-succeed", "levitating/install-succeed", warning, "no document has levitating"),
            ("running/levitate-succeed", "running/levitate-succeed", warning, "no document has levitate-succeed"),
            ("running/-", "running/install-succeed", warning, "only the status call"),
            ("running/-", "running/-", warning, "operation_state is not sent"),
            ("error/install-failed failed/install-failed", "error/install-failed", warning, "mixed"),
            ("running/install-succeed", "stopped/install-succeed", warning, "the list says running"),
            ("", "running/install-succeed", ok, "fit 3"),
        ] {
            let rows = listed.split_whitespace().enumerate();
            let rows = rows.map(|(nth, text)| (InstanceId::from_bits(nth as u128), seen(text))).collect();
            let page = FirstPage { instances: rows, unreadable: 0, count: None };
            let check = life_cycle(Some(&page), Some(&(InstanceId::from_bits(0), seen(asked))));
            assert_eq!(check.verdict, verdict, "{listed} {asked}: {check:?}");
            assert!(check.seen.contains(words), "{words} in {}", check.seen);
        }
        assert_eq!(life_cycle(None, None).verdict, Verdict::Skipped);
    }

    #[test]
    fn words_are_counted() {
        let rows = ["running/install-succeed", "stopped/install-succeed", "running/reinstall-succeed"];
        let rows = rows.iter().enumerate().map(|(nth, text)| (InstanceId::from_bits(nth as u128), seen(text)));
        let page = FirstPage { instances: rows.collect(), unreadable: 0, count: None };
        assert_eq!(
            life_cycle(Some(&page), None).details,
            ["state: 2 running, 1 stopped", "operation_state: 2 install-succeed, 1 reinstall-succeed"]
        );
    }
}
