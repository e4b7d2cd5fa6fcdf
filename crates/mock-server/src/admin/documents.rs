//! The two documents that say what is served.

use axum::http::StatusCode;

use super::problem::Problem;
use super::{Told, ok};
use crate::openapi::{self, DocumentError};

impl From<DocumentError> for Problem {
    fn from(error: DocumentError) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

pub(super) async fn clouddc() -> Told {
    ok(openapi::clouddc()?)
}

pub(super) async fn admin() -> Told {
    ok(openapi::admin()?)
}
