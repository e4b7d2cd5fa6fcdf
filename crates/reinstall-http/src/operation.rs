//! One call of the API as data: what goes out, what comes in. No sockets here.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use reinstall_core::fault::{Fault, FaultKind, Repeat};
use reinstall_core::redact::Redactor;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::wire::error;

/// The calls this client makes, by the provider's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Wipes instances. The only one that changes anything.
    ReinstallOs,
    /// Looks at one instance.
    ShowInstanceStatus,
    /// Looks at many.
    ListInstances,
    /// Asks IAM for a token.
    CreateToken,
    /// Asks IAM for the projects of a name.
    ListProjects,
    /// Begins a session with the metadata service of the machine we run on.
    MetadataSession,
    /// Asks that service for temporary keys.
    MetadataKeys,
}

impl Operation {
    /// All of them, in the order of their variants.
    pub const ALL: [Self; 7] = [
        Self::ReinstallOs,
        Self::ShowInstanceStatus,
        Self::ListInstances,
        Self::CreateToken,
        Self::ListProjects,
        Self::MetadataSession,
        Self::MetadataKeys,
    ];

    /// Those of the service that has the instances.
    pub const CLOUDDC: [Self; 3] = [Self::ReinstallOs, Self::ShowInstanceStatus, Self::ListInstances];

    /// The provider's name; one of our own for calls that it gave none.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReinstallOs => "ReinstallOS",
            Self::ShowInstanceStatus => "ShowInstanceStatus",
            Self::ListInstances => "ListInstances",
            Self::CreateToken => "KeystoneCreateUserTokenByPassword",
            Self::ListProjects => "KeystoneListProjects",
            Self::MetadataSession => "MetadataSession",
            Self::MetadataKeys => "MetadataKeys",
        }
    }

    /// Whether sending it twice does harm.
    #[must_use]
    pub const fn repeat(self) -> Repeat {
        match self {
            Self::ReinstallOs => Repeat::Once,
            Self::ShowInstanceStatus
            | Self::ListInstances
            | Self::CreateToken
            | Self::ListProjects
            | Self::MetadataSession
            | Self::MetadataKeys => Repeat::Safe,
        }
    }

    /// Where it stands in [`Operation::ALL`].
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::ReinstallOs => 0,
            Self::ShowInstanceStatus => 1,
            Self::ListInstances => 2,
            Self::CreateToken => 3,
            Self::ListProjects => 4,
            Self::MetadataSession => 5,
            Self::MetadataKeys => 6,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl serde::Serialize for Operation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A request, but for the endpoint and the credentials.
pub struct Request {
    /// Which call this is.
    pub operation: Operation,
    /// The HTTP method.
    pub method: Method,
    /// The path beneath the endpoint, with a leading slash; needs no more escaping.
    pub path: String,
    /// The query without its `?`, escaped.
    pub query: Option<String>,
    /// Headers of this call alone; a secret among them is marked as sensitive.
    pub headers: HeaderMap,
    /// A JSON body. It may hold a secret; its owner wipes it when the last reference goes.
    pub body: Option<Bytes>,
}

impl fmt::Debug for Request {
    /// Leaves headers and body out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("operation", &self.operation)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.query)
            .finish_non_exhaustive()
    }
}

/// An answer, as far as it came.
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, or its beginning.
    pub body: Bytes,
    /// Why the body is only a beginning, if it is.
    pub cut: Option<Cut>,
}

impl fmt::Debug for Reply {
    /// Leaves headers and body out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("status", &self.status).field("cut", &self.cut).finish_non_exhaustive()
    }
}

/// Why an answer's body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It is longer than we are willing to hold.
    TooLong,
    /// It did not end in time.
    TimedOut,
    /// The connection broke, or what came is not HTTP.
    Broken,
}

impl Cut {
    const fn words(self) -> &'static str {
        match self {
            Self::TooLong => "its body is longer than any this call has",
            Self::TimedOut => "its body did not end in time",
            Self::Broken => "its body broke off",
        }
    }
}

/// Reads an answer: the body of exactly the `expected` status, or a fault, without any secret that `redactor` knows.
pub(crate) fn read<T: DeserializeOwned>(reply: &Reply, expected: StatusCode, redactor: &Redactor) -> Result<T, Fault> {
    if reply.status != expected {
        return Err(error::fault(reply.status, &reply.headers, &reply.body, redactor));
    }
    let unreadable = |why: &str| Fault {
        status: Some(reply.status.as_u16()),
        request_id: error::request_id(&reply.headers, redactor),
        ..Fault::new(FaultKind::Unreadable, why)
    };
    if let Some(cut) = reply.cut {
        return Err(unreadable(cut.words()));
    }
    // An array would be taken for the fields in their order.
    if reply.body.trim_ascii_start().first() != Some(&b'{') {
        return Err(unreadable("its body is no JSON object"));
    }
    // The parser's own message would quote the body.
    let mut value: Value = serde_json::from_slice(&reply.body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        unreadable(&format!("its body is not what this call answers (line {line}, column {column})"))
    })?;
    // A service may repeat what it was sent in any field, however it spells it.
    if redactor.may_be_in(&reply.body) {
        redact_within(&mut value, redactor);
    }
    T::deserialize(value).map_err(|_| unreadable("its body is not what this call answers"))
}

