//! KeystoneCreateUserTokenByPassword: `POST /v3/auth/tokens` (api-facts 6). Asking twice gives two tokens, and does no harm.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::redact::Redactor;
use reinstall_core::secret::SessionToken;

use crate::error::CallError;
use crate::iam_user::IamUser;
use crate::operation::{self, Operation, Reply, Request};
use crate::wire::iam::{SUBJECT_TOKEN, ScopeProject, TokenReply, TokenRequest};

/// A token, and what IAM says of it.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token.
    pub token: SessionToken,
    /// When it was made, by IAM's clock.
    pub issued_at: Option<String>,
    /// When it dies, by IAM's clock.
    pub expires_at: Option<String>,
}

/// The request for a token of `user`, good for one project.
///
/// # Errors
/// If the body cannot be written, which no user brings about.
pub fn request(user: &IamUser, project: ScopeProject<'_>) -> Result<Request, CallError> {
    let body = TokenRequest::new(user.name(), user.password(), user.domain(), project).to_bytes();
    let body = body.map_err(|_| unsent("the request for a token could not be written"))?;
    Ok(Request {
        operation: Operation::CreateToken,
        method: Method::POST,
        path: "/v3/auth/tokens".to_owned(),
        // Nobody reads the list of all services that IAM would send along.
        query: Some("nocatalog=true".to_owned()),
        headers: HeaderMap::new(),
        body: Some(Bytes::from_owner(body)),
    })
}

/// Reads the answer, without any secret that `redactor` knows.
///
/// # Errors
/// Whatever is not a 201 with a token in its head.
pub fn reply(reply: &Reply, redactor: &Redactor) -> Result<IssuedToken, Fault> {
    let said: TokenReply = operation::read(reply, StatusCode::CREATED, redactor)?;
    let token = reply.headers.get(SUBJECT_TOKEN).and_then(|value| SessionToken::parse(value.to_str().ok()?).ok());
    let token = token.ok_or_else(|| Fault {
        status: Some(reply.status.as_u16()),
        ..Fault::new(FaultKind::Unreadable, "the answer has no token in its head")
    })?;
    let facts = said.token.unwrap_or_default();
    Ok(IssuedToken { token, issued_at: facts.issued_at, expires_at: facts.expires_at })
}

/// What a token that fits into no header counts as.
pub(crate) fn unreadable() -> CallError {
    unsent("the token that came fits into no header")
}

fn unsent(why: &str) -> CallError {
    CallError::unsent(Operation::CreateToken, Fault::new(FaultKind::Unreadable, why))
}
