//! Load, made by programs that others wrote: wrk as fast as it goes, oha at a fixed rate.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::running::Running;
use crate::host::{self, Workspace};
use crate::task::Failure;

/// How many connections are kept alive.
pub(super) const CONNECTIONS: u32 = 32;
/// The fixed rate, requests a second.
pub(super) const FIXED_RATE: u32 = 1_000;
const OHA_VERSION: &str = "1.16.0";
const NEEDS_WRK: &str = "wrk, which makes the load (Debian: apt-get install wrk)";
const NEEDS_OHA: &str = "crates.io, to build oha, which makes load at a fixed rate";

/// The programs, ready to use.
#[derive(Debug)]
pub(super) struct Generators {
    script: PathBuf,
    oha: PathBuf,
    /// Where a file with URLs may be put.
    folder: PathBuf,
    /// Their versions.
    pub(super) fact: String,
}

/// Reads as fast as they go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Flood {
    pub(super) reads: f64,
    pub(super) per_second: f64,
    pub(super) p99_ms: f64,
    /// How many failed, or were answered with an error.
    pub(super) failed: u64,
}

/// Reads at the fixed rate, timed from when each was due.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Paced {
    /// `None` if the server fell behind: then it only tells how long the run was.
    pub(super) p99_ms: Option<f64>,
    pub(super) failed: u64,
}

/// What requests.lua prints.
#[derive(Deserialize)]
struct WrkSaid {
    requests: u32,
    micros: u32,
    p99_micros: f64,
    failed: u64,
}

/// Of what oha prints.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OhaSaid {
    summary: OhaSummary,
    latency_percentiles: BTreeMap<String, Option<f64>>,
    status_code_distribution: BTreeMap<String, u64>,
    error_distribution: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OhaSummary {
    requests_per_sec: f64,
}

impl Generators {
    /// Looks for wrk, and builds oha into `folder` unless it is there.
    pub(super) fn ready(workspace: &Workspace, folder: &Path) -> Result<Self, Failure> {
        let wrk = host::version(Command::new("wrk").arg("--version"))
            .map_err(|failure| Failure::Needed { needed: NEEDS_WRK, source: Box::new(failure) })?;
        let root = folder.join("oha");
        let oha = root.join("bin/oha");
        let is_there = host::version(Command::new(&oha).arg("--version")).is_ok_and(|told| told.ends_with(OHA_VERSION));
        if !is_there {
            host::say(format_args!("oha {OHA_VERSION} is built, once; that takes some minutes"));
            let mut install = host::cargo(workspace);
            install.args(["install", "--quiet", "oha", "--version", OHA_VERSION, "--locked", "--root"]).arg(&root);
            host::run(&mut install)
                .map_err(|failure| Failure::Needed { needed: NEEDS_OHA, source: Box::new(failure) })?;
        }
        let wrk = wrk.split(" Copyright").next().unwrap_or_default();
        Ok(Self {
            script: workspace.root.join("xtask/bench/requests.lua"),
            oha,
            folder: folder.to_owned(),
            fact: format!("{wrk}, oha {OHA_VERSION}"),
        })
    }

    /// The targets in turn, as fast as one thread of wrk can send them.
    pub(super) fn flood(&self, running: &Running, recipe: Asked<'_>, seconds: u32) -> Result<Flood, Failure> {
        let mut wrk = Command::new("wrk");
        wrk.arg("--threads=1").arg(format!("--connections={CONNECTIONS}")).arg(format!("--duration={seconds}s"));
        wrk.arg("--timeout=10s").arg("--script").arg(&self.script);
        wrk.args(recipe.header.map(|header| ["--header", header]).into_iter().flatten());
        let text = host::output(wrk.arg(running.base_url()).arg("--").arg(recipe.targets))?;
        flooded(&text).ok_or_else(|| Failure::Output { command: "wrk".to_owned(), expected: "its counts as JSON" })
    }

    /// The targets in any order, [`FIXED_RATE`] of them a second, whether the server keeps up or not.
    pub(super) fn pace(&self, running: &Running, recipe: Asked<'_>, seconds: u32) -> Result<Paced, Failure> {
        let mut oha = self.oha(running, recipe)?;
        oha.args(["-z", &format!("{seconds}s"), "-q", &FIXED_RATE.to_string(), "--latency-correction"]);
        paced(&said(&host::output(oha.arg(self.urls()))?)?)
    }

