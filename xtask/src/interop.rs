//! `cargo xtask interop`: clients that others wrote judge what ours and the mock server do. The suite is in
//! `xtask/interop`; here is what it needs to run.

pub(crate) mod venv;

use std::path::{Path, PathBuf};

use crate::host::{self, Workspace};
use crate::task::Failure;

/// The folder of the suite, from the root.
const FOLDER: &str = "xtask/interop";
/// The example that signs what it is given.
const SIGN: &str = "sign";

/// The mock server's program.
pub(crate) const MOCK: &str = "reinstall-mock-server";

/// Builds the programs, sees to the virtual environment, and runs the suite.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<(), Failure> {
    let python = python(workspace)?;
    let debug = programs(workspace)?;
    let mut suite = python.run(&script(workspace, "run.py"));
    suite.arg("--mock").arg(program(&debug, MOCK));
    suite.arg("--cli").arg(program(&debug, "reinstall"));
    suite.arg("--sign").arg(program(&debug.join("examples"), SIGN));
    suite.arg("--evidence").arg(evidence(workspace));
    host::run(suite.args(args))
}

/// Builds the programs, and tells where they are.
pub(crate) fn programs(workspace: &Workspace) -> Result<PathBuf, Failure> {
    // As `cargo test --workspace` builds them, so that a run of all checks builds them once.
    host::run(host::cargo(workspace).args(["build", "--quiet", "--workspace", "--bins", "--examples", "--locked"]))?;
    Ok(workspace.target_dir.join("debug"))
}

/// Where the suite leaves what it has seen.
pub(crate) fn evidence(workspace: &Workspace) -> PathBuf {
    workspace.target_dir.join("interop").join("evidence.json")
}

/// A Python that has the official clients, ready to use.
pub(crate) fn python(workspace: &Workspace) -> Result<venv::Python, Failure> {
    venv::ready(&workspace.target_dir.join("interop"), &script(workspace, "requirements.txt"))
}

/// A file of the suite.
pub(crate) fn script(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.root.join(FOLDER).join(name)
}

/// Our signer, built to be measured.
pub(crate) fn fast_signer(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let mut cargo = host::cargo(workspace);
    cargo.args(["build", "--quiet", "--release", "--package", "reinstall-http", "--example", SIGN, "--locked"]);
    host::run(&mut cargo)?;
    Ok(program(&workspace.target_dir.join("release/examples"), SIGN))
}

/// A program in a folder.
pub(crate) fn program(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}
