//! The client: three calls to the service that has the instances.

mod builder;
mod list;
pub mod look;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use reinstall_core::action::Submission;
use reinstall_core::fault::Fault;
use reinstall_core::id::{InstanceId, ProjectId, RequestId};
use reinstall_core::observation::CallKnowledge;
use reinstall_core::rate::Pacer;
use reinstall_core::redact::{Redactor, Role};
use reinstall_core::secret::AdminPassword;
use reinstall_core::sighting::Sighting;

pub use reinstall_core::retry::ReadRetries;

pub use self::builder::ClientBuilder;
pub use self::list::Listing;
pub use self::look::Inspection;
use crate::auth::Auth;
use crate::caller::{Caller, Leave, Line};
use crate::credential::Credential;
use crate::endpoint::Endpoint;
use crate::error::CallError;
use crate::operation::{Operation, Reply, Request};
use crate::ops::{reinstall_os, show_instance_status};
use crate::transport::Place;

/// Speaks to one project at one endpoint with one credential. Clones share connections, counters and memory.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    caller: Caller,
    place: Place,
    project: ProjectId,
    auth: Auth,
    pacer: Arc<dyn Pacer>,
    /// Takes the passwords out of answers that echo them. What a call shows is known where it is sent.
    redactor: Mutex<Redactor>,
    /// What was learned of the calls that read.
    knowledge: Mutex<CallKnowledge>,
}

/// What a 202 said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The instances it named; they may be fewer than were sent, or others.
    pub ids: Vec<InstanceId>,
    /// The cloud's name for the request.
    pub request_id: Option<RequestId>,
}

impl fmt::Debug for Client {
    /// Names the endpoint and the project; there is a credential in here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.0.place.endpoint.to_string())
            .field("project", &self.0.project)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Starts to set a client up. The credential is a token, or an access key to sign with.
    pub fn builder(endpoint: Endpoint, project: ProjectId, credential: impl Into<Credential>) -> ClientBuilder {
        ClientBuilder::new(endpoint, project, credential.into())
    }

    /// How many requests were sent so far, each try counted, those that found no connection included.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<Operation, u64> {
        self.0.caller.requests()
    }

    /// Wipes the instances of `submission`. Sends at most one request, whatever happens to it. Dropping the future does not
    /// call a request back that has left.
    ///
    /// It waits for its turn for [`HELD_MAX`](reinstall_core::rate::HELD_MAX) at most, and leaves then or not at all: what spoke
    /// for it may not hold any more later on.
    ///
    /// # Errors
    /// [`CallError`]. Unless core's [`verdict`](reinstall_core::fault::verdict) on its fault says otherwise, the instances may
    /// be being wiped.
    pub async fn reinstall(&self, submission: &Submission, password: &AdminPassword) -> Result<Accepted, CallError> {
        let leave = Leave { decided_at: self.0.caller.now(), wanted: &|| true };
        self.reinstall_if(submission, password, &leave).await
    }

    /// The same, if nothing has come up that speaks against it when it may leave.
    pub(crate) async fn reinstall_if(
        &self,
        submission: &Submission,
        password: &AdminPassword,
        leave: &Leave<'_>,
    ) -> Result<Accepted, CallError> {
        let request = reinstall_os::request(&self.0.project, submission, password)
            .map_err(|fault| CallError::unsent(Operation::ReinstallOs, fault))?;
        // A later look may find the password repeated, too.
        self.redact_password(password);
        let (line, redactor) = (self.line(Some(leave)), self.redactor());
        let answered = self.0.caller.call(line, &request, &redactor, reinstall_os::reply).await?;
        let request_id = answered.request_id;
        let (ids, unreadable) = answered.value.ids();
        if unreadable > 0 {
            let request_id = request_id.as_ref().map(tracing::field::display);
            tracing::warn!(unreadable, request_id, "a 202 named instances by ids that are no UUIDs; ignored");
        }
        Ok(Accepted { ids, request_id })
    }

    /// From now on `password` is taken out of all that the cloud says, even before it is sent: an earlier rollout may have sent
    /// it.
    pub fn redact_password(&self, password: &AdminPassword) {
        let mut redactor = self.0.redactor.lock().unwrap_or_else(PoisonError::into_inner);
        *redactor = std::mem::take(&mut *redactor).with(Role::AdminPassword, password.expose());
    }

    fn redactor(&self) -> Redactor {
        self.0.redactor.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at one instance by the status call.
    ///
    /// # Errors
    /// [`CallError`], after the tries that [`ReadRetries`] allows.
    pub async fn show_status(&self, id: InstanceId) -> Result<Sighting, CallError> {
        let request = show_instance_status::request(&self.0.project, id);
        Ok(Sighting::from(&self.look_up(&request, show_instance_status::reply).await?))
    }

    /// Who may look, and who may submit if nothing speaks against it.
    fn line<'a>(&'a self, leave: Option<&'a Leave<'a>>) -> Line<'a> {
        Line { place: &self.0.place, auth: Some(&self.0.auth), pacer: Some(&*self.0.pacer), leave }
    }

    /// A call that looks.
    async fn look_up<T>(
        &self,
        request: &Request,
        read: impl Fn(&Reply, &Redactor) -> Result<T, Fault>,
    ) -> Result<T, CallError> {
        Ok(self.0.caller.call(self.line(None), request, &self.redactor(), read).await?.value)
    }
}

#[cfg(test)]
mod tests;
