//! `reinstall run`: the one command that wipes.

use std::io;

use reinstall_core::id::RolloutId;
use reinstall_core::plan::Plan;
use reinstall_core::rollout::Rollout;
use reinstall_core::secret::AdminPassword;
use reinstall_http::client::Client;
use reinstall_http::clock::Clock;
use reinstall_http::driver::Driver;
use tokio::sync::mpsc;

use super::{Session, plan, signals};
use crate::args::{Output, RunArgs};
use crate::confirm::{self, Asked};
use crate::failure::{Ending, Failure};
use crate::password::{self, Source};
use crate::render::progress::Progress;
use crate::render::report::Ended;
use crate::setup::Account;
use crate::{random, render, setup};

/// All it takes to carry a plan out.
pub(super) struct Job {
    pub(super) plan: Plan,
    pub(super) account: Account,
    pub(super) client: Client,
    pub(super) clock: Clock,
    pub(super) password: AdminPassword,
    pub(super) output: Output,
    pub(super) shows_bars: bool,
}

pub(super) fn run(args: &RunArgs, session: &Session) -> crate::Result {
    let input = &args.input;
    if args.dry_run {
        return plan::plan(input, session);
    }
    let access = setup::access(&input.connection, &session.environment)?;
    let plan = super::draw_plan(input, &access.account)?;
    let asked = match (args.yes, session.somebody_is_there()) {
        (true, _) => Asked::Yes,
        (false, true) => Asked::Person,
        (false, false) => Asked::Nobody,
    };
    asked.possible(plan.target_count())?;
    let password = password::admitted(Source::from(&input.password), session.somebody_is_there())?;
    if asked == Asked::Person {
        confirm::ask(&plan, &access.account, &mut io::stdin().lock(), &mut io::stderr())?;
    }
    let account = access.account.clone();
    let (client, clock) = super::client(access)?;
    let shows_bars = session.shows_bars;
    let job = Job { plan, account, client, clock, password, output: input.output, shows_bars };
    super::block_on(carry_out(job))
}

/// Carries a plan out, tells how it goes on, and reports how it ended.
///
/// What cannot be written on the way is no reason to leave instances half done: the rollout goes on, and the failure is
/// told at the end.
pub(super) async fn carry_out(job: Job) -> crate::Result {
    let Job { plan, account, client, clock, password, output, shows_bars } = job;
    let started_at = clock.now();
    let rollout_id = RolloutId::new(started_at, random::bytes()?);
    let image_id = plan.image_id();
    let mut progress = Progress::on_stderr(&plan, shows_bars);
    let mut rollout = Rollout::new(plan, u64::from_le_bytes(random::bytes()?), started_at);
    let driver = Driver::new(client.clone(), clock, password);

    let mut written = Ok(());
    let (give_order, mut orders) = mpsc::unbounded_channel();
    let driven = driver.run(&mut rollout, &mut orders, |notice, rollout| {
        progress.tell(notice, &rollout.tallies());
        if output == Output::Ndjson && written.is_ok() {
            written = render::to_stdout(|out| render::json_line(out, notice));
        }
    });
    tokio::select! {
        () = driven => {}
        () = signals::relay(give_order) => {}
    }
    progress.finish();

    let ended = Ended {
        rollout: rollout_id,
        project_id: account.project,
        endpoint: account.endpoint.to_string(),
        image_id,
        requests: client.requests(),
        summary: rollout.into_summary(),
    };
    written.and(report(&ended, output))?;
    Ok(Ending::Concluded(ended.summary.conclusion()))
}

/// Writes the report where programs look for it, and what to do next where people do.
fn report(ended: &Ended, output: Output) -> Result<(), Failure> {
    let written = render::to_stdout(|out| match output {
        Output::Text => ended.text(out),
        Output::Json => render::json_object(out, &ended.object()),
        Output::Ndjson => render::json_line(out, &ended.line()),
    });
    render::to_stderr(|err| ended.advice().iter().try_for_each(|line| writeln!(err, "hint: {line}")));
    written
}
