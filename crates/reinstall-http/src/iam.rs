//! What is asked of IAM before there is a client: which project is meant.

use reinstall_core::id::{IdError, ProjectId};
use reinstall_core::text::CloudText;

use crate::auth::{Auth, Scope};
use crate::caller::{Caller, Line};
use crate::clock::Clock;
use crate::credential::Credential;
use crate::endpoint::Endpoint;
use crate::error::CallError;
use crate::network::Network;
use crate::ops::list_projects;
use crate::transport::{Place, Transport, TransportError};
use reinstall_core::retry::ReadRetries;

/// Speaks to IAM with one credential.
#[derive(Debug)]
pub struct Iam {
    caller: Caller,
    place: Place,
    auth: Auth,
    name: String,
    secrets: Credential,
}

/// A project as IAM knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// The account that it belongs to, by its id.
    pub domain_id: Option<CloudText>,
}

/// Why it cannot be told which project is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
    /// IAM was not heard, or said no.
    #[error("the project named {name} could not be looked up: {error}")]
    Call {
        /// The name that was looked for.
        name: String,
        /// What came of it.
        #[source]
        error: CallError,
    },
    /// There is none.
    #[error("{iam} knows no project named {name} that these credentials may see")]
    None {
        /// The name that was looked for.
        name: String,
        /// Where.
        iam: String,
    },
    /// There are several.
    #[error("{} projects are named {name}: {}", ids.len(), ids.iter().map(CloudText::as_str).collect::<Vec<_>>().join(", "))]
    Several {
        /// The name that was looked for.
        name: String,
        /// Their ids.
        ids: Vec<CloudText>,
    },
    /// Its id is none that can stand in an address.
    #[error("the id of the project named {name} cannot be used: {error}")]
    Id {
        /// The name that was looked for.
        name: String,
        /// What is wrong with its id.
        #[source]
        error: IdError,
    },
}

impl Iam {
    /// Somebody to ask for the project `name`; connects to nothing yet. The provider's projects are named after their regions.
    ///
    /// # Errors
    /// [`TransportError`] if the HTTP library cannot be set up.
    pub fn new(
        endpoint: Endpoint,
        credential: impl Into<Credential>,
        name: impl Into<String>,
        network: &Network,
        clock: Clock,
    ) -> Result<Self, TransportError> {
        let (credential, name) = (credential.into(), name.into());
        Ok(Self {
            caller: Caller::new(Transport::new(network)?, clock, ReadRetries::default(), 0),
            place: Place::bare(endpoint),
            auth: Auth::new(credential.clone(), Scope::ProjectNamed(name.clone()))?,
            name,
            secrets: credential,
        })
    }

    /// Looks the project up.
    ///
    /// # Errors
    /// [`ProjectError`].
    pub async fn project(&self) -> Result<Project, ProjectError> {
        let name = || self.name.clone();
        let line = Line { auth: Some(&self.auth), ..Line::bare(&self.place) };
        let request = list_projects::request(&self.name);
        let answered = self.caller.call(line, &request, &self.secrets.redactor(), list_projects::reply).await;
        let reply = answered.map_err(|error| ProjectError::Call { name: name(), error })?.value;
        // A service that does not know the filter shows every project.
        let is_meant = |named: &Option<String>| named.as_deref().is_some_and(|named| named == self.name);
        let mut found = reply.projects.unwrap_or_default();
        found.retain(|project| project.id.is_some() && is_meant(&project.name));
        match &found[..] {
            [] => Err(ProjectError::None { name: name(), iam: self.place.endpoint.authority().to_owned() }),
            [project] => {
                let id = project.id.as_deref().unwrap_or_default().parse();
                let id = id.map_err(|error| ProjectError::Id { name: name(), error })?;
                Ok(Project { id, domain_id: project.domain_id.as_deref().map(Into::into) })
            }
            several => {
                let ids = several.iter().filter_map(|project| project.id.as_deref().map(Into::into)).collect();
                Err(ProjectError::Several { name: name(), ids })
            }
        }
    }
}
