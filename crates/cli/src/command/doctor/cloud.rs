//! What the cloud thinks of us: a token from IAM, the project, and whether it lets us look.

use std::time::Duration;

use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::id::{InstanceId, ProjectId};
use reinstall_core::instance_set::InstanceSet;
use reinstall_core::policy::Policy;
use reinstall_core::sighting::Sighting;
use reinstall_core::time::Plain;
use reinstall_http::credential::Credential;
use reinstall_http::endpoint::Endpoint;
use reinstall_http::error::CallError;
use reinstall_http::iam::{Iam, ProjectError};
use reinstall_http::network::Network;
use reinstall_http::probe::{self, FirstPage, Prober, Scope};
use reinstall_http::sources::{Found, Given};

use super::way::Way;
use super::{Case, Told, advice, local, words};
use crate::env::REINSTALL_PROJECT_ID;
use crate::failure::{Cause, Failure};
use crate::render::doctor::Check;
use crate::render::plan::counted;
use crate::render::report::whole_seconds;
use crate::setup::{Account, Missing, Who, parse_project};

const IAM: &str = "iam";
const PROJECT: &str = "project";
const LIST: &str = "list";
const STATUS: &str = "status";
const BATCH: &str = "batch";

/// The most that the SDKs let one request name; the provider's pages say [`InstanceSet::LEN_MAX`] (api-facts 1).
const SDK_BATCH_MAX: usize = 10;

/// Whom to ask, and with what.
struct Asking<'a> {
    found: &'a Found,
    found_in: &'a str,
    endpoint: &'a Endpoint,
    network: &'a Network,
}

/// Asks, and tells each answer.
pub(super) async fn examine(case: &Case<'_>, way: &Way, told: &mut Told) -> Result<(), Failure> {
    let endpoint = case.located.as_ref().ok().and_then(|located| located.as_ref()).map(|located| &located.endpoint);
    let (Some(endpoint), Ok(network), Ok((found, found_in))) = (endpoint, &case.network, &case.found) else {
        let why = if local::given(case).is_some() { "the settings (above)" } else { "no credential (above)" };
        for name in [IAM, PROJECT, LIST, STATUS] {
            told.tell(Check::skipped(name, why))?;
        }
        told.tell(batch())?;
        told.tell(Check::skipped(words::LIFE_CYCLE, "nothing was listed (above)"))?;
        return Ok(());
    };
    let asking = Asking { found, found_in, endpoint, network };
    let (check, iam_is_open) = iam(case, &asking).await?;
    told.tell(check)?;
    let (check, project) = project(case, &asking, iam_is_open).await?;
    told.tell(check)?;
    let (page, status) = match (project, way.is_open && iam_is_open) {
        (Some(project), true) => look(case, &asking, project, told).await?,
        (None, _) => skip_looks(told, "the project is not known (above)")?,
        (Some(_), false) if !iam_is_open => skip_looks(told, "nothing to show (above)")?,
        (Some(_), false) => skip_looks(told, "the API does not answer (above)")?,
    };
    told.tell(batch())?;
    told.tell(words::life_cycle(page.as_ref(), status.as_ref()))?;
    Ok(())
}

/// What the list and the status call showed.
type Looks = (Option<FirstPage>, Option<(InstanceId, Sighting)>);

fn skip_looks(told: &mut Told, why: &str) -> Result<Looks, Failure> {
    told.tell(Check::skipped(LIST, why))?;
    told.tell(Check::skipped(STATUS, why))?;
    Ok((None, None))
}

