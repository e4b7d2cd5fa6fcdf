use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use reinstall_core::secret::SessionToken;
use reinstall_core::time::Timestamp;
use reinstall_http::wire::error::ErrorBody;
use reinstall_http::wire::list::ListReply;
use reinstall_http::wire::reinstall::ReinstallReply;
use reinstall_http::wire::status::StatusReply;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt;

use super::*;
use crate::app::{AppState, app};
use crate::cloud::config::{CloudConfig, FleetConfig};
use crate::worlds::{WorldPlan, Worlds};

const TOKEN: &str = "tok-1";
/// 2027-01-15T08:00:00Z
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
/// The instances and the project that the examples are about.
const INSTANCES: [&str; 2] = ["0b29c7a1-0000-4000-8000-000000000001", "0b29c7a1-0000-4000-8000-000000000002"];
const PROJECT: &str = CloudConfig::PROJECT;
/// Documented, and served by what is put around the router.
const NOT_HERE: [&str; 2] = ["/_mock/", "/_mock/schema/scenario.json"];
/// An answer without end.
const ENDLESS: &str = "/_mock/events";

/// A server with the instances of the examples.
fn state() -> Arc<AppState> {
    let ids = INSTANCES.map(|id| id.parse().unwrap()).to_vec();
    let cloud = CloudConfig { fleet: FleetConfig::Listed(ids), ..CloudConfig::generated(PROJECT.parse().unwrap(), 0) };
    let worlds = Worlds::planned(WorldPlan::new(cloud), false, NOW);
    Arc::new(AppState::of(worlds, SessionToken::parse(TOKEN).unwrap(), || NOW))
}

/// Every operation: its method, its path with values for the parameters, and what the document says.
fn operations(document: &Value) -> Vec<(Method, String, &Value)> {
    let mut found = Vec::new();
    for (template, item) in document["paths"].as_object().unwrap() {
        let mut path = template.clone();
        for (name, value) in [
            ("{project_id}", PROJECT),
            ("{resource_type}", "instances"),
            ("{resource_id}", INSTANCES[0]),
            ("{id}", INSTANCES[0]),
            ("{rule_id}", "0"),
            ("{name}", "n"),
        ] {
            path = path.replace(name, value);
        }
        assert!(!path.contains('{'), "{path} has a parameter that this test has no value for");
        for (method, described) in item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters") {
            found.push((method.to_uppercase().parse().unwrap(), path.clone(), described));
        }
    }
    found
}

async fn send(method: &Method, path: &str, body: String) -> (StatusCode, String) {
    let request = Request::builder().method(method).uri(path).header("X-Auth-Token", TOKEN);
    let response = app(state()).oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn each_example_of_a_body_is_taken_and_its_answer_documented() {
    let mut sent = 0;
    for document in [clouddc().unwrap(), admin().unwrap()] {
        for (method, path, described) in operations(document) {
            let Some(examples) = described.pointer("/requestBody/content/application~1json/examples") else {
                assert!(described.get("requestBody").is_none(), "{method} {path} has no example of its body");
                continue;
            };
            for (name, example) in examples.as_object().unwrap() {
                let (status, told) = send(&method, &path, example["value"].to_string()).await;
                let is_documented = described["responses"].get(status.as_str()).is_some();
                assert!(is_documented, "{method} {path} {name}: {status} {told}");
                // To wait in vain for what does not come is no fault of the body's.
                let is_taken = status.is_success() || status == StatusCode::REQUEST_TIMEOUT;
                assert!(is_taken, "{method} {path} {name}: {status} {told}");
                sent += 1;
            }
        }
    }
    assert!(sent > 15, "{sent}");
}

#[tokio::test]
async fn the_admin_document_has_nothing_that_is_not_there() {
    for (method, path, _) in operations(admin().unwrap()) {
        if NOT_HERE.contains(&path.as_str()) || path == ENDLESS {
            continue;
        }
        let (status, told) = send(&method, &path, String::new()).await;
        assert_ne!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        assert!(!told.contains("no such address"), "{method} {path}: {told}");
    }
}

/// Every example of an answer, with the place where it stands.
fn examples(value: &Value, place: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields.iter().filter(|(key, _)| !["requestBody", "parameters"].contains(&key.as_str()))
            {
                let place = format!("{place} {key}");
                if key == "examples" {
                    let shown = field.as_object().unwrap().values().map(|example| example["value"].clone());
                    found.extend(shown.map(|example| (place.clone(), example)));
                }
                examples(field, &place, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| examples(item, place, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether it is one of these, with nothing left over.
fn is_a<T: DeserializeOwned + Serialize>(example: &Value) -> bool {
    serde_json::from_value::<T>(example.clone()).is_ok_and(|read| serde_json::to_value(read).unwrap() == *example)
}

#[test]
fn each_example_of_an_answer_is_what_our_client_reads() {
    let mut found = Vec::new();
    examples(clouddc().unwrap(), "", &mut found);
    let mut read = 0;
    for (place, mut example) in found {
        let is_of_iam =
            place.contains(" /v3") || place.contains(" / ") || example.get("error").is_some_and(Value::is_object);
        let is_fault = example.get("state").is_some();
        if (is_of_iam && !is_fault) || example.is_string() {
            continue;
        }
        // The client has no use for the addresses of an instance.
        for row in example.get_mut("instances").and_then(Value::as_array_mut).into_iter().flatten() {
            row.as_object_mut().unwrap().remove("network_interfaces");
        }
        let is_read = is_a::<ErrorBody>(&example)
            || is_a::<StatusReply>(&example)
            || is_a::<ReinstallReply>(&example)
            || is_a::<ListReply>(&example);
        assert!(is_read, "{place}: {example}");
        read += 1;
    }
    assert!(read > 10, "{read}");
}

#[test]
fn each_operation_says_what_may_come_of_it() {
    for document in [clouddc().unwrap(), admin().unwrap()] {
        let mut names = std::collections::BTreeSet::new();
        for (method, path, described) in operations(document) {
            let name = described["operationId"].as_str().unwrap();
            assert!(names.insert(name), "{name} stands twice");
            assert!(described["summary"].as_str().is_some_and(|text| text.len() < 120), "{method} {path}");
            let responses = described["responses"].as_object().unwrap();
            let for_bodies = if described.get("requestBody").is_some() { &["400", "413"][..] } else { &[] };
            for status in for_bodies.iter().chain(&["421"]) {
                assert!(responses.contains_key(*status), "{method} {path} does not document {status}");
            }
        }
    }
}

#[test]
fn a_document_that_is_no_yaml_is_told() {
    let error = read("x.yaml", "a: [").unwrap_err();
    assert!(error.to_string().starts_with("the document x.yaml is no YAML: "), "{error}");
}
