//! Each way of delivering an answer, as a client sees it, to the byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use axum::routing::get;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::Limits;
use super::raw::{Client, End, LONG, Rig, answering, ask, ends, head, patient, whole};
use crate::delivery::{Break, Delivery, Sent};

const BODY: &str = r#"{"instances":[{"id":"0b29c7a1-0000-4000-8000-00000000abcd"}]}"#;

const fn broken(after: Sent, how: Break) -> Delivery {
    Delivery::Broken { after, how }
}

/// What a client gets to read of an answer, and how the connection ends; `None` where it stays open.
fn expected(delivery: Delivery, body: &str) -> (String, Option<End>) {
    let end = |how| match how {
        Break::Close => Some(End::Closed),
        Break::Reset => Some(End::Reset),
        Break::Hang => None,
    };
    let start = |bytes: usize| {
        whole(body)[..whole("").len() - 1 + body.len().to_string().len() + bytes.min(body.len())].to_owned()
    };
    match delivery {
        Delivery::Whole | Delivery::Dripped { .. } => (whole(body), None),
        Delivery::Broken { after: Sent::Nothing, how } => (String::new(), end(how)),
        Delivery::Broken { after: Sent::Head, how } => (start(0), end(how)),
        Delivery::Broken { after: Sent::Body(bytes), how } => (start(bytes), end(how)),
        Delivery::Malformed { body_bytes } => {
            let good = &body[..body_bytes.min(body.len())];
            let chunk = if good.is_empty() { String::new() } else { format!("{:X}\r\n{good}\r\n", good.len()) };
            (head("transfer-encoding: chunked") + &chunk + "zz\r\n", Some(End::Closed))
        }
    }
}

fn every_delivery() -> Vec<Delivery> {
    let after = [Sent::Nothing, Sent::Head, Sent::Body(0), Sent::Body(1), Sent::Body(BODY.len() - 1)];
    let after = after.into_iter().chain([Sent::Body(BODY.len()), Sent::Body(usize::MAX)]);
    let how = [Break::Close, Break::Reset, Break::Hang];
    let broken = after.flat_map(|after| how.map(|how| broken(after, how)));
    let dripped = [(0, 0), (1, 0), (7, 1), (10_000, 1)]
        .map(|(piece_bytes, millis)| Delivery::Dripped { piece_bytes, every: Duration::from_millis(millis) });
    let malformed = [0, 1, 20, usize::MAX].map(|body_bytes| Delivery::Malformed { body_bytes });
    [Delivery::Whole].into_iter().chain(broken).chain(dripped).chain(malformed).collect()
}

