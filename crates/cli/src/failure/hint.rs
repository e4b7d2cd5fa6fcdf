//! What to do about a failure.

use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::spec::Objection;
use reinstall_http::endpoint::EndpointError;
use reinstall_http::iam::ProjectError;
use reinstall_http::network;
use reinstall_http::region::RegionError;
use reinstall_http::wire::code;
use reinstall_journal::error::{AbandonError, BeginError, ResumeError};

use super::Failure;
use crate::args::trap::TypedSecret;
use crate::input::InputError;
use crate::next_step::Commands;
use crate::targets::{self, TargetsError};

impl Failure {
    /// What to do about it, a line each, where that is not plain from the message.
    pub(crate) fn hints(&self, commands: &Commands) -> Vec<String> {
        if let Self::NothingUnfinished { steps, .. } | Self::NothingToResume { steps, .. } = self
            && !steps.is_empty()
        {
            return steps.clone();
        }
        let hint = self.hint_on_cloud().or_else(|| self.hint_on_input()).or_else(|| self.hint_on_records(commands));
        hint.into_iter().collect()
    }

    /// The first of them, for a failure that is about no rollout.
    pub(crate) fn hint(&self) -> Option<String> {
        self.hints(&Commands::default()).into_iter().next()
    }

    /// What to do about the cloud, and whom it takes us for.
    fn hint_on_cloud(&self) -> Option<String> {
        Some(if let Self::Call(error) | Self::Lookup(ProjectError::Call { error, .. }) = self {
            return hint_on(error.fault());
        } else if let Self::Lookup(_) = self {
            "give the project: --project-id ID".into()
        } else if let Self::ProxyPassword = self {
            "give it in the variable HTTPS_PROXY".into()
        } else if let Self::Region(RegionError::Address { error: EndpointError::Plain(_), .. }) = self {
            "if that is meant, as in a network of your own, add --allow-http".into()
        } else if let Self::Unset { tried: Some(_), .. } = self {
            "docs/credentials.md tells where credentials may be".into()
        } else {
            return None;
        })
    }

    /// What to do about what was typed, or read.
    fn hint_on_input(&self) -> Option<String> {
        Some(if let Self::TypedSecret(TypedSecret::Password) = self {
            "use --password-stdin, --password-file FILE, or leave both out to be asked; change the password that was typed, \
             for the shell's history has it"
                .into()
        } else if let Self::TypedSecret(TypedSecret::Token) = self {
            "use --token-file FILE or the variable REINSTALL_TOKEN; a token that was typed should be revoked".into()
        } else if let Self::Input(InputError::OpenToOthers { path, .. }) = self {
            format!("chmod 600 {}", path.display())
        } else if let Self::Targets(TargetsError::Report { .. }) = self {
            "what succeeded would be wiped again; take the ids that are to be tried again from it, for example: jq -r \
             '.instances[] | select(.outcome == \"not_started\") | .id' report.json"
                .into()
        } else if let Self::Targets(
            TargetsError::NoColumn { .. } | TargetsError::NoList { .. } | TargetsError::WrongForm { .. },
        ) = self
        {
            targets::ACCEPTED.into()
        } else if let Self::ListDiffers(issues) = self {
            hint_on_list(issues)
        } else if let Self::StdinTwice = self {
            "put one of them into a file".into()
        } else if let Self::NoPassword = self {
            "use --password-stdin or --password-file FILE".into()
        } else if let Self::WeakPassword(_) = self {
            "`reinstall password generate` prints one that is allowed".into()
        } else if let Self::Unconfirmed { .. } = self {
            "add --yes if that is meant; `reinstall plan` shows what would be done".into()
        } else {
            return None;
        })
    }

