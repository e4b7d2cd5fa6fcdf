//! What can be told without the network: settings, credentials, the state directory.

use reinstall_core::time::Timestamp;
use reinstall_http::region::{By, Located};
use reinstall_http::sources::miss::{NoCredential, Passed};
use reinstall_http::sources::{Found, Given, Source};
use reinstall_journal::error::StoreError;
use reinstall_journal::row::{RolloutRow, RunState};
use reinstall_journal::store::Store;

use super::Case;
use crate::env::{REINSTALL_ENDPOINT, REINSTALL_REGION};
use crate::failure::{Cause, Failure};
use crate::next_step::Commands;
use crate::render::doctor::Check;
use crate::render::plan::counted;
use crate::setup::{Account, Missing, Who, parse_project};
use crate::state;

const SETTINGS: &str = "settings";
const CREDENTIALS: &str = "credentials";
const STATE_DIRECTORY: &str = "state_directory";

/// Where the API is, and who says so.
pub(super) fn settings(case: &Case<'_>) -> Check {
    let failed = |failure: &Failure| {
        let words = failure.to_string();
        let words = words.strip_prefix("nothing was sent: ").unwrap_or(&words).to_owned();
        let advice = failure.hint().unwrap_or_else(|| "correct what is named, or leave it out".into());
        Check::failed(SETTINGS, Cause::Settings, words, advice)
    };
    match (&case.located, &case.network) {
        (Err(failure), _) => failed(failure),
        (Ok(None), _) => Check::failed(
            SETTINGS,
            Cause::Settings,
            "nobody says where the API is",
            format!("say {}", Missing::Endpoint.how()),
        ),
        // What is wrong with the proxy is told where the proxy is.
        (Ok(Some(_)), Err(failure)) if !is_about_proxy(failure) => failed(failure),
        (Ok(Some(located)), _) => Check::ok(SETTINGS, format!("{} ({})", located.endpoint, told_by(case, located))),
    }
}

pub(super) fn is_about_proxy(failure: &Failure) -> bool {
    matches!(failure, Failure::Proxy { .. } | Failure::ProxyPassword)
}

/// Who says where the API is, by the names of flags and variables.
fn told_by(case: &Case<'_>, located: &Located) -> String {
    let (args, environment) = (case.setup.args, case.setup.environment);
    match &located.by {
        By::Address if args.endpoint.is_some() => "--endpoint".into(),
        By::Address => REINSTALL_ENDPOINT.into(),
        By::Region => {
            let found = case.found.as_ref().ok().map(|(found, _)| found);
            let region = case.setup.region(found).unwrap_or_default();
            let by = match (&args.region, &environment.region, found) {
                (Some(_), ..) => "--region".to_owned(),
                (None, Some(_), _) => REINSTALL_REGION.to_owned(),
                (None, None, Some(found)) => found.source.to_string(),
                (None, None, None) => return format!("region {region}"),
            };
            format!("region {region} by {by}")
        }
        by @ (By::Variable { .. } | By::File { .. } | By::Source(_) | By::EndpointRegion) => by.to_string(),
    }
}

/// Who is asking, and where that was found; else everywhere it was looked for.
pub(super) fn credentials(case: &Case<'_>) -> Check {
    match &case.found {
        Ok((found, found_in)) => {
            Check::ok(CREDENTIALS, format!("{} ({})", Who::identity(&found.given), place(found, found_in)))
        }
        Err(Failure::Unset { tried: Some(tried), .. }) => {
            let advice = "set one of these; docs/credentials.md tells how";
            Check::failed(CREDENTIALS, Cause::Settings, "no credential was found; these were asked:", advice)
                .with_details(asked(tried))
        }
        Err(Failure::Credential(tried)) => {
            let broken = tried.stopped_at();
            let seen = broken.map(|(source, why)| format!("the credential in {source} cannot be used: {why}"));
            let advice = "mend it, or unset it so that the next place is asked; docs/credentials.md tells how";
            Check::failed(CREDENTIALS, Cause::Settings, seen.unwrap_or_else(|| tried.to_string()), advice)
                .with_details(asked(tried))
        }
        Err(failure) => {
            let advice = failure.hint().unwrap_or_else(|| "mend what is named".into());
            Check::failed(CREDENTIALS, Cause::Settings, failure.to_string(), advice)
        }
    }
}

