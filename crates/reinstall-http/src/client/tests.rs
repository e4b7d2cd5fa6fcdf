//! The client against servers that behave badly, over real sockets. Against a server that behaves like the cloud it is
//! tested in `tests/`, and so is what it logs.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reinstall_core::fault::{FaultKind, Sent};
use reinstall_core::instance::InstanceState;
use reinstall_core::secret::SecurityToken;

use super::*;
use crate::network::Timeouts;
use crate::sign::key::AccessKey;
use crate::testing::{self, PASSWORD, Play, Server, TOKEN, answer, answer_with, ids, password, submission};
use crate::transport::REPLY_BYTES_MAX;

const ACCEPTED: &str = r#"{"instances":[{"id":"00000000-0000-0000-0000-000000000001"}]}"#;

/// An endpoint's answer to everything.
fn always(play: impl Fn() -> Play + Send + Sync + 'static) -> impl Fn(&str) -> Play + Send + Sync + 'static {
    move |_| play()
}

async fn reinstall_at(base: &str) -> (Result<Accepted, CallError>, Client) {
    let client = testing::builder(base).build().unwrap();
    (client.reinstall(&submission(1..2), &password()).await, client)
}

#[tokio::test]
async fn a_reinstall_is_sent_as_documented_and_its_202_is_read() {
    let server = Server::start(always(|| answer_with(202, "X-Request-Id: r-1\r\n", ACCEPTED))).await;
    let (accepted, client) = reinstall_at(&server.base).await;
    let accepted = accepted.unwrap();
    assert_eq!(accepted.ids, ids(1..2));
    assert_eq!(accepted.request_id, RequestId::new("r-1"));
    assert_eq!(client.requests()[&Operation::ReinstallOs], 1);

    let [request] = &server.requests()[..] else { panic!("one request") };
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("put /v1/p-1/instances/reinstall http/1.1\r\n"), "{head}");
    for header in [
        format!("x-auth-token: {TOKEN}"),
        "content-type: application/json".to_owned(),
        format!("user-agent: reinstall/{}", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(head.lines().any(|line| line == header), "{header} in {head}");
    }
    assert_eq!(
        body,
        format!(r#"{{"password":"{PASSWORD}","instance_id_set":["00000000-0000-0000-0000-000000000001"]}}"#)
    );
}

#[tokio::test]
async fn a_202_may_name_others_and_nonsense() {
    let body = r#"{"instances":[{"id":"i-7"},{"id":"00000000-0000-0000-0000-0000000000ff"}],"more":1}"#;
    let server = Server::start(always(move || answer(202, body))).await;
    let (accepted, _) = reinstall_at(&server.base).await;
    assert_eq!(accepted.unwrap().ids, ids(0xff..0x100));
}

/// Whatever is played, the request comes once: a second one might wipe a machine twice.
#[tokio::test]
async fn a_reinstall_is_sent_once_whatever_happens_to_it() {
    type Answer = fn() -> Play;
    let table: [(Answer, FaultKind, Sent); 13] = [
        (|| answer(200, ACCEPTED), FaultKind::Unexpected, Sent::Answered),
        (|| answer(204, ""), FaultKind::Unexpected, Sent::Answered),
        (|| answer(202, ""), FaultKind::Unreadable, Sent::Answered),
        (|| answer(202, "<html>"), FaultKind::Unreadable, Sent::Answered),
        (|| answer(400, ""), FaultKind::Rejected, Sent::Answered),
        (|| answer(401, ""), FaultKind::Unauthorized, Sent::Answered),
        (|| answer(408, ""), FaultKind::Unexpected, Sent::Answered),
        (|| answer_with(429, "Retry-After: 0\r\n", ""), FaultKind::Throttled, Sent::Answered),
        (|| answer(500, ""), FaultKind::ServerFailed, Sent::Answered),
        (|| answer_with(503, "Retry-After: 0\r\n", ""), FaultKind::ServerFailed, Sent::Answered),
        (|| Play::Close(vec![]), FaultKind::Broken, Sent::Maybe),
        (|| Play::Close(b"HTTP/1.1 20".to_vec()), FaultKind::Broken, Sent::Maybe),
        (|| Play::Close(b"SSH-2.0-OpenSSH\r\n".to_vec()), FaultKind::Broken, Sent::Maybe),
    ];
    for (row, (play, kind, sent)) in table.into_iter().enumerate() {
        let server = Server::start(always(play)).await;
        let (outcome, client) = reinstall_at(&server.base).await;
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (kind, sent), "row {row}: {error}");
        assert_eq!((error.tries(), server.requests().len()), (1, 1), "row {row}");
        assert_eq!(client.requests()[&Operation::ReinstallOs], 1, "row {row}");
    }
}

/// A kept-alive connection that dies under the second request is where HTTP libraries like to try again by themselves. A
/// reinstall has a connection of its own.
#[tokio::test]
async fn a_reinstall_after_a_look_is_sent_once_too() {
    let server = Server::start(|request| match request.starts_with("GET") {
        true => answer(200, r#"{"state":"running"}"#),
        false => Play::Close(vec![]),
    })
    .await;
    let client = testing::builder(&server.base).build().unwrap();
    client.show_status(InstanceId::from_bits(1)).await.unwrap();
    let error = client.reinstall(&submission(1..2), &password()).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (FaultKind::Broken, Sent::Maybe));
    assert_eq!((server.requests().len(), server.connections()), (2, 2));
}

#[tokio::test]
async fn a_refused_connection_means_that_nothing_was_sent() {
    let (outcome, _) = reinstall_at(&testing::nobody().await).await;
    let error = outcome.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (FaultKind::Unreachable, Sent::No));
    assert!(error.to_string().contains("no connection to 127.0.0.1:"), "{error}");
}

