//! Every environment variable that means something here. The only reader of the environment.

use std::ffi::OsString;
use std::path::PathBuf;

use reinstall_http::sources::Surroundings;
use zeroize::Zeroizing;

use crate::input;

/// The address of the API; `--endpoint` wins.
pub(crate) const REINSTALL_ENDPOINT: &str = "REINSTALL_ENDPOINT";
/// The region; `--region` wins.
pub(crate) const REINSTALL_REGION: &str = "REINSTALL_REGION";
/// The project whose instances are meant; `--project-id` wins.
pub(crate) const REINSTALL_PROJECT_ID: &str = "REINSTALL_PROJECT_ID";
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
/// The proxy for HTTPS; `--proxy` wins. Also in lower case, as curl has it.
pub(crate) const HTTPS_PROXY: &str = "HTTPS_PROXY";
/// Whom to reach without it. Also in lower case.
pub(crate) const NO_PROXY: &str = "NO_PROXY";
/// Set to anything: no colours (<https://no-color.org>).
pub(crate) const NO_COLOR: &str = "NO_COLOR";

/// What kind of terminal it is; `dumb` or nothing: one that cannot be drawn on.
pub(crate) const TERM: &str = "TERM";

/// What the environment says. An empty variable counts as none.
///
/// The variables that hold credentials are not among these: `reinstall_http::sources` knows their names, and asks for them.
#[derive(Default)]
pub(crate) struct Environment {
    pub(crate) endpoint: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) project_id: Option<String>,
    /// There may be a password in it.
    pub(crate) https_proxy: Option<Zeroizing<String>>,
    pub(crate) no_proxy: Option<String>,
    pub(crate) credentials: Variables,
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) xdg_state_home: Option<PathBuf>,
    pub(crate) home: Option<PathBuf>,
    pub(crate) local_app_data: Option<PathBuf>,
    pub(crate) user: Option<String>,
    pub(crate) no_color: bool,
    pub(crate) term: Option<String>,
}

impl Environment {
    /// Reads the variables above, once.
    pub(crate) fn read() -> Self {
        Self {
            endpoint: variable(REINSTALL_ENDPOINT),
            region: variable(REINSTALL_REGION),
            project_id: variable(REINSTALL_PROJECT_ID),
            https_proxy: either(HTTPS_PROXY).map(Zeroizing::new),
            no_proxy: either(NO_PROXY),
            credentials: Variables::OfTheProcess,
            state_dir: path(REINSTALL_STATE_DIR),
            xdg_state_home: path(XDG_STATE_HOME),
            home: path(HOME),
            local_app_data: path(LOCALAPPDATA),
            user: variable(USER),
            no_color: variable(NO_COLOR).is_some(),
            term: variable(TERM),
        }
    }

    /// Whether a terminal can be drawn on. Consoles of Windows can, and do not say so here.
    pub(crate) fn can_draw(&self) -> bool {
        self.term.as_deref().map_or(cfg!(windows), |term| term != "dumb")
    }

    /// Whether a terminal is to show colours.
    pub(crate) fn has_colours(&self) -> bool {
        !self.no_color && self.can_draw()
    }
}

/// The variables that may hold credentials.
#[derive(Default)]
pub(crate) enum Variables {
    /// Those that were set for the program.
    OfTheProcess,
    /// None.
    #[default]
    Unset,
    /// These, in a test.
    #[cfg(test)]
    Given(&'static [(&'static str, &'static str)]),
}

impl Variables {
    fn get(&self, name: &str) -> Option<Zeroizing<String>> {
        match self {
            Self::OfTheProcess => variable(name).map(Zeroizing::new),
            Self::Unset => None,
            #[cfg(test)]
            Self::Given(all) => {
                let found = all.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| Zeroizing::new((*value).to_owned()))
            }
        }
    }
}

impl Environment {
    /// Hands in what the search for credentials and addresses may look at: these variables, and files.
    pub(crate) fn with_surroundings<R>(&self, work: impl FnOnce(&Surroundings<'_>) -> R) -> R {
        let variable = |name: &str| self.credentials.get(name);
        work(&Surroundings { variable: &variable, file: &input::read_setting, home: self.home.as_deref() })
    }
}

/// A variable that is written in upper or in lower case.
fn either(name: &str) -> Option<String> {
    variable(name).or_else(|| variable(&name.to_ascii_lowercase()))
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
