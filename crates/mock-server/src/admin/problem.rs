//! Why an admin call is not obeyed.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::pipeline::reply;

/// A status and one sentence: `{"error": ".."}`.
#[derive(Debug)]
pub(super) struct Problem(pub(super) StatusCode, pub(super) String);

impl Problem {
    /// What was sent makes no sense.
    pub(super) fn bad(why: &str) -> Self {
        Self(StatusCode::BAD_REQUEST, why.to_owned())
    }

    /// There is no such thing.
    pub(super) fn not_found(why: &str) -> Self {
        Self(StatusCode::NOT_FOUND, why.to_owned())
    }

    /// It cannot be done as things are.
    pub(super) fn conflict(why: &str) -> Self {
        Self(StatusCode::CONFLICT, why.to_owned())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        reply::json(self.0, &json!({"error": self.1}))
    }
}
