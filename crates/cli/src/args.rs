//! The command line as typed. Nothing is looked up, read or decided here.

pub(crate) mod connection;
pub(crate) mod policy;
pub(crate) mod rollouts;
pub(crate) mod trap;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use reinstall_core::login::PasswordPolicy;
use reinstall_core::time::parse_duration;

use self::connection::ConnectionArgs;
use self::policy::PolicyArgs;
use self::rollouts::{AbandonArgs, OneRolloutArgs, PruneArgs, ResumeArgs, RolloutsArgs, ShowArgs, SiteArgs, StateArgs};
use self::trap::TrapArgs;

/// Reinstall the operating system on fleets of CloudDC bare-metal servers, safely.
///
/// Each instance is looked at before it is wiped, wiped at most once unless it is shown that nothing happened, and
/// watched to its end. Instances go in waves: first a canary, then a tenth, then the rest. When too many fail, nothing new
/// is started.
#[derive(Debug, Parser)]
#[command(name = "reinstall", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct GlobalArgs {
    /// Log to standard error: -v warnings and steps, -vv each request, -vvv everything but bodies
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(flatten)]
    pub(crate) traps: TrapArgs,
}

/// What there is to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Wipe and reinstall the instances named, and report on each
    #[command(after_help = RUN_HELP)]
    Run(RunArgs),
    /// Read the instances and show what `run` would do with the same inputs
    #[command(after_help = PLAN_HELP)]
    Plan(PlanArgs),
    /// Continue an interrupted rollout, or reinstall again what did not succeed
    #[command(after_help = RESUME_HELP)]
    Resume(ResumeArgs),
    /// Tell a running rollout to start no new reinstalls
    ///
    /// Those in progress are watched to their end. If no program carries it on, it starts nothing new when it is resumed.
    Halt(OneRolloutArgs),
    /// List the rollouts on record
    Rollouts(RolloutsArgs),
    /// Show one rollout: how each instance stands or ended, with its evidence
    Show(ShowArgs),
    /// Write all that is on record of a rollout to standard output, a JSON object a line
    Export(OneRolloutArgs),
    /// Give up a rollout that cannot be resumed, so that its instances are free for others
    Abandon(AbandonArgs),
    /// Forget finished rollouts
    Prune(PruneArgs),
    /// Show how instances stand now; exit code 1 if any could not be read
    Status(StatusArgs),
    /// List the instances of the project
    #[command(after_help = LIST_HELP)]
    List(ListArgs),
    /// Look at settings, credentials and the way to the cloud, step by step; touches nothing
    #[command(after_help = DOCTOR_HELP)]
    Doctor(DoctorArgs),
    /// Check or make an administrator password
    #[command(subcommand)]
    Password(PasswordCommand),
    /// Reinstall 120 made-up instances in a cloud inside this process, to see what it looks like
    ///
    /// Nothing outside this machine is touched. One answer is lost, one batch is throttled and three instances fail, so the
    /// exit code is 1.
    Demo(DemoArgs),
    /// Write completions and manual pages of both binaries into a folder
    #[command(hide = true)]
    ReleaseFiles {
        /// The folder; it is made if it is not there
        dir: PathBuf,
    },
}

/// Whom to reinstall, with what, and how.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// Instances, by id; the first ones are the canary
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,

    /// Read instances from a file, `-` for standard input: an id a line, CSV, JSON, JSON Lines or YAML; a name or address in
    /// it must be the cloud's
    #[arg(long, value_name = "FILE|-")]
    pub(crate) targets: Option<PathBuf>,

    /// The private image to install; without it each instance keeps its image. An empty id is refused
    #[arg(long, value_name = "ID", conflicts_with = "keep_image")]
    pub(crate) image_id: Option<String>,

    /// Reinstall the image that each instance has; the same as no --image-id, said aloud
    #[arg(long)]
    pub(crate) keep_image: bool,

    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,

    /// What goes to standard output; all else goes to standard error
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
}