/// The client has sent what brings it the answers `before`, and then the one that is delivered like that.
async fn check(client: &mut Client, before: &str, delivery: Delivery, body: &str, told: &str) {
    let (expected, end) = expected(delivery, body);
    let expected = before.to_owned() + &expected;
    let seen = match end {
        Some(_) => {
            let (seen, ended) = client.read_all().await;
            assert_eq!(Some(ended), end, "{told}");
            seen
        }
        None => client.read(expected.len()).await,
    };
    assert_eq!(String::from_utf8_lossy(&seen), expected, "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_is_seen_to_the_byte_and_harms_no_answer_before() {
    let (odd, before) = (ask("/odd"), whole(BODY));
    let two = ask("/whole") + &odd;
    let unread =
        |sent| format!("POST /odd HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000\r\n\r\n{}", "x".repeat(sent));
    let (unread, much_unread) = (unread(1_000), unread(100_000));
    for is_tls in [false, true] {
        for delivery in every_delivery() {
            for (sent, first) in [
                (&odd, ""),
                // Two in one go, and then three.
                (&two, &before),
                (&(two.clone() + &ask("/whole")), &before),
                // A body that nobody reads, and that goes on.
                (&unread, ""),
                (&much_unread, ""),
            ] {
                let end = expected(delivery, BODY).1;
                if sent == &much_unread && end == Some(End::Reset) {
                    // Who is still sending hears of the reset there, and not where it reads.
                    continue;
                }
                let told = format!("{delivery:?}, TLS {is_tls}, {} bytes sent", sent.len());
                let rig = Rig::start(answering(BODY, delivery), patient(), is_tls).await;
                let mut client = rig.connect().await;
                for _ in 0..2 {
                    client.gets("/whole", &before).await;
                }
                client.send(sent).await;
                ends(&told, check(&mut client, first, delivery, BODY, &told)).await;
                if sent == &much_unread && end == Some(End::Closed) && !is_tls {
                    // Closed is the other side alone: what is sent on meets no reset.
                    client.send("x".repeat(200_000)).await;
                }
                if delivery.arrives() && sent == &odd {
                    client.gets("/whole", &before).await;
                }
                // Nobody else is harmed.
                rig.connect().await.gets("/whole", &before).await;
                drop(client);
                ends(&told, rig.stop()).await;
            }
        }
    }
}

/// It leaves without having read the first piece, and that resets the connection: the pause is not waited for.
#[tokio::test]
async fn a_pause_ends_with_its_connection() {
    let limits = Limits { connections_max: 1, ..patient() };
    let delivery = Delivery::Dripped { piece_bytes: 9, every: LONG };
    let rig = Rig::start(answering(BODY, delivery), limits, false).await;
    let mut client = TcpStream::connect(rig.address).await.unwrap();
    client.write_all(ask("/odd").as_bytes()).await.unwrap();
    let mut piece = [0; 20];
    assert_eq!(client.peek(&mut piece).await.unwrap(), 9);
    drop(client);
    ends("a place", async { rig.connect().await.gets("/whole", &whole(BODY)).await }).await;
    rig.stop().await;
}

/// Far more than the system takes in one go. A reset has no place here: it overtakes what the client has not taken yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_still_leaving_is_not_taken_for_the_next() {
    let body: &'static str = "x".repeat(9_000_000).leak();
    let after = [Sent::Nothing, Sent::Head, Sent::Body(9)];
    let broken = after.into_iter().flat_map(|after| [Break::Close, Break::Hang].map(|how| broken(after, how)));
    let dripped = Delivery::Dripped { piece_bytes: 2_000_000, every: Duration::from_millis(1) };
    for is_tls in [false, true] {
        for delivery in broken.clone().chain([dripped, Delivery::Malformed { body_bytes: 9 }]) {
            let told = format!("{delivery:?}, TLS {is_tls}");
            let rig = Rig::start(answering(body, delivery), patient(), is_tls).await;
            let mut client = rig.connect().await;
            client.send(ask("/whole") + &ask("/odd") + &ask("/whole")).await;
            ends(&told, check(&mut client, &whole(body), delivery, body, &told)).await;
            if delivery.arrives() {
                let rest = ends(&told, client.read(whole(body).len())).await;
                assert_eq!(String::from_utf8_lossy(&rest), whole(body), "{told}");
            }
            drop(client);
            ends(&told, rig.stop()).await;
        }
    }
}

/// It follows one that never leaves, though hyper would go on: it holds the next request with the end of the unread body, and
/// the answer has no body.
#[tokio::test]
async fn a_request_after_one_that_breaks_off_never_takes_hold() {
    let took_hold = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&took_hold);
    let note = get(async move || noted.store(true, SeqCst));
    let rig = Rig::start(answering("", Delivery::NEVER).route("/note", note), patient(), false).await;
    let mut client = rig.connect().await;
    let chunked = "POST /odd HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
    client.send(chunked.to_owned() + &ask("/note")).await;
    client.hears_nothing().await;
    assert!(!took_hold.load(SeqCst));
    rig.stop().await;
}

/// Whatever else has a bound, what is held back on purpose has none.
#[tokio::test]
async fn what_is_held_back_is_not_taken_for_idle() {
    let short = Duration::from_millis(1);
    let limits =
        Limits { head_within: short, idle_within: short, write_within: short, linger_within: short, ..patient() };
    for is_tls in [false, true] {
        for delivery in [Delivery::NEVER, Delivery::Dripped { piece_bytes: 9, every: LONG }] {
            for body in ["", BODY] {
                let limits = Limits { stop_within: short, ..limits };
                let rig = Rig::start(answering(body, delivery), limits, is_tls).await;
                let mut client = rig.connect().await;
                client.send("POST /odd HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc").await;
                if delivery.arrives() {
                    client.read(9).await;
                }
                client.hears_nothing().await;
                rig.stop().await;
            }
        }
    }
}

