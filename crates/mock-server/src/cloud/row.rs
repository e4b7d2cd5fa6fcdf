//! What the cloud shows of an instance.

use reinstall_core::id::InstanceId;
use reinstall_core::instance::{InstanceFault, InstanceState, OperationState, OsFamily};
use reinstall_core::sighting::Sighting;
use reinstall_core::time::Timestamp;

use super::fleet::Image;

/// What ShowInstanceStatus shows (api-facts 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glimpse {
    /// `state`
    pub state: InstanceState,
    /// `operation_state`
    pub operation_state: Option<OperationState>,
    /// `error`
    pub error: Option<InstanceFault>,
}

/// Labels: keys, and values where they have one.
pub type Tags = Vec<(String, Option<String>)>;

/// What ListInstances shows of one instance (api-facts 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// `id`
    pub id: InstanceId,
    /// `name`
    pub name: String,
    /// `state`, `operation_state` and `error`
    pub glimpse: Glimpse,
    /// `image`
    pub image: Image,
    /// `server_id`
    pub server_id: InstanceId,
    /// `vpc_id`
    pub vpc_id: String,
    /// `network_interfaces[0].subnet_id`
    pub subnet_id: String,
    /// `network_interfaces[0].ipv4_address`
    pub ipv4_address: String,
    /// `tags`: keys, and values where they have one.
    pub tags: Tags,
    /// `created_at`
    pub created_at: Timestamp,
    /// `updated_at`: when a reinstall last began or ended.
    pub updated_at: Timestamp,
    /// `launched_at`: when a reinstall last succeeded.
    pub launched_at: Timestamp,
}

/// The list call's word for a family.
pub(crate) const fn os_word(os: OsFamily) -> &'static str {
    match os {
        OsFamily::Linux => "Linux",
        OsFamily::Windows => "Windows",
    }
}

impl From<&Glimpse> for Sighting {
    fn from(glimpse: &Glimpse) -> Self {
        Self {
            state: Some(glimpse.state.clone()),
            operation: glimpse.operation_state.clone(),
            fault: glimpse.error.clone(),
            ..Self::default()
        }
    }
}

impl From<&Row> for Sighting {
    fn from(row: &Row) -> Self {
        Self {
            image: Some(row.image.id),
            os: Some(row.image.os),
            name: Some(row.name.as_str().into()),
            updated_at: Some(row.updated_at.to_string().as_str().into()),
            launched_at: Some(row.launched_at.to_string().as_str().into()),
            ..Self::from(&row.glimpse)
        }
    }
}
