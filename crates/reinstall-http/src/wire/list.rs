//! ListInstances: `GET /v1/{project_id}/instances` (api-facts 3).

use std::net::Ipv4Addr;

use reinstall_core::id::InstanceId;
use reinstall_core::instance::{InstanceState, OperationState, OsFamily, Tag};
use reinstall_core::sighting::{Sighting, Via};
use serde::{Deserialize, Serialize};

use super::status::ErrorStatus;
use super::{lenient, said};

/// The body of a 200.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListReply {
    /// This page's rows.
    #[serde(default, deserialize_with = "lenient::entries", skip_serializing_if = "Option::is_none")]
    pub instances: Option<Vec<ListedInstance>>,
    /// Where the neighbouring pages are.
    #[serde(default, deserialize_with = "lenient::or_absent", skip_serializing_if = "Option::is_none")]
    pub page_info: Option<Paging>,
    /// How many instances there are on all pages.
    #[serde(default, deserialize_with = "lenient::or_absent", skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// Where the neighbouring pages are. Markers are opaque.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Paging {
    /// What to send as `marker` for the next page.
    #[serde(default, deserialize_with = "lenient::or_absent", skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    /// What to send as `marker` for the page before.
    #[serde(default, deserialize_with = "lenient::or_absent", skip_serializing_if = "Option::is_none")]
    pub previous_marker: Option<String>,
    /// How many rows this page has.
    #[serde(default, deserialize_with = "lenient::or_absent", skip_serializing_if = "Option::is_none")]
    pub current_count: Option<u64>,
}

/// One row. The document calls ten of these fields required; the client needs none but `id`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListedInstance {
    /// The instance's id.
    #[serde(default, deserialize_with = "lenient::or_absent", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// As in the status reply.
    #[serde(default, deserialize_with = "lenient::or_absent", skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// As in the status reply; since the end of 2025.
    #[serde(default, deserialize_with = "lenient::or_absent", skip_serializing_if = "Option::is_none")]
    pub operation_state: Option<String>,
    /// As in the status reply.
    #[serde(default, deserialize_with = "lenient::or_absent", skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorStatus>,
    /// What is installed.
    #[serde(default, deserialize_with = "lenient::or_absent", skip_serializing_if = "Option::is_none")]
    pub image: Option<ListedImage>,
    /// The physical server below.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub server_id: Option<String>,
    /// The network it is in.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
    /// Labels. Absent if a single one of them cannot be read: who asks for tags must not take some for all.
    #[serde(default, deserialize_with = "lenient::or_absent", skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<ListedTag>>,
    /// Its places in networks. Absent if a single one of them cannot be read, as for labels.
    #[serde(default, deserialize_with = "lenient::or_absent", skip_serializing_if = "Option::is_none")]
    pub network_interfaces: Option<Vec<ListedInterface>>,
    /// A time in a format that is not documented.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Likewise.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    /// Likewise.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub launched_at: Option<String>,
}

/// What is installed on an instance.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListedImage {
    /// The image's id.
    #[serde(default, deserialize_with = "lenient::or_absent", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `Linux` or `Windows`, in what letter case is not documented.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub os_type: Option<String>,
}

/// A label on an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedTag {
    /// At most 128 characters.
    pub key: String,
    /// At most 255 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// A place of an instance in a network.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListedInterface {
    /// The subnet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<String>,
    /// Its address there; the document calls it optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv4_address: Option<String>,
}

impl From<&ListedTag> for Tag {
    fn from(listed: &ListedTag) -> Self {
        Self { key: listed.key.as_str().into(), value: listed.value.as_deref().map(Into::into) }
    }
}

impl ListedInstance {
    /// Every label it has; `None` if the row does not tell.
    #[must_use]
    pub fn tags(&self) -> Option<Vec<Tag>> {
        self.tags.as_ref().map(|listed| listed.iter().map(Tag::from).collect())
    }

    /// Takes out who it is, where another row under the same id says otherwise: then nothing tells which one is right.
    pub(crate) fn keep_what_agrees(&mut self, other: &Self) {
        fn keep<T: PartialEq>(field: &mut Option<T>, other: Option<&T>) {
            if field.as_ref() != other {
                *field = None;
            }
        }
        keep(&mut self.name, other.name.as_ref());
        keep(&mut self.image, other.image.as_ref());
        keep(&mut self.tags, other.tags.as_ref());
        keep(&mut self.network_interfaces, other.network_interfaces.as_ref());
    }

