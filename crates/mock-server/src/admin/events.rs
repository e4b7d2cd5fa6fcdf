//! What happens, as it happens: server-sent events for the page.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::Uri;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use reinstall_core::time::Timestamp;
use reinstall_http::clock::pause;
use serde::Serialize;

use super::only_place;
use super::problem::Problem;
use crate::app::AppState;
use crate::clock::ClockMode;
use crate::fault::RuleId;
use crate::worlds::Place;

/// The pause between two events: four a second are as many as anybody can follow.
const PAUSE: Duration = Duration::from_millis(250);
/// How long nothing may happen before the states are looked at all the same: time alone changes them.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How a world stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Change {
    now: Timestamp,
    clock: ClockMode,
    exchanges: u64,
    tally: BTreeMap<String, usize>,
    violations: u64,
    acquitted: bool,
    faults: Vec<Armed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Armed {
    id: RuleId,
    name: Option<String>,
    hits: u32,
}

impl Change {
    fn of(state: &AppState, place: &Place) -> Self {
        let real = state.real_now();
        place.with(|world| {
            let now = world.clock.now(real);
            let violations = world.judge.violations_count();
            let faults = world.faults.as_slice().iter();
            Self {
                now,
                clock: world.clock.mode(),
                exchanges: world.log.next_nth(),
                tally: world.cloud.tally(now),
                violations,
                acquitted: violations == 0,
                faults: faults
                    .map(|armed| Armed { id: armed.id, name: armed.rule.name.clone(), hits: armed.hits })
                    .collect(),
            }
        })
    }

    /// Whether anything but the time is another.
    fn differs(&self, other: &Self) -> bool {
        Self { now: other.now, ..self.clone() } != *other
    }
}

/// Tells how the world stands, at once and whenever that has changed.
pub(super) async fn stream(State(state): State<Arc<AppState>>, uri: Uri) -> Result<Response, Problem> {
    let place = only_place(&state, &uri)?;
    let events = stream::unfold((state, place, None::<Change>), |(state, place, last)| async move {
        let change = next(&state, &place, last.as_ref()).await;
        let event = Event::default().event("change").json_data(&change).unwrap_or_default();
        Some((Ok::<_, Infallible>(event), (state, place, Some(change))))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

async fn next(state: &AppState, place: &Place, last: Option<&Change>) -> Change {
    let Some(last) = last else {
        return Change::of(state, place);
    };
    loop {
        pause(PAUSE).await;
        let changed = place.changed().notified();
        let mut changed = std::pin::pin!(changed);
        changed.as_mut().enable();
        let change = Change::of(state, place);
        if change.differs(last) {
            return change;
        }
        // Over or not, it is looked at again.
        let _ = tokio::time::timeout(LOOK_EVERY, changed).await;
    }
}
