use std::io;
use std::time::Duration;

use reinstall_core::lifecycle::LifeCycle;
use reinstall_http::clock::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::cloud::config::CloudConfig;
use crate::delivery::Break;
use crate::fault::{At, Effect};
use crate::iam::{IamUser, ProjectQuery, TokenDenial};
use crate::operation::ApiOperation;

mod bounds;
mod delivery;
mod garbage;
mod life;
mod raw;
mod tls;

/// How long the 202 for one instance is.
const BODY_LEN: usize = r#"{"instances":[{"id":"0b29c7a1-0000-4000-8000-00000000abcd"}]}"#.len();

/// What a raw client saw of one answer.
#[derive(Debug, PartialEq, Eq)]
enum Saw {
    /// So many bytes of the body, out of so many promised.
    Body { got: usize, promised: usize },
    /// The connection was closed without a byte.
    Nothing,
    /// The connection was reset without a byte.
    Reset,
}

fn put(id: InstanceId) -> String {
    let body = format!(r#"{{"password":"Abcdef1!","instance_id_set":["{id}"]}}"#);
    let (project, token, len) = (CloudConfig::PROJECT, MockServer::TOKEN, body.len());
    format!(
        "PUT /v1/{project}/instances/reinstall HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: {token}\r\n\
         Content-Length: {len}\r\n\r\n{body}"
    )
}

fn get_status(id: InstanceId) -> String {
    let (project, token) = (CloudConfig::PROJECT, MockServer::TOKEN);
    format!("GET /v1/{project}/instances/{id}/status HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: {token}\r\n\r\n")
}

/// Reads until a whole answer is there or the connection ends.
async fn read_answer(stream: &mut TcpStream) -> Saw {
    let mut bytes = Vec::new();
    loop {
        if let Some((got, promised)) = measure(&bytes)
            && got == promised
        {
            return Saw::Body { got, promised };
        }
        match stream.read_buf(&mut bytes).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset && bytes.is_empty() => return Saw::Reset,
            Err(error) => panic!("{error} after {} bytes", bytes.len()),
        }
    }
    match measure(&bytes) {
        Some((got, promised)) => Saw::Body { got, promised },
        None => {
            assert!(bytes.is_empty(), "half a head: {}", String::from_utf8_lossy(&bytes));
            Saw::Nothing
        }
    }
}

/// How many bytes of the body there are, and how many the head promises; `None` while the head is not whole.
fn measure(bytes: &[u8]) -> Option<(usize, usize)> {
    let text = std::str::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    Some((body.len(), length.unwrap().parse().unwrap()))
}

async fn exchange(stream: &mut TcpStream, request: &str) -> Saw {
    stream.write_all(request.as_bytes()).await.unwrap();
    read_answer(stream).await
}

fn wipes(server: &MockServer, id: InstanceId) -> usize {
    server.with_cloud(|cloud| cloud.wipes(id).len())
}

#[tokio::test]
async fn each_socket_fault_is_seen_and_takes_hold_as_it_says() {
    let body = |got| Saw::Body { got, promised: BODY_LEN };
    let lose = |at, how| Effect::Break { at, how };
    for (effect, saw, held) in [
        (None, body(BODY_LEN), 1),
        (Some(lose(At::AfterCommit, Break::Close)), Saw::Nothing, 1),
        (Some(lose(At::BeforeCommit, Break::Close)), Saw::Nothing, 0),
        (Some(lose(At::AfterCommit, Break::Reset)), Saw::Reset, 1),
        (Some(lose(At::BeforeCommit, Break::Reset)), Saw::Reset, 0),
        (Some(Effect::truncate(0)), body(0), 1),
        (Some(Effect::truncate(20)), body(20), 1),
        (Some(Effect::truncate(BODY_LEN - 1)), body(BODY_LEN - 1), 1),
    ] {
        let server = MockServer::builder().instances(1).start().await.unwrap();
        let id = server.ids()[0];
        let rule = effect.clone().map(|effect| server.arm(FaultRule::on(ApiOperation::ReinstallOs, effect)));
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        assert_eq!(exchange(&mut stream, &put(id)).await, saw, "{effect:?}");
        assert_eq!(wipes(&server, id), held, "{effect:?}");
        if let Some(rule) = rule {
            assert_eq!(server.hits(rule), 1);
        }
        server.shutdown().await;
    }
}

