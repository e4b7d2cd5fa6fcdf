//! Which kernel runs this program, and on which machine.
//!
//! A lock on a file is given back by the kernel that holds it. So a lock that can be had says that its former holder has ended
//! only if that ran under the same kernel, or under one that this machine ran before its last boot.

#[cfg(target_os = "linux")]
use sha2::{Digest as _, Sha256};

/// The kernel and the machine that a program runs on. What cannot be read is `None`, and then proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Node {
    /// The kernel's own random id of this boot: `/proc/sys/kernel/random/boot_id` (random(4)). All containers and PID
    /// namespaces of a kernel read the same one; LXC shows each container another, which then counts as another kernel.
    pub(crate) boot: Option<String>,
    /// A hash of `/etc/machine-id`, which outlives a boot. machine-id(5) asks that the id itself be kept from view.
    pub(crate) machine: Option<String>,
}

impl Node {
    /// Where this program runs.
    #[cfg(target_os = "linux")]
    pub(crate) fn here() -> Self {
        let line = |path: &str| Some(std::fs::read_to_string(path).ok()?.trim().to_owned());
        let boot = line("/proc/sys/kernel/random/boot_id").filter(|boot| !boot.is_empty());
        Self { boot, machine: line("/etc/machine-id").and_then(|id| hashed(&id)) }
    }

    /// Elsewhere there is neither of the two without calls that are not safe: a lock proves nothing there but that its
    /// holder lives.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn here() -> Self {
        Self::default()
    }

    /// Whether a program that ran on `former` has ended for certain, given that its lock can be had here: it ran under this
    /// kernel, or under an earlier one of this machine.
    pub(crate) fn outlived(&self, former: &Self) -> bool {
        let (Some(boot), Some(former_boot)) = (&self.boot, &former.boot) else { return false };
        boot == former_boot || (self.machine.is_some() && self.machine == former.machine)
    }
}

/// `None` for what is no id of a machine, as `uninitialized` in images.
#[cfg(target_os = "linux")]
fn hashed(id: &str) -> Option<String> {
    let is_id =
        id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) && id.bytes().any(|byte| byte != b'0');
    let digest = Sha256::new().chain_update("reinstall-journal ").chain_update(id).finalize();
    is_id.then(|| digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_and_an_earlier_boot_of_the_same_machine_are_known() {
        let node = |boot: &str, machine: &str| {
            let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            Node { boot: known(boot), machine: known(machine) }
        };
        for (here, former, is_outlived) in [
            // A container shares the kernel, and may have any machine id or none.
            (("b1", "m1"), ("b1", "m1"), true),
            (("b1", "m1"), ("b1", "m2"), true),
            (("b1", ""), ("b1", "m1"), true),
            // A boot since.
            (("b2", "m1"), ("b1", "m1"), true),
            // Another machine, or nothing that tells.
            (("b2", "m2"), ("b1", "m1"), false),
            (("b2", ""), ("b1", ""), false),
            (("", "m1"), ("b1", "m1"), false),
            (("b1", "m1"), ("", "m1"), false),
            (("", ""), ("", ""), false),
        ] {
            let (here, former) = (node(here.0, here.1), node(former.0, former.1));
            assert_eq!(here.outlived(&former), is_outlived, "{here:?} {former:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_id_of_a_machine_is_hashed_and_what_is_none_is_left_out() {
        let id = "0123456789abcdef0123456789abcdef";
        assert!(hashed(id).is_some_and(|hash| hash.len() == 32 && hash != id));
        for none in ["", "uninitialized", "0123", &"0".repeat(32)] {
            assert_eq!(hashed(none), None, "{none}");
        }
        assert!(Node::here().boot.is_some());
    }
}
