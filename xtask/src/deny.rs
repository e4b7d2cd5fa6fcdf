//! `cargo xtask deny`: what the dependencies may be, where they may come from, and under which licences. `deny.toml` says it.
//!
//! Known vulnerabilities are not looked up here: the list of them is on GitHub, which a machine with a mirror of the registry
//! alone does not reach. `cargo deny check advisories` does, where it is.

use std::path::PathBuf;
use std::process::Command;

use crate::host::{self, Workspace};
use crate::task::Failure;

/// The one version that is used: another one may see other things.
const VERSION: &str = "0.20.2";

/// Checks the tree of `Cargo.lock`, for all targets.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let tool = tool(workspace)?;
    let mut deny = Command::new(tool);
    // Duplicates are warnings, and would be two thousand lines.
    deny.current_dir(&workspace.root).args([
        "--log-level",
        "error",
        "--locked",
        "check",
        "bans",
        "licenses",
        "sources",
    ]);
    host::run(&mut deny)
}

/// The machine's own cargo-deny, if it is the right one; otherwise the one below `target`, which is built at the first call.
fn tool(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let folder = workspace.target_dir.join("tools").join(format!("cargo-deny-{VERSION}"));
    let built = folder.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    for known in [PathBuf::from("cargo-deny"), built.clone()] {
        if host::version(Command::new(&known).arg("--version")).is_ok_and(|told| is_right(&told)) {
            return Ok(known);
        }
    }
    host::say(format_args!(
        "cargo-deny {VERSION} is built into {}: about a minute and a half of one core",
        folder.display()
    ));
    let mut install = host::cargo(workspace);
    // Unoptimised: it runs for a second, and takes five times as long to build otherwise.
    install
        .args(["install", "cargo-deny", "--version", VERSION, "--locked", "--debug", "--quiet", "--root"])
        .arg(&folder);
    install.arg("--target-dir").arg(folder.join("build")).env("CARGO_PROFILE_DEV_DEBUG", "0");
    host::run(&mut install).map_err(|failure| Failure::Needed {
        needed: "the registry crates.io, or a mirror that cargo knows; on a machine without: cargo xtask ci --without deny",
        source: Box::new(failure),
    })?;
    Ok(built)
}

fn is_right(told: &str) -> bool {
    told.split_whitespace().eq(["cargo-deny", VERSION])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_pinned_version_is_used() {
        for (told, right) in
            [("cargo-deny 0.20.2", true), ("cargo-deny 0.20.20", false), ("cargo-deny 0.19.0", false), ("", false)]
        {
            assert_eq!(is_right(told), right, "{told}");
        }
    }
}
