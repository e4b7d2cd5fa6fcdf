//! `cargo xtask conformance`: the mock server is held against its documents from outside. The suite is in `xtask/conformance`;
//! here is what it needs to run, and the table that is made from what it and the official clients have seen.

mod table;

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use self::table::{Seen, Tested};
use crate::docs::renew;
use crate::host::{self, Workspace};
use crate::interop::{self, MOCK, venv};
use crate::task::Failure;

/// The folder of the suite, from the root.
const FOLDER: &str = "xtask/conformance";
/// The folder of the OpenAPI documents, from the root.
const DOCUMENTS: &str = "crates/mock-server/openapi";
/// The document with the table, from the root.
const DOCUMENT: &str = "docs/conformance.md";
/// The line before the table.
const TABLE: &str = "<!-- made by `cargo xtask conformance --write` -->\n";
/// The line before what is told of the run that was written last.
const FACTS: &str = "<!-- told by `cargo xtask conformance --write` of its run -->\n";

/// How much of it is done.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub(crate) struct Extent {
    /// How many cases schemathesis generates at least for the provider's API; the admin API gets two for each five of them.
    #[arg(long, default_value_t = 5_000, value_name = "N")]
    pub(crate) cases: u32,
    /// The same cases again; each run prints its seed.
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
    /// The contract suite alone.
    #[arg(long)]
    pub(crate) contract: bool,
    /// Renew docs/conformance.md with what was seen, by this run and by the last of `interop`.
    #[arg(long, conflicts_with = "contract")]
    pub(crate) write: bool,
}

/// Builds the program, sees to the virtual environment, runs the suite, and compares the table or renews it.
pub(crate) fn run(workspace: &Workspace, extent: &Extent) -> Result<(), Failure> {
    let folder = workspace.root.join(FOLDER);
    let out = workspace.target_dir.join("conformance");
    let python = venv::ready(&out, &folder.join("requirements.txt"))?;
    let programs = interop::programs(workspace)?;
    let mut suite = python.run(&folder.join("run.py"));
    suite.arg("--mock").arg(interop::program(&programs, MOCK));
    suite.arg("--documents").arg(workspace.root.join(DOCUMENTS)).arg("--out").arg(&out);
    suite.args(["--cases", &extent.cases.to_string()]);
    if let Some(seed) = extent.seed {
        suite.args(["--seed", &seed.to_string()]);
    }
    if extent.contract {
        suite.arg("--contract");
    }
    host::run(&mut suite)?;
    if extent.contract {
        return Ok(());
    }
    tell(workspace, &out.join("evidence.json"), extent.write)
}

/// Makes the table, and compares it with the document's or renews that.
fn tell(workspace: &Workspace, tested: &Path, write: bool) -> Result<(), Failure> {
    let seen_file = interop::evidence(workspace);
    if !seen_file.exists() {
        let told = "the table is not compared: nothing is known of the official clients before `cargo xtask interop`";
        return match write {
            true => Err(Failure::Evidence { path: seen_file, expected: "left by `cargo xtask interop`" }),
            false => {
                host::say(format_args!("{told}"));
                Ok(())
            }
        };
    }
    let (tested, seen): (Tested, Seen) = (read(tested)?, read(&seen_file)?);
    let path = workspace.root.join(DOCUMENT);
    let text = fs::read_to_string(&path).map_err(|source| Failure::Read { path: path.clone(), source })?;
    let lacking = || Failure::NoMarkers { document: DOCUMENT };
    let renewed = renew(&text, TABLE, table::table(&tested, &seen).trim_end()).ok_or_else(lacking)?;
    match (renewed == text, write) {
        (_, true) => {
            let renewed = renew(&renewed, FACTS, table::facts(&tested).trim_end()).ok_or_else(lacking)?;
            fs::write(&path, renewed).map_err(|source| Failure::Write { path: path.clone(), source })?;
            host::say(format_args!("{DOCUMENT} is renewed"));
        }
        (true, false) => host::say(format_args!("{DOCUMENT} says what was seen")),
        (false, false) => return Err(Failure::Stale { document: DOCUMENT, with: "cargo xtask conformance --write" }),
    }
    Ok(())
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = fs::read_to_string(path).map_err(|source| Failure::Read { path: path.to_owned(), source })?;
    let path: PathBuf = path.to_owned();
    serde_json::from_str(&text).map_err(|_| Failure::Evidence { path, expected: "what a suite has seen" })
}
