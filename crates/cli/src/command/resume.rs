//! `reinstall resume`: goes on where a program ended, or begins anew with those that did not succeed.

use std::collections::BTreeMap;

use reinstall_core::action::{Event, Order as Wish};
use reinstall_core::claim::{self, Claims};
use reinstall_core::id::{InstanceId, RolloutId};
use reinstall_core::instance::InstanceState;
use reinstall_core::plan::Plan;
use reinstall_core::policy::Policy;
use reinstall_core::recorded::Recorded;
use reinstall_core::retry_states::retry_states;
use reinstall_core::rollout::Rollout;
use reinstall_core::secret::AdminPassword;
use reinstall_core::site::{SitePolicy, Typed};
use reinstall_core::spec::{ReinstallSpec, TargetSpec};
use reinstall_core::summary::Outcome;
use reinstall_core::survey::Survey;
use reinstall_core::time::Timestamp;
use reinstall_http::client::Client;
use reinstall_http::clock::{self, Clock};
use reinstall_journal::journal::RolloutJournal;
use reinstall_journal::row::RolloutRow;

use super::Session;
use super::carry::{Job, carry_kept};
use super::run::{Drawn, Manner, begin_guarded};
use crate::args::rollouts::{Only, ResumeArgs};
use crate::confirm::{self, Asked, Resumption};
use crate::failure::Failure;
use crate::guard::{self, Seen};
use crate::next_step::{Situation, next_steps};
use crate::password::{self, Source};
use crate::prompt::Prompt;
use crate::render::{self, plan::counted};
use crate::setup::Access;
use crate::site::Site;
use crate::state::{self, State};

pub(super) fn resume(args: &ResumeArgs, session: &Session) -> crate::Result {
    let state = state::open(&args.state, &session.environment)?;
    let row = state.which(args.rollout.as_deref()).map_err(|failure| with_steps(failure, &state, session))?;
    if let (Some(at), None) = (row.finished_at, args.only) {
        let steps = steps_after(&row, &state, session)?;
        return Err(Failure::NothingToResume { id: row.id, at, steps });
    }
    let access = session.setup(&args.connection, &args.state).access_to(&row.endpoint, &row.project_id)?;
    match args.only {
        None => go_on(state, &row, access, args, session),
        Some(only) => begin_anew(&state, &row, only, access, args, session),
    }
}

/// What can be done about a rollout that ended.
fn steps_after(row: &RolloutRow, state: &State, session: &Session) -> Result<Vec<String>, Failure> {
    let snapshot = state.store.replay(row.id)?.into_snapshot().given_up(row.finished_at.unwrap_or(state.now));
    let situation = Situation::of(row, &state.store.rollouts()?, state.now);
    Ok(next_steps(row.id, situation, &snapshot, &session.commands))
}

/// Where no rollout is unfinished, the latest one is most likely meant: what can be done about that.
fn with_steps(failure: Failure, state: &State, session: &Session) -> Failure {
    let Failure::NothingUnfinished { .. } = failure else { return failure };
    let Some(latest) = state.store.rollouts().ok().and_then(|rows| rows.into_iter().next()) else { return failure };
    match steps_after(&latest, state, session) {
        Ok(steps) => Failure::NothingUnfinished { latest: Some(latest.id), steps },
        // The latest cannot be read: that is told where it is asked for.
        Err(_) => failure,
    }
}

/// Brings an unfinished rollout back and carries it on.
fn go_on(mut state: State, row: &RolloutRow, access: Access, args: &ResumeArgs, session: &Session) -> crate::Result {
    let asked = Asked::who(args.yes, session.somebody_is_there());
    asked.possible(usize::try_from(row.targets).unwrap_or(usize::MAX))?;
    let (rollout, mut journal) = state.store.resume(row.id, &state.owner, state.now, args.take_over)?;
    // It is given back while a person decides, so that leaving at the prompt leaves nothing to be taken over.
    journal.release().map_err(Failure::Journal)?;
    let clock = Clock::resume(rollout.told_at(), journal.marked());
    let account = access.account.clone();
    let client = access.client(&clock)?;
    let may_start = rollout.halted().is_none() && !row.halt_ordered;
    let halt_at = if may_start { still_allowed(&rollout, row.id, &client, &state, args)? } else { None };
    let remaining = rollout.remaining(clock.now(), row.halt_ordered);
    let resumption = Resumption { row, rollout: &rollout, remaining, who: &access.who };
    let password = agree(&resumption, asked, args, session)?;

    let now = Clock::start().now();
    let (rollout, journal) = state.store.resume(row.id, &state.owner, now, false)?;
    let clock = Clock::resume(rollout.told_at(), journal.marked());
    let client = access.client(&clock)?;
    let (id, output, shows_bars) = (row.id, args.output, session.shows_bars);
    let recorded = taken_up(rollout, journal, row.halt_ordered, &clock);
    let commands = Some(session.commands.clone());
    super::block_on(carry_kept(
        Job { id, account, client, clock, password, output, shows_bars, halt_at, commands },
        recorded,
    ))
}

