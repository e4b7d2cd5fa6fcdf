//! The only file of xtask that reads the environment or the clock, starts programs, or prints.

use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::task::Failure;

/// Where we are, as cargo tells it.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where cargo builds into, whatever set it.
    pub(crate) target_dir: PathBuf,
    /// The one version that all crates share.
    pub(crate) version: String,
}

impl Workspace {
    /// Asks cargo about the workspace around the current folder.
    pub(crate) fn find() -> Result<Self, Failure> {
        let mut command = Command::new(cargo_path());
        command.args(["metadata", "--no-deps", "--format-version", "1", "--locked"]);
        let text = output(&mut command)?;
        Self::parse(&text).ok_or_else(|| Failure::Output {
            command: written(&command),
            expected: "workspace_root, target_directory and a package's version",
        })
    }

    fn parse(metadata: &str) -> Option<Self> {
        let metadata: Value = serde_json::from_str(metadata).ok()?;
        Some(Self {
            root: metadata["workspace_root"].as_str()?.into(),
            target_dir: metadata["target_directory"].as_str()?.into(),
            version: metadata["packages"][0]["version"].as_str()?.into(),
        })
    }
}

/// Prints a line. A closed pipe is no error: who closed it has read enough.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    // Nobody is left to be told when this fails.
    let _ = writeln!(io::stdout(), "{line}");
}

/// An error with its causes, each said once.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!("\n  because {error}");
        cause = error.source();
    }
    text
}

/// An environment variable, if it is set to readable text.
#[expect(clippy::disallowed_methods, reason = "xtask is a build tool: cargo talks to it through the environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The clock, to tell how long a step took; nothing is decided by it.
#[expect(clippy::disallowed_methods, reason = "durations of CI steps are for people to read")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Waits, for a program that was started and has no way to say that it is ready.
#[expect(clippy::disallowed_methods, reason = "a benchmark asks a server again and again until it answers")]
pub(crate) fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

/// The cargo that runs us, so that the toolchain stays the same; else the one on the path.
fn cargo_path() -> String {
    variable("CARGO").unwrap_or_else(|| "cargo".to_owned())
}

/// Cargo, to be run from the workspace's root.
pub(crate) fn cargo(workspace: &Workspace) -> Command {
    let mut command = Command::new(cargo_path());
    command.current_dir(&workspace.root);
    command
}

/// Runs a program whose output people see as it comes.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|source| Failure::Start { command: written(command), source })?;
    match status.success() {
        true => Ok(()),
        false => Err(Failure::Exit { command: written(command), status }),
    }
}

/// Runs a program for what it prints on standard output; people still see its complaints.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let done = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Failure::Start { command: written(command), source })?;
    match done.status.success() {
        true => Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
        false => Err(Failure::Exit { command: written(command), status: done.status }),
    }
}

/// Starts a program that runs beside us; who asked for it ends it.
pub(crate) fn start(command: &mut Command) -> Result<Child, Failure> {
    command.spawn().map_err(|source| Failure::Start { command: written(command), source })
}

/// The first line that a program prints when asked for its version. Some end with an error after that.
pub(crate) fn version(command: &mut Command) -> Result<String, Failure> {
    let done = command.output().map_err(|source| Failure::Start { command: written(command), source })?;
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    Ok(told.lines().next().unwrap_or_default().trim().to_owned())
}

/// A command as a person would type it: cargo without its folder, arguments unquoted.
fn written(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy());
    std::iter::once(name).chain(arguments).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_tells_where_we_are() {
        let text = r#"{"packages":[{"version":"1.2.3"}],"workspace_root":"/w","target_directory":"/t"}"#;
        let workspace = Workspace::parse(text).unwrap();
        assert_eq!(workspace.root, Path::new("/w"));
        assert_eq!(workspace.target_dir, Path::new("/t"));
        assert_eq!(workspace.version, "1.2.3");
        for wrong in ["", "{}", r#"{"workspace_root":"/w","target_directory":"/t","packages":[]}"#] {
            assert!(Workspace::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_failure_is_told_with_its_causes_and_as_typed() {
        let command = written(Command::new("/opt/bin/cargo").args(["fmt", "--all"]));
        assert_eq!(command, "cargo fmt --all");
        let failure = Failure::Step {
            step: "fmt",
            seconds: 0.25,
            source: Box::new(Failure::Start { command, source: io::Error::other("gone") }),
        };
        assert_eq!(
            chain(&failure),
            "step `fmt` failed after 0.2 s; to run just that step: cargo xtask fmt\n  \
             because cannot start `cargo fmt --all`\n  because gone"
        );
    }
}