    /// What to do about something on record, or that cannot be put there.
    fn hint_on_records(&self, commands: &Commands) -> Option<String> {
        Some(if let Self::PlanOutdated(_) = self {
            "draw a new plan: reinstall plan --save FILE".into()
        } else if let Self::NothingUnfinished { .. } | Self::NothingToResume { .. } = self {
            format!("what is on record: {}", commands.rollouts())
        } else if let Self::Unfinished(id) = self {
            format!("continue it to its end first: {}", commands.resume(*id))
        } else if let Self::NotAbandoned(id) = self {
            format!(
                "try first: {}; if that cannot be, add --yes, and check each of its instances yourself",
                commands.resume(*id)
            )
        } else if let Self::SiteForbids { rollout: Some(id), .. } = self {
            format!(
                "to watch what is in progress, with no new reinstalls: {} && {}",
                commands.halt(*id),
                commands.resume(*id)
            )
        } else if let Self::Elsewhere { .. } = self {
            "leave --endpoint, --region and --project-id out, and unset their variables".into()
        } else if let Self::Abandon(AbandonError::InFlight { id, .. }) = self {
            format!(
                "to watch them to an outcome, with no new reinstalls: {} && {}; for one that you checked yourself, add --free \
                 INSTANCE",
                commands.halt(*id),
                commands.resume(*id)
            )
        } else if let Self::Begin(BeginError::Claimed { holder, .. }) = self
            && holder.finished_at.is_some()
        {
            let id = holder.id;
            format!("look at each instance yourself; then free it: reinstall abandon {id} --yes --free INSTANCE")
        } else if let Self::Begin(BeginError::Claimed { holder, .. }) = self {
            format!("how it stands, and the command that continues it: {}", commands.show(holder.id))
        } else if let Self::Resume(ResumeError::Held { .. } | ResumeError::Finished { .. }) = self {
            format!("how each rollout stands: {}", commands.rollouts())
        } else if let Self::TakenOver { rollout, .. } = self {
            format!("how it stands: {}", commands.show(*rollout))
        } else if let Self::Report { rollout, .. } = self {
            format!("it is on record: {}", commands.show(*rollout))
        } else if let Self::Journal(_) = self {
            "what came after that is not on record; mend the cause first: continuing reads every instance again".into()
        } else {
            return None;
        })
    }
}

/// What to do about a list, or the plan of an earlier rollout, that says something else than the cloud.
fn hint_on_list(issues: &[Objection]) -> String {
    let any = |is: fn(&Objection) -> bool| issues.iter().any(is);
    let differing = if !any(|one| one.rule() == "differs") {
        None
    } else if any(|one| one.field().starts_with("rollout ")) {
        Some("if the new names are right, name the instances anew: reinstall run ID...")
    } else {
        Some("correct the list; if a column says something else than the cloud's name or address, rename the column")
    };
    let unchecked = any(|one| one.rule() == "unchecked").then_some(
        "to be shown names and addresses takes the permission clouddc:instance:list; to go on with the ids alone, leave names \
         and addresses out of the list",
    );
    differing.into_iter().chain(unchecked).collect::<Vec<_>>().join("; ")
}

/// What to do about a cloud that does not let us: by its own code, else by what happened.
pub(crate) fn hint_on(fault: &Fault) -> Option<String> {
    if let Some(explained) = fault.code.as_ref().and_then(|code| code::explain(code.as_str())) {
        return Some(format!("{}: {}", explained.means, explained.advice));
    }
    let says = |words: &str| fault.message.as_str().contains(words);
    let words = match (fault.status, fault.kind) {
        (Some(401), _) => "the credentials are not accepted, or have run out: reinstall doctor checks them",
        (Some(403), _) => {
            "the account lacks the permission; looking needs clouddc:instance:get and clouddc:instance:list"
        }
        (Some(404), _) => "check the endpoint and the project: reinstall doctor",
        (Some(429), _) => "too many requests: lower --requests-per-second, and see who else uses the account",
        (None, FaultKind::HeldBack) => return None,
        (None, FaultKind::Unauthorized) => "the credentials are not accepted: reinstall doctor checks them",
        (None, FaultKind::Unreachable) if says(network::UNTRUSTED) => {
            "if its certificate is by an authority of your own, or of a proxy that reads along, name that: --ca-cert FILE; \
             if not, somebody else may have answered"
        }
        (None, FaultKind::Unreachable) if says(network::NOBODY_TRUSTED) => {
            "install the system's ca-certificates, or name whom to trust: --ca-cert FILE"
        }
        (None, _) => "check the endpoint and the way there: reinstall doctor",
        (Some(_), _) => return None,
    };
    Some(words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_that_is_closed_by_a_certificate_comes_with_the_flag_that_opens_it() {
        for (words, hint) in [
            (network::UNTRUSTED, "if its certificate is by an authority of your own"),
            (network::NOBODY_TRUSTED, "install the system's ca-certificates"),
        ] {
            let words = format!("no connection to example.com:443: {words}");
            let given = hint_on(&Fault::new(FaultKind::Unreachable, &words)).unwrap();
            assert!(given.starts_with(hint) && given.contains("--ca-cert FILE"), "{given}");
        }
        let given = hint_on(&Fault::new(FaultKind::Unreachable, "no connection to a.example: refused")).unwrap();
        assert!(!given.contains("--ca-cert"), "{given}");
    }
}
