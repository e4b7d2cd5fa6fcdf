//! What the gateway looks at before a service hears of a request: its size, who sends it, and for which project.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use reinstall_http::sign::Message;
use reinstall_http::sign::verify::{claims_signature, verify};
use reinstall_http::wire::iam::served::Name;
use subtle::ConstantTimeEq;

use super::BODY_BYTES_MAX;
use super::iam;
use super::reply::{Gateway, gateway};
use crate::app::{AppState, RequestName};
use crate::iam::{Grant, IamRefusal, TokenDenial};

/// The account of whom IAM answers.
#[derive(Debug, Clone)]
pub(super) struct Caller(pub(super) Name);

/// Lets the requests through that CloudDC admits, with their bodies whole in memory: a signature is over all of it.
pub(super) async fn admit(
    State(state): State<Arc<AppState>>,
    Extension(name): Extension<RequestName>,
    Path(places): Path<HashMap<String, String>>,
    request: Request,
    next: Next,
) -> Response {
    let Some((parts, body)) = read(request).await else {
        return gateway(Gateway::TooLarge, &name);
    };
    if let Err(refusal) = identify(&state, &message(&parts, &body)) {
        return gateway(refusal, &name);
    }
    // Credentials are good for one project, and the documents have no word for another's (api-facts 7), so an unknown
    // project is played as an address that does not exist.
    if places.get("project_id").is_none_or(|project| project != state.project().as_str()) {
        return gateway(Gateway::NoSuchApi, &name);
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// Lets the requests through that IAM admits; a token need not be good for a project there. About signatures the gateway
/// speaks, about tokens IAM itself.
pub(super) async fn admit_to_iam(
    State(state): State<Arc<AppState>>,
    Extension(name): Extension<RequestName>,
    request: Request,
    next: Next,
) -> Response {
    let Some((mut parts, body)) = read(request).await else {
        return gateway(Gateway::TooLarge, &name);
    };
    let message = message(&parts, &body);
    let account = if claims_signature(&message) {
        match check_signature(&state, &message) {
            Ok(()) => state.with_world(|world| world.iam.home()),
            Err(refusal) => return gateway(refusal, &name),
        }
    } else {
        match bearer(&state, &parts.headers) {
            Ok(Bearer::Fixed) => state.with_world(|world| world.iam.home()),
            Ok(Bearer::Granted(grant)) => grant.account,
            Err(_) => return iam::refused(&IamRefusal::Unauthenticated),
        }
    };
    parts.extensions.insert(Caller(account));
    next.run(Request::from_parts(parts, Body::from(body))).await
}

async fn read(request: Request) -> Option<(Parts, Bytes)> {
    let (parts, body) = request.into_parts();
    Some((parts, to_bytes(body, BODY_BYTES_MAX).await.ok()?))
}

fn message<'a>(parts: &'a Parts, body: &'a [u8]) -> Message<'a> {
    Message { method: &parts.method, path: parts.uri.path(), query: parts.uri.query(), headers: &parts.headers, body }
}

/// Who claims to sign is taken at that word; a token is asked of the others.
fn identify(state: &AppState, message: &Message<'_>) -> Result<(), Gateway> {
    if claims_signature(message) {
        return check_signature(state, message);
    }
    let opened = bearer(state, message.headers).and_then(|bearer| match bearer {
        Bearer::Fixed => Ok(()),
        Bearer::Granted(grant) => grant.for_project().map(drop).map_err(Some),
    });
    opened.map_err(|denial| match denial {
        None => Gateway::Unauthorized("X-Auth-Token not found".to_owned()),
        Some(TokenDenial::Revoked) => Gateway::TokenRevoked,
        Some(denial @ (TokenDenial::Unknown | TokenDenial::Expired { .. } | TokenDenial::NoProject)) => {
            Gateway::Unauthorized(denial.to_string())
        }
    })
}

fn check_signature(state: &AppState, message: &Message<'_>) -> Result<(), Gateway> {
    let verified = verify(message, state.now(), state.access_keys());
    verified.map(drop).map_err(|denial| Gateway::Unauthorized(denial.to_string()))
}

/// Whose token it is.
enum Bearer {
    /// The one that never dies.
    Fixed,
    /// One that IAM handed out.
    Granted(Grant),
}

/// Looks at the token of a request; `None` is refused where there is none at all.
fn bearer(state: &AppState, headers: &HeaderMap) -> Result<Bearer, Option<TokenDenial>> {
    let given = headers.get("x-auth-token").ok_or(None)?.as_bytes();
    if bool::from(given.ct_eq(state.token().expose().as_bytes())) {
        return Ok(Bearer::Fixed);
    }
    let now = state.now();
    state.with_world(|world| world.iam.check(now, given).cloned()).map(Bearer::Granted).map_err(Some)
}
