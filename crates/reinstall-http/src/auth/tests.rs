//! Renewing against a server that plays both IAM and the service behind it.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use futures_util::future::join_all;
use reinstall_core::fault::{Repeat, Sent, Verdict, verdict};
use reinstall_core::id::InstanceId;
use reinstall_core::redact::Role;
use reinstall_core::secret::{SessionToken, UserPassword};

use super::*;
use crate::client::{Client, ClientBuilder};
use crate::clock::Clock;
use crate::endpoint::{Endpoint, PlainHttp};
use crate::error::CallError;
use crate::network::Network;
use crate::operation::Operation;
use crate::testing::{self, Play, Server, answer, answer_with, password, submission};
use crate::transport::Transport;
use reinstall_core::retry::ReadRetries;

const USER_PASSWORD: &str = "canary-user-6632";
const ACCEPTED: &str = r#"{"instances":[{"id":"00000000-0000-0000-0000-000000000001"}]}"#;
const STATUS: &str = "GET /v1/p-1/instances/00000000-0000-0000-0000-000000000001/status";
const TOKENS: &str = "POST /v3/auth/tokens";
const REINSTALL: &str = "PUT /v1/p-1/instances/reinstall";

/// The `n`th token, good for an hour by its own words.
fn token(n: u32) -> Play {
    let body = r#"{"token":{"issued_at":"2026-11-23T07:00:00.000000Z","expires_at":"2026-11-23T08:00:00.000000Z"}}"#;
    answer_with(201, &format!("X-Subject-Token: canary-token-{n}\r\n"), body)
}

