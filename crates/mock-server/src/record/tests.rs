use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use reinstall_core::id::InstanceId;
use reinstall_core::secret::SessionToken;
use reinstall_http::clock::Clock;
use reinstall_http::endpoint::{Endpoint, PlainHttp};
use reinstall_http::network::Network;
use reinstall_http::sign::key::AccessKey;
use reinstall_http::sign::{Message, sign};
use reinstall_http::transport::Relay;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::*;
use crate::cloud::config::CloudConfig;
use crate::iam::IamUser;
use crate::serve::MockServer;

const TOKEN: &str = "canary-token-4711";
const SECRET: &str = "canary-secret-key";
const PASSWORD: &str = "Canary-pw-0815";

/// A recording of what `base` answers.
struct Rig {
    recorder: Recorder,
    dir: tempfile::TempDir,
}

impl Rig {
    fn new(base: &str, writes: Writes) -> Self {
        let upstream = Upstream { writes, ..Upstream::new(Endpoint::parse(base, PlainHttp::Loopback).unwrap()) };
        let dir = tempfile::tempdir().unwrap();
        let recorder = Recorder::begin(upstream, dir.path(), Salt::new([9; 32]), Clock::start()).unwrap();
        Self { recorder, dir }
    }

    async fn ask(&self, method: Method, uri: &str, headers: &HeaderMap, body: &Value) -> Got {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let mut request = http::Request::builder().method(method).uri(uri).body(()).unwrap();
        request.headers_mut().extend(headers.clone());
        Got::of(self.recorder.pass_on(request.into_parts().0, body).await).await
    }

    /// With the token.
    async fn get(&self, uri: &str) -> Got {
        self.ask(Method::GET, uri, &tokens(TOKEN), &Value::Null).await
    }

    async fn put(&self, body: &Value) -> Got {
        self.ask(Method::PUT, REINSTALL, &tokens(TOKEN), body).await
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.recorder.path()).unwrap()
    }

    fn recording(&self) -> Recording {
        assert_eq!(self.recorder.path().parent(), Some(self.dir.path()));
        Recording::open(self.recorder.path()).unwrap()
    }
}

const REINSTALL: &str = "/v1/70505c941b9b4dfd82fd351932328a2f/instances/reinstall";

fn tokens(token: &str) -> HeaderMap {
    headers(&[("x-auth-token", token), ("content-type", "application/json")])
}

fn headers(of: &[(&str, &str)]) -> HeaderMap {
    of.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

/// What the recorder handed back.
struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Got {
    async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::String(String::from_utf8(bytes.to_vec()).unwrap()));
        Self { status: parts.status, headers: parts.headers, body }
    }

    fn code(&self) -> &str {
        self.body["error_code"].as_str().unwrap_or("-")
    }

    fn said(&self) -> &str {
        self.headers["x-mock-recorder"].to_str().unwrap()
    }
}

async fn mock() -> MockServer {
    MockServer::builder()
        .instances(12)
        .token(SessionToken::parse(TOKEN).unwrap())
        .access_key(AccessKey::parse_pair(&format!("CANARYAK:{SECRET}")).unwrap())
        .iam_user(IamUser::parse(&format!("canary-user:{PASSWORD}@canary-domain")).unwrap())
        .start()
        .await
        .unwrap()
}