#[tokio::test]
async fn a_failed_tls_handshake_means_that_nothing_was_sent() {
    let base = testing::hangs_up().await.replace("http://", "https://");
    let (outcome, _) = reinstall_at(&base).await;
    let error = outcome.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (FaultKind::Unreachable, Sent::No), "{error}");
}

/// Accepted is not answered: part of the request may have left.
#[tokio::test]
async fn a_connection_that_is_closed_at_once_is_no_refused_connection() {
    let (outcome, _) = reinstall_at(&testing::hangs_up().await).await;
    let error = outcome.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (FaultKind::Broken, Sent::Maybe), "{error}");
}

/// What came makes sense by itself, but more was announced.
#[tokio::test]
async fn a_truncated_202_is_doubt_and_a_truncated_refusal_stays_a_refusal() {
    for (head, kind) in [
        ("HTTP/1.1 202 Accepted", FaultKind::Unreadable),
        ("HTTP/1.1 403 Forbidden", FaultKind::Forbidden),
        ("HTTP/1.1 500 Oh", FaultKind::ServerFailed),
    ] {
        let bytes = format!("{head}\r\ncontent-length: 100\r\n\r\n{ACCEPTED}").into_bytes();
        let server = Server::start(always(move || Play::Close(bytes.clone()))).await;
        let (outcome, _) = reinstall_at(&server.base).await;
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), error.tries()), (kind, 1), "{head}");
    }
}

#[tokio::test]
async fn an_answer_is_read_up_to_its_bound() {
    for (status, len, kind) in [
        (202, REPLY_BYTES_MAX, None),
        (202, REPLY_BYTES_MAX + 1, Some(FaultKind::Unreadable)),
        (400, REPLY_BYTES_MAX + 1, Some(FaultKind::Rejected)),
    ] {
        let body = format!("{ACCEPTED}{}", " ".repeat(len - ACCEPTED.len()));
        let server = Server::start(always(move || answer(status, &body))).await;
        let (outcome, _) = reinstall_at(&server.base).await;
        assert_eq!(outcome.err().map(|error| error.kind()), kind, "{status} with {len} bytes");
    }
}

