//! What is served, and what can be written, as documents for programs.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::{Told, ok};
use crate::{openapi, scenario as scenarios};

pub(super) async fn clouddc() -> Told {
    document(openapi::clouddc())
}

pub(super) async fn admin() -> Told {
    document(openapi::admin())
}

fn document<T: serde::Serialize, E: std::fmt::Display>(document: Result<T, E>) -> Told {
    // A test reads both; nobody should ever see this.
    ok(&document.map_err(|error| Problem(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?)
}

pub(super) async fn scenario() -> Response {
    let content_type = HeaderValue::from_static("application/schema+json");
    ([(header::CONTENT_TYPE, content_type)], scenarios::json_schema()).into_response()
}
