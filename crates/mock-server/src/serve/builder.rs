//! What a server is told before it starts. Whatever is not told has a default.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reinstall_core::id::ProjectId;
use reinstall_core::lifecycle::LifeCycle;
use reinstall_core::secret::SessionToken;
use reinstall_http::clock::Clock;
use reinstall_http::sign::key::AccessKey;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{MockServer, accept};
use crate::app::{AppState, app};
use crate::clock::Skew;
use crate::cloud::config::{CloudConfig, FleetConfig};
use crate::fault::FaultRule;
use crate::iam::{IamConfig, IamUser};
use crate::worlds::{WorldPlan, Worlds};

/// What a server is made from.
#[derive(Debug, Clone)]
pub struct MockServerBuilder {
    config: CloudConfig,
    token: SessionToken,
    access_keys: Vec<AccessKey>,
    skew: Skew,
    iam: IamConfig,
    iam_users: Vec<IamUser>,
    listen: SocketAddr,
    faults: Vec<FaultRule>,
    /// What else its worlds are made from.
    plan: WorldPlan,
    makes_worlds: bool,
}

impl MockServerBuilder {
    #[expect(clippy::expect_used, reason = "constants, which a test reads")]
    pub(super) fn new() -> Self {
        let project = CloudConfig::PROJECT.parse().expect("a well-formed project id");
        let config = CloudConfig::generated(project, 100);
        Self {
            plan: WorldPlan::new(config.clone()),
            makes_worlds: false,
            config,
            token: SessionToken::parse(MockServer::TOKEN).expect("a well-formed token"),
            access_keys: Vec::new(),
            skew: Skew::default(),
            iam: IamConfig::default(),
            iam_users: Vec::new(),
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
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
        self.skew = Skew::Ahead(by);
        self
    }

    /// How far the server's clock is behind this machine's, instead.
    #[must_use]
    pub fn clock_behind(mut self, by: Duration) -> Self {
        self.skew = Skew::Behind(by);
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

    /// All that its worlds are made from, in place of whatever was told of that before.
    #[must_use]
    pub fn plan(mut self, plan: WorldPlan) -> Self {
        self.config = plan.cloud.clone();
        self.iam = plan.iam.clone();
        self.iam_users = Vec::new();
        self.skew = plan.skew;
        self.faults.clone_from(&plan.faults);
        self.plan = plan;
        self
    }

    /// Whether a call for an unknown project makes a world for it; it does not if not told.
    #[must_use]
    pub fn worlds_auto(mut self, makes_worlds: bool) -> Self {
        self.makes_worlds = makes_worlds;
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
        let clock = Clock::start();
        let plan = WorldPlan { cloud: self.config, iam, skew: self.skew, faults: self.faults, ..self.plan };
        let worlds = Worlds::planned(plan, self.makes_worlds, clock.now());
        let told = clock.clone();
        let state = AppState::of(worlds, self.token, move || told.now()).with_access_keys(self.access_keys);
        let state = Arc::new(state);
        let (running, stop) = watch::channel(());
        let serving = tokio::spawn(accept(listener, app(Arc::clone(&state)), clock, stop));
        Ok(MockServer { address, state, running, serving })
    }
}
