//! The service on a socket. An accept loop of our own, for two reasons: half-sent headers must not stay open for ever, and
//! an answer must be losable after the call took hold.

mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use reinstall_core::id::{InstanceId, ProjectId};
use reinstall_core::lifecycle::LifeCycle;
use reinstall_core::secret::SessionToken;
use reinstall_core::time::Timestamp;
use reinstall_http::clock::Clock;
use reinstall_http::sign::key::AccessKey;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt;

use self::wire::{Fate, FragileStream};
use crate::app::{AppState, app};
use crate::cloud::Cloud;
use crate::cloud::config::{CloudConfig, FleetConfig};
use crate::cloud::truth::Truth;
use crate::fault::{FaultRule, RuleId};
use crate::iam::{IamConfig, IamUser};
use crate::world::{Delivery, World};

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

/// How far a server's clock is off this machine's.
#[derive(Debug, Clone, Copy)]
enum ClockOffset {
    Ahead(Duration),
    Behind(Duration),
}

impl ClockOffset {
    fn of(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ahead(by) => now + by,
            Self::Behind(by) => now - by,
        }
    }
}

/// What a server is made from.
#[derive(Debug, Clone)]
pub struct MockServerBuilder {
    config: CloudConfig,
    token: SessionToken,
    access_keys: Vec<AccessKey>,
    clock: ClockOffset,
    iam: IamConfig,
    iam_users: Vec<IamUser>,
    listen: SocketAddr,
    faults: Vec<FaultRule>,
}

impl MockServer {
    /// The token where none is given. It opens nothing but this.
    pub const TOKEN: &'static str = "mock-token";

    /// A server of made-up instances on a free loopback port, unless told otherwise.
    #[must_use]
    #[expect(clippy::expect_used, reason = "constants, which a test reads")]
    pub fn builder() -> MockServerBuilder {
        let project = CloudConfig::PROJECT.parse().expect("a well-formed project id");
        MockServerBuilder {
            config: CloudConfig::generated(project, 100),
            token: SessionToken::parse(Self::TOKEN).expect("a well-formed token"),
            access_keys: Vec::new(),
            clock: ClockOffset::Ahead(Duration::ZERO),
            iam: IamConfig::default(),
            iam_users: Vec::new(),
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            faults: Vec::new(),
        }
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

impl MockServerBuilder {
    /// The project whose instances there are; [`CloudConfig::PROJECT`] if not told.
    #[must_use]
    pub fn project(mut self, project: ProjectId) -> Self {
        self.config.project = project;
        self
    }

    /// What `X-Auth-Token` may always say, beside the tokens that IAM hands out; [`MockServer::TOKEN`] if not told.
    #[must_use]
    pub fn token(mut self, token: SessionToken) -> Self {
        self.token = token;
        self
    }

    /// An access key whose signatures are accepted, after those already given; none is if not told. The token is good beside
    /// it.
    #[must_use]
    pub fn access_key(mut self, key: AccessKey) -> Self {
        self.access_keys.push(key);
        self
    }

    /// A user that IAM knows, after those already given; if none is given, [`IamUser::demo`]. The project belongs to the
    /// account of the first.
    #[must_use]
    pub fn iam_user(mut self, user: IamUser) -> Self {
        self.iam_users.push(user);
        self
    }

    /// What the project is called; [`IamConfig::PROJECT_NAME`] if not told.
    #[must_use]
    pub fn project_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.iam.project_name);
        self
    }

    /// How long the tokens live that IAM hands out, and say they do; [`IamConfig::TOKEN_LIFE`] if not told. The one of
    /// [`token`](Self::token) never dies.
    #[must_use]
    pub fn token_life(mut self, life: Duration) -> Self {
        self.iam.token_life = life;
        self
    }

    /// How long they really live, if that is shorter: they are revoked without a word.
    #[must_use]
    pub fn token_dies_after(mut self, life: Duration) -> Self {
        self.iam.token_dies_after = Some(life);
        self
    }

    /// How far the server's clock is ahead of this machine's; not at all if not told. Its answers are dated by it.
    #[must_use]
    pub fn clock_ahead(mut self, by: Duration) -> Self {
        self.clock = ClockOffset::Ahead(by);
        self
    }

    /// How far the server's clock is behind this machine's, instead.
    #[must_use]
    pub fn clock_behind(mut self, by: Duration) -> Self {
        self.clock = ClockOffset::Behind(by);
        self
    }

    /// So many made-up instances; 100 if not told.
    #[must_use]
    pub fn instances(mut self, count: u32) -> Self {
        self.config.fleet = FleetConfig::Generated(count);
        self
    }

    /// How long a reinstall takes; a minute if not told.
    #[must_use]
    pub fn reinstall_takes(mut self, duration: Duration) -> Self {
        self.config.reinstall_takes = duration;
        self
    }

    /// Which of the documents `state` follows; the prose if not told.
    #[must_use]
    pub fn life_cycle(mut self, life_cycle: LifeCycle) -> Self {
        self.config.life_cycle = life_cycle;
        self
    }

    /// Where all chance comes from; 0 if not told.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = seed;
        self
    }

    /// Everything else about the cloud.
    #[must_use]
    pub fn config(mut self, change: impl FnOnce(&mut CloudConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// A fault rule, after those already given.
    #[must_use]
    pub fn fault(mut self, rule: FaultRule) -> Self {
        self.faults.push(rule);
        self
    }

    /// Where to listen; port 0 picks a free one. Keeping this on loopback is the caller's part.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Binds the port and serves from a task of the current runtime.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub async fn start(self) -> io::Result<MockServer> {
        let listener = TcpListener::bind(self.listen).await?;
        let address = listener.local_addr()?;
        let mut iam = self.iam;
        if !self.iam_users.is_empty() {
            iam.users = self.iam_users;
        }
        let mut world = World::new(Cloud::new(self.config)).with_iam(iam);
        for rule in self.faults {
            world.arm(rule);
        }
        let clock = Clock::start();
        let told = clock.clone();
        let offset = self.clock;
        let state = AppState::new(world, self.token, move || offset.of(told.now())).with_access_keys(self.access_keys);
        let state = Arc::new(state);
        let (running, stop) = watch::channel(());
        let serving = tokio::spawn(accept(listener, app(Arc::clone(&state)), clock, stop));
        Ok(MockServer { address, state, running, serving })
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
        Delivery::Never => {
            stopped(&mut stop).await;
            Err(io::ErrorKind::ConnectionAborted.into())
        }
        delivery @ (Delivery::Whole | Delivery::Cut { .. } | Delivery::Closed | Delivery::Reset) => {
            fate.arm(delivery);
            Ok(response)
        }
    }
}

#[cfg(test)]
mod tests;
