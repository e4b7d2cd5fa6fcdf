use std::path::Path;
use std::time::Duration;

use reinstall_core::id::InstanceId;
use reinstall_core::lifecycle::LifeCycle;

use super::super::{Draft, Scenario};
use super::world_of;
use crate::clock::{ClockMode, Skew};
use crate::cloud::config::{CloudConfig, Failing, FleetConfig};
use crate::worlds::WorldPlan;

fn scenario(text: &str) -> Scenario {
    Draft::parse(text, "s.yaml").check(None).unwrap().clone()
}

fn plan(text: &str) -> WorldPlan {
    scenario(text).plan(&|path| Err(format!("asked for {}", path.display()))).unwrap()
}

#[test]
fn an_empty_scenario_is_the_server_as_it_is() {
    let plan = plan("");
    let ours = WorldPlan::new(CloudConfig::generated(CloudConfig::PROJECT.parse().unwrap(), 100));
    assert_eq!(format!("{plan:?}"), format!("{ours:?}"));
    assert!(!scenario("").makes_worlds());
}

#[test]
fn every_key_reaches_the_plan() {
    let text = "
seed: 9
project_id: p1
project_name: eu-1
fleet: {instances: 7}
lifecycle: diagram-2025
operation_state: false
list: false
strict: false
batch_cap: 10
takes: 4s
prospects: [{image: 00000000-0000-4000-8000-000000000001, takes: 9s}]
failing: 30%
clock: step 30s
skew: {behind: 20m}
limits: [{rate: 10/m, of: address, retry_after: true}]
allowed: [00000000-0000-4000-8000-000000000002]
rate_max: 20/s
iam: {token_life: 2h, token_dies_after: 1h}
worlds: auto
faults: [{on: ReinstallOS, effect: {kind: stranger}}]
";
    let plan = plan(text);
    let cloud = &plan.cloud;
    assert_eq!((cloud.seed, cloud.project.as_str(), cloud.batch_len_max), (9, "p1", 10));
    assert_eq!((&cloud.fleet, cloud.life_cycle), (&FleetConfig::Generated(7), LifeCycle::Diagram2025));
    assert_eq!([cloud.sends_operation_state, cloud.permits_list, cloud.is_strict], [false; 3]);
    assert_eq!((cloud.reinstall_takes, cloud.failing), (Duration::from_secs(4), Failing::Percent(30)));
    assert_eq!(cloud.prospects.len(), 1);
    assert_eq!(
        (plan.clock, plan.skew),
        ("step 30s".parse::<ClockMode>().unwrap(), Skew::Behind(Duration::from_secs(1_200)))
    );
    assert_eq!((plan.limits.len(), plan.faults.len()), (1, 1));
    assert_eq!(plan.allowed, Some(vec![InstanceId::from_bits(0x4000_8000_0000_0000_0002)]));
    assert_eq!(plan.rate_max.unwrap().to_string(), "20/s");
    assert_eq!((plan.iam.project_name.as_str(), plan.iam.token_life.as_secs()), ("eu-1", 7_200));
    assert_eq!(plan.iam.token_dies_after, Some(Duration::from_secs(3_600)));
    assert!(scenario(text).makes_worlds());
    // Written and read again it is the same.
    let written = serde_json::to_string(&scenario(text)).unwrap();
    assert_eq!(scenario(&written), scenario(text));
}

#[test]
fn a_spread_holds_for_all_that_do_not_say_how_long() {
    let text = "
takes: {uniform: {low: 1s, high: 2s}}
prospects:
  - {image: 00000000-0000-4000-8000-000000000001, branches: [{weight: 1, ending: dies}]}
  - {image: 00000000-0000-4000-8000-000000000002, takes: 9s}
";
    let spread = scenario(text).takes;
    let takes: Vec<_> = plan(text).cloud.prospects.into_iter().map(|prospect| prospect.takes).collect();
    assert_eq!(takes, [spread, Some(Duration::from_secs(9).into()), spread]);
}

#[test]
fn flags_win_over_the_file() {
    let file =
        scenario("seed: 1\ntakes: 5s\nlimits: [{rate: 1/s}]\niam: {token_life: 3h, token_dies_after: 1h}\nlist: false");
    let flags = scenario("seed: 2\nlimits: []\niam: {token_life: 2h}\nclock: manual");
    let both = file.clone().overruled_by(flags);
    let told =
        "seed: 2\ntakes: 5s\nlimits: []\niam: {token_life: 2h, token_dies_after: 1h}\nlist: false\nclock: manual";
    assert_eq!(both, scenario(told));
    assert_eq!(file.clone().overruled_by(Scenario::default()), file);
}

#[test]
fn the_file_of_a_fleet_lies_beside_the_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.yaml");
    for (named, opened) in [("fleet.csv", folder.path().join("fleet.csv")), ("/x/f.csv", "/x/f.csv".into())] {
        std::fs::write(&path, format!("fleet: {{file: {named}}}")).unwrap();
        let draft = Draft::read(&path).unwrap();
        let load = |path: &Path| Err(path.display().to_string());
        assert_eq!(draft.scenario().plan(&load).unwrap_err(), opened.display().to_string());
    }
    let fleet = FleetConfig::Listed(vec![InstanceId::from_bits(5)]);
    let draft = Draft::read(&path).unwrap();
    assert_eq!(draft.scenario().plan(&|_| Ok(fleet.clone())).unwrap().cloud.fleet, fleet);
}

#[test]
fn a_file_is_bounded_and_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.yaml");
    assert!(Draft::read(&path).unwrap_err().to_string().starts_with(&path.display().to_string()));
    std::fs::write(&path, " ".repeat(Scenario::BYTES_MAX)).unwrap();
    assert!(Draft::read(&path).is_ok());
    std::fs::write(&path, " ".repeat(Scenario::BYTES_MAX + 1)).unwrap();
    assert!(Draft::read(&path).unwrap_err().to_string().ends_with("longer than 4194304 bytes"));
    std::fs::write(&path, b"about: \xff").unwrap();
    assert!(Draft::read(&path).is_err(), "not text");
}

#[test]
fn a_world_is_made_of_it() {
    let world =
        world_of(&scenario("fleet: {instances: 3}\nfaults: [{effect: {kind: stranger}}]\nlimits: [{rate: 1/s}]"));
    assert_eq!((world.cloud.instances_count(), world.faults.as_slice().len(), world.limiter.limits().len()), (3, 1, 1));
}
