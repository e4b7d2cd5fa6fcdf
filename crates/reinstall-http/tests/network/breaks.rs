//! Connections that do not come about, and those that break: which of them leave a request in doubt.

use std::sync::Arc;

use reinstall_core::fault::{FaultKind, Sent};
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::authority::{Authority, VERSIONS};
use crate::client::{assert_silent, assert_unreachable, builder, client, look, reinstall, trusting};
use reinstall_http::network::Network;

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    (listener, format!("https://localhost:{port}"))
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let (listener, base) = listen().await;
    drop(listener);
    assert_unreachable(&client(&base, Network::default()), "Connection refused").await;
    assert_unreachable(&client("https://no-such-host.invalid", Network::default()), "no-such-host.invalid: ").await;
}

/// What a server does with a connection on which TLS should begin.
#[derive(Clone, Copy)]
enum Handshake {
    /// Closes it before a word.
    Closes,
    /// Resets it after the first bytes.
    Resets,
    /// Speaks something else.
    Speaks(&'static str),
}

async fn shake(mut stream: TcpStream, manner: Handshake) {
    match manner {
        Handshake::Closes => {}
        Handshake::Resets => {
            let _ = stream.read_u8().await;
            // Whatever is unread, or said later, is answered with a reset.
            stream.set_zero_linger().expect("a socket option");
        }
        Handshake::Speaks(words) => {
            let _ = stream.write_all(words.as_bytes()).await;
            let _ = stream.read_to_end(&mut vec![]).await;
        }
    }
}

#[tokio::test]
async fn a_handshake_that_fails_has_sent_nothing() {
    for (manner, words) in [
        (Handshake::Closes, ""),
        (Handshake::Resets, ""),
        (Handshake::Speaks("HTTP/1.1 400 The plain HTTP request\r\n\r\n"), "TLS failed: received corrupt message"),
        (Handshake::Speaks("SSH-2.0-OpenSSH_9.9\r\n"), "TLS failed: received corrupt message"),
    ] {
        let (listener, base) = listen().await;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(shake(stream, manner));
            }
        });
        assert_unreachable(&client(&base, Network::default()), words).await;
    }
}

/// What a server does with a request that came whole, on HTTP/1.1 over TLS.
#[derive(Clone, Copy)]
enum Manner {
    /// Ends TLS and the connection as it should be.
    Leaves,
    /// Closes the connection without ending TLS.
    Drops,
    /// Says this first.
    Says(&'static str),
}

/// Reads one request of either kind to its end.
async fn read_request(stream: &mut TlsStream<TcpStream>) -> Option<()> {
    let (mut request, mut body) = (String::new(), None);
    while body.is_none_or(|end| request.len() < end) {
        request.push(char::from(stream.read_u8().await.ok()?));
        if request.ends_with("\r\n\r\n") && body.is_none() {
            let lower = request.to_lowercase();
            let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
            body = Some(request.len() + length.map_or(0, |length| length.parse().unwrap_or(0)));
        }
    }
    Some(())
}

async fn serve(config: ServerConfig, listener: TcpListener, manner: Manner) {
    let tls = TlsAcceptor::from(Arc::new(config));
    while let Ok((stream, _)) = listener.accept().await {
        let Ok(mut stream) = tls.accept(stream).await else { continue };
        if read_request(&mut stream).await.is_none() {
            continue;
        }
        match manner {
            Manner::Leaves => drop(stream.shutdown().await),
            Manner::Drops => {}
            Manner::Says(words) => drop(stream.write_all(words.as_bytes()).await),
        }
    }
}

/// The server may have acted on all of these.
#[tokio::test]
async fn a_connection_that_breaks_after_the_request_leaves_it_in_doubt() {
    let ours = Authority::new();
    for (manner, kind) in [
        (Manner::Leaves, FaultKind::Broken),
        (Manner::Drops, FaultKind::Broken),
        (Manner::Says("HTTP/1.1 2"), FaultKind::Broken),
        (Manner::Says("canary\r\n\r\n"), FaultKind::Broken),
        (Manner::Says("HTTP/1.1 202 Accepted\r\ncontent-length: 100\r\n\r\n{"), FaultKind::Unreadable),
        (Manner::Says("HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"), FaultKind::Unreadable),
    ] {
        let (listener, base) = listen().await;
        let config = ours.certify("localhost").config(VERSIONS, &["http/1.1"]);
        tokio::spawn(serve(config, listener, manner));
        let client = client(&base, trusting(ours.pem()));
        let error = reinstall(&client).await.expect_err("no answer");
        assert_eq!((error.kind(), error.tries()), (kind, 1), "{error}");
        assert_ne!(error.sent(), Sent::No);
        assert_silent(&error);
    }
}

/// What a server does with the first request on each HTTP/2 connection; it answers the others.
#[derive(Clone, Copy, Debug)]
enum Stream {
    /// Says that it did nothing with it.
    Refuses,
    /// Says that something went wrong.
    Fails,
    /// Sends everybody away at once.
    GoesAway,
}

async fn serve_h2(config: ServerConfig, listener: TcpListener, manner: Stream) {
    let tls = TlsAcceptor::from(Arc::new(config));
    let mut is_first = true;
    while let Ok((stream, _)) = listener.accept().await {
        let Ok(stream) = tls.accept(stream).await else { continue };
        let Ok(mut connection) = h2::server::handshake(stream).await else { continue };
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            match (std::mem::take(&mut is_first), manner) {
                (true, Stream::Refuses) => respond.send_reset(h2::Reason::REFUSED_STREAM),
                (true, Stream::Fails) => respond.send_reset(h2::Reason::INTERNAL_ERROR),
                (true, Stream::GoesAway) => connection.abrupt_shutdown(h2::Reason::NO_ERROR),
                (false, _) => {
                    let mut body = respond.send_response(http::Response::new(()), false).expect("a stream");
                    body.send_data(bytes::Bytes::from_static(b"{}"), true).expect("a stream");
                }
            }
        }
    }
}

/// None of it counts as not sent, not even where the server says so: a look is sent again in any case, and nothing else goes
/// over HTTP/2.
#[tokio::test]
async fn a_look_that_is_refused_over_http_2_is_sent_again() {
    let ours = Authority::new();
    for manner in [Stream::Refuses, Stream::Fails, Stream::GoesAway] {
        for (tries_max, is_answered) in [(1, false), (2, true)] {
            let (listener, base) = listen().await;
            let config = ours.certify("localhost").config(VERSIONS, &["h2"]);
            tokio::spawn(serve_h2(config, listener, manner));
            let client = builder(&base, trusting(ours.pem()), tries_max).build().expect("a client");
            let outcome = look(&client).await;
            assert_eq!(outcome.is_ok(), is_answered, "{manner:?}: {outcome:?}");
            if let Err(error) = outcome {
                assert_eq!((error.kind(), error.sent()), (FaultKind::Broken, Sent::Maybe), "{error}");
            }
        }
    }
}
