//! Who may call: nobody's web page, and where a token is set, only who has it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::problem::Problem;
use crate::app::AppState;
use crate::pipeline::stamped;

/// Refuses calls by a foreign name, and calls from pages of other origins: a browser says with each where its page is from.
pub(super) async fn origin(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let now = state.now();
    let headers = request.headers();
    if !state.hosts().permits(headers.get(HOST).map(axum::http::HeaderValue::as_bytes)) {
        let why =
            "this server does not answer to the name in the Host header: start it with --allow-host NAME if it is to";
        return stamped(Problem(StatusCode::MISDIRECTED_REQUEST, why.to_owned()).into_response(), now);
    }
    if !is_own_page(headers) {
        let why = "pages of other origins may not call this; the one at /_mock/ may";
        return stamped(Problem(StatusCode::FORBIDDEN, why.to_owned()).into_response(), now);
    }
    stamped(next.run(request).await, now)
}

/// Whether no page called, or one of this server's own.
fn is_own_page(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    origin.is_some() && origin == host
}

/// Refuses calls without the admin token, where there is one.
pub(super) async fn token(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let Some(token) = state.admin_token() else {
        return next.run(request).await;
    };
    let given = request.headers().get(AUTHORIZATION).map(axum::http::HeaderValue::as_bytes);
    let given = given.and_then(|given| given.strip_prefix(b"Bearer ")).unwrap_or_default();
    if bool::from(given.ct_eq(token.expose().as_bytes())) {
        return next.run(request).await;
    }
    let why = "this needs the admin token, as `Authorization: Bearer TOKEN`";
    Problem(StatusCode::UNAUTHORIZED, why.to_owned()).into_response()
}
