//! The client with an access key against the mock cloud, over real sockets.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

use std::time::Duration;

use reinstall_core::action::Submission;
use reinstall_core::fault::{FaultKind, Sent};
use reinstall_core::id::InstanceId;
use reinstall_core::instance::InstanceState;
use reinstall_core::instance_set::InstanceSet;
use reinstall_core::login::PasswordPolicy;
use reinstall_core::secret::{AdminPassword, SecretKey, SecurityToken, SessionToken};
use reinstall_http::client::Client;
use reinstall_http::credential::Credential;
use reinstall_http::endpoint::{Endpoint, PlainHttp};
use reinstall_http::error::CallError;
use reinstall_http::sign::key::AccessKey;
use reinstall_mock_server::cloud::config::CloudConfig;
use reinstall_mock_server::serve::{MockServer, MockServerBuilder};

const SECRET: &str = "canary-secret-4417";
const TOKEN: &str = "canary-token-9931";

fn key(id: &str, secret: &str) -> AccessKey {
    let secret = SecretKey::parse(secret).expect("a secret");
    AccessKey::new(id, secret).expect("an id")
}

fn temporary_key(token: &str) -> AccessKey {
    key("TEMPORARY", SECRET).with_security_token(SecurityToken::parse(token).expect("a token"))
}

fn mock() -> MockServerBuilder {
    MockServer::builder().instances(250).access_key(key("PERMANENT", SECRET)).access_key(temporary_key(TOKEN))
}

fn client(server: &MockServer, credential: impl Into<Credential>) -> Client {
    let endpoint = Endpoint::parse(&server.base_url(), PlainHttp::Loopback).expect("an endpoint");
    let project = CloudConfig::PROJECT.parse().expect("a project");
    Client::builder(endpoint, project, credential).build().expect("a client")
}

fn submission(id: InstanceId) -> Submission {
    Submission { ids: InstanceSet::new(vec![id]).expect("a set of one"), image: None, attempt: 1 }
}

fn password() -> AdminPassword {
    let text = String::from("Valid+Pass-77").into();
    PasswordPolicy::for_os(None).admit(text).expect("an allowed password")
}

#[tokio::test]
async fn every_call_is_signed_and_tokens_go_on_beside_it() {
    let server = mock().start().await.expect("a server");
    let token = SessionToken::parse(MockServer::TOKEN).expect("a token");
    let credentials = [key("PERMANENT", SECRET).into(), temporary_key(TOKEN).into(), Credential::Token(token)];
    for (index, credential) in credentials.into_iter().enumerate() {
        let client = client(&server, credential);
        let id = server.ids()[index];
        let accepted = client.reinstall(&submission(id), &password()).await.expect("accepted");
        assert_eq!(accepted.ids, [id]);
        assert_eq!(server.with_cloud(|cloud| cloud.wipes(id).len()), 1);
        let seen = client.show_status(id).await.expect("a status");
        assert_eq!(seen.state, Some(InstanceState::Pending));
        // More than one page, so that a marker is signed, and ids with commas between them.
        let listing = client.list().await.expect("a list");
        assert_eq!((listing.instances.len(), listing.complete), (250, true));
        assert_eq!(client.look(&server.ids()[..3]).await.expect("looks").len(), 3);
    }
}

/// What each of the three calls is refused with.
async fn refusals(server: &MockServer, credential: impl Into<Credential>) -> [CallError; 3] {
    let client = client(server, credential);
    let id = server.ids()[0];
    let refused = [
        client.reinstall(&submission(id), &password()).await.map(drop).expect_err("refused"),
        client.show_status(id).await.map(drop).expect_err("refused"),
        client.list().await.map(drop).expect_err("refused"),
    ];
    let shown = format!("{client:?} {refused:?}");
    assert!(!shown.to_lowercase().contains("canary") && !shown.contains("Valid+Pass"), "{shown}");
    assert!(server.truth().requests.is_empty(), "nothing reached the cloud");
    refused
}

#[tokio::test]
async fn wrong_keys_and_wrong_clocks_are_refused_with_code_and_request_id() {
    let wrong_secret = "the secret key is not the one that belongs to the access key";
    let off = Duration::from_secs(20 * 60);
    for (ahead, key, says) in [
        (Duration::ZERO, key("PERMANENT", "canary-wrong-secret"), wrong_secret),
        (Duration::ZERO, key("NOBODY", SECRET), "ak NOBODY not exist"),
        (Duration::ZERO, temporary_key("canary-wrong-token"), "decrypt token fail"),
        (Duration::ZERO, key("TEMPORARY", SECRET), "decrypt token fail"),
        (off, key("PERMANENT", SECRET), "calc aksk signature fail:signature expired, signature time:"),
        (off, temporary_key(TOKEN), "calc aksk signature fail:signature expired, signature time:"),
    ] {
        let server = mock().clock_ahead(ahead).start().await.expect("a server");
        for error in refusals(&server, key).await {
            assert_eq!((error.kind(), error.sent()), (FaultKind::Unauthorized, Sent::Answered), "{error}");
            assert_eq!(error.status(), Some(401), "{error}");
            assert_eq!(error.error_code().map(|code| code.as_str()), Some("APIGW.0301"), "{error}");
            assert!(error.request_id().is_some() && error.to_string().contains("request id "), "{error}");
            assert!(error.to_string().contains(says), "{says} in {error}");
            assert_eq!(error.tries(), 1, "a refused signature gets no better by another try");
        }
    }
}

#[tokio::test]
async fn a_clock_within_the_quarter_of_an_hour_is_accepted() {
    let server = mock().clock_ahead(Duration::from_secs(14 * 60)).start().await.expect("a server");
    let seen = client(&server, key("PERMANENT", SECRET)).show_status(server.ids()[0]).await;
    assert_eq!(seen.expect("a status").state, Some(InstanceState::Running));
}

#[tokio::test]
async fn a_mock_without_keys_knows_none() {
    let server = MockServer::builder().start().await.expect("a server");
    for error in refusals(&server, key("PERMANENT", SECRET)).await {
        assert!(error.to_string().contains("ak PERMANENT not exist"), "{error}");
    }
}
