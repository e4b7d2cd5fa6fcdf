//! Reduces an answer: names, addresses, ids and whatever is not known become made-up ones or lengths; times, states, codes and
//! counts stay.

use std::collections::BTreeMap;

use http::StatusCode;
use reinstall_http::operation::Reply;
use serde_json::{Number, Value};

use super::kept::{KeptAnswer, KeptBody, KeptHeaders, Why};
use super::message;
use super::naming::Naming;
use super::request::key;
use super::safe::{SafeJson, SafeText};

/// The longest text that is no JSON and is looked at.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// What a field holds, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A state or the like: kept, known or not.
    Word,
    /// A code of an error.
    Code,
    /// What an error says.
    Message,
    /// An id.
    Id,
    /// A time.
    Time,
    /// A name.
    Name,
    /// An address.
    Address,
    /// A number of things.
    Count,
    /// Where a neighbouring page begins.
    Marker,
    /// A name of somebody's choosing that stands as a value: of a tag.
    Key,
    /// Names of somebody's choosing, and texts of theirs.
    Own,
    /// A text of somebody's choosing.
    OwnText,
    /// Not known: its type and length are kept.
    Unknown,
}

impl Kind {
    /// The fields of the documents (api-facts 2 to 4 and 7), and others named in their way.
    fn of(name: &str) -> Self {
        match name {
            "state" | "operation_state" | "error_type" | "os_type" | "manage_state" | "power_state"
            | "health_state" => Self::Word,
            "error_code" | "errorCode" | "code" => Self::Code,
            "error_msg" | "errorMsg" | "message" | "title" | "fault_reason" => Self::Message,
            "id" | "uuid" | "tenant_id" => Self::Id,
            "name" | "hostname" => Self::Name,
            "ipv4_address" | "ipv6_address" | "ip_address" | "ip" | "mac" | "mac_address" => Self::Address,
            "count" | "current_count" | "total_count" | "limit" => Self::Count,
            "marker" | "next_marker" | "previous_marker" => Self::Marker,
            "metadata" => Self::Own,
            "key" => Self::Key,
            // Of a tag, and what a machine was given to run.
            "value" | "user_data" | "description" => Self::OwnText,
            name if name.ends_with("_id") => Self::Id,
            name if name.ends_with("_at") || name.ends_with("_time") => Self::Time,
            name if name.ends_with("_name") => Self::Name,
            name if name.ends_with("_ip") => Self::Address,
            _ => Self::Unknown,
        }
    }

    /// The kind of a field within one of this kind.
    fn within(self, name: &str) -> Self {
        if self == Self::Own { Self::OwnText } else { Self::of(name) }
    }
}

impl KeptAnswer {
    /// What is kept of an answer. Of those of IAM only refusals have a body.
    pub(super) fn of(naming: &mut Naming, reply: &Reply, is_iam: bool) -> Self {
        let bytes = reply.body.len();
        let left = |why| KeptBody::Left { bytes, why };
        let body = if reply.cut.is_some() {
            left(Why::Cut)
        } else if reply.body.is_empty() {
            KeptBody::Empty
        } else if is_iam && !is_refusal(reply.status) {
            left(Why::OfIam)
        } else if let Ok(value) = serde_json::from_slice::<Value>(&reply.body) {
            learn(naming, Kind::Unknown, &value);
            KeptBody::Json(whole(naming, &value))
        } else {
            text(naming, &reply.body).map_or_else(|| left(Why::Unreadable), KeptBody::Text)
        };
        Self { status: reply.status.as_u16(), headers: KeptHeaders::of(&reply.headers, bytes), body }
    }
}