fn taken_up(rollout: Rollout, journal: RolloutJournal, halt_ordered: bool, clock: &Clock) -> Recorded<RolloutJournal> {
    let mut recorded = Recorded::resume(rollout, journal.marking(clock::boot_mark), clock.now());
    if halt_ordered {
        recorded.handle(clock.now(), Event::Ordered(Wish::Halt));
    }
    recorded
}

/// Whether the site still allows what is left of a rollout, and until when. Who has to go on all the same halts it first.
fn still_allowed(
    rollout: &Rollout,
    id: RolloutId,
    client: &Client,
    state: &State,
    args: &ResumeArgs,
) -> Result<Option<Timestamp>, Failure> {
    let (site, began) = (guard::load(&args.site)?, state.store.site(id)?);
    let began = began.filter(|began| site.record.as_ref().is_none_or(|now| now.text != began.text));
    let began = began.map(Site::recorded).transpose()?;
    let plan = rollout.plan();
    let now = Clock::start().wall();
    if plan.policy().closes_at.is_some_and(|at| at <= now) {
        render::to_stderr(|err| writeln!(err, "its hours are over: no new reinstalls are started"));
        return Ok(None);
    }
    // The stricter of both: no rule that it began under is loosened by a policy that was left out or changed.
    let sites = [Some((&site, "now")), began.as_ref().map(|began| (began, "when the rollout began"))];
    let has_to_look = sites.iter().flatten().any(|(site, _)| site.policy.asks_who_they_are());
    let seen = if has_to_look { super::wait_for(Seen::of(plan, client))?? } else { Seen::default() };
    let (mut admitted, mut objections) = (plan.clone(), vec![]);
    for (one, from) in sites.into_iter().flatten() {
        let committed = |since| state.committed_since(since, Some(id));
        match guard::admit(admitted.clone(), &one.policy, &seen, committed, now) {
            Ok(plan) => admitted = plan,
            Err(Failure::SiteForbids { objections: found, .. }) => {
                objections.extend(found.iter().map(|objection| one.sign(objection, from)));
            }
            Err(other) => return Err(other),
        }
    }
    if objections.is_empty() {
        return Ok(admitted.policy().closes_at);
    }
    Err(Failure::SiteForbids { objections, rollout: Some(id) })
}

/// Shows what is resumed, and asks whether to continue and for the password, as far as that is needed. A password that is at
/// hand is read in any case: what the cloud says is kept free of it.
fn agree(
    resumption: &Resumption<'_>,
    asked: Asked,
    args: &ResumeArgs,
    session: &Session,
) -> Result<Option<AdminPassword>, Failure> {
    let is_needed = resumption.remaining.may_submit();
    let obtain = |source| password::admitted(source, session.somebody_is_there()).map(Some);
    let at_hand = match Source::from(&args.password) {
        Source::Prompt if is_needed && !session.somebody_is_there() => return Err(Failure::NoPassword),
        Source::Prompt => None,
        source @ (Source::Stdin | Source::File(_)) => obtain(source)?,
    };
    if asked == Asked::Person {
        let mut prompt = Prompt::open();
        let (answers, out) = prompt.parts();
        resumption.text(out).map_err(Failure::Prompt)?;
        confirm::go_on(answers, out)?;
    } else {
        render::to_stderr(|err| resumption.text(err));
    }
    if at_hand.is_none() && is_needed { obtain(Source::Prompt) } else { Ok(at_hand) }
}

/// Begins a new rollout with those of a finished one that ended in one way.
fn begin_anew(
    state: &State,
    row: &RolloutRow,
    only: Only,
    access: Access,
    args: &ResumeArgs,
    session: &Session,
) -> crate::Result {
    if row.finished_at.is_none() {
        return Err(Failure::Unfinished(row.id));
    }
    let site = site_of(state, row.id, args)?;
    let (plan, claims) = again(state, row.id, only, &site.policy, args.start_from.as_deref())?;
    let manner = Manner { password: &args.password, state: &args.state, yes: args.yes, output: args.output };
    begin_guarded(Drawn { plan, claims, parent: Some(row.id) }, &site, access, &manner, session)
}

