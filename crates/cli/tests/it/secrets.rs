//! Secrets on the command line are refused and not echoed.

use crate::bench::{Bench, ID};

#[test]
fn typed_secrets_are_refused_with_the_right_way() {
    let bench = Bench::new();
    for (name, args) in [
        ("password", &["run", ID, "--password", "hunter2"][..]),
        ("password with equals", &["run", ID, "--password=hunter2"]),
        ("token", &["list", "--token", "hunter2"]),
        ("check", &["password", "check", "hunter2"]),
        ("stdin with value", &["run", ID, "--password-stdin=hunter2"]),
    ] {
        let shot = bench.refused(args, "");
        assert!(!shot.stderr.contains("hunter2"), "{shot}");
        insta::assert_snapshot!(format!("typed {name}"), shot);
    }
    for args in [
        &["run", ID, "--token=hunter2", "--yes"][..],
        &["--password", "hunter2", "plan", ID],
        &["-vvv", "run", ID, "--password", "hunter2"],
        &["run", ID, "--passwd=hunter2"],
        &["password", "generate", "hunter2"],
    ] {
        let shot = bench.refused(args, "");
        assert!(!shot.stderr.contains("hunter2"), "{args:?}: {shot}");
    }
}
