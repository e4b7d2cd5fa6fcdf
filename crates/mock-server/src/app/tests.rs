use axum::body::{Body, to_bytes};
use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use reinstall_core::id::InstanceId;
use reinstall_http::sign::{Message, sign};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::cloud::Cloud;
use crate::cloud::config::CloudConfig;
use crate::delivery::Delivery;
use crate::fault::{Effect, FaultRule};

mod admin;
mod iam;

const TOKEN: &str = "tok-1";
/// 2027-01-15T08:00:00Z
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const REINSTALL: &str = "/v1/p1/instances/reinstall";

struct Rig {
    state: Arc<AppState>,
    ids: Vec<InstanceId>,
}

/// What came back.
struct Got {
    status: StatusCode,
    body: Value,
    response: axum::http::response::Parts,
}

impl Got {
    fn code(&self) -> &str {
        self.body["error_code"].as_str().unwrap_or("-")
    }

    fn header(&self, name: &str) -> &str {
        self.response.headers.get(name).map_or("-", |value| value.to_str().unwrap())
    }
}

fn rig() -> Rig {
    let cloud = Cloud::new(CloudConfig::generated("p1".parse().unwrap(), 60));
    let ids = cloud.ids().collect();
    let state = AppState::new(World::new(cloud), SessionToken::parse(TOKEN).unwrap(), || NOW);
    let state = state.with_access_keys(vec![key("AK1:canary-1"), key("AK2:canary-2")]);
    Rig { state: Arc::new(state), ids }
}

impl Rig {
    async fn send(&self, request: axum::http::request::Builder, body: impl Into<Body>) -> Got {
        let request = request.body(body.into()).unwrap();
        let (response, body) = app(Arc::clone(&self.state)).oneshot(request).await.unwrap().into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Got { status: response.status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)), response }
    }

    async fn get(&self, uri: &str) -> Got {
        self.send(asking(Method::GET, uri), "").await
    }

    async fn put(&self, body: &Value) -> Got {
        self.send(asking(Method::PUT, REINSTALL), body.to_string()).await
    }

    fn wipes(&self) -> usize {
        self.state.with_world(|world| world.cloud.wiped().count())
    }
}

fn asking(method: Method, uri: &str) -> axum::http::request::Builder {
    axum::http::Request::builder().method(method).uri(uri).header("X-Auth-Token", TOKEN)
}

#[tokio::test]
async fn a_reinstall_is_accepted_and_seen() {
    let rig = rig();
    let got =
        rig.put(&json!({"password": "Abcdef1!", "image_id": "", "instance_id_set": [rig.ids[0], rig.ids[1]]})).await;
    assert_eq!(got.status, StatusCode::ACCEPTED);
    assert_eq!(got.body, json!({"instances": [{"id": rig.ids[0]}, {"id": rig.ids[1]}]}));
    assert_eq!(got.header("content-type"), "application/json");

    let got = rig.get(&format!("/v1/p1/instances/{}/status", rig.ids[0])).await;
    assert_eq!(got.body, json!({"state": "pending", "operation_state": "reinstall-processing"}));
    let got = rig.get(&format!("/v1/p1/instances/{}/status", rig.ids[2])).await;
    assert_eq!(got.body, json!({"state": "running", "operation_state": "install-succeed"}));

    let got = rig.get(&format!("/v1/p1/instances?limit=100&instance_id={}%2C{}", rig.ids[1], rig.ids[2])).await;
    assert_eq!(got.status, StatusCode::OK);
    assert_eq!(got.body["count"], 2);
    assert_eq!(got.body["page_info"], json!({"current_count": 2}));
    let row = &got.body["instances"][0];
    assert_eq!((&row["id"], &row["state"]), (&json!(rig.ids[1]), &json!("pending")));
    for field in ["name", "vpc_id", "server_id", "created_at", "updated_at", "launched_at"] {
        assert!(row[field].is_string(), "{field}: {row}");
    }
    for pointer in ["/image/os_type", "/image/id", "/network_interfaces/0/ipv4_address", "/tags/0/key"] {
        assert!(row.pointer(pointer).is_some_and(Value::is_string), "{pointer}: {row}");
    }
}

#[tokio::test]
async fn markers_lead_through_the_pages() {
    let rig = rig();
    let first = rig.get("/v1/p1/instances?limit=45").await;
    let marker = first.body["page_info"]["next_marker"].as_str().unwrap().to_owned();
    let second = rig.get(&format!("/v1/p1/instances?limit=45&marker={marker}")).await;
    assert_eq!(second.body["instances"].as_array().map(Vec::len), Some(15));
    assert_eq!(second.body["page_info"], json!({"current_count": 15}));
}

