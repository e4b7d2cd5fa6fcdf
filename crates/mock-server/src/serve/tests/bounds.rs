//! Clients that take more than their share: time, bytes, connections.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use axum::routing::{get, put};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::raw::{Client, End, Rig, answering, ask, ends, patient, whole};
use super::{Limits, MockServer};
use crate::delivery::Delivery;
use crate::serve::LateBody;

/// As long as nobody has to wait for.
const SHORT: Duration = Duration::from_millis(5);
const BODY: &str = "body";

fn plain() -> Router {
    answering(BODY, Delivery::Whole)
}

#[tokio::test]
async fn half_a_head_is_not_waited_for_and_idle_connections_are_left_alone() {
    let half = "GET /whole HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
    for is_tls in [false, true] {
        let rig = Rig::start(plain(), Limits { head_within: SHORT, ..patient() }, is_tls).await;
        let (mut idle, mut fresh) = (rig.connect().await, rig.connect().await);
        idle.gets("/whole", &whole(BODY)).await;

        let mut first = rig.connect().await;
        first.send(half).await;
        assert_eq!(ends("the first head", first.read_all()).await.0, b"");
        let mut second = rig.connect().await;
        second.gets("/whole", &whole(BODY)).await;
        second.send(half).await;
        assert_eq!(ends("a later head", second.read_all()).await.0, b"");
        // One that keeps coming is no better.
        let mut trickling = rig.connect().await;
        ends("a head without end", async {
            trickling.send(half).await;
            while trickling.0.write_all(b"x").await.is_ok() {
                tokio::task::yield_now().await;
            }
        })
        .await;

        idle.gets("/whole", &whole(BODY)).await;
        fresh.gets("/whole", &whole(BODY)).await;
        rig.stop().await;
    }
}

