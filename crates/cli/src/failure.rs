//! How a command ends: one error type, one match that chooses the exit code, one that finds a hint.

use std::io;
use std::path::PathBuf;

use reinstall_core::id::{IdError, RolloutId};
use reinstall_core::login::{GenerateError, Violations};
use reinstall_core::record::PlanError;
use reinstall_core::secret::TokenError;
use reinstall_core::spec::{Objection, Objections};
use reinstall_core::summary::{Conclusion, Outcome};
use reinstall_http::endpoint::EndpointError;
use reinstall_http::error::CallError;
use reinstall_http::transport::TransportError;
use reinstall_journal::error::{BeginError, ChangeError, FindError, JournalError, ReadError, ResumeError, StoreError};

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

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It did what was asked.
    Done,
    /// Some of what was asked for could not be told.
    SomeUnread,
    /// The password is not allowed.
    NotAllowed,
    /// A rollout was carried out and came to this.
    Concluded(Conclusion),
}

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    TypedSecret(#[from] TypedSecret),
    #[error("these settings are missing:\n{}", .0.iter().map(|one| format!("  {}", one.how())).collect::<Vec<_>>().join("\n"))]
    Unset(Vec<Missing>),
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
    #[error("{given} is named, but the record is about {recorded}")]
    Elsewhere { given: String, recorded: String },
    #[error(
        "there is no folder to keep records in: neither --state-dir nor {REINSTALL_STATE_DIR} nor a home folder is known"
    )]
    NoStateDir,
    #[error("no rollout is unfinished")]
    NothingUnfinished,
    #[error("{} rollouts are unfinished; name one of them:\n{}", .0.len(), .0.iter().map(|id| format!("  {id}")).collect::<Vec<_>>().join("\n"))]
    SeveralUnfinished(Vec<RolloutId>),
    #[error("rollout {0} is not finished: some of its instances may be on their way")]
    Unfinished(RolloutId),
    #[error("rollout {0} is not finished: requests of it may still take hold, and nobody would look into them")]
    NotAbandoned(RolloutId),
    #[error("nothing was sent, for another rollout began meanwhile; run the same command again")]
    BegunMeanwhile,
    #[error("no instance of rollout {rollout} that ended {outcome} is left")]
    NobodyEndedSo { rollout: RolloutId, outcome: Outcome },
    #[error("nothing was sent: {0}")]
    State(#[from] StoreError),
    #[error("nothing was sent: {0}")]
    Begin(#[from] BeginError),
    #[error("nothing was sent: {0}")]
    Resume(#[from] ResumeError),
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
    #[error("cannot write to {}: {source}", dir.display())]
    Files { dir: PathBuf, source: io::Error },
}

fn indented(objections: &Objections) -> String {
    lines(objections.as_slice())
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
        Ok(Ending::Done | Ending::Concluded(Conclusion::AllSucceeded)) => DONE,
        Ok(Ending::SomeUnread | Ending::Concluded(Conclusion::SomeDidNot)) | Err(Failure::Output(_)) => NOT_ALL,
        Ok(Ending::NotAllowed)
        | Err(
            Failure::TypedSecret(_)
            | Failure::Unset(_)
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
            | Failure::Elsewhere { .. }
            | Failure::NoStateDir
            | Failure::NothingUnfinished
            | Failure::SeveralUnfinished(_)
            | Failure::Unfinished(_)
            | Failure::NobodyEndedSo { .. }
            | Failure::BegunMeanwhile
            | Failure::NotAbandoned(_)
            | Failure::Begin(BeginError::Claimed { .. } | BeginError::Applied { .. } | BeginError::Repeated(_))
            | Failure::Resume(ResumeError::Finished { .. } | ResumeError::Held { .. } | ResumeError::Expired { .. })
            | Failure::Find(FindError::None(_) | FindError::Several(_))
            | Failure::Change(ChangeError::Unknown(_) | ChangeError::Finished(_) | ChangeError::Unfinished(_))
            | Failure::Runtime(_)
            | Failure::Files { .. },
        ) => USAGE,
        Ok(Ending::Concluded(Conclusion::NothingStarted)) | Err(Failure::Transport(_) | Failure::Call(_)) => REFUSED,
        Ok(Ending::Concluded(Conclusion::Halted)) => HALTED,
        Err(
            Failure::State(_)
            | Failure::Begin(BeginError::Store(_))
            | Failure::Resume(ResumeError::Read(_))
            | Failure::Record(_)
            | Failure::Find(FindError::Store(_))
            | Failure::Change(ChangeError::Store(_))
            | Failure::TakenOver { .. }
            | Failure::Journal(_),
        ) => NO_JOURNAL,
    }
}

impl Failure {
    /// What to do about it, where that is not plain from the message.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::TypedSecret(TypedSecret::Password) => Some(
                "use --password-stdin, --password-file FILE, or leave both out to be asked; change the password that \
                 was typed, for the shell's history has it"
                    .into(),
            ),
            Self::TypedSecret(TypedSecret::Token) => Some(
                "use --token-file FILE or the variable REINSTALL_TOKEN; a token that was typed should be revoked"
                    .into(),
            ),
            Self::Input(InputError::OpenToOthers { path, .. }) => Some(format!("chmod 600 {}", path.display())),
            Self::Targets(TargetsError::Report { .. }) => Some(
                "what succeeded would be wiped again; take the ids that are to be tried again from it, for example: \
                 jq -r '.instances[] | select(.outcome == \"not_started\") | .id' report.json"
                    .into(),
            ),
            Self::Targets(TargetsError::NoColumn { .. }) => {
                Some("name the column of the ids `id` or `instance_id` in the first line".into())
            }
            Self::StdinTwice => Some("put one of them into a file".into()),
            Self::NoPassword => Some("use --password-stdin or --password-file FILE".into()),
            Self::WeakPassword(_) => Some("`reinstall password generate` prints one that is allowed".into()),
            Self::Unconfirmed { .. } => {
                Some("add --yes if that is meant; `reinstall plan` shows what would be done".into())
            }
            Self::Call(error) => status_hint(error.status()).map(Into::into),
            Self::Unset(_)
            | Self::Endpoint(_)
            | Self::Project(_)
            | Self::Token(_)
            | Self::Input(_)
            | Self::Targets(_)
            | Self::Objections(_)
            | Self::Id(_)
            | Self::PasswordsDiffer
            | Self::Prompt(_)
            | Self::Generate(_)
            | Self::Randomness(_)
            | Self::Declined { .. }
            | Self::Transport(_)
            | Self::Runtime(_)
            | Self::Output(_)
            | Self::Files { .. } => None,
            Self::PlanFile(_)
            | Self::PlanOutdated(_)
            | Self::PlanDamaged(_)
            | Self::NotSeen(_)
            | Self::Save { .. }
            | Self::Site(_)
            | Self::SiteForbids { .. }
            | Self::Elsewhere { .. }
            | Self::NoStateDir
            | Self::NothingUnfinished
            | Self::SeveralUnfinished(_)
            | Self::Unfinished(_)
            | Self::NobodyEndedSo { .. }
            | Self::BegunMeanwhile
            | Self::NotAbandoned(_)
            | Self::State(_)
            | Self::Begin(_)
            | Self::Resume(_)
            | Self::Record(_)
            | Self::Find(_)
            | Self::Change(_)
            | Self::TakenOver { .. }
            | Self::Journal(_) => self.hint_on_records(),
        }
    }

    /// What to do about something on record, or that cannot be put there.
    fn hint_on_records(&self) -> Option<String> {
        Some(if let Self::PlanOutdated(_) = self {
            "draw a new plan: reinstall plan --save FILE".into()
        } else if let Self::NothingUnfinished = self {
            "`reinstall rollouts` lists what is on record".into()
        } else if let Self::Unfinished(id) = self {
            format!("carry it to its end first: reinstall resume {id}")
        } else if let Self::NotAbandoned(id) = self {
            format!(
                "try first: reinstall resume {id}; if that cannot be, add --yes, and look at its instances yourself"
            )
        } else if let Self::SiteForbids { rollout: Some(id), .. } = self {
            format!("to have what is on its way watched, and nothing new started: reinstall halt {id}, then resume it")
        } else if let Self::Elsewhere { .. } = self {
            "leave --endpoint and --project-id out, and unset their variables".into()
        } else if let Self::Begin(BeginError::Claimed { holder, .. }) = self {
            let id = holder.id;
            format!(
                "`reinstall show {id}` tells how it stands; `reinstall resume {id}` carries it to its end, which frees them"
            )
        } else if let Self::Resume(ResumeError::Finished { id, .. }) = self {
            format!("to start what was not started: reinstall resume {id} --only not-started")
        } else if let Self::Resume(ResumeError::Held { .. }) = self {
            "`reinstall halt` has it start nothing new, and watch what is on its way to its end".into()
        } else if let Self::TakenOver { rollout, .. } = self {
            format!("how it stands: reinstall show {rollout}")
        } else if let Self::Journal(_) = self {
            "what came after that is not on record; once the cause is mended, `reinstall resume` looks again, and starts \
             what was not started"
                .into()
        } else {
            return None;
        })
    }
}

/// What to do about a cloud that does not let us, by its status; `None` stands for no answer at all.
pub(crate) const fn status_hint(status: Option<u16>) -> Option<&'static str> {
    match status {
        Some(401) => Some("the token is not accepted, or has run out: tokens live for 24 hours"),
        Some(403) => {
            Some("the account lacks the permission; looking needs clouddc:instance:get and clouddc:instance:list")
        }
        Some(404) => Some("check --endpoint and --project-id"),
        None => Some("check --endpoint and the way there"),
        Some(_) => None,
    }
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
        assert_eq!(exit_code(&Err(Failure::NoPassword)), 2);
    }
}
