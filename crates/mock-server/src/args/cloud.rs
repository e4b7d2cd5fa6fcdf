//! Flags about the cloud.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use reinstall_core::id::ProjectId;
use reinstall_core::lifecycle::LifeCycle;
use reinstall_core::time::parse_duration;

use crate::cloud::spread::Spread;
use crate::scenario::{FailingSpec, FleetSpec, Scenario, WorldsSpec};

/// Flags about the cloud. Each may be absent: what a scenario says holds then, and else the default that is named.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Cloud")]
pub struct CloudArgs {
    /// How many instances there are [default: 100]
    #[arg(long, value_name = "N", conflicts_with = "fleet")]
    #[arg(value_parser = clap::value_parser!(u32).range(..=i64::from(FleetSpec::INSTANCES_MAX)))]
    pub instances: Option<u32>,

    /// A file with the instances
    #[arg(long, value_name = "FILE")]
    pub fleet: Option<PathBuf>,

    /// The project whose instances they are [default: 0a1b2c3d4e5f60718293a4b5c6d7e8f9]
    #[arg(long, value_name = "P")]
    pub project_id: Option<ProjectId>,

    /// What the project is called; the provider's are named after their regions [default: cn-east-3]
    #[arg(long, value_name = "NAME")]
    pub project_name: Option<String>,

    /// Whether a call for an unknown project makes a world for it [default: single]
    #[arg(long, value_enum)]
    pub worlds: Option<WorldsArg>,

    /// Where all chance comes from: the same seed gives the same fleet and the same failures [default: 0]
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,

    /// Which documents `state` follows: prose, diagram-2025 or diagram-2026 [default: prose]
    #[arg(long, value_name = "NAME")]
    pub lifecycle: Option<LifeCycle>,

    /// Refuse no reinstall for a weak password or in the wrong state
    #[arg(long)]
    pub lenient: bool,

    /// Send no `operation_state`, as older services do
    #[arg(long)]
    pub no_operation_state: bool,

    /// Answer ListInstances with 403
    #[arg(long)]
    pub no_list: bool,

    /// The most ids one reinstall request may name [default: 50]
    #[arg(long, value_name = "N")]
    pub batch_cap: Option<NonZeroU32>,

    /// How long a reinstall takes, as in `500ms`, `4s`, `15m` [default: 60s]
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    pub reinstall_takes: Option<Duration>,

    /// The same, or a spread in JSON: {"uniform":{"low":"4m","high":"6m"}}, or as in a scenario
    #[arg(long, value_name = "D|JSON", conflicts_with = "reinstall_takes", value_parser = spread)]
    pub takes: Option<Spread>,

    /// On how many instances every reinstall fails, picked by the seed; or which share of all attempts, as in 10% [default: 0]
    #[arg(long, value_name = "N|P%")]
    pub failing: Option<FailingSpec>,
}

/// Whether a call for an unknown project makes a world for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WorldsArg {
    /// It does not
    Single,
    /// It does
    Auto,
}

impl CloudArgs {
    /// What they say of the world.
    pub(super) fn flags(&self) -> Scenario {
        let fleet = self.fleet.clone().map(FleetSpec::File);
        Scenario {
            seed: self.seed,
            project_id: self.project_id.clone(),
            project_name: self.project_name.clone(),
            fleet: fleet.or(self.instances.map(FleetSpec::Instances)),
            lifecycle: self.lifecycle,
            operation_state: self.no_operation_state.then_some(false),
            list: self.no_list.then_some(false),
            strict: self.lenient.then_some(false),
            batch_cap: self.batch_cap,
            takes: self.takes.or(self.reinstall_takes.map(Spread::Fixed)),
            failing: self.failing,
            worlds: self.worlds.map(|worlds| match worlds {
                WorldsArg::Single => WorldsSpec::Single,
                WorldsArg::Auto => WorldsSpec::Auto,
            }),
            ..Scenario::default()
        }
    }
}

/// Reads a duration, or a spread in JSON.
fn spread(text: &str) -> Result<Spread, String> {
    let is_json = text.trim_start().starts_with(['{', '"']);
    let spread = match is_json {
        true => serde_json::from_str(text).map_err(|error| error.to_string())?,
        false => parse_duration(text).map(Spread::Fixed).map_err(|error| error.to_string())?,
    };
    spread.objection().map_or(Ok(spread), |objection| Err(objection.to_owned()))
}
