//! How a command ends: one error type, one match that chooses the exit code, one that finds a hint.

mod hint;

use std::io;
use std::path::PathBuf;

use reinstall_core::id::{IdError, RolloutId};
use reinstall_core::login::{GenerateError, Violations};
use reinstall_core::record::PlanError;
use reinstall_core::secret::TokenError;
use reinstall_core::spec::{Objection, Objections};
use reinstall_core::summary::{Conclusion, Outcome};
use reinstall_core::time::Timestamp;
use reinstall_http::endpoint::EndpointError;
use reinstall_http::error::CallError;
use reinstall_http::iam::ProjectError;
use reinstall_http::network::ProxyError;
use reinstall_http::region::RegionError;
use reinstall_http::sources::miss::NoCredential;
use reinstall_http::transport::TransportError;
use reinstall_journal::error::{
    AbandonError, BeginError, ChangeError, FindError, JournalError, ReadError, ResumeError, StoreError,
};

pub(crate) use self::hint::hint_on;
use crate::args::trap::TypedSecret;
use crate::env::REINSTALL_STATE_DIR;
use crate::input::InputError;
use crate::plan_file::PlanFileError;
use crate::setup::Missing;
use crate::site::SiteError;
use crate::targets::TargetsError;

/// Everything that was asked for was done.
pub(crate) const DONE: u8 = 0;
/// It came to its end, and not everything is as it was asked for.
pub(crate) const NOT_ALL: u8 = 1;
/// Bad usage or input; nothing was sent. clap ends with the same code.
pub(crate) const USAGE: u8 = 2;
/// The cloud or the credentials refused before anything was started.
pub(crate) const REFUSED: u8 = 3;
/// Halted or interrupted; what was not started can be run again.
pub(crate) const HALTED: u8 = 4;
/// The journal could not be read or written. Nothing is sent without it.
pub(crate) const NO_JOURNAL: u8 = 5;
/// The result could not be written.
pub(crate) const NO_OUTPUT: u8 = 6;

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It did what was asked.
    Done,
    /// Some of what was asked for could not be told.
    SomeUnread,
    /// The password is not allowed.
    NotAllowed,
    /// A diagnosis found something that has to be mended first.
    Unwell(Cause),
    /// A rollout was carried out and came to this.
    Concluded(Conclusion),
}

