//! The cloud as an HTTP service, without a socket: a router over shared state.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::DATE;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::Response;
use reinstall_core::id::ProjectId;
use reinstall_core::secret::SessionToken;
use reinstall_core::time::Timestamp;
use reinstall_http::sign::key::AccessKey;
use reinstall_http::wire::error::REQUEST_ID;

use crate::cloud::draw_nth;
use crate::routes;
use crate::world::World;

/// What the routes share: the world, what opens it, and the time.
pub struct AppState {
    project: ProjectId,
    world: Mutex<World>,
    token: SessionToken,
    access_keys: Vec<AccessKey>,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    seed: u64,
    requests: AtomicU64,
}

impl AppState {
    /// The state of one server. `clock` is asked whenever the time matters; a test may hand in any.
    pub fn new(world: World, token: SessionToken, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self {
            seed: world.cloud.seed(),
            project: world.cloud.project().clone(),
            world: Mutex::new(world),
            token,
            access_keys: Vec::new(),
            clock: Box::new(clock),
            requests: AtomicU64::new(0),
        }
    }

    /// The state of a server that these keys open as well.
    #[must_use]
    pub fn with_access_keys(self, access_keys: Vec<AccessKey>) -> Self {
        Self { access_keys, ..self }
    }

    /// Does something with the world. No call is served meanwhile, so it should be short.
    pub fn with_world<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        // A panic of a test's closure does not make the world wrong.
        act(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What time it is for this server.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(crate) fn project(&self) -> &ProjectId {
        &self.project
    }

    pub(crate) fn token(&self) -> &SessionToken {
        &self.token
    }

    pub(crate) fn access_keys(&self) -> &[AccessKey] {
        &self.access_keys
    }

    /// A name for the next request: unlike any other of this server, and the same from run to run.
    fn name_request(&self) -> RequestName {
        let nth = self.requests.fetch_add(1, Ordering::Relaxed);
        let (high, low) = (draw_nth(self.seed, nth, "request"), draw_nth(self.seed, nth, "request id"));
        RequestName(format!("{high:016x}{low:016x}"))
    }
}

impl fmt::Debug for AppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppState").field("seed", &self.seed).finish_non_exhaustive()
    }
}

/// What `X-Request-Id` says.
#[derive(Debug, Clone)]
pub(crate) struct RequestName(pub(crate) String);

/// The service. An answer that a fault rule wants lost, cut or never sent carries its
/// [`Delivery`](crate::delivery::Delivery) as an extension: [`serve`](crate::serve) obeys it on the socket, and whoever calls
/// the router without one has to look there.
pub fn app(state: Arc<AppState>) -> Router {
    routes::router(&state).layer(middleware::from_fn_with_state(Arc::clone(&state), stamp)).with_state(state)
}

/// Gives each request a name, and dates each answer by this server's own clock.
async fn stamp(State(state): State<Arc<AppState>>, mut request: Request, next: Next) -> Response {
    let name = state.name_request();
    let header = HeaderValue::from_str(&name.0);
    request.extensions_mut().insert(name);
    let mut response = next.run(request).await;
    if let Ok(value) = header {
        response.headers_mut().insert(HeaderName::from_static(REQUEST_ID), value);
    }
    if let Some(value) = http_date(state.now()) {
        response.headers_mut().insert(DATE, value);
    }
    response
}

/// The form of `Date`; `None` for a moment in a year of more than four digits.
fn http_date(at: Timestamp) -> Option<HeaderValue> {
    /// 10000-01-01T00:00:00Z
    const END: Timestamp = Timestamp::from_millis(253_402_300_800_000);
    let at = (at < END).then(|| UNIX_EPOCH + Duration::from_millis(at.as_millis()))?;
    HeaderValue::from_str(&httpdate::fmt_http_date(at)).ok()
}

#[cfg(test)]
mod tests;
