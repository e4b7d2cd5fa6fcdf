//! The client: three calls, one loop that sends them.

mod builder;
pub mod look;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reinstall_core::action::Submission;
use reinstall_core::fault::{Fault, FaultKind, Repeat, Verdict, verdict};
use reinstall_core::id::{InstanceId, ProjectId, RequestId};
use reinstall_core::retry::Dice;
use reinstall_core::secret::AdminPassword;
use reinstall_core::sighting::Sighting;
use reinstall_core::time::Timestamp;

pub use self::builder::{ClientBuilder, ReadRetries};
pub use self::look::Inspection;
use crate::clock::Clock;
use crate::credential::Credential;
use crate::endpoint::Endpoint;
use crate::error::CallError;
use crate::operation::{Operation, Reply, Request};
use crate::ops::{list_instances, reinstall_os, show_instance_status};
use crate::sign::canonical::CanonicalRequest;
use crate::sign::difference;
use crate::transport::{Exchange, Timeouts, Transport};
use crate::wire::error;

/// Speaks to one project at one endpoint with one credential. Clones share connections, counters and memory.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

struct Shared {
    transport: Transport,
    project: ProjectId,
    /// Kept to be taken out of answers that echo it.
    credential: Credential,
    /// The password that went out first, kept for the same reason; there is but one in a rollout.
    password: OnceLock<AdminPassword>,
    timeouts: Timeouts,
    read_retries: ReadRetries,
    clock: Clock,
    dice: Dice,
    /// How often they were thrown: no two pauses are the same occasion.
    thrown: AtomicU64,
    /// Whether the list call was found to be forbidden or missing here.
    list_is_closed: AtomicBool,
    /// How often the status call was asked whether it tells more than the list.
    status_asked: AtomicU32,
    sent: [AtomicU64; Operation::ALL.len()],
}

/// What a 202 said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The instances it named; they may be fewer than were sent, or others.
    pub ids: Vec<InstanceId>,
    /// The cloud's name for the request.
    pub request_id: Option<RequestId>,
}

/// What listing everything found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Every instance once, in the order of the pages.
    pub instances: Vec<(InstanceId, Sighting)>,
    /// Whether the last page was reached within [`Client::PAGES_MAX`].
    pub complete: bool,
}

/// What was read from an answer, with the cloud's name for the request.
struct Answered<T> {
    value: T,
    status: u16,
    request_id: Option<RequestId>,
}

impl fmt::Debug for Client {
    /// Names the endpoint and the project; there is a credential in here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.0.transport.endpoint().to_string())
            .field("project", &self.0.project)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// The most pages that listing everything asks for.
    pub const PAGES_MAX: usize = 1_000;

    /// Starts to set a client up. The credential is a token, or an access key to sign with.
    pub fn builder(endpoint: Endpoint, project: ProjectId, credential: impl Into<Credential>) -> ClientBuilder {
        ClientBuilder::new(endpoint, project, credential.into())
    }

