//! What the gateway looks at before the service hears of a request: its size, who sends it, and for which project.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use reinstall_http::sign::Message;
use reinstall_http::sign::verify::{claims_signature, verify};
use subtle::ConstantTimeEq;

use super::BODY_BYTES_MAX;
use super::reply::{Gateway, gateway};
use crate::app::{AppState, RequestName};

/// Lets the requests through that are admitted, with their bodies whole in memory: a signature is over all of it.
pub(super) async fn admit(
    State(state): State<Arc<AppState>>,
    Extension(name): Extension<RequestName>,
    Path(places): Path<HashMap<String, String>>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return gateway(Gateway::TooLarge, &name);
    };
    let message = Message {
        method: &parts.method,
        path: parts.uri.path(),
        query: parts.uri.query(),
        headers: &parts.headers,
        body: &body,
    };
    if let Err(refusal) = identify(&state, &message) {
        return gateway(refusal, &name);
    }
    // Credentials are good for one project, and the documents have no word for another's (api-facts 7), so an unknown
    // project is played as an address that does not exist.
    if places.get("project_id").is_none_or(|project| project != state.project().as_str()) {
        return gateway(Gateway::NoSuchApi, &name);
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// Who claims to sign is taken at that word; a token is asked of the others.
fn identify(state: &AppState, message: &Message<'_>) -> Result<(), Gateway> {
    if claims_signature(message) {
        let verified = verify(message, state.now(), state.access_keys());
        return verified.map(drop).map_err(|denial| Gateway::Unauthorized(denial.to_string()));
    }
    check_token(state, message.headers).map_err(|why| Gateway::Unauthorized(why.to_owned()))
}

fn check_token(state: &AppState, headers: &HeaderMap) -> Result<(), &'static str> {
    let given = headers.get("x-auth-token").ok_or("X-Auth-Token not found")?;
    let is_ours = given.as_bytes().ct_eq(state.token().expose().as_bytes());
    if bool::from(is_ours) { Ok(()) } else { Err("decrypt token fail") }
}