#[tokio::test]
async fn a_fault_hits_its_own_answer_on_a_kept_connection() {
    let server = MockServer::builder().instances(2).start().await.unwrap();
    let ids = server.ids();
    server.arm(FaultRule::on(ApiOperation::ReinstallOs, Effect::lose_answer()).instance(ids[1]));
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    for request in [put(ids[0]), get_status(ids[1]), get_status(ids[0])] {
        assert!(matches!(exchange(&mut stream, &request).await, Saw::Body { .. }));
    }
    assert_eq!(exchange(&mut stream, &put(ids[1])).await, Saw::Nothing);
    assert_eq!((wipes(&server, ids[0]), wipes(&server, ids[1])), (1, 1));
    // Others are not hurt.
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    assert!(matches!(exchange(&mut stream, &get_status(ids[1])).await, Saw::Body { .. }));
    server.shutdown().await;
}

#[tokio::test]
async fn a_hanging_call_ends_with_the_server() {
    for (at, held) in [(At::BeforeCommit, 0), (At::AfterCommit, 1)] {
        let server = MockServer::builder().instances(1).start().await.unwrap();
        let id = server.ids()[0];
        let rule = server.arm(FaultRule::on(ApiOperation::ReinstallOs, Effect::Break { at, how: Break::Hang }));
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(put(id).as_bytes()).await.unwrap();
        // Another connection tells when the call has come; what it sees in between is answered as always.
        let mut other = TcpStream::connect(server.address()).await.unwrap();
        while server.hits(rule) == 0 {
            assert!(matches!(exchange(&mut other, &get_status(id)).await, Saw::Body { .. }));
        }
        assert_eq!(wipes(&server, id), held);
        let (saw, ()) = tokio::join!(read_answer(&mut stream), server.shutdown());
        assert_eq!(saw, Saw::Nothing);
    }
}

/// The one user that there is where none is given, with the token's life and its end: all the way through a socket.
#[tokio::test]
async fn iam_is_served_beside_the_cloud() {
    let server = MockServer::builder()
        .token_life(Duration::from_secs(50))
        .token_dies_after(Duration::ZERO)
        .start()
        .await
        .unwrap();
    let body = r#"{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"demo","password":"demo","domain":{"name":"demo"}}}}}}"#;
    let head = format!("POST /v3/auth/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    assert!(matches!(exchange(&mut stream, &(head + body)).await, Saw::Body { .. }));
    let operation = ApiOperation::KeystoneCreateUserTokenByPassword;
    assert_eq!(server.with_cloud(|cloud| cloud.ledger().requests_of(operation)), 1);

    let now = server.state().now();
    let request = serde_json::from_str(body).unwrap();
    server.state().with_world(|world| {
        let issued = world.iam.issue(now, &request).unwrap();
        assert_eq!(issued.grant.expires_at, now + Duration::from_secs(50));
        assert_eq!(world.iam.check(now, issued.token.expose().as_bytes()), Err(TokenDenial::Revoked));
    });
    server.shutdown().await;
}

#[tokio::test]
async fn wiring_of_the_builder_reaches_the_cloud() {
    let server = MockServer::builder()
        .instances(3)
        .project("p9".parse().unwrap())
        .seed(5)
        .life_cycle(LifeCycle::Diagram2026)
        .reinstall_takes(Duration::from_secs(9))
        .config(|config| config.permits_list = false)
        .fault(FaultRule::any(Effect::lose_request()))
        .iam_user(IamUser::parse("ann:pw@acme").unwrap())
        .iam_user(IamUser::parse("bob:pw@other").unwrap())
        .project_name("cn-south-1")
        .clock_ahead(Duration::from_secs(60))
        .clock_behind(Duration::from_secs(7_200))
        .start()
        .await
        .unwrap();
    assert_eq!(server.ids().len(), 3);
    server.with_cloud(|cloud| assert_eq!(cloud.project().as_str(), "p9"));
    assert_eq!(server.state().with_world(|world| world.faults.as_slice().len()), 1);
    assert_eq!(server.truth().instances_count, 3);
    server.state().with_world(|world| {
        assert_eq!(world.iam.home().name, "acme", "of the first user, who stands instead of the one there always is");
        let projects = world.iam.projects(&world.iam.home(), &ProjectQuery::default());
        assert_eq!((projects[0].id.as_str(), projects[0].name.as_str()), ("p9", "cn-south-1"));
    });
    assert!(Clock::start().now().since(server.state().now()) > Duration::from_secs(3_600), "what is said last holds");
    server.shutdown().await;
}
