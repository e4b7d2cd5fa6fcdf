//! What a plan reads before anything is sent: names and addresses that the list claims, who would be skipped, what the site
//! forbids.

use reinstall_core::instance::InstanceState;
use reinstall_core::time::Timestamp;
use reinstall_mock_server::cloud::config::Start;
use reinstall_mock_server::fault::{Effect, FaultRule, When};
use reinstall_mock_server::operation::ApiOperation;
use serde_json::Value;

use crate::bench::{Bench, ID, Shot, TOKEN};
use crate::world::{SPED_UP, World, world};

impl World {
    /// The id, name and address of each instance, as the list call shows them.
    fn rows(&self) -> Vec<[String; 3]> {
        let ids = self.server.ids();
        self.server.with_cloud(|cloud| {
            let row = |id| cloud.row(Timestamp::from_millis(0), id).unwrap();
            ids.iter().map(|id| row(*id)).map(|row| [row.id.to_string(), row.name, row.ipv4_address]).collect()
        })
    }

    fn plan(&self, args: &[&str]) -> Shot {
        self.list_everybody();
        self.bench.run(&[&["plan", "--targets", "fleet.txt"], args].concat(), "")
    }
}

#[test]
fn a_name_or_an_address_that_the_cloud_contradicts_is_refused() {
    let world = world(5, TOKEN);
    let rows = world.rows();
    let list = |change: &dyn Fn(usize, &mut [String; 3])| {
        let mut rows = rows.clone();
        rows.iter_mut().enumerate().for_each(|(index, row)| change(index, row));
        let lines: String = rows.iter().map(|row| format!("{}\n", row.join(","))).collect();
        format!("id,name,ip\n{lines}")
    };
    let run = |content: &str, args: &[&str]| {
        world.bench.file("fleet.csv", content);
        world.bench.run(&[args, &["--targets", "fleet.csv"], &SPED_UP[..]].concat(), "")
    };
    let wrong = list(&|index, row| match index {
        1 => row[1] = "totally-wrong".into(),
        3 => (row[1], row[2]) = (row[1].to_uppercase(), "10.9.9.9".into()),
        _ => {}
    });
    for args in [&["plan"][..], &["run", "--yes"], &["run", "--dry-run"], &["plan", "--save", "plan.json"]] {
        let refused = run(&wrong, args);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{args:?}: {refused}");
        for told in
            ["fleet.csv:3: name: ", "totally-wrong", &rows[1][1], "fleet.csv:5: name: ", "fleet.csv:5: address: "]
        {
            assert!(refused.stderr.contains(told), "{told}: {refused}");
        }
        assert!(!refused.stderr.contains("fleet.csv:2"), "{refused}");
    }
    assert!(!world.bench.path("plan.json").exists());
    let not_read = run(&wrong, &["plan", "--offline"]);
    assert!(not_read.code == Some(0) && not_read.stderr.contains("not compared with the cloud"), "{not_read}");
    assert_eq!(world.wipes(), [0; 5]);
    let right = run(&list(&|_, _| {}), &["run", "--yes"]);
    assert_eq!(right.code, Some(0), "{right}");
}

/// A service that lets nobody list shows no names; the ids alone still do.
#[test]
fn a_claim_that_cannot_be_checked_is_refused() {
    let world = world(2, TOKEN);
    let denied = r#"{"error_code":"iMetal.0004","error_msg":"Insufficient permissions"}"#;
    let denied = Effect::answer(When::Before, 403, denied);
    world.server.arm(FaultRule::on(ApiOperation::ListInstances, denied).times(1_000));
    let lines: String = world.rows().iter().map(|[id, name, _]| format!("{id};{name}\n")).collect();
    world.bench.file("fleet.csv", format!("id;name\n{lines}"));
    let refused = world.bench.run(&["plan", "--targets", "fleet.csv"], "");
    assert_eq!(refused.code, Some(2), "{refused}");
    for told in ["cannot be compared with the cloud", "2 instances", "clouddc:instance:list"] {
        assert!(refused.stderr.contains(told), "{told}: {refused}");
    }
    assert_eq!(world.plan(&[]).code, Some(0), "ids claim nothing");
}

#[test]
fn a_plan_tells_who_would_be_skipped_and_what_is_replaced() {
    let world = world(6, TOKEN);
    let ids = world.server.ids();
    for (index, state) in [(2, InstanceState::Stopped), (3, InstanceState::Pending)] {
        let start = Start { state, ..Start::default() };
        world.server.with_cloud(|cloud| cloud.set_start(ids[index], start));
    }
    for args in [&["plan"][..], &["run", "--dry-run"]] {
        world.list_everybody();
        let shot = world.bench.run(&[args, &["--targets", "fleet.txt", ID, "--output", "json"]].concat(), "");
        let plan: Value = serde_json::from_str(&shot.stdout).unwrap();
        let found = &plan["preflight"];
        let skipped: Vec<(&str, &str)> = found["skipped"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["id"].as_str().unwrap(), one["code"].as_str().unwrap()))
            .collect();
        let (stopped, busy) = (ids[2].to_string(), ids[3].to_string());
        assert_eq!(skipped[1..], [(&*stopped, "wrong_state"), (&*busy, "busy")], "{shot}");
        assert_eq!((skipped[0].0, &found["eligible"]), (ID, &4.into()), "{shot}");
        let grouped: u64 =
            found["groups"].as_array().unwrap().iter().map(|one| one["instances"].as_u64().unwrap()).sum();
        assert_eq!(grouped, 4, "{shot}");
    }
    let shown = world.plan(&[]).stdout;
    assert!(
        shown.contains("; 4 can be reinstalled now, 2 would be skipped") && shown.contains("wrong_state"),
        "{shown}"
    );
    assert_eq!(world.wipes(), [0; 6]);
}

#[test]
fn rules_of_the_site_hold_for_plans_as_well() {
    let world = world(3, TOKEN);
    let by_name = "[[protected]]\nnames = [\"*\"]\nreason = \"nobody at all\"\n";
    world.bench.secret_file("policy.toml", &format!("instances_per_run_max = 2\n{by_name}"));
    let site = ["--policy", "policy.toml"];
    let checked = world.plan(&site);
    assert!(checked.code == Some(2) && checked.stderr.contains("nobody at all"), "{checked}");
    let offline = world.plan(&[&site[..], &["--offline"]].concat());
    assert!(offline.code == Some(2) && offline.stderr.contains("at most 2 may be"), "{offline}");
    world.bench.secret_file("policy.toml", by_name);
    let offline = world.plan(&[&site[..], &["--offline"]].concat());
    assert!(offline.code == Some(0) && offline.stderr.contains("rules about names and tags"), "{offline}");
    assert_eq!(world.run(&[]).code, Some(0));
    world.bench.secret_file("policy.toml", "instances_per_day_max = 5\n");
    for args in [&["--offline"][..], &[]] {
        let spent = world.plan(&[&site[..], args].concat());
        assert!(spent.code == Some(2) && spent.stderr.contains("3 instances were submitted"), "{spent}");
    }
}

#[test]
fn an_offline_plan_needs_no_credentials() {
    let bench = Bench::new();
    let variables = [("REINSTALL_ENDPOINT", bench.endpoint()), ("REINSTALL_PROJECT_ID", "p1")];
    let shot = bench.run_with(&["plan", "--offline", ID], "", &variables);
    assert_eq!(shot.code, Some(0), "{shot}");
    bench.assert_nothing_sent();
}