#[tokio::test]
async fn silence_is_a_timeout_after_which_nobody_knows() {
    let server = Server::start(always(|| Play::Silence)).await;
    let short = Duration::from_millis(50);
    let patient = Timeouts::default();
    for timeouts in [Timeouts { reinstall: short, ..patient }, Timeouts { read: short, ..patient }] {
        let client = testing::builder(&server.base).timeouts(timeouts).build().unwrap();
        let error = client.reinstall(&submission(1..2), &password()).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (FaultKind::TimedOut, Sent::Maybe), "{timeouts:?}");
    }
    // A machine under load may run out of time before it has sent anything.
    assert!(server.requests().len() <= 2, "at most one each");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::start(always(|| answer(202, ACCEPTED))).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("Location: {}/v1/x?token=1\r\n", elsewhere.base);
        let server = Server::start(always(move || answer_with(status, &location, ""))).await;
        let (outcome, client) = reinstall_at(&server.base).await;
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), error.status()), (FaultKind::Redirected, Some(status)));
        assert_eq!(error.error_msg().as_str(), "redirected to 127.0.0.1, which is not followed");
        let error = client.show_status(InstanceId::from_bits(1)).await.unwrap_err();
        assert_eq!((error.kind(), error.tries()), (FaultKind::Redirected, 1));
    }
    assert_eq!(elsewhere.connections(), 0, "neither token nor body went there");
}

#[tokio::test]
async fn a_look_is_tried_again_as_often_as_allowed() {
    type Answer = fn() -> Play;
    let table: [(Answer, FaultKind, u32); 9] = [
        (|| answer(429, "slow down"), FaultKind::Throttled, 3),
        (|| answer(500, ""), FaultKind::ServerFailed, 3),
        (|| answer(200, "{"), FaultKind::Unreadable, 3),
        (|| Play::Close(vec![]), FaultKind::Broken, 3),
        (|| answer_with(429, "Retry-After: 2\r\n", ""), FaultKind::Throttled, 1),
        (|| answer(400, ""), FaultKind::Rejected, 1),
        (|| answer(401, ""), FaultKind::Unauthorized, 1),
        (|| answer(404, ""), FaultKind::NotFound, 1),
        (|| answer(202, "{}"), FaultKind::Unexpected, 1),
    ];
    for (row, (play, kind, tries)) in table.into_iter().enumerate() {
        let server = Server::start(always(play)).await;
        let client = testing::builder(&server.base).build().unwrap();
        let error = client.show_status(InstanceId::from_bits(1)).await.unwrap_err();
        assert_eq!((error.kind(), error.tries()), (kind, tries), "row {row}");
        assert_eq!(server.requests().len(), tries as usize, "row {row}");
        assert_eq!(client.requests()[&Operation::ShowInstanceStatus], u64::from(tries), "row {row}");
    }
}

#[test]
fn the_cloud_may_ask_for_a_longer_pause_up_to_a_bound() {
    let seconds = Duration::from_secs;
    let client = testing::builder("http://127.0.0.1:1")
        .read_retries(ReadRetries { pause_max: seconds(30), ..ReadRetries::default() })
        .build()
        .unwrap();
    let pause = |operation, tries, retry_after| {
        let fault = Fault { retry_after, ..Fault::new(FaultKind::Throttled, "") };
        client.0.caller.pause_before_next(operation, &fault, tries)
    };
    for operation in [Operation::ListInstances, Operation::ShowInstanceStatus] {
        assert_eq!(pause(operation, 1, Some(seconds(30))), Some(seconds(30)));
        assert_eq!(pause(operation, 1, Some(seconds(31))), None);
        assert_eq!(pause(operation, 3, None), None);
        let jittered: BTreeSet<Duration> = (0..100).filter_map(|_| pause(operation, 2, None)).collect();
        assert!(jittered.len() > 50, "full jitter");
        assert!(jittered.last().is_some_and(|longest| *longest <= Duration::from_millis(400)));
    }
    assert_eq!(pause(Operation::ReinstallOs, 1, None), None);
    assert_eq!(pause(Operation::ReinstallOs, 1, Some(seconds(1))), None);
}

#[tokio::test]
async fn a_look_that_fails_once_succeeds_on_one_connection() {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => answer(503, ""),
        _ => answer(200, r#"{"state":"pending"}"#),
    })
    .await;
    let client = testing::builder(&server.base).build().unwrap();
    let seen = client.show_status(InstanceId::from_bits(1)).await.unwrap();
    assert_eq!(seen.state, Some(InstanceState::Pending));
    assert_eq!((server.requests().len(), server.connections()), (2, 1), "kept alive");
}

