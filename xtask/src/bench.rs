//! `cargo xtask bench`: how fast something is, beside what others do the same with, in the same run.

mod machine;
mod mock;
mod signing;

use std::fs;

use crate::docs::renew;
use crate::host::{self, Workspace};
use crate::task::Failure;

/// The document with the tables, from the root.
const DOCUMENT: &str = "docs/benchmarks.md";

/// What can be measured.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub(crate) enum Subject {
    /// How many requests a second are signed on one core, by us and by the provider's Python signer.
    Signing {
        /// Renew docs/benchmarks.md with it.
        #[arg(long)]
        write: bool,
    },
    /// How fast and how large the mock server is, beside a bare axum handler and mock servers that others wrote.
    ///
    /// Needs Linux, wrk, and crates.io at the first call; node with npm, and python3 with venv, for those written for them.
    Mock {
        /// Renew docs/benchmarks.md with it.
        #[arg(long, conflicts_with_all = ["quick", "only"])]
        write: bool,
        #[command(flatten)]
        scope: mock::Scope,
    },
}

/// Measures, prints, and renews the document if that is wanted.
pub(crate) fn run(workspace: &Workspace, what: &Subject) -> Result<(), Failure> {
    let (made, begin, write) = match what {
        Subject::Signing { write } => (signing::run(workspace)?, signing::BEGIN, *write),
        Subject::Mock { write, scope } => (mock::run(workspace, scope, *write)?, mock::BEGIN, *write),
    };
    host::say(format_args!("{}", made.trim_end()));
    if !write {
        return Ok(());
    }
    let path = workspace.root.join(DOCUMENT);
    let text = fs::read_to_string(&path).map_err(|source| Failure::Read { path: path.clone(), source })?;
    let renewed = renew(&text, begin, &made).ok_or(Failure::NoMarkers { document: DOCUMENT })?;
    fs::write(&path, renewed).map_err(|source| Failure::Write { path: path.clone(), source })?;
    host::say(format_args!("{DOCUMENT} is renewed"));
    Ok(())
}

/// With a comma before every three digits.
fn grouped(number: u64) -> String {
    match number / 1_000 {
        0 => number.to_string(),
        thousands => format!("{},{:03}", grouped(thousands), number % 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_at_a_glance() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_034, "12,034"), (1_000_007, "1,000,007")] {
            assert_eq!(grouped(number), text);
        }
    }
}