/// What has to be mended before anything else can be told for certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// What was typed, or what the environment and files of settings say.
    Settings,
    /// The state directory, or the journal in it.
    Records,
    /// The cloud, the way there, or what it thinks of the credentials.
    Cloud,
}

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    TypedSecret(#[from] TypedSecret),
    #[error("{}", unset(missing, tried.as_ref()))]
    Unset { missing: Vec<Missing>, tried: Option<NoCredential> },
    #[error(transparent)]
    Credential(NoCredential),
    #[error("nothing was sent: {0}")]
    Region(#[source] RegionError),
    #[error(transparent)]
    Lookup(ProjectError),
    #[error("{by}: {error}")]
    Proxy { by: &'static str, error: ProxyError },
    #[error("--ca-cert {}: {error}", path.display())]
    CaCert {
        path: PathBuf,
        #[source]
        error: TransportError,
    },
    #[error("the proxy's password is not taken on the command line: every user of this machine could read it there")]
    ProxyPassword,
    #[error("the endpoint: {0}")]
    Endpoint(#[source] EndpointError),
    #[error("--project-id: {0}")]
    Project(#[source] IdError),
    #[error("the token: {0}")]
    Token(#[source] TokenError),
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Targets(#[from] TargetsError),
    #[error("standard input can be read only once, and both --targets - and --password-stdin want it")]
    StdinTwice,
    #[error("nothing was sent, for this speaks against it:\n{}", indented(.0))]
    Objections(Objections),
    #[error("an id on the command line: {0}")]
    Id(#[source] IdError),
    #[error("no password was given, and there is no terminal to ask on")]
    NoPassword,
    #[error("the two passwords differ")]
    PasswordsDiffer,
    #[error("no password could be asked for: {0}")]
    Prompt(#[source] io::Error),
    #[error("the password is not allowed:\n{}", violations(.0))]
    WeakPassword(Violations),
    #[error("no password was made: {0}")]
    Generate(#[from] GenerateError),
    #[error("the system gives no randomness: {0}")]
    Randomness(String),
    #[error("{instances} instances would be wiped, and there is no terminal to ask on")]
    Unconfirmed { instances: usize },
    #[error("not confirmed: `{wanted}` was to be typed; nothing was sent")]
    Declined { wanted: String },
    #[error(transparent)]
    PlanFile(#[from] PlanFileError),
    #[error("nothing was sent, for this plan does not hold any more:\n{}", some(.0))]
    PlanOutdated(Vec<Objection>),
    #[error("nothing was sent: {0}")]
    PlanDamaged(#[source] PlanError),
    #[error("no plan was saved, for a plan says what each instance is:\n{}", some(.0))]
    NotSeen(Vec<Objection>),
    #[error("cannot save the plan to {}: {source}", path.display())]
    Save { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Site(#[from] SiteError),
    #[error("nothing was sent, for the site's policy forbids it:\n{}", some(objections))]
    SiteForbids { objections: Vec<Objection>, rollout: Option<RolloutId> },
    #[error("refused (nothing sent): {}:\n{}", disagreement(.0), lines(.0))]
    ListDiffers(Vec<Objection>),
    #[error("{given} is named, but the record is about {recorded}")]
    Elsewhere { given: String, recorded: String },
    #[error(
        "there is no folder to keep records in: neither --state-dir nor {REINSTALL_STATE_DIR} nor a home folder is known"
    )]
    NoStateDir,
    #[error("no rollout is unfinished{}", latest.map(|id| format!("; the latest is {id}")).unwrap_or_default())]
    NothingUnfinished { latest: Option<RolloutId>, steps: Vec<String> },
    #[error("nothing was sent: rollout {id} ended at {at}, so there is nothing to resume")]
    NothingToResume { id: RolloutId, at: Timestamp, steps: Vec<String> },
    #[error("{} rollouts are unfinished; name one of them:\n{}", .0.len(), .0.iter().map(|id| format!("  {id}")).collect::<Vec<_>>().join("\n"))]
    SeveralUnfinished(Vec<RolloutId>),
    #[error("rollout {0} is not finished: some of its instances may be on their way")]
    Unfinished(RolloutId),
    #[error("rollout {0} is not finished: requests of it may still take hold, and nobody would look into them")]
    NotAbandoned(RolloutId),
    #[error("no instance of rollout {rollout} that ended {outcome} is left")]
    NobodyEndedSo { rollout: RolloutId, outcome: Outcome },
    #[error("nothing was sent: {0}")]
    State(#[from] StoreError),
    #[error("nothing was sent: {0}")]
    Begin(#[from] BeginError),
    #[error("nothing was sent: {0}")]
    Resume(#[from] ResumeError),
    #[error("nothing was abandoned: {0}")]
    Abandon(#[source] AbandonError),
    #[error(transparent)]
    Record(#[from] ReadError),
    #[error(transparent)]
    Find(#[from] FindError),
    #[error(transparent)]
    Change(#[from] ChangeError),
    #[error("{by} took this rollout over; nothing more was sent here")]
    TakenOver { rollout: RolloutId, by: String },
    #[error("the journal failed, and nothing more was sent: {0}")]
    Journal(#[source] JournalError),
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("the runtime could not be started: {0}")]
    Runtime(#[source] io::Error),
    #[error("cannot write the result: {0}")]
    Output(#[source] io::Error),
    #[error("cannot write the report of rollout {rollout}: {source}")]
    Report { rollout: RolloutId, source: io::Error },
    #[error("cannot write to {}: {source}", dir.display())]
    Files { dir: PathBuf, source: io::Error },
}

impl From<AbandonError> for Failure {
    fn from(error: AbandonError) -> Self {
        match error {
            AbandonError::Resume(error) => Self::Resume(error),
            AbandonError::InFlight { .. } | AbandonError::NotClaimed { .. } => Self::Abandon(error),
        }
    }
}

fn indented(objections: &Objections) -> String {
    lines(objections.as_slice())
}

/// What a list's claims came to, as a clause.
fn disagreement(issues: &[Objection]) -> &'static str {
    if issues.iter().all(|one| one.rule() == "unchecked") {
        "the list of targets cannot be compared with the cloud"
    } else {
        "the list of targets and the cloud do not agree"
    }
}

/// The first few: where a whole fleet has changed, twenty say enough.
fn some(objections: &[Objection]) -> String {
    const SHOWN_MAX: usize = 20;
    let shown = lines(&objections[..objections.len().min(SHOWN_MAX)]);
    match objections.len().saturating_sub(SHOWN_MAX) {
        0 => shown,
        more => format!("{shown}\n  and {more} more"),
    }
}

fn lines(objections: &[Objection]) -> String {
    let line = |one: &Objection| format!("  {}: {} ({})", as_typed(one.field()), one.message(), one.rule());
    objections.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A field of a spec by the name of its flag; fields without one keep their path.
fn as_typed(field: &str) -> String {
    match field {
        "policy.attempts_max" => "--attempts".into(),
        "policy.start_states" => "--start-from".into(),
        "image_id" => "--image-id".into(),
        _ => field
            .strip_prefix("policy.")
            .map_or_else(|| field.to_owned(), |name| format!("--{}", name.replace('_', "-"))),
    }
}

fn violations(found: &Violations) -> String {
    found.as_slice().iter().map(|one| format!("  {one} ({})", one.rule())).collect::<Vec<_>>().join("\n")
}

/// The exit code. The only place where one is chosen, clap's own [`USAGE`] aside.
pub(crate) fn exit_code(result: &Result<Ending, Failure>) -> u8 {
    match result {
        // Before the rest of their kinds.
        Ok(Ending::Unwell(Cause::Records))
        | Err(
            Failure::State(_)
            | Failure::Begin(BeginError::Store(_))
            | Failure::Resume(ResumeError::Read(_))
            | Failure::Record(_)
            | Failure::Find(FindError::Store(_))
            | Failure::Change(ChangeError::Store(_))
            | Failure::TakenOver { .. }
            | Failure::Journal(_),
        ) => NO_JOURNAL,
        Ok(Ending::Done | Ending::Concluded(Conclusion::AllSucceeded)) => DONE,
        Ok(Ending::SomeUnread | Ending::Concluded(Conclusion::SomeDidNot)) => NOT_ALL,
        Ok(Ending::NotAllowed | Ending::Unwell(Cause::Settings))
        | Err(
            Failure::TypedSecret(_)
            | Failure::Unset { .. }
            | Failure::Credential(_)
            | Failure::Region(_)
            | Failure::Proxy { .. }
            | Failure::ProxyPassword
            | Failure::CaCert { .. }
            | Failure::Endpoint(_)
            | Failure::Project(_)
            | Failure::Token(_)
            | Failure::Input(_)
            | Failure::Targets(_)
            | Failure::StdinTwice
            | Failure::Objections(_)
            | Failure::Id(_)
            | Failure::NoPassword
            | Failure::PasswordsDiffer
            | Failure::Prompt(_)
            | Failure::WeakPassword(_)
            | Failure::Generate(_)
            | Failure::Randomness(_)
            | Failure::Unconfirmed { .. }
            | Failure::Declined { .. }
            | Failure::PlanFile(_)
            | Failure::PlanOutdated(_)
            | Failure::PlanDamaged(_)
            | Failure::NotSeen(_)
            | Failure::Save { .. }
            | Failure::Site(_)
            | Failure::SiteForbids { .. }
            | Failure::ListDiffers(_)
            | Failure::Elsewhere { .. }
            | Failure::NoStateDir
            | Failure::NothingUnfinished { .. }
            | Failure::NothingToResume { .. }
            | Failure::SeveralUnfinished(_)
            | Failure::Unfinished(_)
            | Failure::NobodyEndedSo { .. }
            | Failure::NotAbandoned(_)
            | Failure::Abandon(_)
            | Failure::Begin(_)
            | Failure::Resume(_)
            | Failure::Find(_)
            | Failure::Change(_)
            | Failure::Runtime(_)
            | Failure::Files { .. },
        ) => USAGE,
        Ok(Ending::Concluded(Conclusion::NothingStarted) | Ending::Unwell(Cause::Cloud))
        | Err(Failure::Transport(_) | Failure::Call(_) | Failure::Lookup(_)) => REFUSED,
        Ok(Ending::Concluded(Conclusion::Halted)) => HALTED,
        Err(Failure::Output(_) | Failure::Report { .. }) => NO_OUTPUT,
    }
}

/// All that is missing, and where credentials were looked for.
fn unset(missing: &[Missing], tried: Option<&NoCredential>) -> String {
    let settings = missing.iter().map(|one| format!("  {}", one.how()));
    let settings = (!missing.is_empty()).then(|| {
        std::iter::once("these settings are missing:".to_owned()).chain(settings).collect::<Vec<_>>().join("\n")
    });
    settings.into_iter().chain(tried.map(ToString::to_string)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conclusions_have_the_documented_codes() {
        for (conclusion, code) in [
            (Conclusion::AllSucceeded, 0),
            (Conclusion::SomeDidNot, 1),
            (Conclusion::NothingStarted, 3),
            (Conclusion::Halted, 4),
        ] {
            assert_eq!(exit_code(&Ok(Ending::Concluded(conclusion))), code, "{conclusion:?}");
        }
        assert_eq!(exit_code(&Ok(Ending::SomeUnread)), 1);
        assert_eq!(exit_code(&Ok(Ending::NotAllowed)), 2);
        for (cause, code) in [(Cause::Settings, 2), (Cause::Cloud, 3), (Cause::Records, 5)] {
            assert_eq!(exit_code(&Ok(Ending::Unwell(cause))), code, "{cause:?}");
        }
        assert_eq!(exit_code(&Err(Failure::NoPassword)), 2);
        assert_eq!(exit_code(&Err(Failure::Output(io::ErrorKind::StorageFull.into()))), 6);
    }
}
