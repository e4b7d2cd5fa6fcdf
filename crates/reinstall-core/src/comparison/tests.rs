//! Baseline, what was shown since, observation: what it says. One table a question.

use super::Comparison::{Ambiguous, CameBack, Completed, Failed, InProgress, StaleError, Unavailable, Unchanged};
use super::*;
use crate::testing::sighting;

const NOTHING: Shown = Shown { installing: None, progress: false };
const STATE: Shown = Shown { installing: None, progress: true };
const OPERATION: Shown = Shown { installing: Some(Operation::Reinstall), progress: true };

#[track_caller]
fn check(shown: Shown, rows: &[(&str, &str, Comparison)]) {
    for (baseline, seen, says) in rows {
        let (baseline, seen) = (sighting(baseline), sighting(seen));
        let reference = Reference { baseline: &baseline, shown };
        assert_eq!(compare(&seen, &reference), *says, "{baseline:?} {shown:?} -> {seen:?}");
    }
}

#[test]
fn a_service_without_operation_words() {
    check(
        NOTHING,
        &[
            ("running", "running", Unchanged),
            ("running", "pending", InProgress),
            ("running", "reinstalling", InProgress),
            ("running", "defragmenting", InProgress),
            ("running", "RUNNING", InProgress),
            ("running", "stopping", Ambiguous),
            ("running", "stopped", Ambiguous),
            ("running", "modifyIping", Ambiguous),
            ("stopped", "running", Ambiguous),
            ("stopped", "stopped", Unchanged),
            ("running", "failed", Failed),
            ("running", "error", Failed),
            ("running", "terminated", Failed),
            ("running", "shutting-down", Failed),
            ("failed", "failed", Unchanged),
            ("failed", "running", CameBack),
            ("running", "running/-/X.1", Ambiguous),
            ("running/-/X.1", "running/-/X.1", Unchanged),
            ("running/-/X.1", "running/-/X.2", Failed),
        ],
    );
    check(
        STATE,
        &[
            ("running", "running", CameBack),
            ("running", "pending", InProgress),
            ("running", "stopped", Ambiguous),
            ("failed", "failed", Failed),
            ("running/-/X.1", "running", CameBack),
            ("running/-/X.1", "running/-/X.1", StaleError),
        ],
    );
}

#[test]
fn operation_words_lead() {
    check(
        NOTHING,
        &[
            ("running/install-succeed", "running/install-succeed", Unchanged),
            ("running/install-succeed", "running/reinstall-processing", InProgress),
            ("running/install-succeed", "running/reinstall-succeed", Completed),
            ("running/install-succeed", "running/reinstall-failed", Failed),
            ("running/install-succeed", "running/reinstall-succeed/X.1", StaleError),
            ("running/install-succeed/X.2", "running/reinstall-succeed/X.1", Failed),
            ("running/install-succeed/X.1", "running/reinstall-succeed/X.1", Completed),
            ("running/install-succeed/X.1", "running/reinstall-succeed", Completed),
            ("running/install-succeed", "pending/reinstall-succeed", InProgress),
            ("running/install-succeed", "stopped/reinstall-succeed", InProgress),
            ("running/install-succeed", "error/reinstall-succeed", Failed),
            ("running/install-succeed", "running/reinstall-pondering", InProgress),
            ("running/install-succeed", "running/REINSTALL-SUCCEED", InProgress),
            ("running/install-succeed", "running/modify-ip-processing", Ambiguous),
            ("running/install-succeed", "running/modify-ip-succeed", Ambiguous),
            ("running/install-succeed", "pending/modify-ip-succeed", InProgress),
        ],
    );
}

#[test]
fn left_overs_prove_nothing() {
    check(
        NOTHING,
        &[
            ("running/reinstall-succeed", "running/reinstall-succeed", Unchanged),
            ("running/reinstall-failed/X.1", "running/reinstall-failed/X.1", Unchanged),
            ("running/reinstall-failed/X.1", "running/reinstall-failed/X.2", Failed),
            ("failed/reinstall-failed/X.1", "running/reinstall-succeed", Completed),
        ],
    );
    // A reboot by a stranger shows `pending` and brings back the word of before.
    check(STATE, &[("running/reinstall-succeed", "running/reinstall-succeed", CameBack)]);
    check(STATE, &[("running/reinstall-failed", "running/reinstall-failed", CameBack)]);
    check(
        OPERATION,
        &[
            ("running/reinstall-succeed", "running/reinstall-succeed", Completed),
            ("running/reinstall-failed", "running/reinstall-failed", Failed),
            // The word of before, after another operation: it went back to where it was.
            ("running/install-succeed", "running/install-succeed", CameBack),
        ],
    );
}

