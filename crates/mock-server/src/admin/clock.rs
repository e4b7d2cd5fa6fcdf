//! What time it is, and moving it on.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::Uri;
use reinstall_core::time::{Timestamp, deserialize_duration};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::problem::Problem;
use super::{Told, ok, only_place, read};
use crate::app::AppState;
use crate::clock::{ClockMode, Skew};
use crate::cloud::transition::Transition;
use crate::world::World;

/// The most transitions that are listed; the rest are counted.
const TRANSITIONS_MAX: usize = 10_000;

pub(super) async fn show(State(state): State<Arc<AppState>>, uri: Uri) -> Told {
    let place = only_place(&state, &uri)?;
    let real = state.real_now();
    ok(&place.with(|world| {
        let now = world.clock.now(real);
        json!({
            "mode": world.clock.mode(),
            "now": now,
            "skew": world.clock.skew(),
            "next": world.next_event(now),
            "last": world.cloud.last_transition(now),
            "underway": world.cloud.underway_count(now),
        })
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    mode: Option<ClockMode>,
    skew: Option<Skew>,
}

pub(super) async fn set(State(state): State<Arc<AppState>>, uri: Uri, body: Body) -> Told {
    let place = only_place(&state, &uri)?;
    let setting: Setting = read(body).await?;
    let real = state.real_now();
    place.change(|world| {
        if let Some(mode) = setting.mode {
            world.clock.set_mode(real, mode);
        }
        if let Some(skew) = setting.skew {
            world.clock.set_skew(skew);
        }
    });
    show(State(state), uri).await
}

/// How far.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Advance {
    By(#[serde(deserialize_with = "deserialize_duration")] Duration),
    To(Timestamp),
}

/// What changed on the way.
#[derive(Serialize)]
struct Moved {
    now: Timestamp,
    transitions: Vec<Transition>,
    /// How many more there were.
    omitted: usize,
    tokens_died: usize,
}

pub(super) async fn advance(State(state): State<Arc<AppState>>, uri: Uri, body: Body) -> Told {
    let place = only_place(&state, &uri)?;
    let advance: Advance = read(body).await?;
    let real = state.real_now();
    let moved = place.change(|world| {
        let now = world.clock.now(real);
        let to = match advance {
            Advance::By(by) => now + by,
            Advance::To(to) if to < now => return None,
            Advance::To(to) => to,
        };
        Some(go(world, real, to))
    });
    ok(&moved.ok_or_else(|| Problem::conflict("that moment is over; time does not go back"))?)
}

/// To the next moment at which something changes by itself; nowhere if nothing does.
pub(super) async fn next(State(state): State<Arc<AppState>>, uri: Uri) -> Told {
    let place = only_place(&state, &uri)?;
    let real = state.real_now();
    ok(&place.change(|world| {
        let now = world.clock.now(real);
        let next = world.next_event(now).unwrap_or(now);
        go(world, real, next)
    }))
}

/// To the moment after which no reinstall changes by itself any more. Tokens do not count: they live for a day.
pub(super) async fn idle(State(state): State<Arc<AppState>>, uri: Uri) -> Told {
    let place = only_place(&state, &uri)?;
    let real = state.real_now();
    ok(&place.change(|world| {
        let now = world.clock.now(real);
        let last = world.cloud.last_transition(now).unwrap_or(now);
        go(world, real, last)
    }))
}

fn go(world: &mut World, real: Timestamp, to: Timestamp) -> Moved {
    let from = world.clock.now(real);
    let tokens_died = world.iam.deaths(from).filter(|at| *at <= to).count();
    world.clock.advance_to(real, to);
    let mut transitions = world.cloud.transitions(from, to);
    let omitted = transitions.len().saturating_sub(TRANSITIONS_MAX);
    transitions.truncate(TRANSITIONS_MAX);
    Moved { now: to.max(from), transitions, omitted, tokens_died }
}
