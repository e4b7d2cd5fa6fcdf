//! `reinstall`: reinstalls the operating system on fleets of CloudDC bare-metal servers, safely.
//!
//! Thin on purpose: what was typed is turned into values, core and client are called, and what they tell is rendered. No
//! decision about an instance is taken here.
//!
//! The modules, in reading order:

mod args;
mod env;

mod failure;
mod input;
mod random;

mod confirm;
mod guard;
mod next_step;
mod password;
mod plan_file;
mod prompt;
mod setup;
mod site;
mod state;
mod targets;

mod logging;
mod render;

mod command;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use crate::command::Session;
use crate::env::Environment;
use crate::failure::{Ending, Failure, USAGE, exit_code};
use crate::next_step::Commands;

fn main() -> ExitCode {
    let cli = match args::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(told) => {
            // Help and version end up here too. If they cannot be written, nobody wants them.
            drop(told.print());
            return ExitCode::from(if told.use_stderr() { USAGE } else { failure::DONE });
        }
    };
    let stderr_is_terminal = io::stderr().is_terminal();
    let session = Session {
        environment: Environment::read(),
        stdin_is_terminal: io::stdin().is_terminal(),
        stderr_is_terminal,
        shows_bars: stderr_is_terminal && cli.global.verbose == 0,
        commands: Commands { state_dir: cli.command.state_dir().map(Into::into) },
    };
    logging::start(cli.global.verbose, session.stderr_is_terminal && !session.environment.no_color);
    let result = command::run(cli, &session);
    if let Err(failure) = &result {
        tell(failure, &session.commands);
    }
    ExitCode::from(exit_code(&result))
}

fn tell(failure: &Failure, commands: &Commands) {
    render::to_stderr(|err| {
        writeln!(err, "error: {failure}")?;
        failure.hints(commands).iter().try_for_each(|hint| writeln!(err, "hint: {hint}"))
    });
}

/// What every command comes to.
type Result = std::result::Result<Ending, Failure>;
