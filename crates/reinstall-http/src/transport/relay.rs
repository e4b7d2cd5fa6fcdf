//! Passes a request of somebody else on, once, and hands back what came.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, Request};
use reinstall_core::fault::{Fault, FaultKind};

use super::{Transport, TransportError, Url, read_body};
use crate::endpoint::Endpoint;
use crate::network::Network;
use crate::operation::Reply;

/// What speaks of one connection and not of the request (RFC 9110, 7.6.1), or is said anew for each.
const OF_A_CONNECTION: [HeaderName; 7] = [CONNECTION, CONTENT_LENGTH, EXPECT, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// The same under names that have no constant.
const OF_A_CONNECTION_TOO: [&str; 4] = ["keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"];

/// Sends what it is given as it is given, each over a fresh connection of HTTP/1.1: no redirect is followed, nothing is
/// repeated, and no kept connection can leave a request in doubt.
#[derive(Debug)]
pub struct Relay {
    transport: Transport,
}

impl Relay {
    /// The longest body of an answer, which is the longest that the provider's gateway lets through (api-facts 7).
    pub const BODY_BYTES_MAX: usize = 12 * 1024 * 1024;

    /// Sets the connections up; connects to nothing yet. A call may take as long as a
    /// [`reinstall`](crate::network::Timeouts::reinstall) of this network.
    ///
    /// # Errors
    /// [`TransportError`] if the network's settings cannot be used.
    pub fn new(network: &Network) -> Result<Self, TransportError> {
        Transport::new(network).map(|transport| Self { transport })
    }

    /// Sends `request` to its path and query beneath `endpoint`, with all its headers but those that speak of its connection,
    /// and with `endpoint`'s host. The answer comes without such headers, too; its body may be cut, see [`Reply::cut`].
    ///
    /// An answer is an answer whatever its status.
    ///
    /// # Errors
    /// A fault if there is none; see [`FaultKind`] for which of them leave it open whether the request arrived.
    pub async fn pass_on(&self, endpoint: &Endpoint, request: Request<Bytes>) -> Result<Reply, Fault> {
        let (mut parts, body) = request.into_parts();
        let url = Url::parse(&endpoint.url(parts.uri.path(), parts.uri.query()));
        let url =
            url.map_err(|error| Fault::new(FaultKind::Unreachable, &format!("the request was not sent: {error}")))?;
        drop_those_of_a_connection(&mut parts.headers);
        parts.headers.remove(HOST);
        for value in parts.headers.values_mut() {
            // Any of them may be a secret; the library logs none that is marked so.
            value.set_sensitive(true);
        }
        let call_max = self.transport.timeouts.reinstall;
        let mut builder = self.transport.reinstalls.request(parts.method, url).timeout(call_max).headers(parts.headers);
        if !body.is_empty() {
            builder = builder.body(body);
        }
        let sent = builder.send().await;
        let mut response = sent.map_err(|error| self.transport.fault(&error, endpoint, call_max))?;
        let (body, cut) = read_body(&mut response, Self::BODY_BYTES_MAX).await;
        let mut headers = std::mem::take(response.headers_mut());
        drop_those_of_a_connection(&mut headers);
        Ok(Reply { status: response.status(), headers, body, cut })
    }
}

fn drop_those_of_a_connection(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&OF_A_CONNECTION) {
        headers.remove(name);
    }
    for name in OF_A_CONNECTION_TOO {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::PlainHttp;
    use crate::testing::{Play, Server, answer_with};

    #[tokio::test]
    async fn what_is_given_is_sent_and_what_comes_is_handed_back() {
        let more = "location: /elsewhere\r\nx-request-id: r1\r\nkeep-alive: 5\r\nconnection: x-hop\r\nx-hop: 1\r\n";
        let server = Server::start(move |_| answer_with(302, more, "moved")).await;
        let endpoint = Endpoint::parse(&format!("{}/base", server.base), PlainHttp::Loopback).unwrap();
        let relay = Relay::new(&Network::default()).unwrap();
        for body in ["", "{}"] {
            let request = Request::put("http://signed.example/v1/p%2c1?b=%2C&a=1")
                .header("host", "signed.example")
                .header("x-auth-token", "canary-token")
                .header("user-agent", "theirs")
                .header("connection", "close, x-mine")
                .header("x-mine", "1")
                .header("content-length", "99")
                .body(Bytes::from_static(body.as_bytes()))
                .unwrap();
            let reply = relay.pass_on(&endpoint, request).await.unwrap();
            assert_eq!((reply.status.as_u16(), &reply.body[..], reply.cut), (302, &b"moved"[..], None));
            let names: Vec<_> = reply.headers.keys().map(HeaderName::as_str).collect();
            assert_eq!(names, ["location", "x-request-id"]);
        }
        let requests = server.requests();
        assert_eq!(requests.len(), 2, "no redirect is followed");
        for (request, body) in requests.iter().zip(["", "{}"]) {
            let lower = request.to_ascii_lowercase();
            assert!(request.starts_with("PUT /base/v1/p%2c1?b=%2C&a=1 HTTP/1.1\r\n"), "{request}");
            let host = format!("host: {}\r\n", server.base.trim_start_matches("http://"));
            for part in [host.as_str(), "x-auth-token: canary-token\r\n", "user-agent: theirs\r\n"] {
                assert!(lower.contains(part), "{part} in {request}");
            }
            for part in ["x-mine", "content-length: 99", "signed.example"] {
                assert!(!lower.contains(part), "{part} in {request}");
            }
            assert!(request.ends_with(&format!("\r\n\r\n{body}")), "{request}");
        }
    }

    #[tokio::test]
    async fn nothing_is_sent_twice() {
        let server = Server::start(|_| Play::Close(vec![])).await;
        let endpoint = Endpoint::parse(&server.base, PlainHttp::Loopback).unwrap();
        let relay = Relay::new(&Network::default()).unwrap();
        let request = Request::get("/v1").body(Bytes::new()).unwrap();
        assert_eq!(relay.pass_on(&endpoint, request).await.unwrap_err().kind, FaultKind::Broken);
        assert_eq!(server.requests().len(), 1);
    }
}
