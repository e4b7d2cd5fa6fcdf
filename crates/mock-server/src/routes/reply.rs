//! Answers, in the words of the service and of the gateway before it.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use reinstall_http::wire::error::ErrorBody;
use serde::Serialize;

use crate::app::RequestName;
use crate::cloud::refusal::Refusal;
use crate::world::{Canned, Said, Served};

/// What the gateway says before the service hears of a request (api-facts 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Gateway {
    /// No such address, or no such method there.
    NoSuchApi,
    /// No token and no signature, or one that is not accepted.
    Unauthorized(String),
    /// A token that was revoked before its time.
    TokenRevoked,
    /// More than the body may have.
    TooLarge,
}

pub(crate) fn gateway(refusal: Gateway, name: &RequestName) -> Response {
    let (status, code, message) = match refusal {
        Gateway::NoSuchApi => (
            StatusCode::NOT_FOUND,
            "APIGW.0101",
            "The API does not exist or has not been published in the environment".to_owned(),
        ),
        Gateway::Unauthorized(why) => {
            (StatusCode::UNAUTHORIZED, "APIGW.0301", format!("Incorrect IAM authentication information: {why}"))
        }
        Gateway::TokenRevoked => (StatusCode::UNAUTHORIZED, "APIGW.0307", "The token must be updated".to_owned()),
        Gateway::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "APIGW.0201", "Request entity too large".to_owned()),
    };
    let body = ErrorBody { request_id: Some(name.0.clone()), ..ErrorBody::new(code, &message) };
    json(status, &body)
}

pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => typed(status, "application/json", bytes),
        // None of our shapes can fail to serialise; if one did, an honest 500 beats a panic.
        Err(_) => typed(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", Vec::new()),
    }
}

pub(crate) fn refused(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    json(status, &ErrorBody::new(refusal.code(), &refusal.to_string()))
}

/// Turns what was served into a response that carries its delivery.
pub(crate) fn served<T, R>(
    served: Served<T, R>,
    done: impl FnOnce(T) -> Response,
    refused: impl FnOnce(&R) -> Response,
) -> Response {
    let mut response = match served.said {
        Said::Done(success) => done(success),
        Said::Refused(refusal) => refused(&refusal),
        Said::Canned(canned) => can(canned),
        // Never sent: the delivery sees to that.
        Said::Nothing => typed(StatusCode::SERVICE_UNAVAILABLE, "text/plain", Vec::new()),
    };
    response.extensions_mut().insert(served.delivery);
    response
}

fn can(canned: Canned) -> Response {
    let content_type = match canned.body.trim_start().as_bytes().first() {
        Some(b'{' | b'[') => "application/json",
        Some(b'<') => "text/html",
        Some(_) | None => "text/plain; charset=utf-8",
    };
    let status = StatusCode::from_u16(canned.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = typed(status, content_type, canned.body.into_bytes());
    if let Some(wait) = canned.retry_after {
        let seconds = wait.as_millis().div_ceil(1_000).to_string();
        if let Ok(value) = HeaderValue::from_str(&seconds) {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
    }
    response
}

fn typed(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}
