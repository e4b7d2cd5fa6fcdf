//! The calls for testers: time, worlds, the log, and who may call.

use axum::http::request::Builder;

use super::*;
use crate::clock::ClockMode;
use crate::worlds::{WorldPlan, Worlds};

/// A server of one world whose clock moves only when it is told to, and that makes others.
fn manual() -> Rig {
    let plan =
        WorldPlan { clock: ClockMode::Manual, ..WorldPlan::new(CloudConfig::generated("p1".parse().unwrap(), 12)) };
    let worlds = Worlds::planned(plan, true, NOW);
    let state = Arc::new(AppState::of(worlds, SessionToken::parse(TOKEN).unwrap(), || NOW));
    let ids = state.with_world(|world| world.cloud.ids().collect());
    Rig { state, ids }
}

fn call(method: Method, path: &str) -> Builder {
    axum::http::Request::builder().method(method).uri(format!("/_mock/{path}"))
}

impl Rig {
    async fn admin(&self, method: Method, path: &str, body: &Value) -> Got {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(call(method, path), body).await
    }

    async fn reinstall(&self, id: InstanceId) -> Got {
        self.put(&json!({"password": "Abcdef1!", "instance_id_set": [id]})).await
    }

    async fn state(&self, id: InstanceId) -> String {
        let got = self.get(&format!("/v1/p1/instances/{id}/status")).await;
        got.body["state"].as_str().unwrap_or("-").to_owned()
    }
}

