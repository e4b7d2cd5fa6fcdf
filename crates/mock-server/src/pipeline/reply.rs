//! Answers, in the words of the service and of the gateway before it.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use reinstall_http::wire::error::ErrorBody;
use reinstall_http::wire::reinstall::ReinstallReply;
use reinstall_http::wire::status::{ErrorStatus, StatusReply};
use serde::Serialize;

use super::iam_reply::{self, BaseUrl, wants_catalog};
use super::list_reply::list_reply;
use crate::cloud::refusal::Refusal;
use crate::cloud::row::Glimpse;
use crate::exchange::RequestName;
use crate::limit::{Throttled, Words};
use crate::world::{Answer, Canned, Said};
use crate::worlds::Place;

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
    /// A body that did not come in time. The documents have no word for it.
    TooSlow,
    /// Called by a name that is not this server's: a guard of the mock's, and no word of the provider's.
    Misdirected,
}

impl Gateway {
    const fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchApi => StatusCode::NOT_FOUND,
            Self::Unauthorized(_) | Self::TokenRevoked => StatusCode::UNAUTHORIZED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
        }
    }

    /// `error_code`
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::NoSuchApi => "APIGW.0101",
            Self::Unauthorized(_) => "APIGW.0301",
            Self::TokenRevoked => "APIGW.0307",
            Self::TooLarge | Self::TooSlow => "APIGW.0201",
            Self::Misdirected => "MOCK.0421",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::NoSuchApi => "The API does not exist or has not been published in the environment".to_owned(),
            Self::Unauthorized(why) => format!("Incorrect IAM authentication information: {why}"),
            Self::TokenRevoked => "The token must be updated".to_owned(),
            Self::TooLarge => "Request entity too large".to_owned(),
            Self::TooSlow => "The body of the request did not come in time".to_owned(),
            Self::Misdirected => "This mock server does not answer to the name in the Host header: start it with \
                                  --allow-host NAME if it is to"
                .to_owned(),
        }
    }
}

pub(crate) fn gateway(refusal: &Gateway, name: RequestName) -> Response {
    let body = ErrorBody { request_id: Some(name.to_string()), ..ErrorBody::new(refusal.code(), &refusal.message()) };
    json(refusal.status(), &body)
}

/// The refusal of a call that is over a limit, with its code; `wait` is in the client's time.
pub(super) fn throttled(throttled: &Throttled, wait: Duration, name: RequestName) -> (Response, Option<&'static str>) {
    /// api-facts 7
    const CODE: &str = "APIGW.0308";
    let message =
        format!("The throttling threshold has been reached: policy user over ratelimit,limit:{}", throttled.count);
    let (mut response, code) = match throttled.words {
        Words::Gateway => {
            let body = ErrorBody { request_id: Some(name.to_string()), ..ErrorBody::new(CODE, &message) };
            (json(StatusCode::TOO_MANY_REQUESTS, &body), Some(CODE))
        }
        Words::Plain => (typed(StatusCode::TOO_MANY_REQUESTS, TEXT, message.into_bytes()), None),
    };
    if throttled.retry_after {
        set_retry_after(&mut response, wait);
    }
    (response, code)
}

pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => typed(status, "application/json", bytes),
        // None of our shapes can fail to serialise; if one did, an honest 500 beats a panic.
        Err(_) => typed(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", Vec::new()),
    }
}

/// Answers to what was said, for one request.
pub(super) struct Replies<'a> {
    pub(super) place: &'a Place,
    pub(super) headers: &'a HeaderMap,
    pub(super) query: Option<&'a str>,
    /// How long a client has to wait in its own time for so much of the world's.
    pub(super) wait: &'a dyn Fn(Duration) -> Duration,
}

impl Replies<'_> {
    pub(super) fn of(&self, said: Said) -> Response {
        match said {
            Said::Done(answer) => self.done(answer),
            Said::Refused(refusal) => refused(&refusal),
            Said::IamRefused(refusal) => iam_reply::refused(&refusal),
            Said::Canned(canned) => self.can(canned),
            Said::Nothing => nothing(),
        }
    }

    fn done(&self, answer: Answer) -> Response {
        let base_url = || BaseUrl::of(self.headers);
        match answer {
            Answer::Reinstalled(ids) => json(StatusCode::ACCEPTED, &ReinstallReply::accepting(&ids)),
            Answer::PasswordChanged(ids) => json(StatusCode::OK, &ReinstallReply::accepting(&ids)),
            Answer::Status(glimpse) => json(StatusCode::OK, &status_reply(&glimpse)),
            Answer::Listed(page) => list_reply(self.place, self.query.unwrap_or_default(), &page),
            Answer::Tagged => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::NO_CONTENT;
                response
            }
            Answer::Token(issued) => {
                iam_reply::created(&issued, base_url().token(&issued.grant, wants_catalog(self.query)))
            }
            Answer::Grant(grant) => base_url().token(&grant, wants_catalog(self.query)),
            Answer::Projects(projects, account) => base_url().projects(projects, &account),
            Answer::Domains(account) => base_url().domains(account),
            Answer::Versions => json(StatusCode::MULTIPLE_CHOICES, &base_url().versions()),
            Answer::Version => json(StatusCode::OK, &base_url().version()),
        }
    }

    fn can(&self, canned: Canned) -> Response {
        let content_type = match canned.body.trim_start().as_bytes().first() {
            Some(b'{' | b'[') => "application/json",
            Some(b'<') => "text/html",
            Some(_) | None => TEXT,
        };
        let status = StatusCode::from_u16(canned.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = typed(status, content_type, canned.body.into_bytes());
        if let Some(wait) = canned.retry_after {
            set_retry_after(&mut response, (self.wait)(wait));
        }
        response
    }
}

const TEXT: &str = "text/plain; charset=utf-8";

/// In whole seconds, rounded up: nobody is to come too early.
fn set_retry_after(response: &mut Response, wait: Duration) {
    let seconds = wait.as_millis().div_ceil(1_000).to_string();
    if let Ok(value) = HeaderValue::from_str(&seconds) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
}

/// Never sent: the delivery that goes with it sees to that.
pub(super) fn nothing() -> Response {
    typed(StatusCode::SERVICE_UNAVAILABLE, "text/plain", Vec::new())
}

fn refused(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    json(status, &ErrorBody::new(refusal.code(), &refusal.to_string()))
}

fn status_reply(glimpse: &Glimpse) -> StatusReply {
    StatusReply {
        state: Some(glimpse.state.as_word().to_owned()),
        operation_state: glimpse.operation_state.as_ref().map(|operation| operation.as_word().to_owned()),
        error: glimpse.error.as_ref().map(ErrorStatus::from),
    }
}

pub(super) fn typed(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}