/// A server that gives out tokens, counted from 1, and serves whoever shows one that `accepts`.
async fn server(accepts: impl Fn(u32) -> bool + Send + Sync + 'static) -> Server {
    let given = AtomicU32::new(0);
    Server::start(move |request| {
        if request.starts_with("POST") {
            return token(given.fetch_add(1, Ordering::SeqCst) + 1);
        }
        let shown = request.split("x-auth-token: canary-token-").nth(1).and_then(|rest| rest.lines().next());
        match shown.and_then(|n| n.parse().ok()) {
            Some(n) if accepts(n) && request.starts_with("PUT") => answer(202, ACCEPTED),
            Some(n) if accepts(n) => answer(200, r#"{"state":"running"}"#),
            _ => answer(401, r#"{"error_code":"APIGW.0301","error_msg":"token expires"}"#),
        }
    })
    .await
}

fn user(base: &str) -> Credential {
    let password = UserPassword::new(USER_PASSWORD.to_owned().into()).unwrap();
    let iam = Endpoint::parse(base, PlainHttp::Loopback).unwrap();
    Credential::User { iam, user: IamUser::new("ann", password, "acme") }
}

fn builder(base: &str) -> ClientBuilder {
    testing::builder_with(base, user(base))
}

fn count(server: &Server, line: &str) -> usize {
    server.lines().get(line).copied().unwrap_or_default()
}

async fn many(client: &Client, calls: usize) -> Vec<Option<CallError>> {
    join_all((0..calls).map(|_| client.show_status(InstanceId::from_bits(1))))
        .await
        .into_iter()
        .map(Result::err)
        .collect()
}

#[tokio::test]
async fn one_token_does_for_all_calls_until_it_ends() {
    let server = server(|_| true).await;
    let client = builder(&server.base).build().unwrap();
    for _ in 0..2 {
        assert_eq!(many(&client, 20).await, vec![None; 20]);
    }
    assert_eq!((count(&server, TOKENS), count(&server, STATUS)), (1, 40));
    let request = server.requests().into_iter().find(|request| request.starts_with("POST")).unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /v3/auth/tokens?nocatalog=true HTTP/1.1\r\n"), "{head}");
    assert!(!head.to_ascii_lowercase().contains("x-auth-token"), "{head}");
    let said: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(said["auth"]["scope"]["project"]["id"], "p-1");
    assert_eq!(said["auth"]["identity"]["password"]["user"]["password"], USER_PASSWORD);
}

#[tokio::test]
async fn a_token_that_died_unannounced_is_replaced_once_for_all() {
    static LIVING: AtomicU32 = AtomicU32::new(1);
    let server = server(|n| n == LIVING.load(Ordering::SeqCst)).await;
    let client = builder(&server.base).build().unwrap();
    assert_eq!(many(&client, 1).await, [None]);
    LIVING.store(2, Ordering::SeqCst);
    assert_eq!(many(&client, 20).await, vec![None; 20]);
    assert_eq!(count(&server, TOKENS), 2);
}

#[tokio::test]
async fn a_reinstall_with_a_dead_token_is_left_to_the_rollout_to_repeat() {
    static LIVING: AtomicU32 = AtomicU32::new(1);
    let server = server(|n| n == LIVING.load(Ordering::SeqCst)).await;
    let client = builder(&server.base).build().unwrap();
    client.show_status(InstanceId::from_bits(1)).await.unwrap();
    LIVING.store(2, Ordering::SeqCst);
    let error = client.reinstall(&submission(1..2), &password()).await.unwrap_err();
    assert_eq!((error.kind(), error.status(), error.tries()), (FaultKind::Lapsed, Some(401), 1), "{error}");
    assert_eq!((count(&server, REINSTALL), count(&server, TOKENS)), (1, 2));
    client.reinstall(&submission(1..2), &password()).await.unwrap();
    assert_eq!((count(&server, REINSTALL), count(&server, TOKENS)), (2, 2));
}

#[tokio::test]
async fn a_new_token_that_is_refused_is_not_replaced_again_and_again() {
    let server = server(|_| false).await;
    let client = builder(&server.base).build().unwrap();
    let error = client.show_status(InstanceId::from_bits(1)).await.unwrap_err();
    assert_eq!((error.kind(), count(&server, TOKENS), count(&server, STATUS)), (FaultKind::Unauthorized, 1, 1));
}

/// Whatever became of the request for a token, the reinstall itself was not sent: there is nothing to look into.
#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    type Answer = fn() -> Play;
    let table: [(Answer, FaultKind, Option<u16>, u64); 5] = [
        (
            || answer(401, r#"{"error":{"code":401,"message":"wrong password: canary-user-6632"}}"#),
            K::Unauthorized,
            Some(401),
            1,
        ),
        (|| answer(400, ""), K::Unauthorized, Some(400), 1),
        (|| answer(500, ""), K::HeldBack, Some(500), 3),
        (|| answer(201, r#"{"token":{}}"#), K::HeldBack, Some(201), 3),
        (|| Play::Close(vec![]), K::HeldBack, None, 3),
    ];
    use FaultKind as K;
    for (play, kind, status, asked) in table {
        let server = Server::start(move |_| play()).await;
        let client = builder(&server.base).build().unwrap();
        let error = client.reinstall(&submission(1..2), &password()).await.unwrap_err();
        assert_eq!((error.kind(), error.status(), error.tries()), (kind, None, 0), "{error}");
        assert!(status.is_none_or(|status: u16| error.to_string().contains(&status.to_string())), "{error}");
        assert_ne!(verdict(error.fault(), Repeat::Once), Verdict::Doubt, "{error}");
        assert_eq!((count(&server, REINSTALL), client.requests()[&Operation::CreateToken]), (0, asked));
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("no token could be had from 127.0.0.1:") && !shown.contains("canary"), "{shown}");
        assert_eq!(error.sent(), Sent::No, "the reinstall request never left");
    }
}

#[tokio::test]
async fn whoever_waited_for_a_renewal_that_failed_does_not_ask_again() {
    let server = Server::start(|_| answer(401, "")).await;
    let client = builder(&server.base).build().unwrap();
    let errors = many(&client, 20).await;
    assert!(errors.iter().all(|error| error.as_ref().is_some_and(|error| error.kind() == FaultKind::Unauthorized)));
    assert_eq!(count(&server, TOKENS), 1);
}

fn caller() -> Caller {
    let transport = Transport::new(&Network::default()).unwrap();
    Caller::new(transport, Clock::start(), ReadRetries::default(), 0)
}

/// An [`Auth`] that holds something which should be renewed by now, and ends at that moment.
fn holding(base: &str, renew_at: Timestamp, ends_at: Timestamp) -> Auth {
    let auth = Auth::new(user(base), Scope::Project(testing::project())).unwrap();
    let proof = Proof::token(SessionToken::parse("canary-old").unwrap()).unwrap();
    let life = Some(Life { renew_at, ends_at });
    auth.hold(Arc::new(Held { proof, life, was_accepted: true.into() }));
    auth
}

/// What is asked for early may fail while the old one is still good, or get no answer: IAM is not needed yet.
#[tokio::test]
async fn an_early_renewal_that_fails_does_no_harm() {
    let caller = caller();
    let refusing = Server::start(|_| answer(401, "")).await;
    let silent = Server::start(|_| Play::Silence).await;
    let now = caller.now();
    let later = now + Duration::from_secs(3_600);
    for (server, ends_at, outcome) in [
        (&refusing, later, Ok("canary-old")),
        (&refusing, now, Err(FaultKind::Unauthorized)),
        (&silent, later, Ok("canary-old")),
    ] {
        let asked_before = server.requests().len();
        let auth = holding(&server.base, now, ends_at);
        // The second call does not ask again so soon.
        for _ in 0..2 {
            let shown = auth.show(&caller).await;
            let shown = shown.as_ref().map(|held| held.proof.secrets()[0].1).map_err(|fault| fault.kind);
            assert_eq!(shown, outcome);
        }
        let asked = server.requests().len() - asked_before;
        assert_eq!(asked, 1);
    }
}

/// A wrong password is not shown again and again, which would lock its user out.
#[tokio::test]
async fn a_password_that_was_refused_is_not_shown_again() {
    let server = Server::start(|_| answer(401, "")).await;
    let client = builder(&server.base).build().unwrap();
    for _ in 0..5 {
        let error = client.show_status(InstanceId::from_bits(1)).await.unwrap_err();
        assert_eq!((error.kind(), error.tries()), (FaultKind::Unauthorized, 0), "{error}");
    }
    assert_eq!(count(&server, TOKENS), 1);
}

/// The list call is not to blame for what IAM says.
#[tokio::test]
async fn a_refusal_of_iam_does_not_close_the_list_call() {
    for status in [403, 404] {
        let server = Server::start(move |_| answer(status, "")).await;
        let client = builder(&server.base).build().unwrap();
        let error = client.look(&[InstanceId::from_bits(1)]).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (FaultKind::Unauthorized, None), "{error}");
        assert_eq!(client.requests()[&Operation::ShowInstanceStatus], 0, "nobody is asked one by one for it");
    }
}

/// A service may repeat what it was shown by an earlier request.
#[tokio::test]
async fn tokens_that_were_replaced_are_hidden_too() {
    static LIVING: AtomicU32 = AtomicU32::new(1);
    let given = AtomicU32::new(0);
    let server = Server::start(move |request| {
        let shows = |n: u32| request.contains(&format!("canary-token-{n}\r"));
        match LIVING.load(Ordering::SeqCst) {
            _ if request.starts_with("POST") => token(given.fetch_add(1, Ordering::SeqCst) + 1),
            living if shows(living) => answer(
                200,
                r#"{"state":"running","error":{"error_msg":"canary-token-1 and canary-token-2 were here"}}"#,
            ),
            _ => answer(401, ""),
        }
    })
    .await;
    let client = builder(&server.base).build().unwrap();
    client.show_status(InstanceId::from_bits(1)).await.unwrap();
    LIVING.store(2, Ordering::SeqCst);
    let seen = client.show_status(InstanceId::from_bits(1)).await.unwrap();
    assert_eq!(
        seen.fault.unwrap().message.as_str(),
        "[redacted: a session token] and [redacted: a session token] were here"
    );
}

/// A service that takes every token for looks and none for a reinstall is not asked for ever.
#[tokio::test]
async fn a_reinstall_that_no_token_opens_is_given_up() {
    let given = AtomicU32::new(0);
    let server = Server::start(move |request| match request.split(' ').next() {
        Some("POST") => token(given.fetch_add(1, Ordering::SeqCst) + 1),
        Some("PUT") => answer(401, ""),
        _ => answer(200, r#"{"state":"running"}"#),
    })
    .await;
    let client = builder(&server.base).build().unwrap();
    let mut kinds = vec![];
    for _ in 0..=LAPSES_MAX {
        client.show_status(InstanceId::from_bits(1)).await.unwrap();
        kinds.push(client.reinstall(&submission(1..2), &password()).await.unwrap_err().kind());
    }
    assert_eq!(kinds.pop(), Some(FaultKind::Unauthorized));
    assert_eq!(kinds, vec![FaultKind::Lapsed; LAPSES_MAX as usize]);
}

#[tokio::test]
async fn what_is_about_to_end_is_renewed_before_it_does() {
    let server = server(|_| true).await;
    let caller = caller();
    let auth = holding(&server.base, caller.now(), caller.now() + Duration::from_secs(3_600));
    for _ in 0..2 {
        assert_eq!(auth.show(&caller).await.unwrap().proof.secrets(), [(Role::SessionToken, "canary-token-1")]);
    }
    assert_eq!(count(&server, TOKENS), 1);
}

#[tokio::test]
async fn the_machines_own_keys_sign_and_are_renewed() {
    let keys = |n: u32| {
        let body = format!(
            r#"{{"credential":{{"access":"AK{n}","secret":"canary-sk","securitytoken":"canary-st","expires_at":"2020-01-01T00:00:00.000000Z"}}}}"#
        );
        answer(200, &body)
    };
    for (session, shows_session) in [(200, true), (404, false)] {
        let given = AtomicU32::new(0);
        let server = Server::start(move |request| match request.split(' ').nth(1) {
            Some("/meta-data/latest/api/token") => answer(session, "canary-session"),
            Some("/openstack/latest/securitykey") => keys(given.fetch_add(1, Ordering::SeqCst)),
            _ => answer(200, r#"{"state":"running"}"#),
        })
        .await;
        let metadata = Credential::Metadata(Endpoint::parse(&server.base, PlainHttp::Loopback).unwrap());
        let client = testing::builder_with(&server.base, metadata).build().unwrap();
        client.show_status(InstanceId::from_bits(1)).await.unwrap();
        client.show_status(InstanceId::from_bits(1)).await.unwrap();
        let signed: Vec<String> =
            server.requests().into_iter().filter(|request| request.starts_with("GET /v1")).collect();
        for (n, request) in signed.iter().enumerate() {
            let request = request.to_ascii_lowercase();
            assert!(request.contains(&format!("authorization: sdk-hmac-sha256 access=ak{n}, ")), "{request}");
            assert!(request.contains("x-security-token: canary-st"), "{request}");
        }
        assert_eq!(signed.len(), 2);
        let asked: Vec<String> =
            server.requests().into_iter().filter(|request| request.contains("securitykey")).collect();
        assert_eq!(asked.iter().all(|request| request.contains("x-metadata-token: canary-session")), shows_session);
    }
}
