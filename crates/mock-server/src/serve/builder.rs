//! What a server is told before it starts. Whatever is not told has a default.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reinstall_core::id::ProjectId;
use reinstall_core::lifecycle::LifeCycle;
use reinstall_core::secret::SessionToken;
use reinstall_core::time::Timestamp;
use reinstall_http::clock::Clock;
use reinstall_http::sign::key::AccessKey;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::port::Port;
use super::{Limits, MockServer, Tls};
use crate::app::{AppState, app};
use crate::cloud::Cloud;
use crate::cloud::config::{CloudConfig, FleetConfig};
use crate::fault::FaultRule;
use crate::iam::{IamConfig, IamUser};
use crate::world::World;

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
    admin_listen: Option<SocketAddr>,
    tls: Option<Tls>,
    limits: Limits,
    faults: Vec<FaultRule>,
}

impl MockServerBuilder {
    #[expect(clippy::expect_used, reason = "constants, which a test reads")]
    pub(super) fn new() -> Self {
        let project = CloudConfig::PROJECT.parse().expect("a well-formed project id");
        Self {
            config: CloudConfig::generated(project, 100),
            token: SessionToken::parse(MockServer::TOKEN).expect("a well-formed token"),
            access_keys: Vec::new(),
            clock: ClockOffset::Ahead(Duration::ZERO),
            iam: IamConfig::default(),
            iam_users: Vec::new(),
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            admin_listen: None,
            tls: None,
            limits: Limits::default(),
            faults: Vec::new(),
        }
    }

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

    /// Where the admin API listens, if not where everything else does; port 0 picks a free one. Keeping this on loopback is
    /// the caller's part.
    #[must_use]
    pub fn admin_listen(mut self, address: SocketAddr) -> Self {
        self.admin_listen = Some(address);
        self
    }

    /// How to speak TLS, on every address; plain HTTP if not told.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// How much clients may have, on each address.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Binds the port and serves from a task of the current runtime.
    ///
    /// # Errors
    /// If an address cannot be bound.
    pub async fn start(self) -> io::Result<MockServer> {
        let listener = TcpListener::bind(self.listen).await?;
        let address = listener.local_addr()?;
        let admin_listener = match self.admin_listen {
            Some(address) => Some(TcpListener::bind(address).await?),
            None => None,
        };
        let admin_address = admin_listener.as_ref().map(TcpListener::local_addr).transpose()?;
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
        let acceptor = self.tls.as_ref().map(Tls::acceptor);
        let port = |listener| Port {
            listener,
            app: app(Arc::clone(&state)),
            tls: acceptor.clone(),
            limits: self.limits,
            clock: clock.clone(),
        };
        let ports = [Some(listener), admin_listener].into_iter().flatten().map(port);
        let serving = ports.map(|port| tokio::spawn(port.serve(stop.clone()))).collect();
        Ok(MockServer { address, admin_address, tls: self.tls, state, running, serving })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_off_in_either_direction() {
        let now = Timestamp::from_millis(10_000);
        let by = Duration::from_secs(3);
        for (offset, millis) in [
            (ClockOffset::Ahead(Duration::ZERO), 10_000),
            (ClockOffset::Ahead(by), 13_000),
            (ClockOffset::Behind(by), 7_000),
            (ClockOffset::Behind(by * 9), 0),
        ] {
            assert_eq!(offset.of(now), Timestamp::from_millis(millis), "{offset:?}");
        }
    }
}
