//! What the cloud's time strings do. Nobody has watched them on the real service, so the worlds differ.

use std::time::Duration;

use reinstall_core::id::InstanceId;
use reinstall_core::sighting::Mark;
use reinstall_core::time::Timestamp;
use reinstall_mock_server::cloud::Cloud;

/// When `updated_at` changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marks {
    /// It is not sent.
    Absent,
    /// Never.
    Frozen,
    /// When a reinstall is accepted.
    AtAccept,
    /// When a reinstall ends.
    AtEnd,
    /// Now and then, whatever happens: somebody edits tags.
    Restless,
}

impl Marks {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Absent, Self::Frozen, Self::AtAccept, Self::AtEnd, Self::Restless];

    /// How often a restless mark changes.
    const RESTLESS_EVERY: Duration = Duration::from_secs(300);

    /// What the mark of an instance says at a moment.
    #[must_use]
    pub fn read(self, cloud: &Cloud, at: Timestamp, id: InstanceId) -> Option<Mark> {
        let wipe = cloud.wipes(id).iter().rev().find(|wipe| wipe.accepted_at <= at);
        let changed = match self {
            Self::Absent => return None,
            Self::Frozen => None,
            Self::AtAccept => wipe.map(|wipe| wipe.accepted_at),
            Self::AtEnd => wipe.and_then(|wipe| wipe.ends_at()).filter(|end| *end <= at),
            Self::Restless => {
                let every = Self::RESTLESS_EVERY.as_millis() as u64;
                Some(Timestamp::from_millis(at.as_millis() / every * every))
            }
        };
        let millis = changed.map_or(0, Timestamp::as_millis);
        Some(millis.to_string().as_str().into())
    }
}
