//! The mock server as a program: parse, serve, say where, stop when told.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use reinstall_core::secret::SessionToken;
use reinstall_mock_server::args::Args;
use reinstall_mock_server::serve::MockServerBuilder;

/// Wrong usage.
const USAGE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).init();
    if let Some(objection) = args.objection() {
        tracing::error!("{objection}");
        return ExitCode::from(USAGE);
    }
    let builder = match with_secrets(&args) {
        Ok(builder) => builder,
        Err(objection) => {
            tracing::error!("{objection}");
            return ExitCode::from(USAGE);
        }
    };
    match serve(&args, builder).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The server that is asked for, or why what was typed for a secret is none.
fn with_secrets(args: &Args) -> Result<MockServerBuilder, String> {
    let token = SessionToken::parse(args.token.expose()).map_err(|error| format!("--token: {error}"))?;
    let keys = args.access_keys().map_err(|error| format!("--access-key: {error}"))?;
    let users = args.iam_users().map_err(|error| format!("--iam-user: {error}"))?;
    let builder = keys.into_iter().fold(args.builder().token(token), MockServerBuilder::access_key);
    Ok(users.into_iter().fold(builder, MockServerBuilder::iam_user))
}

async fn serve(args: &Args, builder: MockServerBuilder) -> io::Result<()> {
    // Asked for first: a signal that comes right after the line below must not kill us.
    let signals = Signals::new()?;
    let server = builder.start().await?;
    tracing::info!(project = %args.project_id, instances = args.instances, seed = args.seed, "a mock cloud serves");
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", server.base_url())?;
    stdout.flush()?;
    signals.wait().await;
    server.shutdown().await;
    Ok(())
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
