//! The mock server as a program: parse, serve, say where, stop when told.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use reinstall_core::secret::SessionToken;
use reinstall_http::sign::key::AccessKey;
use reinstall_mock_server::args::Args;
use reinstall_mock_server::serve::{MockServer, MockServerBuilder};

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
    let token = match SessionToken::parse(args.token.expose()) {
        Ok(token) => token,
        Err(error) => {
            tracing::error!("--token: {error}");
            return ExitCode::from(USAGE);
        }
    };
    let access_keys = match args.access_keys() {
        Ok(keys) => keys,
        Err(error) => {
            tracing::error!("--access-key: {error}");
            return ExitCode::from(USAGE);
        }
    };
    match serve(&args, token, access_keys).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: &Args, token: SessionToken, access_keys: Vec<AccessKey>) -> io::Result<()> {
    // Asked for first: a signal that comes right after the line below must not kill us.
    let signals = Signals::new()?;
    let builder = MockServer::builder().token(token).config(|config| *config = args.cloud()).listen(args.listen);
    let server = access_keys.into_iter().fold(builder, MockServerBuilder::access_key).start().await?;
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