#[test]
fn a_field_that_vanished_proves_nothing() {
    check(
        NOTHING,
        &[
            ("running/install-succeed", "running", Unavailable),
            ("running/install-succeed", "failed", Ambiguous),
            ("running/install-succeed", "stopped", Ambiguous),
            ("running", "-", Unavailable),
            ("running/install-succeed", "-/reinstall-succeed", Unavailable),
            ("running/-/X.1", "running", Unavailable),
            // What shows progress keeps it from being called unchanged.
            ("running/install-succeed", "pending", InProgress),
            ("running/install-succeed", "-/reinstall-processing", InProgress),
        ],
    );
    check(OPERATION, &[("running", "running", Unavailable)]);
}

#[test]
fn a_word_from_a_field_that_the_baseline_lacked_is_not_new() {
    check(
        NOTHING,
        &[
            ("running", "running/reinstall-succeed", Ambiguous),
            ("running", "running/reinstall-failed", Ambiguous),
            ("running", "running/install-succeed", Ambiguous),
            ("running", "running/reinstall-processing", InProgress),
        ],
    );
    check(OPERATION, &[("running", "running/reinstall-succeed", Completed)]);
    check(STATE, &[("running", "running/reinstall-succeed", CameBack)]);
}

#[test]
fn one_call_is_not_compared_with_the_other() {
    let baseline = sighting("running/install-succeed");
    for (seen, says, after_progress) in [
        ("running/install-succeed", Unavailable, CameBack),
        ("running/reinstall-succeed", Unavailable, Completed),
        ("running/reinstall-failed", Unavailable, Failed),
        ("running", Unavailable, Unavailable),
        ("error", Ambiguous, Unavailable),
        ("running/reinstall-processing", InProgress, InProgress),
        ("pending", InProgress, InProgress),
        ("stopped/install-succeed", Ambiguous, Ambiguous),
    ] {
        let other = Sighting { via: Via::Status, ..sighting(seen) };
        let compared = |shown| compare(&other, &Reference { baseline: &baseline, shown });
        assert_eq!(compared(NOTHING), says, "{seen}");
        assert_eq!(compared(OPERATION), after_progress, "{seen} after progress");
    }
}

#[test]
fn time_strings_prove_nothing() {
    let baseline = Sighting { updated_at: Some("2026-01-01".into()), ..sighting("running") };
    let seen = Sighting { updated_at: Some("2026-11-23".into()), ..sighting("running") };
    assert_eq!(compare(&seen, &Reference { baseline: &baseline, shown: NOTHING }), Unchanged);
}

#[test]
fn busy_instances_are_told_from_idle_ones() {
    for busy in [
        "pending",
        "stopping",
        "modifyIping",
        "running/reinstall-processing",
        "running/modify-ip-processing",
        "running/migrate-processing",
        "running/REINSTALL-PROCESSING",
        "running/Install-Succeed",
        "running/who-knows",
        "defragmenting",
    ] {
        assert!(is_busy(&sighting(busy)), "{busy}");
    }
    for idle in ["running", "stopped", "failed", "running/reinstall-succeed", "running/reinstall-failed/X.1"] {
        assert!(!is_busy(&sighting(idle)), "{idle}");
    }
}

#[test]
fn of_two_rows_the_more_worrying_one_is_told() {
    for (one, other, is_more) in [
        ("running/install-succeed", "running/reinstall-processing", Some(true)),
        ("running/reinstall-processing", "running/install-succeed", Some(false)),
        ("running", "error", Some(true)),
        ("error", "pending", Some(true)),
        ("running", "stopped", Some(true)),
        ("running", "running/-/X.1", Some(true)),
        ("running", "running", Some(false)),
        ("running/install-succeed", "running/reinstall-succeed", None),
    ] {
        assert_eq!(is_more_worrying(&sighting(other), &sighting(one)), is_more, "{one}, {other}");
    }
}
