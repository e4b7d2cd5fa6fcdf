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
    reinstall_http::core_dumps::forbid();
    // A panic may happen while the terminal takes nothing.
    std::panic::set_hook(Box::new(|panic| {
        render::to_stderr(|err| writeln!(err, "{panic}"));
        render::console::settle();
    }));
    let environment = Environment::read();
    let cli = match args::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(told) => return explain(&told, &environment),
    };
    let stderr_is_terminal = io::stderr().is_terminal();
    let shows_bars = stderr_is_terminal && cli.global.verbose == 0 && environment.can_draw();
    let session = Session {
        environment,
        stdin_is_terminal: io::stdin().is_terminal(),
        stderr_is_terminal,
        shows_bars,
        commands: Commands { state_dir: cli.command.state_dir().map(Into::into) },
    };
    logging::start(cli.global.verbose, session.stderr_is_terminal && session.environment.has_colours());
    let result = command::run(cli, &session);
    if let Err(failure) = &result {
        tell(failure, &session.commands);
    }
    render::console::settle();
    ExitCode::from(exit_code(&result))
}

/// Says what clap has to say: what is wrong with the command line, help, or the version.
fn explain(told: &clap::Error, environment: &Environment) -> ExitCode {
    let words = told.render();
    if told.use_stderr() {
        // It repeats words of the command line, so it goes without colours.
        render::to_stderr(|err| write!(err, "{words}"));
        render::console::settle();
        return ExitCode::from(USAGE);
    }
    let is_coloured = io::stdout().is_terminal() && environment.has_colours();
    // Help that cannot be written is not asked for again.
    drop(render::to_coloured_stdout(|out| match is_coloured {
        true => write!(out, "{}", words.ansi()),
        false => write!(out, "{words}"),
    }));
    ExitCode::from(failure::DONE)
}

fn tell(failure: &Failure, commands: &Commands) {
    render::to_stderr(|err| {
        writeln!(err, "error: {failure}")?;
        failure.hints(commands).iter().try_for_each(|hint| writeln!(err, "hint: {hint}"))
    });
}

/// What every command comes to.
type Result = std::result::Result<Ending, Failure>;
