//! What one look at an instance showed. What it proves is judged in [`comparison`](crate::comparison).

use crate::id::ImageId;
use crate::instance::{InstanceFault, InstanceState, OperationState, OsFamily};
use crate::text::CloudText;

/// A time as the cloud wrote it; the format is not documented (api-facts 3).
///
/// Marks are for people. They are shown and never decide anything: nobody has yet watched on the real service whether a
/// reinstall moves them, nor whether something else does.
pub type Mark = CloudText;

/// Which call showed it. The two calls need not carry the same fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// ListInstances
    #[default]
    List,
    /// ShowInstanceStatus
    Status,
}

/// What one look showed. Every field may be missing: which ones a service sends depends on its version and on the call.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Sighting {
    /// Which call showed it.
    pub via: Via,
    /// `state`
    pub state: Option<InstanceState>,
    /// `operation_state`
    pub operation: Option<OperationState>,
    /// `error`
    pub fault: Option<InstanceFault>,
    /// `image.id`, from the list call only
    pub image: Option<ImageId>,
    /// `image.os_type`, from the list call only
    pub os: Option<OsFamily>,
    /// `name`, from the list call only
    pub name: Option<CloudText>,
    /// `updated_at`, from the list call only
    pub updated_at: Option<Mark>,
    /// `launched_at`, from the list call only
    pub launched_at: Option<Mark>,
}

impl Sighting {
    /// Takes `secret` out of the cloud's words, see [`CloudText::hide`].
    pub fn hide(&mut self, secret: &str) {
        if let Some(InstanceState::Unknown(word)) = &mut self.state {
            word.hide(secret);
        }
        if let Some(OperationState::Unknown(word)) = &mut self.operation {
            word.hide(secret);
        }
        if let Some(InstanceFault { code, message, kind }) = &mut self.fault {
            for text in [code, message, kind] {
                text.hide(secret);
            }
        }
        for text in [&mut self.name, &mut self.updated_at, &mut self.launched_at].into_iter().flatten() {
            text.hide(secret);
        }
    }
}
