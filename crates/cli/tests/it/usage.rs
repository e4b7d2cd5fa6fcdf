//! Wrong usage: exit code 2, a message that helps, and nothing sent.

use crate::bench::{Bench, ID, OTHER_ID};

/// Were the port deaf, every "nothing was sent" below would mean nothing.
#[test]
fn the_port_notices_who_knocks() {
    let bench = Bench::new();
    let mut child = bench.command(&["list", "--endpoint", bench.endpoint(), "--project-id", "p"]);
    let mut child = child.env("REINSTALL_TOKEN", "t").spawn().unwrap();
    bench.wait_for_a_knock();
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn wrong_usage() {
    let bench = Bench::new();
    for (name, args) in [
        ("unknown flag", &["run", ID, "--fast"][..]),
        ("unknown command", &["wipe"]),
        ("no command", &[]),
        ("wrong duration", &["run", ID, "--poll-every", "15"]),
        ("wrong share", &["run", ID, "--failures-max", "ten"]),
        ("wrong waves", &["run", ID, "--waves", "1,0"]),
        ("wrong state", &["run", ID, "--start-from", "runing"]),
        ("two passwords", &["run", ID, "--password-stdin", "--password-file", "pw"]),
        ("unsound policy", &["run", ID, "--yes", "--batch-max", "51", "--attempts", "0", "--poll-every", "90s"]),
        ("status of nobody", &["status"]),
        ("status of a wrong id", &["status", "i-1"]),
        ("stdin twice", &["run", "--targets", "-", "--password-stdin", "--yes"]),
        ("empty image", &["run", ID, "--yes", "--password-file", "pw", "--image-id", " "]),
        ("image and none", &["run", ID, "--image-id", ID, "--keep-image"]),
        ("plain http", &["list", "--endpoint", "http://192.0.2.1"]),
        ("project", &["list", "--project-id", "a/b"]),
    ] {
        insta::assert_snapshot!(format!("usage {name}"), bench.refused(args, ""));
    }
}

#[test]
fn missing_settings_are_told_at_once() {
    let bench = Bench::new();
    let shot = bench.run_with(&["run", ID, "--yes"], "", &[]);
    insta::assert_snapshot!(shot);
}

#[test]
fn without_yes_and_without_a_terminal_nothing_starts() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.refused(&["run", ID, OTHER_ID, "--password-file", "pw"], ""));
    // Not even somebody who types the number blindly.
    bench.refused(&["run", ID, "--password-file", "pw"], "1\n");
}

#[test]
fn without_a_password_nothing_starts() {
    insta::assert_snapshot!(Bench::new().refused(&["run", ID, "--yes"], ""));
}

#[test]
fn an_offline_plan_sends_nothing() {
    let bench = Bench::new();
    let shot = bench.run(&["plan", "--offline", ID, OTHER_ID], "");
    // The hash covers the endpoint, and its port is another one each time.
    let hash = shot.stdout.lines().next().unwrap().trim_start_matches("Plan ").trim().to_owned();
    assert_eq!(hash.len(), 8, "{shot}");
    insta::assert_snapshot!("plan", shot.to_string().replace(&hash, "(hash)"));
    let json = bench.run(&["plan", ID, "--offline", "--output", "json"], "");
    let value: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(value["waves"][0]["batches"][0][0], ID);
    assert_eq!((json.code, json.stderr.as_str()), (Some(0), ""));
    bench.assert_nothing_sent();
}

#[test]
fn help_and_version_are_no_errors() {
    let bench = Bench::new();
    for args in [&["--help"][..], &["run", "--help"], &["--version"]] {
        let shot = bench.run(args, "");
        assert_eq!((shot.code, shot.stderr.as_str()), (Some(0), ""), "{args:?}");
    }
    let help = bench.run(&["run", "--help"], "").stdout;
    for promised in ["Exit codes", "Examples", "--settle-after", "default: 1,10%,100%"] {
        assert!(help.contains(promised), "{promised}: {help}");
    }
    assert!(!help.contains("--password <"), "the traps are not shown: {help}");
}
