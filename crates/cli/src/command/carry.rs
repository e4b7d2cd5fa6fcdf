//! Carries a rollout on: drives it, tells how it goes, hands orders on, and closes its journal.

use std::cell::RefCell;

use reinstall_core::action::Order;
use reinstall_core::id::RolloutId;
use reinstall_core::journal::Journal;
use reinstall_core::recorded::Recorded;
use reinstall_core::rollout::Rollout;
use reinstall_core::secret::AdminPassword;
use reinstall_core::time::Timestamp;
use reinstall_http::client::Client;
use reinstall_http::clock::Clock;
use reinstall_http::driver::Driver;
use reinstall_journal::error::JournalError;
use reinstall_journal::journal::RolloutJournal;
use reinstall_journal::lease::Lease;
use reinstall_journal::row::RunState;
use tokio::sync::mpsc::{self, UnboundedSender};

use super::delivery::Delivery;
use super::signals::Signals;
use crate::args::Output;
use crate::failure::{Ending, Failure};
use crate::next_step::{Commands, Situation, next_steps};
use crate::render;
use crate::render::progress::Progress;
use crate::render::report::RolloutReport;
use crate::render::rollouts::EndingRecord;
use crate::setup::Account;

/// All it takes to carry a rollout on.
pub(super) struct Job {
    pub(super) id: RolloutId,
    pub(super) account: Account,
    pub(super) client: Client,
    pub(super) clock: Clock,
    /// `None` where nothing can be submitted any more.
    pub(super) password: Option<AdminPassword>,
    pub(super) output: Output,
    pub(super) shows_bars: bool,
    /// When the hours end that the site allows, if the rollout itself does not know.
    pub(super) halt_at: Option<Timestamp>,
    /// How the commands are typed that go on with it; `None` if it is on record nowhere.
    pub(super) commands: Option<Commands>,
}

/// How often a program says that it still carries its rollout on, and asks for orders.
const BEAT_EVERY: std::time::Duration = std::time::Duration::from_secs(2);

/// Carries a rollout on that is on record. At the end its lease is given back, whatever happened.
pub(super) async fn carry_kept(job: Job, mut recorded: Recorded<RolloutJournal>) -> crate::Result {
    let lease = recorded.journal().lease()?;
    let id = job.id;
    let commands = job.commands.clone().unwrap_or_default();
    render::to_stderr(|err| {
        writeln!(err, "rollout {id}; from another terminal: {}, {}", commands.show(id), commands.halt(id))
    });
    let clock = job.clock.clone();
    let halt_at = job.halt_at;
    let mut signals = Signals::catch();
    let delivery = Delivery::start(job.output);
    let left = carry(&job, &mut recorded, &delivery, &mut signals, |orders| async move {
        tokio::select! {
            () = keep_lease(lease, clock.clone(), orders.clone()) => {}
            () = halt_in_time(halt_at, &clock, orders) => {}
        }
    })
    .await;

    let now = job.clock.now();
    let (rollout, mut journal, failure) = recorded.into_parts();
    // What is not on record is not over.
    let is_finished = rollout.is_finished() && failure.is_none();
    let told = job.report(rollout, is_finished);
    let closed = match (&failure, is_finished) {
        // What failed once may still do for giving back; if it does not, the lease runs out.
        (Some(_), _) => journal.release().or(Ok(())),
        (None, true) => journal.finish(now, &EndingRecord::from(told.snapshot.summary()).to_text()),
        (None, false) => journal.release(),
    };
    if let Some(JournalError::TakenOver { by }) = failure.as_ref().or(closed.as_ref().err()) {
        // Whatever could be said here is old by now.
        return Err(Failure::TakenOver { rollout: job.id, by: by.to_string() });
    }
    let reported = delivery.report(&told, left == Left::AtOnce, &job.clock, &mut signals).await;
    advise(&told, &job);
    failure.map_or(closed, Err).map_err(Failure::Journal)?;
    reported.map_err(|source| Failure::Report { rollout: job.id, source })?;
    Ok(Ending::Concluded(told.snapshot.summary().conclusion()))
}

/// Carries a rollout on that nobody could resume.
pub(super) async fn carry_unkept<J: Journal>(job: Job, mut recorded: Recorded<J>) -> crate::Result {
    let mut signals = Signals::catch();
    let delivery = Delivery::start(job.output);
    let left = carry(&job, &mut recorded, &delivery, &mut signals, |_| std::future::pending()).await;
    let rollout = recorded.into_parts().0;
    let is_finished = rollout.is_finished();
    let told = job.report(rollout, is_finished);
    let reported = delivery.report(&told, left == Left::AtOnce, &job.clock, &mut signals).await;
    advise(&told, &job);
    // Nothing else has it.
    reported.map_err(Failure::Output)?;
    Ok(Ending::Concluded(told.snapshot.summary().conclusion()))
}

