//! The client that the tests send with, and what they say of its failures.

use std::sync::Arc;
use std::time::Duration;

use reinstall_core::action::Submission;
use reinstall_core::fault::{FaultKind, Sent};
use reinstall_core::id::InstanceId;
use reinstall_core::instance_set::InstanceSet;
use reinstall_core::login::PasswordPolicy;
use reinstall_core::rate::{Hint, Pacer, Turn, Urgency};
use reinstall_core::retry::Backoff;
use reinstall_core::secret::{AdminPassword, SessionToken};
use reinstall_core::time::Timestamp;
use reinstall_http::client::{Accepted, Client, ClientBuilder, ReadRetries};
use reinstall_http::credential::Credential;
use reinstall_http::endpoint::{Endpoint, PlainHttp};
use reinstall_http::error::CallError;
use reinstall_http::network::{Network, Timeouts};

const TOKEN: &str = "canary-token-4417";
const PASSWORD: &str = "Canary-9931-pw";

/// Lets everything go.
#[derive(Debug)]
struct Unpaced;

impl Pacer for Unpaced {
    fn ask(&self, _: Timestamp, _: Urgency) -> Turn {
        Turn::Now
    }

    fn throttled(&self, _: Timestamp, hint: Hint, _: f64) -> Duration {
        hint.retry_after.unwrap_or_default()
    }

    fn answered(&self, _: Timestamp) {}
}

/// A client that sends each call once.
pub(crate) fn client(base: &str, network: Network) -> Client {
    builder(base, network, 1).build().expect("a client")
}

pub(crate) fn builder(base: &str, network: Network, tries_max: u32) -> ClientBuilder {
    builder_with(base, network, tries_max, SessionToken::parse(TOKEN).expect("a token"))
}

pub(crate) fn builder_with(
    base: &str,
    network: Network,
    tries_max: u32,
    credential: impl Into<Credential>,
) -> ClientBuilder {
    let endpoint = Endpoint::parse(base, PlainHttp::Loopback).expect("an endpoint");
    let moment = Duration::from_millis(1);
    let retries = ReadRetries { tries_max, backoff: Backoff { base: moment, cap: moment }, pause_max: moment };
    Client::builder(endpoint, "p-1".parse().expect("a project"), credential)
        .network(network)
        .read_retries(retries)
        .pacer(Arc::new(Unpaced))
}

/// Trusts this authority beside the platform's.
pub(crate) fn trusting(pem: Vec<u8>) -> Network {
    Network { ca_certificates: vec![pem], ..Network::default() }
}

/// All limits are far off but those that a test sets.
pub(crate) const FAR: Duration = Duration::from_secs(3_600);

pub(crate) fn far() -> Timeouts {
    Timeouts { connect: FAR, read: FAR, look: FAR, reinstall: FAR }
}

pub(crate) async fn look(client: &Client) -> Result<(), CallError> {
    client.show_status(InstanceId::from_bits(1)).await.map(drop)
}

pub(crate) async fn reinstall(client: &Client) -> Result<Accepted, CallError> {
    let ids = InstanceSet::new(vec![InstanceId::from_bits(1)]).expect("a set of one");
    client.reinstall(&Submission { ids, image: None, attempt: 1 }, &password()).await
}

fn password() -> AdminPassword {
    PasswordPolicy::for_os(None).admit(PASSWORD.to_owned().into()).expect("an allowed password")
}

/// Both calls found no connection, so that nothing was sent, and say `words` of it.
pub(crate) async fn assert_unreachable(client: &Client, words: &str) {
    let failures =
        [look(client).await.expect_err("no connection"), reinstall(client).await.expect_err("no connection")];
    for error in failures {
        assert_eq!((error.kind(), error.sent()), (FaultKind::Unreachable, Sent::No), "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert_silent(&error);
    }
}

/// Neither form of it has a secret in it.
pub(crate) fn assert_silent(error: &CallError) {
    let shown = format!("{error} {error:?}").to_lowercase();
    assert!(!shown.contains("canary"), "{shown}");
}
