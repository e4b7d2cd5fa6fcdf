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

/// Builds the programs, sees to the virtual environment, and runs the suite.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<(), Failure> {
    let python = python(workspace)?;
    // As `cargo test --workspace` builds them, so that a run of all checks builds them once.
    host::run(host::cargo(workspace).args(["build", "--quiet", "--workspace", "--bins", "--examples", "--locked"]))?;
    let debug = workspace.target_dir.join("debug");
    let mut suite = python.run(&script(workspace, "run.py"));
    suite.arg("--mock").arg(program(&debug, "reinstall-mock-server"));
    suite.arg("--cli").arg(program(&debug, "reinstall"));
    suite.arg("--sign").arg(program(&debug.join("examples"), SIGN));
    host::run(suite.args(args))
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

fn program(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}
