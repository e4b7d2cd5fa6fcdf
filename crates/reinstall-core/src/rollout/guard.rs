//! How many may be unavailable at once, and until when something may be started.
//!
//! Unavailable is who is in flight, who ended badly, and who was down before it began and has not been reinstalled since.
//! Being available again is only ever the work of a success: what else is seen on the way proves nothing for good.

use crate::mutant::{Mutant, planted};
use crate::summary::HaltCause;
use crate::time::Timestamp;

use super::Rollout;

impl Rollout {
    /// Of `members`, in order, as many as may be unavailable beside those that will be so for good.
    ///
    /// A batch that was cut to what may be unavailable at all still does not fit where some are down already. It is cut to
    /// what can have room once nobody is in flight, and not to what has room just now, which would make many small requests.
    pub(super) fn fitting(&self, members: impl Iterator<Item = usize>) -> impl Iterator<Item = usize> {
        let for_good = self.unavailable - self.in_flight;
        let mut room = self.plan.unavailable_max().map(|unavailable_max| unavailable_max.saturating_sub(for_good));
        members.take_while(move |&member| match &mut room {
            None => true,
            // Who is down already takes no room.
            Some(_) if self.targets[member].was_down => true,
            Some(0) => false,
            Some(room) => {
                *room -= 1;
                true
            }
        })
    }

    /// Whether the next request of a batch names somebody, and few enough.
    pub(super) fn leaves_enough(&self, batch: usize) -> bool {
        let Some(unavailable_max) = self.plan.unavailable_max() else { return true };
        let newly = self.next_members(batch).filter(|&member| !self.targets[member].was_down).count();
        let is_spent = self.waiting_in(batch).next().is_none();
        is_spent || (self.next_members(batch).next().is_some() && self.unavailable + newly <= unavailable_max)
    }

    /// Halts if the batch whose turn it is has no room, and nobody is in flight who could make some.
    pub(super) fn heed_lack_of_room(&mut self) {
        let Some(unavailable_max) = self.plan.unavailable_max() else { return };
        let Some(&(_, batch)) = self.open.first() else { return };
        if self.in_flight == 0 && !self.leaves_enough(batch) {
            self.halt(HaltCause::TooFewAvailable { unavailable: self.unavailable, unavailable_max });
            // All that was left has its outcome now, and no other event need follow.
            self.pass_gates();
        }
    }

    /// Halts once nothing may be started any more, if there is anything left to start.
    pub(super) fn heed_closing_time(&mut self) {
        if planted(Mutant::ClosingTimeIsIgnored) {
            return;
        }
        let closes_at = self.plan.policy().closes_at.filter(|at| *at <= self.now);
        if let Some(at) = closes_at
            && self.total.waiting > 0
        {
            self.halt(HaltCause::WindowClosed { at });
        }
    }

    /// When that will be; `None` if nothing is left that it would keep from being started.
    pub(super) fn next_closing(&self) -> Option<Timestamp> {
        let is_of_interest = self.halted.is_none() && self.total.waiting > 0 && !planted(Mutant::ClosingTimeIsIgnored);
        self.plan.policy().closes_at.filter(|_| is_of_interest)
    }
}
