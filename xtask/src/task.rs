//! The list of tasks, and how a task can fail.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use crate::host::{self, Workspace};
use crate::{bench, ci, conformance, deny, dist, docs, interop, links, page, purity, tidy};

/// What can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub(crate) enum Task {
    /// Everything a change must pass, in order, up to the first failure.
    Ci {
        /// Leave a step out, for a machine that lacks what it needs; may be given more than once.
        #[arg(long, value_name = "STEP")]
        without: Vec<String>,
    },
    /// The rollout holds its properties in simulated worlds.
    Sim {
        /// Handed on to the simulation: `--seeds N`, `--from S`, `--seed S` for one alone, `--exhaustive [N]` for the complete
        /// search of small worlds with at most N special choices each, or `--scale N,N`. Without any, both are run.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        args: Vec<String>,
    },
    /// The simulation catches each planted fault.
    Mutants {
        /// Among how many seeds to count those that catch a fault.
        #[arg(long, default_value_t = MUTANT_SEEDS, value_name = "N")]
        seeds: u64,
    },
    /// What documents repeat of the code is what the code says.
    Docs {
        /// Renew the documents instead.
        #[arg(long)]
        write: bool,
    },
    /// The code is formatted.
    Fmt,
    /// No lint complains.
    Clippy,
    /// The tests pass.
    Test,
    /// The documentation builds without a warning.
    Doc,
    /// The crates depend on nothing that their promises exclude.
    Purity,
    /// The dependencies, their licences and where they come from are what `deny.toml` allows. Builds cargo-deny at the first call.
    Deny,
    /// Every relative link in the documents leads somewhere.
    Links,
    /// The house rules that no lint knows.
    Tidy,
    /// The provider's own client and Keystone's get along with the mock server, and ours sends what theirs sends.
    ///
    /// Needs python3 (3.10 or later) with venv, and PyPI at the first call.
    Interop {
        /// Handed on to the suite: `--seed N`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        args: Vec<String>,
    },
    /// The mock server does what its documents say, whoever asks: schemathesis, every documented status, and the contract suite.
    ///
    /// Needs python3 (3.11 or later) with venv, and PyPI at the first call.
    Conformance(conformance::Extent),
    /// A headless Chromium looks at the mock server's page. Needs python3 and Debian's chromium; says so where that is missing.
    Page {
        /// Handed on to the suite: `--screenshot FILE` to renew the pictures, or `--url URL --token T` to look at another server.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        args: Vec<String>,
    },
    /// Measures, and prints a table.
    Bench {
        /// What to measure.
        #[command(subcommand)]
        what: bench::Subject,
    },
    /// Makes the release archive for this machine's target.
    Dist,
}

impl Task {
    /// As typed after `cargo xtask`.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Ci { .. } => "ci",
            Self::Sim { .. } => "sim",
            Self::Mutants { .. } => "mutants",
            Self::Docs { .. } => "docs",
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Test => "test",
            Self::Doc => "doc",
            Self::Purity => "purity",
            Self::Deny => "deny",
            Self::Links => "links",
            Self::Tidy => "tidy",
            Self::Interop { .. } => "interop",
            Self::Conformance(_) => "conformance",
            Self::Page { .. } => "page",
            Self::Bench { .. } => "bench",
            Self::Dist => "dist",
        }
    }

    /// Does it.
    pub(crate) fn run(self, workspace: &Workspace) -> Result<(), Failure> {
        let cargo = |args: &[&str]| host::run(host::cargo(workspace).args(args));
        match self {
            Self::Ci { without } => ci::run(workspace, &without),
            Self::Sim { args } if args.is_empty() => {
                host::run(&mut sim(workspace))?;
                host::run(sim(workspace).arg("--exhaustive"))
            }
            Self::Sim { args } => host::run(sim(workspace).args(args)),
            Self::Mutants { seeds } => host::run(&mut mutants(workspace, seeds)),
            Self::Docs { write } => docs::run(workspace, write),
            Self::Fmt => cargo(&["fmt", "--all", "--check"]),
            Self::Clippy => cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
            Self::Test => cargo(&["test", "--workspace", "--locked"]),
            // RUSTDOCFLAGS reaches rustdoc alone, so what clippy has already checked of the dependencies is used again.
            Self::Doc => host::run(
                host::cargo(workspace)
                    .args(["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"])
                    .env("RUSTDOCFLAGS", "-D warnings"),
            ),
            Self::Purity => purity::run(workspace),
            Self::Deny => deny::run(workspace),
            Self::Links => links::run(workspace),
            Self::Tidy => tidy::run(workspace),
            Self::Interop { args } => interop::run(workspace, &args),
            Self::Conformance(extent) => conformance::run(workspace, &extent),
            Self::Page { args } => page::run(workspace, &args),
            Self::Bench { what } => bench::run(workspace, &what),
            Self::Dist => dist::run(workspace),
        }
    }
}

