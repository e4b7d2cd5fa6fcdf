//! The commands about rollouts that are on record, as typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use reinstall_core::instance::InstanceState;
use reinstall_core::time::parse_duration;

use super::connection::ConnectionArgs;
use super::policy::state;
use super::{Output, PasswordArgs};

/// Where rollouts are on record.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "State")]
pub(crate) struct StateArgs {
    /// The folder with the journal of every rollout [env: REINSTALL_STATE_DIR] [default: the user's folder for state, on Linux $XDG_STATE_HOME/reinstall or ~/.local/state/reinstall]
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
}

/// `reinstall resume`
#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    /// The rollout, by its id or the beginning of it; without it, the only one that is unfinished
    #[arg(value_name = "ROLLOUT")]
    pub(crate) rollout: Option<String>,

    /// Begin a new rollout with those of a finished one that ended so
    #[arg(long, value_enum, value_name = "OUTCOME", requires = "rollout")]
    pub(crate) only: Option<Only>,

    /// The states an instance may be reinstalled from, for --only [default: those of the rollout before; for failed and unresolved also running, failed and error]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = state, requires = "only")]
    pub(crate) start_from: Option<Vec<InstanceState>>,

    /// Take the rollout from a program that was not heard of for 30s, and that hangs or ran on another machine. Of one that has ended on this machine, as after a crash, the rollout is carried on without this
    #[arg(long, conflicts_with = "only")]
    pub(crate) take_over: bool,

    /// Continue without asking
    #[arg(long, short)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(flatten)]
    pub(crate) site: SiteArgs,
    #[command(flatten)]
    pub(crate) state: StateArgs,

    /// What goes to standard output; all else goes to standard error
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
}

/// Where the rules of this site stand.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Site")]
pub(crate) struct SiteArgs {
    /// The rules of this site, which no flag can loosen [default: /etc/reinstall/policy.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

/// Whom to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Only {
    /// Those that failed.
    Failed,
    /// Those that were not started.
    NotStarted,
    /// Unknown outcome; check the console first.
    Unresolved,
}

/// `reinstall rollouts`
#[derive(Debug, Args)]
pub(crate) struct RolloutsArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// What goes to standard output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
}

/// `reinstall show`
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The rollout, by its id or the beginning of it
    #[arg(value_name = "ROLLOUT")]
    pub(crate) rollout: String,
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// What goes to standard output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
}

/// `reinstall halt` and `reinstall export`
#[derive(Debug, Args)]
pub(crate) struct OneRolloutArgs {
    /// The rollout, by its id or the beginning of it
    #[arg(value_name = "ROLLOUT")]
    pub(crate) rollout: String,
    #[command(flatten)]
    pub(crate) state: StateArgs,
}

/// `reinstall abandon`
#[derive(Debug, Args)]
pub(crate) struct AbandonArgs {
    /// The rollout, by its id or the beginning of it
    #[arg(value_name = "ROLLOUT")]
    pub(crate) rollout: String,
    /// Skip confirmation; what it has not started it will not start
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Free this instance although a request for it may be in flight: you have looked at it yourself. Once for each
    #[arg(long, value_name = "INSTANCE")]
    pub(crate) free: Vec<String>,
    #[command(flatten)]
    pub(crate) state: StateArgs,
}

/// `reinstall prune`
#[derive(Debug, Args)]
pub(crate) struct PruneArgs {
    /// Finished rollouts, by id or the beginning of it
    #[arg(value_name = "ROLLOUT", required_unless_present = "older_than")]
    pub(crate) rollouts: Vec<String>,
    /// Every rollout that finished longer ago than this, such as 90d
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    pub(crate) older_than: Option<Duration>,
    #[command(flatten)]
    pub(crate) state: StateArgs,
}
