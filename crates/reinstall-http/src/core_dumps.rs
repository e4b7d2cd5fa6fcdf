//! Core dumps hold the memory of a program: its password, tokens and keys. A program that has any makes none.

/// Keeps this process from leaving a core dump, and other programs of its user from reading its memory (on Linux: not
/// dumpable, which closes `ptrace` and `/proc/PID/mem` to them too).
///
/// What the system refuses is left as it is; nothing depends on it. On systems that are not Unix nothing is done.
pub fn forbid() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).ok();
    }
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable).ok();
}
