//! IAM over HTTP: how it is asked and admits, and what its tokens open.

use axum::http::request::Builder;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reinstall_core::time::Timestamp;

use super::*;
use crate::delivery::{Break, Sent};
use crate::iam::{IamConfig, IamUser};

const TOKENS: &str = "/v3/auth/tokens";
const PROJECTS: &str = "/v3/projects";
const INSTANCES: &str = "/v1/p1/instances";

/// A server at `mock:81` whose clock a test moves on.
struct IamRig {
    rig: Rig,
    millis: Arc<AtomicU64>,
}

fn iam_rig(change: impl FnOnce(&mut IamConfig)) -> IamRig {
    let cloud = Cloud::new(CloudConfig::generated("p1".parse().unwrap(), 3));
    let ids = cloud.ids().collect();
    let mut config = IamConfig { users: vec![IamUser::parse("ann:canary-pw@acme").unwrap()], ..IamConfig::default() };
    change(&mut config);
    let millis = Arc::new(AtomicU64::new(NOW.as_millis()));
    let clock = Arc::clone(&millis);
    let clock = move || Timestamp::from_millis(clock.load(Ordering::Relaxed));
    let state = AppState::new(World::new(cloud).with_iam(config), SessionToken::parse(TOKEN).unwrap(), clock);
    let state = state.with_access_keys(vec![key("AK1:canary-1")]);
    IamRig { rig: Rig { state: Arc::new(state), ids }, millis }
}

fn anonymous(method: Method, uri: &str) -> Builder {
    axum::http::Request::builder().method(method).uri(uri).header(HOST, "mock:81")
}

fn signed(uri: &str, pair: &str) -> Builder {
    signing(&Method::GET, uri, uri, pair, NOW, "")
}