/// Whether something to show can be had, where it has to be asked for.
async fn iam(case: &Case<'_>, asking: &Asking<'_>) -> Result<(Check, bool), Failure> {
    let Asking { found, endpoint, network, .. } = asking;
    let what = match &found.given {
        Given::Token(_) => return Ok((Check::skipped(IAM, "not needed: a token is given"), true)),
        Given::Keys(_) => return Ok((Check::skipped(IAM, "not needed: requests are signed with a key"), true)),
        Given::User(_) => "a token",
        Given::Metadata => "temporary keys",
    };
    let credential = match case.setup.credential(found, endpoint) {
        Ok(credential) => credential,
        Err(failure) => return Ok((unset(IAM, &failure), false)),
    };
    let from = match &credential {
        Credential::User { iam, .. } | Credential::Metadata(iam) => iam.authority().to_owned(),
        Credential::Token(_) | Credential::Keys(_) => String::new(),
    };
    let given = case.setup.given_project().and_then(|given| parse_project(&given).ok());
    let scope = match (given.or_else(|| found.project_id.clone()), case.setup.project_name(found, Some(endpoint))) {
        (Some(project), _) => Scope::Project(project),
        (None, Some(name)) => Scope::ProjectNamed(name),
        (None, None) => return Ok((Check::skipped(IAM, "a token is for a project, and none is known (below)"), false)),
    };
    Ok(match probe::grant(credential, scope, network, case.clock.clone()).await? {
        Ok(lasts) => {
            let lasts = lasts.map(|lasts| format!(", good for {}", rounded(lasts))).unwrap_or_default();
            (Check::ok(IAM, format!("{from} gives {what}{lasts}")), true)
        }
        // Held back is the request that would have shown it: whoever gives it out was not heard.
        Err(fault) if fault.kind == FaultKind::HeldBack => {
            let advice = "check where IAM is (--iam-endpoint URL, or --region NAME) and the way there";
            (Check::failed(IAM, Cause::Cloud, advice::seen(&fault), advice), false)
        }
        Err(fault) => (advice::refused(IAM, &fault, &found.given), false),
    })
}

/// To the second; to the minute where that is more than an hour.
fn rounded(duration: Duration) -> Plain {
    const MINUTE: u64 = 60;
    let seconds = whole_seconds(duration).as_secs();
    let is_long = seconds + MINUTE / 2 >= 60 * MINUTE;
    Plain(Duration::from_secs(if is_long { (seconds + MINUTE / 2) / MINUTE * MINUTE } else { seconds }))
}

/// A setting that lacks, or cannot be read.
fn unset(name: &'static str, failure: &Failure) -> Check {
    let words = failure.to_string();
    let words = words.strip_prefix("nothing was sent: ").unwrap_or(&words);
    Check::failed(
        name,
        Cause::Settings,
        words,
        failure.hint().unwrap_or_else(|| "give it: --iam-endpoint URL, or --region NAME".into()),
    )
}

/// Which project is meant, and who says so.
async fn project(
    case: &Case<'_>,
    asking: &Asking<'_>,
    iam_is_open: bool,
) -> Result<(Check, Option<ProjectId>), Failure> {
    let Asking { found, found_in, endpoint, network } = asking;
    if let Some(given) = case.setup.given_project() {
        let by = if case.setup.args.project_id.is_some() { "--project-id" } else { REINSTALL_PROJECT_ID };
        return Ok(match given.parse::<ProjectId>() {
            Ok(project) => (Check::ok(PROJECT, format!("{project} ({by})")), Some(project)),
            Err(error) => (
                Check::failed(PROJECT, Cause::Settings, format!("{by}: {error}"), "copy the id from the console"),
                None,
            ),
        });
    }
    if let Some(project) = &found.project_id {
        return Ok((Check::ok(PROJECT, format!("{project} ({found_in})")), Some(project.clone())));
    }
    let Some(name) = case.setup.project_name(found, Some(endpoint)) else {
        let advice = format!("say {}", Missing::ProjectId.how());
        return Ok((Check::failed(PROJECT, Cause::Settings, "nobody says which project is meant", advice), None));
    };
    if !iam_is_open {
        return Ok((Check::skipped(PROJECT, format!("to look up {name}, there is nothing to show (above)")), None));
    }
    let (iam, credential) = match (case.setup.iam(found, endpoint), case.setup.credential(found, endpoint)) {
        (Ok(iam), Ok(credential)) => (iam, credential),
        (Err(failure), _) | (_, Err(failure)) => return Ok((unset(PROJECT, &failure), None)),
    };
    let asked = Iam::new(iam.clone(), credential, name.as_str(), network, case.clock.clone())?.project().await;
    Ok(match asked {
        Ok(project) => {
            let seen = format!("{}, looked up by the name {name} at {}", project.id, iam.authority());
            (Check::ok(PROJECT, seen), Some(project.id))
        }
        Err(ProjectError::Call { error, .. }) => (advice::refused(PROJECT, error.fault(), &found.given), None),
        Err(error) => {
            let advice = "check the region, and whose credentials these are; or give the id: --project-id ID";
            (Check::failed(PROJECT, Cause::Cloud, error.to_string(), advice), None)
        }
    })
}

