//! Bytes that are no request, or not quite one.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::raw::{Client, Rig, answering, ends, patient};
use super::{MockServer, Tls, get_status, put};
use crate::cloud::draw_nth;
use crate::delivery::Delivery;
use crate::serve::LateBody;

const SEED: u64 = 7;

/// Numbers that a seed decides.
struct Dice(u64);

impl Dice {
    /// Below `end`, which is not 0.
    fn roll(&mut self, end: usize) -> usize {
        self.0 += 1;
        (draw_nth(SEED, self.0, "garbage") % end as u64) as usize
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.roll(256) as u8).collect()
    }

    /// The same, with a few places changed, lost, doubled or put in.
    fn spoil(&mut self, good: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        for _ in 0..=self.roll(4) {
            let at = self.roll(bytes.len());
            let to = (at + 1 + self.roll(8)).min(bytes.len());
            match self.roll(5) {
                0 => bytes[at] = self.roll(256) as u8,
                1 => bytes[at] ^= 1 << self.roll(8),
                2 if to - at < bytes.len() => drop(bytes.drain(at..to)),
                2 | 3 => {
                    let doubled = bytes[at..to].to_vec();
                    bytes.splice(at..at, doubled);
                }
                _ => {
                    let put_in = self.roll(5);
                    let put_in = [&b"\r\n"[..], b"\r\n\r\n", b"\0", b": ", b"\xff"][put_in];
                    bytes.splice(at..at, put_in.iter().copied());
                }
            }
        }
        bytes
    }
}

/// What becomes of bytes that are sent, and all that the client has to say.
async fn send(address: std::net::SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut client = Client(Box::new(TcpStream::connect(address).await.unwrap()));
    // Who is refused in the middle cannot send the rest.
    let _ = client.0.write_all(bytes).await;
    let _ = client.0.shutdown().await;
    ends("garbage", client.read_all()).await.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_is_answered_or_cut_off_and_hurts_nobody() {
    let server = MockServer::builder().instances(1).start().await.unwrap();
    let id = server.ids()[0];
    let good = [
        put(id),
        get_status(id),
        get_status(id) + &put(id),
        put(id).replace("Content-Length: ", "Transfer-Encoding: chunked\r\nX: "),
    ];
    let mut dice = Dice(0);
    let mut answered = 0;
    for round in 0..4_000 {
        let bytes = match round % 2 {
            0 => {
                let len = dice.roll(400);
                dice.bytes(len)
            }
            _ => {
                let which = dice.roll(good.len());
                dice.spoil(good[which].as_bytes())
            }
        };
        let answer = send(server.address(), &bytes).await;
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 "), "seed {SEED}, round {round}: {bytes:?}");
        answered += usize::from(answer.starts_with(b"HTTP/1.1 2"));
    }
    assert!((100..1_000).contains(&answered), "{answered}: spoilt too much, or too little");
    let answer = send(server.address(), get_status(id).as_bytes()).await;
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    server.shutdown().await;
}

#[tokio::test]
async fn garbage_is_no_handshake() {
    let tls = Tls::generated().unwrap();
    let server = MockServer::builder().instances(1).tls(tls).start().await.unwrap();
    let mut dice = Dice(1 << 40);
    for round in 0..300 {
        let mut bytes =
            if round % 2 == 0 { b"\x16\x03\x01\x01\x00\x01\x00\x00\xfc\x03\x03".to_vec() } else { Vec::new() };
        let len = dice.roll(400);
        bytes.extend(dice.bytes(len));
        let answer = send(server.address(), &bytes).await;
        assert!(answer.is_empty() || answer[0] == 0x15, "seed {SEED}, round {round}: not an alert: {answer:?}");
    }
    let answer = send(server.address(), get_status(server.ids()[0]).as_bytes()).await;
    assert!(answer.is_empty() || answer[0] == 0x15, "plain HTTP is garbage here");
    server.shutdown().await;
}

/// Bodies that are none, to a router that reads none: the connection ends, and the answer is heard.
#[tokio::test]
async fn a_body_that_is_none_harms_no_answer() {
    let rig = Rig::start(answering("body", Delivery::Whole), patient(), false).await;
    for body in ["zz\r\n", "5\r\nab", "5\r\nabcdeXX", "ffffffffffffffffff\r\n", "0\r\nno trailer\r\n\r\n"] {
        let request = format!("POST /odd HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        let answer = send(rig.address, request.as_bytes()).await;
        assert!(answer.starts_with(b"HTTP/1.1 200") && answer.ends_with(b"body"), "{body:?}");
        assert!(!String::from_utf8_lossy(&answer).contains(&LateBody.to_string()));
    }
    rig.stop().await;
}
