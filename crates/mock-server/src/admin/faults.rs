//! What goes wrong, and how much is let through.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Uri;
use serde_json::json;

use super::problem::Problem;
use super::{Told, ok, only_place, read};
use crate::app::AppState;
use crate::fault::{FaultRule, RuleId};
use crate::limit::{Limit, Limiter};

pub(super) async fn list(State(state): State<Arc<AppState>>, uri: Uri) -> Told {
    let place = only_place(&state, &uri)?;
    ok(&place.with(|world| world.faults.as_slice().to_vec()))
}

/// Arms all of the rules, or none.
pub(super) async fn arm(State(state): State<Arc<AppState>>, uri: Uri, body: Body) -> Told {
    let place = only_place(&state, &uri)?;
    let rules: Vec<FaultRule> = read(body).await?;
    for (index, rule) in rules.iter().enumerate() {
        if let Some(objection) = rule.objection() {
            return Err(Problem::bad(&format!("rule {index}: {objection}")));
        }
        let is_known = |id| place.with(|world| world.cloud.has(id));
        if let Some(id) = rule.instance.filter(|id| !is_known(*id)) {
            return Err(Problem::bad(&format!("rule {index}: no instance is called {id}, so it would never hit")));
        }
    }
    let armed: Vec<RuleId> = place.change(|world| rules.into_iter().map(|rule| world.arm(rule)).collect());
    ok(&json!({"armed": armed}))
}

pub(super) async fn clear(State(state): State<Arc<AppState>>, uri: Uri) -> Told {
    let place = only_place(&state, &uri)?;
    let disarmed = place.change(|world| {
        let count = world.faults.as_slice().len();
        world.faults.clear();
        count
    });
    ok(&json!({"disarmed": disarmed}))
}

pub(super) async fn disarm(State(state): State<Arc<AppState>>, Path(id): Path<String>, uri: Uri) -> Told {
    let place = only_place(&state, &uri)?;
    let id: usize = id.parse().map_err(|_| Problem::bad("a rule's id is a number"))?;
    match place.change(|world| world.faults.disarm(RuleId::from(id))) {
        true => ok(&json!({"disarmed": 1})),
        false => Err(Problem::not_found("no rule of this id is armed")),
    }
}

pub(super) async fn limits(State(state): State<Arc<AppState>>, uri: Uri) -> Told {
    let place = only_place(&state, &uri)?;
    ok(&place.with(|world| world.limiter.limits().to_vec()))
}

/// Sets the limits; what was counted so far is forgotten.
pub(super) async fn set_limits(State(state): State<Arc<AppState>>, uri: Uri, body: Body) -> Told {
    let place = only_place(&state, &uri)?;
    let limits: Vec<Limit> = read(body).await?;
    place.change(|world| world.limiter = Limiter::new(limits.clone()));
    ok(&limits)
}
