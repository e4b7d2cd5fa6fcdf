//! One connection, from the first byte to the last.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::answer::answer;
use super::front::Front;
use super::limits::Limits;
use super::link::{Link, Phase};
use super::stream::{FragileStream, Socket};

/// What the connections of one port have in common.
#[derive(Clone)]
pub(super) struct Manners {
    pub(super) front: Front,
    pub(super) http: http1::Builder,
    pub(super) tls: Option<TlsAcceptor>,
}

/// HTTP/1.1 as we speak it.
pub(super) fn http(limits: &Limits) -> http1::Builder {
    let head_bytes_max = limits.head_bytes_max.max(Limits::HEAD_BYTES_MIN);
    let mut http = http1::Builder::new();
    // A client that closes its side after a request still gets its answer. That also lets a call take hold whose client has
    // lost patience, as it does in a real cloud: nobody looks whether it is still there.
    http.half_close(true);
    http.max_buf_size(head_bytes_max).max_header_size(head_bytes_max);
    // The port bounds the time: hyper's timer runs while a kept connection is idle, too.
    http.header_read_timeout(None);
    http
}

/// Serves one connection until one of the two sides has enough.
pub(super) async fn converse(stream: TcpStream, manners: Arc<Manners>, link: Arc<Link>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot switch off Nagle's algorithm");
    }
    let Some(acceptor) = &manners.tls else {
        return talk(stream, &manners, link).await;
    };
    match shake_hands(acceptor.accept(stream), &link).await {
        Some(Ok(stream)) => {
            link.enter(Phase::Waiting);
            talk(stream, &manners, link).await;
        }
        Some(Err(error)) => tracing::debug!(%error, "no agreement about TLS"),
        None => {}
    }
}

/// Waits for a handshake; `None` if the server stops before.
async fn shake_hands<T>(handshake: impl Future<Output = T>, link: &Link) -> Option<T> {
    let mut handshake = pin!(handshake);
    let mut waker = None;
    poll_fn(|cx| {
        link.wake_on_stop(cx, &mut waker);
        let polled = handshake.as_mut().poll(cx);
        if polled.is_pending() && link.is_stopping() {
            return Poll::Ready(None);
        }
        polled.map(Some)
    })
    .await
}

async fn talk<S: Socket>(socket: S, manners: &Manners, link: Arc<Link>) {
    let io = TokioIo::new(FragileStream::new(socket, Arc::clone(&link)));
    let (front, asked) = (&manners.front, Arc::clone(&link));
    let service = service_fn(move |request| answer(front, request, Arc::clone(&asked)));
    let mut connection = pin!(manners.http.serve_connection(io, service));
    let mut waker = None;
    let mut is_told = false;
    let result = poll_fn(|cx| {
        link.wake_on_stop(cx, &mut waker);
        if !is_told && link.is_stopping() {
            is_told = true;
            Pin::as_mut(&mut connection).graceful_shutdown();
        }
        let polled = connection.as_mut().poll(cx);
        // What has not come whole is not waited for, nor a client that was told the end and goes on.
        if polled.is_pending() && is_told && matches!(link.mark().phase(), Phase::Head | Phase::Lingering) {
            return Poll::Ready(Ok(()));
        }
        polled
    })
    .await;
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended early");
    }
}
