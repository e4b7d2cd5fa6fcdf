//! Looking at the way to a cloud, step by step, before anything is asked of it in earnest. Nothing here changes anything.
//!
//! A client hides what a diagnosis is about: which step failed, how far off the clocks are, which words the service uses.
//! So the steps are taken one by one here, each once: what is seen is what there is, not what a second try makes of it.

pub mod certificate;
pub mod knock;
pub mod skew;
pub mod words;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reinstall_core::fault::Fault;
use reinstall_core::id::{InstanceId, ProjectId};
use reinstall_core::rate::Pacer;
use reinstall_core::redact::Redactor;
use reinstall_core::retry::Backoff;
use reinstall_core::sighting::Sighting;

pub use crate::auth::Scope;
use crate::auth::{Auth, life};
use crate::caller::{Caller, Line};
use crate::clock::Clock;
use crate::credential::Credential;
use crate::endpoint::Endpoint;
use crate::error::CallError;
use crate::network::Network;
use crate::operation::{Reply, Request};
use crate::ops::{list_instances, show_instance_status};
use crate::transport::{Place, Transport, TransportError};
use reinstall_core::retry::ReadRetries;

/// One try, and no long wait for its turn: somebody sits there.
const ONCE: ReadRetries = ReadRetries {
    tries_max: 1,
    backoff: Backoff { base: Duration::ZERO, cap: Duration::ZERO },
    pause_max: Duration::from_secs(5),
};

/// Asks for something to show, as a client would: a token for a user, temporary keys for a cloud server. Tells how long it
/// is good; `None` where nothing has to be asked for, or it never ends.
///
/// # Errors
/// That nothing is to be had. The outer error: the HTTP library cannot be set up.
pub async fn grant(
    credential: Credential,
    scope: Scope,
    network: &Network,
    clock: Clock,
) -> Result<Result<Option<Duration>, Fault>, TransportError> {
    let caller = Caller::new(Transport::new(network)?, clock, ONCE, 0);
    let auth = Auth::new(credential, scope)?;
    let left = |life: life::Life| life.ends_at.since(caller.now());
    Ok(auth.show(&caller).await.map(|held| held.life.map(left)))
}

/// Looks at a project through single calls.
pub struct Prober {
    caller: Caller,
    place: Place,
    project: ProjectId,
    auth: Auth,
    pacer: Arc<dyn Pacer>,
    /// Kept to be taken out of answers that echo it.
    credential: Credential,
}

/// The first page of all instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstPage {
    /// What its rows show.
    pub instances: Vec<(InstanceId, Sighting)>,
    /// How many rows could not be read.
    pub unreadable: usize,
    /// How many instances the service says there are on all pages.
    pub count: Option<u64>,
}

impl Prober {
    /// Somebody to ask about `project`; connects to nothing yet. Asks `pacer` before each request.
    ///
    /// # Errors
    /// [`TransportError`] if the HTTP library cannot be set up.
    pub fn new(
        endpoint: Endpoint,
        project: ProjectId,
        credential: Credential,
        network: &Network,
        clock: Clock,
        pacer: Arc<dyn Pacer>,
    ) -> Result<Self, TransportError> {
        Ok(Self {
            caller: Caller::new(Transport::new(network)?, clock, ONCE, 0),
            place: Place::of_project(endpoint, &project)?,
            auth: Auth::new(credential.clone(), Scope::Project(project.clone()))?,
            project,
            pacer,
            credential,
        })
    }

    /// The first page of the list, of at most [`list_instances::PAGE_ROWS`] instances.
    ///
    /// # Errors
    /// [`CallError`] of the one try.
    pub async fn first_page(&self) -> Result<FirstPage, CallError> {
        let page = self.ask(&list_instances::page(&self.project, None), list_instances::reply).await?;
        let instances = page.sightings();
        let rows = page.instances.as_ref().map_or(0, Vec::len);
        Ok(FirstPage { unreadable: rows - instances.len(), instances, count: page.count })
    }

