//! What the site allows, and what it does not.

use serde_json::Value;

use crate::bench::{Shot, TOKEN};
use crate::world::{SPED_UP, World, world};

impl World {
    fn run_under(&self, policy: &str, args: &[&str]) -> Shot {
        let path = self.bench.secret_file("policy.toml", policy);
        self.list_everybody();
        let base = ["run", "--yes", "--targets", "fleet.txt", "--policy", path.to_str().unwrap()];
        self.bench.run(&[&base[..], &SPED_UP[..], args].concat(), "")
    }
}

#[test]
fn ceilings_and_protection_hold_and_tell_their_reason() {
    let world = world(4, TOKEN);
    let id = world.server.ids()[2];
    let tags = vec![("role".to_owned(), Some("primary".to_owned()))];
    world.server.with_cloud(|cloud| cloud.set_tags(id, tags));
    let by_id = format!("[[protected]]\nids = [\"{id}\"]\nreason = \"holds the licence server\"\n");
    for (policy, args, told) in [
        ("instances_per_run_max = 3\n", &[][..], "at most 3 may be in one run"),
        ("instances_per_day_max = 3\n", &[], "in the last 24 hours"),
        ("in_flight_max = 2\n", &["--in-flight-max", "3"], "in_flight_max"),
        (&by_id, &[], "holds the licence server"),
        ("[[protected]]\nnames = [\"*\"]\nreason = \"nobody at all\"\n", &[], "nobody at all"),
        ("[[protected]]\ntags = [\"role=prim*\"]\nreason = \"primary database\"\n", &[], "primary database"),
        ("allowed_hours = [\"Mon 03:00-03:01\"]\n", &[], "time_zone"),
        ("instances_per_run_max = 0\n", &[], "policy.toml:1"),
        ("instances_max = 3\n", &[], "unknown field"),
    ] {
        let refused = world.run_under(policy, args);
        assert_eq!(refused.code, Some(2), "{policy}: {refused}");
        assert!(refused.stderr.contains(told), "{policy}: {refused}");
    }
    assert_eq!(world.wipes(), [0; 4]);

    let lowered = world.run_under("in_flight_max = 1\n", &["--output", "ndjson"]);
    assert_eq!(lowered.code, Some(0), "{lowered}");
    let largest = lowered.stdout.lines().filter_map(|line| {
        let event: Value = serde_json::from_str(line).unwrap();
        (event["event"] == "submitting").then(|| event["instances"].as_u64().unwrap())
    });
    assert_eq!(largest.max(), Some(1), "a default is lowered and not refused");
    let spent = world.run_under("instances_per_day_max = 7\n", &[]);
    assert!(spent.code == Some(2) && spent.stderr.contains("4 instances were submitted"), "{spent}");
}

/// Six runs that start at the same moment, with five instances each, where ten a day are allowed.
#[test]
fn runs_that_start_at_once_stay_within_the_day_together() {
    let world = world(30, TOKEN);
    world.bench.secret_file("policy.toml", "instances_per_day_max = 10\n");
    let ids: Vec<String> = world.server.ids().iter().map(ToString::to_string).collect();
    let run = |ids: &[String]| {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        world.spawn(&[&["run", "--yes", "--policy", "policy.toml"], &ids[..], &SPED_UP[..]].concat())
    };
    let runs: Vec<_> = ids.chunks(5).map(run).collect();
    let codes: Vec<_> = runs.into_iter().map(|child| child.wait_with_output().unwrap().status.code()).collect();
    let begun = codes.iter().filter(|code| **code == Some(0)).count();
    // What the first of them has submitted counts twice until it ends, so that it may stay alone.
    assert!((1..=2).contains(&begun), "{codes:?}");
    assert_eq!(world.wipes().iter().sum::<usize>(), 5 * begun);
}

#[test]
fn those_that_are_down_count_as_unavailable() {
    let world = world(6, TOKEN);
    let down = world.server.ids()[5];
    let stopped = reinstall_mock_server::cloud::config::Start {
        state: reinstall_core::instance::InstanceState::Stopped,
        ..reinstall_mock_server::cloud::config::Start::default()
    };
    world.server.with_cloud(|cloud| cloud.set_start(down, stopped));
    // One is down already, so that there is room for one at a time; then for none.
    let two = world.run_under("", &["--max-unavailable", "2", "--output", "json"]);
    let report: Value = serde_json::from_str(&two.stdout).unwrap();
    assert_eq!((&report["counts"]["succeeded"], &report["counts"]["skipped"]), (&5.into(), &1.into()), "{two}");
    let none = world.run_under("", &["--max-unavailable", "1", "--output", "json"]);
    let report: Value = serde_json::from_str(&none.stdout).unwrap();
    assert_eq!((none.code, &report["halted"]["cause"]), (Some(4), &"too_few_available".into()), "{none}");
    assert_eq!(world.wipes(), [1, 1, 1, 1, 1, 0]);
}

