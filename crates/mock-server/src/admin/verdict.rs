//! What truly happened, and what the judge says of the client.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::Uri;
use reinstall_core::id::InstanceId;
use reinstall_core::rate::Rate;
use serde::Deserialize;
use serde_json::json;

use super::problem::Problem;
use super::{Told, ok, only_place, place, query, read};
use crate::app::AppState;
use crate::limit::LimitRate;

pub(super) async fn truth(State(state): State<Arc<AppState>>, uri: Uri) -> Told {
    let place = only_place(&state, &uri)?;
    let real = state.real_now();
    ok(&place.with(|world| world.cloud.truth(world.clock.now(real))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    world: Option<String>,
    /// Whether the run is over: then the client should have seen through what it began.
    #[serde(default)]
    over: bool,
}

pub(super) async fn show(State(state): State<Arc<AppState>>, uri: Uri) -> Told {
    let question: Question = query(&uri)?;
    let place = place(&state, question.world.as_deref())?;
    let real = state.real_now();
    ok(&place.with(|world| world.verdict(real, question.over)))
}

/// Whom the client may submit from now on; `null` for everybody.
pub(super) async fn allow(State(state): State<Arc<AppState>>, uri: Uri, body: Body) -> Told {
    let place = only_place(&state, &uri)?;
    let allowed: Option<Vec<InstanceId>> = read(body).await?;
    let count = place.change(|world| {
        world.allow(allowed);
        world.allowed_count()
    });
    ok(&json!({"allowed": count}))
}

/// How fast the client may send at most, `20/s`; `null` for as fast as it likes.
pub(super) async fn rate(State(state): State<Arc<AppState>>, uri: Uri, body: Body) -> Told {
    let place = only_place(&state, &uri)?;
    let rate: Option<String> = read(body).await?;
    let rate: Option<Rate> = match rate.as_deref().map(str::parse::<LimitRate>) {
        None => None,
        Some(Ok(LimitRate(rate))) => Some(rate),
        Some(Err(error)) => return Err(Problem::bad(&error.to_string())),
    };
    place.change(|world| world.set_rate_max(rate));
    ok(&json!({"rate_max": rate.map(|rate| rate.to_string())}))
}
