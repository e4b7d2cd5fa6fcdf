//! The course of one call: what is at its address, which world it is for, what happens to it on its way, who sends it, what it
//! wants, and what comes of it. Nothing is decided here but what an address, a header and a body mean.

mod address;
mod admission;
mod body;
mod iam_reply;
mod list_reply;
mod open;
pub(crate) mod reply;
mod stamp;
mod visit;
mod written;

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::response::Response;

use self::address::Address;
use self::reply::{Gateway, gateway};
use self::stamp::Stamp;
use self::visit::Visit;
use crate::app::AppState;
use crate::operation::ApiOperation;
use crate::serve::Peer;
use crate::worlds::Place;

/// The most bytes of a request's body; the largest permitted reinstall request has about 2 KiB.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;

/// Names the world that a call of IAM is for, where neither its token nor its project tells.
pub(crate) const WORLD: &str = "x-mock-world";

/// An answer to a tester, dated and marked like all others.
pub(crate) fn stamped(mut response: Response, now: reinstall_core::time::Timestamp) -> Response {
    stamp::mark(&mut response, now);
    response
}

/// An instance as the list call spells it.
pub(crate) use self::list_reply::list_row;
pub(crate) use self::written::WrittenRows;

/// Answers whatever comes through a router.
pub(crate) async fn answer(State(state): State<Arc<AppState>>, request: Request) -> Response {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    answer_from(&state, peer, request).await
}

/// Answers whatever comes from there.
pub(crate) async fn answer_from(state: &Arc<AppState>, peer: Option<IpAddr>, request: Request) -> Response {
    let (name, real) = (state.name_request(), state.real_now());
    let (parts, body) = request.into_parts();
    if !state.hosts().permits(parts.headers.get(HOST).map(axum::http::HeaderValue::as_bytes)) {
        let stamp = Stamp { name, is_iam: false };
        return stamp.on(gateway(&Gateway::Misdirected, name), state.now());
    }
    course(state, name, real, peer, &parts, body).await
}

async fn course(
    state: &Arc<AppState>,
    name: crate::exchange::RequestName,
    real: reinstall_core::time::Timestamp,
    peer: Option<IpAddr>,
    parts: &Parts,
    body: Body,
) -> Response {
    let address = Address::of(&parts.method, parts.uri.path());
    let visit = |place: Arc<Place>| Visit::new(state, place, name, real, peer);
    match address {
        Address::Cloud { project, operation, kind, resource } => match state.worlds().find(project) {
            Some(place) => visit(place).cloud(operation, (kind, resource), parts, body).await,
            None => {
                visit(Arc::clone(state.worlds().first()))
                    .elsewhere(project, operation, (kind, resource), parts, body)
                    .await
            }
        },
        Address::Iam(operation) => visit(iam_world(state, operation, parts)).iam(operation, parts, body).await,
        Address::Nowhere => visit(Arc::clone(state.worlds().first())).nowhere(None),
    }
}

/// The world that a call of IAM is for: the one that is named, that handed out the token, or that has the project's name; else
/// the first. A request for a token is looked into later: its body tells.
fn iam_world(state: &AppState, operation: ApiOperation, parts: &Parts) -> Arc<Place> {
    let worlds = state.worlds();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let named = header(WORLD).and_then(|project| worlds.find(project));
    let holds = |place: &Arc<Place>, token: &str| place.with(|world| world.iam.knows(token.as_bytes()));
    let by_token = || {
        let token = header("x-auth-token").filter(|_| operation != ApiOperation::KeystoneCreateUserTokenByPassword)?;
        worlds.all().into_iter().find(|place| holds(place, token))
    };
    let by_name = || {
        let query = parts.uri.query().filter(|_| operation == ApiOperation::KeystoneListProjects)?;
        let name = query.split('&').find_map(|pair| pair.strip_prefix("name="))?;
        worlds.find(name)
    };
    named.or_else(by_token).or_else(by_name).unwrap_or_else(|| Arc::clone(worlds.first()))
}