fn wish(password: &str, scope: &Value) -> String {
    let user = json!({"name": "ann", "password": password, "domain": {"name": "acme"}});
    json!({"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}).to_string()
}

impl IamRig {
    async fn ask(&self, body: String) -> Got {
        self.rig.send(anonymous(Method::POST, TOKENS), body).await
    }

    /// A token for the project.
    async fn token(&self) -> String {
        let got = self.ask(wish("canary-pw", &json!({"project": {"name": "cn-east-3"}}))).await;
        assert_eq!(got.status, StatusCode::CREATED, "{}", got.body);
        got.header("x-subject-token").to_owned()
    }

    async fn get(&self, uri: &str, token: &str) -> Got {
        self.rig.send(anonymous(Method::GET, uri).header("X-Auth-Token", token), "").await
    }

    fn advance(&self, seconds: u64) {
        self.millis.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }
}

fn error(code: u16, message: &str, title: &str) -> Value {
    json!({"error": {"code": code, "message": message, "title": title}})
}

#[tokio::test]
async fn a_password_becomes_a_token_that_opens_the_project() {
    let iam = iam_rig(|_| ());
    let got = iam.ask(wish("canary-pw", &json!({"project": {"name": "cn-east-3"}}))).await;
    assert_eq!(got.status, StatusCode::CREATED);
    let said = &got.body["token"];
    assert_eq!(said["issued_at"], "2027-01-15T08:00:00.000000Z");
    assert_eq!(said["expires_at"], "2027-01-16T08:00:00.000000Z");
    assert_eq!((&said["methods"], &said["user"]["name"]), (&json!(["password"]), &json!("ann")));
    assert_eq!((&said["project"]["id"], &said["project"]["domain"]["name"]), (&json!("p1"), &json!("acme")));
    assert_eq!(said["project"]["domain"], said["user"]["domain"]);
    let identity = &said["catalog"][0];
    assert_eq!(
        (&identity["type"], &identity["endpoints"][0]["url"]),
        (&json!("identity"), &json!("http://mock:81/v3"))
    );
    assert_eq!(said["roles"][0]["name"], "te_admin");
    assert_eq!(got.header("x-iam-trace-id"), format!("token_null_null_{}", got.header("x-request-id")));
    assert!(!got.body.to_string().contains("canary"));

    let token = got.header("x-subject-token");
    assert_eq!(iam.get(INSTANCES, token).await.status, StatusCode::OK);
    assert_eq!(iam.get("/v1/p2/instances", token).await.status, StatusCode::NOT_FOUND);
    assert_eq!(iam.get(INSTANCES, TOKEN).await.status, StatusCode::OK, "side by side");
}

#[tokio::test]
async fn the_catalog_is_left_out_where_nobody_wants_it() {
    let iam = iam_rig(|_| ());
    for (query, has_catalog) in [
        ("", true),
        ("?nocatalog", false),
        ("?nocatalog=true", false),
        ("?x=1&nocatalog=1", false),
        ("?nocatalogs", true),
    ] {
        let uri = format!("{TOKENS}{query}");
        let got = iam.rig.send(anonymous(Method::POST, &uri), wish("canary-pw", &Value::Null)).await;
        assert_eq!(got.body["token"].get("catalog").is_some(), has_catalog, "{query}");
    }
}

#[tokio::test]
async fn iam_refuses_in_its_own_words_and_quotes_nothing() {
    let iam = iam_rig(|_| ());
    let wrong = error(401, "The username or password is wrong.", "Unauthorized");
    let invalid = error(400, "Request body is invalid.", "Bad Request");
    let no_project = error(401, "Could not find the project in the user's account.", "Unauthorized");
    for (body, status, said) in [
        (wish("canary-no", &Value::Null), 401, &wrong),
        (wish("canary-pw", &json!({"project": {"name": "canary"}})), 401, &no_project),
        (String::new(), 400, &invalid),
        ("canary".to_owned(), 400, &invalid),
        (json!({"auth": "canary"}).to_string(), 400, &invalid),
        (wish("canary-pw", &json!({"project": "canary"})), 400, &invalid),
    ] {
        let got = iam.ask(body.clone()).await;
        assert_eq!((got.status.as_u16(), &got.body), (status, said), "{body}");
        assert!(
            got.response.headers.contains_key("x-iam-trace-id")
                && !got.response.headers.contains_key("x-subject-token")
        );
    }
    let got = iam.ask("x".repeat(65_537)).await;
    assert_eq!((got.status.as_u16(), got.code()), (413, "APIGW.0201"));
    assert_eq!(iam.rig.send(anonymous(Method::DELETE, TOKENS), "").await.code(), "APIGW.0101");
}

#[tokio::test]
async fn a_token_without_a_project_opens_iam_alone() {
    let iam = iam_rig(|_| ());
    for scope in [Value::Null, json!("unscoped"), json!({"domain": {"name": "acme"}})] {
        let got = iam.ask(wish("canary-pw", &scope)).await;
        assert_eq!(got.status, StatusCode::CREATED, "{scope}");
        assert!(got.body["token"].get("project").is_none(), "{}", got.body);
        assert_eq!(got.body["token"].get("domain").is_some(), scope.is_object());
        let token = got.header("x-subject-token");
        let refused = iam.get(INSTANCES, token).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (401, "APIGW.0301"), "{scope}");
        let listed = iam.get(PROJECTS, token).await;
        assert_eq!((listed.status.as_u16(), &listed.body["projects"][0]["id"]), (200, &json!("p1")), "{scope}");
    }
}

#[tokio::test]
async fn dead_tokens_are_refused_in_the_gateways_words() {
    let expired = "Incorrect IAM authentication information: token expires, expires_at=2027-01-15T08:01:00.000000Z";
    for (dies_after, code, words) in
        [(None, "APIGW.0301", expired), (Some(Duration::from_secs(2)), "APIGW.0307", "The token must be updated")]
    {
        let iam = iam_rig(|config| {
            config.token_life = Duration::from_secs(60);
            config.token_dies_after = dies_after;
        });
        let token = iam.token().await;
        iam.advance(1);
        assert_eq!(iam.get(INSTANCES, &token).await.status, StatusCode::OK);
        iam.advance(if dies_after.is_some() { 1 } else { 59 });
        let got = iam.get(INSTANCES, &token).await;
        assert_eq!((got.status.as_u16(), got.code(), got.body["error_msg"].as_str()), (401, code, Some(words)));
        let got = iam.get(PROJECTS, &token).await;
        let unknown = error(401, "The request you have made requires authentication.", "Unauthorized");
        assert_eq!((got.status.as_u16(), got.body), (401, unknown));
        let fresh = iam.token().await;
        assert_eq!(iam.get(INSTANCES, &fresh).await.status, StatusCode::OK);
        iam.advance(365 * 24 * 3_600);
        assert_eq!(iam.get(INSTANCES, TOKEN).await.status, StatusCode::OK, "the fixed one never dies");
    }
}

#[tokio::test]
async fn tokens_are_validated_for_those_who_have_one() {
    let iam = iam_rig(|config| config.token_life = Duration::from_secs(60));
    let token = iam.token().await;
    let validate = |subject: &str| {
        let request = anonymous(Method::GET, TOKENS).header("X-Auth-Token", TOKEN).header("X-Subject-Token", subject);
        iam.rig.send(request, "")
    };
    let got = validate(&token).await;
    assert_eq!((got.status.as_u16(), &got.body["token"]["project"]["name"]), (200, &json!("cn-east-3")));
    let unknown = error(404, "Could not find token.", "Not Found");
    assert_eq!(validate("MIITcanary").await.body, unknown);
    assert_eq!(validate(TOKEN).await.body, unknown, "IAM has not handed that one out");
    let got = iam.get(TOKENS, &token).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST, "whose validity is asked?");
    let got = iam.rig.send(anonymous(Method::GET, TOKENS).header("X-Subject-Token", &token), "").await;
    assert_eq!(got.status, StatusCode::UNAUTHORIZED);
    iam.advance(60);
    assert_eq!(validate(&token).await.body, unknown);
}

