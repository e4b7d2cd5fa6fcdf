//! `reinstall plan`: what `run` would do. Only with `--save` anything is sent, and then only looks.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use reinstall_core::action::Look;
use reinstall_core::id::InstanceId;
use reinstall_core::plan::Plan;
use reinstall_core::record::PlanFile;
use reinstall_core::spec::Objection;
use reinstall_core::survey::{Survey, Surveyed};
use reinstall_http::clock::Clock;

use super::Session;
use crate::args::{InputArgs, Output, PlanArgs};
use crate::failure::{Ending, Failure};
use crate::password::{self, Source};
use crate::plan_file::{self, PlanHash};
use crate::render;
use crate::setup::{self, Account};

pub(super) fn plan(args: &PlanArgs, session: &Session) -> crate::Result {
    match &args.save {
        None => show_drawn(&args.input, session),
        Some(path) => save(path, args.expires_in, &args.input, session),
    }
}

/// Shows what `run` would do with the same inputs; sends nothing.
pub(super) fn show_drawn(args: &InputArgs, session: &Session) -> crate::Result {
    let account = setup::account(&args.connection, &session.environment)?;
    let plan = super::draw_plan(args, &account)?;
    match Source::from(&args.password) {
        // Nobody is asked for a password that is not used; one that is at hand is checked.
        Source::Prompt => {}
        source @ (Source::Stdin | Source::File(_)) => drop(password::admitted(source, false)?),
    }
    show(&plan, &PlanHash::of_drawn(&plan, &account)?, &account, args.output)?;
    Ok(Ending::Done)
}

/// Looks at every instance and writes a plan that holds only as long as they stay what they are.
fn save(path: &Path, expires_in: Duration, args: &InputArgs, session: &Session) -> crate::Result {
    let access = setup::access(&args.connection, &session.environment)?;
    let account = access.account.clone();
    let plan = super::draw_plan(args, &account)?;
    let clock = Clock::start();
    let client = super::client(access, &clock)?;
    let ids: Vec<InstanceId> = plan.targets().collect();
    let looks = super::wait_for(client.look(&ids))??;
    let plan = plan.bound_to(survey(&ids, &looks)?);
    let (endpoint, drawn_at) = (account.endpoint.to_string(), clock.wall());
    let file = PlanFile::new(&plan, &endpoint, account.endpoint.region(), drawn_at, drawn_at + expires_in);
    let expires_at = file.expires_at;
    let hash = plan_file::write(path, file).map_err(|source| Failure::Save { path: path.into(), source })?;
    show(&plan, &hash, &account, args.output)?;
    render::to_stderr(|err| {
        writeln!(err, "saved to {}, holds until {expires_at}", path.display())?;
        writeln!(err, "hint: reinstall run --plan {}", path.display())
    });
    Ok(Ending::Done)
}

/// What the instances are; every one of them must be there to be seen.
fn survey(ids: &[InstanceId], looks: &[(InstanceId, Look)]) -> Result<Survey, Failure> {
    let mut survey = Survey::new();
    let mut objections = Vec::new();
    let mut object = |id: &InstanceId, rule, message: String| {
        objections.push(Objection::new(format!("instance {id}"), rule, message));
    };
    for (id, look) in looks {
        match look {
            Look::Seen(seen) => drop(survey.insert(*id, Surveyed::from(seen))),
            Look::Gone(fault) => object(id, "gone", format!("there is no such instance: {fault}")),
            Look::Unread(fault) => object(id, "unread", format!("it could not be looked at: {fault}")),
        }
    }
    let told: BTreeSet<InstanceId> = looks.iter().map(|(id, _)| *id).collect();
    for id in ids.iter().filter(|id| !told.contains(id)) {
        object(id, "unread", "it could not be looked at".into());
    }
    if objections.is_empty() { Ok(survey) } else { Err(Failure::NotSeen(objections)) }
}

/// Shows a plan on standard output.
pub(super) fn show(plan: &Plan, hash: &PlanHash, account: &Account, output: Output) -> Result<(), Failure> {
    render::to_stdout(|out| match output {
        Output::Text => render::plan::text(out, plan, hash, account),
        Output::Json => render::json_object(out, &render::plan::object(plan, hash, account)),
        Output::Ndjson => render::json_line(out, &render::plan::object(plan, hash, account)),
    })
}
