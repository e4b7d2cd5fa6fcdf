//! For those who test a client against the binary: what truly happened, and faults to arm. Not part of the provider's API.
//!
//! - `GET /_mock/healthz`: 200 once it serves.
//! - `GET /_mock/truth`: a [`Truth`](crate::cloud::truth::Truth).
//! - `POST /_mock/faults`: a list of rules ([`crate::fault`]); answers `{"armed": [ids]}`, or 400 and arms none.
//! - `GET /_mock/faults`: every rule with its hits.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::json;

use crate::app::AppState;
use crate::fault::{FaultRule, RuleId};
use crate::pipeline::{BODY_BYTES_MAX, reply};

pub(crate) fn router(state: &Arc<AppState>) -> Router {
    Router::new()
        .route("/_mock/healthz", get(healthz))
        .route("/_mock/truth", get(truth))
        .route("/_mock/faults", post(arm).get(faults))
        .with_state(Arc::clone(state))
}

async fn healthz() -> Response {
    reply::json(StatusCode::OK, &json!({"status": "ok"}))
}

async fn truth(State(state): State<Arc<AppState>>) -> Response {
    let now = state.now();
    let truth = state.with_world(|world| world.cloud.truth(now));
    reply::json(StatusCode::OK, &truth)
}

async fn faults(State(state): State<Arc<AppState>>) -> Response {
    let rules = state.with_world(|world| world.faults.as_slice().to_vec());
    reply::json(StatusCode::OK, &rules)
}

async fn arm(State(state): State<Arc<AppState>>, body: Body) -> Response {
    match read_rules(body).await {
        Ok(rules) => {
            let ids: Vec<RuleId> = state.with_world(|world| rules.into_iter().map(|rule| world.arm(rule)).collect());
            reply::json(StatusCode::OK, &json!({"armed": ids}))
        }
        Err(why) => reply::json(StatusCode::BAD_REQUEST, &json!({"error": why})),
    }
}

async fn read_rules(body: Body) -> Result<Vec<FaultRule>, String> {
    let bytes = to_bytes(body, BODY_BYTES_MAX).await.map_err(|error| error.to_string())?;
    let rules: Vec<FaultRule> = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    for (index, rule) in rules.iter().enumerate() {
        if let Some(objection) = rule.objection() {
            return Err(format!("rule {index}: {objection}"));
        }
    }
    Ok(rules)
}
