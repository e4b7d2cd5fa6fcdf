//! What a server is told before it starts. Whatever is not told has a default.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use reinstall_core::id::{InstanceId, ProjectId};
use reinstall_core::lifecycle::LifeCycle;
use reinstall_core::secret::SessionToken;
use reinstall_http::clock::Clock;
use reinstall_http::sign::key::AccessKey;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::front::Front;
use super::port::Port;
use super::{Limits, MockServer, Tls};
use crate::app::{AppState, admin_api, api};
use crate::args::load_fleet;
use crate::clock::{ClockMode, Skew};
use crate::cloud::config::{CloudConfig, FleetConfig};
use crate::fault::FaultRule;
use crate::hosts::Hosts;
use crate::iam::IamUser;
use crate::limit::Limit;
use crate::scenario::Draft;
use crate::worlds::{WorldPlan, Worlds};

/// What a server is made from.
#[derive(Debug, Clone)]
pub struct MockServerBuilder {
    token: SessionToken,
    access_keys: Vec<AccessKey>,
    iam_users: Vec<IamUser>,
    listen: SocketAddr,
    admin_listen: Option<SocketAddr>,
    tls: Option<Tls>,
    limits: Limits,
    plan: WorldPlan,
    makes_worlds: bool,
    hosts: Option<Vec<String>>,
    admin_token: Option<SessionToken>,
    explains_signatures: bool,
    instead: Option<Router>,
}

impl MockServerBuilder {
    #[expect(clippy::expect_used, reason = "constants, which a test reads")]
    pub(super) fn new() -> Self {
        let project = CloudConfig::PROJECT.parse().expect("a well-formed project id");
        Self {
            plan: WorldPlan::new(CloudConfig::generated(project, 100)),
            token: SessionToken::parse(MockServer::TOKEN).expect("a well-formed token"),
            access_keys: Vec::new(),
            iam_users: Vec::new(),
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            admin_listen: None,
            tls: None,
            limits: Limits::default(),
            makes_worlds: false,
            hosts: Some(Vec::new()),
            admin_token: None,
            explains_signatures: false,
            instead: None,
        }
    }

