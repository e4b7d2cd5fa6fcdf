//! A bench to run the binary on: a folder of its own, an empty environment, a port that counts who knocks.

use std::ffi::OsStr;
use std::fmt;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

pub(crate) const ID: &str = "0b29c7a1-0000-4000-8000-00000000000a";
pub(crate) const OTHER_ID: &str = "0b29c7a1-0000-4000-8000-00000000000b";
pub(crate) const PASSWORD: &str = "Canary-7731-pw";
pub(crate) const PROJECT: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
pub(crate) const TOKEN: &str = "canary-token-5512";

/// A place to run commands whose requests, if there were any, would be noticed.
pub(crate) struct Bench {
    dir: TempDir,
    endpoint: String,
    listener: Option<TcpListener>,
}

/// What came of a command.
pub(crate) struct Shot {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl fmt::Display for Shot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or("none".into(), |code| code.to_string());
        write!(f, "exit code: {code}\n--- stdout\n{}--- stderr\n{}", self.stdout, self.stderr)
    }
}

impl Bench {
    /// A bench whose endpoint takes connections and answers nothing.
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        Self { listener: Some(listener), ..Self::at(&endpoint) }
    }

    /// A bench with this endpoint.
    pub(crate) fn at(endpoint: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let bench = Self { dir, endpoint: endpoint.into(), listener: None };
        bench.secret_file("pw", PASSWORD);
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A file that only its owner can read.
    pub(crate) fn secret_file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.file(name, content);
        set_mode(&path, 0o600);
        path
    }

    /// Runs the binary in the bench's folder with endpoint, project and token given.
    pub(crate) fn run(&self, args: &[&str], stdin: &str) -> Shot {
        let variables = [
            ("REINSTALL_ENDPOINT", self.endpoint.as_str()),
            ("REINSTALL_PROJECT_ID", PROJECT),
            ("REINSTALL_TOKEN", TOKEN),
        ];
        self.run_with(args, stdin, &variables)
    }

    /// Runs the binary in the bench's folder with nothing in its environment but `variables`.
    pub(crate) fn run_with(&self, args: &[impl AsRef<OsStr>], stdin: &str, variables: &[(&str, &str)]) -> Shot {
        let mut child = self
            .command(args)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that refuses early reads nothing; its closed pipe is no failure of the test.
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).ok();
        let output = child.wait_with_output().unwrap();
        Shot { code: output.status.code(), stdout: self.plain(&output.stdout), stderr: self.plain(&output.stderr) }
    }

    /// The binary, to be run in the bench's folder with an empty environment.
    pub(crate) fn command(&self, args: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reinstall"));
        command.args(args).env_clear().current_dir(self.dir.path()).env("REINSTALL_STATE_DIR", self.path("state"));
        command
    }

    /// Output with the port, which changes from run to run, made a word.
    fn plain(&self, bytes: &[u8]) -> String {
        let authority = self.endpoint.trim_start_matches("http://");
        String::from_utf8(bytes.to_vec()).unwrap().replace(authority, "HOST")
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Waits until somebody connects.
    pub(crate) fn wait_for_a_knock(&self) {
        self.listener.as_ref().unwrap().accept().unwrap();
    }

    /// Asserts that nobody ever connected. Connections wait in the backlog, also those of processes that ended.
    pub(crate) fn assert_nothing_sent(&self) {
        let listener = self.listener.as_ref().unwrap();
        listener.set_nonblocking(true).unwrap();
        let knocked = listener.accept();
        assert_eq!(knocked.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    }

    /// Runs a command that must be refused as wrong usage or input without one request, and returns what it printed.
    pub(crate) fn refused(&self, args: &[&str], stdin: &str) -> Shot {
        let shot = self.run(args, stdin);
        assert_eq!(shot.code, Some(2), "{args:?}: {shot}");
        assert_eq!(shot.stdout, "", "{args:?}: {shot}");
        self.assert_nothing_sent();
        shot
    }
}

#[cfg(unix)]
pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
pub(crate) fn set_mode(_: &Path, _: u32) {}
