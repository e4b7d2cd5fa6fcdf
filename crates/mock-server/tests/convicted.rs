//! A client that sends the reinstall again when no answer came is convicted, with the requests that prove it.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::time::Duration;

use reinstall_core::id::InstanceId;
use reinstall_mock_server::cloud::config::CloudConfig;
use reinstall_mock_server::delivery::Break;
use reinstall_mock_server::fault::{At, Effect, FaultRule};
use reinstall_mock_server::judge::{Verdict, ViolationKind};
use reinstall_mock_server::operation::ApiOperation;
use reinstall_mock_server::serve::MockServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long the unsafe client waits for an answer.
const PATIENCE: Duration = Duration::from_millis(100);

/// What a client knows that does everything wrong: no look before, none after, and the same request again for every answer that
/// does not come.
struct UnsafeClient<'a> {
    server: &'a MockServer,
    id: InstanceId,
}

impl UnsafeClient<'_> {
    /// Sends the reinstall until it is answered with something, three times at most; how often it was sent.
    async fn reinstall(&self) -> usize {
        let body = format!(r#"{{"password":"Abcdef1!","instance_id_set":["{}"]}}"#, self.id);
        let request = format!(
            "PUT /v1/{}/instances/reinstall HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: {}\r\nContent-Length: {}\r\n\r\n{body}",
            CloudConfig::PROJECT,
            MockServer::TOKEN,
            body.len()
        );
        for sent in 1..=3 {
            if self.ask(&request).await.is_some_and(|answer| answer.contains("\r\n\r\n")) {
                return sent;
            }
        }
        3
    }

    /// The answer, or as much of it as comes in time.
    async fn ask(&self, request: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.server.address()).await.ok()?;
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut bytes = [0; 4_096];
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut bytes)).await.ok()?.ok()?;
        (read > 0).then(|| String::from_utf8_lossy(&bytes[..read]).into_owned())
    }
}

/// Lets the client loose on a server whose first answer to a reinstall is spoilt so.
async fn judged(effect: Effect, takes: Duration) -> (usize, usize, Verdict) {
    let rule = FaultRule::on(ApiOperation::ReinstallOs, effect);
    let server = MockServer::builder().instances(3).reinstall_takes(takes).fault(rule).start().await.unwrap();
    let id = server.ids()[1];
    let sent = UnsafeClient { server: &server, id }.reinstall().await;
    let wipes = server.with_cloud(|cloud| cloud.wipes(id).len());
    (sent, wipes, server.verdict())
}

#[tokio::test]
async fn a_client_that_sends_again_on_silence_is_convicted() {
    let hour = Duration::from_secs(3_600);
    let broken = |how| Effect::Break { at: At::AfterCommit, how };
    for (effect, takes, wipes, kinds) in [
        // Over before it is sent again: the machine is wiped twice.
        (
            broken(Break::Reset),
            Duration::ZERO,
            2,
            [ViolationKind::SubmittedInDoubt, ViolationKind::WipedTwice].as_slice(),
        ),
        (broken(Break::Hang), Duration::ZERO, 2, &[ViolationKind::SubmittedInDoubt, ViolationKind::WipedTwice]),
        // Still underway: a strict cloud refuses, and it was wrong all the same.
        (broken(Break::Close), hour, 1, &[ViolationKind::SubmittedInDoubt]),
        (Effect::Break { at: At::BeforeCommit, how: Break::Close }, hour, 1, &[ViolationKind::SubmittedInDoubt]),
    ] {
        let (sent, wiped, verdict) = judged(effect.clone(), takes).await;
        assert_eq!((sent, wiped), (2, wipes), "{effect:?}");
        assert!(!verdict.acquitted, "{effect:?}");
        for kind in kinds {
            let case = verdict.violations.iter().find(|case| case.kind == *kind);
            let case = case.unwrap_or_else(|| panic!("{kind:?} under {effect:?}: {:#?}", verdict.violations));
            // The proof has the request that got no answer, and the one that should not have been sent.
            let proof: Vec<_> = case.proof.iter().map(|exchange| (exchange.nth, exchange.operation)).collect();
            let reinstall = Some(ApiOperation::ReinstallOs);
            assert!(proof.contains(&(0, reinstall)) && proof.contains(&(1, reinstall)), "{kind:?}: {proof:?}");
        }
    }
}

#[tokio::test]
async fn the_same_client_is_acquitted_where_nothing_goes_wrong() {
    let look = Effect::Stale { by: Duration::ZERO };
    let server = MockServer::builder().instances(1).start().await.unwrap();
    server.arm(FaultRule::any(look));
    let id = server.ids()[0];
    assert_eq!(UnsafeClient { server: &server, id }.reinstall().await, 1);
    let verdict = server.verdict();
    assert!(verdict.acquitted, "{:#?}", verdict.violations);
    assert_eq!(verdict.open.count, 1, "it has not been seen through yet");
}
