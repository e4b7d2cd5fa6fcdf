//! One accepted reinstall, and how it stands at a moment. Nothing here changes as time goes by.

use std::time::Duration;

use reinstall_core::id::ImageId;
use reinstall_core::instance::InstanceFault;
use reinstall_core::lifecycle::Standing;
use reinstall_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a reinstall ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The new system runs.
    Succeeds,
    /// It does not, for this reason.
    Fails(
        #[serde(with = "words")]
        #[schemars(with = "words::Words")]
        Box<InstanceFault>,
    ),
    /// It stays underway for ever.
    Never,
    /// The instance is gone for good: `terminated`, and nothing brings it back.
    Dies,
    /// It comes to nothing: the instance is shown as it was before, as if nobody had asked. The old system is wiped all the same.
    GoesBack,
}

/// The words of a failure, as people write them: `{"code": .., "message": .., "type": ..}`, the last `reinstall_error` if absent.
mod words {
    use super::{Deserialize, InstanceFault, JsonSchema, REINSTALL_ERROR, Serialize};

    /// The words of a failure.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[schemars(rename = "Failure")]
    pub(super) struct Words {
        /// `error_code`
        code: String,
        /// `error_message`
        message: String,
        /// `error_type`; `reinstall_error` if absent.
        #[serde(default, rename = "type")]
        kind: Option<String>,
    }

    #[expect(clippy::borrowed_box, reason = "serde gives a reference to the field")]
    pub(super) fn serialize<S: serde::Serializer>(
        fault: &Box<InstanceFault>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        fault.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Box<InstanceFault>, D::Error> {
        let words = Words::deserialize(deserializer)?;
        let kind = words.kind.as_deref().unwrap_or(REINSTALL_ERROR).into();
        Ok(Box::new(InstanceFault { code: words.code.as_str().into(), message: words.message.as_str().into(), kind }))
    }
}

/// `error_type` of a reinstall that failed (api-facts 2).
const REINSTALL_ERROR: &str = "reinstall_error";

impl Ending {
    /// A failure in these words, of the documented type `reinstall_error` (api-facts 2).
    #[must_use]
    pub fn fails(code: &str, message: &str) -> Self {
        Self::Fails(Box::new(InstanceFault {
            code: code.into(),
            message: message.into(),
            kind: REINSTALL_ERROR.into(),
        }))
    }
}

/// One reinstall that the cloud accepted: the instance was wiped, whether or not anybody heard of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wipe {
    /// When it took hold.
    pub accepted_at: Timestamp,
    /// Which of the instance's reinstalls this is, counted from 1.
    pub attempt: u32,
    /// The image that was asked for; `None` keeps the current one.
    pub image: Option<ImageId>,
    /// How long it takes.
    pub takes: Duration,
    /// How it ends.
    pub ending: Ending,
}

impl Wipe {
    /// When it ends; `None` if never.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        match self.ending {
            Ending::Succeeds | Ending::Fails(_) | Ending::Dies | Ending::GoesBack => {
                Some(self.accepted_at + self.takes)
            }
            Ending::Never => None,
        }
    }

    /// Why it fails, if it does.
    #[must_use]
    pub fn fails(&self) -> Option<&InstanceFault> {
        match &self.ending {
            Ending::Fails(fault) => Some(fault),
            Ending::Succeeds | Ending::Never | Ending::Dies | Ending::GoesBack => None,
        }
    }

    /// Whether it has ended by `now`, well or badly.
    #[must_use]
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.ends_at().is_some_and(|end| now >= end)
    }

    /// How far it is, in percent; 100 once it has ended.
    #[must_use]
    pub fn percent(&self, now: Timestamp) -> u8 {
        match self.standing(now) {
            Standing::Underway(percent) => percent,
            Standing::Succeeded | Standing::Failed => 100,
        }
    }

    /// How it stands at `now`. A moment before it was accepted reads as its very beginning.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        if self.has_ended(now) {
            return match self.ending {
                Ending::Fails(_) | Ending::Dies | Ending::GoesBack => Standing::Failed,
                Ending::Succeeds | Ending::Never => Standing::Succeeded,
            };
        }
        let whole = self.takes.as_millis().max(1);
        let percent = now.since(self.accepted_at).as_millis().saturating_mul(100) / whole;
        Standing::Underway(u8::try_from(percent).unwrap_or(u8::MAX).min(99))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wipe_goes_from_its_beginning_to_its_end() {
        let at = Timestamp::from_millis;
        let wipe =
            |ending| Wipe { accepted_at: at(1_000), attempt: 1, image: None, takes: Duration::from_secs(10), ending };
        for (ending, now, standing) in [
            (Ending::Succeeds, 0, Standing::Underway(0)),
            (Ending::Succeeds, 1_000, Standing::Underway(0)),
            (Ending::Succeeds, 6_000, Standing::Underway(50)),
            (Ending::Succeeds, 10_999, Standing::Underway(99)),
            (Ending::Succeeds, 11_000, Standing::Succeeded),
            (Ending::fails("c", "m"), 10_999, Standing::Underway(99)),
            (Ending::fails("c", "m"), 11_000, Standing::Failed),
            (Ending::Never, u64::MAX, Standing::Underway(99)),
            (Ending::Dies, 11_000, Standing::Failed),
            (Ending::GoesBack, 10_999, Standing::Underway(99)),
            (Ending::GoesBack, 11_000, Standing::Failed),
        ] {
            assert_eq!(wipe(ending.clone()).standing(at(now)), standing, "{ending:?} at {now}");
        }
    }
}