/// Every text beneath `value` that could tell whose it is.
fn telling(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let is_kept = ["state", "operation_state", "os_type", "created_at", "updated_at", "launched_at", "key"];
                if !is_kept.contains(&name.as_str()) {
                    telling(value, into);
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| telling(value, into)),
        Value::String(text) if text.len() > 3 => into.push(text.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn a_fleet_is_recorded_without_telling_whose_it_is() {
    let server = mock().await;
    let rig = Rig::new(&server.base_url(), Writes::Refused);
    let project = CloudConfig::PROJECT;
    let login = json!({"auth": {"identity": {"methods": ["password"], "password": {"user": {
        "name": "canary-user", "password": PASSWORD, "domain": {"name": "canary-domain"}}}},
        "scope": {"project": {"id": project}}}});
    let got = rig.ask(Method::POST, "/v3/auth/tokens", &headers(&[]), &login).await;
    assert_eq!((got.status.as_u16(), got.said()), (201, "kept"), "{}", got.body);
    let token = got.headers["x-subject-token"].to_str().unwrap().to_owned();
    let mut secrets: Vec<String> = [TOKEN, SECRET, PASSWORD, "CANARYAK", "canary", project].map(str::to_owned).into();
    secrets.push(token.clone());

    let first = rig.ask(Method::GET, &format!("/v1/{project}/instances?limit=10"), &tokens(&token), &Value::Null).await;
    let marker = first.body["page_info"]["next_marker"].as_str().unwrap().to_owned();
    let second = rig.get(&format!("/v1/{project}/instances?limit=10&marker={marker}")).await;
    assert_eq!(second.body["instances"].as_array().map(Vec::len), Some(2));
    for page in [&first.body, &second.body] {
        telling(page, &mut secrets);
    }
    let ids: Vec<String> = server.ids().iter().map(InstanceId::to_string).collect();
    for id in &ids {
        assert_eq!(rig.get(&format!("/v1/{project}/instances/{id}/status")).await.status, 200);
    }
    let unknown = "0b29c7a1-0000-4000-8000-00000000abcd";
    let got = rig.get(&format!("/v1/{project}/instances/{unknown}/status")).await;
    assert_eq!((got.status.as_u16(), got.code()), (404, "iMetal.0200"));
    let wrong = rig.ask(Method::GET, &format!("/v1/{project}/instances"), &tokens("canary-wrong"), &Value::Null).await;
    assert_eq!((wrong.status.as_u16(), wrong.code()), (401, "APIGW.0301"));
    let got = rig.put(&json!({"password": PASSWORD, "instance_id_set": [ids[0]]})).await;
    assert_eq!((got.status.as_u16(), got.code(), got.said()), (403, "Recorder.0403", "not passed on"));
    assert_eq!(server.with_cloud(|cloud| cloud.wiped().count()), 0);

    let text = rig.text();
    secrets.extend(ids.iter().cloned());
    secrets.push(unknown.to_owned());
    assert!(secrets.len() > 50, "{secrets:?}");
    for secret in &secrets {
        assert!(!text.contains(secret.as_str()), "{secret} in {text}");
    }
    check_replay(&mut rig.recording(), &first.body, &second.body);
    server.shutdown().await;
}

/// A recording answers as the cloud did, under other names, to whoever follows what it says.
fn check_replay(recording: &mut Recording, first: &Value, second: &Value) {
    let json = |answer: &KeptAnswer| match &answer.body {
        KeptBody::Json(json) => serde_json::to_value(json).unwrap(),
        KeptBody::Empty | KeptBody::Text(_) | KeptBody::Left { .. } => Value::Null,
    };
    let list = "/v1/any-project/instances";
    let page = json(recording.replay(&Method::GET, list, Some("limit=10")).unwrap());
    let marker = page["page_info"]["next_marker"].as_str().unwrap().to_owned();
    let query = format!("marker={marker}&limit=10");
    let next = json(recording.replay(&Method::GET, list, Some(&query)).unwrap());
    let mut named = HashMap::new();
    for (real, kept) in [(first, &page), (second, &next)] {
        assert_eq!(
            (&real["count"], &real["page_info"]["current_count"]),
            (&kept["count"], &kept["page_info"]["current_count"])
        );
        let rows = |page: &Value| page["instances"].as_array().unwrap().clone();
        assert_eq!(rows(real).len(), rows(kept).len());
        for (real, kept) in rows(real).iter().zip(rows(kept)) {
            for field in ["state", "operation_state", "created_at", "updated_at", "launched_at"] {
                assert_eq!(real[field], kept[field], "{field}");
            }
            assert_eq!(real["image"]["os_type"], kept["image"]["os_type"]);
            // The same image has the same name in every row, and another image another.
            for pointer in ["/image/id", "/image/name", "/vpc_id", "/id", "/server_id"] {
                let [real, kept] = [real, &kept].map(|row| row.pointer(pointer).unwrap().as_str().unwrap().to_owned());
                assert_ne!(real, kept);
                assert_eq!(named.entry((pointer, real)).or_insert_with(|| kept.clone()), &kept);
            }
        }
    }
    let rows = recording.fleet_rows();
    assert_eq!(rows.len(), 12);
    for row in &rows {
        let upper = format!("/v1/p/instances/{}/status", row.id.to_uppercase());
        let answer = recording.replay(&Method::GET, &upper, None).unwrap();
        assert_eq!(
            (answer.status, json(answer)),
            (200, json!({"state": "running", "operation_state": "install-succeed"}))
        );
        let line: Value = serde_json::from_str(&row.to_line()).unwrap();
        for field in ["id", "name", "state", "image", "server_id", "vpc_id", "network_interfaces", "tags", "created_at"]
        {
            assert!(!line[field].is_null(), "{field} in {line}");
        }
    }
    for (method, path, query) in [
        (Method::GET, "/v1/p/instances/unknown/status", None),
        (Method::GET, "/v1/p/instances", Some("limit=11")),
        (Method::PUT, "/v1/p/instances", Some("limit=10")),
        // Of this nothing but its shape was kept.
        (Method::POST, "/v3/auth/tokens", None),
    ] {
        assert_eq!(recording.replay(&method, path, query), None, "{method} {path}");
    }
    let findings = recording.findings();
    assert_eq!(findings.calls["ShowInstanceStatus 200"], 12);
    assert_eq!(findings.states, Told::from([("running".to_owned(), 24)]));
    assert_eq!(findings.times.len(), 3, "{:?}", findings.times);
    let not_found = findings.refusals.iter().find(|refusal| refusal.status == 404).unwrap();
    assert_eq!(not_found.message, "Instances not found: [{id}]");
}

/// What a cloud answers to each request line, in order; the last answer stays.
type Script = HashMap<String, VecDeque<(u16, &'static [(&'static str, &'static str)], String)>>;

/// A cloud that says what was written down for it. It holds each answer back until there is a permit.
async fn scripted(script: Script, permits: Arc<Semaphore>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let state = (Arc::new(Mutex::new(script)), Arc::clone(&heard), permits);
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(say).with_state(state)).await });
    (base, heard)
}

