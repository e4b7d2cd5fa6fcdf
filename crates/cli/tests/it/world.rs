//! A cloud to run the binary against.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reinstall_core::secret::SessionToken;
use reinstall_mock_server::serve::{MockServer, MockServerBuilder};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::bench::{Bench, PROJECT, Shot, TOKEN};

/// The clocks of a run, sped up as much as the reinstalls are.
pub(crate) const SPED_UP: [&str; 14] = [
    "--poll-every",
    "20ms",
    "--shortest",
    "5s",
    "--settle-after",
    "6s",
    "--read-lag",
    "20ms",
    "--call-timeout",
    "5s",
    "--requests-per-second",
    "500",
    "--password-file",
    "pw",
];

/// A mock cloud, and a bench to run the binary against it.
pub(crate) struct World {
    pub(crate) server: MockServer,
    pub(crate) bench: Bench,
    /// Serves as long as it is there.
    _runtime: Runtime,
}

pub(crate) fn world(instances: u32, token: &str) -> World {
    world_where(instances, token, Duration::from_millis(300))
}

pub(crate) fn world_where(instances: u32, token: &str, reinstall_takes: Duration) -> World {
    world_of(|server| server.instances(instances).reinstall_takes(reinstall_takes), token)
}

/// A world that is set up like no other. Reinstalls are quick in it, unless told otherwise.
pub(crate) fn world_of(set_up: impl FnOnce(MockServerBuilder) -> MockServerBuilder, token: &str) -> World {
    let runtime = Runtime::new().unwrap();
    let server =
        MockServer::builder().token(SessionToken::parse(token).unwrap()).reinstall_takes(Duration::from_millis(300));
    let server = runtime.block_on(set_up(server).start()).unwrap();
    let bench = Bench::at(&server.base_url());
    World { server, bench, _runtime: runtime }
}

impl World {
    pub(crate) fn list_everybody(&self) {
        let list: String = self.server.ids().iter().map(|id| format!("{id}\n")).collect();
        self.bench.file("fleet.txt", list);
    }

    /// Starts a run of everybody and sends it SIGINT as soon as each of `cues` was told, in order.
    #[cfg(unix)]
    pub(crate) fn run_and_interrupt(&self, cues: &[&str]) -> (Option<i32>, Value) {
        self.list_everybody();
        let args = [&["run", "--yes", "--targets", "fleet.txt", "--output", "json"], &SPED_UP[..]].concat();
        let mut child = self.spawn(&args);
        let mut cues = cues.iter().peekable();
        for line in BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap) {
            if cues.next_if(|cue| line.contains(**cue)).is_some() {
                signal(&child, "INT");
            }
        }
        assert_eq!(cues.next(), None, "a cue never came");
        let mut told = String::new();
        child.stdout.take().unwrap().read_to_string(&mut told).unwrap();
        (child.wait().unwrap().code(), serde_json::from_str(&told).unwrap())
    }

    /// Starts a command in the background, with endpoint, project and token given.
    pub(crate) fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// A command with endpoint, project and token given, and nothing to read.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        #[cfg(unix)]
        default_signals();
        let mut command = self.bench.command(args);
        command
            .env("REINSTALL_TOKEN", TOKEN)
            .env("REINSTALL_ENDPOINT", self.bench.endpoint())
            .env("REINSTALL_PROJECT_ID", PROJECT)
            .stdin(Stdio::null());
        command
    }

    /// How often each instance was wiped.
    pub(crate) fn wipes(&self) -> Vec<usize> {
        let ids = self.server.ids();
        self.server.with_cloud(|cloud| ids.iter().map(|id| cloud.wipes(*id).len()).collect())
    }

    pub(crate) fn run(&self, args: &[&str]) -> Shot {
        self.list_everybody();
        self.bench.run(&[&["run", "--yes", "--targets", "fleet.txt"], &SPED_UP[..], args].concat(), "")
    }
}

/// Has programs that are started from now on end by signals, as they do from a shell. Under `nohup`, or in the background of a
/// script, signals are ignored, and an ignored one stays so in a new program; a caught one does not.
#[cfg(unix)]
pub(crate) fn default_signals() {
    use tokio::signal::unix::{SignalKind, signal};
    static CATCHING: std::sync::LazyLock<Runtime> = std::sync::LazyLock::new(|| {
        let runtime = Runtime::new().unwrap();
        let inside = runtime.enter();
        // Once caught it stays caught, though nobody listens.
        drop(signal(SignalKind::hangup()).unwrap());
        for (kind, code) in [(SignalKind::interrupt(), 130), (SignalKind::quit(), 131), (SignalKind::terminate(), 143)]
        {
            let mut signal = signal(kind).unwrap();
            // The tests themselves still end by it.
            runtime.spawn(async move {
                signal.recv().await;
                std::process::exit(code)
            });
        }
        drop(inside);
        runtime
    });
    std::sync::LazyLock::force(&CATCHING);
}

/// Sends a signal to a program under way.
#[cfg(unix)]
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}
