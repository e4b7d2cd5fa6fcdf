//! What is kept of an exchange. No field can hold a header that is not listed, a token, or a body as it came.

use std::collections::BTreeMap;

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use reinstall_core::fault::FaultKind;
use reinstall_core::time::Timestamp;
use reinstall_http::wire::error::{IAM_TRACE_ID, REQUEST_ID};
use serde::{Deserialize, Serialize};

use super::safe::{SafeJson, SafeText};

/// The version of the form of recordings.
pub(super) const SCHEMA: u32 = 1;

/// The first line of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The version of the form: 1.
    pub recording: u32,
    /// When it began.
    pub began: Timestamp,
    /// The region, where the endpoint is one of the public cloud. Any other endpoint's address may tell whose it is.
    pub region: Option<SafeText>,
    /// Whether writes were passed on.
    pub writes: bool,
}

/// A request, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// When it was passed on.
    pub at: Timestamp,
    /// How long the answer took, in milliseconds.
    pub took_ms: u64,
    /// What was asked for.
    pub asked: Asked,
    /// The body of the request, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<KeptRequest>,
    /// What came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<KeptAnswer>,
    /// Why nothing did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<FaultKind>,
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The method.
    pub method: SafeText,
    /// The provider's name for the call, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<SafeText>,
    /// The path, with `{…}` for what varies.
    pub path: SafeText,
    /// Made-up ids for what stands in those places.
    pub places: Vec<SafeText>,
    /// Names and values of the query, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(SafeText, SafeText)>,
}

impl Asked {
    /// Whether it is this call, by the provider's name.
    pub(super) fn is(&self, operation: &str) -> bool {
        self.operation.as_ref().is_some_and(|known| known == operation)
    }
}

/// A request's body: who and what is meant, under made-up names, and the shape of the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptRequest {
    /// How long it was.
    pub bytes: usize,
    /// `image_id`; empty where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_id: Option<SafeText>,
    /// `instance_id_set`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id_set: Option<Vec<SafeText>>,
    /// `password`, or `new_password`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordShape>,
    /// Everything else.
    pub rest: Shape,
}

/// A password without a character of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordShape {
    /// How many characters it has.
    pub chars: usize,
    /// Whether there is an upper-case letter.
    pub upper: bool,
    /// A lower-case letter.
    pub lower: bool,
    /// A digit.
    pub digit: bool,
    /// One of the other visible ASCII characters.
    pub special: bool,
    /// Anything else.
    pub other: bool,
}

/// JSON without a value of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number.
    Number,
    /// A text.
    Text,
    /// An array of so many.
    List(usize),
    /// An object.
    Fields(BTreeMap<SafeText, Self>),
    /// No JSON at all.
    NoJson,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptAnswer {
    /// The status.
    pub status: u16,
    /// The headers that are kept.
    pub headers: KeptHeaders,
    /// The body.
    pub body: KeptBody,
}

/// The headers that are kept, and no others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KeptHeaders {
    /// `Content-Type`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<SafeText>,
    /// `Content-Length`, of the body as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_length: Option<SafeText>,
    /// `Date`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<SafeText>,
    /// `X-Request-Id`, or IAM's name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x_request_id: Option<SafeText>,
    /// `Retry-After`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<SafeText>,
    /// `Server`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<SafeText>,
}

/// A body, as far as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptBody {
    /// There was none.
    Empty,
    /// JSON, with made-up names.
    Json(SafeJson),
    /// Something else: its words, or those of its title if it is a page.
    Text(SafeText),
    /// Not kept.
    Left {
        /// How long it was, as far as it came.
        bytes: usize,
        /// Why not.
        why: Why,
    },
}

/// Why a body is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It is one of IAM's, and speaks of people.
    OfIam,
    /// It did not come whole.
    Cut,
    /// It repeated a secret of the request.
    Secret,
    /// It is neither JSON nor text.
    Unreadable,
}

impl KeptHeaders {
    /// Those of `headers` that are kept. The length is that of the body as it came.
    pub(super) fn of(headers: &HeaderMap, body_len: usize) -> Self {
        let kept = |name: &str| Some(SafeText::header(headers.get(name)?.to_str().ok()?));
        Self {
            content_type: kept("content-type"),
            content_length: Some(SafeText::digits(&body_len.to_string())),
            date: kept("date"),
            x_request_id: kept(REQUEST_ID).or_else(|| kept(IAM_TRACE_ID)),
            retry_after: kept("retry-after"),
            server: kept("server"),
        }
    }
}

impl KeptAnswer {
    /// The answer, to be sent again. What was not kept is an empty body.
    #[must_use]
    pub fn to_response(&self) -> Response<Body> {
        let body = match &self.body {
            KeptBody::Empty | KeptBody::Left { .. } => Vec::new(),
            KeptBody::Text(text) => text.as_str().as_bytes().to_vec(),
            KeptBody::Json(json) => serde_json::to_vec(json).unwrap_or_default(),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let KeptHeaders { content_type, x_request_id, retry_after, content_length: _, date: _, server: _ } =
            &self.headers;
        let names = [header::CONTENT_TYPE, HeaderName::from_static(REQUEST_ID), header::RETRY_AFTER];
        for (name, value) in names.into_iter().zip([content_type, x_request_id, retry_after]) {
            if let Some(value) = value.as_ref().and_then(|value| HeaderValue::from_str(value.as_str()).ok()) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
