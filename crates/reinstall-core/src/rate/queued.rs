//! A request that waits for its turn: when it leaves, for how long it sleeps, and when it is given up.

use std::time::Duration;

use super::{HELD_MAX, Turn, Urgency};
use crate::fault::{Fault, FaultKind};
use crate::time::{Plain, Timestamp};

/// A request in the queue. Ask [`poll`](Self::poll), sleep for as long as it says, and ask again.
///
/// A reinstall leaves soon after it was decided on, as long as it is wanted, and only if this program was awake all the time:
/// one that was stopped, or whose machine slept, may find that another program has taken over in its place. Taking over needs
/// much more time than [`Queued::STALL_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queued {
    urgency: Urgency,
    give_up_at: Timestamp,
    /// When it was polled last; for a read that does not matter.
    awake_at: Timestamp,
}

/// What a queued request does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It leaves now.
    Send,
    /// It waits, and is polled again after this time.
    Sleep(Duration),
    /// It does not leave.
    GiveUp(Fault),
}

impl Queued {
    /// The longest time between two polls of a reinstall request for which the program counts as awake.
    pub const STALL_MAX: Duration = Duration::from_secs(5);
    /// The longest sleep of a reinstall request between two polls.
    const SLEEP_MAX: Duration = Duration::from_secs(1);

    /// A read, asked for at `now`, that waits for at most `wait_max`.
    #[must_use]
    pub fn read(now: Timestamp, wait_max: Duration) -> Self {
        Self { urgency: Urgency::Look, give_up_at: now + wait_max, awake_at: now }
    }

    /// A reinstall request that was decided on at `decided_at`. It waits for at most [`HELD_MAX`].
    #[must_use]
    pub fn reinstall(decided_at: Timestamp) -> Self {
        Self { urgency: Urgency::Submit, give_up_at: decided_at + HELD_MAX, awake_at: decided_at }
    }

    /// What it does at `now`, a time that never goes back; `wall` is what the wall clock says, by which turns are given.
    /// `wanted` tells whether it may still leave, and `turn` asks for its turn: a turn that is given counts as used.
    pub fn poll(&mut self, now: Timestamp, wall: Timestamp, wanted: bool, turn: impl FnOnce(Urgency) -> Turn) -> Next {
        if let Err(fault) = self.check(now, wanted) {
            return Next::GiveUp(fault);
        }
        let Turn::At(at) = turn(self.urgency) else { return Next::Send };
        let wait = at.since(wall);
        if now + wait > self.give_up_at {
            let words = format!("not sent: the limit on requests has no room for another {}", Plain(wait));
            let held = Fault::new(FaultKind::HeldBack, &words);
            return Next::GiveUp(Fault { retry_after: Some(wait), ..held });
        }
        Next::Sleep(match self.urgency {
            Urgency::Look => wait,
            Urgency::Submit => wait.min(Self::SLEEP_MAX),
        })
    }

    /// Whether a reinstall request may still leave at `now`; always `Ok` for a read. Asked once more right before it leaves.
    ///
    /// # Errors
    /// A fault that says why it does not leave.
    pub fn check(&mut self, now: Timestamp, wanted: bool) -> Result<(), Fault> {
        let stalled = now.since(self.awake_at);
        self.awake_at = now;
        let held = |words| Err(Fault::new(FaultKind::HeldBack, words));
        match self.urgency {
            Urgency::Look => Ok(()),
            Urgency::Submit if stalled > Self::STALL_MAX => held("not sent: this program did not run for too long"),
            Urgency::Submit if !wanted => held("not sent: it is not wanted any more"),
            Urgency::Submit => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_000_000);

    fn after(seconds: u64) -> Timestamp {
        START + Duration::from_secs(seconds)
    }

    #[test]
    fn a_reinstall_waits_for_a_moment_and_not_for_ever() {
        let mut queued = Queued::reinstall(START);
        let at = |seconds| move |_| Turn::At(after(seconds));
        assert_eq!(queued.poll(after(0), after(0), true, at(20)), Next::Sleep(Duration::from_secs(1)));
        assert!(
            matches!(queued.poll(after(1), after(1), true, at(31)), Next::GiveUp(fault) if fault.retry_after.is_some())
        );
        assert_eq!(queued.poll(after(2), after(2), true, |_| Turn::Now), Next::Send);
    }

    #[test]
    fn one_that_slept_or_is_not_wanted_does_not_leave() {
        for (seconds, wanted, leaves) in [(5, true, true), (6, true, false), (5, false, false)] {
            let mut queued = Queued::reinstall(START);
            let next = queued.poll(after(seconds), after(seconds), wanted, |_| Turn::Now);
            assert_eq!(next == Next::Send, leaves, "{seconds} s, {wanted}");
            assert!(Queued::reinstall(START).check(after(seconds), wanted).is_ok() == leaves);
        }
    }

    #[test]
    fn a_read_waits_for_as_long_as_it_may() {
        let mut queued = Queued::read(START, Duration::from_secs(30));
        assert_eq!(
            queued.poll(after(9), after(9), false, |_| Turn::At(after(30))),
            Next::Sleep(Duration::from_secs(21))
        );
        assert!(matches!(queued.poll(after(9), after(9), false, |_| Turn::At(after(31))), Next::GiveUp(_)));
    }
}