/// A rule that the site made after a rollout began holds for what is left of it.
#[cfg(unix)]
#[test]
fn what_the_site_protects_by_now_is_not_resumed() {
    let world = crate::world::world_where(5, TOKEN, std::time::Duration::from_secs(2));
    world.list_everybody();
    let mut child = world.spawn(&[&["run", "--yes", "--targets", "fleet.txt"], &SPED_UP[..]].concat());
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap())).map(Result::unwrap);
    assert!(lines.any(|line| line.contains("1 installing")));
    child.kill().unwrap();
    child.wait().unwrap();
    // What it may still submit counts against the day, though only one instance was submitted so far.
    let others = "0b29c7a1-0000-4000-8000-0000000000aa";
    world.bench.secret_file("policy.toml", "instances_per_day_max = 5\n");
    let sixth = [&["run", "--yes", others, "--policy", "policy.toml"], &SPED_UP[..]].concat();
    let over = world.bench.run(&sixth, "");
    assert!(over.code == Some(2) && over.stderr.contains("in the last 24 hours"), "{over}");
    let last = world.server.ids()[4];
    world.bench.secret_file("policy.toml", &format!("[[protected]]\nids = [\"{last}\"]\nreason = \"moved to prod\"\n"));
    let resume = ["resume", "--yes", "--password-file", "pw", "--policy", "policy.toml"];
    let refused = world.bench.run(&resume, "");
    assert!(refused.code == Some(2) && refused.stderr.contains("moved to prod"), "{refused}");
    assert!(refused.stderr.contains("reinstall halt"), "{refused}");
    let rows: Value = serde_json::from_str(&world.bench.run(&["rollouts", "--output", "json"], "").stdout).unwrap();
    let id = rows[0]["rollout"].as_str().unwrap();
    assert_eq!(world.bench.run(&["halt", id], "").code, Some(0));
    let resumed = world.bench.run(&resume, "");
    assert_eq!(resumed.code, Some(4), "{resumed}");
    assert_eq!(world.wipes(), [1, 0, 0, 0, 0]);
}

/// A rollout is resumed without the policy that it began under, or under one that allows more: its own rules hold on.
#[cfg(unix)]
#[test]
fn the_policy_that_a_rollout_began_under_holds_when_it_is_resumed() {
    let world = crate::world::world_where(5, TOKEN, std::time::Duration::from_secs(2));
    world.list_everybody();
    world.bench.secret_file("policy.toml", "[[protected]]\ntags = [\"role=db\"]\nreason = \"a database\"\n");
    world.bench.secret_file("loose.toml", "instances_per_run_max = 2\n");
    let run = ["run", "--yes", "--targets", "fleet.txt", "--policy", "policy.toml"];
    let mut child = world.spawn(&[&run[..], &SPED_UP[..]].concat());
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap())).map(Result::unwrap);
    assert!(lines.any(|line| line.contains("1 installing")));
    child.kill().unwrap();
    child.wait().unwrap();
    let last = world.server.ids()[4];
    world.server.with_cloud(|cloud| cloud.set_tags(last, vec![("role".to_owned(), Some("db".to_owned()))]));
    std::fs::remove_file(world.bench.path("policy.toml")).unwrap();
    for policy in [&[][..], &["--policy", "loose.toml"]] {
        let resumed = world.bench.run(&[&["resume", "--yes", "--password-file", "pw"], policy].concat(), "");
        assert_eq!(resumed.code, Some(2), "{policy:?}: {resumed}");
        for told in ["a database", "policy.toml, when the rollout began", "reinstall halt"] {
            assert!(resumed.stderr.contains(told), "{told}: {resumed}");
        }
    }
    // What begins anew is under the same rules as long as none are given, and under those that are.
    let rows: Value = serde_json::from_str(&world.bench.run(&["rollouts", "--output", "json"], "").stdout).unwrap();
    let id = rows[0]["rollout"].as_str().unwrap();
    assert_eq!(world.bench.run(&["halt", id], "").code, Some(0));
    assert_eq!(world.bench.run(&["resume", "--yes", "--password-file", "pw"], "").code, Some(4));
    let anew = ["resume", id, "--only", "not-started", "--yes", "--password-file", "pw"];
    let refused = world.bench.run(&anew, "");
    assert!(refused.code == Some(2) && refused.stderr.contains("a database"), "{refused}");
    let refused = world.bench.run(&[&anew[..], &["--policy", "loose.toml"]].concat(), "");
    assert!(refused.code == Some(2) && refused.stderr.contains("at most 2 may be in one run"), "{refused}");
    assert!(!refused.stderr.contains("a database"), "{refused}");
    assert_eq!(world.wipes(), [1, 0, 0, 0, 0]);
}
