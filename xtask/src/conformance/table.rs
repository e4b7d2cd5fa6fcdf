//! The published table: which operation was driven by whom, and held against what. Made from evidence, never typed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::Deserialize;

/// What the conformance suite has found.
#[derive(Deserialize)]
pub(super) struct Tested {
    /// Where its random cases began.
    seed: u64,
    /// The operations, each with its method and path.
    documents: BTreeMap<String, String>,
    statuses: Statuses,
    contract: Contract,
    clouddc: Fuzzed,
    admin: Fuzzed,
    /// Only in a long run.
    altered: Option<Altered>,
}

/// Whether documents that say something else than the server does are seen to be wrong.
#[derive(Deserialize)]
struct Altered {
    /// How many were tried; all of them were seen, or the suite has failed.
    altered: u64,
}

#[derive(Deserialize)]
struct Statuses {
    /// The statuses that were provoked of each operation, and were as documented.
    seen: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Contract {
    /// How many checks passed.
    checks: u64,
    /// How many kinds of servers they were run against.
    kinds: u64,
    /// How many servers that break the contract were seen to.
    broken: u64,
}

/// What schemathesis has found.
#[derive(Deserialize)]
struct Fuzzed {
    schemathesis: String,
    cases: u64,
    failures: u64,
    /// How many well-formed cases of each operation were not refused, by method and path.
    accepted: BTreeMap<String, u64>,
    /// What was not held against the server, and how often.
    dropped: BTreeMap<String, u64>,
}

/// What the official clients have seen.
#[derive(Deserialize)]
pub(super) struct Seen {
    /// Operation, client, and the statuses that it got to read from calls that no fault rule altered.
    driven: BTreeMap<String, BTreeMap<String, Vec<u16>>>,
    /// Operation, client, fault, and how the client took it.
    survived: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
}

/// As Markdown: a row an operation, and below it which faults there were. The same evidence in another run gives the same.
pub(super) fn table(tested: &Tested, seen: &Seen) -> String {
    let faults: BTreeSet<&str> =
        seen.survived.values().flat_map(BTreeMap::values).flat_map(BTreeMap::keys).map(String::as_str).collect();
    let mut text = "| operation | driven by, and what it was answered | schemathesis | statuses as documented | faults survived |\n\
                    |---|---|---|---|---|\n"
        .to_owned();
    for (operation, address) in &tested.documents {
        let driven =
            seen.driven.get(operation).map(|clients| clients.iter().map(|(by, statuses)| driven(by, statuses)));
        let driven =
            driven.map_or_else(|| "no official client".to_owned(), |lines| lines.collect::<Vec<_>>().join("; "));
        let is_fuzzed = tested.clouddc.failures == 0 && tested.clouddc.cases > 0;
        let provoked = tested.statuses.seen.get(operation).map(|statuses| statuses.join(", ")).unwrap_or_default();
        let survived = seen.survived.get(operation).map(|clients| survived(clients, &faults));
        let survived = survived.unwrap_or_else(|| "-".to_owned());
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {operation}<br>`{address}` | {driven} | {} | {provoked} | {survived} |",
            if is_fuzzed { "no failure" } else { "failures" },
        );
    }
    let faults = faults.into_iter().collect::<Vec<_>>().join("; ");
    let _ = writeln!(text, "\nThe faults: {faults}.");
    text
}

fn driven(by: &str, statuses: &[u16]) -> String {
    let statuses = statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    format!("{by}: {statuses}")
}

/// How many of the faults clients survived, or which, if there were others for other operations.
fn survived(clients: &BTreeMap<String, BTreeMap<String, String>>, faults: &BTreeSet<&str>) -> String {
    let told = clients.iter().map(|(by, survived)| {
        let missing: Vec<&str> = faults.iter().copied().filter(|fault| !survived.contains_key(*fault)).collect();
        match missing.is_empty() {
            true => format!("{by}: all {}", faults.len()),
            false => format!("{by}: {} of {}, without {}", survived.len(), faults.len(), missing.join(" and ")),
        }
    });
    told.collect::<Vec<_>>().join("; ")
}

