//! How long things may take. Each limit is tiny where it is meant and an hour where it is not.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use reinstall_core::fault::{FaultKind, Sent};
use reinstall_http::network::{Network, Timeouts};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::authority::{Authority, VERSIONS};
use crate::client::{assert_unreachable, client, far, look, reinstall, trusting};
use crate::cloud::Cloud;

const MOMENT: Duration = Duration::from_millis(200);

/// Nobody ever accepts a connection: the system does, and no TLS comes.
#[tokio::test]
async fn a_server_that_does_not_get_to_tls_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("https://localhost:{}", listener.local_addr().expect("an address").port());
    for timeouts in [
        Timeouts { connect: MOMENT, ..far() },
        // What ends the call ends connecting before.
        Timeouts { read: 2 * MOMENT, ..far() },
        Timeouts { look: 2 * MOMENT, reinstall: 2 * MOMENT, ..far() },
    ] {
        let network = Network { timeouts, ..Network::default() };
        assert_unreachable(&client(&base, network), "it took too long (at most 200ms)").await;
    }
}

/// Answers every request with these words, and keeps the connection. It speaks plain HTTP: what is timed comes after TLS.
async fn serve(listener: TcpListener, words: &'static str) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            if stream.read_u8().await.is_ok() && stream.write_all(words.as_bytes()).await.is_ok() {
                let _ = stream.read_to_end(&mut vec![]).await;
            }
        });
    }
}

#[tokio::test]
async fn a_silent_server_leaves_the_call_in_doubt_and_the_limit_is_named() {
    let limit = Duration::from_secs(3);
    let read = Timeouts { read: limit, ..far() };
    let whole = Timeouts { look: limit, reinstall: limit, ..far() };
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{";
    let head_of_202 = "HTTP/1.1 202 Accepted\r\ncontent-length: 9\r\n\r\n{";
    let mut calls = vec![];
    for (timeouts, looked, reinstalled, kind, words) in [
        (read, "", "", FaultKind::TimedOut, "it said nothing for 3s"),
        (whole, "", "", FaultKind::TimedOut, "in the 3s that the call may take"),
        (read, head, head_of_202, FaultKind::Unreadable, "its body did not end in time"),
        (whole, head, head_of_202, FaultKind::Unreadable, "its body did not end in time"),
    ] {
        let start = async |words| {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let port = listener.local_addr().expect("an address").port();
            tokio::spawn(serve(listener, words));
            client(&format!("http://127.0.0.1:{port}"), Network { timeouts, ..Network::default() })
        };
        let (looker, wiper) = (start(looked).await, start(reinstalled).await);
        calls.push(async move {
            let (looked, wiped) = tokio::join!(look(&looker), reinstall(&wiper));
            for error in [looked.expect_err("no answer"), wiped.map(drop).expect_err("no answer")] {
                assert_eq!(error.kind(), kind, "{error}");
                assert!(error.to_string().contains(words), "{error}");
                assert_ne!(error.sent(), Sent::No);
            }
        });
    }
    // All begin once all is set up, which takes its time.
    join_all(calls).await;
}

/// Carries connections to the port until it is told to let those that there are fall silent.
async fn carry(listener: TcpListener, port: u16, falls_silent: Arc<Notify>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let falls_silent = Arc::clone(&falls_silent);
        tokio::spawn(async move {
            let mut cloud = TcpStream::connect(("127.0.0.1", port)).await.expect("the server");
            tokio::select! {
                _ = copy_bidirectional(&mut stream, &mut cloud) => {}
                () = falls_silent.notified() => pending().await,
            }
        });
    }
}

/// As after a change of networks: nothing comes any more, and nothing says so.
#[tokio::test]
async fn a_look_leaves_a_connection_that_fell_silent() {
    let ours = Authority::new();
    let cloud = Cloud::start(ours.certify("localhost").config(VERSIONS, &["h2"])).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("https://localhost:{}", listener.local_addr().expect("an address").port());
    let falls_silent = Arc::new(Notify::new());
    tokio::spawn(carry(listener, cloud.port, Arc::clone(&falls_silent)));
    let timeouts = Timeouts { read: Duration::from_secs(6), ..far() };
    let client = client(&base, Network { timeouts, ..trusting(ours.pem()) });
    look(&client).await.expect("an answer");
    falls_silent.notify_waiters();
    let error = look(&client).await.expect_err("no answer");
    assert!(error.to_string().contains("broke after the request was sent: it gave no sign of life"), "{error}");
    assert_eq!((error.kind(), error.sent()), (FaultKind::Broken, Sent::Maybe));
    look(&client).await.expect("an answer on another connection");
    let connections: Vec<_> = cloud.seen().into_iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [0, 1]);
}
