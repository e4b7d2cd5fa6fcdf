//! `reinstall run`: the one command that wipes.

use std::path::Path;

use reinstall_core::claim::Claims;
use reinstall_core::id::RolloutId;
use reinstall_core::plan::Plan;
use reinstall_core::preflight::Preflight;
use reinstall_core::record::{Opening, PlanFile};
use reinstall_core::recorded::Recorded;
use reinstall_core::rollout::Rollout;
use reinstall_core::secret::AdminPassword;
use reinstall_core::spec::Objection;
use reinstall_core::time::Timestamp;
use reinstall_http::client::Client;
use reinstall_http::clock::{self, Clock};
use reinstall_journal::begin::Begun;
use reinstall_journal::error::BeginError;
use reinstall_journal::journal::RolloutJournal;

use super::carry::{Job, carry_kept};
use super::{Session, plan};
use crate::args::rollouts::StateArgs;
use crate::args::{Output, PasswordArgs, RunArgs};
use crate::confirm::{self, Asked};
use crate::failure::{Ending, Failure};
use crate::guard::Seen;
use crate::password::{self, Source};
use crate::plan_file::{self, PlanHash};
use crate::prompt::Prompt;
use crate::render;
use crate::render::plan::PlanView;
use crate::setup::{Access, Account};
use crate::site::Site;
use crate::state::{self, State};
use crate::{guard, random};

/// A plan that is about to be carried out, and where it comes from.
struct Order {
    plan: Plan,
    hash: PlanHash,
    preflight: Preflight,
    /// The object that it was read from, if that may be applied once.
    file: Option<PlanFile>,
    /// The rollout that this one goes on with.
    parent: Option<RolloutId>,
}

/// What the site allows, and what was seen of the instances.
struct Rules<'a> {
    site: &'a Site,
    seen: &'a Seen,
}

/// How somebody wants it to be carried out.
pub(super) struct Manner<'a> {
    pub(super) password: &'a PasswordArgs,
    pub(super) state: &'a StateArgs,
    pub(super) yes: bool,
    pub(super) output: Output,
}

pub(super) fn run(args: &RunArgs, session: &Session) -> crate::Result {
    let input = &args.input;
    let manner = Manner { password: &input.password, state: &args.state, yes: args.yes, output: input.output };
    match &args.plan {
        Some(path) => apply(path, args, &manner, session),
        None if args.dry_run => plan::show_checked(input, &args.site, &args.state, session),
        None => {
            let access = session.setup(&input.connection, &args.state).access()?;
            let site = guard::load(&args.site)?;
            let (plan, claims) = super::draw_plan(input, &site.policy, &access.account)?;
            begin_guarded(Drawn { plan, claims, parent: None }, &site, access, &manner, session)
        }
    }
}

/// A plan that was drawn just now.
pub(super) struct Drawn {
    pub(super) plan: Plan,
    /// What its list says of the targets besides their ids.
    pub(super) claims: Claims,
    /// The rollout that it goes on with.
    pub(super) parent: Option<RolloutId>,
}

/// Begins a rollout with a plan that was drawn just now, if the site allows it.
pub(super) fn begin_guarded(
    drawn: Drawn,
    site: &Site,
    access: Access,
    manner: &Manner<'_>,
    session: &Session,
) -> crate::Result {
    Asked::who(manner.yes, session.somebody_is_there()).possible(drawn.plan.target_count())?;
    let state = state::open(manner.state, &session.environment)?;
    let password = password::admitted(Source::from(manner.password), session.somebody_is_there())?;
    let clock = Clock::start();
    let client = access.client(&clock)?;
    let seen = look_at(&drawn.plan, &client, &password)?;
    let plan = seen.bind(drawn.plan, &site.policy);
    let submitted = |since| state.committed_since(since, None);
    let plan = guard::admit_as_claimed(plan, &drawn.claims, &site.policy, &seen, submitted, clock.wall())?;
    let hash = PlanHash::of_drawn(&plan, &access.account)?;
    let preflight = Preflight::of(&plan, &seen.looks);
    let order = Order { plan, hash, preflight, file: None, parent: drawn.parent };
    start(order, password, access, state, &Rules { site, seen: &seen }, manner, session)
}