    /// The addresses of all its network interfaces; `None` if the row does not show any, or one that cannot be read.
    #[must_use]
    pub fn addresses(&self) -> Option<Vec<Ipv4Addr>> {
        let shown = self.network_interfaces.iter().flatten().filter_map(|one| said(one.ipv4_address.as_ref()));
        let addresses: Vec<Ipv4Addr> = shown.map(str::parse).collect::<Result<_, _>>().ok()?;
        (!addresses.is_empty()).then_some(addresses)
    }
}

impl From<&ListedInstance> for Sighting {
    fn from(row: &ListedInstance) -> Self {
        let image = row.image.as_ref();
        Self {
            via: Via::List,
            state: said(row.state.as_ref()).map(InstanceState::from_word),
            operation: said(row.operation_state.as_ref()).map(OperationState::from_word),
            fault: row.error.as_ref().and_then(ErrorStatus::to_fault),
            image: image.and_then(|image| image.id.as_deref()?.parse().ok()),
            os: image.and_then(|image| OsFamily::from_word(image.os_type.as_deref()?)),
            name: said(row.name.as_ref()).map(Into::into),
            updated_at: said(row.updated_at.as_ref()).map(Into::into),
            launched_at: said(row.launched_at.as_ref()).map(Into::into),
        }
    }
}

impl ListReply {
    /// What the rows show, each under its id. A row whose id cannot be read shows nothing.
    #[must_use]
    pub fn sightings(&self) -> Vec<(InstanceId, Sighting)> {
        let rows = self.instances.iter().flatten();
        rows.filter_map(|row| Some((row.id.as_deref()?.parse().ok()?, row.into()))).collect()
    }

    /// The rows themselves, likewise.
    pub fn into_rows(self) -> impl Iterator<Item = (InstanceId, ListedInstance)> {
        let rows = self.instances.into_iter().flatten();
        rows.filter_map(|row| Some((row.id.as_deref()?.parse().ok()?, row)))
    }

