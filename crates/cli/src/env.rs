//! Every environment variable that means something here. The only reader of the environment.

use zeroize::Zeroizing;

/// The address of the API; `--endpoint` wins.
pub(crate) const REINSTALL_ENDPOINT: &str = "REINSTALL_ENDPOINT";
/// The project whose instances are meant; `--project-id` wins.
pub(crate) const REINSTALL_PROJECT_ID: &str = "REINSTALL_PROJECT_ID";
/// The IAM token itself; `--token-file` wins.
pub(crate) const REINSTALL_TOKEN: &str = "REINSTALL_TOKEN";
/// Set to anything: no colours (<https://no-color.org>).
pub(crate) const NO_COLOR: &str = "NO_COLOR";

/// What the environment says. An empty variable counts as none.
pub(crate) struct Environment {
    pub(crate) endpoint: Option<String>,
    pub(crate) project_id: Option<String>,
    pub(crate) token: Option<Zeroizing<String>>,
    pub(crate) no_color: bool,
}

impl Environment {
    /// Reads the variables above, once.
    pub(crate) fn read() -> Self {
        Self {
            endpoint: variable(REINSTALL_ENDPOINT),
            project_id: variable(REINSTALL_PROJECT_ID),
            token: variable(REINSTALL_TOKEN).map(Zeroizing::new),
            no_color: variable(NO_COLOR).is_some(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the file that reads the environment")]
fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?;
    // What is not UTF-8 is no address, id or token; the check that follows says so.
    Some(value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
}
