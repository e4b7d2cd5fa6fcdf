//! A port that serves any router, and clients that see every byte of it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderValue;
use axum::response::Response;
use axum::routing::{any, get};
use reinstall_http::clock::Clock;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::super::front::Front;
use super::super::port::Port;
use super::super::{Limits, Tls};
use crate::delivery::Delivery;

/// Longer than any test takes.
pub(super) const LONG: Duration = Duration::from_secs(3_600);

/// Bounds that no test runs into, but those it changes.
pub(super) fn patient() -> Limits {
    Limits {
        head_within: LONG,
        body_within: LONG,
        idle_within: LONG,
        write_within: LONG,
        linger_within: LONG,
        handshake_within: LONG,
        stop_within: LONG,
        ..Limits::default()
    }
}

/// A port that serves.
pub(super) struct Rig {
    pub(super) address: std::net::SocketAddr,
    tls: Option<Tls>,
    running: watch::Sender<()>,
    serving: JoinHandle<()>,
}

impl Rig {
    pub(super) async fn start(app: Router, limits: Limits, is_tls: bool) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let tls = is_tls.then(|| Tls::generated().unwrap());
        let (running, stop) = watch::channel(());
        let acceptor = tls.as_ref().map(Tls::acceptor);
        let port = Port { listener, front: Front::Whole(app), tls: acceptor, limits, clock: Clock::start() };
        Self { address, tls, running, serving: tokio::spawn(port.serve(stop)) }
    }

    pub(super) async fn connect(&self) -> Client {
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let Some(tls) = &self.tls else {
            return Client(Box::new(tcp));
        };
        Client(Box::new(
            trusting(tls.certificate_pem(), &[]).connect(LOCALHOST.try_into().unwrap(), tcp).await.unwrap(),
        ))
    }

    pub(super) async fn stop(self) {
        drop(self.running);
        self.serving.await.unwrap();
    }
}

pub(super) const LOCALHOST: &str = "localhost";

/// A client's half of TLS that trusts one certificate, and offers such protocols.
pub(super) fn trusting(certificate_pem: &str, protocols: &[&[u8]]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate_pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Arc::new(config).into()
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Closed,
    Reset,
}

pub(super) trait Pipe: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Pipe for T {}

/// A client on one connection.
pub(super) struct Client(pub(super) Box<dyn Pipe>);

impl Client {
    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// The next bytes, so many.
    pub(super) async fn read(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).await.unwrap();
        bytes
    }

    /// All that comes until the connection ends, and how it ends.
    pub(super) async fn read_all(&mut self) -> (Vec<u8>, End) {
        let mut bytes = Vec::new();
        loop {
            match self.0.read_buf(&mut bytes).await {
                Ok(0) => return (bytes, End::Closed),
                Ok(_) => {}
                // Without the goodbye that TLS has.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return (bytes, End::Closed),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return (bytes, End::Reset),
                Err(error) => panic!("{error} after {} bytes", bytes.len()),
            }
        }
    }

    /// Sends a request without a body, and takes the answer, which must be this.
    pub(super) async fn gets(&mut self, path: &str, expected: &str) {
        self.send(ask(path)).await;
        let answer = self.read(expected.len()).await;
        assert_eq!(String::from_utf8_lossy(&answer), expected, "{path}");
    }

    /// Nothing comes, for as long as one cares to wait; no more than an error there to show.
    pub(super) async fn hears_nothing(&mut self) {
        let mut byte = [0];
        let heard = tokio::time::timeout(Duration::from_millis(20), self.0.read(&mut byte)).await;
        assert!(heard.is_err(), "{heard:?} {byte:?}");
    }
}

pub(super) fn ask(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// A router whose answers are the same to the byte: at `/whole` as they are, at `/odd` delivered like that.
pub(super) fn answering(body: &'static str, delivery: Delivery) -> Router {
    let plain = move || async move { dated(Response::new(axum::body::Body::from(body))) };
    let odd = move || async move {
        let mut response = dated(Response::new(axum::body::Body::from(body)));
        response.extensions_mut().insert(delivery);
        response
    };
    Router::new().route("/whole", get(plain)).route("/odd", any(odd))
}

fn dated(mut response: Response) -> Response {
    response.headers_mut().insert("date", HeaderValue::from_static("Fri, 15 Jan 2027 08:00:00 GMT"));
    response
}

/// What the head of such an answer is.
pub(super) fn head(framing: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ndate: Fri, 15 Jan 2027 08:00:00 GMT\r\n{framing}\r\n\r\n")
}

/// Such an answer.
pub(super) fn whole(body: &str) -> String {
    head(&format!("content-length: {}", body.len())) + body
}

/// What must come to an end, whenever it does: a test that waits for ever tells nobody why.
pub(super) async fn ends<T>(what: &str, future: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(Duration::from_secs(60), future).await;
    ended.unwrap_or_else(|_| panic!("{what}: no end to it"))
}