    /// What to send as `marker` for the next page, if there is said to be one. A page without rows may have one, too.
    #[must_use]
    pub fn next_marker(&self) -> Option<&str> {
        said(self.page_info.as_ref()?.next_marker.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"{"instances":[{
        "id":"0B29C7A1-0000-4000-8000-00000000ABCD","name":"db-1","vpc_id":"v","tags":"not even a list",
        "image":{"id":"0b29c7a1-0000-4000-8000-000000000001","name":"EulerOS","os_type":"LINUX"},
        "state":"running","server_id":"s","created_at":"a","updated_at":"b","launched_at":"c",
        "network_interfaces":[{"subnet_id":"n"}],"operation_state":"install-succeed","metadata":{"k":"v"},"error":null
        }],"page_info":{"next_marker":"m2","previous_marker":null,"current_count":1},"count":31}"#;

    #[test]
    fn a_full_row_is_read() {
        let reply: ListReply = serde_json::from_str(FULL).unwrap();
        let [(id, seen)] = &reply.sightings()[..] else { panic!("one row") };
        assert_eq!(id.to_string(), "0b29c7a1-0000-4000-8000-00000000abcd");
        assert_eq!(seen.state, Some(InstanceState::Running));
        assert_eq!(seen.operation, Some(OperationState::from_word("install-succeed")));
        assert_eq!(seen.image, "0b29c7a1-0000-4000-8000-000000000001".parse().ok());
        assert_eq!(seen.os, Some(OsFamily::Linux));
        assert_eq!(seen.name, Some("db-1".into()));
        assert_eq!((&seen.updated_at, &seen.launched_at), (&Some("b".into()), &Some("c".into())));
        assert_eq!(seen.fault, None);
        assert_eq!((reply.next_marker(), reply.count), (Some("m2"), Some(31)));
    }

    #[test]
    fn sparse_rows_are_read_as_far_as_they_go() {
        for (row, rows, image_seen) in [
            (r#"{"id":"0b29c7a1-0000-4000-8000-00000000abcd"}"#, 1, false),
            (r#"{"id":"0b29c7a1-0000-4000-8000-00000000abcd","image":{"id":"not-a-uuid"}}"#, 1, false),
            (r#"{"id":"0b29c7a1-0000-4000-8000-00000000abcd","image":{},"state":null}"#, 1, false),
            (
                r#"{"id":"0b29c7a1-0000-4000-8000-00000000abcd","image":{"id":"0b29c7a1-0000-4000-8000-00000000abcd"}}"#,
                1,
                true,
            ),
            (r#"{"id":"i-17","state":"running"}"#, 0, false),
            (r#"{"state":"running"}"#, 0, false),
        ] {
            let reply: ListReply = serde_json::from_str(&format!(r#"{{"instances":[{row}]}}"#)).unwrap();
            let sightings = reply.sightings();
            assert_eq!(sightings.len(), rows, "{row}");
            assert_eq!(sightings.iter().any(|(_, seen)| seen.image.is_some()), image_seen, "{row}");
        }
    }

    #[test]
    fn tags_are_read_whole_or_not_at_all() {
        let tag = |key: &str, value: Option<&str>| Tag { key: key.into(), value: value.map(Into::into) };
        for (written, tags) in [
            (r#""tags":[]"#, Some(vec![])),
            (r#""tags":[{"key":"a","value":"b"}]"#, Some(vec![tag("a", Some("b"))])),
            (r#""tags":[{"key":"a"},{"key":"b","value":null,"more":1}]"#, Some(vec![tag("a", None), tag("b", None)])),
            (r#""tags":[{"key":"a","value":"b"},{"value":"c"}]"#, None),
            (r#""tags":[{"key":"a","value":3}]"#, None),
            (r#""tags":["a"]"#, None),
            (r#""tags":"a""#, None),
            (r#""tags":null"#, None),
            (r#""name":"x""#, None),
        ] {
            let row: ListedInstance =
                serde_json::from_str(&format!(r#"{{"id":"x","state":"running",{written}}}"#)).unwrap();
            assert_eq!(row.tags(), tags, "{written}");
            assert_eq!(row.state.as_deref(), Some("running"), "{written}");
        }
    }

    /// Whoever compares an address with the cloud's must be able to tell another address from none that is shown.
    #[test]
    fn addresses_are_read_whole_or_not_at_all() {
        for (written, addresses) in [
            (r#"[{"subnet_id":"n","ipv4_address":"10.0.0.1"}]"#, Some(vec!["10.0.0.1"])),
            (r#"[{"ipv4_address":"10.0.0.1"},{"ipv4_address":"10.0.1.1"}]"#, Some(vec!["10.0.0.1", "10.0.1.1"])),
            (r#"[{"subnet_id":"n"},{"ipv4_address":"10.0.1.1","more":1}]"#, Some(vec!["10.0.1.1"])),
            (r#"[{"subnet_id":"n"},{"ipv4_address":""}]"#, None),
            (r#"[{"ipv4_address":"10.0.0.1"},{"ipv4_address":"10.0.1"}]"#, None),
            (r#"[{"ipv4_address":"10.0.0.1"},{"ipv4_address":7}]"#, None),
            ("[]", None),
            ("null", None),
            (r#""10.0.0.1""#, None),
        ] {
            let row: ListedInstance =
                serde_json::from_str(&format!(r#"{{"id":"x","state":"running","network_interfaces":{written}}}"#))
                    .unwrap();
            let addresses = addresses.map(|all| all.into_iter().map(|one| one.parse().unwrap()).collect());
            assert_eq!(row.addresses(), addresses, "{written}");
            assert_eq!(row.state.as_deref(), Some("running"), "{written}");
        }
    }

    #[test]
    fn pages_end_in_every_way_there_is() {
        for (text, next) in [
            (r#"{"instances":[{}],"page_info":{"next_marker":"m"}}"#, Some("m")),
            (r#"{"instances":[],"page_info":{"next_marker":"m"}}"#, Some("m")),
            (r#"{"page_info":{"next_marker":"m"}}"#, Some("m")),
            (r#"{"instances":[{}],"page_info":{"next_marker":""}}"#, None),
            (r#"{"instances":[{}],"page_info":{"next_marker":null}}"#, None),
            (r#"{"instances":[{}],"page_info":{}}"#, None),
            (r#"{"instances":[{}],"page_info":null}"#, None),
            (r#"{"instances":[{}]}"#, None),
            ("{}", None),
        ] {
            let reply: ListReply = serde_json::from_str(text).unwrap();
            assert_eq!(reply.next_marker(), next, "{text}");
        }
    }
}
