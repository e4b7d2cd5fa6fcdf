//! Flags about what is kept and told of what happened.

use std::path::PathBuf;

/// Flags about what is kept and told of what happened.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Log and verdict")]
pub struct OutcomeArgs {
    /// How many requests the log keeps at most
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=LogBounds::ENTRIES_MAX))]
    pub log_entries: Option<u64>,

    /// How many bytes the log takes at most
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub log_bytes: Option<u64>,

    /// Exit with 1 if the client did what could wipe a server twice, or the wrong one, or was rude; says so in JSON on standard
    /// error
    #[arg(long)]
    pub fail_on_violation: bool,

    /// Write the verdict on the client into this file at the end, as JSON
    #[arg(long, value_name = "FILE")]
    pub verdict: Option<PathBuf>,
}

/// How much the log keeps; what is absent is as the log has it by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogBounds {
    /// Requests.
    pub entries: Option<u64>,
    /// Bytes.
    pub bytes: Option<u64>,
}

impl LogBounds {
    /// The most requests that a log may be told to keep.
    pub const ENTRIES_MAX: u64 = 100_000_000;
}

/// What to do with the verdict at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerdictWish {
    /// Whether to fail if it is a bad one.
    pub fails: bool,
    /// Where to write it; to standard error if there is no file.
    pub file: Option<PathBuf>,
}

impl OutcomeArgs {
    /// How much the log keeps.
    pub(super) const fn log(&self) -> LogBounds {
        LogBounds { entries: self.log_entries, bytes: self.log_bytes }
    }

    /// What to do with the verdict; `None` if nobody asked for it.
    pub(super) fn verdict(&self) -> Option<VerdictWish> {
        let is_asked_for = self.fail_on_violation || self.verdict.is_some();
        is_asked_for.then(|| VerdictWish { fails: self.fail_on_violation, file: self.verdict.clone() })
    }
}
