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
use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderName, HeaderValue, InvalidHeaderValue};
use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::id::ProjectId;
use reinstall_core::time::{Plain, Timestamp};
use reqwest::{Url, redirect};

use crate::credential::Credential;
use crate::endpoint::Endpoint;
use crate::operation::{Cut, Reply, Request};
use crate::sign::canonical::CanonicalRequest;
use crate::sign::key::AccessKey;
use crate::sign::{self, Message, PROJECT_ID, SignError, sensitive};

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
    /// The project does not fit into a header.
    #[error("the project does not fit into a header")]
    Project(#[source] InvalidHeaderValue),
}

/// One endpoint, one credential, one pool of connections.
pub(crate) struct Transport {
    http: reqwest::Client,
    endpoint: Endpoint,
    proof: Proof,
}

/// How a request shows who sends it.
enum Proof {
    /// By a header that is always the same.
    Token(HeaderValue),
    /// By a signature of its own.
    Signature { key: AccessKey, project: HeaderValue },
}

/// An answer, and what was signed to get it.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) reply: Reply,
    pub(crate) signed: Option<CanonicalRequest>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Transport {
    /// Sets a pool up; connects to nothing yet.
    pub(crate) fn new(
        endpoint: Endpoint,
        project: &ProjectId,
        credential: &Credential,
        timeouts: &Timeouts,
    ) -> Result<Self, TransportError> {
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
        let proof = match credential {
            Credential::Token(token) => Proof::Token(sensitive(token.expose()).map_err(TransportError::Token)?),
            Credential::Keys(key) => {
                let project = HeaderValue::from_str(project.as_str()).map_err(TransportError::Project)?;
                Proof::Signature { key: key.clone(), project }
            }
        };
        Ok(Self { http, endpoint, proof })
    }

    /// Where the requests go.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends `request` once and reads the answer, within `call_max` in all. If it is signed, it is as of `now`.
    ///
    /// An answer is an answer whatever its status; faults are only those that left us without one.
    pub(crate) async fn send(&self, request: &Request, call_max: Duration, now: Timestamp) -> Result<Exchange, Fault> {
        let unsent = |why: &str| Fault::new(FaultKind::Unreachable, &format!("the request was not sent: {why}"));
        let url = self.endpoint.url(&request.path, request.query.as_deref());
        let url = Url::parse(&url).map_err(|error| unsent(&error.to_string()))?;
        let mut headers = HeaderMap::new();
        if request.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let signed = match &self.proof {
            Proof::Token(token) => {
                headers.insert(AUTH_TOKEN, token.clone());
                None
            }
            Proof::Signature { key, project } => {
                headers.insert(PROJECT_ID, project.clone());
                let signed = signed(request, &url, headers, key, now).map_err(|error| unsent(&error.to_string()))?;
                headers = signed.headers;
                Some(signed.canonical)
            }
        };
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let mut builder = self.http.request(request.method.clone(), url).timeout(call_max).headers(headers);
        if let Some(body) = &request.body {
            // Shares the bytes, which their owner wipes; the copy in the connection's write buffer is out of our reach.
            builder = builder.body(body.clone());
        }
        let mut response = builder.send().await.map_err(|error| self.fault(&error, call_max))?;
        let (body, cut) = read_body(&mut response).await;
        let reply = Reply { status: response.status(), headers: std::mem::take(response.headers_mut()), body, cut };
        Ok(Exchange { reply, signed })
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

/// Signs a request as it will be sent to `url`, its `headers` and host included. Other headers, such as `User-Agent`, are
/// left out: proxies rewrite them.
fn signed(
    request: &Request,
    url: &Url,
    mut headers: HeaderMap,
    key: &AccessKey,
    now: Timestamp,
) -> Result<sign::Signed, SignError> {
    // The library parses a URL the same way and makes its own `Host` of it: without a port that goes without saying.
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    headers.insert(HOST, HeaderValue::from_str(&host)?);
    let body = request.body.as_deref().unwrap_or_default();
    let message = Message { method: &request.method, path: url.path(), query: url.query(), headers: &headers, body };
    let mut signed = sign::sign(&message, key, now)?;
    // Over HTTP/2 the host is no header.
    signed.headers.remove(HOST);
    Ok(signed)
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
    use http::Method;
    use reinstall_core::id::InstanceId;
    use reinstall_core::secret::SessionToken;

    use super::*;
    use crate::endpoint::PlainHttp;
    use crate::operation::Operation;
    use crate::ops::show_instance_status;
    use crate::testing::{self, Server, answer};

    /// HTTP libraries log headers, and compress them with tables that outlive the request; a sensitive one is spared both.
    #[test]
    fn the_token_is_marked_as_sensitive() {
        let endpoint = Endpoint::parse("example.com", PlainHttp::Loopback).unwrap();
        let token = SessionToken::parse("canary").unwrap();
        let project = "p-1".parse().unwrap();
        let transport = Transport::new(endpoint, &project, &token.into(), &Timeouts::default()).unwrap();
        let Proof::Token(token) = transport.proof else { panic!("a token") };
        assert_eq!((format!("{token:?}").as_str(), token.as_bytes()), ("Sensitive", &b"canary"[..]));
    }

    /// What the library makes of an address is what must be signed.
    #[test]
    fn the_host_is_signed_as_it_is_sent() {
        let key = AccessKey::parse_pair("AK1:canary").unwrap();
        let request = Request {
            operation: Operation::ListInstances,
            method: Method::GET,
            path: "/v1/p".to_owned(),
            query: Some("b=%2C&a=1".to_owned()),
            body: None,
        };
        for (endpoint, host) in [
            ("https://Example.com", "example.com"),
            ("https://example.com:443", "example.com"),
            ("https://example.com:80", "example.com:80"),
            ("http://127.0.0.1:80", "127.0.0.1"),
            ("http://127.0.0.1:443", "127.0.0.1:443"),
            ("http://[::1]:8080", "[::1]:8080"),
        ] {
            let endpoint = Endpoint::parse(endpoint, PlainHttp::Loopback).unwrap();
            let url = Url::parse(&endpoint.url(&request.path, request.query.as_deref())).unwrap();
            let now = Timestamp::from_millis(1_795_418_100_000);
            let signed = signed(&request, &url, HeaderMap::new(), &key, now).unwrap();
            let start = format!("GET|/v1/p/|a=1&b=%2C|host:{host}|x-sdk-date:20261123T071500Z||host;x-sdk-date|");
            let canonical = signed.canonical.on_one_line();
            assert!(canonical.starts_with(&start), "{}", *canonical);
            assert!(!signed.headers.contains_key(HOST), "the library's part");
            let shown = format!("{:?}", signed.headers);
            assert!(shown.contains(r#""authorization": Sensitive"#), "{shown}");
        }
    }

    /// A later try is signed as of later: no two of them share a date that the cloud may find too old.
    #[tokio::test]
    async fn a_request_is_signed_as_of_when_it_is_sent() {
        let server = Server::start(|_| answer(200, "{}")).await;
        let endpoint = Endpoint::parse(&server.base, PlainHttp::Loopback).unwrap();
        let key = AccessKey::parse_pair("AK1:canary").unwrap();
        let transport = Transport::new(endpoint, &testing::project(), &key.into(), &Timeouts::default()).unwrap();
        let request = show_instance_status::request(&testing::project(), InstanceId::from_bits(1));
        let start = Timestamp::from_millis(1_795_418_100_000);
        for seconds in [0, 90] {
            let now = start + Duration::from_secs(seconds);
            transport.send(&request, Duration::from_secs(10), now).await.unwrap();
        }
        let requests = server.requests();
        for (request, date) in requests.iter().zip(["20261123T071500Z", "20261123T071630Z"]) {
            assert!(request.contains(&format!("x-sdk-date: {date}\r\n")), "{request}");
        }
        assert_eq!(requests.len(), 2);
    }
}