#[tokio::test]
async fn an_answer_without_a_body_breaks_after_its_head() {
    let len = BODY.len();
    for (method, version, delivery, expected) in [
        ("HEAD", "1.1", broken(Sent::Body(20), Break::Close), head(&format!("content-length: {len}"))),
        ("HEAD", "1.1", Delivery::Malformed { body_bytes: 20 }, head(&format!("content-length: {len}"))),
        (
            "GET",
            "1.0",
            Delivery::Malformed { body_bytes: 20 },
            head(&format!("content-length: {len}")).replace("1.1", "1.0") + &BODY[..20],
        ),
    ] {
        let rig = Rig::start(answering(BODY, delivery), patient(), false).await;
        let mut client = rig.connect().await;
        client.send(format!("{method} /odd HTTP/{version}\r\nHost: localhost\r\n\r\n")).await;
        let (seen, end) = client.read_all().await;
        assert_eq!((String::from_utf8_lossy(&seen).as_ref(), end), (expected.as_str(), End::Closed), "{delivery:?}");
        rig.stop().await;
    }
    for (delivery, end) in [(broken(Sent::Body(5), Break::Reset), End::Reset), (Delivery::CLOSED, End::Closed)] {
        let rig = Rig::start(answering("", delivery), patient(), false).await;
        let mut client = rig.connect().await;
        client.send(ask("/odd")).await;
        let expected = if delivery.shows_status() { whole("") } else { String::new() };
        let (seen, ended) = client.read_all().await;
        assert_eq!((String::from_utf8_lossy(&seen).as_ref(), ended), (expected.as_str(), end), "{delivery:?}");
        rig.stop().await;
    }
}

/// Where only one connection is let in, the next is served once the one before has ended.
#[tokio::test]
async fn a_client_that_leaves_takes_its_connection_with_it() {
    let slowly = Delivery::Dripped { piece_bytes: 1, every: Duration::from_millis(1) };
    for is_tls in [false, true] {
        for delivery in [Delivery::NEVER, broken(Sent::Head, Break::Hang), broken(Sent::Body(9), Break::Hang), slowly] {
            let body: &'static str = "x".repeat(1_000_000).leak();
            let limits = Limits { connections_max: 1, ..patient() };
            let rig = Rig::start(answering(body, delivery), limits, is_tls).await;
            let mut client = rig.connect().await;
            client.send(ask("/odd")).await;
            if delivery.shows_status() {
                client.read(head("content-length: 1000000").len()).await;
            }
            drop(client);
            ends(&format!("{delivery:?}"), async { rig.connect().await.gets("/whole", &whole(body)).await }).await;
            rig.stop().await;
        }
    }
}

#[tokio::test]
async fn what_hangs_says_nothing_more_and_ends_with_the_server() {
    for is_tls in [false, true] {
        for after in [Sent::Nothing, Sent::Head, Sent::Body(9)] {
            let delivery = broken(after, Break::Hang);
            let rig = Rig::start(answering(BODY, delivery), patient(), is_tls).await;
            let mut client = rig.connect().await;
            client.send(ask("/odd")).await;
            check(&mut client, "", delivery, BODY, "before").await;
            client.hears_nothing().await;
            let (rest, ()) = ends("stop", async { tokio::join!(client.read_all(), rig.stop()) }).await;
            assert_eq!(rest, (Vec::new(), End::Closed), "{after:?}");
        }
    }
}

#[tokio::test]
async fn pieces_have_pauses_between() {
    for is_tls in [false, true] {
        let limits = Limits { stop_within: Duration::from_millis(1), ..patient() };
        let delivery = Delivery::Dripped { piece_bytes: 9, every: LONG };
        let rig = Rig::start(answering(BODY, delivery), limits, is_tls).await;
        let mut client = rig.connect().await;
        client.send(ask("/odd")).await;
        assert_eq!(client.read(9).await, whole(BODY).as_bytes()[..9]);
        client.hears_nothing().await;
        // The server does not wait for the rest.
        let (rest, ()) = ends("stop", async { tokio::join!(client.read_all(), rig.stop()) }).await;
        assert_eq!(rest.0, b"");
    }
}
