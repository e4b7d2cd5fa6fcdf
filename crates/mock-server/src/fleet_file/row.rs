//! One instance as a fleet file has it, in the API's own spelling: for whoever writes such files.

use std::io::{self, Write};

use reinstall_core::instance::OsFamily;
use reinstall_http::wire::list::{ListedImage, ListedTag};
use reinstall_http::wire::status::ErrorStatus;
use serde::de::{Deserialize, Deserializer};

use super::given::Given;
use super::names::{Field, Names};
use crate::cloud::row::Row;

/// One instance. Nothing is checked before [`read`](super::read) reads it; what is absent is made up there.
///
/// Reading one from JSON accepts every spelling that a fleet file may have, and refuses unknown keys.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct FleetRow {
    /// The only field that a row cannot do without: a UUID.
    pub id: String,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the cloud shows until the first reinstall; `running` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Likewise; `install-succeed` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation_state: Option<String>,
    /// Likewise; none if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorStatus>,
    /// What is installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<ListedImage>,
    /// The physical server below: a UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_id: Option<String>,
    /// The network it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
    /// Only the first is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_interfaces: Option<Vec<FleetInterface>>,
    /// Labels; an empty list says that there are none, which absence does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<ListedTag>>,
    /// RFC 3339; in UTC where it has no offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
}

/// A network interface of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct FleetInterface {
    /// The subnet it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<String>,
    /// Its address there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv4_address: Option<String>,
}

/// Writes a row as one line of a fleet file in JSON Lines, with its end.
///
/// # Errors
/// Whatever the writer fails with.
pub fn to_json_line(row: &FleetRow, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, row)?;
    out.write_all(b"\n")
}

/// Whether a row may have this key. For whoever makes rows of a real cloud's answers, which may have more keys than any
/// document tells.
#[must_use]
pub fn knows_key(name: &str) -> bool {
    Names::ROW.find(name).is_ok()
}

impl<'de> Deserialize<'de> for FleetRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Given::deserialize(deserializer).map(Self::from)
    }
}

impl From<Given<'static>> for FleetRow {
    fn from(mut given: Given<'static>) -> Self {
        let tags =
            given.tags().map(|tags| tags.tags().into_iter().map(|(key, value)| ListedTag { key, value }).collect());
        let mut take = |field| given.take(field);
        let [error_code, error_msg, error_type] = [Field::ErrorCode, Field::ErrorMsg, Field::ErrorType].map(&mut take);
        let has_error = error_code.is_some() || error_msg.is_some() || error_type.is_some();
        let [id, name, os_type] = [Field::ImageId, Field::ImageName, Field::OsType].map(&mut take);
        let has_image = id.is_some() || name.is_some() || os_type.is_some();
        let [subnet_id, ipv4_address] = [Field::SubnetId, Field::Ipv4Address].map(&mut take);
        let has_interface = subnet_id.is_some() || ipv4_address.is_some();
        Self {
            error: has_error.then_some(ErrorStatus { error_code, error_msg, error_type }),
            image: has_image.then_some(ListedImage { id, name, os_type }),
            network_interfaces: has_interface.then(|| vec![FleetInterface { subnet_id, ipv4_address }]),
            tags,
            id: take(Field::Id).unwrap_or_default(),
            name: take(Field::Name),
            state: take(Field::State),
            operation_state: take(Field::OperationState),
            server_id: take(Field::ServerId),
            vpc_id: take(Field::VpcId),
            created_at: take(Field::CreatedAt),
        }
    }
}

impl From<&Row> for FleetRow {
    /// What the cloud shows of an instance.
    fn from(row: &Row) -> Self {
        let os_type = match row.image.os {
            OsFamily::Linux => "Linux",
            OsFamily::Windows => "Windows",
        };
        let tag = |(key, value): &(String, Option<String>)| ListedTag { key: key.clone(), value: value.clone() };
        Self {
            id: row.id.to_string(),
            name: Some(row.name.clone()),
            state: Some(row.glimpse.state.as_word().to_owned()),
            operation_state: row.glimpse.operation_state.as_ref().map(|it| it.as_word().to_owned()),
            error: row.glimpse.error.as_ref().map(ErrorStatus::from),
            image: Some(ListedImage {
                id: Some(row.image.id.to_string()),
                name: Some(row.image.name.clone()),
                os_type: Some(os_type.to_owned()),
            }),
            server_id: Some(row.server_id.to_string()),
            vpc_id: Some(row.vpc_id.clone()),
            network_interfaces: Some(vec![FleetInterface {
                subnet_id: Some(row.subnet_id.clone()),
                ipv4_address: Some(row.ipv4_address.clone()),
            }]),
            tags: Some(row.tags.iter().map(tag).collect()),
            created_at: Some(row.created_at.to_string()),
        }
    }
}