/// How driving a rollout came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// It is finished, or another program has it.
    InPeace,
    /// By a second signal.
    AtOnce,
}

/// Drives a rollout until it is finished, a second signal came, or `overseer` returned.
///
/// What cannot be written on the way is no reason to leave instances half done: the rollout goes on, and the failure is
/// told at the end. Nothing in here waits for a reader.
async fn carry<J: Journal, O: Future<Output = ()>>(
    job: &Job,
    recorded: &mut Recorded<J>,
    delivery: &Delivery,
    signals: &mut Signals,
    overseer: impl FnOnce(UnboundedSender<Order>) -> O,
) -> Left {
    let (give_order, mut orders) = mpsc::unbounded_channel();
    // Told by the driver and drawn in between, in one task.
    let progress = RefCell::new(Progress::of(recorded.rollout(), job.shows_bars));
    let (client, clock) = (job.client.clone(), job.clock.clone());
    let driver = match &job.password {
        Some(password) => Driver::new(client, clock, password.clone()),
        None => Driver::without_password(client, clock),
    };
    let driven = driver.run(recorded, &mut orders, |notice, rollout| {
        progress.borrow_mut().tell(notice, &rollout.tallies());
        delivery.event(notice);
    });
    let left = tokio::select! {
        () = driven => Left::InPeace,
        () = signals.relay(give_order.clone()) => Left::AtOnce,
        () = overseer(give_order) => Left::InPeace,
        () = draw(&progress, &job.clock) => Left::InPeace,
    };
    progress.into_inner().finish(job.clock.now());
    left
}

/// Has progress drawn at its pace. Never returns.
async fn draw(progress: &RefCell<Progress>, clock: &Clock) {
    loop {
        clock.sleep(Progress::TICK_EVERY).await;
        progress.borrow_mut().tick(clock.now());
    }
}

/// Orders a halt when the hours end that the site allows by now; the rollout knows only those of when it began. Never returns.
async fn halt_in_time(at: Option<Timestamp>, clock: &Clock, orders: UnboundedSender<Order>) {
    if let Some(at) = at {
        clock.sleep_until(at).await;
        // Where nobody takes orders any more, the rollout is over.
        orders.send(Order::Halt).ok();
    }
    std::future::pending().await
}

/// Says every few seconds that this program is still there, and hands on what another one ordered. Returns when another
/// program took the rollout over: then there is nothing more to do here.
async fn keep_lease(mut lease: Lease, clock: Clock, orders: UnboundedSender<Order>) {
    let mut halt_is_given = false;
    loop {
        match lease.beat(clock.now()) {
            Ok(standing) if standing.halt_ordered && !halt_is_given => {
                halt_is_given = true;
                // Where nobody takes orders any more, the rollout is over.
                orders.send(Order::Halt).ok();
            }
            Ok(_) => {}
            Err(JournalError::TakenOver { .. } | JournalError::Over) => return,
            // The journal itself finds out whether that lasts.
            Err(error) => tracing::warn!(%error, "the lease could not be renewed"),
        }
        clock.sleep(BEAT_EVERY).await;
    }
}

impl Job {
    fn report(&self, rollout: Rollout, is_finished: bool) -> RolloutReport {
        RolloutReport {
            rollout: self.id,
            project_id: self.account.project.clone(),
            endpoint: self.account.endpoint.to_string(),
            image_id: rollout.plan().image_id(),
            requests: Some(self.client.requests()),
            state: if is_finished { RunState::Finished } else { RunState::Left },
            snapshot: rollout.into_snapshot(),
        }
    }

    /// What a person can do about it now.
    const fn situation(&self, state: RunState) -> Situation {
        match (&self.commands, state) {
            (None, _) => Situation::OffRecord,
            (Some(_), RunState::Finished) => Situation::Ended,
            (Some(_), RunState::Running | RunState::Interrupted | RunState::Left) => Situation::Left,
        }
    }
}

/// Says what to do next where people look for it.
fn advise(told: &RolloutReport, job: &Job) {
    let commands = job.commands.clone().unwrap_or_default();
    render::hints(&next_steps(told.rollout, job.situation(told.state), &told.snapshot, &commands));
}
