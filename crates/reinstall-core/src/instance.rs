//! What an instance is said to be. Every word that the cloud may use and we do not know is kept as it came: the list of
//! words changed with each version of the documents (api-facts 2), and dropping one makes it impossible to wait for.

use std::fmt;

use crate::text::CloudText;

/// `state` of an instance, in the words of all document versions together (api-facts 2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceState {
    /// `pending`: resources being allocated, or the system starting. In the prose of ReinstallOS: being reinstalled.
    Pending,
    /// `running`: healthy. Both the start and the end of a reinstall.
    Running,
    /// `stopping`: shutting down.
    Stopping,
    /// `stopped`: off, volumes kept.
    Stopped,
    /// `reinstalling`: the system is being reinstalled. Gone from the newest documents.
    Reinstalling,
    /// `shutting-down`: being deleted.
    ShuttingDown,
    /// `terminated`: gone for good. One SDK version spells it `teminated`.
    Terminated,
    /// `failed`: a reinstall may be tried again, nothing else may. Gone from the newest documents.
    Failed,
    /// `modifyIping`: its address is being changed.
    ModifyingIp,
    /// `switch-installing`: its system is being switched.
    SwitchInstalling,
    /// `error`: abnormal.
    Error,
    /// A word that no document known to us has.
    Unknown(CloudText),
}

impl InstanceState {
    /// Reads the cloud's word; never fails.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "pending" => Self::Pending,
            "running" => Self::Running,
            "stopping" => Self::Stopping,
            "stopped" => Self::Stopped,
            "reinstalling" => Self::Reinstalling,
            "shutting-down" => Self::ShuttingDown,
            "terminated" | "teminated" => Self::Terminated,
            "failed" => Self::Failed,
            "modifyIping" => Self::ModifyingIp,
            "switch-installing" => Self::SwitchInstalling,
            "error" => Self::Error,
            other => Self::Unknown(other.into()),
        }
    }

    /// The cloud's word.
    #[must_use]
    pub fn as_word(&self) -> &str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Reinstalling => "reinstalling",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
            Self::Failed => "failed",
            Self::ModifyingIp => "modifyIping",
            Self::SwitchInstalling => "switch-installing",
            Self::Error => "error",
            Self::Unknown(word) => word.as_str(),
        }
    }
}

impl fmt::Display for InstanceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_word())
    }
}

impl<'de> serde::Deserialize<'de> for InstanceState {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = CloudText::deserialize(deserializer)?;
        let known = Self::from_word(word.as_str());
        Ok(if matches!(known, Self::Unknown(_)) { Self::Unknown(word) } else { known })
    }
}

impl serde::Serialize for InstanceState {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_word())
    }
}

/// What kind of work `operation_state` speaks of (api-facts 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// `install-…`: the first installation.
    Install,
    /// `reinstall-…`: the work this product is about.
    Reinstall,
    /// `switch-install-…`: another system is being put on.
    SwitchInstall,
    /// `modify-ip-…`: the address is being changed.
    ModifyIp,
    /// `uninstall-…`: the instance is being taken apart.
    Uninstall,
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Progress {
    /// `…-processing`.
    Processing,
    /// `…-succeed` (the cloud's spelling).
    Succeed,
    /// `…-failed`.
    Failed,
}

/// `operation_state` of an instance: fifteen words, absent from older services and optional in newer ones (api-facts 2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperationState {
    /// One of the fifteen documented words.
    Known(Operation, Progress),
    /// A word that no document known to us has.
    Unknown(CloudText),
}

/// The fifteen documented words, each with its meaning.
const OPERATION_WORDS: [(&str, Operation, Progress); 15] = [
    ("install-processing", Operation::Install, Progress::Processing),
    ("install-succeed", Operation::Install, Progress::Succeed),
    ("install-failed", Operation::Install, Progress::Failed),
    ("reinstall-processing", Operation::Reinstall, Progress::Processing),
    ("reinstall-succeed", Operation::Reinstall, Progress::Succeed),
    ("reinstall-failed", Operation::Reinstall, Progress::Failed),
    ("switch-install-processing", Operation::SwitchInstall, Progress::Processing),
    ("switch-install-succeed", Operation::SwitchInstall, Progress::Succeed),
    ("switch-install-failed", Operation::SwitchInstall, Progress::Failed),
    ("modify-ip-processing", Operation::ModifyIp, Progress::Processing),
    ("modify-ip-succeed", Operation::ModifyIp, Progress::Succeed),
    ("modify-ip-failed", Operation::ModifyIp, Progress::Failed),
    ("uninstall-processing", Operation::Uninstall, Progress::Processing),
    ("uninstall-succeed", Operation::Uninstall, Progress::Succeed),
    ("uninstall-failed", Operation::Uninstall, Progress::Failed),
];