/// `run --plan`: carries out what a file says, if it still holds.
fn apply(path: &Path, args: &RunArgs, manner: &Manner<'_>, session: &Session) -> crate::Result {
    let (file, hash) = plan_file::read(path)?;
    let clock = Clock::start();
    unless_outdated(file.objections(clock.wall()))?;
    let state = state::open(manner.state, &session.environment)?;
    if let Some(row) = state.store.rollouts()?.iter().find(|row| row.plan_hash.as_deref() == Some(hash.as_str())) {
        return Err(BeginError::Applied { rollout: row.id, at: row.started_at }.into());
    }
    let setup = session.setup(&args.input.connection, &args.state);
    let access = setup.access_to(&file.endpoint, &file.plan.project_id)?;
    let site = guard::load(&args.site)?;
    let plan = Plan::try_from(file.plan.clone()).map_err(Failure::PlanDamaged)?;
    let submitted = |since| state.committed_since(since, None);
    if args.dry_run {
        let seen = super::wait_for(Seen::of(&plan, &access.client(&clock)?))??;
        unless_outdated(file.drift(&seen.looks))?;
        let plan = guard::admit(plan, &site.policy, &seen, submitted, clock.wall())?;
        let preflight = Preflight::of(&plan, &seen.looks);
        let view = PlanView { plan: &plan, hash: &hash, account: &access.account, preflight: Some(&preflight) };
        plan::show(&view, manner.output)?;
        return Ok(Ending::Done);
    }
    Asked::who(manner.yes, session.somebody_is_there()).possible(plan.target_count())?;
    let password = password::admitted(Source::from(manner.password), session.somebody_is_there())?;
    let client = access.client(&clock)?;
    let seen = look_at(&plan, &client, &password)?;
    unless_outdated(file.drift(&seen.looks))?;
    let plan = guard::admit(plan, &site.policy, &seen, submitted, clock.wall())?;
    let preflight = Preflight::of(&plan, &seen.looks);
    let order = Order { plan, hash, preflight, file: Some(file), parent: None };
    start(order, password, access, state, &Rules { site: &site, seen: &seen }, manner, session)
}

fn unless_outdated(objections: Vec<Objection>) -> Result<(), Failure> {
    if objections.is_empty() { Ok(()) } else { Err(Failure::PlanOutdated(objections)) }
}

/// Looks at everybody. What the cloud says of them goes on record, so that the password has to be out of it.
fn look_at(plan: &Plan, client: &Client, password: &AdminPassword) -> Result<Seen, Failure> {
    let mut seen = super::wait_for(Seen::of(plan, client))??;
    seen.hide(password);
    Ok(seen)
}

/// Begins a rollout, once a person has agreed.
fn start(
    order: Order,
    password: AdminPassword,
    access: Access,
    state: State,
    rules: &Rules<'_>,
    manner: &Manner<'_>,
    session: &Session,
) -> crate::Result {
    let preflight = Some(&order.preflight);
    if Asked::who(manner.yes, session.somebody_is_there()) == Asked::Person {
        let mut prompt = Prompt::open();
        let (answers, out) = prompt.parts();
        let view = PlanView { plan: &order.plan, hash: &order.hash, account: &access.account, preflight };
        confirm::ask(&view, &access.who, answers, out)?;
    } else {
        render::to_stderr(|err| render::preflight::exceptions(err, &order.preflight));
    }
    let clock = Clock::start();
    let account = access.account.clone();
    let client = access.client(&clock)?;
    // Somebody may have thought it over for hours.
    let order = still_holds(order, &state, rules, clock.wall())?;
    let (id, recorded) = begin(order, state, &account, rules.site, &clock)?;
    let (output, shows_bars) = (manner.output, session.shows_bars);
    let (password, commands) = (Some(password), Some(session.commands.clone()));
    super::block_on(carry_kept(
        Job { id, account, client, clock, password, output, shows_bars, halt_at: None, commands },
        recorded,
    ))
}

/// The order, if nothing has come up meanwhile that speaks against it.
fn still_holds(order: Order, state: &State, rules: &Rules<'_>, now: Timestamp) -> Result<Order, Failure> {
    unless_outdated(order.file.as_ref().map(|file| file.objections(now)).unwrap_or_default())?;
    let submitted = |since| state.committed_since(since, None);
    Ok(Order { plan: guard::admit(order.plan, &rules.site.policy, rules.seen, submitted, now)?, ..order })
}

/// Puts the plan on record, and its instances under this program's hand.
fn begin(
    order: Order,
    mut state: State,
    account: &Account,
    site: &Site,
    clock: &Clock,
) -> Result<(RolloutId, Recorded<RolloutJournal>), Failure> {
    let Order { plan, hash, preflight: _, file, parent } = order;
    let now = clock.now();
    let id = RolloutId::new(now, random::bytes()?);
    let seed = u64::from_le_bytes(random::bytes()?);
    let begun = Begun {
        id,
        opening: Opening::new(&plan, seed, now),
        endpoint: account.endpoint.to_string(),
        plan_hash: file.map(|_| hash.as_str().to_owned()),
        parent,
        day_limit: guard::day_limit(&site.policy, clock.wall()),
        site: site.record.clone(),
    };
    let journal = state.store.begin(&begun, &state.owner, now)?;
    Ok((id, Recorded::new(Rollout::new(plan, seed, now), journal.marking(clock::boot_mark))))
}
