//! The way to an endpoint: is there such a host, does it take connections, does it speak TLS and HTTP. No credential is
//! shown.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use http::Uri;
use reinstall_core::fault::Fault;
use reinstall_core::time::Timestamp;
use tokio::net::{TcpStream, lookup_host};

use super::certificate::Certificate;
use crate::clock::Clock;
use crate::endpoint::Endpoint;
use crate::network::{Network, Proxy};
use crate::transport;

/// What one knock found.
#[derive(Debug)]
pub struct Knock {
    /// Whom the connection is made to: the endpoint, or the proxy that serves it.
    pub host: String,
    /// How the connection came about.
    pub connected: Result<Connected, NotConnected>,
    /// What was answered to a request for nothing; not asked for where there is no connection.
    pub answered: Option<Result<Answer, Fault>>,
}

/// A connection, not yet with TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    /// Every address of the host.
    pub addresses: Vec<IpAddr>,
    /// The one that took the connection.
    pub to: IpAddr,
    /// How long finding the addresses took.
    pub found_in: Duration,
    /// How long connecting took.
    pub connected_in: Duration,
    /// Those that did not take the connection in this time and [`GRACE`], and why. A client goes on to the next.
    pub dead: Vec<(IpAddr, String)>,
}

/// How long an address may take longer than the first that took the connection.
pub const GRACE: Duration = Duration::from_secs(1);

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotConnected {
    /// The name has no address.
    #[error("{host} has no address: {why}")]
    NoAddress {
        /// The name.
        host: String,
        /// What the system says.
        why: String,
    },
    /// No address takes connections.
    #[error("{} does not take the connection: {why}", addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", "))]
    Refused {
        /// Those that were tried.
        addresses: Vec<IpAddr>,
        /// What came of the last.
        why: String,
    },
}

/// An answer, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status. Without a credential a refusal is to be expected.
    pub status: u16,
    /// As in `HTTP/1.1`.
    pub protocol: String,
    /// How it was sealed; `None` over plain HTTP.
    pub tls: Option<Tls>,
    /// What the other side's clock said, to the second.
    pub dated: Option<Timestamp>,
    /// When the request left, by this machine's clock; connecting is a part of what follows.
    pub sent_at: Timestamp,
    /// When the answer was there.
    pub answered_at: Timestamp,
}

/// How an answer was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// As in `TLS 1.3`.
    pub version: &'static str,
    /// The other side's certificate, as far as it can be read. That it is trusted was checked before.
    pub certificate: Option<Certificate>,
}

/// The proxy that requests to `endpoint` go through.
#[must_use]
pub fn proxy_for<'a>(network: &'a Network, endpoint: &Endpoint) -> Option<&'a Proxy> {
    network.proxy.as_ref().filter(|proxy| proxy.serves(endpoint))
}

/// Goes the way to `endpoint`, at most for a connection's time and a call's time.
pub async fn knock(endpoint: &Endpoint, network: &Network, clock: &Clock) -> Knock {
    let proxy = proxy_for(network, endpoint);
    let (host, port) = match proxy {
        Some(proxy) => host_and_port(proxy.expose()),
        None => host_and_port(&endpoint.url("/", None)),
    };
    let connected = connect(&host, port, network.timeouts.connect, clock).await;
    let answered = match &connected {
        Ok(_) => Some(ask(endpoint, network, clock).await),
        Err(_) => None,
    };
    let shown = proxy.map_or_else(|| endpoint.authority().to_owned(), ToString::to_string);
    Knock { host: shown, connected, answered }
}

/// The host without brackets, and the port that its scheme has where none is given.
fn host_and_port(url: &str) -> (String, u16) {
    let uri: Uri = url.parse().unwrap_or_default();
    let usual = if uri.scheme_str() == Some("http") { 80 } else { 443 };
    let host = uri.host().unwrap_or_default();
    (host.trim_start_matches('[').trim_end_matches(']').to_owned(), uri.port_u16().unwrap_or(usual))
}

async fn connect(host: &str, port: u16, max: Duration, clock: &Clock) -> Result<Connected, NotConnected> {
    let started = clock.now();
    let no_address = |why: String| NotConnected::NoAddress { host: host.to_owned(), why };
    let found: Vec<SocketAddr> = match within(max, clock, lookup_host((host, port))).await {
        Some(Ok(found)) => found.collect(),
        Some(Err(error)) => return Err(no_address(error.to_string())),
        None => return Err(no_address("the name server did not answer in time".to_owned())),
    };
    let addresses: Vec<IpAddr> = found.iter().map(SocketAddr::ip).collect();
    if addresses.is_empty() {
        return Err(no_address("the name server knows none".to_owned()));
    }
    let resolved = clock.now();
    let found_in = resolved.since(started);
    // All at once: the client's connector goes on to the next address as well, where one is silent.
    let tries = found.iter().map(async |address| (address.ip(), within(max, clock, TcpStream::connect(address)).await));
    let mut tries: FuturesUnordered<_> = tries.collect();
    let (mut dead, mut why) = (vec![], "it took too long".to_owned());
    let to = loop {
        match tries.next().await {
            Some((to, Some(Ok(_)))) => break to,
            Some((address, Some(Err(error)))) => {
                why = error.to_string();
                dead.push((address, error.to_string()));
            }
            Some((address, None)) => dead.push((address, "it took too long".to_owned())),
            None => return Err(NotConnected::Refused { addresses, why }),
        }
    };
    let connected_in = clock.now().since(resolved);
    let mut alive = vec![to];
    let rest = async {
        while let Some((address, tried)) = tries.next().await {
            match tried {
                Some(Ok(_)) => alive.push(address),
                Some(Err(error)) => dead.push((address, error.to_string())),
                None => {}
            }
        }
    };
    within(GRACE, clock, rest).await;
    let silent = |address: &IpAddr| !alive.contains(address) && dead.iter().all(|(known, _)| known != address);
    let silent: Vec<_> = addresses.iter().copied().filter(silent).collect();
    dead.extend(silent.into_iter().map(|address| (address, "it gave no answer".to_owned())));
    Ok(Connected { to, addresses, found_in, connected_in, dead })
}

