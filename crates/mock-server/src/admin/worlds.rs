//! The worlds: made, deleted, set back.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::problem::Problem;
use super::{Told, done, ok, place, read};
use crate::app::AppState;
use crate::pipeline::reply;
use crate::worlds::{SnapshotError, WorldError};

/// Whether a snapshot may be called so: a name that stands in an address as it is, and can be read in a list.
fn is_name(name: &str) -> bool {
    const LEN_MAX: usize = 64;
    let may_follow = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.len() <= LEN_MAX && name.chars().all(may_follow)
}

impl From<WorldError> for Problem {
    fn from(error: WorldError) -> Self {
        let why = error.to_string();
        match error {
            WorldError::Project(_) => Self::bad(&why),
            WorldError::Exists | WorldError::TooMany | WorldError::NoPlan | WorldError::First => Self::conflict(&why),
            WorldError::Unknown => Self::not_found(&why),
        }
    }
}

impl From<SnapshotError> for Problem {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::TooMany => Self::conflict(&error.to_string()),
            SnapshotError::Unknown => Self::not_found(&error.to_string()),
        }
    }
}

#[derive(Serialize)]
struct Listed {
    project_id: String,
    instances: usize,
    exchanges: u64,
    first: bool,
}

pub(super) async fn list(State(state): State<Arc<AppState>>) -> Told {
    let worlds = state.worlds();
    let listed: Vec<Listed> = worlds
        .all()
        .into_iter()
        .map(|place| {
            let (instances, exchanges) = place.with(|world| (world.cloud.instances_count(), world.log.next_nth()));
            let first = Arc::ptr_eq(&place, worlds.first());
            Listed { project_id: place.project().to_string(), instances, exchanges, first }
        })
        .collect();
    ok(&listed)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    project_id: String,
}

pub(super) async fn make(State(state): State<Arc<AppState>>, body: Body) -> Result<Response, Problem> {
    let wanted: Wanted = read(body).await?;
    let place = state.worlds().make(&wanted.project_id, state.real_now())?;
    let instances = place.with(|world| world.cloud.instances_count());
    let made = json!({"project_id": place.project().as_str(), "instances": instances});
    Ok(reply::json(StatusCode::CREATED, &made))
}

pub(super) async fn delete(State(state): State<Arc<AppState>>, Path(project): Path<String>) -> Told {
    state.worlds().delete(&project)?;
    done()
}

pub(super) async fn reset(State(state): State<Arc<AppState>>, Path(project): Path<String>) -> Told {
    place(&state, Some(&project))?.reset();
    done()
}

pub(super) async fn snapshots(State(state): State<Arc<AppState>>, Path(project): Path<String>) -> Told {
    ok(&place(&state, Some(&project))?.snapshots())
}

pub(super) async fn snapshot(
    State(state): State<Arc<AppState>>,
    Path((project, name)): Path<(String, String)>,
) -> Told {
    if !is_name(&name) {
        return Err(Problem::bad(
            "a snapshot's name has up to 64 letters, digits, dots, hyphens and underscores, the first a letter or a digit",
        ));
    }
    place(&state, Some(&project))?.snapshot(&name)?;
    done()
}

pub(super) async fn forget(State(state): State<Arc<AppState>>, Path((project, name)): Path<(String, String)>) -> Told {
    match place(&state, Some(&project))?.forget(&name) {
        true => done(),
        false => Err(SnapshotError::Unknown.into()),
    }
}

pub(super) async fn restore(State(state): State<Arc<AppState>>, Path((project, name)): Path<(String, String)>) -> Told {
    place(&state, Some(&project))?.restore(&name)?;
    done()
}
