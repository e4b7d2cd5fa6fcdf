//! For those who test a client: what truly happened, what goes wrong, what time it is. Not part of the provider's API; the
//! document at `/_mock/openapi/admin.json` describes it.
//!
//! Whatever is about one world takes `?world=PROJECT_ID`; without it, the world that the server was started with is meant.

mod arrange;
mod clock;
mod documents;
mod events;
mod faults;
mod guard;
mod health;
mod log;
mod metrics;
mod problem;
mod verdict;
mod worlds;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Query;
use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{delete, get, post, put};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use self::problem::Problem;
use crate::app::AppState;
use crate::pipeline::reply;
use crate::worlds::Place;

/// The most bytes of a body: room for the ids of a hundred thousand instances.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What a handler answers with.
type Told = Result<Response, Problem>;

/// The calls for testers.
pub(crate) fn router(state: &Arc<AppState>) -> Router {
    Router::new()
        .route("/_mock/enforced", get(health::enforced))
        .route("/_mock/truth", get(verdict::truth))
        .route("/_mock/instances", get(arrange::list))
        .route("/_mock/grid", get(arrange::grid))
        .route("/_mock/instances/{id}", get(arrange::show).patch(arrange::change))
        .route("/_mock/clock", get(clock::show).put(clock::set))
        .route("/_mock/clock/advance", post(clock::advance))
        .route("/_mock/clock/next", post(clock::next))
        .route("/_mock/clock/idle", post(clock::idle))
        .route("/_mock/faults", get(faults::list).post(faults::arm).delete(faults::clear))
        .route("/_mock/faults/{id}", delete(faults::disarm))
        .route("/_mock/limits", get(faults::limits).put(faults::set_limits))
        .route("/_mock/log", get(log::select))
        .route("/_mock/log/count", get(log::count))
        .route("/_mock/wait", post(log::wait))
        .route("/_mock/unread", get(log::unread))
        .route("/_mock/verdict", get(verdict::show))
        .route("/_mock/verdict/allowed", put(verdict::allow))
        .route("/_mock/verdict/rate", put(verdict::rate))
        .route("/_mock/worlds", get(worlds::list).post(worlds::make))
        .route("/_mock/worlds/{project}", delete(worlds::delete))
        .route("/_mock/worlds/{project}/reset", post(worlds::reset))
        .route("/_mock/worlds/{project}/snapshots", get(worlds::snapshots))
        .route("/_mock/worlds/{project}/snapshots/{name}", put(worlds::snapshot).delete(worlds::forget))
        .route("/_mock/worlds/{project}/snapshots/{name}/restore", post(worlds::restore))
        .route("/_mock/events", get(events::stream))
        .route("/_mock/metrics", get(metrics::show))
        .route_layer(from_fn_with_state(Arc::clone(state), guard::token))
        // Who checks whether it is up, reads a document or opens the page, need not know a token.
        .route("/_mock/healthz", get(health::healthz))
        .route("/_mock/readyz", get(health::readyz))
        .route("/_mock/schema/scenario.json", get(documents::scenario))
        .route("/_mock/openapi/clouddc.json", get(documents::clouddc))
        .route("/_mock/openapi/admin.json", get(documents::admin))
        .merge(crate::page::router())
        .route("/_mock/{*rest}", get(nowhere).post(nowhere).put(nowhere).delete(nowhere).patch(nowhere))
        .method_not_allowed_fallback(not_so)
        .layer(from_fn_with_state(Arc::clone(state), guard::origin))
        .with_state(Arc::clone(state))
}

async fn nowhere() -> Problem {
    Problem::not_found("there is no such address; /_mock/openapi/admin.json lists them")
}

async fn not_so() -> Problem {
    Problem(StatusCode::METHOD_NOT_ALLOWED, "this address has no such method".to_owned())
}

/// The query of a call that is about one world and has no other parameter.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfWorld {
    world: Option<String>,
}

/// The world that is meant.
fn place(state: &AppState, world: Option<&str>) -> Result<Arc<Place>, Problem> {
    let Some(project) = world else {
        return Ok(Arc::clone(state.worlds().first()));
    };
    state.worlds().find(project).ok_or_else(|| Problem::not_found("there is no world of this project"))
}

/// The world that is meant by a query without any other parameter.
fn only_place(state: &AppState, uri: &Uri) -> Result<Arc<Place>, Problem> {
    place(state, query::<OfWorld>(uri)?.world.as_deref())
}

/// What stands in the query.
fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let query = Query::<T>::try_from_uri(uri);
    query.map(|Query(given)| given).map_err(|error| Problem::bad(&chain(&error)))
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// What stands in the body, as JSON.
async fn read<T: DeserializeOwned>(body: Body) -> Result<T, Problem> {
    let bytes = to_bytes(body, BODY_BYTES_MAX)
        .await
        .map_err(|_| Problem(StatusCode::PAYLOAD_TOO_LARGE, "the body has more than 8 MiB, or broke off".to_owned()))?;
    serde_json::from_slice(&bytes).map_err(|error| Problem::bad(&error.to_string()))
}

fn ok(body: &impl serde::Serialize) -> Told {
    Ok(reply::json(StatusCode::OK, body))
}

fn done() -> Told {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