/// Among how many seeds those that catch a planted fault are counted, unless somebody asks for more.
pub(crate) const MUTANT_SEEDS: u64 = 500;

/// The simulation, to be given its arguments.
pub(crate) fn sim(workspace: &Workspace) -> Command {
    let mut cargo = host::cargo(workspace);
    // Optimised, with checked arithmetic and assertions on.
    cargo.args(["run", "--quiet", "--profile", "sim", "--package", "reinstall-sim", "--locked", "--"]);
    cargo
}

/// The simulation, built so that faults can be planted, in a folder of its own: no other build is to know them.
fn mutants(workspace: &Workspace, seeds: u64) -> Command {
    let mut flags = host::variable("RUSTFLAGS").unwrap_or_default();
    flags += " --cfg reinstall_mutants";
    let mut cargo = host::cargo(workspace);
    cargo.env("RUSTFLAGS", flags.trim_start()).arg("run").arg("--target-dir").arg(workspace.target_dir.join("mutants"));
    cargo.args(["--quiet", "--profile", "sim", "--package", "reinstall-sim", "--locked", "--"]);
    cargo.args(["--mutants", &seeds.to_string()]);
    cargo
}

/// Why a task did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("cannot start `{command}`")]
    Start { command: String, source: io::Error },
    #[error("`{command}` ended with {status}")]
    Exit { command: String, status: std::process::ExitStatus },
    #[error("`{command}` printed what xtask cannot read: {expected}")]
    Output { command: String, expected: &'static str },
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{what}: {count}")]
    Findings { count: usize, what: &'static str },
    #[error("step `{step}` failed after {seconds:.1} s; to run just that step: cargo xtask {step}")]
    Step { step: &'static str, seconds: f64, source: Box<Failure> },
    #[error("cannot remove {}", path.display())]
    Remove { path: PathBuf, source: io::Error },
    #[error("`reinstall release-files` wrote nothing to {folder}/")]
    NoReleaseFiles { folder: &'static str },
    #[error("{document} lacks the lines between which it repeats the code")]
    NoMarkers { document: &'static str },
    #[error("{document} does not say what the code says: cargo xtask docs --write")]
    Outdated { document: &'static str },
    #[error("{document} does not say what was seen: {with}")]
    Stale { document: &'static str, with: &'static str },
    #[error("{} is not what was expected: {expected}", path.display())]
    Evidence { path: PathBuf, expected: &'static str },
    #[error("there is no step `{name}` to leave out")]
    NoSuchStep { name: String },
    #[error("{server} did not answer within {seconds} s as it should; what it said is in {}", log.display())]
    Silent { server: String, seconds: u64, log: PathBuf },
    #[error("cannot find out {what}")]
    Unknown { what: &'static str, source: io::Error },
    #[error("this needs {needed}")]
    Needed { needed: &'static str, source: Box<Failure> },
    #[error("SOURCE_DATE_EPOCH is not a number of seconds: `{given}`")]
    SourceDate { given: String },
}

/// Prints each finding; any is a failure, under the heading `what`.
pub(crate) fn report(findings: &[String], what: &'static str) -> Result<(), Failure> {
    for finding in findings {
        host::say(format_args!("{finding}"));
    }
    match findings.len() {
        0 => Ok(()),
        count => Err(Failure::Findings { count, what }),
    }
}
