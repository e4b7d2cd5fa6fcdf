//! From a scenario to the plan of a world.

use std::path::Path;

use reinstall_core::id::ProjectId;

use super::{FleetSpec, Scenario, WorldsSpec};
use crate::cloud::config::{CloudConfig, Failing, FleetConfig};
use crate::cloud::prospect::Prospect;
use crate::cloud::spread::Spread;
use crate::iam::IamConfig;
use crate::log::LogBounds;
use crate::worlds::WorldPlan;

impl Scenario {
    /// How many instances there are where nothing is said.
    pub const INSTANCES: u32 = 100;

    /// The plan of its world. `load` reads the file of a fleet; it is asked for that only.
    ///
    /// # Errors
    /// What `load` says.
    pub fn plan(&self, load: &dyn Fn(&Path) -> Result<FleetConfig, String>) -> Result<WorldPlan, String> {
        let fleet = match &self.fleet {
            Some(FleetSpec::File(path)) => load(path)?,
            Some(FleetSpec::Instances(count)) => FleetConfig::Generated(*count),
            None => FleetConfig::Generated(Self::INSTANCES),
        };
        let iam = self.iam.as_ref();
        let ours = IamConfig::default();
        let iam = IamConfig {
            project_name: self.project_name.clone().unwrap_or(ours.project_name),
            token_life: iam.and_then(|iam| iam.token_life).unwrap_or(ours.token_life),
            token_dies_after: iam.and_then(|iam| iam.token_dies_after),
            users: ours.users,
        };
        Ok(WorldPlan {
            cloud: self.cloud(fleet),
            iam,
            clock: self.clock.unwrap_or_default(),
            skew: self.skew.unwrap_or_default(),
            limits: self.limits.clone().unwrap_or_default(),
            faults: self.faults.clone(),
            allowed: self.allowed.clone(),
            rate_max: self.rate_max.map(|rate| rate.0),
            log: LogBounds::default(),
        })
    }

    /// Whether a call for an unknown project makes a world for it.
    #[must_use]
    pub fn makes_worlds(&self) -> bool {
        self.worlds == Some(WorldsSpec::Auto)
    }

    /// The project whose instances there are.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a constant, which a test reads")]
    pub fn project(&self) -> ProjectId {
        self.project_id.clone().unwrap_or_else(|| CloudConfig::PROJECT.parse().expect("a well-formed project id"))
    }

    fn cloud(&self, fleet: FleetConfig) -> CloudConfig {
        let ours = CloudConfig::generated(self.project(), 0);
        let (reinstall_takes, prospects) = match self.takes {
            Some(Spread::Fixed(takes)) => (takes, self.prospects.clone()),
            Some(takes @ Spread::Drawn(_)) => (ours.reinstall_takes, lasting(&self.prospects, takes)),
            None => (ours.reinstall_takes, self.prospects.clone()),
        };
        CloudConfig {
            fleet,
            life_cycle: self.lifecycle.unwrap_or(ours.life_cycle),
            sends_operation_state: self.operation_state.unwrap_or(ours.sends_operation_state),
            permits_list: self.list.unwrap_or(ours.permits_list),
            is_strict: self.strict.unwrap_or(ours.is_strict),
            batch_len_max: self.batch_cap.map_or(ours.batch_len_max, |cap| cap.get() as usize),
            reinstall_takes,
            prospects,
            failing: self.failing.map_or(Failing::Nobody, |failing| failing.failing()),
            seed: self.seed.unwrap_or(ours.seed),
            ..ours
        }
    }
}

/// These prospects, where those that do not say how long it takes say this, and one more for all reinstalls that they are not
/// for: a cloud itself knows no other than an even spread.
fn lasting(prospects: &[Prospect], takes: Spread) -> Vec<Prospect> {
    let prospects = prospects.iter().cloned();
    let told = prospects.map(|prospect| Prospect { takes: prospect.takes.or(Some(takes)), ..prospect });
    told.chain([Prospect { takes: Some(takes), ..Prospect::default() }]).collect()
}