#[tokio::test]
async fn time_goes_on_when_it_is_told_to_and_tells_what_changed() {
    let rig = manual();
    assert_eq!(rig.admin(Method::GET, "clock", &Value::Null).await.body["next"], Value::Null);
    assert_eq!(rig.reinstall(rig.ids[0]).await.status, StatusCode::ACCEPTED);
    assert_eq!(rig.state(rig.ids[0]).await, "pending");
    let clock = rig.admin(Method::GET, "clock", &Value::Null).await.body;
    assert_eq!((&clock["mode"], &clock["underway"]), (&json!("manual"), &json!(1)));
    assert_eq!(
        (&clock["now"], &clock["next"]),
        (&json!("2027-01-15T08:00:00.000Z"), &json!("2027-01-15T08:01:00.000Z"))
    );

    let moved = rig.admin(Method::POST, "clock/advance", &json!({"by": "59s"})).await.body;
    assert_eq!(moved["transitions"], json!([]));
    assert_eq!(rig.state(rig.ids[0]).await, "pending");
    let moved = rig.admin(Method::POST, "clock/next", &Value::Null).await.body;
    assert_eq!(
        moved,
        json!({"now": "2027-01-15T08:01:00.000Z", "omitted": 0, "tokens_died": 0, "transitions": [{
            "at": "2027-01-15T08:01:00.000Z", "instance": rig.ids[0],
            "from": "pending/reinstall-processing", "to": "running/reinstall-succeed"}]})
    );
    assert_eq!(rig.state(rig.ids[0]).await, "running");

    let _ = (rig.reinstall(rig.ids[1]).await, rig.reinstall(rig.ids[2]).await);
    let moved = rig.admin(Method::POST, "clock/idle", &Value::Null).await.body;
    assert_eq!(moved["transitions"].as_array().map(Vec::len), Some(2));
    assert_eq!(rig.admin(Method::POST, "clock/idle", &Value::Null).await.body["transitions"], json!([]));
    let back = rig.admin(Method::POST, "clock/advance", &json!({"to": "2027-01-15T08:00:00Z"})).await;
    assert_eq!(back.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn one_clock_drives_tokens_signatures_limits_and_dates() {
    let rig = manual();
    let status = format!("/v1/p1/instances/{}/status", rig.ids[0]);
    rig.admin(Method::PUT, "limits", &json!([{"rate": "1/m", "retry_after": true}])).await;
    assert_eq!(rig.get(&status).await.status, StatusCode::OK);
    let throttled = rig.get(&status).await;
    assert_eq!(
        (throttled.status.as_u16(), throttled.code(), throttled.header("retry-after")),
        (429, "APIGW.0308", "60")
    );
    rig.admin(Method::POST, "clock/advance", &json!({"by": "59s"})).await;
    assert_eq!(rig.get(&status).await.header("retry-after"), "1");
    rig.admin(Method::POST, "clock/advance", &json!({"by": "1s"})).await;
    let got = rig.get(&status).await;
    assert_eq!((got.status, got.header("date")), (StatusCode::OK, "Fri, 15 Jan 2027 08:01:00 GMT"));
}

#[tokio::test]
async fn worlds_do_not_see_each_other() {
    let rig = manual();
    let made = rig.send(asking(Method::GET, "/v1/p2/instances?limit=100"), "").await;
    assert_eq!((made.status, made.body["count"].as_u64()), (StatusCode::OK, Some(12)), "made on the fly");
    let foreign = made.body["instances"][0]["id"].as_str().unwrap().to_owned();
    assert!(rig.ids.iter().all(|id| id.to_string() != foreign));
    let refused = json!({"effect": {"kind": "answer", "when": "before", "status": 503}, "times": null});
    assert_eq!(rig.admin(Method::POST, "faults?world=p2", &json!([refused])).await.status, StatusCode::OK);
    assert_eq!(rig.send(asking(Method::GET, "/v1/p2/instances"), "").await.status.as_u16(), 503);
    assert_eq!(rig.get("/v1/p1/instances").await.status, StatusCode::OK);
    rig.admin(Method::POST, "clock/advance?world=p2", &json!({"by": "1h"})).await;
    let now = |world: &'static str| async { rig.admin(Method::GET, world, &Value::Null).await.body["now"].clone() };
    assert_eq!(now("clock").await, "2027-01-15T08:00:00.000Z");
    assert_eq!(now("clock?world=p2").await, "2027-01-15T09:00:00.000Z");

    for (method, path, body, status) in [
        (Method::POST, "worlds", json!({"project_id": "p2"}), 409),
        (Method::POST, "worlds", json!({"project_id": "a/b"}), 400),
        (Method::POST, "worlds", json!({"project_id": "p3"}), 201),
        (Method::POST, "worlds/p2/reset", Value::Null, 204),
        (Method::DELETE, "worlds/p3", Value::Null, 204),
        (Method::DELETE, "worlds/p3", Value::Null, 404),
        (Method::DELETE, "worlds/p1", Value::Null, 409),
        (Method::GET, "clock?world=p3", Value::Null, 404),
        (Method::GET, "clock?wrold=p3", Value::Null, 400),
    ] {
        let got = rig.admin(method.clone(), path, &body).await;
        assert_eq!(got.status.as_u16(), status, "{method} {path}: {}", got.body);
    }
    assert_eq!(rig.send(asking(Method::GET, "/v1/p2/instances"), "").await.status, StatusCode::OK, "the rule is gone");
}

#[tokio::test]
async fn a_world_is_what_it_was_when_it_was_remembered() {
    let rig = manual();
    let _ = rig.reinstall(rig.ids[0]).await;
    assert_eq!(rig.admin(Method::PUT, "worlds/p1/snapshots/a", &Value::Null).await.status.as_u16(), 204);
    rig.admin(Method::POST, "clock/idle", &Value::Null).await;
    rig.admin(Method::PATCH, &format!("instances/{}", rig.ids[1]), &json!({"state": "stopped"})).await;
    let listed = format!("/v1/p1/instances?instance_id={},{}", rig.ids[0], rig.ids[1]);
    let states = |got: &Got| [0, 1].map(|row| got.body["instances"][row]["state"].as_str().unwrap().to_owned());
    assert_eq!(states(&rig.get(&listed).await), ["running", "stopped"]);
    assert_eq!(rig.admin(Method::POST, "worlds/p1/snapshots/a/restore", &Value::Null).await.status.as_u16(), 204);
    assert_eq!(states(&rig.get(&listed).await), ["pending", "running"]);
    rig.admin(Method::POST, "worlds/p1/reset", &Value::Null).await;
    assert_eq!(states(&rig.get(&listed).await), ["running", "running"]);
    assert_eq!(rig.admin(Method::GET, "worlds/p1/snapshots", &Value::Null).await.body, json!(["a"]));
    assert_eq!(rig.admin(Method::DELETE, "worlds/p1/snapshots/a", &Value::Null).await.status.as_u16(), 204);
    assert_eq!(rig.admin(Method::POST, "worlds/p1/snapshots/a/restore", &Value::Null).await.status.as_u16(), 404);
    for (name, status) in [("a.b_C-9", 204), ("..a", 400), ("a%20b", 400), ("%C2%8A", 400), ("a%2Fb", 400)] {
        let made = rig.admin(Method::PUT, &format!("worlds/p1/snapshots/{name}"), &Value::Null).await;
        assert_eq!(made.status.as_u16(), status, "{name}: {}", made.body);
    }
}

#[tokio::test]
async fn what_was_asked_can_be_waited_for_and_counted() {
    let rig = manual();
    let wait = |count: u64| json!({"match": {"operation": "ReinstallOS"}, "count": count, "timeout": "1ms"});
    let got = rig.admin(Method::POST, "wait", &wait(1)).await;
    assert_eq!((got.status.as_u16(), &got.body["found"]), (408, &json!(0)));
    // Waited for before it comes.
    let patient = json!({"match": {"operation": "ReinstallOS", "status": 202}, "timeout": "10s"});
    let patient = async { rig.admin(Method::POST, "wait", &patient).await };
    let (waited, _) = tokio::join!(patient, rig.reinstall(rig.ids[3]));
    assert_eq!(waited.status, StatusCode::OK, "{}", waited.body);
    assert_eq!(waited.body["exchanges"][0]["ids"], json!([rig.ids[3]]));
    let password = json!({"chars": 8, "lower": true, "upper": true, "digit": true, "special": true});
    assert_eq!(waited.body["exchanges"][0]["password"], password);
    let never = rig.admin(Method::GET, "log/count?operation=ReinstallOS&status=5xx", &Value::Null).await.body;
    assert_eq!(never, json!({"found": 0, "forgotten": 0, "certain": true}));
    assert_eq!(rig.admin(Method::GET, "log?colour=red", &Value::Null).await.status.as_u16(), 400);

    let misspelt = json!({"password": "Abcdef1!", "instance_id_set": [rig.ids[4]], "usre_data": "x", "imageid": ""});
    let _ = rig.put(&misspelt).await;
    let _ = rig.get("/v1/p1/instances?limt=10").await;
    let unread = rig.admin(Method::GET, "unread", &Value::Null).await.body;
    let told: Vec<(&str, Option<&str>)> =
        unread.as_array().unwrap().iter().map(|one| (one["name"].as_str().unwrap(), one["nearest"].as_str())).collect();
    assert_eq!(told, [("imageid", Some("image_id")), ("usre_data", None), ("limt", Some("limit"))]);
}

#[tokio::test]
async fn pages_of_others_and_callers_without_the_token_are_refused() {
    let Rig { state, ids } = manual();
    let state = Arc::into_inner(state).unwrap().with_admin_token(Some(SessionToken::parse("adm-1").unwrap()));
    let state = state.with_hosts(crate::hosts::Hosts::Loopback(Vec::new()));
    let rig = Rig { state: Arc::new(state), ids };
    for (path, headers, status) in [
        ("truth", &[][..], 401),
        ("truth", &[("Authorization", "Bearer adm-2")], 401),
        ("truth", &[("Authorization", "Bearer adm-1")], 200),
        ("truth", &[("Authorization", "Bearer adm-1"), ("Host", "localhost:1"), ("Origin", "http://localhost:1")], 200),
        (
            "truth",
            &[("Authorization", "Bearer adm-1"), ("Host", "localhost:1"), ("Origin", "http://evil.example")],
            403,
        ),
        ("truth", &[("Authorization", "Bearer adm-1"), ("Host", "localhost:1"), ("Origin", "null")], 403),
        ("truth", &[("Authorization", "Bearer adm-1"), ("Host", "evil.example")], 421),
        ("healthz", &[], 200),
        ("readyz", &[], 200),
        ("openapi/clouddc.json", &[], 200),
        ("schema/scenario.json", &[], 200),
        ("nothing", &[("Authorization", "Bearer adm-1")], 404),
    ] {
        let request =
            headers.iter().fold(call(Method::GET, path), |request, (name, value)| request.header(*name, *value));
        let got = rig.send(request, "").await;
        assert_eq!(got.status.as_u16(), status, "{path} {headers:?}: {}", got.body);
        assert_eq!(got.header("x-mock"), env!("CARGO_PKG_VERSION"), "{path}");
    }
    // The provider's API is guarded against foreign names, too.
    let got = rig.send(asking(Method::GET, "/v1/p1/instances").header("Host", "evil.example"), "").await;
    assert_eq!((got.status.as_u16(), got.code()), (421, "MOCK.0421"));
}

#[tokio::test]
async fn an_instance_is_arranged_and_tells_its_story() {
    let rig = manual();
    let path = format!("instances/{}", rig.ids[5]);
    let arranged =
        json!({"ending": {"fails": {"code": "X.1", "message": "why"}}, "tags": {"env": "test", "bare": null}});
    let got = rig.admin(Method::PATCH, &path, &arranged).await;
    assert_eq!(got.body["row"]["tags"], json!([{"key": "bare"}, {"key": "env", "value": "test"}]), "{}", got.body);
    let _ = rig.reinstall(rig.ids[5]).await;
    rig.admin(Method::POST, "clock/idle", &Value::Null).await;
    let got = rig.admin(Method::GET, &path, &Value::Null).await;
    assert_eq!((&got.body["row"]["state"], &got.body["row"]["error"]["error_code"]), (&json!("error"), &json!("X.1")));
    assert_eq!(got.body["wipes"].as_array().map(Vec::len), Some(1));
    assert_eq!(got.body["timeline"][0]["operation"], "ReinstallOS");
    for (path, body, status) in [
        (path.as_str(), json!({"colour": "red"}), 400),
        ("instances/x", json!({}), 400),
        ("instances/00000000-0000-4000-8000-000000000000", json!({}), 404),
    ] {
        assert_eq!(rig.admin(Method::PATCH, path, &body).await.status.as_u16(), status, "{path}");
    }
    let metrics = rig.admin(Method::GET, "metrics", &Value::Null).await.body;
    let metrics = metrics.as_str().unwrap();
    assert!(metrics.contains("mock_instances{world=\"p1\",state=\"error\"} 1\n"), "{metrics}");
    assert!(
        metrics.contains("mock_requests_total{world=\"p1\",operation=\"ReinstallOS\",answer=\"2xx\"} 1\n"),
        "{metrics}"
    );
}
