//! The mock server as a program: parse, serve, say where, stop when told.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use reinstall_http::clock::Clock;
use reinstall_http::core_dumps;
use reinstall_mock_server::args::{Args, Command, Settings, SettingsError, VerdictWish, load_fleet, verdict};
use reinstall_mock_server::scenario::watch::watch;
use reinstall_mock_server::serve::MockServer;

/// Wrong usage.
const USAGE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    // A recorder holds true tokens.
    core_dumps::forbid();
    let args = Args::parse();
    if let Some(Command::Scenario(command)) = &args.command {
        return match command.run(&load_fleet, &mut io::stdout(), &mut io::stderr()) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::from(USAGE),
            Err(_) => ExitCode::FAILURE,
        };
    }
    if let Some(Command::Recording(command)) = &args.command {
        return match command.run(&mut io::stdout()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => {
                // With standard error gone nobody is left to be told.
                let _ = writeln!(io::stderr(), "{error}");
                ExitCode::from(USAGE)
            }
        };
    }
    tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).init();
    let settings = match args.settings(&load_fleet) {
        Ok(settings) => settings,
        Err(error) => return refuse(&error),
    };
    match serve(settings).await {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Says why nothing is served.
fn refuse(error: &SettingsError) -> ExitCode {
    match error {
        // A line each, as editors and people look for them.
        SettingsError::Unsound(objections) => {
            if let Err(error) = writeln!(io::stderr(), "{objections}") {
                tracing::debug!(%error, "standard error is gone");
            }
        }
        SettingsError::Flags(_) | SettingsError::Unreadable(_) => tracing::error!("{error}"),
    }
    ExitCode::from(USAGE)
}

async fn serve(mut settings: Settings) -> io::Result<ExitCode> {
    // Asked for first: a signal that comes right after the line below must not kill us.
    let signals = Signals::new()?;
    let (watched, wish) = (settings.watched.take(), settings.verdict.clone());
    let (seed, project) = (settings.plan.cloud.seed, settings.plan.cloud.project.clone());
    let builder = match settings.builder() {
        Ok(builder) => builder,
        Err(why) => {
            tracing::error!("{why}");
            return Ok(ExitCode::from(USAGE));
        }
    };
    let server = builder.start().await?;
    let instances = server.state().with_world(|world| world.cloud.instances_count());
    tracing::info!(%project, instances, seed, "a mock cloud serves");
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", server.base_url())?;
    stdout.flush()?;
    let clock = Clock::start();
    let watching = async {
        match watched {
            Some(watched) => watch(watched, server.state().worlds(), &clock).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = signals.wait() => {}
        () = watching => {}
    }
    let code = wish.map_or(Ok(ExitCode::SUCCESS), |wish| close(&wish, &server));
    server.shutdown().await;
    code
}

/// Says what is held against the client.
fn close(wish: &VerdictWish, server: &MockServer) -> io::Result<ExitCode> {
    let closing = verdict(server);
    match &wish.file {
        Some(path) => fs::write(path, &closing.json)?,
        None => writeln!(io::stderr(), "{}", closing.json)?,
    }
    let has_failed = wish.fails && !closing.is_acquitted;
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What tells the program to stop.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// What tells the program to stop.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn wait(self) {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "cannot wait for a signal");
        }
    }
}
