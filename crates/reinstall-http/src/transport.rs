//! Sends one request, once. The only file that names the HTTP library.
//!
//! Whatever the library would do beyond that is switched off: it follows no redirect, since token and body would go along;
//! repeats nothing; takes no proxy from the environment; and tells nobody where it came from. One thing cannot be switched
//! off and need not be: a request that was handed to a kept-alive connection which turned out closed *before a byte of it
//! was written* goes to a fresh one. A reinstall does not even meet a connection that was kept: it has one of its own.

mod knock;
mod relay;
mod trust;
mod why;

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderName, HeaderValue, InvalidHeaderValue};
use reinstall_core::fault::{Fault, FaultKind, Repeat};
use reinstall_core::id::ProjectId;
use reinstall_core::rate::Queued;
use reinstall_core::time::{Plain, Timestamp};
use reqwest::{NoProxy, Url, redirect, tls};

pub(crate) use self::knock::knock;
pub use self::relay::Relay;
use self::trust::Trust;
use self::why::why;
use crate::auth::proof::Proof;
use crate::endpoint::Endpoint;
use crate::network::{NOBODY_TRUSTED, Network, Proxy, Timeouts, UNTRUSTED};
use crate::operation::{Cut, Reply, Request};
use crate::sign::canonical::CanonicalRequest;
use crate::sign::key::AccessKey;
use crate::sign::{self, Message, PROJECT_ID, SignError};

/// The header that carries the token (api-facts 1).
const AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// The longest answer that is read. The longest sensible one is a page of a hundred instances with user data: about 4.5 MB.
pub const REPLY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How long an idle connection is kept. Less than servers commonly keep it, since a request that meets a connection just
/// being closed fails.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// Why no connection pool could be made.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The library refused its settings.
    #[error("the HTTP client could not be set up")]
    Library(#[source] reqwest::Error),
    /// The library has no TLS that is new enough.
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),
    /// What should be trusted beside the platform's certificates is none in PEM form.
    #[error("there is no certificate in PEM form in what should be trusted beside the platform's")]
    NoCertificate,
    /// What is there in PEM form is damaged. Does not quote it: there may be a private key in it.
    #[error("certificate {entry} of what should be trusted beside the platform's is damaged: {why}")]
    Pem {
        /// Which one in its file, from 1.
        entry: usize,
        /// What the parser says.
        why: String,
    },
    /// One of these certificates cannot be used.
    #[error("certificate {entry} of what should be trusted beside the platform's cannot be used")]
    Certificate {
        /// Which one in its file, from 1.
        entry: usize,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// The library does not accept the proxy. Its own words may hold the password.
    #[error("the proxy {0} cannot be used")]
    Proxy(String),
    /// The token does not fit into a header. Does not say what it is.
    #[error("the token does not fit into a header")]
    Token(#[source] InvalidHeaderValue),
    /// The project does not fit into a header.
    #[error("the project does not fit into a header")]
    Project(#[source] InvalidHeaderValue),
}

/// Whether `pem` holds certificates, each of which can be trusted.
///
/// # Errors
/// [`TransportError`] that names the first one that cannot.
pub fn check_certificates(pem: &[u8]) -> Result<(), TransportError> {
    trust::certificates_in(pem).map(drop)
}

/// Connections to any endpoint: kept ones for calls that look, over HTTP/2 where the other side has it, and a fresh one for
/// each reinstall. A kept connection that the other side is just closing leaves a request in doubt, and a reinstall in doubt
/// costs far more than a handshake.
pub(crate) struct Transport {
    looks: reqwest::Client,
    reinstalls: reqwest::Client,
    timeouts: Timeouts,
    proxy: Option<Proxy>,
    trusts_nobody: bool,
}

/// Where requests go, and for which project.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) endpoint: Endpoint,
    /// What a signed request says of it; IAM is asked for no project.
    project: Option<HeaderValue>,
}

impl Place {
    /// The service that has the project's instances.
    pub(crate) fn of_project(endpoint: Endpoint, project: &ProjectId) -> Result<Self, TransportError> {
        let project = HeaderValue::from_str(project.as_str()).map_err(TransportError::Project)?;
        Ok(Self { endpoint, project: Some(project) })
    }

    /// A service that knows of no project.
    pub(crate) const fn bare(endpoint: Endpoint) -> Self {
        Self { endpoint, project: None }
    }
}

/// An answer, and what was signed to get it.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) reply: Reply,
    pub(crate) signed: Option<CanonicalRequest>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}

