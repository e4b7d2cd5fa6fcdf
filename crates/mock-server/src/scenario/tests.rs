use reinstall_core::id::InstanceId;
use reinstall_core::time::Timestamp;

use super::{Draft, Scenario};
use crate::cloud::config::FleetConfig;
use crate::world::World;

mod examples;
mod objections;
mod plans;
mod schema;
mod watching;

/// The world of a scenario, without a file for its fleet.
pub(super) fn world_of(scenario: &Scenario) -> World {
    let plan = scenario.plan(&|_| Ok(FleetConfig::Generated(1))).unwrap();
    plan.make(&plan.cloud.project, Timestamp::from_millis(0))
}

/// What is said against a text, a line each, where the fleet is the one that it asks for.
fn objections(text: &str) -> String {
    let draft = Draft::parse(text, "s.yaml");
    let world = world_of(draft.scenario());
    let is_there = |id: InstanceId| world.cloud.ids().any(|known| known == id);
    match draft.check(Some(&is_there)) {
        Ok(_) => String::new(),
        Err(objections) => objections.to_string(),
    }
}
