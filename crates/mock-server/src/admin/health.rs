//! Whether it is up, and what a harness may rely on.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use reinstall_core::lifecycle::LifeCycle;
use serde::Serialize;
use serde_json::json;

use super::{Told, ok, only_place};
use crate::app::AppState;
use crate::clock::{ClockMode, Skew};
use crate::limit::Limit;
use crate::pipeline::reply;

const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(super) async fn healthz() -> Response {
    reply::json(StatusCode::OK, &json!({"status": "ok", "version": VERSION}))
}

/// The fleets are there before the port is bound, so whoever is answered is answered that.
pub(super) async fn readyz(State(state): State<Arc<AppState>>) -> Told {
    let worlds = state.worlds().all();
    let instances: usize = worlds.iter().map(|place| place.with(|world| world.cloud.instances_count())).sum();
    ok(&json!({"status": "ready", "instances": instances, "worlds": worlds.len()}))
}

/// What is enforced and played, so that a harness can refuse to run against a server that is set up otherwise.
#[derive(Serialize)]
struct Enforced {
    version: &'static str,
    seed: u64,
    world: String,
    world_seed: u64,
    instances: usize,
    strict: bool,
    batch_cap: usize,
    lifecycle: &'static str,
    operation_state: bool,
    list: bool,
    signature: bool,
    access_keys: Vec<String>,
    fixed_token: bool,
    iam_users: usize,
    clock: ClockMode,
    skew: Skew,
    faults_armed: usize,
    limits: Vec<Limit>,
    worlds: usize,
    auto_worlds: bool,
    admin_token: bool,
    allowed: Option<usize>,
    rate_max: Option<String>,
}

pub(super) async fn enforced(State(state): State<Arc<AppState>>, uri: Uri) -> Told {
    let place = only_place(&state, &uri)?;
    let keys = &state.keyring().access_keys;
    let enforced = place.with(|world| {
        let config = world.cloud.config();
        Enforced {
            version: VERSION,
            seed: state.worlds().seed(),
            world: place.project().to_string(),
            world_seed: world.cloud.seed(),
            instances: world.cloud.instances_count(),
            strict: config.is_strict,
            batch_cap: config.batch_len_max,
            lifecycle: LifeCycle::name(config.life_cycle),
            operation_state: config.sends_operation_state,
            list: config.permits_list,
            signature: true,
            access_keys: keys.iter().map(|key| key.id().to_owned()).collect(),
            fixed_token: true,
            iam_users: world.iam.users_count(),
            clock: world.clock.mode(),
            skew: world.clock.skew(),
            faults_armed: world.faults.as_slice().len(),
            limits: world.limiter.limits().to_vec(),
            worlds: state.worlds().len(),
            auto_worlds: state.worlds().makes_worlds(),
            admin_token: state.admin_token().is_some(),
            allowed: world.allowed_count(),
            rate_max: world.rate_max().map(|rate| rate.to_string()),
        }
    });
    ok(&enforced)
}
