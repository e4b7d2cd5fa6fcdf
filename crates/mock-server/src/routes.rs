//! HTTP in, calls out, and back. Nothing is decided here but what an address and a header mean.

mod admin;
mod api;
mod gateway;
mod iam;
mod reply;

use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};
use axum::{Extension, Router};

use crate::app::{AppState, RequestName};
use reply::{Gateway, gateway};

/// The most bytes of a request's body; the largest permitted reinstall request has about 2 KiB.
const BODY_BYTES_MAX: usize = 64 * 1024;

pub(crate) fn router(state: &Arc<AppState>) -> Router<Arc<AppState>> {
    // To the gateway an address with another method is another API (api-facts 7): it is looked up before anybody is asked
    // for credentials.
    let admit = || from_fn_with_state(Arc::clone(state), gateway::admit);
    Router::new()
        .route("/v1/{project_id}/instances/reinstall", put(api::reinstall).route_layer(admit()))
        .route("/v1/{project_id}/instances/{id}/status", get(api::status).route_layer(admit()))
        .route("/v1/{project_id}/instances", get(api::list).route_layer(admit()))
        .route("/_mock/healthz", get(admin::healthz))
        .route("/_mock/truth", get(admin::truth))
        .route("/_mock/log", get(admin::log))
        .route("/_mock/faults", post(admin::arm).get(admin::faults))
        .merge(iam::router(state))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
}

async fn unknown(Extension(name): Extension<RequestName>) -> axum::response::Response {
    gateway(Gateway::NoSuchApi, &name)
}