#[tokio::test]
async fn the_gateway_stands_before_the_service() {
    let rig = rig();
    let status = format!("/v1/p1/instances/{}/status", rig.ids[0]);
    let other = format!("/v1/p2/instances/{}/status", rig.ids[0]);
    for (method, uri, token, status, code) in [
        (Method::GET, status.as_str(), None, 401, "APIGW.0301"),
        (Method::GET, &status, Some("tok-2"), 401, "APIGW.0301"),
        (Method::GET, &status, Some("tok-11"), 401, "APIGW.0301"),
        (Method::GET, &status, Some(""), 401, "APIGW.0301"),
        (Method::PUT, REINSTALL, None, 401, "APIGW.0301"),
        (Method::GET, "/v1/p1/instances", None, 401, "APIGW.0301"),
        (Method::GET, &other, Some(TOKEN), 404, "APIGW.0101"),
        (Method::GET, &other, None, 401, "APIGW.0301"),
        (Method::GET, "/v1/p1/instances/", Some(TOKEN), 404, "APIGW.0101"),
        (Method::GET, "/v2", None, 404, "APIGW.0101"),
        (Method::POST, REINSTALL, Some(TOKEN), 404, "APIGW.0101"),
        (Method::POST, REINSTALL, None, 404, "APIGW.0101"),
    ] {
        let mut request = axum::http::Request::builder().method(&method).uri(uri);
        if let Some(token) = token {
            request = request.header("X-Auth-Token", token);
        }
        let got = rig.send(request, "").await;
        assert_eq!((got.status.as_u16(), got.code()), (status, code), "{method} {uri} {token:?}: {}", got.body);
        let name = got.header("x-request-id");
        assert_eq!(name.len(), 32, "{uri}");
        if code.starts_with("APIGW") {
            assert_eq!(got.body["request_id"], name, "{uri}");
        }
    }
    let requests = rig.state.with_world(|world| world.cloud.ledger().requests().clone());
    assert!(requests.is_empty(), "none of these reached the cloud");
}

fn key(pair: &str) -> AccessKey {
    AccessKey::parse_pair(pair).unwrap()
}

/// A request that was signed with `pair` at `at` for `signed`, a path and query, and is sent to `sent`.
fn signing(
    method: &Method,
    signed: &str,
    sent: &str,
    pair: &str,
    at: Timestamp,
    body: &str,
) -> axum::http::request::Builder {
    let uri: axum::http::Uri = signed.parse().unwrap();
    let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static("mock.example"))]);
    let message = Message { method, path: uri.path(), query: uri.query(), headers: &headers, body: body.as_bytes() };
    let headers = sign(&message, &key(pair), at).unwrap().headers;
    let request = axum::http::Request::builder().method(method).uri(sent);
    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

#[tokio::test]
async fn signatures_open_the_gateway_too() {
    let rig = rig();
    let status = format!("/v1/p1/instances/{}/status", rig.ids[0]);
    let wish = json!({"password": "Abcdef1!", "instance_id_set": [rig.ids[0]]}).to_string();
    for (method, path, pair, body, expected) in [
        (Method::GET, status.as_str(), "AK1:canary-1", "", 200),
        (Method::GET, &status, "AK2:canary-2", "", 200),
        (Method::GET, "/v1/p1/instances?marker=&limit=10&instance_id=", "AK2:canary-2", "", 400),
        (Method::GET, "/v1/p1/instances?limit=100&instance_state=running%2Cpending", "AK2:canary-2", "", 200),
        (Method::PUT, REINSTALL, "AK1:canary-1", &wish, 202),
        // Who signs rightly for another project is told no more than with a token.
        (Method::GET, "/v1/p2/instances", "AK1:canary-1", "", 404),
    ] {
        let got = rig.send(signing(&method, path, path, pair, NOW, body), body.to_owned()).await;
        assert_eq!(got.status.as_u16(), expected, "{path}: {}", got.body);
    }
    assert_eq!(rig.wipes(), 1);
    assert_eq!(rig.get(&status).await.status, StatusCode::OK, "the token is as good as before");
}

