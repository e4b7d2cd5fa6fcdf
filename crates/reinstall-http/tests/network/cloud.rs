//! A server that answers every call over TLS and remembers how it was asked.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::{HandshakeKind, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A request as it came.
#[derive(Clone)]
pub(crate) struct Seen {
    /// Which connection it came on, counted from 0.
    pub(crate) connection: usize,
    pub(crate) version: Version,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The version of TLS, in the words of its library.
    pub(crate) tls: String,
    /// Whether TLS went on from a session before.
    pub(crate) resumed: bool,
    /// How many bytes had come on its connection by its end, TLS taken off.
    pub(crate) bytes: usize,
}

pub(crate) struct Cloud {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Cloud {
    pub(crate) async fn start(config: ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::new(Mutex::new(vec![]));
        tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config)), Arc::clone(&seen)));
        Self { port, seen }
    }

    /// Its address by a name that leads to this machine.
    pub(crate) fn base(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic in the server").clone()
    }
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, seen: Arc<Mutex<Vec<Seen>>>) {
    let mut connection = 0;
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, seen) = (tls.clone(), Arc::clone(&seen));
        tokio::spawn(async move {
            // Who does not trust us leaves here.
            let Ok(stream) = tls.accept(stream).await else { return };
            let tls = format!("{:?}", stream.get_ref().1.protocol_version());
            let resumed = stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
            let line = Line { connection, tls, resumed, bytes: Arc::default() };
            let stream = Counted { stream, bytes: Arc::clone(&line.bytes) };
            let answer = service_fn(|request| answer(request, line.clone(), Arc::clone(&seen)));
            let server = auto::Builder::new(TokioExecutor::new());
            // The other side leaves when it likes.
            let _ = server.serve_connection(TokioIo::new(stream), answer).await;
        });
        connection += 1;
    }
}

/// A connection.
#[derive(Clone)]
struct Line {
    connection: usize,
    tls: String,
    resumed: bool,
    bytes: Arc<AtomicUsize>,
}

async fn answer(
    request: Request<Incoming>,
    line: Line,
    seen: Arc<Mutex<Vec<Seen>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let status = if head.method == Method::PUT { StatusCode::ACCEPTED } else { StatusCode::OK };
    let Line { connection, tls, resumed, bytes } = line;
    let bytes = bytes.load(Ordering::Relaxed);
    let (version, method, uri, headers) = (head.version, head.method, head.uri, head.headers);
    let request = Seen { connection, version, method, uri, headers, body, tls, resumed, bytes };
    seen.lock().expect("no panic in the server").push(request);
    let mut response = Response::new(Full::new(Bytes::from_static(b"{}")));
    *response.status_mut() = status;
    Ok(response)
}

/// A connection that counts what comes.
struct Counted {
    stream: TlsStream<TcpStream>,
    bytes: Arc<AtomicUsize>,
}

impl AsyncRead for Counted {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        this.bytes.fetch_add(buf.filled().len() - before, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
