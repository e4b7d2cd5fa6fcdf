//! The driver: carries out what a rollout says, and tells it what came of it. It decides nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use reinstall_core::action::{Action, Answer, Event, Order};
use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::id::Ticket;
use reinstall_core::journal::Journal;
use reinstall_core::notice::Notice;
use reinstall_core::recorded::Recorded;
use reinstall_core::rollout::Rollout;
use reinstall_core::secret::AdminPassword;
use reinstall_core::time::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::caller::Leave;
use crate::client::{Accepted, Client};
use crate::clock::Clock;

/// What it takes to carry a rollout out: a client, a clock, and the password for the new systems.
#[derive(Debug)]
pub struct Driver {
    client: Client,
    clock: Clock,
    password: Option<AdminPassword>,
}

impl Driver {
    /// A driver that sets `password` on every instance it reinstalls.
    #[must_use]
    pub fn new(client: Client, clock: Clock, password: AdminPassword) -> Self {
        // A look does not send the password, but a service may repeat it in what it says of an instance.
        client.redact_password(&password);
        Self { client, clock, password: Some(password) }
    }

    /// A driver for a rollout that only watches what is in progress. It sends no reinstall: one that is asked for all the same
    /// fails as never sent.
    #[must_use]
    pub fn without_password(client: Client, clock: Clock) -> Self {
        Self { client, clock, password: None }
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
        // Shared with submissions that wait for their turn while something happens that speaks against them.
        let may_leave_until = AtomicU64::new(0);
        let mut errands = FuturesUnordered::new();
        loop {
            let until = recorded.rollout().may_leave_until().filter(|_| recorded.failure().is_none());
            may_leave_until.store(until.map_or(0, Timestamp::as_millis), Ordering::Relaxed);
            // Told before anything is taken up: whoever reads slowly must not stand between an intent and its request.
            tell(recorded, &mut observe);
            while let Some(action) = recorded.poll_action() {
                errands.push(self.carry_out(action, self.clock.now(), &may_leave_until));
            }
            let rollout = recorded.rollout();
            if rollout.is_finished() {
                tell(recorded, &mut observe);
                return;
            }
            let deadline = rollout.next_deadline().map(|(at, _)| at);
            let event = tokio::select! {
                Some(order) = orders.recv() => Event::Ordered(order),
                Some((ticket, answer)) = errands.next() => Event::Answered(ticket, answer),
                () = self.clock.sleep_until(deadline.unwrap_or(rollout.now())), if deadline.is_some() => Event::Tick,
                // Nothing under way, nothing due, nobody to give orders: it can only be reported as left unfinished.
                else => break,
            };
            recorded.handle(self.clock.now(), event);
        }
        tell(recorded, &mut observe);
    }

    /// Carries out one action, once, that was decided on at `decided_at`. A submission leaves soon after its decision, while it
    /// may, or not at all.
    async fn carry_out(&self, action: Action, decided_at: Timestamp, may_leave_until: &AtomicU64) -> (Ticket, Answer) {
        let (ticket, answer) = match action {
            Action::Look(ticket, ids) => match self.client.look(&ids).await {
                Ok(looks) => (ticket, Answer::Looked(looks)),
                Err(error) => (ticket, Answer::Failed(error.into_fault())),
            },
            Action::Submit(ticket, submission) => {
                let Some(password) = &self.password else {
                    let fault = Fault::new(FaultKind::HeldBack, "not sent, for no password was given");
                    return (ticket, Answer::Failed(fault));
                };
                let wanted = || self.clock.now().as_millis() < may_leave_until.load(Ordering::Relaxed);
                let leave = Leave { decided_at, wanted: &wanted };
                match self.client.reinstall_if(&submission, password, &leave).await {
                    Ok(Accepted { ids, request_id }) => (ticket, Answer::Accepted { ids, request_id }),
                    Err(error) => (ticket, Answer::Failed(error.into_fault())),
                }
            }
        };
        (ticket, answer)
    }
}

/// Hands on every notice there is.
fn tell<J: Journal>(recorded: &mut Recorded<J>, observe: &mut impl FnMut(&Notice, &Rollout)) {
    while let Some(notice) = recorded.poll_notice() {
        observe(&notice, recorded.rollout());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reinstall_core::action::Submission;
    use reinstall_core::id::InstanceId;
    use reinstall_core::instance_set::InstanceSet;
    use reinstall_core::login::PasswordPolicy;
    use reinstall_core::rate::Queued;
    use reinstall_core::secret::SessionToken;
    use reinstall_mock_server::cloud::config::CloudConfig;
    use reinstall_mock_server::serve::MockServer;

    use super::*;
    use crate::endpoint::{Endpoint, PlainHttp};

    /// Whoever slept between decision and request may find that another program owns the rollout.
    #[tokio::test]
    async fn a_request_that_was_held_up_does_not_leave() {
        let server = MockServer::builder().instances(2).start().await.unwrap();
        let endpoint = Endpoint::parse(&server.base_url(), PlainHttp::Loopback).unwrap();
        let token = SessionToken::parse(MockServer::TOKEN).unwrap();
        let clock = Clock::start();
        let client = Client::builder(endpoint, CloudConfig::PROJECT.parse().unwrap(), token)
            .clock(clock.clone())
            .build()
            .unwrap();
        let password = PasswordPolicy::for_os(None).admit(String::from("Valid+Pass-77").into()).unwrap();
        let driver = Driver::new(client, clock.clone(), password);
        let ids: Vec<InstanceId> = server.ids();
        let submit = |id: InstanceId| {
            let ids = InstanceSet::new(vec![id]).unwrap();
            Action::Submit(Ticket(7), Submission { ids, image: None, attempt: 1 })
        };
        let only_watches = Driver::without_password(driver.client.clone(), clock.clone());
        let may = AtomicU64::new(u64::MAX);
        let (_, without) = only_watches.carry_out(submit(ids[0]), clock.now(), &may).await;
        assert!(matches!(&without, Answer::Failed(fault) if fault.kind == FaultKind::HeldBack), "{without:?}");
        let long_ago = clock.now() - Queued::STALL_MAX - Duration::from_secs(1);
        let (_, held_up) = driver.carry_out(submit(ids[0]), long_ago, &may).await;
        assert!(matches!(&held_up, Answer::Failed(fault) if fault.kind == FaultKind::HeldBack), "{held_up:?}");
        let (_, unwanted) = driver.carry_out(submit(ids[0]), clock.now(), &AtomicU64::new(0)).await;
        assert!(matches!(&unwanted, Answer::Failed(fault) if fault.kind == FaultKind::HeldBack), "{unwanted:?}");
        let (_, in_time) = driver.carry_out(submit(ids[1]), clock.now(), &may).await;
        assert!(matches!(&in_time, Answer::Accepted { .. }), "{in_time:?}");
        let wiped: Vec<InstanceId> = server.with_cloud(|cloud| cloud.wiped().map(|(id, _)| id).collect());
        assert_eq!(wiped, [ids[1]]);
    }
}
