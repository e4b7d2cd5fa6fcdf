//! Which HTTP is spoken, on which connection, and whether signatures survive it.

use std::time::Duration;

use http::{Method, Version};
use reinstall_core::fault::Sent;
use reinstall_core::secret::{SecretKey, SecurityToken, SessionToken};
use reinstall_core::time::Timestamp;
use reinstall_http::client::Client;
use reinstall_http::clock::Clock;
use reinstall_http::sign::key::AccessKey;
use reinstall_http::sign::verify::verify;
use reinstall_http::sign::{Message, date};

use crate::authority::{Authority, VERSIONS};
use crate::client::{builder_with, client, look, reinstall, trusting};
use crate::cloud::{Cloud, Seen};

/// Looks, reinstalls, looks, and reinstalls again.
async fn tour(client: &Client) {
    for _ in 0..2 {
        look(client).await.expect("an answer");
        reinstall(client).await.expect("accepted");
    }
}

#[tokio::test]
async fn looks_share_a_connection_and_each_reinstall_has_its_own() {
    let ours = Authority::new();
    for (alpn, looked) in [
        (&["h2", "http/1.1"][..], Version::HTTP_2),
        (&["http/1.1", "h2"], Version::HTTP_11),
        (&["http/1.1"], Version::HTTP_11),
        (&[], Version::HTTP_11),
    ] {
        let cloud = Cloud::start(ours.certify("localhost").config(VERSIONS, alpn)).await;
        tour(&client(&cloud.base(), trusting(ours.pem()))).await;
        let is_short = |seen: &Seen| seen.resumed == (seen.connection > 0);
        assert!(cloud.seen().iter().all(is_short), "only the first handshake is a whole one");
        let seen =
            cloud.seen().into_iter().map(|seen| (seen.connection, seen.method, seen.version)).collect::<Vec<_>>();
        let expected = [
            (0, Method::GET, looked),
            (1, Method::PUT, Version::HTTP_11),
            (0, Method::GET, looked),
            (2, Method::PUT, Version::HTTP_11),
        ];
        assert_eq!(seen, expected, "{alpn:?}");
    }
}

/// A server that offers HTTP/2 alone gets no reinstall, and nothing is sent.
#[tokio::test]
async fn a_reinstall_is_not_squeezed_into_http_2() {
    let ours = Authority::new();
    let cloud = Cloud::start(ours.certify("localhost").config(VERSIONS, &["h2"])).await;
    let client = client(&cloud.base(), trusting(ours.pem()));
    look(&client).await.expect("an answer");
    let error = reinstall(&client).await.expect_err("no protocol in common");
    assert!(error.to_string().contains("TLS failed: received fatal alert"), "{error}");
    assert_eq!(error.sent(), Sent::No);
    assert_eq!(cloud.seen().len(), 1);
}

/// The request as a gateway sees it, which reads the host from `:authority` where there is no such header.
fn check_signature(seen: &Seen, key: &AccessKey, now: Timestamp) {
    let mut headers = seen.headers.clone();
    if seen.version == Version::HTTP_2 {
        assert!(!headers.contains_key("host"), "one host is enough");
        let authority = seen.uri.authority().expect("an authority").as_str();
        headers.insert("host", authority.parse().expect("a header"));
    }
    let (path, query) = (seen.uri.path(), seen.uri.query());
    let message = Message { method: &seen.method, path, query, headers: &headers, body: &seen.body };
    let found = verify(&message, now, [key]).map(AccessKey::id);
    assert_eq!(found.as_deref().ok(), Some(key.id()), "{found:?}");
    let signed = headers["authorization"].to_str().expect("text");
    assert!(signed.contains("host;x-project-id;x-sdk-date;x-security-token"), "{signed}");
}

#[tokio::test]
async fn signatures_hold_over_either_version() {
    let ours = Authority::new();
    let key = AccessKey::new("AK1", SecretKey::parse("canary-secret").expect("a secret")).expect("an id");
    let key = key.with_security_token(SecurityToken::parse("canary-security").expect("a token"));
    let cloud = Cloud::start(ours.certify("localhost").config(VERSIONS, &["h2", "http/1.1"])).await;
    let client = builder_with(&cloud.base(), trusting(ours.pem()), 1, key.clone()).build().expect("a client");
    tour(&client).await;
    client.list().await.expect("an answer to a signed query");
    let seen = cloud.seen();
    assert_eq!(seen.len(), 5);
    for seen in seen {
        let text = seen.headers["x-sdk-date"].to_str().expect("text");
        let signed_at = date::read(text).expect("a date");
        let now = Clock::start().wall();
        assert!(now.since(signed_at).max(signed_at.since(now)) < Duration::from_secs(600), "{text}");
        check_signature(&seen, &key, signed_at);
    }
}

/// A token is marked as sensitive, so that no table on the way keeps it (RFC 7541, 7.1.3): each request has it whole. The
/// other headers are in the table after the first one.
#[tokio::test]
async fn tokens_are_kept_out_of_compression() {
    let ours = Authority::new();
    let cloud = Cloud::start(ours.certify("localhost").config(VERSIONS, &["h2", "http/1.1"])).await;
    let token = format!("canary{}", "x".repeat(2_000));
    let credential = SessionToken::parse(&token).expect("a token");
    let client = builder_with(&cloud.base(), trusting(ours.pem()), 1, credential).build().expect("a client");
    for _ in 0..2 {
        look(&client).await.expect("an answer");
    }
    let seen = cloud.seen();
    for seen in &seen {
        assert_eq!((seen.connection, seen.version), (0, Version::HTTP_2));
        assert_eq!(seen.headers["x-auth-token"].to_str().ok(), Some(token.as_str()));
    }
    assert!(seen[1].bytes - seen[0].bytes > 1_000, "{} bytes, then {}", seen[0].bytes, seen[1].bytes);
}
