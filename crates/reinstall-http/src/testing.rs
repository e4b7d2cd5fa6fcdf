//! What this crate's tests share: made-up values, and a server that says exactly what a test has written down.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reinstall_core::action::Submission;
use reinstall_core::id::{InstanceId, ProjectId};
use reinstall_core::instance_set::InstanceSet;
use reinstall_core::login::PasswordPolicy;
use reinstall_core::rate::{Hint, Pacer, Turn, Urgency};
use reinstall_core::retry::Backoff;
use reinstall_core::secret::{AdminPassword, SessionToken};
use reinstall_core::time::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use zeroize::Zeroizing;

use crate::client::{Client, ClientBuilder, ReadRetries};
use crate::credential::Credential;
use crate::endpoint::{Endpoint, PlainHttp};

/// A password to look for where none may be.
pub(crate) const PASSWORD: &str = "Canary-9931-pw";

/// A token to look for where none may be.
pub(crate) const TOKEN: &str = "canary-token-4417";

pub(crate) fn project() -> ProjectId {
    "p-1".parse().unwrap()
}

pub(crate) fn ids(range: std::ops::Range<u128>) -> Vec<InstanceId> {
    range.map(InstanceId::from_bits).collect()
}

pub(crate) fn submission(range: std::ops::Range<u128>) -> Submission {
    Submission { ids: InstanceSet::new(ids(range)).unwrap(), image: None, attempt: 1 }
}

pub(crate) fn password() -> AdminPassword {
    PasswordPolicy::for_os(None).admit(Zeroizing::new(PASSWORD.to_owned())).unwrap()
}

/// A client of the server at `base`, which waits a millisecond at most between tries.
pub(crate) fn builder(base: &str) -> ClientBuilder {
    builder_with(base, SessionToken::parse(TOKEN).unwrap())
}

/// The same with another credential.
pub(crate) fn builder_with(base: &str, credential: impl Into<Credential>) -> ClientBuilder {
    let moment = Duration::from_millis(1);
    Client::builder(Endpoint::parse(base, PlainHttp::Loopback).unwrap(), project(), credential)
        .read_retries(ReadRetries { tries_max: 3, backoff: Backoff { base: moment, cap: moment }, pause_max: moment })
        .pacer(Arc::new(Unpaced))
}

/// Lets everything go, and waits for nothing that the cloud does not ask for.
#[derive(Debug)]
pub(crate) struct Unpaced;

impl Pacer for Unpaced {
    fn ask(&self, _: Timestamp, _: Urgency) -> Turn {
        Turn::Now
    }

    fn throttled(&self, _: Timestamp, hint: Hint, _: f64) -> Duration {
        hint.retry_after.unwrap_or_default()
    }

    fn answered(&self, _: Timestamp) {}
}

/// What the server does with a request that it has read whole.
pub(crate) enum Play {
    /// Answers, and stays for the next request.
    Answer(String),
    /// Sends these bytes and closes the connection; none of them is a connection closed without an answer.
    Close(Vec<u8>),
    /// Keeps the connection open and says nothing.
    Silence,
}

/// A whole answer with a JSON body.
pub(crate) fn answer(status: u16, body: &str) -> Play {
    answer_with(status, "", body)
}

/// A whole answer with more headers, each ending in a line break.
pub(crate) fn answer_with(status: u16, headers: &str, body: &str) -> Play {
    Play::Answer(format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()))
}

/// A server on a loopback port. It keeps what it was sent.
pub(crate) struct Server {
    /// `http://127.0.0.1:port`
    pub(crate) base: String,
    heard: Arc<Mutex<Heard>>,
}

#[derive(Default)]
struct Heard {
    requests: Vec<String>,
    connections: u32,
}

impl Server {
    /// Starts a server that asks `script` what to do with each request, given all of its text.
    pub(crate) async fn start(script: impl Fn(&str) -> Play + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (ear, script) = (Arc::clone(&heard), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                ear.lock().unwrap().connections += 1;
                tokio::spawn(converse(stream, Arc::clone(&ear), Arc::clone(&script)));
            }
        });
        Self { base, heard }
    }

    /// Every request so far, whole.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.heard.lock().unwrap().requests.clone()
    }

    /// How often each request line came, without the query.
    pub(crate) fn lines(&self) -> BTreeMap<String, usize> {
        let mut lines = BTreeMap::new();
        for request in self.requests() {
            let end = request.find(['?', '\r']).unwrap();
            let line = request[..end].trim_end_matches(" HTTP/1.1");
            *lines.entry(line.to_owned()).or_default() += 1;
        }
        lines
    }

    /// How many connections were made so far.
    pub(crate) fn connections(&self) -> u32 {
        self.heard.lock().unwrap().connections
    }
}

/// The address of a port that nobody listens on.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// The address of a server that closes every connection as soon as it is there.
pub(crate) async fn hangs_up() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream);
        }
    });
    base
}

async fn converse(mut stream: TcpStream, ear: Arc<Mutex<Heard>>, script: Arc<impl Fn(&str) -> Play>) {
    let mut buffer = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut buffer).await {
        ear.lock().unwrap().requests.push(request.clone());
        match script(&request) {
            Play::Answer(text) => {
                if stream.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
            Play::Close(bytes) => {
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Play::Silence => std::future::pending().await,
        }
    }
}

/// The next request, head and body; `None` when the client is gone.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<String> {
    loop {
        let text = String::from_utf8_lossy(buffer).into_owned();
        if let Some(head_end) = text.find("\r\n\r\n") {
            let head = text[..head_end].to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let end = head_end + 4 + length.map_or(0, |length| length.parse::<usize>().unwrap());
            if buffer.len() >= end {
                buffer.drain(..end);
                return Some(text[..end].to_owned());
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}