/// What `work` comes to, unless it takes longer than `max`.
async fn within<T>(max: Duration, clock: &Clock, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        () = clock.sleep(max) => None,
    }
}

async fn ask(endpoint: &Endpoint, network: &Network, clock: &Clock) -> Result<Answer, Fault> {
    let sent_at = clock.wall();
    let knocked = transport::knock(endpoint, network).await?;
    let answered_at = clock.wall();
    let dated = knocked.headers.get(http::header::DATE).and_then(|date| date.to_str().ok());
    Ok(Answer {
        status: knocked.status.as_u16(),
        protocol: knocked.protocol,
        tls: knocked
            .tls
            .map(|version| Tls { version, certificate: knocked.certificate.as_deref().and_then(Certificate::read) }),
        dated: dated.and_then(timestamp),
        sent_at,
        answered_at,
    })
}

/// The moment that a `Date` names.
fn timestamp(date: &str) -> Option<Timestamp> {
    let at = httpdate::parse_http_date(date).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    u64::try_from(at.as_millis()).ok().map(Timestamp::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::PlainHttp;
    use crate::network::Timeouts;
    use crate::testing::{Play, Server};

    fn endpoint(address: &str) -> Endpoint {
        Endpoint::parse(address, PlainHttp::Loopback).unwrap()
    }

    #[test]
    fn a_proxy_serves_what_it_is_not_excepted_from() {
        let network = |except| Network { proxy: Proxy::parse("p.example", except).ok(), ..Network::default() };
        for (address, except, served) in [
            ("https://a.example", "", true),
            ("https://a.example", "b.example", true),
            ("https://a.example", "example", false),
            ("https://a.example", "*", false),
            ("https://127.0.0.1:1", "", false),
            ("http://127.0.0.1:1", "", false),
        ] {
            let network = network(except);
            assert_eq!(proxy_for(&network, &endpoint(address)).is_some(), served, "{address} but {except}");
        }
        assert!(proxy_for(&Network::default(), &endpoint("https://a.example")).is_none());
    }

    #[test]
    fn hosts_and_ports_are_told_apart() {
        for (url, host, port) in [
            ("https://a.example/", "a.example", 443),
            ("http://a.example", "a.example", 80),
            ("https://[::1]:8443/base", "::1", 8443),
        ] {
            assert_eq!(host_and_port(url), (host.to_owned(), port));
        }
    }

    #[tokio::test]
    async fn an_answer_is_one_whatever_it_says() {
        let dated = "HTTP/1.1 404 Not Found\r\ndate: Mon, 23 Nov 2026 11:30:00 GMT\r\ncontent-length: 0\r\n\r\n";
        let server = Server::start(move |request| {
            assert!(!request.to_lowercase().contains("x-auth-token"), "nothing is shown");
            Play::Answer(dated.to_owned())
        })
        .await;
        let found = knock(&endpoint(&server.base), &Network::default(), &Clock::start()).await;
        let connected = found.connected.unwrap();
        assert!(connected.to.is_loopback() && connected.addresses == [connected.to], "{connected:?}");
        let answer = found.answered.unwrap().unwrap();
        assert_eq!((answer.status, answer.protocol.as_str(), answer.tls), (404, "HTTP/1.1", None));
        assert_eq!(answer.dated, Some(Timestamp::from_millis(1_795_433_400_000)));
    }

    #[tokio::test]
    async fn each_step_that_fails_is_told_apart() {
        let short = Timeouts { connect: Duration::from_millis(200), ..Timeouts::default() };
        let network = Network { timeouts: short, ..Network::default() };
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let nobody = knock(&endpoint(&format!("http://{free}")), &network, &Clock::start()).await;
        assert!(matches!(nobody.connected, Err(NotConnected::Refused { .. })), "{nobody:?}");
        assert!(nobody.answered.is_none());
        let server = Server::start(|_| panic!("no request goes through")).await;
        let address = server.base.replace("http://", "https://");
        let sealed = knock(&endpoint(&address), &network, &Clock::start()).await;
        assert!(sealed.connected.is_ok());
        let fault = sealed.answered.unwrap().unwrap_err();
        assert_eq!(fault.kind, reinstall_core::fault::FaultKind::Unreachable, "{fault}");
    }
}