#[tokio::test]
async fn idle_connections_end_some_day() {
    for is_tls in [false, true] {
        let rig = Rig::start(plain(), Limits { idle_within: 4 * SHORT, ..patient() }, is_tls).await;
        let mut client = rig.connect().await;
        client.gets("/whole", &whole(BODY)).await;
        assert_eq!(ends("after an answer", client.read_all()).await.0, b"");
        let mut client = rig.connect().await;
        assert_eq!(ends("before any", client.read_all()).await.0, b"");
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_connection_that_gets_on_is_not_idle() {
    let rig = Rig::start(plain(), Limits { idle_within: 4 * SHORT, ..patient() }, false).await;
    let (mut idle, mut asking) = (rig.connect().await, rig.connect().await);
    let idling = tokio::spawn(async move { idle.read_all().await });
    ends("an idle connection", async {
        while !idling.is_finished() {
            asking.gets("/whole", &whole(BODY)).await;
        }
    })
    .await;
    asking.gets("/whole", &whole(BODY)).await;
    rig.stop().await;
}

/// What takes long on this side is not held against the client.
#[tokio::test]
async fn a_call_may_take_as_long_as_it_does() {
    let limits =
        Limits { head_within: SHORT, idle_within: SHORT, write_within: SHORT, body_within: SHORT, ..patient() };
    let (go, told) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let gone = Arc::clone(&go);
    let noted = Arc::clone(&told);
    let wait = async move |body: String| {
        noted.notify_one();
        gone.notified().await;
        body
    };
    for is_tls in [false, true] {
        let rig = Rig::start(Router::new().route("/", put(wait.clone())), limits, is_tls).await;
        let mut client = rig.connect().await;
        client.send("PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody").await;
        told.notified().await;
        client.hears_nothing().await;
        go.notify_one();
        assert_eq!(client.read(15).await, b"HTTP/1.1 200 OK");
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_handshake_is_not_waited_for() {
    let rig = Rig::start(plain(), Limits { handshake_within: 20 * SHORT, ..patient() }, true).await;
    for start in [&b""[..], b"\x16\x03\x01\x02\x00\x01\x00"] {
        let mut client = Client(Box::new(TcpStream::connect(rig.address).await.unwrap()));
        client.send(start).await;
        assert_eq!(ends("a handshake", client.read_all()).await.0, b"", "{start:?}");
    }
    rig.connect().await.gets("/whole", &whole(BODY)).await;
    rig.stop().await;
}

/// What the reader of a body makes of a late one is not what the client hears.
#[tokio::test]
async fn a_slow_body_is_answered_408() {
    let late = Arc::new(Notify::new());
    let noted = Arc::clone(&late);
    let read = async move |request: Request<Body>| match to_bytes(request.into_body(), 64 * 1024).await {
        Ok(body) => (StatusCode::OK, body.len().to_string()),
        Err(error) => {
            assert!(LateBody::is_behind(&error), "{error}");
            noted.notify_one();
            (StatusCode::PAYLOAD_TOO_LARGE, "too much".to_owned())
        }
    };
    for is_tls in [false, true] {
        let app = Router::new().route("/", put(read.clone()));
        let rig = Rig::start(app, Limits { body_within: SHORT, ..patient() }, is_tls).await;
        for (framing, first) in [("Content-Length: 10", "x"), ("Transfer-Encoding: chunked", "5\r\nabc")] {
            let mut client = rig.connect().await;
            client.send(format!("PUT / HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n{first}")).await;
            let mut answer = vec![0; 12];
            ends("an answer", async { answer = client.read(12).await }).await;
            assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 408");
            late.notified().await;
            client.0.shutdown().await.unwrap();
            let (rest, end) = ends(framing, client.read_all()).await;
            let rest = String::from_utf8(rest).unwrap();
            assert!(rest.contains("connection: close\r\n") && rest.ends_with(&LateBody.to_string()), "{rest}");
            assert_eq!(end, End::Closed);
        }
        let mut client = rig.connect().await;
        client.send("PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab").await;
        assert_eq!(client.read(15).await, b"HTTP/1.1 200 OK");
        rig.stop().await;
    }
}

/// A client that is refused in the middle of its body hears why, though it goes on sending.
#[tokio::test]
async fn a_huge_body_is_refused_and_the_refusal_heard() {
    let server = MockServer::builder().instances(1).start().await.unwrap();
    let head = |framing| {
        let (project, token) = (crate::cloud::config::CloudConfig::PROJECT, MockServer::TOKEN);
        format!(
            "PUT /v1/{project}/instances/reinstall HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: {token}\r\n{framing}\r\n\r\n"
        )
    };
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    for (framing, piece, pieces) in [
        ("Content-Length: 65537", "x".repeat(65_537), 1),
        ("Content-Length: 9000000", "x".repeat(90_000), 100),
        ("Transfer-Encoding: chunked", chunk, 5_000),
    ] {
        let mut client = Client(Box::new(TcpStream::connect(server.address()).await.unwrap()));
        client.send(head(framing)).await;
        for _ in 0..pieces {
            // The end of the listening may come before that of the sending.
            if client.0.write_all(piece.as_bytes()).await.is_err() {
                break;
            }
        }
        client.0.shutdown().await.unwrap();
        let (answer, end) = ends(framing, client.read_all()).await;
        assert!(answer.starts_with(b"HTTP/1.1 413"), "{framing}: {}", String::from_utf8_lossy(&answer));
        assert_eq!(end, End::Closed, "{framing}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn a_client_that_never_stops_sending_is_dropped() {
    let rig = Rig::start(plain(), Limits { linger_within: SHORT, ..patient() }, false).await;
    let mut client = rig.connect().await;
    client.send("POST /odd HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    ends("a body without end", async {
        while client.0.write_all(b"5\r\nabcde\r\n").await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    rig.stop().await;
}

#[tokio::test]
async fn a_huge_head_is_refused_and_the_refusal_heard() {
    for (limit, sent, status) in
        [(0, 8_000, "404"), (0, 10_000, "431"), (20_000, 15_000, "404"), (20_000, 90_000, "431")]
    {
        let rig = Rig::start(plain(), Limits { head_bytes_max: limit, ..patient() }, false).await;
        let mut client = rig.connect().await;
        client.send(format!("GET /x HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(sent))).await;
        assert_eq!(client.read(12).await, format!("HTTP/1.1 {status}").as_bytes(), "{sent} bytes of {limit}");
        drop(client);
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_client_that_takes_no_answer_is_dropped() {
    let body: &'static str = "x".repeat(40_000_000).leak();
    let dripped = Delivery::Dripped { piece_bytes: 500_000, every: Duration::from_millis(1) };
    for is_tls in [false, true] {
        for (delivery, sent) in [
            (Delivery::Whole, ask("/whole")),
            // Two in one go; the second waits for the first.
            (Delivery::NEVER, ask("/whole") + &ask("/odd")),
            (dripped, ask("/odd")),
            (dripped, ask("/odd") + &ask("/whole")),
        ] {
            let limits = Limits { write_within: SHORT, connections_max: 1, ..patient() };
            let rig = Rig::start(answering(body, delivery), limits, is_tls).await;
            let mut client = rig.connect().await;
            client.send(sent).await;
            let next = async { rig.connect().await.gets("/none", "HTTP/1.1 404").await };
            ends(&format!("the next in the queue after {delivery:?}"), next).await;
            rig.stop().await;
        }
    }
}

#[tokio::test]
async fn who_comes_when_all_places_are_taken_waits() {
    let rig = Rig::start(plain(), Limits { connections_max: 2, ..patient() }, false).await;
    let (mut one, mut two) = (rig.connect().await, rig.connect().await);
    for client in [&mut one, &mut two] {
        client.gets("/whole", &whole(BODY)).await;
    }
    let mut three = rig.connect().await;
    three.send(ask("/whole")).await;
    three.hears_nothing().await;
    two.gets("/whole", &whole(BODY)).await;
    drop(one);
    assert_eq!(ends("a place", three.read(whole(BODY).len())).await, whole(BODY).as_bytes());
    rig.stop().await;
}

/// Whether the client is gone cannot be told from one that closed its side and listens. Either way the call takes hold.
#[tokio::test]
async fn a_client_that_closed_its_side_gets_its_answer_and_one_that_left_its_deed() {
    for is_tls in [false, true] {
        for stays in [true, false] {
            let (come, go, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
            let told = (Arc::clone(&come), Arc::clone(&go), Arc::clone(&done));
            let wait = async move || {
                told.0.notify_one();
                told.1.notified().await;
                told.2.notify_one();
                BODY
            };
            let rig = Rig::start(Router::new().route("/", get(wait)), patient(), is_tls).await;
            let mut client = rig.connect().await;
            client.send(ask("/")).await;
            come.notified().await;
            client.0.shutdown().await.unwrap();
            if stays {
                client.hears_nothing().await;
                go.notify_one();
                let (answer, end) = client.read_all().await;
                assert!(answer.starts_with(b"HTTP/1.1 200") && answer.ends_with(BODY.as_bytes()));
                assert_eq!(end, End::Closed);
            } else {
                drop(client);
                go.notify_one();
            }
            ends("the deed", done.notified()).await;
            rig.stop().await;
        }
    }
}

#[tokio::test]
async fn a_stop_waits_for_answers_but_not_for_requests() {
    for is_tls in [false, true] {
        let (come, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let told = (Arc::clone(&come), Arc::clone(&go));
        let wait = async move || {
            told.0.notify_one();
            told.1.notified().await;
            BODY
        };
        let rig = Rig::start(plain().route("/wait", get(wait)), patient(), is_tls).await;
        let (mut busy, mut half, mut idle) = (rig.connect().await, rig.connect().await, rig.connect().await);
        let fresh = rig.connect().await;
        let shaking = Client(Box::new(TcpStream::connect(rig.address).await.unwrap()));
        busy.send(ask("/wait")).await;
        come.notified().await;
        idle.gets("/whole", &whole(BODY)).await;
        half.gets("/whole", &whole(BODY)).await;
        half.send("GET /whole HT").await;
        let stopping = tokio::spawn(rig.stop());
        for mut client in [half, idle, fresh, shaking] {
            assert_eq!(ends("a request", client.read_all()).await.0, b"");
        }
        assert!(!stopping.is_finished(), "an answer is still to come");
        go.notify_one();
        assert!(busy.read_all().await.0.ends_with(BODY.as_bytes()));
        ends("the stop", stopping).await.unwrap();
    }
}
