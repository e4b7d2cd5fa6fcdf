//! When to look at whom: as seldom as the policy asks for, and as many at once as a look can name.

use std::collections::BTreeMap;

use crate::action::{Action, Answer, Look};
use crate::fault::{Fault, FaultKind};
use crate::notice::News;
use crate::time::Timestamp;

use super::Rollout;
use super::phase::{Errand, Phase, Stage};

/// The most looks that may be under way at once.
const LOOKS_OUT_MAX: usize = 4;

impl Rollout {
    /// When the next look is due; `None` while as many are under way as may be.
    pub(super) fn next_look(&self) -> Option<Timestamp> {
        let &(at, _) = self.looks_due.first()?;
        (self.looks_out < LOOKS_OUT_MAX).then_some(at)
    }

    /// Sends the looks that are due. A look with room left takes along targets that are due soon, which saves requests.
    pub(super) fn send_looks(&mut self) {
        let soon = self.now + self.plan.policy().poll_every / 2;
        while self.next_look().is_some_and(|at| at <= self.now) {
            let due: Vec<(Timestamp, usize)> =
                self.looks_due.iter().take_while(|(at, _)| *at <= soon).take(Action::LOOK_IDS_MAX).copied().collect();
            for entry in &due {
                self.looks_due.remove(entry);
            }
            let members: Vec<usize> = due.into_iter().map(|(_, member)| member).collect();
            let ids = self.ids(&members);
            let ticket = self.ticket(Errand::Look { members, sent: self.now });
            self.looks_out += 1;
            self.actions.push_back(Action::Look(ticket, ids));
        }
    }

    /// A look came back: weigh what it told of each target, and plan the next look at those that go on.
    pub(super) fn look_answered(&mut self, members: &[usize], sent: Timestamp, answer: Answer) {
        self.looks_out -= 1;
        let mut looks: BTreeMap<_, _> = match answer {
            Answer::Looked(looks) => looks.into_iter().collect(),
            Answer::Accepted { .. } => BTreeMap::new(),
            Answer::Failed(fault) => {
                self.tell(News::LookFailed { instances: members.len(), fault: fault.clone() });
                members.iter().map(|&member| (self.targets[member].id, Look::Unread(fault.clone()))).collect()
            }
        };
        for &member in members {
            match looks.remove(&self.targets[member].id) {
                Some(Look::Seen(seen)) => self.seen(member, sent, &seen),
                // Gone after a wipe began is no outcome that a look can vouch for: keep looking, and tell the words.
                Some(Look::Gone(fault) | Look::Unread(fault)) => self.unread(member, sent, fault),
                None => self.unread(member, sent, unmentioned()),
            }
            self.plan_look(member);
        }
    }

    /// Plans the next look at a target that is still watched: after the interval, or at a deadline before that.
    fn plan_look(&mut self, member: usize) {
        let policy = self.plan.policy();
        let Phase::Watched(watch) = &self.targets[member].phase else {
            return;
        };
        let finish_by = watch.submitted_at + policy.finish_within;
        let deadline = match watch.stage {
            Stage::Doubtful { settle_at, .. } => settle_at.min(finish_by),
            Stage::Accepted { since } => (since + policy.start_within).min(finish_by),
            Stage::Installing { .. } => finish_by,
        };
        let ends_count_from = watch.ends_count_from(policy);
        let deadline = if ends_count_from > self.now { deadline.min(ends_count_from) } else { deadline };
        let regular = self.now + policy.poll_every;
        let next = if deadline > self.now { regular.min(deadline) } else { regular };
        self.looks_due.insert((next, member));
    }
}

/// The fault of a target that the answer to a look left out.
pub(super) fn unmentioned() -> Fault {
    Fault::new(FaultKind::Unreadable, "the answer to the look did not mention it")
}
