//! `cargo xtask page`: a headless Chromium looks at the page of the mock server, clicks its buttons, and compares what it
//! shows with what the server says. The suite is in `xtask/page`; here is what it needs to run.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::host::{self, Workspace};
use crate::task::Failure;

/// The suite, from the root.
const SUITE: &str = "xtask/page/run.py";
const PYTHON: &str = "python3";
/// Fails unless the suite can be run.
const PROBE: &str = "import sys; assert sys.version_info >= (3, 10)";
/// What the browser is called, by system.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Looks for the browser, builds the server unless another is to be looked at, and runs the suite. Without a browser it
/// says so and is content: not every machine that builds this has one.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<(), Failure> {
    let path = host::variable("PATH").unwrap_or_default();
    let Some(browser) = find(&path, Path::is_file).filter(|_| cfg!(unix)) else {
        let names = BROWSERS.join(", ");
        host::say(format_args!(
            "page: SKIPPED, nobody looked at the page: there is no browser here, by none of the names {names} \
             (Debian: apt install chromium)"
        ));
        return Ok(());
    };
    host::output(Command::new(PYTHON).args(["-c", PROBE]))
        .map_err(|failure| Failure::Needed { needed: "Python 3.10 or later", source: Box::new(failure) })?;
    let mut suite = Command::new(PYTHON);
    // Leaves no compiled files beside the scripts.
    suite.arg("-B").arg(workspace.root.join(SUITE)).arg("--chromium").arg(browser);
    if args.iter().all(|arg| arg != "--url") {
        let package = ["build", "--quiet", "--package", "reinstall-mock-server", "--bins", "--locked"];
        host::run(host::cargo(workspace).args(package))?;
        suite.arg("--mock").arg(workspace.target_dir.join("debug/reinstall-mock-server"));
    }
    host::run(suite.args(args))
}

/// The first browser in the folders of `path`.
fn find(path: &str, is_file: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(path).collect();
    let candidates = BROWSERS.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    candidates.into_iter().find(|candidate| is_file(candidate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn the_browser_is_looked_for_by_every_name_in_every_folder() {
        for (there, found) in [
            (&["/b/google-chrome", "/a/chromium-browser"][..], Some("/a/chromium-browser")),
            (&["/b/chromium", "/a/google-chrome"], Some("/b/chromium")),
            (&["/c/chromium"], None),
            (&[], None),
        ] {
            let is_file = |path: &Path| there.iter().any(|known| Path::new(known) == path);
            assert_eq!(find("/a:/b", is_file).as_deref(), found.map(Path::new), "{there:?}");
        }
    }
}
