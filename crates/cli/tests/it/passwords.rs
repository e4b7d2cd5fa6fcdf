//! Passwords: every rule on its own, from every source, and never shown.

use crate::bench::{Bench, ID, PASSWORD, set_mode};

#[test]
fn each_rule_refuses_on_its_own() {
    let bench = Bench::new();
    for (rule, password) in [
        ("length_min", "Abcde1!"),
        ("length_max", "Abcdefghijklmnopqrstuvwxy1!"),
        ("classes_min", "abcdefgh1"),
        ("characters", "Abcdef1#"),
        ("user_name", "xrootX1!"),
        ("user_name_reversed", "xtoorX1!"),
    ] {
        let shot = bench.refused(&["run", ID, "--yes", "--password-stdin"], password);
        assert!(shot.stderr.contains(&format!("({rule})")), "{rule}: {shot}");
        assert!(!shot.stderr.contains(password), "{rule}: {shot}");
        let checked = bench.run(&["password", "check", "--password-stdin"], password);
        assert_eq!(checked.code, Some(2));
        assert!(checked.stdout.starts_with(&format!("{rule}: ")), "{checked}");
        assert_eq!(checked.stdout.lines().count(), 1, "{checked}");
    }
    insta::assert_snapshot!(bench.refused(&["run", ID, "--yes", "--password-stdin"], "ro~t\n"));
}

#[test]
fn a_good_password_is_allowed() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.run(&["password", "check", "--password-stdin"], "Abcdef1!\n"));
    let two_breaks = bench.run(&["password", "check", "--password-stdin"], "Abcdef1!\n\n");
    assert_eq!(two_breaks.code, Some(2), "only one line break is taken: {two_breaks}");
}

#[test]
fn generated_passwords_are_allowed_and_differ() {
    let bench = Bench::new();
    let generate = |args: &[&str]| bench.run(&[&["password", "generate"], args].concat(), "");
    let (one, other) = (generate(&[]), generate(&[]));
    assert_ne!(one.stdout, other.stdout);
    assert_eq!((one.stdout.trim_end().len(), one.stderr.as_str()), (24, ""));
    assert_eq!(generate(&["--length", "8"]).stdout.trim_end().len(), 8);
    assert_eq!(bench.run(&["password", "check", "--password-stdin"], &one.stdout).code, Some(0));
    insta::assert_snapshot!(generate(&["--length", "27"]));
}

#[cfg(unix)]
#[test]
fn a_secret_that_others_can_read_is_refused() {
    let bench = Bench::new();
    set_mode(&bench.path("pw"), 0o644);
    insta::assert_snapshot!(bench.refused(&["run", ID, "--yes", "--password-file", "pw"], ""));
    bench.secret_file("token", PASSWORD);
    set_mode(&bench.path("token"), 0o640);
    insta::assert_snapshot!(bench.refused(&["status", ID, "--token-file", "token"], ""));
}
