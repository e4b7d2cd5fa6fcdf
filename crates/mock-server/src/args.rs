//! The command line of the binary, as typed. [`Args::settings`] makes of it, and of the scenario that it names, all that a
//! server needs to know.

mod access;
mod cloud;
mod network;
mod outcome;
mod rates;
mod run;
mod settings;
mod tape;
mod time;
mod typed;
mod wiring;

use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};

pub use self::access::AccessArgs;
pub use self::cloud::{CloudArgs, WorldsArg};
pub use self::network::{Doors, NetworkArgs, TlsSource};
pub use self::outcome::{LogBounds, OutcomeArgs, VerdictWish};
pub use self::rates::{CountedArg, RateArgs};
pub use self::settings::{Settings, SettingsError};
pub use self::tape::{Tape, TapeArgs};
pub use self::time::TimeArgs;
pub use self::typed::Typed;
pub use self::wiring::{Closing, load_fleet, verdict};
use crate::scenario::Scenario;

/// A stand-in for the CloudDC API, and for the IAM before it, to test reinstall tools against.
///
/// Once it listens it prints its base URL on one line of standard output; everything else goes to standard error. CloudDC and
/// IAM are both at that URL. What truly happened is at GET /_mock/truth, faults are armed with POST /_mock/faults. Flags win over
/// what a scenario says.
#[derive(Debug, Clone, Parser)]
#[command(name = "reinstall-mock-server", version, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What to do, if not to serve
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Flags about the file of a scenario.
    #[command(flatten)]
    pub scenario: ScenarioArgs,
    /// Flags about the cloud.
    #[command(flatten)]
    pub cloud: CloudArgs,
    /// Flags about time.
    #[command(flatten)]
    pub time: TimeArgs,
    /// Flags about who may call.
    #[command(flatten)]
    pub access: AccessArgs,
    /// Flags about how many calls are let through.
    #[command(flatten)]
    pub rates: RateArgs,
    /// Flags about where to listen.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Flags about what is kept and told of what happened.
    #[command(flatten)]
    pub outcome: OutcomeArgs,
    /// Flags about a real endpoint.
    #[command(flatten)]
    pub tape: TapeArgs,
}

/// What there is to do but to serve.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// About scenario files
    #[command(subcommand)]
    Scenario(ScenarioCommand),
    /// About recordings of a real endpoint
    #[command(subcommand)]
    Recording(RecordingCommand),
}

/// What there is to do with recordings.
#[derive(Debug, Clone, Subcommand)]
pub enum RecordingCommand {
    /// Print what a recording tells about what the documents leave open
    Findings {
        /// The recording
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the instances of a recording as a fleet file, in JSON Lines
    Fleet {
        /// The recording
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// What there is to do with scenarios.
#[derive(Debug, Clone, Subcommand)]
pub enum ScenarioCommand {
    /// Tell everything that is wrong with scenario files, as FILE:LINE:COLUMN: WHAT; the exit code is 2 if anything is
    Check {
        /// The files
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Print the JSON Schema of scenario files, for editors
    Schema,
}

/// Flags about the file of a scenario.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Scenario")]
pub struct ScenarioArgs {
    /// A world and what goes wrong in it, as YAML or JSON: see docs/scenarios.md
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,

    /// Take faults, limits, `allowed` and `rate_max` over whenever the file is changed
    #[arg(long, requires = "scenario")]
    pub watch: bool,
}

/// The command line's definition, for manual pages and completions.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

impl Args {
    /// What the flags say of the world, as a scenario would.
    #[must_use]
    pub fn flags(&self) -> Scenario {
        let flags = Scenario { limits: self.rates.limits(), iam: self.access.iam(), ..self.cloud.flags() };
        Scenario { clock: self.time.clock(), skew: self.time.skew(), ..flags }
    }
}

#[cfg(test)]
mod tests;