#[tokio::test]
async fn projects_and_accounts_are_found_by_token_and_by_signature() {
    let iam = iam_rig(|_| ());
    let token = iam.token().await;
    let home = iam.get("/v3/auth/domains", &token).await.body["domains"][0].clone();
    assert_eq!((&home["name"], &home["enabled"]), (&json!("acme"), &json!(true)));
    let id = home["id"].as_str().unwrap();
    for (query, count) in [
        (String::new(), 1),
        ("?name=cn-east-3".to_owned(), 1),
        ("?name=cn-north-4".to_owned(), 0),
        (format!("?name=cn-east-3&domain_id={id}&enabled=true"), 1),
        ("?domain_id=d-2".to_owned(), 0),
        ("?enabled=False".to_owned(), 0),
    ] {
        let uri = format!("{PROJECTS}{query}");
        // No `X-Project-Id` is signed: it is not known yet.
        let by_key = iam.rig.send(signed(&uri, "AK1:canary-1"), "").await;
        let by_token = iam.get(&uri, &token).await;
        for got in [&by_key, &by_token, &iam.get(&uri, TOKEN).await] {
            assert_eq!(got.status, StatusCode::OK, "{query}: {}", got.body);
            assert_eq!(got.body["projects"].as_array().map(Vec::len), Some(count), "{query}");
        }
        assert_eq!(by_token.body["links"]["self"], "http://mock:81/v3/projects");
    }
    let project = iam.get(PROJECTS, &token).await.body["projects"][0].clone();
    assert_eq!(
        (&project["id"], &project["domain_id"], &project["is_domain"]),
        (&json!("p1"), &json!(id), &json!(false))
    );
    for request in [
        anonymous(Method::GET, PROJECTS),
        anonymous(Method::GET, "/v3/auth/domains"),
        anonymous(Method::GET, PROJECTS).header("X-Auth-Token", "canary"),
    ] {
        let got = iam.rig.send(request, "").await;
        assert_eq!((got.status.as_u16(), &got.body["error"]["code"]), (401, &json!(401)));
    }
    let got = iam.rig.send(signed(PROJECTS, "AK1:canary-9"), "").await;
    assert_eq!((got.status.as_u16(), got.code()), (401, "APIGW.0301"));
    assert_eq!(iam.get("/v3/projects?enabled=maybe", &token).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn versions_are_told_to_anyone() {
    let iam = iam_rig(|_| ());
    for (uri, status, pointer) in
        [("/", 300, "/versions/values/0"), ("/v3", 200, "/version"), ("/v3/", 200, "/version")]
    {
        let got = iam.rig.send(anonymous(Method::GET, uri), "").await;
        assert_eq!(got.status.as_u16(), status, "{uri}");
        let version = got.body.pointer(pointer).unwrap();
        assert_eq!((&version["id"], &version["status"]), (&json!("v3.14"), &json!("stable")));
        assert_eq!(version["links"], json!([{"rel": "self", "href": "http://mock:81/v3/"}]));
    }
}

#[tokio::test]
async fn faults_reach_iam_where_they_name_it() {
    let iam = iam_rig(|_| ());
    let rules = json!([
        {"effect": {"kind": "answer", "when": "before", "status": 502, "body": ""}},
        {"on": "KeystoneCreateUserTokenByPassword", "effect": {"kind": "answer", "when": "before", "status": 503, "body": ""}},
        {"on": "KeystoneCreateUserTokenByPassword", "effect": {"kind": "break", "at": "after_commit", "how": "close"}},
        {"on": "KeystoneCreateUserTokenByPassword", "effect": {"kind": "break", "at": {"after_body": 9}, "how": "close"}},
        {"on": "KeystoneListProjects", "effect": {"kind": "break", "at": "before_commit", "how": "hang"}},
    ]);
    let armed = iam.rig.send(asking(Method::POST, "/_mock/faults"), rules.to_string()).await;
    assert_eq!(armed.status, StatusCode::OK, "{}", armed.body);
    let scope = json!({"project": {"id": "p1"}});
    let mut fates = Vec::new();
    for _ in 0..4 {
        let got = iam.ask(wish("canary-pw", &scope)).await;
        fates.push((got.status.as_u16(), got.response.extensions.get().copied().unwrap_or_default()));
    }
    let whole = Delivery::Whole;
    let cut = Delivery::Broken { after: Sent::Body(9), how: Break::Close };
    assert_eq!(fates, [(503, whole), (201, Delivery::CLOSED), (201, cut), (201, whole)]);
    let hung = iam.get(PROJECTS, TOKEN).await;
    assert_eq!(hung.response.extensions.get(), Some(&Delivery::NEVER));
    assert_eq!(iam.get(INSTANCES, TOKEN).await.status.as_u16(), 502, "the rule without a name is left for CloudDC");

    let token = iam.token().await;
    let log = iam.rig.get("/_mock/log").await.body;
    let exchanges = log["exchanges"].as_array().unwrap();
    let seen: Vec<&Value> = exchanges.iter().map(|exchange| &exchange["seen"]).collect();
    assert_eq!(seen, [&json!(503), &Value::Null, &json!(201), &json!(201), &Value::Null, &json!(502), &json!(201)]);
    assert_eq!(exchanges[0]["operation"], "KeystoneCreateUserTokenByPassword");
    assert!(!log.to_string().contains("canary") && !log.to_string().contains(&token));
    let truth = iam.rig.get("/_mock/truth").await.body;
    let requests = json!({"KeystoneCreateUserTokenByPassword": 5, "KeystoneListProjects": 1, "ListInstances": 1});
    assert_eq!(truth["requests"], requests);
}

#[tokio::test]
async fn answers_are_dated_by_the_servers_own_clock() {
    let iam = iam_rig(|_| ());
    for (uri, advance, date) in [
        ("/v3", 0, "Fri, 15 Jan 2027 08:00:00 GMT"),
        (INSTANCES, 3_599, "Fri, 15 Jan 2027 08:59:59 GMT"),
        ("/nowhere", 1, "Fri, 15 Jan 2027 09:00:00 GMT"),
    ] {
        iam.advance(advance);
        assert_eq!(iam.get(uri, TOKEN).await.header("date"), date, "{uri}");
    }
}