impl OperationState {
    /// `reinstall-processing`
    pub const REINSTALLING: Self = Self::Known(Operation::Reinstall, Progress::Processing);
    /// `reinstall-succeed`
    pub const REINSTALLED: Self = Self::Known(Operation::Reinstall, Progress::Succeed);
    /// `reinstall-failed`
    pub const REINSTALL_FAILED: Self = Self::Known(Operation::Reinstall, Progress::Failed);

    /// Reads the cloud's word; never fails.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        OPERATION_WORDS
            .iter()
            .find(|(known, ..)| *known == word)
            .map_or_else(|| Self::Unknown(word.into()), |&(_, operation, progress)| Self::Known(operation, progress))
    }

    /// The cloud's word.
    #[must_use]
    pub fn as_word(&self) -> &str {
        match self {
            Self::Known(operation, progress) => {
                OPERATION_WORDS.iter().find(|(_, o, p)| o == operation && p == progress).map_or("", |(word, ..)| word)
            }
            Self::Unknown(word) => word.as_str(),
        }
    }
}

impl fmt::Display for OperationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_word())
    }
}

impl<'de> serde::Deserialize<'de> for OperationState {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = CloudText::deserialize(deserializer)?;
        let known = Self::from_word(word.as_str());
        Ok(if matches!(known, Self::Unknown(_)) { Self::Unknown(word) } else { known })
    }
}

impl serde::Serialize for OperationState {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_word())
    }
}

/// `error` of an instance: why its last operation failed, in the cloud's words. It may be left over from long ago.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct InstanceFault {
    /// `error_code`
    pub code: CloudText,
    /// `error_msg`
    pub message: CloudText,
    /// `error_type`, such as `reinstall_error`
    #[serde(rename = "type")]
    pub kind: CloudText,
}

/// A label on an instance (api-facts 3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    /// `key`
    pub key: CloudText,
    /// `value`, which may be missing.
    pub value: Option<CloudText>,
}

/// Which family of operating systems runs on an instance, from `image.os_type` (api-facts 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OsFamily {
    /// The administrator is `root`.
    Linux,
    /// The administrator is `Administrator`.
    Windows,
}

impl OsFamily {
    /// Reads the cloud's word in any case; `None` for a word that is neither.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [("linux", Self::Linux), ("windows", Self::Windows)]
            .into_iter()
            .find_map(|(known, family)| known.eq_ignore_ascii_case(word).then_some(family))
    }
}

impl fmt::Display for OsFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Linux => "linux",
            Self::Windows => "windows",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_word_survives_the_round_trip() {
        for word in "pending running stopping stopped reinstalling shutting-down terminated failed modifyIping \
                     switch-installing error hibernating RUNNING"
            .split_whitespace()
        {
            assert_eq!(InstanceState::from_word(word).as_word(), word);
        }
        assert_eq!(InstanceState::from_word("teminated"), InstanceState::Terminated, "an SDK's spelling");
    }

    #[test]
    fn every_operation_word_survives_the_round_trip() {
        for (word, operation, progress) in OPERATION_WORDS {
            assert_eq!(OperationState::from_word(word), OperationState::Known(operation, progress));
            assert_eq!(OperationState::from_word(word).as_word(), word);
        }
        assert_eq!(OperationState::from_word("reinstall-succeeded").as_word(), "reinstall-succeeded");
        assert!(matches!(OperationState::from_word("reinstall-succeeded"), OperationState::Unknown(_)));
    }

    #[test]
    fn os_families_are_read_in_any_case() {
        assert_eq!(OsFamily::from_word("LINUX"), Some(OsFamily::Linux));
        assert_eq!(OsFamily::from_word("Windows"), Some(OsFamily::Windows));
        assert_eq!(OsFamily::from_word("VxWorks"), None);
    }
}