/// Takes the secrets out of every text in `value`.
fn redact_within(value: &mut Value, redactor: &Redactor) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(redacted) = redactor.redact(text) {
                *text = redacted;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| redact_within(value, redactor)),
        Value::Object(fields) => fields.values_mut().for_each(|value| redact_within(value, redactor)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use reinstall_core::redact::Role;

    use super::*;
    use crate::wire::status::StatusReply;

    fn reply(status: u16, body: &'static str, cut: Option<Cut>) -> Reply {
        Reply {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
            cut,
        }
    }

    #[test]
    fn only_the_expected_status_with_a_whole_body_is_a_success() {
        use FaultKind as K;
        for (status, body, cut, kind) in [
            (200, "{}", None, None),
            (200, r#"{"state":"running"}"#, None, None),
            (200, "", None, Some(K::Unreadable)),
            (200, "null", None, Some(K::Unreadable)),
            (200, "[1]", None, Some(K::Unreadable)),
            (200, "<html>", None, Some(K::Unreadable)),
            (200, r#"{"state":7}"#, None, None),
            (200, r#"{"state":"run"#, None, Some(K::Unreadable)),
            (200, "{}", Some(Cut::TooLong), Some(K::Unreadable)),
            (200, "{}", Some(Cut::Broken), Some(K::Unreadable)),
            (202, "{}", None, Some(K::Unexpected)),
            (204, "", None, Some(K::Unexpected)),
            // A refusal stays what its head says, however its body ends.
            (403, "{\"error_co", Some(Cut::Broken), Some(K::Forbidden)),
            (503, "", Some(Cut::TimedOut), Some(K::ServerFailed)),
        ] {
            let outcome = read::<StatusReply>(&reply(status, body, cut), StatusCode::OK, &Redactor::new());
            let fault = outcome.as_ref().err();
            assert_eq!(fault.map(|fault| fault.kind), kind, "{status} {body} {cut:?}");
            assert!(fault.is_none_or(|fault| fault.status == Some(status)), "{status} {body}");
        }
    }

    #[test]
    fn a_success_that_repeats_a_secret_is_read_without_it() {
        let mut echo = reply(200, r#"{"state":"canary-4711","error":{"error_msg":"token canary-4711 seen"}}"#, None);
        echo.headers.insert(error::REQUEST_ID, http::HeaderValue::from_static("canary-4711"));
        let redactor = Redactor::new().with(Role::SessionToken, "canary-4711");
        let seen: StatusReply = read(&echo, StatusCode::OK, &redactor).unwrap();
        let shown = format!("{seen:?} {:?}", error::request_id(&echo.headers, &redactor));
        assert!(!shown.contains("canary") && shown.contains("[redacted: a session token]"), "{shown}");
    }

    /// JSON has many spellings of one text.
    #[test]
    fn a_secret_is_hidden_however_it_is_spelled() {
        for (spelled, secret) in [
            (r#"{"state":"canary\/4711+="}"#, "canary/4711+="),
            (r#"{"state":"canary\"4711"}"#, "canary\"4711"),
            (r#"{"state":"can\u00e9ry-4711"}"#, "canéry-4711"),
            (r#"{"state":"\u0063anary-4711"}"#, "canary-4711"),
        ] {
            let seen: StatusReply =
                read(&reply(200, spelled, None), StatusCode::OK, &Redactor::new().with(Role::SessionToken, secret))
                    .unwrap();
            assert_eq!(seen.state.as_deref(), Some("[redacted: a session token]"), "{spelled}");
        }
    }

    #[test]
    fn an_unreadable_body_is_not_quoted() {
        let outcome = read::<StatusReply>(&reply(200, r#"{"canary"}"#, None), StatusCode::OK, &Redactor::new());
        let shown = outcome.unwrap_err().to_string();
        assert!(!shown.contains("canary") && shown.contains("line 1"), "{shown}");
    }

    #[test]
    fn operations_know_their_place_and_only_reads_may_be_repeated() {
        for (index, operation) in Operation::ALL.into_iter().enumerate() {
            assert_eq!(operation.index(), index);
            assert_eq!(operation.repeat() == Repeat::Once, operation == Operation::ReinstallOs);
        }
    }
}
