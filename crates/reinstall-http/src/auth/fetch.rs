//! Asking for something to show: a token of IAM, or the temporary keys of the machine we run on.

use std::time::Duration;

use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::redact::{Redactor, Role};

use super::life::{Life, lasts};
use super::proof::Proof;
use super::{IamUser, Scope};
use crate::caller::{Caller, Line};
use crate::error::CallError;
use crate::ops::{create_token, metadata};
use crate::transport::Place;
use crate::wire::iam::ScopeProject;

/// How long something is taken to be good where nobody says. Tokens of IAM live for 24 hours.
const LASTS_UNTOLD: Duration = Duration::from_secs(3_600);

/// Who gives out what is shown.
#[derive(Debug)]
pub(super) enum Giver {
    /// IAM gives a user tokens.
    Iam { place: Place, user: IamUser, scope: Scope },
    /// The machine we run on has keys of its own.
    Metadata { place: Place },
}

/// What was given.
pub(super) struct Given {
    pub(super) proof: Proof,
    pub(super) life: Option<Life>,
}

impl Giver {
    /// Asks for something new. `redactor` knows what was given before.
    pub(super) async fn ask(&self, caller: &Caller, redactor: Redactor) -> Result<Given, Fault> {
        let asked_at = caller.now();
        let given = match self {
            Self::Iam { place, user, scope } => token(caller, place, user, scope, redactor).await,
            // The same keys may be given again.
            Self::Metadata { place } => keys(caller, place).await,
        };
        let (proof, lasts) = given.map_err(|error| self.explain(error))?;
        Ok(Given { proof, life: Some(Life::lasting(asked_at, lasts.unwrap_or(LASTS_UNTOLD))) })
    }

    /// What a failure to get something means for the request that was to show it. That one was not sent, whatever happened to
    /// ours: nothing is in doubt.
    fn explain(&self, error: CallError) -> Fault {
        let (what, from) = match self {
            Self::Iam { place, .. } => ("token", place.endpoint.authority()),
            Self::Metadata { place } => ("temporary key", place.endpoint.authority()),
        };
        let fault = error.into_fault();
        let kind = match fault.kind {
            FaultKind::Rejected
            | FaultKind::Unauthorized
            | FaultKind::Forbidden
            | FaultKind::NotFound
            | FaultKind::NoSuchCall
            | FaultKind::Redirected
            | FaultKind::Unexpected => FaultKind::Unauthorized,
            FaultKind::Unreachable
            | FaultKind::HeldBack
            | FaultKind::TimedOut
            | FaultKind::Broken
            | FaultKind::Lapsed
            | FaultKind::Throttled
            | FaultKind::ServerFailed
            | FaultKind::Unreadable => FaultKind::HeldBack,
        };
        // Status and code were said of another request: whoever reads them would take them for this one's.
        let message = format!("no {what} could be had from {from}: {}: {}", fault.heading(), fault.message);
        Fault { kind, status: None, code: None, message: message.as_str().into(), ..fault }
    }
}

async fn token(
    caller: &Caller,
    place: &Place,
    user: &IamUser,
    scope: &Scope,
    redactor: Redactor,
) -> Result<(Proof, Option<Duration>), CallError> {
    let project = match scope {
        Scope::Project(id) => ScopeProject::Id(id.as_str()),
        Scope::ProjectNamed(name) => ScopeProject::Name(name),
    };
    let request = create_token::request(user, project)?;
    let line = Line::bare(place);
    let redactor = redactor.with(Role::UserPassword, user.password().expose());
    // Boxed, since a call may need a token first, and getting one is a call.
    let issued = Box::pin(caller.call(line, &request, &redactor, create_token::reply)).await?.value;
    let lasts = lasts(issued.issued_at.as_deref(), issued.expires_at.as_deref(), caller.wall());
    let proof = Proof::token(issued.token).map_err(|_| create_token::unreadable())?;
    Ok((proof, lasts))
}

async fn keys(caller: &Caller, place: &Place) -> Result<(Proof, Option<Duration>), CallError> {
    let line = Line::bare(place);
    let session =
        match Box::pin(caller.call(line, &metadata::session(), &Redactor::new(), metadata::session_reply)).await {
            Ok(answered) => Some(answered.value),
            // Older machines know no sessions (api-facts 6).
            Err(error) if matches!(error.status(), Some(404 | 405 | 503)) => None,
            Err(error) => return Err(error),
        };
    let request = metadata::keys(session.as_ref())?;
    let redactor =
        session.iter().fold(Redactor::new(), |known, session| known.with(Role::SessionToken, session.expose()));
    let keys = Box::pin(caller.call(line, &request, &redactor, metadata::keys_reply)).await?.value;
    let lasts = lasts(None, keys.expires_at.as_deref(), caller.wall());
    Ok((Proof::Keys(keys.key), lasts))
}
