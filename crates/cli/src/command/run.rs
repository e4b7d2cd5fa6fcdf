//! `reinstall run`: the one command that wipes.

use std::io;
use std::path::Path;

use reinstall_core::id::{InstanceId, RolloutId};
use reinstall_core::plan::Plan;
use reinstall_core::record::Opening;
use reinstall_core::recorded::Recorded;
use reinstall_core::rollout::Rollout;
use reinstall_core::time::Timestamp;
use reinstall_http::clock::Clock;
use reinstall_journal::begin::Begun;
use reinstall_journal::error::BeginError;
use reinstall_journal::journal::RolloutJournal;

use super::carry::{Job, carry_kept};
use super::{Session, plan};
use crate::args::rollouts::StateArgs;
use crate::args::{Output, PasswordArgs, RunArgs};
use crate::confirm::{self, Asked};
use crate::failure::{Ending, Failure};
use crate::password::{self, Source};
use crate::plan_file::{self, PlanHash};
use crate::setup::{Access, Account};
use crate::state::{self, State};
use crate::{random, setup};

/// A plan that is about to be carried out, and where it comes from.
pub(super) struct Order {
    pub(super) plan: Plan,
    pub(super) hash: PlanHash,
    /// Whether the plan is an object that may be applied once.
    pub(super) is_single_use: bool,
    /// The rollout that this one goes on with.
    pub(super) parent: Option<RolloutId>,
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
        None if args.dry_run => plan::show_drawn(input, session),
        None => {
            let access = setup::access(&input.connection, &session.environment)?;
            let plan = super::draw_plan(input, &access.account)?;
            start(Order::drawn_now(plan, &access.account)?, access, &manner, session)
        }
    }
}

/// `run --plan`: carries out what a file says, if it still holds.
fn apply(path: &Path, args: &RunArgs, manner: &Manner<'_>, session: &Session) -> crate::Result {
    let (file, hash) = plan_file::read(path)?;
    let clock = Clock::start();
    let outdated = file.objections(clock.wall());
    if !outdated.is_empty() {
        return Err(Failure::PlanOutdated(outdated));
    }
    let state = state::open(manner.state, &session.environment)?;
    if let Some(row) = state.store.rollouts()?.iter().find(|row| row.plan_hash.as_deref() == Some(hash.as_str())) {
        return Err(BeginError::Applied { rollout: row.id, at: row.started_at }.into());
    }
    let access = setup::access_to(&file.endpoint, &file.plan.project_id, &args.input.connection, &session.environment)?;
    let plan = Plan::try_from(file.plan.clone()).map_err(Failure::PlanDamaged)?;
    if args.dry_run {
        plan::show(&plan, &hash, &access.account, manner.output)?;
        return Ok(Ending::Done);
    }
    let client = super::client(access.clone(), &clock)?;
    let ids: Vec<InstanceId> = plan.targets().collect();
    let looks = super::wait_for(client.look(&ids))??;
    let drift = file.drift(&looks);
    if !drift.is_empty() {
        return Err(Failure::PlanOutdated(drift));
    }
    let order = Order { plan, hash, is_single_use: true, parent: None };
    start(order, access, manner, session)
}

impl Order {
    /// The order to carry out a plan that was drawn just now.
    pub(super) fn drawn_now(plan: Plan, account: &Account) -> Result<Self, Failure> {
        let hash = PlanHash::of_drawn(&plan, account)?;
        Ok(Self { plan, hash, is_single_use: false, parent: None })
    }
}

/// Begins a rollout, once a person has agreed.
pub(super) fn start(order: Order, access: Access, manner: &Manner<'_>, session: &Session) -> crate::Result {
    let asked = Asked::who(manner.yes, session.somebody_is_there());
    asked.possible(order.plan.target_count())?;
    // Before anybody types a password: where nothing can be written down, nothing is started.
    let state = state::open(manner.state, &session.environment)?;
    let password = password::admitted(Source::from(manner.password), session.somebody_is_there())?;
    if asked == Asked::Person {
        confirm::ask(&order.plan, &order.hash, &access.account, &mut io::stdin().lock(), &mut io::stderr())?;
    }
    let clock = Clock::start();
    let account = access.account.clone();
    let client = super::client(access, &clock)?;
    let (id, recorded) = begin(order, state, &account, clock.now())?;
    let (output, shows_bars) = (manner.output, session.shows_bars);
    super::block_on(carry_kept(Job { id, account, client, clock, password, output, shows_bars }, recorded))
}

/// Puts the plan on record, and its instances under this program's hand.
fn begin(
    order: Order,
    mut state: State,
    account: &Account,
    now: Timestamp,
) -> Result<(RolloutId, Recorded<RolloutJournal>), Failure> {
    let Order { plan, hash, is_single_use, parent } = order;
    let id = RolloutId::new(now, random::bytes()?);
    let seed = u64::from_le_bytes(random::bytes()?);
    let begun = Begun {
        id,
        opening: Opening::new(&plan, seed, now),
        endpoint: account.endpoint.to_string(),
        plan_hash: is_single_use.then(|| hash.as_str().to_owned()),
        parent,
    };
    let journal = state.store.begin(&begun, &state.owner, now)?;
    Ok((id, Recorded::new(Rollout::new(plan, seed, now), journal)))
}
