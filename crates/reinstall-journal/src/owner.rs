//! Whose program carries a rollout on.

use std::fmt;

/// A program under way: who started it, where, and which process it is.
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

    /// Whether the program has ended for certain: it ran on this machine, and there is no such process. Of a program
    /// elsewhere, and of one whose number another process has by now, nothing is known.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.host == host() && !is_running(self.pid)
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

#[cfg(unix)]
fn is_running(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    // Whatever else is said, as that it is another's, there is such a process.
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

#[cfg(not(unix))]
fn host() -> String {
    "this machine".to_owned()
}

#[cfg(not(unix))]
fn is_running(_: u32) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_of_this_machine_can_be_known_to_be_gone() {
        let here = Owner::here("alice".into());
        assert_eq!(here.to_string(), format!("alice@{}, pid {}", host(), std::process::id()));
        assert!(!here.is_gone(), "it is me");
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let ended = Owner { pid: child.id(), ..here };
        assert!(ended.is_gone());
        assert!(!Owner { host: "another machine".into(), ..ended }.is_gone());
    }
}
