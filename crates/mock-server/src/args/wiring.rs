//! From settings to a server: the one place where they meet.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reinstall_http::clock::Clock;
use reinstall_http::endpoint::{Endpoint, PlainHttp};
use serde_json::json;

use super::{Settings, Tape, TlsSource};
use crate::cloud::config::FleetConfig;
use crate::fleet_file::{self, Format};
use crate::hosts::Hosts;
use crate::log::LogBounds;
use crate::record::{Recorder, Recording, Salt, Upstream, Writes, played};
use crate::serve::{MockServer, MockServerBuilder, Tls};

/// What is said of the client at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// Whether nothing is held against it.
    pub is_acquitted: bool,
    /// The whole verdict, as JSON: of the only world, or of each by its project.
    pub json: String,
}

/// Reads the file of a fleet.
///
/// # Errors
/// Says why there is no fleet, and in which line.
pub fn load_fleet(path: &Path) -> Result<FleetConfig, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let file = File::open(path).map_err(|error| wrong(&error))?;
    let fleet = fleet_file::read(BufReader::new(file), Format::by_extension(path)).map_err(|error| wrong(&error))?;
    Ok(FleetConfig::Stored(Arc::new(fleet)))
}

/// What is said of the client, now that the run has ended: of all worlds of the server together.
#[must_use]
pub fn verdict(server: &MockServer) -> Closing {
    let state = server.state();
    let real = state.real_now();
    let worlds = state.worlds().all();
    let verdicts: BTreeMap<String, _> = worlds
        .iter()
        .map(|place| (place.project().to_string(), place.with(|world| world.verdict(real, true))))
        .collect();
    let is_acquitted = verdicts.values().all(|verdict| verdict.acquitted);
    let json = match verdicts.len() {
        1 => json!(verdicts.values().next()),
        _ => json!({"acquitted": is_acquitted, "worlds": verdicts}),
    };
    Closing { is_acquitted, json: json.to_string() }
}

impl Settings {
    /// The server that they ask for.
    ///
    /// # Errors
    /// Names the flag that cannot be obeyed, and why.
    pub fn builder(mut self) -> Result<MockServerBuilder, String> {
        let kept = LogBounds::default();
        let bound = |asked: Option<u64>, default: usize| {
            asked.map_or(default, |asked| usize::try_from(asked).unwrap_or(usize::MAX))
        };
        self.plan.log = LogBounds {
            entries_max: bound(self.log.entries, kept.entries_max),
            bytes_max: bound(self.log.bytes, kept.bytes_max),
        };
        let hosts = match self.doors.hosts {
            Hosts::Any => None,
            Hosts::Loopback(others) => Some(others),
        };
        let mut builder = MockServer::builder()
            .plan(self.plan)
            .makes_worlds(self.makes_worlds)
            .token(self.token)
            .listen(self.doors.listen)
            .hosts(hosts)
            .explains_signatures(self.explains_signatures);
        if let Some(address) = self.doors.admin_listen {
            builder = builder.admin_listen(address);
        }
        if let Some(token) = self.admin_token {
            builder = builder.admin_token(token);
        }
        if let Some(source) = &self.doors.tls {
            builder = builder.tls(tls(source)?);
        }
        if let Some(tape) = self.tape {
            builder = builder.instead(service(tape)?);
        }
        Ok(self.access_keys.into_iter().fold(builder, MockServerBuilder::access_key))
    }
}

fn tls(source: &TlsSource) -> Result<Tls, String> {
    match source {
        TlsSource::Generated => Tls::generated().map_err(|error| format!("--tls: {error}")),
        TlsSource::Files { certificate, key } => {
            let read = |flag: &str, path: &Path| {
                fs::read_to_string(path).map_err(|error| format!("{flag}: {}: {error}", path.display()))
            };
            let certificate = read("--tls-cert", certificate)?;
            let key = zeroize::Zeroizing::new(read("--tls-key", key)?);
            Tls::from_pem(&certificate, &key).map_err(|error| format!("--tls-cert: {error}"))
        }
    }
}

/// What answers in place of the mock cloud.
fn service(tape: Tape) -> Result<axum::Router, String> {
    match tape {
        Tape::Record { folder, upstream, iam, allows_writes } => {
            let endpoint = |flag: &str, text: &str| {
                Endpoint::parse(text, PlainHttp::Loopback).map_err(|error| format!("{flag}: {error}"))
            };
            let writes = if allows_writes { Writes::Allowed } else { Writes::Refused };
            let upstream = Upstream {
                writes,
                iam: iam.map(|iam| endpoint("--upstream-iam", &iam.to_string())).transpose()?,
                ..Upstream::new(endpoint("--upstream", &upstream.to_string())?)
            };
            let salt = Salt::random().map_err(|error| format!("--record: {error}"))?;
            let recorder = Recorder::begin(upstream, &folder, salt, Clock::start())
                .map_err(|error| format!("--record: {error}"))?;
            tracing::info!(file = %recorder.path().display(), writes = allows_writes, "what is passed on is kept");
            Ok(recorder.router())
        }
        Tape::Replay { path } => {
            let file = newest(&path).map_err(|error| format!("--replay: {}: {error}", path.display()))?;
            let recording = Recording::open(&file).map_err(|error| format!("--replay: {}: {error}", file.display()))?;
            tracing::info!(file = %file.display(), exchanges = recording.exchanges().len(), "a recording is played");
            Ok(played(recording))
        }
    }
}

/// The recording itself, or the one in a folder whose name is the last: names begin with the time.
fn newest(path: &Path) -> std::io::Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let files = fs::read_dir(path)?.filter_map(|entry| Some(entry.ok()?.path()));
    let recordings = files.filter(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    recordings.max().ok_or_else(|| std::io::Error::other("there is no recording in this folder"))
}
