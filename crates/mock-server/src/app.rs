//! The cloud as an HTTP service, without a socket: a router over shared state.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use reinstall_core::secret::SessionToken;
use reinstall_core::time::Timestamp;
use reinstall_http::sign::key::AccessKey;

use crate::cloud::draw_nth;
use crate::exchange::RequestName;
use crate::hosts::Hosts;
use crate::world::World;
use crate::worlds::{Place, Worlds};
use crate::{admin, pipeline};

/// What every call shares: the worlds, what opens them, and the time.
pub struct AppState {
    worlds: Worlds,
    keyring: Keyring,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    hosts: Hosts,
    admin_token: Option<SessionToken>,
    explains_signatures: bool,
    seed: u64,
    requests: AtomicU64,
}

/// What opens every world of a server, beside the tokens that its IAM hands out.
#[derive(Debug, Clone)]
pub struct Keyring {
    /// What `X-Auth-Token` may always say.
    pub token: SessionToken,
    /// The keys that may sign.
    pub access_keys: Vec<AccessKey>,
}

impl AppState {
    /// The state of a server of one world. `clock` is asked whenever the time matters; a test may hand in any.
    pub fn new(world: World, token: SessionToken, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self::of(Worlds::of(world), token, clock)
    }

    /// The state of a server of these worlds.
    pub fn of(worlds: Worlds, token: SessionToken, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self {
            seed: worlds.seed(),
            worlds,
            keyring: Keyring { token, access_keys: Vec::new() },
            clock: Box::new(clock),
            hosts: Hosts::Any,
            admin_token: None,
            explains_signatures: false,
            requests: AtomicU64::new(0),
        }
    }

    /// The state of a server that these keys open as well.
    #[must_use]
    pub fn with_access_keys(mut self, access_keys: Vec<AccessKey>) -> Self {
        self.keyring.access_keys = access_keys;
        self
    }

    /// The state of a server that answers to these names only.
    #[must_use]
    pub fn with_hosts(self, hosts: Hosts) -> Self {
        Self { hosts, ..self }
    }

    /// The state of a server whose admin calls need this token, as `Authorization: Bearer`.
    #[must_use]
    pub fn with_admin_token(self, token: Option<SessionToken>) -> Self {
        Self { admin_token: token, ..self }
    }

    /// The state of a server that tells each client why its signature was refused, in the header `X-Mock-Diagnosis`. Otherwise
    /// it tells those who send `X-Mock-Explain: 1`.
    #[must_use]
    pub fn explaining_signatures(self, explains: bool) -> Self {
        Self { explains_signatures: explains, ..self }
    }

    /// The worlds.
    #[must_use]
    pub fn worlds(&self) -> &Worlds {
        &self.worlds
    }

    /// Does something with the world that the server was started with. No call is served meanwhile, so it should be short.
    pub fn with_world<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        self.worlds.first().with(act)
    }

    /// What time it is in the world that the server was started with.
    pub fn now(&self) -> Timestamp {
        self.now_in(self.worlds.first())
    }

    /// What time it is in a world.
    pub fn now_in(&self, place: &Place) -> Timestamp {
        let real = self.real_now();
        place.with(|world| world.clock.now(real))
    }

    /// What this machine's clock says, or what a test says in its place.
    pub fn real_now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(crate) const fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    pub(crate) const fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    pub(crate) const fn admin_token(&self) -> Option<&SessionToken> {
        self.admin_token.as_ref()
    }

    pub(crate) const fn explains_signatures(&self) -> bool {
        self.explains_signatures
    }

    /// A name for the next request: unlike any other of this server, and the same from run to run.
    pub(crate) fn name_request(&self) -> RequestName {
        let nth = self.requests.fetch_add(1, Ordering::Relaxed);
        let high = draw_nth(self.seed, nth, "req");
        RequestName(u128::from(high) << 64 | u128::from(crate::cloud::mix(high ^ nth)))
    }
}

impl fmt::Debug for AppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppState").field("seed", &self.seed).finish_non_exhaustive()
    }
}

/// The service, with what is for testers under `/_mock/`. An answer that a fault rule wants lost, cut or never sent carries its
/// [`Delivery`](crate::delivery::Delivery) as an extension: [`serve`](crate::serve) obeys it on the socket, and whoever calls
/// the router without one has to look there.
pub fn app(state: Arc<AppState>) -> Router {
    admin::router(&state).merge(api(state))
}

/// The service alone, without what is for testers.
pub fn api(state: Arc<AppState>) -> Router {
    Router::new().fallback(pipeline::answer).with_state(state)
}

/// What is for testers alone.
pub fn admin_api(state: &Arc<AppState>) -> Router {
    admin::router(state)
}

#[cfg(test)]
mod tests;
