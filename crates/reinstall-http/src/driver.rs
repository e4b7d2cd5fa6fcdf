//! The driver: carries out what a rollout says, and tells it what came of it. It decides nothing.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use reinstall_core::action::{Action, Answer, Event, Order};
use reinstall_core::id::Ticket;
use reinstall_core::journal::Journal;
use reinstall_core::notice::Notice;
use reinstall_core::recorded::Recorded;
use reinstall_core::rollout::Rollout;
use reinstall_core::secret::AdminPassword;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::client::{Accepted, Client};
use crate::clock::Clock;

/// What it takes to carry a rollout out: a client, a clock, and the password for the new systems.
#[derive(Debug)]
pub struct Driver {
    client: Client,
    clock: Clock,
    password: AdminPassword,
}

impl Driver {
    /// A driver that sets `password` on every instance it reinstalls.
    #[must_use]
    pub fn new(client: Client, clock: Clock, password: AdminPassword) -> Self {
        Self { client, clock, password }
    }

    /// Carries a rollout on until every target has its outcome. `observe` is given each notice as it comes, and the rollout as
    /// it stands by then.
    ///
    /// Orders are handed on as they come; that their sender is dropped is no order. When the journal fails, nothing new is
    /// sent, and what is in flight is watched to its end ([`Recorded::failure`]). The future may be dropped at any time:
    /// requests that have left are not called back, and what is on record can be resumed.
    pub async fn run<J: Journal>(
        &self,
        recorded: &mut Recorded<J>,
        orders: &mut UnboundedReceiver<Order>,
        mut observe: impl FnMut(&Notice, &Rollout),
    ) {
        let mut errands = FuturesUnordered::new();
        loop {
            while let Some(action) = recorded.poll_action() {
                errands.push(self.carry_out(action));
            }
            while let Some(notice) = recorded.poll_notice() {
                observe(&notice, recorded.rollout());
            }
            let rollout = recorded.rollout();
            if rollout.is_finished() {
                return;
            }
            let deadline = rollout.next_deadline().map(|(at, _)| at);
            let event = tokio::select! {
                Some(order) = orders.recv() => Event::Ordered(order),
                Some((ticket, answer)) = errands.next() => Event::Answered(ticket, answer),
                () = self.clock.sleep_until(deadline.unwrap_or(rollout.now())), if deadline.is_some() => Event::Tick,
                // Nothing under way, nothing due, nobody to give orders: it can only be reported as left unfinished.
                else => return,
            };
            recorded.handle(self.clock.now(), event);
        }
    }

    /// Carries out one action, once.
    async fn carry_out(&self, action: Action) -> (Ticket, Answer) {
        let (ticket, mut answer) = match action {
            Action::Look(ticket, ids) => match self.client.look(&ids).await {
                Ok(looks) => (ticket, Answer::Looked(looks)),
                Err(error) => (ticket, Answer::Failed(error.into_fault())),
            },
            Action::Submit(ticket, submission) => match self.client.reinstall(&submission, &self.password).await {
                Ok(Accepted { ids, request_id }) => (ticket, Answer::Accepted { ids, request_id }),
                Err(error) => (ticket, Answer::Failed(error.into_fault())),
            },
        };
        // A look does not know the password, but a service may repeat it in what it says of an instance.
        answer.hide(self.password.expose());
        (ticket, answer)
    }
}
