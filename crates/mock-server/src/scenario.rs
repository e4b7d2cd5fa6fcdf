//! Scenarios: a world, and what goes wrong in it, in a file. YAML, of which JSON is a part; see `docs/scenarios.md`.
//!
//! [`Draft`] reads one and tells everything that is wrong with it at once, each with its line. What is sound is a
//! [`Scenario`], and [`Scenario::plan`] makes the plan of a world from it. [`Renewal`] is what a running world takes over of a
//! file that was changed, and [`watch`] notices that it was.

mod as_text;
mod check;
mod culprit;
mod draft;
mod given;
mod objection;
mod plan;
mod renewal;
mod schema;
mod tree;
pub mod watch;

use std::num::NonZeroU32;

use reinstall_core::id::{InstanceId, ProjectId};
use reinstall_core::lifecycle::LifeCycle;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::draft::{Draft, ReadError};
pub use self::given::{FailingSpec, FleetSpec, IamSpec, PercentError, WorldsSpec};
pub use self::objection::{Objection, Objections};
pub use self::renewal::Renewal;
pub use self::schema::json_schema;
use crate::clock::{ClockMode, Skew};
use crate::cloud::prospect::Prospect;
use crate::cloud::spread::Spread;
use crate::fault::FaultRule;
use crate::limit::{Limit, LimitRate};
use crate::shape::{ClockText, IdText, LifeCycleText, ProjectText, RateText};

/// A world of the mock server, and what goes wrong in it.
///
/// What is absent is as the server has it anyway. Flags win over the file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// The schema, for editors; not read.
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// What it is for, for people; not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Where all chance comes from; 0 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The project whose instances there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<ProjectText>")]
    pub project_id: Option<ProjectId>,
    /// What the project is called; the provider's are named after their regions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_name: Option<String>,
    /// Which instances there are; 100 made-up ones if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fleet: Option<FleetSpec>,
    /// Which of the provider's documents `state` follows; the prose if absent.
    #[serde(with = "as_text", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<LifeCycleText>")]
    pub lifecycle: Option<LifeCycle>,
    /// Whether `operation_state` is sent, as newer services do; true if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation_state: Option<bool>,
    /// Whether ListInstances is permitted, else it is answered with 403; true if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<bool>,
    /// Whether a reinstall is refused for a weak password or in the wrong state; true if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    /// The most ids one reinstall request may name; 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_cap: Option<NonZeroU32>,
    /// How long a reinstall takes; `60s` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub takes: Option<Spread>,
    /// What may become of the reinstalls of some instances or images; the first that is for one decides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prospects: Vec<Prospect>,
    /// Which reinstalls fail that no prospect decides: `3` for those of three instances, `10%` for a tenth of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing: Option<FailingSpec>,
    /// How time goes by; as everybody's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<ClockText>")]
    pub clock: Option<ClockMode>,
    /// How far the clock is off; not at all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skew: Option<Skew>,
    /// How many calls the gateway lets through; all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Vec<Limit>>,
    /// The instances that a client may reinstall, to be acquitted; all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<IdText>>")]
    pub allowed: Option<Vec<InstanceId>>,
    /// How fast a client may send, to be acquitted; as fast as it likes if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<RateText>")]
    pub rate_max: Option<LimitRate>,
    /// The tokens of IAM. Its users have passwords and are no part of a file: see `--iam-user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam: Option<IamSpec>,
    /// Whether a call for an unknown project makes a world for it; `single` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worlds: Option<WorldsSpec>,
    /// What goes wrong: of the rules that match a call, the first that is not spent has it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultRule>,
}

impl Scenario {
    /// The most bytes of a file.
    pub const BYTES_MAX: usize = 4 * 1024 * 1024;
    /// The most rules.
    pub const FAULTS_MAX: usize = 1_000;
    /// The most prospects.
    pub const PROSPECTS_MAX: usize = 10_000;
    /// The most limits.
    pub const LIMITS_MAX: usize = 100;

    /// The same, but wherever `flags` say anything it is as they do.
    #[must_use]
    pub fn overruled_by(self, flags: Self) -> Self {
        Self {
            schema: flags.schema.or(self.schema),
            about: flags.about.or(self.about),
            seed: flags.seed.or(self.seed),
            project_id: flags.project_id.or(self.project_id),
            project_name: flags.project_name.or(self.project_name),
            fleet: flags.fleet.or(self.fleet),
            lifecycle: flags.lifecycle.or(self.lifecycle),
            operation_state: flags.operation_state.or(self.operation_state),
            list: flags.list.or(self.list),
            strict: flags.strict.or(self.strict),
            batch_cap: flags.batch_cap.or(self.batch_cap),
            takes: flags.takes.or(self.takes),
            prospects: if flags.prospects.is_empty() { self.prospects } else { flags.prospects },
            failing: flags.failing.or(self.failing),
            clock: flags.clock.or(self.clock),
            skew: flags.skew.or(self.skew),
            limits: flags.limits.or(self.limits),
            allowed: flags.allowed.or(self.allowed),
            rate_max: flags.rate_max.or(self.rate_max),
            iam: IamSpec::overruled(self.iam, flags.iam),
            worlds: flags.worlds.or(self.worlds),
            faults: if flags.faults.is_empty() { self.faults } else { flags.faults },
        }
    }
}

#[cfg(test)]
mod tests;