#[tokio::test]
async fn pages_are_listed_to_their_end() {
    let row = |bits: u128| format!(r#"{{"id":"{}","state":"running"}}"#, InstanceId::from_bits(bits));
    let page = move |rows: &[u128], next: &str| {
        let rows: Vec<String> = rows.iter().map(|bits| row(*bits)).collect();
        let body = format!(r#"{{"instances":[{}],"page_info":{{"next_marker":"{next}"}}}}"#, rows.join(","));
        answer(200, &body)
    };
    let server = Server::start(move |request| match request.split_whitespace().nth(1).unwrap() {
        "/v1/p-1/instances?limit=100" => page(&[1, 2], "a/b"),
        "/v1/p-1/instances?limit=100&marker=a%2Fb" => page(&[2, 3], "c"),
        "/v1/p-1/instances?limit=100&marker=c" => page(&[4], ""),
        other => panic!("{other}"),
    })
    .await;
    let client = testing::builder(&server.base).build().unwrap();
    let listing = client.list().await.unwrap();
    let listed: Vec<InstanceId> = listing.instances.into_iter().map(|(id, _)| id).collect();
    assert_eq!((listed, listing.complete), (ids(1..5), true));
    assert_eq!(client.requests()[&Operation::ListInstances], 3);
}

#[tokio::test]
async fn whatever_speaks_for_more_rows_makes_a_listing_incomplete() {
    let row = format!(r#"{{"id":"{}","state":"running"}}"#, InstanceId::from_bits(1));
    for (body, complete) in [
        (format!(r#"{{"instances":[{row}],"count":1}}"#), true),
        (format!(r#"{{"instances":[{row}]}}"#), true),
        (r#"{"instances":[],"count":0}"#.into(), true),
        (format!(r#"{{"instances":[{row}],"count":500}}"#), false),
        (format!(r#"{{"instances":[{row},{{"id":"i-1"}}]}}"#), false),
        (format!(r#"{{"instances":[{row},null]}}"#), false),
        ("{}".into(), false),
        // The same marker for ever: the end, if the count says so, and a dead end otherwise.
        (format!(r#"{{"instances":[{row}],"count":1,"page_info":{{"next_marker":"m"}}}}"#), true),
        (format!(r#"{{"instances":[{row}],"page_info":{{"next_marker":"m"}}}}"#), false),
    ] {
        let told = body.clone();
        let server = Server::start(move |_| answer(200, &told)).await;
        let client = testing::builder(&server.base).build().unwrap();
        assert_eq!(client.list().await.unwrap().complete, complete, "{body}");
    }
}

/// Each page as the rows that it has, and its next marker; after the last one it begins again.
async fn listed(pages: &'static [(&'static [u128], &'static str)]) -> (Vec<InstanceId>, bool, u64) {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let (rows, next) = pages[count.fetch_add(1, Ordering::SeqCst) % pages.len()];
        let rows: Vec<_> = rows.iter().map(|bits| format!(r#"{{"id":"{}"}}"#, InstanceId::from_bits(*bits))).collect();
        answer(200, &format!(r#"{{"instances":[{}],"page_info":{{"next_marker":"{next}"}}}}"#, rows.join(",")))
    })
    .await;
    let client = testing::builder(&server.base).build().unwrap();
    let listing = client.list().await.unwrap();
    let found = listing.instances.into_iter().map(|(id, _)| id).collect();
    (found, listing.complete, client.requests()[&Operation::ListInstances])
}

#[tokio::test]
async fn a_listing_goes_on_as_long_as_it_leads_somewhere() {
    // A page without rows is not the end, if it names a next one.
    assert_eq!(listed(&[(&[], "a"), (&[1], "b"), (&[], "c"), (&[2], "")]).await, (ids(1..3), true, 4));
    // Two markers that take turns lead in a circle.
    assert_eq!(listed(&[(&[1], "a"), (&[2], "b")]).await, (ids(1..3), false, 3));
    assert_eq!(listed(&[(&[], "a"), (&[], "b")]).await, (ids(1..1), false, 3));
}

#[tokio::test]
async fn a_listing_is_bounded() {
    let count = AtomicUsize::new(0);
    let empty = Server::start(move |_| {
        let n = count.fetch_add(1, Ordering::SeqCst);
        answer(200, &format!(r#"{{"instances":[],"page_info":{{"next_marker":"{n}"}}}}"#))
    })
    .await;
    let client = testing::builder(&empty.base).build().unwrap();
    let listing = client.list().await.unwrap();
    assert_eq!((listing.complete, client.requests()[&Operation::ListInstances]), (false, 10));

    let rows = vec!["{}"; Client::LIST_ROWS_MAX / 2 + 1].join(",");
    let count = AtomicUsize::new(0);
    let huge = Server::start(move |_| {
        let n = count.fetch_add(1, Ordering::SeqCst);
        answer(200, &format!(r#"{{"instances":[{rows}],"page_info":{{"next_marker":"{n}"}}}}"#))
    })
    .await;
    let client = testing::builder(&huge.base).build().unwrap();
    let error = client.list().await.unwrap_err();
    assert_eq!((error.kind(), client.requests()[&Operation::ListInstances]), (FaultKind::Unreadable, 2));
    assert!(error.to_string().contains("more than 100000 rows"), "{error}");

    let marker = "m".repeat(1_025);
    let long = Server::start(move |_| {
        answer(200, &format!(r#"{{"instances":[{{}}],"page_info":{{"next_marker":"{marker}"}}}}"#))
    })
    .await;
    let client = testing::builder(&long.base).build().unwrap();
    assert!(!client.list().await.unwrap().complete);
    assert_eq!(client.requests()[&Operation::ListInstances], 1);
}

#[tokio::test]
async fn markers_without_an_end_are_bounded() {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let n = count.fetch_add(1, Ordering::SeqCst);
        let id = InstanceId::from_bits(n as u128);
        answer(200, &format!(r#"{{"instances":[{{"id":"{id}"}}],"page_info":{{"next_marker":"{n}"}}}}"#))
    })
    .await;
    let client = testing::builder(&server.base).build().unwrap();
    let listing = client.list().await.unwrap();
    assert_eq!((listing.instances.len(), listing.complete), (Client::PAGES_MAX, false));
}

#[tokio::test]
async fn no_secret_is_shown_by_anything() {
    // A service that remembers what it was told, and repeats it in every call that follows.
    let server = Server::start(|_| {
        let body = format!(r#"{{"error_code":"iMetal.0001","error_msg":"bad: {PASSWORD} {TOKEN}"}}"#);
        answer_with(400, &format!("x-request-id: {PASSWORD}\r\n"), &body)
    })
    .await;
    let builder = testing::builder(&server.base);
    let builder_shown = format!("{builder:?}");
    let client = builder.build().unwrap();
    let error = client.reinstall(&submission(1..2), &password()).await.unwrap_err();
    let look_error = client.show_status(InstanceId::from_bits(1)).await.unwrap_err();
    let shown = format!("{builder_shown} {client:?} {:?} {error} {error:?} {look_error} {look_error:?}", client.0);
    assert!(!shown.to_lowercase().contains("canary"), "{shown}");
    assert!(shown.contains("bad: [redacted: the admin password] [redacted: a session token]"), "{shown}");
}

/// Every text field of every answer repeats the password in a spelling of its own.
#[tokio::test]
async fn no_spelling_of_a_secret_gets_through_in_any_field() {
    let hex: String = PASSWORD.bytes().map(|byte| format!("{byte:02X}")).collect();
    let json: String = PASSWORD.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let percent: String = PASSWORD.bytes().map(|byte| format!("%{byte:02x}")).collect();
    // `x` and the password, in base64.
    for spelled in [PASSWORD, &hex, &json, &percent, "eENhbmFyeS05OTMxLXB3", &PASSWORD.to_uppercase()] {
        let id = InstanceId::from_bits(1);
        let said = spelled.to_owned();
        let server = Server::start(move |request| {
            let fields = ["name", "state", "operation_state", "created_at", "updated_at", "launched_at", "server_id"];
            let fields: Vec<String> = fields.iter().map(|name| format!(r#""{name}":"x {said}""#)).collect();
            let error = format!(r#""error":{{"error_code":"{said}","error_msg":"{said}","error_type":"{said}"}}"#);
            let more =
                format!(r#""tags":[{{"key":"{said}","value":"{said}"}}],"image":{{"id":"{said}","name":"{said}"}}"#);
            let row = format!(r#"{{"id":"{id}",{},{error},{more}}}"#, fields.join(","));
            let plain = said.replace('\\', "/");
            let head = format!("x-request-id: {plain}\r\nlocation: http://{plain}.example/\r\n");
            match request.split_whitespace().next().unwrap() {
                "PUT" => answer_with(400, &head, &format!(r#"{{"error_code":"{said}","error_msg":"{said}"}}"#)),
                _ if request.contains("/status") => answer_with(200, &head, &row),
                _ => answer_with(200, &head, &format!(r#"{{"instances":[{row}]}}"#)),
            }
        })
        .await;
        let client = testing::builder(&server.base).build().unwrap();
        let refused = client.reinstall(&submission(1..2), &password()).await.unwrap_err();
        let (status, survey) = (client.show_status(id).await.unwrap(), client.survey(&[id]).await.unwrap());
        for shown in [format!("{refused:?}"), format!("{status:?}"), format!("{survey:?}")] {
            assert!(shown.contains("[redacted: "), "{spelled}: {shown}");
            let shown = shown.to_lowercase().replace("\\\\", "\\");
            assert!(!shown.contains(&spelled.to_lowercase()) && !shown.contains("canary"), "{spelled}: {shown}");
        }
    }
}

/// What stands in the way of a signature is most often something between us and the cloud that rewrites requests.
#[tokio::test]
async fn a_refused_signature_names_the_line_that_differs() {
    let refuse = |canonical: &str| {
        let words = format!("Incorrect IAM authentication information: verify aksk signature fail, {canonical}");
        answer_with(401, "X-Request-Id: r-9\r\n", &format!(r#"{{"error_code":"APIGW.0301","error_msg":"{words}"}}"#))
    };
    for (canonical, says) in [
        (
            "canonicalRequest:PUT|/v1/p-1/instances/reinstall/||content-type:text/plain|host:x",
            "401 APIGW.0301: signature refused: line 4 of what was signed differs: the header content-type; signed \
             `content-type:application/json`, read `content-type:text/plain` (request id r-9, 1 try,",
        ),
        (
            // Not even an echo of the password in the place of a line gets it shown.
            "canonicalRequest:PUT|/Canary-9931-pw/",
            "line 2 of what was signed differs: the path; signed `/v1/p-1/instances/reinstall/`, read `/[redacted: the admin password]/`",
        ),
        ("nothing to compare", "Incorrect IAM authentication information: verify aksk signature fail, nothing to"),
    ] {
        let server = Server::start(always(move || refuse(canonical))).await;
        let key = AccessKey::parse_pair("AK1:canary-secret").unwrap();
        let client = testing::builder_with(&server.base, key).build().unwrap();
        let error = client.reinstall(&submission(1..2), &password()).await.unwrap_err().to_string();
        assert!(error.contains(says) && !error.to_lowercase().contains("canary"), "{error}");
    }
}

/// A try that is sent later must not be refused because of when the first one was signed.
#[tokio::test]
async fn each_try_is_signed_and_carries_what_was_signed() {
    let server = Server::start(always(|| answer(500, ""))).await;
    let key = AccessKey::parse_pair("AK1:canary-secret").unwrap();
    let key = key.with_security_token(SecurityToken::parse("token-1").unwrap());
    let client = testing::builder_with(&server.base, key).build().unwrap();
    let error = client.show_status(InstanceId::from_bits(1)).await.unwrap_err();
    assert_eq!((error.tries(), server.requests().len()), (3, 3));
    for request in server.requests() {
        let head = request.to_ascii_lowercase();
        for header in [
            "x-project-id: p-1\r\n",
            "x-security-token: token-1\r\n",
            "authorization: sdk-hmac-sha256 access=ak1, signedheaders=host;x-project-id;x-sdk-date;x-security-token, signature=",
            "\r\nx-sdk-date: 20",
            &format!("host: {}\r\n", server.base.trim_start_matches("http://")),
        ] {
            assert!(head.contains(header), "{header} in {head}");
        }
        assert!(!head.contains("x-auth-token") && !head.contains("canary"), "{head}");
    }
}