/// Asks for the first page, and for the status of one instance.
async fn look(case: &Case<'_>, asking: &Asking<'_>, project: ProjectId, told: &mut Told) -> Result<Looks, Failure> {
    let Asking { found, found_in, endpoint, network } = *asking;
    let credential = case.setup.credential(found, endpoint)?;
    let who = Who::of(&found.given, found_in.to_owned(), &project);
    let account = Account { endpoint: endpoint.clone(), project: project.clone() };
    let access = case.setup.opened(account, credential.clone(), who, network.clone());
    let (way, pacer) = (access.network(), access.pacer());
    let prober = Prober::new(endpoint.clone(), project, credential, way, case.clock.clone(), pacer)?;
    let page = prober.first_page().await;
    let id = case.id.or_else(|| page.as_ref().ok()?.instances.first().map(|(id, _)| *id));
    let status = match id {
        Some(id) => Some((id, prober.status(id).await)),
        None => None,
    };
    let status_is_open = status.as_ref().is_some_and(|(_, seen)| seen.is_ok());
    told.tell(list(&page, status_is_open, &found.given))?;
    told.tell(match &status {
        Some((id, Ok(seen))) => Check::ok(STATUS, format!("{id}: {}", words::standing(seen))),
        Some((_, Err(error))) => advice::refused(STATUS, error.fault(), &found.given),
        None => Check::skipped(STATUS, nobody_to_ask_about(&page)),
    })?;
    Ok((page.ok(), status.and_then(|(id, seen)| Some((id, seen.ok()?)))))
}

fn nobody_to_ask_about(page: &Result<FirstPage, CallError>) -> &'static str {
    match page {
        Ok(_) => "there is no instance to ask about",
        Err(error) if is_closed(error.fault()) => "no instance is known; name one: reinstall doctor ID",
        Err(_) => "the list (above)",
    }
}

/// Where the list is not to be had, instances are looked at one by one, as long as that is permitted.
fn list(page: &Result<FirstPage, CallError>, status_is_open: bool, given: &Given) -> Check {
    match page {
        Ok(FirstPage { instances, unreadable, count }) => {
            let of = count.map(|count| format!(" of {count}")).unwrap_or_default();
            let seen = format!("the first page shows {}{of}", counted(instances.len(), "instance"));
            match unreadable {
                0 => Check::ok(LIST, seen),
                rows => {
                    let advice = "report it to us: rows without a readable id cannot be named";
                    Check::warning(LIST, format!("{seen}, and {} that cannot be read", counted(*rows, "row")), advice)
                }
            }
        }
        Err(error) if status_is_open && is_closed(error.fault()) => {
            let advice = "rollouts work without it, one request an instance; rules about names and tags do not: have \
                          clouddc:instance:list granted";
            Check::warning(LIST, advice::seen(error.fault()), advice)
        }
        Err(error) => advice::refused(LIST, error.fault(), given),
    }
}

fn is_closed(fault: &Fault) -> bool {
    matches!(fault.status, Some(403..=405))
}

/// Nobody can find out without wiping something.
fn batch() -> Check {
    let (pages, default) = (InstanceSet::LEN_MAX, Policy::default().batch_max);
    Check::skipped(
        BATCH,
        format!(
            "only a reinstall would tell how many instances a request may name: {pages} by the provider's pages, \
             {SDK_BATCH_MAX} by its SDKs; --batch-max is {default}, so if a request is refused for its size: --batch-max {SDK_BATCH_MAX}"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_are_told_as_exactly_as_people_need_them() {
        for (millis, told) in
            [(900, "0s"), (2_500, "2s"), (3_569_000, "59m 29s"), (3_599_900, "1h"), (86_399_990, "24h")]
        {
            assert_eq!(rounded(Duration::from_millis(millis)).to_string(), told);
        }
    }
}
