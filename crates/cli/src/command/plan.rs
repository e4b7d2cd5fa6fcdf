//! `reinstall plan`: what `run` would do. Reads the instances and changes nothing; with `--offline` it does not even read.

use std::collections::BTreeMap;
use std::path::Path;

use reinstall_core::action::Look;
use reinstall_core::claim::Claims;
use reinstall_core::id::InstanceId;
use reinstall_core::plan::Plan;
use reinstall_core::preflight::Preflight;
use reinstall_core::record::PlanFile;
use reinstall_core::site::SitePolicy;
use reinstall_core::spec::Objection;
use reinstall_core::time::Timestamp;
use reinstall_http::clock::Clock;

use super::Session;
use crate::args::rollouts::{SiteArgs, StateArgs};
use crate::args::{InputArgs, Output, PlanArgs};
use crate::failure::{Ending, Failure};
use crate::guard::{self, Seen};
use crate::password::{self, Source};
use crate::plan_file::{self, PlanHash};
use crate::render;
use crate::render::plan::PlanView;
use crate::state;

pub(super) fn plan(args: &PlanArgs, session: &Session) -> crate::Result {
    match &args.save {
        Some(path) => save(path, args, session),
        None if args.offline => show_offline(args, session),
        None => show_checked(&args.input, &args.site, &args.state, session),
    }
}

/// Reads the instances and shows what `run` would do with the same inputs.
pub(super) fn show_checked(args: &InputArgs, site: &SiteArgs, state: &StateArgs, session: &Session) -> crate::Result {
    let access = session.setup(&args.connection, state).access()?;
    let site = guard::load(site)?.policy;
    let (plan, claims) = super::draw_plan(args, &site, &access.account)?;
    let clock = Clock::start();
    let client = access.client(&clock)?;
    let mut seen = super::wait_for(Seen::of(&plan, &client))??;
    hide_given_password(args, &mut seen)?;
    let plan = seen.bind(plan, &site);
    let submitted = |since| submitted_since(since, &site, state, session);
    let plan = guard::admit_as_claimed(plan, &claims, &site, &seen, submitted, clock.wall())?;
    let hash = PlanHash::of_drawn(&plan, &access.account)?;
    let preflight = Preflight::of(&plan, &seen.looks);
    let view = PlanView { plan: &plan, hash: &hash, account: &access.account, preflight: Some(&preflight) };
    show(&view, args.output)?;
    Ok(Ending::Done)
}

/// Shows what `run` would do, as far as that can be told without reading any instance.
fn show_offline(args: &PlanArgs, session: &Session) -> crate::Result {
    let account = session.setup(&args.input.connection, &args.state).account()?;
    let site = guard::load(&args.site)?.policy;
    let (plan, claims) = super::draw_plan(&args.input, &site, &account)?;
    let submitted = |since| submitted_since(since, &site, &args.state, session);
    let plan = guard::admit_unread(plan, &site, submitted, Clock::start().wall())?;
    hide_given_password(&args.input, &mut Seen::default())?;
    tell_what_was_left_out(&site, &claims);
    let hash = PlanHash::of_drawn(&plan, &account)?;
    show(&PlanView { plan: &plan, hash: &hash, account: &account, preflight: None }, args.input.output)?;
    Ok(Ending::Done)
}

/// What an offline plan does not check, a line each.
fn tell_what_was_left_out(site: &SitePolicy, claims: &Claims) {
    render::to_stderr(|err| {
        if site.asks_who_they_are() {
            writeln!(err, "not applied: the site's rules about names and tags, which need the instances to be read")?;
        }
        if !claims.is_empty() {
            writeln!(err, "not compared with the cloud: the names and addresses in the list of targets")?;
        }
        Ok(())
    });
}

/// How many instances were submitted since then, if the site has a rule about that.
fn submitted_since(since: Timestamp, site: &SitePolicy, state: &StateArgs, session: &Session) -> Result<u64, Failure> {
    if site.has_daily_limit() { state::open(state, &session.environment)?.committed_since(since, None) } else { Ok(0) }
}

/// Checks a password that is at hand, and takes it out of what was read: a service may repeat it. No question is asked for
/// one that is not used.
fn hide_given_password(args: &InputArgs, seen: &mut Seen) -> Result<(), Failure> {
    match Source::from(&args.password) {
        Source::Prompt => {}
        source @ (Source::Stdin | Source::File(_)) => seen.hide(&password::admitted(source, false)?),
    }
    Ok(())
}

/// Reads every instance and writes a plan that holds only as long as they stay what they are.
fn save(path: &Path, args: &PlanArgs, session: &Session) -> crate::Result {
    let (input, expires_in) = (&args.input, args.expires_in);
    let access = session.setup(&input.connection, &args.state).access()?;
    let account = access.account.clone();
    let site = guard::load(&args.site)?.policy;
    let (plan, claims) = super::draw_plan(input, &site, &account)?;
    let clock = Clock::start();
    let client = access.client(&clock)?;
    let mut seen = super::wait_for(Seen::of(&plan, &client))??;
    hide_given_password(input, &mut seen)?;
    everybody_is_seen(&plan, &seen)?;
    let plan = plan.bound_to(seen.survey());
    guard::admit_for_later(&plan, &claims, &site, &seen)?;
    let (endpoint, drawn_at) = (account.endpoint.to_string(), clock.wall());
    let file = PlanFile::new(&plan, &endpoint, account.endpoint.region(), drawn_at, drawn_at + expires_in);
    let expires_at = file.expires_at;
    let hash = plan_file::write(path, file).map_err(|source| Failure::Save { path: path.into(), source })?;
    let preflight = Preflight::of(&plan, &seen.looks);
    let view = PlanView { plan: &plan, hash: &hash, account: &account, preflight: Some(&preflight) };
    show(&view, input.output)?;
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
pub(super) fn show(view: &PlanView<'_>, output: Output) -> Result<(), Failure> {
    render::to_stdout(|out| match output {
        Output::Text => render::plan::text(out, view),
        Output::Json => render::json_object(out, &render::plan::object(view)),
        Output::Ndjson => render::json_line(out, &render::plan::object(view)),
    })
}