impl Transport {
    /// Sets the pools up; connects to nothing yet.
    pub(crate) fn new(network: &Network) -> Result<Self, TransportError> {
        let trust = Trust::new(&network.ca_certificates)?;
        let Timeouts { look, reinstall, .. } = network.timeouts;
        let looks = builder(network, look)?.pool_idle_timeout(IDLE_MAX).tcp_keepalive(IDLE_MAX / 2);
        // A look that times out does not end the connection it shares. One that is dead would fail every look to come, so a
        // sign of life is asked for well before a look gives up.
        let alive = network.timeouts.read / 3;
        let looks = looks.http2_keep_alive_interval(alive).http2_keep_alive_timeout(alive);
        let looks = looks.tls_backend_preconfigured(trust.offering(&["h2", "http/1.1"])).tls_info(true);
        // What spoke for a reinstall may not hold any more once a connection is there; so it must come about soon.
        let reinstalls = builder(network, reinstall)?.pool_max_idle_per_host(0).http1_only();
        let reinstalls = reinstalls.connect_timeout(network.timeouts.connect_within(reinstall).min(Queued::STALL_MAX));
        let reinstalls = reinstalls.tls_backend_preconfigured(trust.offering(&["http/1.1"]));
        Ok(Self {
            looks: looks.build().map_err(TransportError::Library)?,
            reinstalls: reinstalls.build().map_err(TransportError::Library)?,
            timeouts: network.timeouts,
            proxy: network.proxy.clone(),
            trusts_nobody: trust.in_nobody,
        })
    }

    /// Sends `request` to `place` once and reads the answer. If it is signed, it is as of `now`.
    ///
    /// An answer is an answer whatever its status; faults are only those that left us without one.
    pub(crate) async fn send(
        &self,
        place: &Place,
        request: &Request,
        proof: Option<&Proof>,
        now: Timestamp,
    ) -> Result<Exchange, Fault> {
        let (http, call_max) = match request.operation.repeat() {
            Repeat::Safe => (&self.looks, self.timeouts.look),
            Repeat::Once => (&self.reinstalls, self.timeouts.reinstall),
        };
        let unsent = |why: &str| Fault::new(FaultKind::Unreachable, &format!("the request was not sent: {why}"));
        let url = place.endpoint.url(&request.path, request.query.as_deref());
        let url = Url::parse(&url).map_err(|error| unsent(&error.to_string()))?;
        let mut headers = request.headers.clone();
        if request.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let signed = match proof {
            None => None,
            Some(Proof::Token { header, .. }) => {
                headers.insert(AUTH_TOKEN, header.clone());
                None
            }
            Some(Proof::Keys(key)) => {
                headers.extend(place.project.clone().map(|project| (PROJECT_ID, project)));
                let signed = signed(request, &url, headers, key, now).map_err(|error| unsent(&error.to_string()))?;
                headers = signed.headers;
                Some(signed.canonical)
            }
        };
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let mut builder = http.request(request.method.clone(), url).timeout(call_max).headers(headers);
        if let Some(body) = &request.body {
            // Shares the bytes, which their owner wipes; the copy in the connection's write buffer is out of our reach.
            builder = builder.body(body.clone());
        }
        let mut response = builder.send().await.map_err(|error| self.fault(&error, &place.endpoint, call_max))?;
        let (body, cut) = read_body(&mut response, REPLY_BYTES_MAX).await;
        let reply = Reply { status: response.status(), headers: std::mem::take(response.headers_mut()), body, cut };
        Ok(Exchange { reply, signed })
    }
}

/// What TLS was spoken for an answer, and the other side's certificate; nothing over plain HTTP.
fn tls_of(answer: &http::Extensions) -> (Option<&'static str>, Option<Vec<u8>>) {
    let Some(seen) = answer.get::<tls::TlsInfo>() else { return (None, None) };
    let version = match seen.version() {
        Some(tls::Version::TLS_1_3) => "TLS 1.3",
        Some(tls::Version::TLS_1_2) => "TLS 1.2",
        Some(_) | None => "TLS",
    };
    (Some(version), seen.peer_certificate().map(<[u8]>::to_vec))
}

