//! Whole runs over HTTP against the mock in this process.

use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::bench::{Bench, ID, PASSWORD, PROJECT, TOKEN};
use crate::world::{world, world_where};

#[test]
fn every_instance_is_reinstalled_once_and_reported() {
    let world = world(60, TOKEN);
    let shot = world.run(&["--output", "json", "-vvv"]);
    assert_eq!(shot.code, Some(0), "{shot}");
    let report: Value = serde_json::from_str(&shot.stdout).unwrap();
    assert_eq!(report["counts"]["succeeded"], 60, "{shot}");
    assert_eq!(report["conclusion"], "all_succeeded");
    assert_eq!(report["requests"]["ReinstallOS"], 4, "waves of 1, 6 and 53, the last in two batches");
    let names: Vec<&String> = report.as_object().unwrap().keys().collect();
    for name in ["rollout", "project_id", "endpoint", "image_id", "started_at", "finished_at", "instances", "halted"] {
        assert!(names.iter().any(|found| *found == name), "{name} in {names:?}");
    }
    let wiped: Vec<usize> = world.server.with_cloud(|cloud| cloud.wiped().map(|(_, wipes)| wipes.len()).collect());
    assert_eq!(wiped, [1; 60]);
    assert!(shot.stderr.contains("ReinstallOS"), "-vvv tells requests: {shot}");
    for secret in [PASSWORD, TOKEN] {
        assert!(!shot.stdout.contains(secret) && !shot.stderr.contains(secret), "a secret was shown");
    }
}

#[test]
fn a_stream_ends_with_the_summary() {
    let world = world(3, TOKEN);
    let shot = world.run(&["--output", "ndjson"]);
    let events: Vec<Value> = shot.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!((names.first(), names.last()), (Some(&"wave_opened"), Some(&"summary")), "{shot}");
    assert_eq!(events.last().unwrap()["counts"]["succeeded"], 3);
}

#[test]
fn a_token_that_is_not_accepted_starts_nothing() {
    let world = world(3, "another-token");
    let shot = world.run(&["--output", "json"]);
    assert_eq!((shot.code, shot.stdout.as_str()), (Some(3), ""), "{shot}");
    let on_record = world.bench.run(&["rollouts", "--output", "json"], "");
    assert_eq!(on_record.stdout.trim(), "[]", "the instances are read before anything begins");
    assert_eq!(world.server.with_cloud(|cloud| cloud.wiped().count()), 0);
    let listed = world.bench.run(&["list"], "");
    assert_eq!((listed.code, listed.stdout.as_str()), (Some(3), ""), "{listed}");
    assert!(listed.stderr.contains("hint: the gateway does not accept the credentials"), "{listed}");
}

#[test]
fn how_instances_stand_is_shown() {
    let world = world(3, TOKEN);
    let first = world.server.ids()[0].to_string();
    let seen = world.bench.run(&["status", &first], "");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(seen.stdout.contains(&first) && seen.stdout.contains("running"), "{seen}");
    let unknown = world.bench.run(&["status", &first, ID], "");
    assert_eq!(unknown.code, Some(1), "{unknown}");
    assert!(unknown.stdout.contains(ID) && unknown.stdout.contains("gone"), "{unknown}");
    let listed = world.bench.run(&["list", "--state", "running", "--output", "json"], "");
    let plan = world.bench.run(&["plan", "--targets", "-", "--output", "json"], &listed.stdout);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(plan["targets"], 3, "what list prints, plan reads");
    let none = world.bench.run(&["list", "--state", "stopped", "--output", "ndjson"], "");
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), ""), "{none}");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let world = world(100, TOKEN);
    let mut child = world
        .bench
        .command(&["list", "--output", "json", "--project-id", PROJECT])
        .env("REINSTALL_TOKEN", TOKEN)
        .env("REINSTALL_ENDPOINT", world.bench.endpoint())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!((child.wait().unwrap().code(), told.as_str()), (Some(0), ""));
}

#[cfg(unix)]
#[test]
fn one_ctrl_c_watches_what_is_on_its_way_to_its_end() {
    let world = world_where(5, TOKEN, Duration::from_secs(2));
    let (code, report) = world.run_and_interrupt(&["1 installing"]);
    assert_eq!((code, &report["halted"]["cause"]), (Some(4), &"ordered".into()), "{report}");
    assert_eq!((&report["counts"]["succeeded"], &report["counts"]["not_started"]), (&1.into(), &4.into()), "{report}");
    assert_eq!(world.server.with_cloud(|cloud| cloud.wiped().count()), 1);
}

#[cfg(unix)]
#[test]
fn two_ctrl_c_leave_at_once_and_say_what_is_in_progress() {
    let world = world_where(5, TOKEN, Duration::from_secs(600));
    let (code, report) = world.run_and_interrupt(&["1 installing", "halted by operator"]);
    assert_eq!(code, Some(4), "{report}");
    assert_eq!((&report["counts"]["installing"], &report["counts"]["not_started"]), (&1.into(), &4.into()), "{report}");
    assert!(report["conclusion"].is_null() && report["finished_at"].is_null(), "{report}");
}

/// Takes about eleven seconds: that is how long the demo shows its three waves.
#[test]
fn the_demo_ends_with_three_failures_by_design() {
    let shot = Bench::new().run(&["demo", "--output", "json"], "");
    assert_eq!(shot.code, Some(1), "{shot}");
    let report: Value = serde_json::from_str(&shot.stdout).unwrap();
    assert_eq!((&report["counts"]["succeeded"], &report["counts"]["failed"]), (&117.into(), &3.into()), "{shot}");
    let failed = report["instances"].as_array().unwrap().iter().filter(|instance| instance["outcome"] == "failed");
    assert!(failed.clone().all(|instance| instance["reason"]["code"] == "iMetal.0307"), "the cloud's words");
    for told in ["no usable answer; checking 50 instances", "429 throttled"] {
        assert!(shot.stderr.contains(told), "{told}: {shot}");
    }
}

#[test]
fn release_files_are_written_for_both_binaries() {
    let bench = Bench::new();
    assert_eq!(bench.run(&["release-files", "new/folder"], "").code, Some(0));
    for name in ["completions/_reinstall", "completions/reinstall-mock-server.bash", "man/reinstall-run.1"] {
        let text = std::fs::read_to_string(bench.path(&format!("new/folder/{name}"))).unwrap();
        assert!(text.contains("reinstall"), "{name}");
    }
}
