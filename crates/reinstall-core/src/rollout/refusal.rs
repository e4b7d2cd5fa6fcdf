//! What follows a request that was refused.
//!
//! An answer that refuses a request does not prove that nothing was started: a gateway may have delivered the request twice
//! and have had its second copy refused. So every target of a refused request is watched until it is shown to be unchanged,
//! for as long as reads may lag. Only then is it submitted again, or does it end as *failed* or *not started*. All targets of
//! a request wait at the same time, so that a refusal costs one wait.

use crate::evidence::{Evidence, Fact};
use crate::fault::{Fault, is_known_code};
use crate::mutant::{Mutant, planted};
use crate::notice::News;
use crate::summary::HaltCause;

use super::Rollout;
use super::phase::{AfterRefusal, Refusal, Stage};
use super::submit::Sending;

impl Rollout {
    /// Refused for now: too many requests, or credentials that have run out. The same request may be sent again later.
    pub(super) fn throttled(&mut self, sending: Sending<'_>, fault: &Fault) {
        let then = if self.try_later(sending.batch, fault) { AfterRefusal::Retry } else { AfterRefusal::GiveUp };
        for &member in sending.members {
            self.hold(sending, member, fault, then);
        }
    }

    /// Refused for good. The targets that the cloud names as the reason are out. If it names none, each target gets a request
    /// of its own: the one that is refused again is the reason.
    pub(super) fn refused(&mut self, sending: Sending<'_>, fault: &Fault) {
        let Sending { batch, members, sent } = sending;
        let is_named = |member: &usize| fault.named.contains(&self.targets[*member].id);
        let (named, others): (Vec<usize>, Vec<usize>) = members.iter().copied().partition(is_named);
        let (out, again) = match (named.is_empty(), members.len()) {
            (true, 1) => (others, vec![]),
            (true, _) => {
                self.batches[batch].len_max = 1;
                (vec![], others)
            }
            (false, _) => (named, others),
        };
        if again.is_empty() {
            self.tell(News::Refused { batch: batch + 1, fault: fault.clone() });
        } else {
            let next_max = self.batches[batch].len_max.min(again.len());
            self.tell(News::Split { batch: batch + 1, instances: members.len(), next_max, fault: fault.clone() });
        }
        for member in again {
            self.hold(sending, member, fault, AfterRefusal::Retry);
        }
        for member in out {
            self.targets[member].request_id.clone_from(&fault.request_id);
            self.took(member, sent, Fact::Refused(Box::new(fault.clone())));
            self.hold(sending, member, fault, AfterRefusal::Fail);
        }
    }

    /// Refused, and no other request would fare better.
    pub(super) fn access_denied(&mut self, sending: Sending<'_>, fault: &Fault) {
        self.denied(fault.clone());
        for &member in sending.members {
            self.hold(sending, member, fault, AfterRefusal::Retry);
        }
    }

    /// The cloud denies access: nothing new is started.
    pub(super) fn denied(&mut self, fault: Fault) {
        self.halt(HaltCause::Denied { fault });
    }

    /// Watches a target of a refused request until that is shown to have started nothing.
    fn hold(&mut self, sending: Sending<'_>, member: usize, fault: &Fault, then: AfterRefusal) {
        if then != AfterRefusal::Fail {
            // Of many refusals in a row the last one says enough.
            let last = self.targets[member].evidence.last();
            if matches!(last, Some(Evidence { fact: Fact::Refused(_), .. })) {
                self.targets[member].evidence.pop();
            }
            self.learn(member, self.now, Fact::Refused(Box::new(fault.clone())));
        }
        let policy = self.plan.policy();
        let has_code = fault.code.as_ref().is_some_and(|code| is_known_code(code.as_str()));
        let wait = if has_code { policy.read_lag() } else { policy.settle_after };
        let refusal = Refusal { fault: fault.clone(), then, has_code };
        let stage = Stage::Doubtful { since: self.now, settle_at: self.now + wait };
        self.watch(member, sending.sent, stage, Some(refusal));
        if planted(Mutant::RefusalIsProof) {
            self.settle(member);
        }
    }
}
