//! What a client is made of.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reinstall_core::id::ProjectId;
use reinstall_core::retry::{Backoff, Dice};

use super::{Client, Shared};
use crate::clock::Clock;
use crate::credential::Credential;
use crate::endpoint::Endpoint;
use crate::transport::{Timeouts, Transport, TransportError};

/// How often and how soon a call that only looks is tried again. A reinstall never is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRetries {
    /// The most tries, the first included.
    pub tries_max: u32,
    /// How long to wait between them; longer if the cloud asks for it.
    pub backoff: Backoff,
    /// The longest wait. A cloud that asks for a longer one gets no further try: the error comes back with its wish.
    pub pause_max: Duration,
}

impl Default for ReadRetries {
    fn default() -> Self {
        Self {
            tries_max: 3,
            backoff: Backoff { base: Duration::from_millis(200), cap: Duration::from_secs(5) },
            pause_max: Duration::from_secs(30),
        }
    }
}

/// Sets a [`Client`] up. All but endpoint, project and credential has a sensible default.
#[derive(Debug)]
#[must_use]
pub struct ClientBuilder {
    endpoint: Endpoint,
    project: ProjectId,
    credential: Credential,
    timeouts: Timeouts,
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
            timeouts: Timeouts::default(),
            read_retries: ReadRetries::default(),
            seed: 0,
            clock: None,
        }
    }

    /// Sets how long the parts of a call may take.
    pub fn timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, ..self }
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
        let transport = Transport::new(self.endpoint, &self.project, &self.credential, &self.timeouts)?;
        Ok(Client(Arc::new(Shared {
            transport,
            project: self.project,
            credential: self.credential,
            timeouts: self.timeouts,
            read_retries: self.read_retries,
            clock: self.clock.unwrap_or_else(Clock::start),
            dice: Dice::new(self.seed),
            thrown: AtomicU64::new(0),
            list_is_closed: AtomicBool::new(false),
            status_asked: AtomicU32::new(0),
            password: OnceLock::new(),
            sent: Default::default(),
        })))
    }
}
