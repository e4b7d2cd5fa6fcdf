//! Carries a rollout on: drives it, tells how it goes, hands orders on, and closes its journal.

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

use super::signals;
use crate::args::Output;
use crate::failure::{Ending, Failure};
use crate::render;
use crate::render::progress::Progress;
use crate::render::report::Ended;
use crate::render::rollouts::EndingRecord;
use crate::setup::Account;

/// All it takes to carry a rollout on.
pub(super) struct Job {
    pub(super) id: RolloutId,
    pub(super) account: Account,
    pub(super) client: Client,
    pub(super) clock: Clock,
    pub(super) password: AdminPassword,
    pub(super) output: Output,
    pub(super) shows_bars: bool,
    /// When the hours end that the site allows, if the rollout itself does not know.
    pub(super) halt_at: Option<Timestamp>,
}

/// How often a program says that it still carries its rollout on, and asks for orders.
const BEAT_EVERY: std::time::Duration = std::time::Duration::from_secs(2);

/// Carries a rollout on that is on record. At the end its lease is given back, whatever happened.
pub(super) async fn carry_kept(job: Job, mut recorded: Recorded<RolloutJournal>) -> crate::Result {
    let lease = recorded.journal().lease()?;
    let id = job.id;
    render::to_stderr(|err| {
        writeln!(err, "rollout {id}; from another terminal: reinstall show {id}, reinstall halt {id}")
    });
    let clock = job.clock.clone();
    let halt_at = job.halt_at;
    let written = carry(&job, &mut recorded, |orders| async move {
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
    let ended = job.ended(rollout, is_finished);
    let closed = match (&failure, is_finished) {
        // What failed once may still do for giving back; if it does not, the lease runs out.
        (Some(_), _) => journal.release().or(Ok(())),
        (None, true) => journal.finish(now, &EndingRecord::from(&ended.summary).to_text()),
        (None, false) => journal.release(),
    };
    if let Some(JournalError::TakenOver { by }) = failure.as_ref().or(closed.as_ref().err()) {
        // Whatever could be said here is old by now.
        return Err(Failure::TakenOver { rollout: job.id, by: by.to_string() });
    }
    let reported = report(&ended, job.output, written);
    failure.map_or(closed, Err).map_err(Failure::Journal)?;
    reported?;
    Ok(Ending::Concluded(ended.summary.conclusion()))
}

/// Carries a rollout on that nobody could resume.
pub(super) async fn carry_unkept<J: Journal>(job: Job, mut recorded: Recorded<J>) -> crate::Result {
    let written = carry(&job, &mut recorded, |_| std::future::pending()).await;
    let rollout = recorded.into_parts().0;
    let is_finished = rollout.is_finished();
    let ended = job.ended(rollout, is_finished);
    report(&ended, job.output, written)?;
    Ok(Ending::Concluded(ended.summary.conclusion()))
}

/// Drives a rollout until it is finished, a second signal came, or `overseer` returned.
///
/// What cannot be written on the way is no reason to leave instances half done: the rollout goes on, and the failure is
/// told at the end.
async fn carry<J: Journal, O: Future<Output = ()>>(
    job: &Job,
    recorded: &mut Recorded<J>,
    overseer: impl FnOnce(UnboundedSender<Order>) -> O,
) -> Result<(), Failure> {
    let (give_order, mut orders) = mpsc::unbounded_channel();
    let mut progress = Progress::on_stderr(recorded.rollout(), job.shows_bars);
    let driver = Driver::new(job.client.clone(), job.clock.clone(), job.password.clone());
    let mut written = Ok(());
    let driven = driver.run(recorded, &mut orders, |notice, rollout| {
        progress.tell(notice, &rollout.tallies());
        if job.output == Output::Ndjson && written.is_ok() {
            written = render::to_stdout(|out| render::json_line(out, notice));
        }
    });
    tokio::select! {
        () = driven => {}
        () = signals::relay(give_order.clone()) => {}
        () = overseer(give_order) => {}
    }
    progress.finish();
    written
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
    fn ended(&self, rollout: Rollout, is_finished: bool) -> Ended {
        Ended {
            rollout: self.id,
            project_id: self.account.project.clone(),
            endpoint: self.account.endpoint.to_string(),
            image_id: rollout.plan().image_id(),
            requests: Some(self.client.requests()),
            state: if is_finished { RunState::Finished } else { RunState::Left },
            summary: rollout.into_summary(),
        }
    }
}

/// Writes the report where programs look for it, and what to do next where people do.
fn report(ended: &Ended, output: Output, written: Result<(), Failure>) -> Result<(), Failure> {
    let told = render::to_stdout(|out| match output {
        Output::Text => ended.text(out),
        Output::Json => render::json_object(out, &ended.object()),
        Output::Ndjson => render::json_line(out, &ended.line()),
    });
    render::to_stderr(|err| ended.advice().iter().try_for_each(|line| writeln!(err, "hint: {line}")));
    written.and(told)
}
