//! The service on a socket. An accept loop of our own, for three reasons: half-sent requests must not stay open for ever, an
//! answer must be losable after the call took hold, and who goes away in the middle must harm nobody.

mod answer;
mod body;
mod builder;
mod connection;
mod course;
mod front;
mod limits;
mod link;
mod port;
mod stream;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;

use reinstall_core::id::InstanceId;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use self::body::LateBody;
pub use self::builder::MockServerBuilder;
pub use self::limits::Limits;
pub use self::tls::{Tls, TlsError};
use crate::app::AppState;
use crate::cloud::Cloud;
use crate::cloud::truth::Truth;
use crate::fault::{FaultRule, RuleId};
use crate::judge::Verdict;

/// Where a request comes from; an extension of each that comes over a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer(pub SocketAddr);

/// A server on a port of its own. Dropping it tells it to stop and waits for nothing; [`MockServer::shutdown`] waits.
///
/// ```
/// use reinstall_mock_server::fault::{Effect, FaultRule};
/// use reinstall_mock_server::operation::ApiOperation;
/// use reinstall_mock_server::serve::MockServer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let lost = FaultRule::on(ApiOperation::ReinstallOs, Effect::lose_answer()).skip(1).times(2);
/// let server = MockServer::builder().instances(100).scenario("takes: 5s\nclock: manual")?.fault(lost).start().await?;
/// // Point the client under test at server.base_url(), with MockServer::TOKEN as its X-Auth-Token, and let it work.
/// assert_eq!(server.ids().len(), 100);
/// assert!(server.final_verdict().acquitted, "{:#?}", server.final_verdict().violations);
/// server.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MockServer {
    address: SocketAddr,
    admin_address: Option<SocketAddr>,
    tls: Option<Tls>,
    state: Arc<AppState>,
    /// Dropped to stop.
    running: watch::Sender<()>,
    serving: Vec<JoinHandle<()>>,
}

impl MockServer {
    /// The token where none is given. It opens nothing but this.
    pub const TOKEN: &'static str = "mock-token";

    /// A server of made-up instances on a free loopback port, unless told otherwise.
    #[must_use]
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder::new()
    }

    /// `http://127.0.0.1:PORT`, what a client takes as endpoint; `https` with [TLS](MockServerBuilder::tls).
    #[must_use]
    pub fn base_url(&self) -> String {
        self.url(self.address)
    }

    /// The same for the admin API: where it has an [address](MockServerBuilder::admin_listen) of its own, that.
    #[must_use]
    pub fn admin_url(&self) -> String {
        self.url(self.admin_address.unwrap_or(self.address))
    }

    fn url(&self, address: SocketAddr) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{address}")
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the admin API listens, if it has an [address](MockServerBuilder::admin_listen) of its own.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// The certificate, in PEM, if it speaks TLS: what a client of a [generated](Tls::generated) one has to trust.
    #[must_use]
    pub fn certificate_pem(&self) -> Option<&str> {
        self.tls.as_ref().map(Tls::certificate_pem)
    }

    /// Does something with the cloud: look into it, or change it. No call is served meanwhile.
    pub fn with_cloud<R>(&self, act: impl FnOnce(&mut Cloud) -> R) -> R {
        self.state.with_world(|world| act(&mut world.cloud))
    }

    /// What has truly happened so far.
    #[must_use]
    pub fn truth(&self) -> Truth {
        let now = self.state.now();
        self.with_cloud(|cloud| cloud.truth(now))
    }

    /// Every instance, in the order of the ids.
    #[must_use]
    pub fn ids(&self) -> Vec<InstanceId> {
        self.with_cloud(|cloud| cloud.ids().collect())
    }

    /// Adds a fault rule after those that are there.
    pub fn arm(&self, rule: FaultRule) -> RuleId {
        self.state.with_world(|world| world.arm(rule))
    }

    /// How many calls a rule has hit.
    #[must_use]
    pub fn hits(&self, rule: RuleId) -> u32 {
        self.state.with_world(|world| world.faults.hits(rule))
    }

    /// What speaks against the client so far.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.state.with_world(|world| world.verdict(self.state.real_now(), false))
    }

    /// The same for a client that is done: then it should have seen through what it began.
    #[must_use]
    pub fn final_verdict(&self) -> Verdict {
        self.state.with_world(|world| world.verdict(self.state.real_now(), true))
    }

    /// What the routes share.
    #[must_use]
    pub fn state(&self) -> &Arc<AppState> {
        &self.state
    }

    /// Stops: takes no new connection, lets answers that are on their way leave for [a while](Limits::stop_within), breaks off
    /// the rest.
    pub async fn shutdown(self) {
        drop(self.running);
        for serving in self.serving {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the accept loop broke");
            }
        }
    }
}

#[cfg(test)]
mod tests;