/// What there is to know of the run, a line each.
pub(super) fn facts(tested: &Tested) -> String {
    let Tested { clouddc, admin, contract, .. } = tested;
    let mut text = format!(
        "- schemathesis {}, seed {}: {} cases of the provider's API, {} failures; {} cases of the admin API, {} failures\n",
        clouddc.schemathesis, tested.seed, clouddc.cases, clouddc.failures, admin.cases, admin.failures,
    );
    for (name, fuzzed) in [("the provider's API", clouddc), ("the admin API", admin)] {
        for (why, count) in &fuzzed.dropped {
            let _ = writeln!(text, "- not held against {name}: {count} times {why}");
        }
    }
    let accepted = |name: &str| {
        let address = tested.documents.get(name)?;
        Some(format!("{} of {name}", clouddc.accepted.get(address)?))
    };
    let writes = ["ReinstallOS", "ChangeInstancePassword", "BatchCreateTags", "BatchDeleteTags"];
    let writes = writes.iter().filter_map(|name| accepted(name)).collect::<Vec<_>>().join(", ");
    let _ = writeln!(text, "- of the well-formed cases were not refused: {writes}");
    let _ = writeln!(
        text,
        "- {} checks of the contract passed against {} kinds of servers, and {} broken ones were seen to be",
        contract.checks, contract.kinds, contract.broken,
    );
    if let Some(Altered { altered }) = &tested.altered {
        let _ = writeln!(text, "- {altered} documents that were altered in one place were seen to be wrong");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TESTED: &str = r#"{"seed": 7, "documents": {"ListInstances": "GET /i", "ShowInstanceStatus": "GET /i/s"},
        "statuses": {"passed": true, "seen": {"ListInstances": ["200", "400"]}},
        "contract": {"checks": 128, "kinds": 4, "broken": 10},
        "clouddc": {"schemathesis": "4.32.5", "cases": 5001, "failures": 0, "accepted": {"GET /i": 3}, "dropped": {"why": 2}},
        "admin": {"schemathesis": "4.32.5", "cases": 2000, "failures": 0, "accepted": {}, "dropped": {}},
        "altered": {"passed": true, "altered": 7}}"#;
    const SEEN: &str = r#"{"driven": {"ListInstances": {"sdk 3.1": [200, 404], "other 1": [200]}},
        "survived": {"ListInstances": {"sdk 3.1": {"hang": "SdkException"}},
                     "ShowInstanceStatus": {"sdk 3.1": {"hang": "SdkException", "reset": "SdkException"}}}}"#;

    #[test]
    fn a_row_says_what_was_seen_and_no_more() {
        let table = table(&serde_json::from_str(TESTED).unwrap(), &serde_json::from_str(SEEN).unwrap());
        let rows: Vec<&str> = table.lines().collect();
        assert_eq!(
            rows[2],
            "| ListInstances<br>`GET /i` | other 1: 200; sdk 3.1: 200, 404 | no failure | 200, 400 | sdk 3.1: 1 of 2, without reset |"
        );
        assert_eq!(
            rows[3],
            "| ShowInstanceStatus<br>`GET /i/s` | no official client | no failure |  | sdk 3.1: all 2 |"
        );
        assert_eq!(rows.last(), Some(&"The faults: hang; reset."));
    }

    #[test]
    fn a_failure_shows_in_every_row() {
        let failing = TESTED.replacen(r#""failures": 0"#, r#""failures": 1"#, 1);
        let table = table(&serde_json::from_str(&failing).unwrap(), &serde_json::from_str(SEEN).unwrap());
        assert_eq!(table.matches("| failures |").count(), 2);
    }

    #[test]
    fn the_facts_tell_what_was_not_held_against_it() {
        let facts = facts(&serde_json::from_str(TESTED).unwrap());
        assert!(facts.contains("seed 7: 5001 cases of the provider's API, 0 failures"), "{facts}");
        assert!(facts.contains("2 times why") && facts.contains("7 documents"), "{facts}");
    }
}
