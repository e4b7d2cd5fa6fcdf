//! Sends one request, once. The only file that names the HTTP library.
//!
//! Whatever the library would do beyond that is switched off: it follows no redirect, since token and body would go along;
//! repeats nothing; takes no proxy from the environment; and tells nobody where it came from. One thing cannot be switched
//! off and need not be: a request that was handed to a kept-alive connection which turned out closed *before a byte of it
//! was written* goes to a fresh one.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, InvalidHeaderValue};
use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::secret::SessionToken;
use reinstall_core::time::Plain;
use reqwest::redirect;
use zeroize::Zeroizing;

use crate::endpoint::Endpoint;
use crate::operation::{Cut, Reply, Request};

/// The header that carries the token (api-facts 1).
const AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// The longest answer that is read. The longest sensible one is a page of a hundred instances with user data: about 4.5 MB.
pub const REPLY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How long an idle connection is kept. Less than servers commonly keep it, since a request that meets a connection just
/// being closed may end in doubt.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// How long the parts of a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Finding the host, connecting and TLS.
    pub connect: Duration,
    /// Waiting for the next bytes of an answer.
    pub read: Duration,
    /// A whole try of a call that looks.
    pub look: Duration,
    /// The whole of a reinstall call. A rollout counts nobody as having looked for this long, so it should stay well below
    /// the shortest plausible reinstall.
    pub reinstall: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            look: Duration::from_secs(60),
            reinstall: Duration::from_secs(30),
        }
    }
}

/// Why no connection pool could be made.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The library refused its settings, or found no root certificates.
    #[error("the HTTP client could not be set up")]
    Library(#[source] reqwest::Error),
    /// The token does not fit into a header. Does not say what it is.
    #[error("the token does not fit into a header")]
    Token(#[source] InvalidHeaderValue),
}

/// One endpoint, one token, one pool of connections.
pub(crate) struct Transport {
    http: reqwest::Client,
    endpoint: Endpoint,
    token: HeaderValue,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Transport {
    /// Sets a pool up; connects to nothing yet.
    pub(crate) fn new(endpoint: Endpoint, token: &SessionToken, timeouts: &Timeouts) -> Result<Self, TransportError> {
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .user_agent(concat!("reinstall/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(timeouts.connect)
            .read_timeout(timeouts.read)
            .pool_idle_timeout(IDLE_MAX)
            .tcp_keepalive(IDLE_MAX / 2)
            .build()
            .map_err(TransportError::Library)?;
        let bytes = Bytes::from_owner(Zeroizing::new(token.expose().as_bytes().to_vec()));
        let mut token = HeaderValue::from_maybe_shared(bytes).map_err(TransportError::Token)?;
        token.set_sensitive(true);
        Ok(Self { http, endpoint, token })
    }

    /// Where the requests go.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends `request` once and reads the answer, within `call_max` in all.
    ///
    /// An answer is an answer whatever its status; faults are only those that left us without one.
    pub(crate) async fn send(&self, request: &Request, call_max: Duration) -> Result<Reply, Fault> {
        let url = self.endpoint.url(&request.path, request.query.as_deref());
        let mut builder = self
            .http
            .request(request.method.clone(), url)
            .timeout(call_max)
            .header(AUTH_TOKEN, self.token.clone())
            .header(ACCEPT, "application/json");
        if let Some(body) = &request.body {
            // Shares the bytes, which their owner wipes; the copy in the connection's write buffer is out of our reach.
            builder = builder.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let mut response = builder.send().await.map_err(|error| self.fault(&error, call_max))?;
        let (body, cut) = read_body(&mut response).await;
        Ok(Reply { status: response.status(), headers: std::mem::take(response.headers_mut()), body, cut })
    }

    /// What a request met that has no answer.
    ///
    /// Connecting is asked for first: a connection that did not come about in time is both, and then nothing was sent.
    fn fault(&self, error: &reqwest::Error, call_max: Duration) -> Fault {
        let authority = self.endpoint.authority();
        let cause = root_cause(error);
        if error.is_connect() || error.is_builder() {
            let why = if error.is_timeout() { "it took too long" } else { &cause };
            return Fault::new(FaultKind::Unreachable, &format!("no connection to {authority}: {why}"));
        }
        if error.is_timeout() {
            let words = format!("no answer from {authority} in time (at most {})", Plain(call_max));
            return Fault::new(FaultKind::TimedOut, &words);
        }
        let words = format!("the connection to {authority} broke after the request was sent: {cause}");
        Fault::new(FaultKind::Broken, &words)
    }
}

/// The innermost reason, in which the library names neither address nor header.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Reads a body up to its end or up to [`REPLY_BYTES_MAX`].
async fn read_body(response: &mut reqwest::Response) -> (Bytes, Option<Cut>) {
    let mut body = BytesMut::new();
    let cut = loop {
        match response.chunk().await {
            Ok(None) => break None,
            Ok(Some(chunk)) if body.len() + chunk.len() > REPLY_BYTES_MAX => break Some(Cut::TooLong),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(error) if error.is_timeout() => break Some(Cut::TimedOut),
            Err(_) => break Some(Cut::Broken),
        }
    };
    (body.freeze(), cut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::PlainHttp;

    /// HTTP libraries log headers, and compress them with tables that outlive the request; a sensitive one is spared both.
    #[test]
    fn the_token_is_marked_as_sensitive() {
        let endpoint = Endpoint::parse("example.com", PlainHttp::Loopback).unwrap();
        let token = SessionToken::parse("canary").unwrap();
        let transport = Transport::new(endpoint, &token, &Timeouts::default()).unwrap();
        assert_eq!(format!("{:?}", transport.token), "Sensitive");
        assert_eq!(transport.token.as_bytes(), b"canary");
    }
}
