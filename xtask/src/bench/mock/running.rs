//! A server while it runs: started alone, asked until it answers, looked at through /proc, and ended.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::http;
use crate::bench::machine;
use crate::host;
use crate::task::Failure;

/// How long a server may take to its first answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// How often a server is asked that does not answer yet; so exact is the time to the first answer.
const ASK_EVERY: Duration = Duration::from_millis(1);
/// How long a clock tick of /proc is: USER_HZ is 100 on every Linux that matters.
const TICK: Duration = Duration::from_millis(10);

/// How a server is started and asked.
#[derive(Debug)]
pub(super) struct Recipe {
    /// With its version.
    pub(super) name: String,
    pub(super) program: PathBuf,
    pub(super) args: Vec<String>,
    pub(super) address: Address,
    /// As `Name: value`.
    pub(super) header: Option<&'static str>,
    /// What is asked for until the answer is a 200; its time counts as the start.
    pub(super) first: String,
    /// What is asked for once after that, untimed.
    pub(super) setup: Option<String>,
    /// The file with what is asked for under load, a target a line.
    pub(super) targets: PathBuf,
    /// The same for list reads, where those are measured.
    pub(super) lists: Option<PathBuf>,
}

/// How it becomes known where a server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Address {
    /// It takes a free port and prints its base URL on the first line of standard output.
    Printed,
    /// It is given a port that was free a moment ago, as `--port N`.
    Given,
}

/// Dropping it ends the process.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    server: SocketAddr,
    header: Option<&'static str>,
    /// From the start of the process to its first answer.
    pub(super) first_answer: Duration,
}

/// Resident memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) now: u64,
    pub(super) peak: u64,
}

impl Running {
    /// Starts it, and returns once it has answered. What it says goes into `folder`, as does what it leaves in its home.
    pub(super) fn start(recipe: &Recipe, folder: &Path) -> Result<Self, Failure> {
        let log_path = folder.join("peer.log");
        let log = File::create(&log_path).map_err(|source| Failure::Write { path: log_path.clone(), source })?;
        let mut command = Command::new(&recipe.program);
        command.args(&recipe.args).env("HOME", folder.join("home")).stdin(Stdio::null()).stderr(log);
        let port = match recipe.address {
            Address::Printed => {
                command.stdout(Stdio::piped());
                None
            }
            Address::Given => {
                let port = free_port().map_err(|source| Failure::Unknown { what: "a free port", source })?;
                command.stdout(Stdio::null()).arg("--port").arg(port.to_string());
                Some(port)
            }
        };
        let silent =
            || Failure::Silent { server: recipe.name.clone(), seconds: ANSWER_WITHIN.as_secs(), log: log_path.clone() };
        let began = host::now();
        let child = host::start(&mut command)?;
        let server = SocketAddr::from(([127, 0, 0, 1], port.unwrap_or(0)));
        // From here on, whatever fails ends the process.
        let mut running = Self { child, server, header: recipe.header, first_answer: Duration::ZERO };
        if let Some(stdout) = running.child.stdout.take() {
            running.server = printed_address(stdout).ok_or_else(silent)?;
        }
        running.ask_until_answered(&recipe.first, began).ok_or_else(silent)?;
        running.first_answer = began.elapsed();
        match &recipe.setup {
            Some(target) if running.get(target).is_none() => Err(silent()),
            Some(_) | None => Ok(running),
        }
    }

    fn ask_until_answered(&mut self, target: &str, began: Instant) -> Option<()> {
        while began.elapsed() < ANSWER_WITHIN {
            // A stranger on its port would answer in its place.
            let has_ended = self.child.try_wait().map_or(true, |status| status.is_some());
            if has_ended {
                return None;
            }
            if self.get(target).is_some() {
                return Some(());
            }
            host::pause(ASK_EVERY);
        }
        None
    }

    /// The body of a 200.
    pub(super) fn get(&self, target: &str) -> Option<String> {
        http::get(self.server, target, self.header).ok().filter(|answer| answer.status == 200).map(|answer| answer.body)
    }

    /// `http://127.0.0.1:PORT`.
    pub(super) fn base_url(&self) -> String {
        format!("http://{}", self.server)
    }

    /// How much memory it has now, and had at most.
    pub(super) fn memory(&self) -> Result<Memory, Failure> {
        let status = machine::proc(&format!("/proc/{}/status", self.child.id()))?;
        memory(&status).ok_or_else(|| unreadable("status", "VmRSS and VmHWM"))
    }

    /// How much of the processors' time it has had.
    pub(super) fn processor_time(&self) -> Result<Duration, Failure> {
        let stat = machine::proc(&format!("/proc/{}/stat", self.child.id()))?;
        processor_time(&stat).ok_or_else(|| unreadable("stat", "utime and stime"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unreadable(file: &str, expected: &'static str) -> Failure {
    Failure::Output { command: format!("/proc/PID/{file}"), expected }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The address in the first line; `None` if none comes in time. Standard output stays open, in a thread of its own: who
/// prints more must not fail at it.
fn printed_address(stdout: ChildStdout) -> Option<SocketAddr> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // Only the first is waited for.
            let _ = sender.send(line);
        }
    });
    let line = receiver.recv_timeout(ANSWER_WITHIN).ok()?;
    line.trim().strip_prefix("http://")?.parse().ok()
}

fn memory(status: &str) -> Option<Memory> {
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kibibytes * 1_024)
    };
    Some(Memory { now: bytes("VmRSS:")?, peak: bytes("VmHWM:")? })
}

fn processor_time(stat: &str) -> Option<Duration> {
    // The name in parentheses may have spaces and parentheses itself; what follows has none.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11).map(str::parse::<u32>);
    let (user, system) = (fields.next()?.ok()?, fields.next()?.ok()?);
    Some(TICK * user + TICK * system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\tx\nVmHWM:\t    2000 kB\nVmRSS:\t    1000 kB\n";
        assert_eq!(memory(status), Some(Memory { now: 1_024_000, peak: 2_048_000 }));
        assert_eq!(memory("Name:\tx\nVmRSS:\t1 kB\n"), None);
    }

    #[test]
    fn processor_time_is_user_and_system() {
        let stat = "7 (a) (b) S 1 7 7 0 -1 4194304 100 0 0 0 150 50 3 4 20 0 3 0 1 2 3";
        assert_eq!(processor_time(stat), Some(Duration::from_secs(2)));
        assert_eq!(processor_time("7 (a) S 1"), None);
    }
}