#[tokio::test]
async fn refused_signatures_are_told_in_the_gateways_words() {
    let rig = rig();
    let late = NOW + std::time::Duration::from_secs(15 * 60 + 1);
    let list = "/v1/p1/instances?limit=10";
    let read = "GET|/v1/p1/instances/|limit=10|host:mock.example|x-sdk-date:20270115T080000Z||host;x-sdk-date|\
                e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let mismatch = format!("verify aksk signature fail, canonicalRequest:{read}");
    for (signed, pair, at, says) in [
        (list, "AK1:canary-2", NOW, mismatch.as_str()),
        ("/v1/p1/instances?limit=11", "AK1:canary-1", NOW, &mismatch),
        ("/v1/p1/instance?limit=10", "AK1:canary-1", NOW, &mismatch),
        (list, "AK3:canary-1", NOW, "ak AK3 not exist"),
        (
            list,
            "AK1:canary-1",
            late,
            "calc aksk signature fail:signature expired, signature time:20270115T081501Z,server time:20270115T080000Z",
        ),
    ] {
        let got = rig.send(signing(&Method::GET, signed, list, pair, at, ""), "").await;
        assert_eq!((got.status.as_u16(), got.code()), (401, "APIGW.0301"), "{says}");
        assert_eq!(got.body["error_msg"], format!("Incorrect IAM authentication information: {says}"));
        assert_eq!(got.body["request_id"], got.header("x-request-id"));
    }
    // Another body than was signed wipes nobody.
    let [signed, sent] = [0, 1].map(|i| json!({"password": "Abcdef1!", "instance_id_set": [rig.ids[i]]}).to_string());
    let request = signing(&Method::PUT, REINSTALL, REINSTALL, "AK1:canary-1", NOW, &signed);
    let got = rig.send(request, sent).await;
    assert_eq!((got.status.as_u16(), got.code(), rig.wipes()), (401, "APIGW.0301", 0));
    // A wrong signature is not made up for by a right token.
    let request = signing(&Method::GET, list, list, "AK1:canary-2", NOW, "").header("X-Auth-Token", TOKEN);
    assert_eq!(rig.send(request, "").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn bodies_of_the_wrong_shape_are_refused_by_field() {
    let rig = rig();
    let id = rig.ids[0].to_string();
    for (body, code, says) in [
        ("", "iMetal.0001", "the body must be a JSON object"),
        ("{", "iMetal.0001", "the body must be a JSON object"),
        ("[1]", "iMetal.0001", "the body must be a JSON object"),
        (r#"{"password": 7}"#, "iMetal.0001", "password must be a string"),
        (r#"{"password": "Abcdef1!", "image_id": []}"#, "iMetal.0001", "image_id must be a string"),
        (r#"{"password": "Abcdef1!", "instance_id_set": "x"}"#, "iMetal.0001", "instance_id_set must be an array"),
        (r#"{"password": "Abcdef1!", "instance_id_set": [1]}"#, "iMetal.0001", "instance_id_set must be an array"),
        (r#"{"password": "Abcdef1!"}"#, "iMetal.0002", "instance_id_set"),
        (&format!(r#"{{"instance_id_set": ["{id}"], "password": null}}"#), "iMetal.0002", "password"),
        (&format!(r#"{{"instance_id_set": ["{id}"], "password": "Secret"}}"#), "iMetal.0001", "password: it has 6"),
    ] {
        let got = rig.send(asking(Method::PUT, REINSTALL), body.to_owned()).await;
        assert_eq!((got.status.as_u16(), got.code()), (400, code), "{body}");
        let message = got.body["error_msg"].as_str().unwrap();
        assert!(message.contains(says), "{body}: {message}");
        assert!(!message.contains("Abcdef1!") && !message.contains("Secret"), "{message}");
    }
    assert_eq!(rig.wipes(), 0);
}

#[tokio::test]
async fn bodies_and_queries_are_bounded() {
    let rig = rig();
    let huge =
        format!(r#"{{"password":"Abcdef1!","instance_id_set":["{}"],"x":"{}"}}"#, rig.ids[0], "x".repeat(65_536));
    let got = rig.send(asking(Method::PUT, REINSTALL), huge).await;
    assert_eq!((got.status.as_u16(), got.code()), (413, "APIGW.0201"));
    assert_eq!(rig.wipes(), 0);
    for query in ["limit=1&limit=2", "limit=x", "instance_id=", "marker=zz", "instance_id=a&server_id=b"] {
        let got = rig.get(&format!("/v1/p1/instances?{query}")).await;
        assert_eq!((got.status.as_u16(), got.code()), (400, "iMetal.0001"), "{query}");
    }
    let got = rig.get("/v1/p1/instances/i-17/status").await;
    assert_eq!((got.status.as_u16(), got.code()), (400, "iMetal.0001"));
    let got = rig.get("/v1/p1/instances/0b29c7a1-0000-4000-8000-00000000abcd/status").await;
    assert_eq!((got.status.as_u16(), got.code()), (404, "iMetal.0200"));
    assert_eq!(got.body["error_msg"], "Instances not found: [0b29c7a1-0000-4000-8000-00000000abcd]");
}

#[tokio::test]
async fn faults_are_armed_over_http() {
    let rig = rig();
    let rules = json!([
        {"on": "ReinstallOS", "effect": {"kind": "answer", "when": "before", "status": 429, "body": "slow down", "retry_after": "1500ms"}},
        {"on": "ReinstallOS", "effect": {"kind": "break", "at": "after_commit", "how": "close"}},
    ]);
    let post = |rules: &Value| rig.send(asking(Method::POST, "/_mock/faults"), rules.to_string());
    assert_eq!(post(&rules).await.body, json!({"armed": [0, 1]}));

    let wish = json!({"password": "Abcdef1!", "instance_id_set": [rig.ids[0]]});
    let throttled = rig.put(&wish).await;
    assert_eq!((throttled.status.as_u16(), &throttled.body), (429, &json!("slow down")));
    assert_eq!(throttled.header("retry-after"), "2");
    assert_eq!(throttled.response.extensions.get::<Delivery>(), None, "it arrives whole");
    assert_eq!(rig.wipes(), 0);
    let lost = rig.put(&wish).await;
    assert_eq!(lost.response.extensions.get(), Some(&Delivery::CLOSED));
    assert_eq!(rig.wipes(), 1);

    let hits: Vec<Value> =
        rig.get("/_mock/faults").await.body.as_array().unwrap().iter().map(|r| r["hits"].clone()).collect();
    assert_eq!(hits, [1, 1]);
    let log = rig.get("/_mock/log").await.body;
    assert_eq!(log["exchanges"][1]["rules"], json!([1]));
    assert_eq!(log["exchanges"][1]["seen"], Value::Null);
    assert!(!log.to_string().contains("Abcdef1!"));

    for wrong in [
        json!([{"on": "ReinstallOS", "effect": {"kind": "stale", "by": "1s"}}]),
        json!([{"effect": {"kind": "stranger"}}, {"effect": {"kind": "stranger"}, "time": 2}]),
        json!({"effect": {"kind": "stranger"}}),
    ] {
        let got = post(&wrong).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{wrong}");
        assert!(got.body["error"].is_string());
    }
    assert_eq!(rig.get("/_mock/faults").await.body.as_array().map(Vec::len), Some(2), "all or none");
}

#[tokio::test]
async fn the_truth_needs_no_token() {
    let rig = rig();
    let wish = json!({"password": "Abcdef1!", "instance_id_set": [rig.ids[0]]});
    let _ = rig.put(&wish).await;
    let _ = rig.put(&wish).await;
    let request = axum::http::Request::builder().uri("/_mock/truth");
    let truth = rig.send(request, "").await.body;
    assert_eq!(truth["wiped"][rig.ids[0].to_string()]["wipes"], 1);
    assert_eq!(truth["violations"][0]["kind"], "asked_while_underway");
    assert_eq!(truth["requests"], json!({"ReinstallOS": 2}));
    let request = axum::http::Request::builder().uri("/_mock/healthz");
    assert_eq!(rig.send(request, "").await.body, json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}));
}

#[tokio::test]
async fn request_names_differ_and_repeat_from_run_to_run() {
    let (one, other) = (rig(), rig());
    let mut names = Vec::new();
    for _ in 0..3 {
        let name = one.get("/").await.header("x-request-id").to_owned();
        assert_eq!(other.get("/").await.header("x-request-id"), name);
        names.push(name);
    }
    names.dedup();
    assert_eq!(names.len(), 3);
}

#[test]
fn debug_has_no_token_and_no_secret() {
    let shown = format!("{:?}", rig().state);
    assert!(!shown.contains(TOKEN) && !shown.contains("canary"), "{shown}");
    let builder = crate::serve::MockServer::builder().access_key(key("AK1:canary-1"));
    assert!(!format!("{builder:?}").contains("canary"));
}

#[tokio::test]
async fn a_rule_for_one_instance_leaves_the_others_alone() {
    let rig = rig();
    rig.state.with_world(|world| world.arm(FaultRule::any(Effect::refuse(502)).always().instance(rig.ids[3])));
    for (index, status) in [(2, 200), (3, 502), (4, 200), (3, 502)] {
        let got = rig.get(&format!("/v1/p1/instances/{}/status", rig.ids[index])).await;
        assert_eq!(got.status.as_u16(), status);
    }
}
