//! The commands: set up, call, render.

mod carry;
mod delivery;
mod demo;
mod doctor;
mod list;
mod password;
mod plan;
mod records;
mod release_files;
mod resume;
mod run;
mod signals;
mod status;

use reinstall_core::claim::{self, Claims};
use reinstall_core::id::InstanceId;
use reinstall_core::plan::Plan;
use reinstall_core::policy::Policy;
use reinstall_core::site::SitePolicy;
use reinstall_core::spec::{ReinstallSpec, TargetSpec};

use crate::args::connection::ConnectionArgs;
use crate::args::rollouts::StateArgs;
use crate::args::{Cli, Command, InputArgs};
use crate::env::Environment;
use crate::failure::{Ending, Failure};
use crate::next_step::Commands;
use crate::prompt;
use crate::setup::{Account, Setup};
use crate::targets;

/// Where the command runs: what the environment says, and whether somebody sits there.
pub(crate) struct Session {
    pub(crate) environment: Environment,
    pub(crate) stdin_is_terminal: bool,
    pub(crate) stderr_is_terminal: bool,
    /// Whether progress may be drawn with bars: on a terminal that can be drawn on, unless logs would run through them.
    pub(crate) shows_bars: bool,
    /// How commands are typed that find the same records.
    pub(crate) commands: Commands,
}

impl Session {
    /// What was said about whom to talk to.
    fn setup<'a>(&'a self, args: &'a ConnectionArgs, state: &'a StateArgs) -> Setup<'a> {
        Setup { args, state, environment: &self.environment }
    }

    /// Whether questions can be asked and will be seen, on the controlling terminal where standard error is none.
    fn somebody_is_there(&self) -> bool {
        prompt::is_possible(self.stdin_is_terminal, self.stderr_is_terminal)
    }
}

/// Does what was asked for.
pub(crate) fn run(cli: Cli, session: &Session) -> crate::Result {
    if let Some(typed) = cli.global.traps.sprung() {
        return Err(typed.into());
    }
    match cli.command {
        Command::Run(args) => run::run(&args, session),
        Command::Plan(args) => plan::plan(&args, session),
        Command::Resume(args) => resume::resume(&args, session),
        Command::Halt(args) => records::halt(&args, session),
        Command::Rollouts(args) => records::rollouts(&args, session),
        Command::Show(args) => records::show(&args, session),
        Command::Export(args) => records::export(&args, session),
        Command::Abandon(args) => records::abandon(&args, session),
        Command::Prune(args) => records::prune(&args, session),
        Command::Status(args) => status::status(&args, session),
        Command::List(args) => list::list(&args, session),
        Command::Password(command) => password::password(&command, session),
        Command::Doctor(args) => doctor::doctor(&args, session),
        Command::Demo(args) => demo::demo(&args, session),
        Command::ReleaseFiles { dir } => release_files::release_files(&dir),
    }
}

/// Draws the plan for what was typed, with what its list says of the targets besides their ids; sends nothing. The plan
/// expects the names that the list gives.
///
/// # Errors
/// Everything that core objects to, at once, each with the line it stands on.
fn draw_plan(args: &InputArgs, site: &SitePolicy, account: &Account) -> Result<(Plan, Claims), Failure> {
    if args.password.password_stdin && args.targets.as_deref().is_some_and(targets::is_stdin) {
        return Err(Failure::StdinTwice);
    }
    let typed = args.ids.iter().enumerate().map(|(index, id)| TargetSpec {
        id: id.clone(),
        origin: Some(format!("argument {}", index + 1)),
        ..TargetSpec::default()
    });
    let mut instances: Vec<TargetSpec> = typed.collect();
    if let Some(path) = &args.targets {
        instances.extend(targets::read(path)?);
    }
    let mut policy = Policy::from(&args.policy);
    policy.call_timeout = args.connection.way.call_timeout.unwrap_or(policy.call_timeout);
    site.lower(&mut policy, args.policy.typed());
    let spec = ReinstallSpec { instances, image_id: args.image_id.clone(), policy };
    let checked = spec.check().map_err(Failure::Objections)?;
    let claims = spec.claims();
    let plan = Plan::draw(&checked, account.project.clone()).bound_to(claim::expected_states(&claims));
    Ok((plan, claims))
}

/// Ids as typed, all of them well-formed.
fn parse_ids(typed: &[String]) -> Result<Vec<InstanceId>, Failure> {
    typed.iter().map(|id| id.parse().map_err(Failure::Id)).collect()
}

/// Carries `work` out on a runtime made for it.
fn block_on(work: impl Future<Output = Result<Ending, Failure>>) -> crate::Result {
    wait_for(work)?
}

/// Waits for `work` on a runtime made for it.
pub(crate) fn wait_for<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::Runtime)?;
    let done = runtime.block_on(work);
    // Without waiting for what still runs, such as a look-up of a name.
    runtime.shutdown_background();
    Ok(done)
}
