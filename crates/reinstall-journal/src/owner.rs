//! Whose program carries a rollout on.

use std::fmt;

/// A program under way: who started it, where, and which process it is. For people only: another container may give the same
/// name and number to another process, so nothing is decided by them (see [`crate::run_lock`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The person, as the command line knows them.
    pub user: String,
    /// The machine's own name.
    pub host: String,
    /// The process.
    pub pid: u32,
}

impl Owner {
    /// This process on this machine.
    #[must_use]
    pub fn here(user: String) -> Self {
        Self { user, host: host(), pid: std::process::id() }
    }
}

impl fmt::Display for Owner {
    /// As `alice@host1, pid 123`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}, pid {}", self.user, self.host, self.pid)
    }
}

#[cfg(unix)]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    "this machine".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_named_by_user_machine_and_number() {
        let here = Owner::here("alice".into());
        assert_eq!(here.to_string(), format!("alice@{}, pid {}", host(), std::process::id()));
    }
}