/// The rules of the site: those that are there now, or those that a rollout began under, where none are there now.
fn site_of(state: &State, parent: RolloutId, args: &ResumeArgs) -> Result<Site, Failure> {
    let site = guard::load(&args.site)?;
    match state.store.site(parent)? {
        Some(began) if site.record.is_none() => {
            let path = began.path.clone();
            render::to_stderr(|err| {
                writeln!(err, "no site policy is given, so that of rollout {parent} applies: {path}")
            });
            Ok(Site::recorded(began)?)
        }
        Some(_) | None => Ok(site),
    }
}

/// The plan for those that ended so: as the one before, but for the states they may be in by now. They have to have the names
/// that they had in the plan before.
fn again(
    state: &State,
    parent: RolloutId,
    only: Only,
    site: &SitePolicy,
    start_from: Option<&[InstanceState]>,
) -> Result<(Plan, Claims), Failure> {
    let rollout = state.store.replay(parent)?;
    let wanted = match only {
        Only::Failed => Outcome::Failed,
        Only::NotStarted => Outcome::NotStarted,
        Only::Unresolved => Outcome::Unresolved,
    };
    let (project, image) = (rollout.plan().project_id().clone(), rollout.plan().image_id());
    let before = rollout.plan().policy().clone();
    let start_states = match start_from {
        Some(states) => states.iter().cloned().collect(),
        None => retry_states(wanted, &before.start_states),
    };
    // The hours of the run before are over or not; they say nothing about this one.
    let mut policy = Policy { start_states, closes_at: None, ..before };
    site.lower(&mut policy, Typed::default());
    let named = rollout.plan().survey().clone();
    let reports = rollout.into_summary().reports;
    let ended_so = reports.iter().filter(|report| report.outcome == wanted).map(|report| report.id);
    let left = unless_taken_on(state, parent, ended_so.collect())?;
    let instances: Vec<TargetSpec> = left.into_iter().map(|id| named_as_before(id, &named, parent)).collect();
    if instances.is_empty() {
        return Err(Failure::NobodyEndedSo { rollout: parent, outcome: wanted });
    }
    let spec = ReinstallSpec { instances, image_id: image.map(|id| id.to_string()), policy };
    let claims = spec.claims();
    let plan = Plan::draw(&spec.check().map_err(Failure::Objections)?, project);
    Ok((plan.bound_to(claim::expected_states(&claims)), claims))
}

/// A target of a rollout before, which has to have the name that it had in its plan.
fn named_as_before(id: InstanceId, before: &Survey, parent: RolloutId) -> TargetSpec {
    TargetSpec {
        name: before.get(&id).and_then(|was| was.name.as_ref()).map(ToString::to_string),
        origin: Some(format!("rollout {parent}")),
        ..TargetSpec::of(id)
    }
}

/// Those that no rollout took on which began after this one: its own verdict on the others is old, and the same command typed
/// twice must not wipe twice.
fn unless_taken_on(state: &State, parent: RolloutId, ids: Vec<InstanceId>) -> Result<Vec<InstanceId>, Failure> {
    let taken = state.store.taken_on(parent, &ids)?;
    let mut counts: BTreeMap<RolloutId, usize> = BTreeMap::new();
    taken.values().for_each(|by| *counts.entry(*by).or_default() += 1);
    render::to_stderr(|err| {
        counts.iter().try_for_each(|(by, count)| {
            let count = counted(*count, "instance");
            writeln!(err, "{count} left out, for a later rollout took them on: {by}")
        })
    });
    Ok(ids.into_iter().filter(|id| !taken.contains_key(id)).collect())
}

#[cfg(test)]
mod tests {
    use reinstall_core::survey::Surveyed;

    use super::*;
    use crate::render::sample;

    /// The list of the rollout before is not at hand any more; what it was sure of has to hold all the same.
    #[test]
    fn those_that_are_tried_again_must_have_the_names_that_they_had() {
        let web = Surveyed { name: Some("web-2".into()), ..Surveyed::default() };
        let before: Survey = [(sample::id(1), Surveyed::default()), (sample::id(2), web)].into();
        let parent = RolloutId::new(sample::at(0), [0; 10]);
        for (bits, name) in [(1, None), (2, Some("web-2")), (3, None)] {
            let target = named_as_before(sample::id(bits), &before, parent);
            assert_eq!((target.id, target.name.as_deref()), (sample::id(bits).to_string(), name));
        }
    }
}