/// What both pools have in common, for calls that may take so long.
fn builder(network: &Network, call_max: Duration) -> Result<reqwest::ClientBuilder, TransportError> {
    let builder = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .user_agent(concat!("reinstall/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(network.timeouts.connect_within(call_max))
        .read_timeout(network.timeouts.read);
    match &network.proxy {
        None => Ok(builder),
        Some(proxy) => Ok(builder.proxy(between(proxy)?)),
    }
}

fn between(proxy: &Proxy) -> Result<reqwest::Proxy, TransportError> {
    let https = reqwest::Proxy::https(proxy.expose()).map_err(|_| TransportError::Proxy(proxy.to_string()))?;
    Ok(https.no_proxy(NoProxy::from_string(&proxy.reached_without())))
}

impl Transport {
    /// What a request met that has no answer.
    ///
    /// Connecting is asked for first: a connection that did not come about in time is both, and then nothing was sent.
    fn fault(&self, error: &reqwest::Error, endpoint: &Endpoint, call_max: Duration) -> Fault {
        let authority = endpoint.authority();
        if error.is_connect() || error.is_builder() {
            let proxy = self.proxy.as_ref().filter(|proxy| proxy.serves(endpoint));
            let through = proxy.map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default();
            let why = if error.is_timeout() {
                format!("it took too long (at most {})", Plain(self.timeouts.connect_within(call_max)))
            } else if self.trusts_nobody && why(error) == UNTRUSTED {
                NOBODY_TRUSTED.to_owned()
            } else {
                why(error)
            };
            return Fault::new(FaultKind::Unreachable, &format!("no connection to {authority}{through}: {why}"));
        }
        // A timeout of the library's own has nothing behind it; others are a connection's end.
        if error.is_timeout() && error.source().is_some_and(|limit| limit.source().is_none()) {
            // The library does not say which of the two it was; both run from the beginning.
            let words = if self.timeouts.read < call_max {
                format!("no answer from {authority}: it said nothing for {}", Plain(self.timeouts.read))
            } else {
                format!("no answer from {authority} in the {} that the call may take", Plain(call_max))
            };
            return Fault::new(FaultKind::TimedOut, &words);
        }
        let words = format!("the connection to {authority} broke after the request was sent: {}", why(error));
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

/// Reads a body up to its end or up to `bytes_max`.
async fn read_body(response: &mut reqwest::Response, bytes_max: usize) -> (Bytes, Option<Cut>) {
    let mut body = BytesMut::new();
    let cut = loop {
        match response.chunk().await {
            Ok(None) => break None,
            Ok(Some(chunk)) if body.len() + chunk.len() > bytes_max => break Some(Cut::TooLong),
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

    use super::*;
    use crate::endpoint::PlainHttp;
    use crate::operation::Operation;
    use crate::ops::show_instance_status;
    use crate::testing::{self, Server, answer};

    /// What the library makes of an address is what must be signed.
    #[test]
    fn the_host_is_signed_as_it_is_sent() {
        let key = AccessKey::parse_pair("AK1:canary").unwrap();
        let request = Request {
            operation: Operation::ListInstances,
            method: Method::GET,
            path: "/v1/p".to_owned(),
            query: Some("b=%2C&a=1".to_owned()),
            headers: HeaderMap::new(),
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
        let transport = Transport::new(&Network::default()).unwrap();
        let place = Place::of_project(endpoint, &testing::project()).unwrap();
        let proof = Proof::Keys(key);
        let request = show_instance_status::request(&testing::project(), InstanceId::from_bits(1));
        let start = Timestamp::from_millis(1_795_418_100_000);
        for seconds in [0, 90] {
            let now = start + Duration::from_secs(seconds);
            transport.send(&place, &request, Some(&proof), now).await.unwrap();
        }
        let requests = server.requests();
        for (request, date) in requests.iter().zip(["20261123T071500Z", "20261123T071630Z"]) {
            assert!(request.contains(&format!("x-sdk-date: {date}\r\n")), "{request}");
        }
        assert_eq!(requests.len(), 2);
    }
}