    /// The project whose instances there are; [`CloudConfig::PROJECT`] if not told.
    #[must_use]
    pub fn project(mut self, project: ProjectId) -> Self {
        self.plan.cloud.project = project;
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

    /// What the project is called; [`IamConfig::PROJECT_NAME`](crate::iam::IamConfig::PROJECT_NAME) if not told.
    #[must_use]
    pub fn project_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.plan.iam.project_name);
        self
    }

    /// How long the tokens live that IAM hands out, and say they do; [`IamConfig::TOKEN_LIFE`](crate::iam::IamConfig::TOKEN_LIFE) if not told. The one of
    /// [`token`](Self::token) never dies.
    #[must_use]
    pub fn token_life(mut self, life: Duration) -> Self {
        self.plan.iam.token_life = life;
        self
    }

    /// How long they really live, if that is shorter: they are revoked without a word.
    #[must_use]
    pub fn token_dies_after(mut self, life: Duration) -> Self {
        self.plan.iam.token_dies_after = Some(life);
        self
    }

    /// How far the server's clock is ahead of this machine's; not at all if not told. Its answers are dated by it.
    #[must_use]
    pub fn clock_ahead(mut self, by: Duration) -> Self {
        self.plan.skew = Skew::Ahead(by);
        self
    }

    /// How far the server's clock is behind this machine's, instead.
    #[must_use]
    pub fn clock_behind(mut self, by: Duration) -> Self {
        self.plan.skew = Skew::Behind(by);
        self
    }

    /// So many made-up instances; 100 if not told.
    #[must_use]
    pub fn instances(mut self, count: u32) -> Self {
        self.plan.cloud.fleet = FleetConfig::Generated(count);
        self
    }

    /// How long a reinstall takes; a minute if not told.
    #[must_use]
    pub fn reinstall_takes(mut self, duration: Duration) -> Self {
        self.plan.cloud.reinstall_takes = duration;
        self
    }

    /// Which of the documents `state` follows; the prose if not told.
    #[must_use]
    pub fn life_cycle(mut self, life_cycle: LifeCycle) -> Self {
        self.plan.cloud.life_cycle = life_cycle;
        self
    }

    /// Where all chance comes from; 0 if not told.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.plan.cloud.seed = seed;
        self
    }

    /// Everything else about the cloud.
    #[must_use]
    pub fn config(mut self, change: impl FnOnce(&mut CloudConfig)) -> Self {
        change(&mut self.plan.cloud);
        self
    }

    /// A fault rule, after those already given.
    #[must_use]
    pub fn fault(mut self, rule: FaultRule) -> Self {
        self.plan.faults.push(rule);
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

    /// Everything about the worlds: what was told about them before is forgotten.
    #[must_use]
    pub fn plan(mut self, plan: WorldPlan) -> Self {
        self.plan = plan;
        self
    }

    /// What a [scenario](crate::scenario) says, as YAML or JSON; where it says nothing of the fleet, the seed or the project, what
    /// was told before holds.
    ///
    /// # Errors
    /// Everything that speaks against it, each with its line.
    pub fn scenario(mut self, text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let draft = Draft::parse(text, "scenario");
        let scenario = draft.check(None)?;
        let mut plan = scenario.plan(&load_fleet)?;
        let told = self.plan.cloud;
        if scenario.fleet.is_none() {
            plan.cloud.fleet = told.fleet;
        }
        if scenario.seed.is_none() {
            plan.cloud.seed = told.seed;
        }
        if scenario.project_id.is_none() {
            plan.cloud.project = told.project;
        }
        self.makes_worlds |= scenario.makes_worlds();
        self.plan = plan;
        Ok(self)
    }

    /// How time goes by; as everybody's if not told.
    #[must_use]
    pub fn clock(mut self, mode: ClockMode) -> Self {
        self.plan.clock = mode;
        self
    }

    /// A limit on calls, after those already given; there is none if not told.
    #[must_use]
    pub fn rate_limit(mut self, limit: Limit) -> Self {
        self.plan.limits.push(limit);
        self
    }

    /// Whom a client may reinstall, to be acquitted; everybody if not told.
    #[must_use]
    pub fn allowed(mut self, ids: impl IntoIterator<Item = InstanceId>) -> Self {
        self.plan.allowed = Some(ids.into_iter().collect());
        self
    }

    /// Whether a call for an unknown project makes a world for it; not if not told.
    #[must_use]
    pub fn makes_worlds(mut self, makes: bool) -> Self {
        self.makes_worlds = makes;
        self
    }

    /// By which names it may be called beside those of loopback, as long as it listens on a loopback address; `None` for any.
    #[must_use]
    pub fn hosts(mut self, others: Option<Vec<String>>) -> Self {
        self.hosts = others;
        self
    }

    /// What admin calls need as `Authorization: Bearer`; nothing if not told.
    #[must_use]
    pub fn admin_token(mut self, token: SessionToken) -> Self {
        self.admin_token = Some(token);
        self
    }

    /// Whether each client is told why its signature was refused; otherwise those are who send `X-Mock-Explain`.
    #[must_use]
    pub fn explains_signatures(mut self, explains: bool) -> Self {
        self.explains_signatures = explains;
        self
    }

    /// Serves this in place of the mock cloud, on the same guarded sockets, with the calls for testers beside it.
    #[must_use]
    pub fn instead(mut self, service: Router) -> Self {
        self.instead = Some(service);
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
        let mut plan = self.plan;
        if !self.iam_users.is_empty() {
            plan.iam.users = self.iam_users;
        }
        let clock = Clock::start();
        let hosts = match self.hosts {
            Some(others) if address.ip().is_loopback() => Hosts::Loopback(others),
            Some(_) | None => Hosts::Any,
        };
        let worlds = Worlds::planned(plan, self.makes_worlds, clock.now());
        let told = clock.clone();
        let state = AppState::of(worlds, self.token, move || told.now())
            .with_access_keys(self.access_keys)
            .with_hosts(hosts)
            .with_admin_token(self.admin_token)
            .explaining_signatures(self.explains_signatures);
        let state = Arc::new(state);
        let (running, stop) = watch::channel(());
        let acceptor = self.tls.as_ref().map(Tls::acceptor);
        let port = |(listener, front)| Port {
            listener,
            front,
            tls: acceptor.clone(),
            limits: self.limits,
            clock: clock.clone(),
        };
        let ports = match (admin_listener, self.instead) {
            (Some(admin), service) => {
                let service = service.unwrap_or_else(|| api(Arc::clone(&state)));
                vec![(listener, Front::Whole(service)), (admin, Front::Whole(admin_api(&state)))]
            }
            (None, Some(service)) => vec![(listener, Front::Whole(admin_api(&state).merge(service)))],
            (None, None) => vec![(listener, Front::Beside(Arc::clone(&state), admin_api(&state)))],
        };
        let ports = ports.into_iter().map(port);
        let serving = ports.map(|port| tokio::spawn(port.serve(stop.clone()))).collect();
        Ok(MockServer { address, admin_address, tls: self.tls, state, running, serving })
    }
}