type Cloud = (Arc<Mutex<Script>>, Arc<Mutex<Vec<String>>>, Arc<Semaphore>);

async fn say(State((script, heard, permits)): State<Cloud>, request: Request) -> Response {
    let line = format!("{} {}", request.method(), request.uri());
    heard.lock().unwrap().push(line.clone());
    permits.acquire().await.unwrap().forget();
    let mut script = script.lock().unwrap();
    let answers = script.get_mut(&line).unwrap_or_else(|| panic!("nothing is written down for {line}"));
    let (status, headers, body) = if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body)).unwrap()
}

fn freely() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(Semaphore::MAX_PERMITS))
}

const ID: &str = "0b29c7a1-0000-4000-8000-00000000abcd";

fn status_line() -> String {
    format!("GET /v1/70505c941b9b4dfd82fd351932328a2f/instances/{ID}/status")
}

fn looked(state: &str, operation: &str) -> (u16, &'static [(&'static str, &'static str)], String) {
    (200, &[], json!({"state": state, "operation_state": operation}).to_string())
}

#[tokio::test]
async fn findings_speak_to_the_open_questions() {
    let script = Script::from([
        (
            status_line(),
            VecDeque::from([
                looked("running", "reinstall-succeed"),
                looked("running", "reinstall-succeed"),
                looked("re-imaging", "reinstall-processing"),
                (429, &[("retry-after", "3")], "Too many requests".to_owned()),
                looked("running", "reinstall-succeed"),
            ]),
        ),
        (
            format!("PUT {REINSTALL}"),
            VecDeque::from([
                (400, &[][..], json!({"error_code": "iMetal.0001", "error_msg": "A request parameter contains invalid or unsupported value: instance_id_set"}).to_string()),
                (202, &[], json!({"instances": [{"id": ID}]}).to_string()),
            ]),
        ),
    ]);
    let (base, _) = scripted(script, freely()).await;
    let rig = Rig::new(&base, Writes::Allowed);
    let status = status_line().replace("GET ", "");
    assert_eq!(rig.get(&status).await.status, 200);
    let many: Vec<_> = (0..11).map(|bits| InstanceId::from_bits(bits).to_string()).collect();
    for (ids, status) in [(many, 400), (vec![ID.to_owned(), InstanceId::from_bits(1).to_string()], 202)] {
        let got = rig.put(&json!({"password": PASSWORD, "image_id": ID, "instance_id_set": ids})).await;
        assert_eq!(got.status, status);
    }
    for expected in [200, 200, 429, 200] {
        assert_eq!(rig.get(&status).await.status, expected);
    }
    let mut recording = rig.recording();
    assert!(recording.head().writes);
    let findings = recording.findings();
    assert_eq!(findings.exchanges, 7);
    assert_eq!(findings.unknown_states, Told::from([("re-imaging".to_owned(), 1)]));
    assert_eq!(findings.unknown_operation_states, Told::new());
    let path = "running/reinstall-succeed -> re-imaging/reinstall-processing -> running/reinstall-succeed";
    assert_eq!(findings.histories, Told::from([(path.to_owned(), 1)]));
    let [refused, accepted] = &findings.reinstalls[..] else { panic!("{:?}", findings.reinstalls) };
    assert_eq!((refused.named, refused.status, refused.accepted), (Some(11), Some(400), 0));
    assert_eq!(refused.code.as_ref().map(SafeText::as_str), Some("iMetal.0001"));
    assert_eq!((accepted.named, accepted.status, accepted.accepted, accepted.still_old), (Some(2), Some(202), 1, 1));
    let rest = "running/reinstall-succeed".to_owned();
    assert_eq!(accepted.before, Told::from([("(not seen)".to_owned(), 1), (rest.clone(), 1)]));
    assert_eq!(accepted.ended, Told::from([(rest, 1)]));
    assert!(accepted.ended_after_ms.is_some());
    let throttled = findings.refusals.iter().find(|refusal| refusal.status == 429).unwrap();
    assert_eq!((throttled.message.as_str(), throttled.requests_before), ("Too many requests", 6));
    assert_eq!(throttled.retry_after.as_ref().map(SafeText::as_str), Some("3"));
    let report = findings.to_string();
    for line in [
        "re-imaging (1)",
        "2 named, with an image, a password of 14 characters of 4 kinds; answered 202, 1 accepted",
        "429: Too many requests; Retry-After: 3; 6 requests in the minute before the first; ShowInstanceStatus 1",
        "400 iMetal.0001: A request parameter contains invalid or unsupported value: instance_id_set; ReinstallOS 1",
    ] {
        assert!(report.contains(line), "{line} in {report}");
    }
    // To each asking the next answer, and the last one from then on.
    let id = recording.fleet_rows()[0].id.clone();
    let states: Vec<_> = (0..7)
        .map(|_| recording.replay(&Method::GET, &format!("/v1/p/instances/{id}/status"), None).unwrap().status)
        .collect();
    assert_eq!(states, [200, 200, 200, 429, 200, 200, 200]);
    assert!(!rig.text().contains(PASSWORD) && !rig.text().contains(TOKEN));
}

