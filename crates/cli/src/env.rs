//! Every environment variable that means something here. The only reader of the environment.

use std::ffi::OsString;
use std::path::PathBuf;

use zeroize::Zeroizing;

/// The address of the API; `--endpoint` wins.
pub(crate) const REINSTALL_ENDPOINT: &str = "REINSTALL_ENDPOINT";
/// The project whose instances are meant; `--project-id` wins.
pub(crate) const REINSTALL_PROJECT_ID: &str = "REINSTALL_PROJECT_ID";
/// The IAM token itself; `--token-file` wins.
pub(crate) const REINSTALL_TOKEN: &str = "REINSTALL_TOKEN";
/// The folder with the journal of every rollout; `--state-dir` wins.
pub(crate) const REINSTALL_STATE_DIR: &str = "REINSTALL_STATE_DIR";
/// The user's folder for state, on Linux (<https://specifications.freedesktop.org/basedir-spec>).
pub(crate) const XDG_STATE_HOME: &str = "XDG_STATE_HOME";
/// The user's folder.
pub(crate) const HOME: &str = "HOME";
/// The user's folder for state, on Windows.
pub(crate) const LOCALAPPDATA: &str = "LOCALAPPDATA";
/// Who is logged in.
pub(crate) const USER: &str = "USER";
/// Set to anything: no colours (<https://no-color.org>).
pub(crate) const NO_COLOR: &str = "NO_COLOR";

/// What the environment says. An empty variable counts as none.
#[derive(Default)]
pub(crate) struct Environment {
    pub(crate) endpoint: Option<String>,
    pub(crate) project_id: Option<String>,
    pub(crate) token: Option<Zeroizing<String>>,
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) xdg_state_home: Option<PathBuf>,
    pub(crate) home: Option<PathBuf>,
    pub(crate) local_app_data: Option<PathBuf>,
    pub(crate) user: Option<String>,
    pub(crate) no_color: bool,
}

impl Environment {
    /// Reads the variables above, once.
    pub(crate) fn read() -> Self {
        Self {
            endpoint: variable(REINSTALL_ENDPOINT),
            project_id: variable(REINSTALL_PROJECT_ID),
            token: variable(REINSTALL_TOKEN).map(Zeroizing::new),
            state_dir: path(REINSTALL_STATE_DIR),
            xdg_state_home: path(XDG_STATE_HOME),
            home: path(HOME),
            local_app_data: path(LOCALAPPDATA),
            user: variable(USER),
            no_color: variable(NO_COLOR).is_some(),
        }
    }
}

fn path(name: &str) -> Option<PathBuf> {
    os_variable(name).map(PathBuf::from)
}

fn variable(name: &str) -> Option<String> {
    // What is not UTF-8 is no address, id or token; the check that follows says so.
    os_variable(name).map(|value| value.to_string_lossy().into_owned())
}

#[expect(clippy::disallowed_methods, reason = "this is the file that reads the environment")]
fn os_variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
