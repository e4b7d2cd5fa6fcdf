//! The service on a socket. An accept loop of our own, for two reasons: half-sent headers must not stay open for ever, and
//! an answer must be losable after the call took hold.

mod builder;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use reinstall_core::id::InstanceId;
use reinstall_http::clock::Clock;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt;

pub use self::builder::MockServerBuilder;
use self::wire::{Fate, FragileStream};
use crate::app::AppState;
use crate::cloud::Cloud;
use crate::cloud::truth::Truth;
use crate::delivery::{Break, Delivery};
use crate::fault::{FaultRule, RuleId};

/// How long a client may take for the head of a request, counted from the answer before it: hyper's timer runs while a kept
/// connection is idle, too. Shorter than common clients keep idle connections, it would break a request off now and then.
const HEAD_WITHIN: Duration = Duration::from_secs(75);
/// How long to wait after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long answers may take to leave once the server is told to stop.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// A server on a port of its own. Dropping it tells it to stop and waits for nothing; [`MockServer::shutdown`] waits.
#[derive(Debug)]
pub struct MockServer {
    address: SocketAddr,
    state: Arc<AppState>,
    /// Dropped to stop.
    running: watch::Sender<()>,
    serving: JoinHandle<()>,
}

impl MockServer {
    /// The token where none is given. It opens nothing but this.
    pub const TOKEN: &'static str = "mock-token";

    /// A server of made-up instances on a free loopback port, unless told otherwise.
    #[must_use]
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder::new()
    }

    /// `http://127.0.0.1:PORT`, what a client takes as endpoint.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Does something with the cloud: look into it, or change it. No call is served meanwhile.
    pub fn with_cloud<R>(&self, act: impl FnOnce(&mut Cloud) -> R) -> R {
        self.state.with_world(|world| act(&mut world.cloud))
    }

    /// What has truly happened so far.
    #[must_use]
    pub fn truth(&self) -> Truth {
        let now = self.state.now();
        self.with_cloud(|cloud| cloud.truth(now))
    }

    /// Every instance, in the order of the ids.
    #[must_use]
    pub fn ids(&self) -> Vec<InstanceId> {
        self.with_cloud(|cloud| cloud.ids().collect())
    }

    /// Adds a fault rule after those that are there.
    pub fn arm(&self, rule: FaultRule) -> RuleId {
        self.state.with_world(|world| world.arm(rule))
    }

    /// How many calls a rule has hit.
    #[must_use]
    pub fn hits(&self, rule: RuleId) -> u32 {
        self.state.with_world(|world| world.faults.hits(rule))
    }

    /// What the routes share.
    #[must_use]
    pub fn state(&self) -> &Arc<AppState> {
        &self.state
    }

    /// Stops: takes no new connection, lets answers that are on their way leave for up to two seconds, breaks off the rest.
    pub async fn shutdown(self) {
        drop(self.running);
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the accept loop broke");
        }
    }
}

/// Returns once the server is gone or told to stop.
async fn stopped(stop: &mut watch::Receiver<()>) {
    // Nothing is ever sent; the error says that the sender was dropped.
    while stop.changed().await.is_ok() {}
}

async fn accept(listener: TcpListener, app: Router, clock: Clock, mut stop: watch::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve_connection(stream, app.clone(), stop.clone()));
                }
                // Out of file handles, mostly: trying again at once would only keep a core busy.
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    clock.sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_WITHIN, drained).await.is_err() {
        tracing::debug!("connections are broken off");
    }
    connections.shutdown().await;
}

async fn serve_connection(stream: TcpStream, app: Router, mut stop: watch::Receiver<()>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot switch off Nagle's algorithm");
    }
    let fate = Arc::new(Fate::default());
    let io = TokioIo::new(FragileStream::new(stream, Arc::clone(&fate)));
    let hung = stop.clone();
    let service = service_fn(move |request| answer(app.clone(), request, Arc::clone(&fate), hung.clone()));
    let connection =
        http1::Builder::new().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Asks the router, and sees to it that the answer is delivered the way it should be.
async fn answer(
    app: Router,
    request: Request<Incoming>,
    fate: Arc<Fate>,
    mut stop: watch::Receiver<()>,
) -> io::Result<Response<Body>> {
    let Ok(response) = app.oneshot(request.map(Body::new)).await;
    let delivery = response.extensions().get::<Delivery>().copied();
    match delivery.unwrap_or(Delivery::Whole) {
        Delivery::Broken { how: Break::Hang, .. } => {
            stopped(&mut stop).await;
            Err(io::ErrorKind::ConnectionAborted.into())
        }
        delivery @ (Delivery::Whole
        | Delivery::Broken { .. }
        | Delivery::Dripped { .. }
        | Delivery::Malformed { .. }) => {
            fate.arm(delivery);
            Ok(response)
        }
    }
}

#[cfg(test)]
mod tests;
