//! Flags about a real endpoint: what it says is recorded, or played again.

use std::path::PathBuf;

use http::Uri;

use super::Typed;

/// Flags about a real endpoint.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Real endpoint")]
pub struct TapeArgs {
    /// Pass reads on to --upstream, and keep what it answers in this folder, without secrets
    #[arg(long, value_name = "DIR", requires = "upstream")]
    pub record: Option<PathBuf>,

    /// The real endpoint: scheme and host, as in `https://bms.example.com`
    #[arg(long, value_name = "URL", requires = "record")]
    pub upstream: Option<Typed>,

    /// The real IAM, where it is not at the same address: requests for tokens and projects are passed on to it
    #[arg(long, value_name = "URL", requires = "record")]
    pub upstream_iam: Option<Typed>,

    /// Pass writes on, too: reinstalls wipe real servers then
    #[arg(long, requires = "record")]
    pub allow_writes: bool,

    /// Answer as the real endpoint did that was recorded in this file, or in the last one of this folder
    #[arg(long, value_name = "PATH", conflicts_with = "record")]
    pub replay: Option<PathBuf>,
}

/// What is done with answers of a real endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tape {
    /// They are recorded.
    Record {
        /// Where to.
        folder: PathBuf,
        /// The endpoint: scheme and authority, and a path to put before every other.
        upstream: Uri,
        /// The same of IAM, where it is not there as well.
        iam: Option<Uri>,
        /// Whether writes are passed on.
        allows_writes: bool,
    },
    /// They are played again.
    Replay {
        /// The file, or its folder.
        path: PathBuf,
    },
}

impl TapeArgs {
    /// What is done; nothing if `None`.
    ///
    /// # Errors
    /// If the endpoint is none; does not say what it is.
    pub(super) fn tape(&self) -> Result<Option<Tape>, &'static str> {
        let cloud = self.upstream.as_ref().map(|text| upstream(text.expose())).transpose()?;
        let recorded = self.record.clone().zip(cloud);
        let iam = self.upstream_iam.as_ref().map(|text| upstream(text.expose())).transpose()?;
        let record = |(folder, upstream)| Tape::Record { folder, upstream, iam, allows_writes: self.allow_writes };
        let replayed = || self.replay.clone().map(|path| Tape::Replay { path });
        Ok(recorded.map(record).or_else(replayed))
    }
}

/// Reads the address of an endpoint. Never quotes it: somebody may have put a password in.
fn upstream(text: &str) -> Result<Uri, &'static str> {
    const RULE: &str = "write scheme and host, as in https://bms.example.com, without user, query or fragment";
    let uri: Uri = text.parse().map_err(|_| RULE)?;
    let has_scheme = matches!(uri.scheme_str(), Some("http" | "https"));
    let is_plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    (has_scheme && is_plain && uri.query().is_none() && !text.contains('#')).then_some(uri).ok_or(RULE)
}