    /// One instance, by the status call.
    ///
    /// # Errors
    /// [`CallError`] of the one try.
    pub async fn status(&self, id: InstanceId) -> Result<Sighting, CallError> {
        let request = show_instance_status::request(&self.project, id);
        Ok(Sighting::from(&self.ask(&request, show_instance_status::reply).await?))
    }

    async fn ask<T>(
        &self,
        request: &Request,
        read: impl Fn(&Reply, &Redactor) -> Result<T, Fault>,
    ) -> Result<T, CallError> {
        let line = Line { auth: Some(&self.auth), pacer: Some(&*self.pacer), ..Line::bare(&self.place) };
        Ok(self.caller.call(line, request, &self.credential.redactor(), read).await?.value)
    }
}

impl fmt::Debug for Prober {
    /// Names the endpoint and the project; there is a credential in here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prober")
            .field("endpoint", &self.place.endpoint.to_string())
            .field("project", &self.project)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use reinstall_core::secret::{SessionToken, UserPassword};

    use super::*;
    use crate::endpoint::PlainHttp;
    use crate::iam_user::IamUser;
    use crate::testing::{self, Server, TOKEN, Unpaced, answer, answer_with};

    fn prober(base: &str) -> Prober {
        let endpoint = Endpoint::parse(base, PlainHttp::Loopback).unwrap();
        let credential = SessionToken::parse(TOKEN).unwrap().into();
        let (network, clock) = (Network::default(), Clock::start());
        Prober::new(endpoint, testing::project(), credential, &network, clock, Arc::new(Unpaced)).unwrap()
    }

    #[tokio::test]
    async fn each_call_is_tried_once() {
        let server =
            Server::start(|request| if request.contains("/status ") { answer(503, "") } else { answer(429, "") }).await;
        let prober = prober(&server.base);
        assert_eq!(prober.first_page().await.unwrap_err().status(), Some(429));
        assert_eq!(prober.status(InstanceId::from_bits(1)).await.unwrap_err().status(), Some(503));
        assert_eq!(server.requests().len(), 2);
        let shown = format!("{prober:?}");
        assert!(shown.contains(&server.base) && !shown.contains(TOKEN), "{shown}");
    }

    #[tokio::test]
    async fn the_first_page_counts_what_it_cannot_read() {
        let server = Server::start(|request| {
            assert!(request.starts_with("GET /v1/p-1/instances?limit=100 "), "{request}");
            let row = r#"{"id":"00000000-0000-0000-0000-000000000001","state":"running"}"#;
            answer(200, &format!(r#"{{"count":7,"instances":[{row},{{"id":"i-1"}}]}}"#))
        })
        .await;
        let page = prober(&server.base).first_page().await.unwrap();
        assert_eq!((page.instances.len(), page.unreadable, page.count), (1, 1, Some(7)));
        assert_eq!(page.instances[0].0, InstanceId::from_bits(1));
    }

    #[tokio::test]
    async fn a_token_is_asked_for_once_and_its_life_is_told() {
        let network = Network::default();
        for (status, head, lasts) in [(201, "x-subject-token: canary-1\r\n", true), (401, "", false)] {
            let server = Server::start(move |_| {
                let body = r#"{"token":{"issued_at":"2026-11-23T03:00:00Z","expires_at":"2026-11-23T04:00:00Z"}}"#;
                answer_with(status, head, body)
            })
            .await;
            let iam = Endpoint::parse(&server.base, PlainHttp::Loopback).unwrap();
            let user = IamUser::new("ann", UserPassword::new("canary-pw".to_owned().into()).unwrap(), "acme");
            let credential = Credential::User { iam, user };
            let granted = grant(credential, Scope::ProjectNamed("r-1".into()), &network, Clock::start());
            let left = granted.await.unwrap().ok().map(Option::unwrap);
            let hour = Duration::from_secs(3_600);
            assert_eq!(left.map(|left| left > hour / 2 && left <= hour), lasts.then_some(true));
            assert_eq!(server.requests().len(), 1, "guessing locks users out");
        }
        let token = SessionToken::parse(TOKEN).unwrap().into();
        let nothing = grant(token, Scope::Project(testing::project()), &network, Clock::start());
        assert_eq!(nothing.await.unwrap(), Ok(None), "a token that was given is not asked for");
    }
}