    /// So many of the targets, in any order. Returns how many failed.
    pub(super) fn count(&self, running: &Running, recipe: Asked<'_>, reads: u64) -> Result<u64, Failure> {
        let mut oha = self.oha(running, recipe)?;
        Ok(failed(&said(&host::output(oha.args(["-n", &reads.to_string()]).arg(self.urls()))?)?))
    }

    fn urls(&self) -> PathBuf {
        self.folder.join("urls.txt")
    }

    fn oha(&self, running: &Running, recipe: Asked<'_>) -> Result<Command, Failure> {
        let read = |source| Failure::Read { path: recipe.targets.to_owned(), source };
        let base = running.base_url();
        let urls: String = fs::read_to_string(recipe.targets)
            .map_err(read)?
            .lines()
            .map(|target| format!("{base}{target}\n"))
            .collect();
        fs::write(self.urls(), urls).map_err(|source| Failure::Write { path: self.urls(), source })?;
        let mut oha = Command::new(&self.oha);
        oha.args(["--no-tui", "--output-format", "json", "--disable-compression", "--urls-from-file"]);
        oha.arg("-c").arg(CONNECTIONS.to_string());
        oha.args(recipe.header.map(|header| ["-H", header]).into_iter().flatten());
        Ok(oha)
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The file with a target a line.
    pub(super) targets: &'a Path,
    /// As `Name: value`.
    pub(super) header: Option<&'static str>,
}

fn flooded(text: &str) -> Option<Flood> {
    let line = text.lines().rfind(|line| line.starts_with('{'))?;
    let said: WrkSaid = serde_json::from_str(line).ok()?;
    let reads = f64::from(said.requests);
    let seconds = f64::from(said.micros) / 1e6;
    let per_second = reads / seconds;
    Some(Flood { reads, per_second, p99_ms: said.p99_micros / 1e3, failed: said.failed })
}

fn said(text: &str) -> Result<OhaSaid, Failure> {
    serde_json::from_str(text)
        .map_err(|_| Failure::Output { command: "oha".to_owned(), expected: "its results as JSON" })
}

fn paced(said: &OhaSaid) -> Result<Paced, Failure> {
    let keeps_up = said.summary.requests_per_sec > 0.98 * f64::from(FIXED_RATE);
    let p99 = said.latency_percentiles.get("p99").copied().flatten();
    Ok(Paced { p99_ms: p99.filter(|_| keeps_up).map(|seconds| seconds * 1e3), failed: failed(said) })
}

/// Those that were on their way when the time was up did not fail.
fn failed(said: &OhaSaid) -> u64 {
    let answers = said.status_code_distribution.iter().filter(|(status, _)| status.as_str() != "200");
    let errors = said.error_distribution.iter().filter(|(error, _)| error.as_str() != "aborted due to deadline");
    answers.chain(errors).map(|(_, count)| count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrk_is_read_from_the_script_s_line() {
        let text = "Running 2s test\nRequests/sec: 1\n{\"requests\":3000,\"micros\":2000000,\"p99_micros\":660,\"failed\":1}\n";
        let flood = Flood { reads: 3_000.0, per_second: 1_500.0, p99_ms: 0.66, failed: 1 };
        assert_eq!(flooded(text), Some(flood));
        assert_eq!(flooded("Running 2s test\n"), None);
    }

    #[test]
    fn oha_tells_a_latency_only_of_a_server_that_keeps_up() {
        for (rate, statuses, errors, p99_ms, failures) in [
            ("999.8", r#"{"200":2000}"#, "{}", Some(0.5), 0),
            ("1000.1", r#"{"200":2000}"#, r#"{"aborted due to deadline":3}"#, Some(0.5), 0),
            ("999.8", r#"{"200":1990,"404":10}"#, r#"{"connection refused":2}"#, Some(0.5), 12),
            ("240.0", r#"{"200":480}"#, "{}", None, 0),
        ] {
            let text = format!(
                r#"{{"summary":{{"requestsPerSec":{rate}}},"latencyPercentiles":{{"p99":0.0005,"p99.9":null}},
                    "statusCodeDistribution":{statuses},"errorDistribution":{errors}}}"#
            );
            let told = paced(&said(&text).unwrap()).unwrap();
            assert_eq!(told, Paced { p99_ms, failed: failures }, "{text}");
        }
        assert!(said("{}").is_err());
    }
}
