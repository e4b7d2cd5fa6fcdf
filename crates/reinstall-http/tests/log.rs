//! What the client logs at the highest level, and what it must not.
//!
//! This is a test binary of its own, with one test: which log statements are switched on is a matter of the whole process.

use std::io;
use std::sync::{Arc, Mutex};

use reinstall_core::action::Submission;
use reinstall_core::id::InstanceId;
use reinstall_core::instance_set::InstanceSet;
use reinstall_core::login::PasswordPolicy;
use reinstall_core::secret::{SecretKey, SecurityToken, SessionToken};
use reinstall_http::client::Client;
use reinstall_http::credential::Credential;
use reinstall_http::endpoint::{Endpoint, PlainHttp};
use reinstall_http::sign::key::AccessKey;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

const PASSWORD: &str = "Canary-9931-pw";
const TOKEN: &str = "canary-token-4417";
const SECRET: &str = "canary-secret-2208";
const SECURITY_TOKEN: &str = "canary-security-token-5512";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().map_err(|_| io::Error::other("poisoned"))?;
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A server that refuses everything and sends the whole request back in its refusal.
async fn echoing_server() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await?;
            let mut request = Vec::new();
            while !(request.ends_with(b"]}") || request.starts_with(b"GET") && request.ends_with(b"\r\n\r\n")) {
                if stream.read_buf(&mut request).await? == 0 {
                    return io::Result::Ok(());
                }
            }
            let head = format!(
                "HTTP/1.1 400 X\r\nX-Request-Id: r-7\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                request.len()
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&request).await?;
        }
    });
    Ok(base)
}

#[tokio::test]
async fn the_log_tells_every_try_and_no_secret() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let endpoint = Endpoint::parse(&echoing_server().await.unwrap(), PlainHttp::Loopback).unwrap();
    let token = SessionToken::parse(TOKEN).unwrap();
    let key = AccessKey::new("AK1", SecretKey::parse(SECRET).unwrap()).unwrap();
    let key = key.with_security_token(SecurityToken::parse(SECURITY_TOKEN).unwrap());
    let submission =
        Submission { ids: InstanceSet::new(vec![InstanceId::from_bits(1)]).unwrap(), image: None, attempt: 1 };
    let password = PasswordPolicy::for_os(None).admit(Zeroizing::new(PASSWORD.to_owned())).unwrap();
    for credential in [Credential::Token(token), Credential::Keys(key)] {
        let client = Client::builder(endpoint.clone(), "p-1".parse().unwrap(), credential).build().unwrap();
        let refused = client.reinstall(&submission, &password).await.unwrap_err();
        let unseen = client.show_status(InstanceId::from_bits(1)).await.unwrap_err();
        let shown = format!("{client:?} {refused} {unseen}");
        assert!(!shown.to_lowercase().contains("canary") && shown.contains("[redacted: "), "{shown}");
    }
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!logged.to_lowercase().contains("canary"), "{logged}");
    assert!(!logged.contains("instance_id_set"), "a body: {logged}");
    for words in [
        "operation=\"ReinstallOS\" status=400 code=rejected request_id=r-7 tries=1 elapsed_ms=",
        "operation=\"ShowInstanceStatus\" status=400 code=rejected request_id=r-7 tries=1 elapsed_ms=",
        "path=\"/v1/p-1/instances/reinstall\"",
    ] {
        assert!(logged.contains(words), "{words} in {logged}");
    }
}
