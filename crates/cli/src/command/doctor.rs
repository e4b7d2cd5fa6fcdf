//! `reinstall doctor`: every step from the settings to the instances, one line each. Touches nothing.
//!
//! Each step is taken once, and what hangs on a step that failed is skipped and says so: what is told is what was seen.

mod advice;
mod cloud;
mod local;
mod way;
mod words;

use std::io::{self, IsTerminal};
use std::time::Duration;

use reinstall_core::id::InstanceId;
use reinstall_http::clock::Clock;
use reinstall_http::network::Network;
use reinstall_http::region::Located;
use reinstall_http::sources::Found;

use super::Session;
use crate::args::connection::{ConnectionArgs, WayArgs};
use crate::args::{DoctorArgs, Output};
use crate::failure::{Ending, Failure};
use crate::render;
use crate::render::doctor::{self as shown, Check, Verdict};
use crate::setup::Setup;

/// How long connecting may take where nobody says: somebody sits there and waits.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How long an answer may take where nobody says.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What the checks find out from each other.
struct Case<'a> {
    setup: Setup<'a>,
    /// The credential, and where it was.
    found: Result<(Found, String), Failure>,
    located: Result<Option<Located>, Failure>,
    network: Result<Network, Failure>,
    clock: Clock,
    /// An instance that was named.
    id: Option<InstanceId>,
}

pub(super) fn doctor(args: &DoctorArgs, session: &Session) -> crate::Result {
    let id = args.id.as_deref().map(str::parse).transpose().map_err(Failure::Id)?;
    let connection = hurried(&args.connection);
    let setup = session.setup(&connection, &args.state);
    let found = setup.find();
    let located = setup.located(found.as_ref().ok().map(|(found, _)| found));
    let network = setup.network();
    let case = Case { setup, found, located, network, clock: Clock::start(), id };
    let mut told = Told { checks: Vec::new(), output: args.output, with_colours: with_colours(args.output, session) };
    super::block_on(async {
        told.tell(local::settings(&case))?;
        told.tell(local::credentials(&case))?;
        told.tell(local::state_directory(&case))?;
        let way = way::examine(&case, &mut told).await?;
        cloud::examine(&case, &way, &mut told).await?;
        told.conclude()
    })
}

fn with_colours(output: Output, session: &Session) -> bool {
    output == Output::Text && io::stdout().is_terminal() && session.environment.has_colours()
}

/// The same settings, with less patience where nobody asked for any.
fn hurried(args: &ConnectionArgs) -> ConnectionArgs {
    let way = WayArgs {
        connect_timeout: args.way.connect_timeout.or(Some(CONNECT_MAX)),
        read_timeout: args.way.read_timeout.or(Some(ANSWER_MAX)),
        call_timeout: args.way.call_timeout.or(Some(ANSWER_MAX)),
        ..args.way.clone()
    };
    ConnectionArgs { way, ..args.clone() }
}

/// The checks so far. People and those who read line by line see each as soon as it is known.
struct Told {
    checks: Vec<Check>,
    output: Output,
    with_colours: bool,
}

impl Told {
    /// Tells one, and whether it is well enough for what hangs on it.
    fn tell(&mut self, check: Check) -> Result<bool, Failure> {
        render::to_coloured_stdout(|out| match self.output {
            Output::Text => shown::text(out, &check, self.with_colours),
            Output::Json => Ok(()),
            Output::Ndjson => render::json_line(out, &check),
        })?;
        let is_well = matches!(check.verdict, Verdict::Ok | Verdict::Warning);
        self.checks.push(check);
        Ok(is_well)
    }

    /// The first check that failed says how the command ends.
    fn conclude(&self) -> crate::Result {
        render::to_stdout(|out| match self.output {
            Output::Text => shown::conclusion(out, &self.checks),
            Output::Json => render::json_object(out, &shown::object(&self.checks)),
            Output::Ndjson => Ok(()),
        })?;
        let cause = self.checks.iter().find_map(|check| match check.verdict {
            Verdict::Failed(cause) => Some(cause),
            Verdict::Ok | Verdict::Warning | Verdict::Skipped => None,
        });
        Ok(cause.map_or(Ending::Done, Ending::Unwell))
    }
}
