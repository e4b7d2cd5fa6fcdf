//! Counts for Prometheus, in its text format.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::app::AppState;
use crate::operation::ApiOperation;
use crate::worlds::Place;

/// One family of numbers.
struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    lines: Vec<(String, u64)>,
}

/// Of all worlds.
pub(super) async fn show(State(state): State<Arc<AppState>>) -> Response {
    let mut families = [
        ("mock_requests_total", "counter", "Requests by operation and class of their answer."),
        ("mock_instances", "gauge", "Instances by state."),
        ("mock_wipes_total", "counter", "Reinstalls that took hold."),
        ("mock_violations_total", "counter", "What the judge found against the client."),
        ("mock_fault_hits_total", "counter", "Calls that a fault rule has hit."),
        ("mock_log_forgotten_total", "counter", "Requests that the log has forgotten."),
        ("mock_clock_seconds", "gauge", "What the world's clock says, in seconds since 1970."),
    ]
    .map(|(name, kind, help)| Family { name, kind, help, lines: Vec::new() });
    for place in state.worlds().all() {
        for (family, lines) in families.iter_mut().zip(count(&state, &place)) {
            family.lines.extend(lines);
        }
    }
    let mut response = (StatusCode::OK, text(&families)).into_response();
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// The numbers of one world, a list a family.
fn count(state: &AppState, place: &Place) -> [Vec<(String, u64)>; 7] {
    // A project's id has nothing in it that would have to be escaped.
    let world = format!("world=\"{}\"", place.project());
    let real = state.real_now();
    place.with(|each| {
        let now = each.clock.now(real);
        let requests = each.log.counts().map(|(operation, class, count)| {
            let operation = operation.map_or("none", ApiOperation::name);
            (format!("{world},operation=\"{operation}\",answer=\"{}\"", class.name()), count)
        });
        let tally = each.cloud.tally(now).into_iter();
        let states = tally.map(|(word, count)| (format!("{world},state=\"{}\"", escape(&word)), count as u64));
        let hits = each.faults.as_slice().iter().map(|armed| {
            let name = armed.rule.name.as_deref().unwrap_or_default();
            (format!("{world},rule=\"{}\",name=\"{}\"", armed.id.number(), escape(name)), u64::from(armed.hits))
        });
        let wipes: usize = each.cloud.wiped().map(|(_, wipes)| wipes.len()).sum();
        [
            requests.collect(),
            states.collect(),
            vec![(world.clone(), wipes as u64)],
            vec![(world.clone(), each.judge.violations_count())],
            hits.collect(),
            vec![(world.clone(), each.log.forgotten())],
            vec![(world.clone(), now.as_millis() / 1_000)],
        ]
    })
}

fn text(families: &[Family]) -> String {
    let mut text = String::new();
    for Family { name, kind, help, lines } in families {
        // Writing to a string does not fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in lines {
            let _ = writeln!(text, "{name}{{{labels}}} {value}");
        }
    }
    text
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