fn is_refusal(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// The words of a body that is no JSON, such as that of a 429 (api-facts 1), or the title of a page.
fn text(naming: &Naming, body: &[u8]) -> Option<SafeText> {
    let text = std::str::from_utf8(body).ok().filter(|text| text.len() <= TEXT_BYTES_MAX)?.trim();
    if !text.starts_with('<') {
        return Some(message::reduce(naming, text));
    }
    let lower = text.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let len = lower[start..].find("</title>")?;
    Some(message::reduce(naming, text[start..start + len].trim()))
}

/// A text on its own is what an error says; a number or an array has no name that tells what it is.
fn whole(naming: &mut Naming, value: &Value) -> SafeJson {
    match value {
        Value::String(text) => SafeJson::Text(message::reduce(naming, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            reduced(naming, Kind::Unknown, value)
        }
    }
}

/// Looks at every name in an answer before any message, which may have it in it.
fn learn(naming: &mut Naming, kind: Kind, value: &Value) {
    match value {
        Value::String(text) => {
            if matches!(kind, Kind::Name | Kind::Address) {
                reduced_text(naming, kind, text);
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| learn(naming, kind, entry)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| learn(naming, kind.within(name), value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// `value` of a field of this kind.
fn reduced(naming: &mut Naming, kind: Kind, value: &Value) -> SafeJson {
    match value {
        Value::Null => SafeJson::Null,
        Value::Bool(is) => SafeJson::Boolean(*is),
        Value::Number(number) => SafeJson::Number(match kind {
            Kind::Count | Kind::Code | Kind::Time => number.clone(),
            Kind::Word
            | Kind::Message
            | Kind::Id
            | Kind::Name
            | Kind::Address
            | Kind::Marker
            | Kind::Key
            | Kind::Own
            | Kind::OwnText
            | Kind::Unknown => Number::from(0),
        }),
        Value::String(text) => SafeJson::Text(reduced_text(naming, kind, text)),
        Value::Array(entries) => SafeJson::List(entries.iter().map(|entry| reduced(naming, kind, entry)).collect()),
        Value::Object(fields) => {
            let mut kept = BTreeMap::new();
            for (name, value) in fields {
                kept.insert(key(naming, name), reduced(naming, kind.within(name), value));
            }
            SafeJson::Fields(kept)
        }
    }
}

fn reduced_text(naming: &mut Naming, kind: Kind, text: &str) -> SafeText {
    match kind {
        Kind::Word => SafeText::word(text),
        Kind::Code => SafeText::code(text),
        Kind::Message => message::reduce(naming, text),
        Kind::Id => naming.id(text),
        Kind::Time => SafeText::time(text),
        Kind::Name => naming.name("name", text),
        Kind::Address => naming.address(text),
        Kind::Marker => naming.marker(text),
        Kind::Key => key(naming, text),
        Kind::Own | Kind::OwnText => naming.text(text),
        Kind::Count | Kind::Unknown => SafeText::masked(text),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue};
    use reinstall_http::operation::Cut;

    use super::super::naming::Salt;
    use super::*;

    fn kept(status: u16, body: &str, is_iam: bool, cut: Option<Cut>) -> KeptAnswer {
        let headers = HeaderMap::from_iter([
            ("x-subject-token".parse().unwrap(), HeaderValue::from_static("canary-token")),
            ("set-cookie".parse().unwrap(), HeaderValue::from_static("canary-cookie")),
            ("x-request-id".parse().unwrap(), HeaderValue::from_static("r-1")),
            ("retry-after".parse().unwrap(), HeaderValue::from_static("7")),
        ]);
        let status = StatusCode::from_u16(status).unwrap();
        let reply = Reply { status, headers, body: Bytes::copy_from_slice(body.as_bytes()), cut };
        KeptAnswer::of(&mut Naming::new(Salt::new([5; 32])), &reply, is_iam)
    }

    #[test]
    fn a_row_keeps_states_and_times_and_no_names() {
        let body = r#"{"instances":[{"id":"0b29c7a1-0000-4000-8000-00000000abcd","name":"canary-1","state":"brand-new",
            "operation_state":"reinstall-succeed","image":{"id":"0b29c7a1-0000-4000-8000-000000000001","name":"canary os","os_type":"Linux"},
            "network_interfaces":[{"subnet_id":"canary","ipv4_address":"192.0.2.7"}],"tags":[{"key":"canary.k","value":"canary-v"}],
            "metadata":{"canary.key":"canary-value","ann@acme":{"id":"canary"}},"user_data":"Y2FuYXJ5","description":"canary","created_at":"2026-11-23 07:15:00",
            "error":{"error_code":"iMetal.0999","error_msg":"canary-1 is no canary","error_type":"reinstall_error"},
            "flavour":"canary","slots":7,"is_new":true,"nothing":null}],"page_info":{"next_marker":"canary","current_count":1},"count":31}"#;
        let answer = kept(200, body, false, None);
        let KeptBody::Json(json) = &answer.body else { panic!("{answer:?}") };
        let row = &json.field("instances").unwrap().entries()[0];
        let text = |name: &str| row.field(name).unwrap().text().unwrap().as_str().to_owned();
        for (name, kept) in [
            ("state", "brand-new"),
            ("operation_state", "reinstall-succeed"),
            ("created_at", "2026-11-23 07:15:00"),
            ("flavour", "(text of 6)"),
        ] {
            assert_eq!(text(name), kept);
        }
        assert!(text("id").parse::<reinstall_core::id::InstanceId>().is_ok());
        assert_eq!(row.field("slots"), Some(&SafeJson::Number(0.into())));
        assert_eq!(row.field("is_new"), Some(&SafeJson::Boolean(true)));
        assert_eq!(json.field("count"), Some(&SafeJson::Number(31.into())));
        let written = serde_json::to_string(&answer).unwrap();
        assert!(
            written.contains(r#""error_code":"iMetal.0999""#) && written.contains(r#""error_type":"reinstall_error""#)
        );
        assert!(
            written.contains(r#""os_type":"Linux""#) && written.contains(r#""error_msg":"{…} is no {…}""#),
            "{written}"
        );
        for secret in ["canary", "Y2FuYXJ5", "192.0.2.7", "0b29c7a1", "ann@acme"] {
            assert!(!written.contains(secret), "{secret} in {written}");
        }
        assert_eq!(serde_json::from_str::<KeptAnswer>(&written).unwrap(), answer);
    }

    #[test]
    fn bodies_that_may_not_be_kept_are_not() {
        for (status, body, is_iam, cut, kept_as) in [
            (200, "", false, None, r#""empty""#),
            (201, r#"{"token":{"user":{"name":"canary"}}}"#, true, None, r#"{"left":{"bytes":36,"why":"of_iam"}}"#),
            (
                401,
                r#"{"error":{"code":401,"message":"The username or password is wrong.","title":"Unauthorized"}}"#,
                true,
                None,
                r#"{"json":{"error":{"code":401,"message":"The username or password is wrong.","title":"Unauthorized"}}}"#,
            ),
            (200, r#"{"a":"canary"#, false, Some(Cut::Broken), r#"{"left":{"bytes":12,"why":"cut"}}"#),
            (429, "Too many requests of canary-1", false, None, r#"{"text":"Too many requests of {…}"}"#),
            (429, "\"Too many requests\"", false, None, r#"{"json":"Too many requests"}"#),
            (502, "<html><title>502 Bad Gateway</title>canary</html>", false, None, r#"{"text":"502 Bad Gateway"}"#),
            (502, "<html>canary</html>", false, None, r#"{"left":{"bytes":19,"why":"unreadable"}}"#),
        ] {
            let answer = kept(status, body, is_iam, cut);
            assert_eq!(serde_json::to_string(&answer.body).unwrap(), kept_as, "{body}");
            let written = serde_json::to_string(&answer).unwrap();
            assert!(!written.contains("canary"), "{written}");
            assert_eq!(serde_json::from_str::<KeptAnswer>(&written).unwrap(), answer);
            let response = answer.to_response();
            assert_eq!(response.status(), status);
            assert_eq!(
                (&response.headers()["x-request-id"], &response.headers()["retry-after"]),
                (&"r-1".parse().unwrap(), &"7".parse().unwrap())
            );
        }
    }
}