/// A service may repeat what it was sent anywhere.
#[tokio::test]
async fn what_is_echoed_is_not_kept() {
    let echo = json!({"error_code": TOKEN, "error_msg": format!("token {TOKEN}"), TOKEN: TOKEN, "state": TOKEN, "id": TOKEN, "created_at": TOKEN});
    let headers: &[(&str, &str)] = &[
        ("x-request-id", TOKEN),
        ("server", TOKEN),
        ("set-cookie", TOKEN),
        ("x-subject-token", TOKEN),
        ("date", TOKEN),
    ];
    let script = Script::from([
        ("GET /v1/p/instances".to_owned(), VecDeque::from([(200, headers, echo.to_string())])),
        ("GET /v1/p/echo".to_owned(), VecDeque::from([(200, &[][..], echo.to_string())])),
        ("GET /v1/p/plain".to_owned(), VecDeque::from([(500, &[][..], format!("{TOKEN} {SECRET}"))])),
    ]);
    let (base, _) = scripted(script, freely()).await;
    let rig = Rig::new(&base, Writes::Refused);
    let got = rig.get("/v1/p/instances").await;
    assert_eq!(
        (got.status.as_u16(), &got.body, got.headers["x-request-id"].to_str().unwrap()),
        (200, &echo, TOKEN),
        "as it came"
    );
    assert_eq!(got.said(), "kept");
    assert_eq!(rig.get("/v1/p/echo").await.said(), "kept");
    assert_eq!(rig.get("/v1/p/plain").await.said(), "kept");
    assert!(!rig.text().contains("canary"), "{}", rig.text());
    let recording = rig.recording();
    let answers: Vec<_> = recording.exchanges().iter().map(|exchange| exchange.answer.as_ref().unwrap()).collect();
    let left = KeptBody::Left { bytes: echo.to_string().len(), why: Why::Secret };
    assert_eq!((&answers[0].body, &answers[1].body), (&left, &left), "its state looks like a word");
    assert_eq!(answers[0].headers, KeptHeaders::default());
    assert_eq!(answers[2].body, KeptBody::Text(SafeText::own("{…} {…}")));
}