/// `reinstall run`
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,

    /// Carry out a plan that `plan --save` wrote: exactly that, once from a state directory, and only if nothing has changed
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ids", "targets", "image_id", "keep_image", "PolicyArgs"])]
    pub(crate) plan: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) site: SiteArgs,
    #[command(flatten)]
    pub(crate) state: StateArgs,

    /// Start without asking
    #[arg(long, short)]
    pub(crate) yes: bool,

    /// Show the plan, as `plan` does, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `reinstall plan`
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) site: SiteArgs,
    #[command(flatten)]
    pub(crate) state: StateArgs,

    /// Write the plan to a new file, for `run --plan`
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,

    /// Draw the plan without reading any instance: sends nothing and needs no credentials, checks no names and no states
    #[arg(long, conflicts_with = "save")]
    pub(crate) offline: bool,

    /// How long a saved plan holds
    #[arg(long, value_name = "D", default_value = "1h", value_parser = parse_duration, requires = "save")]
    pub(crate) expires_in: Duration,
}

impl Command {
    /// `--state-dir`, if it was typed.
    pub(crate) fn state_dir(&self) -> Option<&Path> {
        let state = match self {
            Self::Run(args) => &args.state,
            Self::Resume(args) => &args.state,
            Self::Halt(args) | Self::Export(args) => &args.state,
            Self::Rollouts(args) => &args.state,
            Self::Show(args) => &args.state,
            Self::Abandon(args) => &args.state,
            Self::Prune(args) => &args.state,
            Self::Doctor(args) => &args.state,
            Self::Plan(_)
            | Self::Status(_)
            | Self::List(_)
            | Self::Password(_)
            | Self::Demo(_)
            | Self::ReleaseFiles { .. } => return None,
        };
        state.state_dir.as_deref()
    }
}

/// Where the administrator's password comes from. Never from the command line.
#[derive(Debug, Args)]
pub(crate) struct PasswordArgs {
    /// Read the administrator's password from standard input
    #[arg(long, conflicts_with = "password_file")]
    pub(crate) password_stdin: bool,

    /// Read the administrator's password from a file that only its owner can read
    #[arg(long, value_name = "F")]
    pub(crate) password_file: Option<PathBuf>,
}

/// `reinstall status`
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Instances, by id
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// What goes to standard output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
}

/// `reinstall list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only instances in this state, such as `running`
    #[arg(long, value_name = "S")]
    pub(crate) state: Option<String>,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// What goes to standard output; the JSON can be given to `run --targets`
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
}

/// `reinstall doctor`
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// An instance to look at, by id; without one, the first that the list shows
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// What goes to standard output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
}

/// `reinstall password`
#[derive(Debug, Subcommand)]
pub(crate) enum PasswordCommand {
    /// Say whether a password is allowed, and if not, every reason; exit code 0 if it is, 2 if not
    Check {
        #[command(flatten)]
        source: PasswordArgs,
        /// Takes what must not be typed here, so that it is not echoed.
        #[arg(hide = true, value_parser = trap::parser(), allow_hyphen_values = true)]
        typed: Vec<trap::Dropped>,
    },
    /// Print a random password that is allowed
    Generate {
        /// How many characters: 8 to 26
        #[arg(long, value_name = "N", default_value_t = PasswordPolicy::LEN_GENERATED)]
        length: usize,
    },
}

/// `reinstall demo`
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// What goes to standard output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
}

/// What is written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Output {
    /// Tables for people.
    #[default]
    Text,
    /// One JSON object.
    Json,
    /// A JSON object a line, each as soon as it is known.
    Ndjson,
}

/// The exit codes, as every help page tells them. The match that chooses is in `failure.rs`.
const EXIT_CODES: &str = "\
Exit codes:
  0  every instance was reinstalled (or the command did what was asked)
  1  finished, but some instance failed, was skipped, or nobody can tell
  2  bad usage or input; nothing was sent
  3  the cloud or the credentials refused before anything was started
  4  halted or interrupted, with instances left; the hint at the end is the command that continues
  5  the journal could not be read or written; nothing is sent without it
  6  the result could not be written

