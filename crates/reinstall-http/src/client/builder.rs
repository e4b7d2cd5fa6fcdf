//! What a client is made of.

use std::sync::{Arc, Mutex};

use reinstall_core::id::ProjectId;
use reinstall_core::rate::{OwnPace, Pacer, Rate};
use reinstall_core::retry::ReadRetries;

use super::{Client, Shared};
use crate::auth::{Auth, Scope};
use crate::caller::Caller;
use crate::clock::Clock;
use crate::credential::Credential;
use crate::endpoint::Endpoint;
use crate::network::{Network, Timeouts};
use crate::transport::{Place, Transport, TransportError};

/// Sets a [`Client`] up. All but endpoint, project and credential has a sensible default.
#[derive(Debug)]
#[must_use]
pub struct ClientBuilder {
    endpoint: Endpoint,
    project: ProjectId,
    credential: Credential,
    network: Network,
    pacer: Option<Arc<dyn Pacer>>,
    read_retries: ReadRetries,
    seed: u64,
    clock: Option<Clock>,
}

impl ClientBuilder {
    pub(super) fn new(endpoint: Endpoint, project: ProjectId, credential: Credential) -> Self {
        Self {
            endpoint,
            project,
            credential,
            network: Network::default(),
            pacer: None,
            read_retries: ReadRetries::default(),
            seed: 0,
            clock: None,
        }
    }

    /// Sets how long the parts of a call may take.
    pub fn timeouts(self, timeouts: Timeouts) -> Self {
        Self { network: Network { timeouts, ..self.network }, ..self }
    }

    /// Sets how connections are made, timeouts included.
    pub fn network(self, network: Network) -> Self {
        Self { network, ..self }
    }

    /// Sets whom to ask before each request; [`Rate::CAUTIOUS`] of its own if not told. Clients that share one, and programs that
    /// share one through a file, keep one rate together.
    pub fn pacer(self, pacer: Arc<dyn Pacer>) -> Self {
        Self { pacer: Some(pacer), ..self }
    }

    /// Sets how calls that look are tried again.
    pub fn read_retries(self, read_retries: ReadRetries) -> Self {
        Self { read_retries, ..self }
    }

    /// Sets the seed of the dice that spread retries. Clients that share a seed knock at the same moments.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sets the clock to share with others. Signatures are made as of its wall clock.
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// Makes the client; connects to nothing yet.
    ///
    /// # Errors
    /// [`TransportError`] if the HTTP library cannot be set up.
    pub fn build(self) -> Result<Client, TransportError> {
        let clock = self.clock.unwrap_or_else(Clock::start);
        let transport = Transport::new(&self.network)?;
        Ok(Client(Arc::new(Shared {
            caller: Caller::new(transport, clock, self.read_retries, self.seed),
            place: Place::of_project(self.endpoint, &self.project)?,
            auth: Auth::new(self.credential.clone(), Scope::Project(self.project.clone()))?,
            pacer: self.pacer.unwrap_or_else(|| Arc::new(OwnPace::new(Rate::CAUTIOUS))),
            project: self.project,
            redactor: Mutex::new(self.credential.redactor()),
            knowledge: Mutex::default(),
        })))
    }
}
