//! All that a server is told, by flags and by the scenario that they name.

use std::path::Path;

use reinstall_core::id::InstanceId;
use reinstall_core::secret::SessionToken;
use reinstall_core::time::Timestamp;
use reinstall_http::sign::key::AccessKey;

use super::{Args, Doors, LogBounds, Tape, VerdictWish};
use crate::cloud::config::FleetConfig;
use crate::scenario::watch::Watched;
use crate::scenario::{Draft, FleetSpec, Objections, ReadError, Scenario};
use crate::worlds::WorldPlan;

/// All that a server is told.
#[derive(Debug)]
pub struct Settings {
    /// What its worlds are made from, users included.
    pub plan: WorldPlan,
    /// Whether a call for an unknown project makes a world for it.
    pub makes_worlds: bool,
    /// What `X-Auth-Token` may always say.
    pub token: SessionToken,
    /// The keys that may sign.
    pub access_keys: Vec<AccessKey>,
    /// Whether each client is told why its signature was refused.
    pub explains_signatures: bool,
    /// Where to listen, and to whom.
    pub doors: Doors,
    /// What admin calls need, if anything.
    pub admin_token: Option<SessionToken>,
    /// How much the log keeps.
    pub log: LogBounds,
    /// What to do with the verdict at the end; nothing if `None`.
    pub verdict: Option<VerdictWish>,
    /// What to do with answers of a real endpoint; nothing if `None`.
    pub tape: Option<Tape>,
    /// The scenario's file, if it is to be watched.
    pub watched: Option<Watched>,
}

/// Why a server cannot be made of what it is told.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Flags that must not be obeyed, or secrets that are none. Never says what they are.
    #[error("{0}")]
    Flags(String),
    /// The scenario cannot be read.
    #[error("--scenario: {0}")]
    Unreadable(#[from] ReadError),
    /// The scenario is not sound.
    #[error("{0}")]
    Unsound(#[from] Objections),
}

impl Args {
    /// All that the server is told. `load` reads the file of a fleet, if there is one.
    ///
    /// # Errors
    /// [`SettingsError`], with everything that speaks against the scenario at once.
    pub fn settings(&self, load: &dyn Fn(&Path) -> Result<FleetConfig, String>) -> Result<Settings, SettingsError> {
        if let Some(objection) = self.network.objection() {
            return Err(SettingsError::Flags(objection));
        }
        let secret = |flag: &str, error: &dyn std::fmt::Display| SettingsError::Flags(format!("{flag}: {error}"));
        let token = SessionToken::parse(self.access.token.expose()).map_err(|error| secret("--token", &error))?;
        let access_keys = self.access.access_keys().map_err(|error| secret("--access-key", &error))?;
        let users = self.access.iam_users().map_err(|error| secret("--iam-user", &error))?;
        let tape = self.tape.tape().map_err(|error| secret("--upstream", &error))?;
        let admin_token = self.network.admin_token().map_err(SettingsError::Flags)?;
        let draft = self.scenario.scenario.as_deref().map(Draft::read).transpose()?;
        let (scenario, mut plan) = sound(draft, self.flags(), load)?;
        if !users.is_empty() {
            plan.iam.users = users;
        }
        let watched = self.scenario.scenario.as_deref().filter(|_| self.scenario.watch);
        Ok(Settings {
            plan,
            makes_worlds: scenario.makes_worlds(),
            token,
            access_keys,
            explains_signatures: self.access.explain_signatures,
            doors: self.network.doors(),
            admin_token,
            log: self.outcome.log(),
            verdict: self.outcome.verdict(),
            tape,
            watched: watched.map(|path| Watched::new(path, self.flags(), scenario)),
        })
    }
}

/// A scenario with what flags say of it, and its plan.
///
/// # Errors
/// Everything that speaks against the file, its fleet included.
pub(super) fn sound(
    draft: Option<Draft>,
    flags: Scenario,
    load: &dyn Fn(&Path) -> Result<FleetConfig, String>,
) -> Result<(Scenario, WorldPlan), SettingsError> {
    let is_flags_fleet = matches!(flags.fleet, Some(FleetSpec::File(_)));
    let Some(draft) = draft else {
        let plan = flags.plan(load).map_err(|error| SettingsError::Flags(format!("--fleet: {error}")))?;
        return Ok((flags, plan));
    };
    let scenario = draft.scenario().clone().overruled_by(flags);
    let plan = match scenario.plan(load) {
        Ok(plan) => plan,
        Err(error) if is_flags_fleet => return Err(SettingsError::Flags(format!("--fleet: {error}"))),
        Err(error) => return Err(draft.without_fleet(error).into()),
    };
    if draft.names_instances() {
        // The world itself knows best who is there. Its moment does not matter.
        let world = plan.make(&plan.cloud.project, Timestamp::from_millis(0));
        let is_there = |id: InstanceId| world.cloud.glimpse(Timestamp::from_millis(0), id).is_some();
        draft.check(Some(&is_there))?;
    } else {
        draft.check(None)?;
    }
    Ok((scenario, plan))
}