#[tokio::test]
async fn a_signature_passes_if_it_does_not_cover_another_host() {
    let server = mock().await;
    let rig = Rig::new(&server.base_url(), Writes::Refused);
    let path = format!("/v1/{}/instances", CloudConfig::PROJECT);
    let key = AccessKey::parse_pair(&format!("CANARYAK:{SECRET}")).unwrap();
    let upstream = server.address().to_string();
    for (host, status, hinted) in
        [(None, 200, false), (Some(upstream.as_str()), 200, false), (Some("127.0.0.1:1"), 401, true)]
    {
        let signed_over = host.map_or_else(HeaderMap::new, |host| headers(&[("host", host)]));
        let message =
            Message { method: &Method::GET, path: &path, query: Some("limit=10"), headers: &signed_over, body: b"" };
        let mut sent = sign(&message, &key, Clock::start().now()).unwrap().headers;
        sent.entry("host").or_insert("127.0.0.1:1".parse().unwrap());
        sent.insert("accept-encoding", "gzip".parse().unwrap());
        let got = rig.ask(Method::GET, &format!("{path}?limit=10"), &sent, &Value::Null).await;
        assert_eq!((got.status.as_u16(), got.said() != "kept"), (status, hinted), "{host:?}: {}", got.said());
        assert!(!hinted || got.said().contains(&format!("have the client sign for {upstream}")), "{}", got.said());
    }
    assert!(!rig.text().contains("CANARYAK"), "{}", rig.text());
    server.shutdown().await;
}

#[tokio::test]
async fn without_an_answer_that_is_on_record() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let rig = Rig::new(&nobody, Writes::Refused);
    let got = rig.get("/v1/p/instances").await;
    assert_eq!((got.status.as_u16(), got.code(), got.said()), (502, "Recorder.0502", "kept"));
    let recording = rig.recording();
    assert_eq!(serde_json::to_value(recording.exchanges()[0].failed).unwrap(), "unreachable");
    assert_eq!(recording.findings().calls.keys().collect::<Vec<_>>(), ["ListInstances no answer: Unreachable"]);
}

/// What came of a write is on record though nobody waited for it.
#[tokio::test]
async fn who_stops_waiting_stops_no_request() {
    let accepted = (202, &[][..], json!({"instances": [{"id": ID}]}).to_string());
    let permits = Arc::new(Semaphore::new(0));
    let script = Script::from([(format!("PUT {REINSTALL}"), VecDeque::from([accepted]))]);
    let (base, heard) = scripted(script, Arc::clone(&permits)).await;
    let rig = Arc::new(Rig::new(&base, Writes::Allowed));
    let waiting = Arc::clone(&rig);
    let waiter = tokio::spawn(async move {
        waiting.put(&json!({"password": PASSWORD, "instance_id_set": [ID]})).await;
    });
    while heard.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    waiter.abort();
    assert!(waiter.await.unwrap_err().is_cancelled());
    permits.add_permits(1);
    while rig.recording().exchanges().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(rig.recording().exchanges()[0].answer.as_ref().unwrap().status, 202);
    assert_eq!(heard.lock().unwrap().len(), 1, "once");
}

/// As it is started: on a socket of its own.
#[tokio::test]
async fn a_recorder_serves_on_a_socket() {
    let server = mock().await;
    let rig = Rig::new(&server.base_url(), Writes::Refused);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = Endpoint::parse(&format!("http://{}", listener.local_addr().unwrap()), PlainHttp::Loopback).unwrap();
    let router = rig.recorder.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let relay = Relay::new(&Network::default()).unwrap();
    let path = format!("/v1/{}/instances?limit=10", CloudConfig::PROJECT);
    let ask = |body: Vec<u8>| http::Request::get(&path).header("x-auth-token", TOKEN).body(Bytes::from(body)).unwrap();
    let reply = relay.pass_on(&own, ask(vec![])).await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.headers["x-mock-recorder"].to_str().unwrap()), (200, "kept"));
    let reply = relay.pass_on(&own, ask(vec![b' '; 1024 * 1024 + 1])).await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.headers["x-mock-recorder"].to_str().unwrap()), (413, "not passed on"));
    assert_eq!(rig.recording().exchanges().len(), 1);

    // As to a proxy, which is how a client signs for the real host and yet comes here.
    let mut stream = TcpStream::connect(own.authority()).await.unwrap();
    let request = format!(
        "GET http://clouddc.example{path} HTTP/1.1\r\nHost: clouddc.example\r\nX-Auth-Token: {TOKEN}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(rig.recording().exchanges().len(), 2);
    server.shutdown().await;
}

#[test]
fn a_directory_that_cannot_be_written_to_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let upstream = Upstream::new(Endpoint::parse("https://a.example", PlainHttp::Loopback).unwrap());
    let error = Recorder::begin(upstream, Path::new(&file), Salt::new([0; 32]), Clock::start()).unwrap_err();
    assert!(error.to_string().contains("no recording can be written to"), "{error}");
}
