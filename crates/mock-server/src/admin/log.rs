//! What was asked and what became of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use reinstall_core::time::deserialize_duration;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::problem::Problem;
use super::{Told, ok, only_place, place, read};
use crate::app::AppState;
use crate::exchange::{Exchange, UnreadPlace};
use crate::log::Filter;
use crate::operation::ApiOperation;
use crate::pipeline::reply;

/// How many entries are told unless more are asked for.
const LIMIT: usize = 1_000;
/// The longest that anybody may wait in one call.
const WAIT_MAX: Duration = Duration::from_secs(600);

/// The parameters of a question about the log: those of its filter, and these.
struct Question {
    world: Option<String>,
    limit: usize,
    newest: bool,
    filter: Filter,
}

impl Question {
    fn read(uri: &Uri) -> Result<Self, Problem> {
        let pairs: Vec<(String, String)> = super::query(uri)?;
        let mut question = Self { world: None, limit: LIMIT, newest: false, filter: Filter::default() };
        let mut rest = Vec::new();
        for (name, value) in &pairs {
            match name.as_str() {
                "world" => question.world = Some(value.clone()),
                "limit" => {
                    question.limit = value.parse().map_err(|_| Problem::bad("`limit` must be a whole number"))?;
                }
                "newest" => {
                    question.newest = value.parse().map_err(|_| Problem::bad("`newest` must be true or false"))?;
                }
                _ => rest.push((name.as_str(), value.as_str())),
            }
        }
        question.filter = Filter::from_query(rest).map_err(|error| Problem::bad(&error.to_string()))?;
        Ok(question)
    }
}

pub(super) async fn select(State(state): State<Arc<AppState>>, uri: Uri) -> Told {
    let question = Question::read(&uri)?;
    let place = place(&state, question.world.as_deref())?;
    ok(&place.with(|world| {
        let log = &world.log;
        let exchanges: Vec<Exchange> = match question.newest {
            true => log.select_newest(&question.filter, question.limit).cloned().collect(),
            false => log.select(&question.filter, question.limit).cloned().collect(),
        };
        json!({"total": log.next_nth(), "forgotten": log.forgotten(), "exchanges": exchanges})
    }))
}

pub(super) async fn count(State(state): State<Arc<AppState>>, uri: Uri) -> Told {
    let question = Question::read(&uri)?;
    let place = place(&state, question.world.as_deref())?;
    let counted = place.with(|world| world.log.count(&question.filter));
    let certain = counted.forgotten == 0;
    ok(&json!({"found": counted.found, "forgotten": counted.forgotten, "certain": certain}))
}

/// What is waited for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Awaited {
    #[serde(default, rename = "match")]
    filter: Filter,
    #[serde(default = "one")]
    count: u64,
    #[serde(default = "ten_seconds", deserialize_with = "deserialize_duration")]
    timeout: Duration,
}

const fn one() -> u64 {
    1
}

const fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

/// Answers as soon as so many requests match, those that came before included.
pub(super) async fn wait(State(state): State<Arc<AppState>>, uri: Uri, body: Body) -> Told {
    let place = only_place(&state, &uri)?;
    let awaited: Awaited = read(body).await?;
    if awaited.timeout > WAIT_MAX {
        return Err(Problem::bad("`timeout` is longer than ten minutes"));
    }
    let found = || place.with(|world| world.log.count(&awaited.filter)).found;
    let come = async {
        loop {
            let changed = place.changed().notified();
            let mut changed = std::pin::pin!(changed);
            // Before looking, so that what comes in between is not missed.
            changed.as_mut().enable();
            if found() >= awaited.count {
                return;
            }
            changed.await;
        }
    };
    if tokio::time::timeout(awaited.timeout, come).await.is_err() {
        let (found, wanted) = (found(), awaited.count);
        let error = format!("{found} of {wanted} requests came in time");
        return Ok(reply::json(
            StatusCode::REQUEST_TIMEOUT,
            &json!({"error": error, "found": found, "wanted": wanted}),
        ));
    }
    let exchanges: Vec<Exchange> = place.with(|world| world.log.select(&awaited.filter, LIMIT).cloned().collect());
    ok(&json!({"found": found(), "exchanges": exchanges}))
}

/// A field or parameter that nothing read.
#[derive(Serialize)]
struct Stranger {
    operation: Option<ApiOperation>,
    place: UnreadPlace,
    name: Box<str>,
    nearest: Option<&'static str>,
    count: u64,
}

/// Of the requests that the log still has.
pub(super) async fn unread(State(state): State<Arc<AppState>>, uri: Uri) -> Told {
    let place = only_place(&state, &uri)?;
    let filter = Filter { has_unread: Some(true), ..Filter::default() };
    let mut strangers = BTreeMap::new();
    place.with(|world| {
        for exchange in world.log.select(&filter, usize::MAX) {
            for unread in &exchange.unread {
                let key = (exchange.operation, unread.place, unread.name.clone());
                strangers.entry(key).or_insert((unread.nearest, 0)).1 += 1;
            }
        }
    });
    let strangers: Vec<Stranger> = strangers
        .into_iter()
        .map(|((operation, place, name), (nearest, count))| Stranger { operation, place, name, nearest, count })
        .collect();
    ok(&strangers)
}
