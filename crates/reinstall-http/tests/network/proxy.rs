//! A proxy as companies have them: it opens a way to whom it is asked for, and sees nothing of what goes there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What it does when it is asked.
#[derive(Clone)]
pub(crate) enum Manner {
    /// Connects to the port on this machine that stands behind a name.
    Connects(BTreeMap<String, u16>),
    /// Says this, and closes the connection.
    Says(&'static str),
    /// Says nothing and keeps the connection.
    Hangs,
}

pub(crate) struct Proxy {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub(crate) async fn start(manner: Manner) -> Self {
        Self::serve(manner, None).await
    }

    /// One that is spoken to over TLS.
    pub(crate) async fn start_tls(manner: Manner, config: ServerConfig) -> Self {
        Self::serve(manner, Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn serve(manner: Manner, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::new(Mutex::new(vec![]));
        let heard = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (manner, heard, tls) = (manner.clone(), Arc::clone(&heard), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, manner, heard).await,
                        Some(tls) => serve(tls.accept(stream).await.ok()?, manner, heard).await,
                    }
                });
            }
        });
        Self { port, asked }
    }

    /// Everything that it was sent before a way was open.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic in the proxy").clone()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    manner: Manner,
    asked: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let mut head = vec![];
    while !head.ends_with(b"\r\n\r\n") {
        // A byte at a time, for what comes after the head is not ours.
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    asked.lock().expect("no panic in the proxy").push(head.clone());
    match manner {
        Manner::Says(words) => stream.write_all(words.as_bytes()).await.ok(),
        Manner::Hangs => stream.read_u8().await.map(drop).ok(),
        Manner::Connects(names) => {
            let port = head.strip_prefix("CONNECT ").and_then(|rest| names.get(rest.split(' ').next()?))?;
            let mut cloud = TcpStream::connect(("127.0.0.1", *port)).await.ok()?;
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.ok()?;
            copy_bidirectional(&mut stream, &mut cloud).await.map(drop).ok()
        }
    }
}