/// Where the credential is: of our own variables, the one that has it.
fn place<'a>(found: &Found, found_in: &'a str) -> &'a str {
    if found_in != found.source.to_string() || found.source != Source::Own {
        return found_in;
    }
    match &found.given {
        Given::Token(_) => "REINSTALL_TOKEN",
        Given::Keys(_) => "REINSTALL_ACCESS_KEY",
        Given::User(_) => "REINSTALL_IAM_USER",
        Given::Metadata => found_in,
    }
}

fn asked(tried: &NoCredential) -> Vec<String> {
    tried.passed().iter().map(|Passed { source, why }| format!("{source}: {why}")).collect()
}

/// Whether what is on record can be read, whether the rate is shared, and what is not finished.
pub(super) fn state_directory(case: &Case<'_>) -> Check {
    let Some(folder) = state::folder(case.setup.state, case.setup.environment) else {
        let advice = "give one: --state-dir DIR";
        return Check::failed(STATE_DIRECTORY, Cause::Settings, Failure::NoStateDir.to_string(), advice);
    };
    let read = || -> Result<Option<Vec<RolloutRow>>, StoreError> {
        shared_rate(case).transpose()?;
        Store::open_if_there(&folder)?.map(|store| store.rollouts()).transpose()
    };
    let rate = format!("at most {} for all programs together", case.setup.rate());
    match read() {
        Err(error) => {
            // The messages tell what to do after a semicolon, where there is anything to tell.
            let words = error.to_string();
            let otherwise = (words.as_str(), "mend that, or choose another folder: --state-dir DIR");
            let (seen, advice) = words.split_once("; ").unwrap_or(otherwise);
            Check::failed(STATE_DIRECTORY, Cause::Records, seen, advice)
        }
        Ok(None) => Check::ok(STATE_DIRECTORY, format!("{}: nothing on record yet; {rate}", folder.display())),
        Ok(Some(rows)) => {
            let seen = format!("{}: {} on record", folder.display(), counted(rows.len(), "rollout"));
            let commands = Commands { state_dir: case.setup.state.state_dir.clone() };
            on_record(&rows, &seen, &rate, case.clock.now(), &commands)
        }
    }
}

fn on_record(rows: &[RolloutRow], seen: &str, rate: &str, now: Timestamp, commands: &Commands) -> Check {
    let unfinished: Vec<(&RolloutRow, RunState)> =
        rows.iter().map(|row| (row, row.standing(now))).filter(|(_, state)| *state != RunState::Finished).collect();
    let go_on = |(row, state): &(&RolloutRow, RunState)| match state {
        RunState::Left => Some(commands.resume(row.id)),
        RunState::Interrupted if row.is_to_be_taken_over(now) => Some(commands.take_over(row.id)),
        RunState::Interrupted => Some(commands.resume(row.id)),
        RunState::Running | RunState::Finished => None,
    };
    let open: Vec<String> = unfinished.iter().filter_map(go_on).collect();
    let running = unfinished.len() - open.len();
    let running = if running > 0 { format!(", {running} under way") } else { String::new() };
    match open.len() {
        0 => Check::ok(STATE_DIRECTORY, format!("{seen}{running}; {rate}")),
        left => {
            let advice = "bring it to its end before its instances are named again";
            Check::warning(STATE_DIRECTORY, format!("{seen}{running}, {left} left before the end; {rate}"), advice)
                .with_details(open)
        }
    }
}

/// Makes sure that the rate can be shared; `None` while it is not known whose requests are counted together.
fn shared_rate(case: &Case<'_>) -> Option<Result<(), StoreError>> {
    let (found, found_in) = case.found.as_ref().ok()?;
    let endpoint = case.located.as_ref().ok()?.as_ref()?.endpoint.clone();
    let network = case.network.as_ref().ok()?.clone();
    let project = case.setup.given_project().and_then(|given| parse_project(&given).ok());
    let project = project.or_else(|| found.project_id.clone());
    // Of a token nobody knows whose it is: its requests are counted by its project.
    let project = match (project, &found.given) {
        (Some(project), _) => project,
        (None, Given::Token(_)) => return None,
        (None, Given::Keys(_) | Given::User(_) | Given::Metadata) => parse_project("unknown").ok()?,
    };
    let credential = case.setup.credential(found, &endpoint).ok()?;
    let who = Who::of(&found.given, found_in.clone(), &project);
    let access = case.setup.opened(Account { endpoint, project }, credential, who, network);
    access.shared_pace().map(|pace| pace.map(drop))
}

/// The credential, if there is one.
pub(super) fn given<'a>(case: &'a Case<'_>) -> Option<&'a Found> {
    case.found.as_ref().ok().map(|(found, _)| found)
}
