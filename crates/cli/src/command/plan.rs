//! `reinstall plan`: what `run` would do. Only with `--save` anything is sent, and then only looks.

use std::collections::BTreeMap;
use std::path::Path;

use reinstall_core::action::Look;
use reinstall_core::id::InstanceId;
use reinstall_core::plan::Plan;
use reinstall_core::record::PlanFile;
use reinstall_core::site::SitePolicy;
use reinstall_core::spec::Objection;
use reinstall_http::clock::Clock;

use super::Session;
use crate::args::rollouts::{SiteArgs, StateArgs};
use crate::args::{InputArgs, Output, PlanArgs};
use crate::failure::{Ending, Failure};
use crate::guard::{self, Seen};
use crate::password::{self, Source};
use crate::plan_file::{self, PlanHash};
use crate::render;
use crate::setup::Account;

pub(super) fn plan(args: &PlanArgs, session: &Session) -> crate::Result {
    match &args.save {
        None => show_drawn(&args.input, &args.site, session),
        Some(path) => save(path, args, session),
    }
}

/// Shows what `run` would do with the same inputs; sends nothing.
pub(super) fn show_drawn(args: &InputArgs, site: &SiteArgs, session: &Session) -> crate::Result {
    let account = session.setup(&args.connection, &StateArgs::default()).account()?;
    let site = guard::load(site)?.policy;
    let mut plan = super::draw_plan(args, &site, &account)?;
    plan = check_without_looking(plan, &site)?;
    match Source::from(&args.password) {
        // Nobody is asked for a password that is not used; one that is at hand is checked.
        Source::Prompt => {}
        source @ (Source::Stdin | Source::File(_)) => drop(password::admitted(source, false)?),
    }
    show(&plan, &PlanHash::of_drawn(&plan, &account)?, &account, args.output)?;
    Ok(Ending::Done)
}

/// Holds a plan against the site's rules, as far as that can be done without looking at anybody.
pub(super) fn check_without_looking(plan: Plan, site: &SitePolicy) -> Result<Plan, Failure> {
    if site.asks_who_they_are() {
        render::to_stderr(|err| writeln!(err, "the site has rules about names and tags; `run` looks and applies them"));
        return Ok(plan);
    }
    guard::admit(plan, site, &Seen::default(), |_| Ok(0), Clock::start().wall())
}

/// Looks at every instance and writes a plan that holds only as long as they stay what they are.
fn save(path: &Path, args: &PlanArgs, session: &Session) -> crate::Result {
    let (input, expires_in) = (&args.input, args.expires_in);
    let access = session.setup(&input.connection, &StateArgs::default()).access()?;
    let account = access.account.clone();
    let site = guard::load(&args.site)?.policy;
    let plan = super::draw_plan(input, &site, &account)?;
    let clock = Clock::start();
    let client = access.client(&clock)?;
    let mut seen = super::wait_for(Seen::of(&plan, &client))??;
    match Source::from(&input.password) {
        Source::Prompt => {}
        // A service may repeat it in what it says of an instance.
        source @ (Source::Stdin | Source::File(_)) => seen.hide(&password::admitted(source, false)?),
    }
    everybody_is_seen(&plan, &seen)?;
    let plan = plan.bound_to(seen.survey());
    guard::admit_for_later(&plan, &site, &seen)?;
    let (endpoint, drawn_at) = (account.endpoint.to_string(), clock.wall());
    let file = PlanFile::new(&plan, &endpoint, account.endpoint.region(), drawn_at, drawn_at + expires_in);
    let expires_at = file.expires_at;
    let hash = plan_file::write(path, file).map_err(|source| Failure::Save { path: path.into(), source })?;
    show(&plan, &hash, &account, input.output)?;
    render::to_stderr(|err| {
        writeln!(err, "saved to {}, holds until {expires_at}; the cloud was asked by {}", path.display(), access.who)?;
        writeln!(err, "hint: reinstall run --plan {}", path.display())
    });
    Ok(Ending::Done)
}

/// A plan that is handed on says what each instance is, so each has to be there to be seen.
fn everybody_is_seen(plan: &Plan, seen: &Seen) -> Result<(), Failure> {
    let looks: BTreeMap<InstanceId, &Look> = seen.looks.iter().map(|(id, look)| (*id, look)).collect();
    let objection = |id: InstanceId| {
        let (rule, message) = match looks.get(&id) {
            Some(Look::Seen(_)) => return None,
            Some(Look::Gone(fault)) => ("gone", format!("there is no such instance: {fault}")),
            Some(Look::Unread(fault)) => ("unread", format!("it could not be looked at: {fault}")),
            None => ("unread", "it could not be looked at".to_owned()),
        };
        Some(Objection::new(format!("instance {id}"), rule, message))
    };
    let objections: Vec<Objection> = plan.targets().filter_map(objection).collect();
    if objections.is_empty() { Ok(()) } else { Err(Failure::NotSeen(objections)) }
}

/// Shows a plan on standard output.
pub(super) fn show(plan: &Plan, hash: &PlanHash, account: &Account, output: Output) -> Result<(), Failure> {
    render::to_stdout(|out| match output {
        Output::Text => render::plan::text(out, plan, hash, account),
        Output::Json => render::json_object(out, &render::plan::object(plan, hash, account)),
        Output::Ndjson => render::json_line(out, &render::plan::object(plan, hash, account)),
    })
}