    /// How many requests were sent so far, each try counted, those that found no connection included.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<Operation, u64> {
        Operation::ALL
            .into_iter()
            .map(|operation| (operation, self.0.sent[operation.index()].load(Ordering::Relaxed)))
            .collect()
    }

    /// Wipes the instances of `submission`. Sends at most one request, whatever happens to it. Dropping the future does not
    /// call a request back that has left.
    ///
    /// # Errors
    /// [`CallError`]. Unless core's [`verdict`] on its fault says otherwise, the instances may be being wiped.
    pub async fn reinstall(&self, submission: &Submission, password: &AdminPassword) -> Result<Accepted, CallError> {
        let request = reinstall_os::request(&self.0.project, submission, password)
            .map_err(|fault| CallError::new(Operation::ReinstallOs, fault, 0, Duration::ZERO))?;
        // A later look may find the password repeated, too.
        self.0.password.get_or_init(|| password.clone());
        let hidden = [vec![password.expose()], self.hidden()].concat();
        let Answered { value, request_id, .. } = self.call(&request, &hidden, reinstall_os::reply).await?;
        let (ids, unreadable) = value.ids();
        if unreadable > 0 {
            let request_id = request_id.as_ref().map(tracing::field::display);
            tracing::warn!(unreadable, request_id, "a 202 named instances by ids that are no UUIDs; ignored");
        }
        Ok(Accepted { ids, request_id })
    }

    /// The secrets that the service has been told, to be taken out of whatever it says.
    fn hidden(&self) -> Vec<&str> {
        let password = self.0.password.get().map(AdminPassword::expose);
        self.0.credential.secrets().into_iter().chain(password).collect()
    }

    /// Looks at one instance by the status call.
    ///
    /// # Errors
    /// [`CallError`], after the tries that [`ReadRetries`] allows.
    pub async fn show_status(&self, id: InstanceId) -> Result<Sighting, CallError> {
        let request = show_instance_status::request(&self.0.project, id);
        let hidden = self.hidden();
        Ok(Sighting::from(&self.call(&request, &hidden, show_instance_status::reply).await?.value))
    }

    /// Lists every instance of the project, page by page.
    ///
    /// How pages end is not documented. They do where the next marker is missing, empty or no other than the last one,
    /// where a page is empty, and at the latest after [`Client::PAGES_MAX`]. Whatever speaks for rows that were not shown
    /// makes the listing incomplete: a row without an id, a `count` that was not reached, a marker that leads nowhere.
    ///
    /// # Errors
    /// [`CallError`] of the page that failed, after the tries that [`ReadRetries`] allows.
    pub async fn list(&self) -> Result<Listing, CallError> {
        let hidden = self.hidden();
        let mut seen = BTreeSet::new();
        let mut instances = Vec::new();
        let mut marker: Option<String> = None;
        let mut every_row_was_read = true;
        for _ in 0..Self::PAGES_MAX {
            let request = list_instances::page(&self.0.project, marker.as_deref());
            let page = self.call(&request, &hidden, list_instances::reply).await?.value;
            // An instance that moved between two pages is listed twice.
            let rows = page.sightings();
            every_row_was_read &= page.instances.as_ref().is_some_and(|listed| listed.len() == rows.len());
            instances.extend(rows.into_iter().filter(|(id, _)| seen.insert(*id)));
            let next = page.next_marker().map(str::to_owned);
            if next.is_none() || next == marker {
                let found = u64::try_from(instances.len()).unwrap_or(u64::MAX);
                let is_last = page.count.map_or(next.is_none(), |count| count <= found);
                return Ok(Listing { instances, complete: every_row_was_read && is_last });
            }
            marker = next;
        }
        Ok(Listing { instances, complete: false })
    }

    /// Sends `request` until it is answered, or fails in a way that another try does not help, or may not have one. Each
    /// try has a signature of its own.
    async fn call<T>(
        &self,
        request: &Request,
        hidden: &[&str],
        read: impl Fn(&Reply, &[&str]) -> Result<T, Fault>,
    ) -> Result<Answered<T>, CallError> {
        let started = self.0.clock.now();
        let call_max = match request.operation.repeat() {
            Repeat::Safe => self.0.timeouts.look,
            Repeat::Once => self.0.timeouts.reinstall,
        };
        let mut tries = 0;
        loop {
            tries += 1;
            self.0.sent[request.operation.index()].fetch_add(1, Ordering::Relaxed);
            let signed_at = self.0.clock.wall();
            let outcome = match self.0.transport.send(request, call_max, signed_at).await {
                Ok(Exchange { reply, signed }) => match read(&reply, hidden) {
                    Ok(value) => {
                        let request_id = error::request_id(&reply.headers, hidden);
                        Ok(Answered { value, status: reply.status.as_u16(), request_id })
                    }
                    Err(fault) => Err(explained(fault, &reply, signed.as_ref(), hidden)),
                },
                Err(fault) => Err(fault),
            };
            let elapsed = self.note(request, &outcome, tries, started);
            let fault = match outcome {
                Ok(answered) => return Ok(answered),
                Err(fault) => fault,
            };
            match self.pause_before_next(request.operation, &fault, tries) {
                Some(pause) => self.0.clock.sleep(pause).await,
                None => return Err(CallError::new(request.operation, fault, tries, elapsed)),
            }
        }
    }

    /// How long to wait before the same request is sent again; `None` if it must not be, or will not do.
    fn pause_before_next(&self, operation: Operation, fault: &Fault, tries: u32) -> Option<Duration> {
        let retries = &self.0.read_retries;
        match operation.repeat() {
            Repeat::Once => return None,
            Repeat::Safe => {}
        }
        if tries >= retries.tries_max || verdict(fault, Repeat::Safe) != Verdict::Again {
            return None;
        }
        let dice = self.0.dice.throw(&[self.0.thrown.fetch_add(1, Ordering::Relaxed)]);
        let asked_for = fault.retry_after.unwrap_or_default();
        let pause = retries.backoff.delay(tries, dice).max(asked_for);
        // Whoever is asked to wait for longer should know, and not sit in a call meanwhile.
        (pause <= retries.pause_max).then_some(pause)
    }

    /// Logs one try: never a body, never a header but the request id.
    fn note<T>(
        &self,
        request: &Request,
        outcome: &Result<Answered<T>, Fault>,
        tries: u32,
        started: Timestamp,
    ) -> Duration {
        let elapsed = self.0.clock.now().since(started);
        let operation = request.operation.name();
        let elapsed_ms = elapsed.as_millis();
        tracing::trace!(operation, method = %request.method, path = request.path, "sent");
        match outcome {
            Ok(answered) => {
                let request_id = answered.request_id.as_ref().map(tracing::field::display);
                tracing::debug!(operation, status = answered.status, request_id, tries, elapsed_ms, "answered");
            }
            Err(fault) => {
                let request_id = fault.request_id.as_ref().map(tracing::field::display);
                let (status, code) = (fault.status, fault.code_or_kind());
                tracing::debug!(operation, status, %code, request_id, tries, elapsed_ms, "failed");
            }
        }
        elapsed
    }
}

/// Puts why a signature was not accepted in the place of the canonical request that a gateway sends back with its refusal.
fn explained(fault: Fault, reply: &Reply, signed: Option<&CanonicalRequest>, hidden: &[&str]) -> Fault {
    let words = signed.filter(|_| fault.kind == FaultKind::Unauthorized).and_then(|signed| {
        difference::explain(&error::whole_message(&reply.body)?, signed, |text| error::hide(text, hidden))
    });
    match words {
        Some(words) => Fault { message: format!("signature refused: {words}").as_str().into(), ..fault },
        None => fault,
    }
}

#[cfg(test)]
mod tests;