Environment:
  REINSTALL_ENDPOINT, REINSTALL_PROJECT_ID, REINSTALL_TOKEN, REINSTALL_STATE_DIR; NO_COLOR switches colours off;
  TERM=dumb does, too, and has plain lines for bars";

const RUN_HELP: &str = "\
Examples:
  # See what would happen, then do it. The password is asked for.
  reinstall plan --targets fleet.csv
  reinstall run  --targets fleet.csv

  # From a script, with the report kept
  reinstall run --targets fleet.csv --yes --password-file ./pw --output json > report.json

  # Five at first, then a quarter at a time; stop at the third failure
  reinstall run --targets fleet.csv --waves 5,25% --failures-max 2

  # What one person drew and another one read, exactly that, once
  reinstall plan --targets fleet.csv --save plan.json
  reinstall run --plan plan.json

Ctrl-C once: nothing new is started, and what is in progress is watched to its end. Twice: leave at once; what is in
progress is not watched until `reinstall resume`. So it is after a crash, a closed terminal or a lost connection: each
step is on record in the state directory before it is taken.

Exit codes:
  0  every instance was reinstalled
  1  finished, but some instance failed, was skipped, or nobody can tell
  2  bad usage or input; nothing was sent
  3  the cloud or the credentials refused before anything was started
  4  halted or interrupted, with instances left; the hint at the end is the command that continues
  5  the journal could not be read or written; nothing is sent without it
  6  the report could not be written; `reinstall show` has it";

const RESUME_HELP: &str = "\
Examples:
  # After a second Ctrl-C, a crash or a closed terminal. What was under way is looked into before anything is sent.
  reinstall resume

  # The same, where the former program hangs or ran on another machine: end it first
  reinstall resume --take-over

  # After a halt: a new rollout with those that were not started
  reinstall resume 0198f3a2 --only not-started

  # After a failure: a new rollout with those that failed
  reinstall resume 0198f3a2 --only failed

The password is asked for again, or given as with `run`: it is on record nowhere, so it cannot be compared with the first.
Where nothing can be sent any more, none is asked for.

Exit codes: as those of `run`.";

const PLAN_HELP: &str = "\
Examples:
  reinstall plan --targets fleet.txt
  reinstall list --output json | reinstall plan --targets - --output json
  reinstall plan --targets fleet.txt --save plan.json     # then: reinstall run --plan plan.json
  reinstall plan --targets fleet.txt --offline            # no credentials, no requests

Reads every instance, a hundred with each request: tells which would be skipped and why, and which images and operating
systems are replaced. Where a list gives names or addresses and the cloud shows others, or none, the plan is refused.

Exit codes: 0 the plan stands; 2 something speaks against it, all of it is named; 3 the instances could not be read.";

const LIST_HELP: &str = "\
Examples:
  reinstall list --state running
  reinstall list --output json > fleet.json     # then: reinstall plan --targets fleet.json

Exit codes: 0 listed; 1 the list may not be complete; 2 bad usage; 3 the cloud or the credentials refused.";

const DOCTOR_HELP: &str = "\
Each check is a line: ok, warning, failed or skipped, what was seen, and what to do about it. Nothing is changed in the
cloud: only reads are sent, each once. Unless told otherwise, connecting may take 5s and an answer 10s.

Examples:
  reinstall doctor --region cn-east-3
  reinstall doctor --output json | jq -r '.checks[] | select(.verdict == \"failed\") | .name'

Exit codes, by the first check that failed:
  0  none; there may be warnings
  2  settings: what was typed, or what the environment and files of settings say
  3  the cloud, the way there, or the credentials
  5  the state directory";

/// Reads the command line.
///
/// # Errors
/// clap's, which is also how help and version come about. A value that followed a flag about passwords or tokens is not
/// in it.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(words).map_err(|error| trap::without_values(error, &mut Cli::command()))
}

/// The command line's definition, for manual pages and completions.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        command().debug_assert();
    }
}
