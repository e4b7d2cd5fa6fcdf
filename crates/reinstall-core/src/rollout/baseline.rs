//! From the observation right before a request to the request itself.
//!
//! The first observation before a request is the target's baseline. Once a request that names the target may have left, the
//! baseline stays what it is: before every further request the target must look as it did then, else it is in doubt again.

use std::collections::BTreeMap;

use crate::action::{Action, Answer, Look, Submission};
use crate::comparison::{Comparison, Reference, Shown, compare};
use crate::eligibility;
use crate::fault::{Fault, FaultKind, Repeat, Verdict, verdict};
use crate::id::InstanceId;
use crate::instance_set::InstanceSet;
use crate::mutant::{Mutant, planted};
use crate::notice::News;
use crate::sighting::Sighting;
use crate::summary::{Outcome, Reason};
use crate::time::Timestamp;

use super::Rollout;
use super::observe::unmentioned;
use super::phase::{Errand, Phase};

impl Rollout {
    /// The observation right before the request came back: submit what looks as it should.
    pub(super) fn baseline_answered(&mut self, batch: usize, members: &[usize], sent: Timestamp, answer: Answer) {
        // One that took as long as a reinstall may take, as on a laptop that slept, shows what was and not what is.
        let is_stale = self.now.since(sent) > self.plan.policy().shortest;
        let stale = || Answer::Failed(Fault::new(FaultKind::TimedOut, "the read took as long as a reinstall may take"));
        let looks = match if is_stale { stale() } else { answer } {
            Answer::Looked(looks) => looks.into_iter().collect(),
            Answer::Accepted { .. } => BTreeMap::new(),
            Answer::Failed(fault) => {
                if verdict(&fault, Repeat::Safe) == Verdict::Denied {
                    self.opening -= 1;
                    self.denied(fault);
                    for &member in members {
                        self.release(member);
                    }
                    return;
                }
                self.tell(News::LookFailed { instances: members.len(), fault: fault.clone() });
                members.iter().map(|&member| (self.targets[member].id, Look::Unread(fault.clone()))).collect()
            }
        };
        let baselines = self.take_baselines(batch, members, looks);
        // After a halt, or while requests are throttled, they would be stale by the time of the request.
        let is_halted = self.halted.is_some() && !planted(Mutant::BaselineAfterHalt);
        let may_submit = !is_halted && self.submit_not_before <= self.now;
        if may_submit && !baselines.is_empty() {
            self.submit(batch, baselines);
        } else {
            for (member, _) in baselines {
                self.release(member);
            }
            self.opening -= 1;
        }
        self.reopen(batch);
    }

    /// Sorts the members of a batch by how they look: fit to be submitted, to be left alone, in doubt, or not readable.
    fn take_baselines(
        &mut self,
        batch: usize,
        members: &[usize],
        mut looks: BTreeMap<InstanceId, Look>,
    ) -> Vec<(usize, Sighting)> {
        let mut baselines = Vec::new();
        let mut unread = Vec::new();
        let mut unread_why = None;
        for &member in members {
            let look = looks.remove(&self.targets[member].id).unwrap_or_else(|| Look::Unread(unmentioned()));
            match look {
                Look::Seen(seen) => {
                    self.has_operation_words |= seen.operation.is_some();
                    match self.weigh_baseline(member, &seen) {
                        Baseline::Fit => baselines.push((member, seen)),
                        Baseline::Unfit(reason) => self.end(member, Outcome::Skipped, Some(reason)),
                        Baseline::UnfitAgain(reason) => self.end(member, Outcome::NotStarted, Some(reason)),
                        Baseline::Changed => self.doubt_again(member),
                        Baseline::Unavailable => {
                            unread.push(member);
                            unread_why = Some(incomplete());
                        }
                    }
                }
                // The cloud's words do not tell whether it went because of the request before.
                Look::Gone(_) if self.targets[member].sent_at.is_some() => self.doubt_again(member),
                Look::Gone(fault) => self.end(member, Outcome::Skipped, Some(Reason::from(&fault))),
                Look::Unread(fault) => {
                    unread.push(member);
                    unread_why = Some(fault);
                }
            }
        }
        if let Some(fault) = unread_why {
            self.postpone(batch, &unread, fault);
        }
        baselines
    }

    fn weigh_baseline(&self, member: usize, seen: &Sighting) -> Baseline {
        let target = &self.targets[member];
        let was_sent = target.sent_at.is_some() && !planted(Mutant::BaselineMovesForward);
        let baseline = target.baseline.as_deref().filter(|_| was_sent);
        if let Some(baseline) = baseline {
            match compare(seen, &Reference { baseline, shown: Shown::default() }) {
                Comparison::Unchanged => {}
                Comparison::Unavailable => return Baseline::Unavailable,
                Comparison::Ambiguous
                | Comparison::InProgress
                | Comparison::Completed
                | Comparison::CameBack
                | Comparison::StaleError
                | Comparison::Failed => return Baseline::Changed,
            }
        }
        match self.objection_to(target.id, seen) {
            None => Baseline::Fit,
            Some(reason) if was_sent => Baseline::UnfitAgain(reason),
            Some(reason) => Baseline::Unfit(reason),
        }
    }

    /// Why an instance that looks like this must not be wiped now.
    fn objection_to(&self, id: InstanceId, seen: &Sighting) -> Option<Reason> {
        eligibility::objection(self.plan.policy(), self.plan.survey().get(&id), seen)
    }

    fn submit(&mut self, batch: usize, baselines: Vec<(usize, Sighting)>) {
        let members: Vec<usize> = baselines.iter().map(|(member, _)| *member).collect();
        let attempt = members.iter().map(|&member| self.targets[member].attempts).max().unwrap_or(0) + 1;
        for (member, seen) in baselines {
            let target = &mut self.targets[member];
            if target.sent_at.is_none() || planted(Mutant::BaselineMovesForward) {
                target.baseline = Some(Box::new(seen));
            }
            self.enter(member, Phase::Submitting);
        }
        let submission =
            Submission { ids: InstanceSet::of_distinct(&self.ids(&members)), image: self.plan.image_id(), attempt };
        self.tell(News::Submitting { batch: batch + 1, instances: members.len(), attempt });
        let ticket = self.ticket(Errand::Submit { batch, members, sent: self.now });
        self.actions.push_back(Action::Submit(ticket, submission));
    }
}

/// What the observation right before a request allows.
enum Baseline {
    /// To submit it.
    Fit,
    /// To leave it alone.
    Unfit(Reason),
    /// To leave it alone, after a request that is shown to have started nothing.
    UnfitAgain(Reason),
    /// Nothing: it does not look as it did before the first request, which may be why.
    Changed,
    /// Nothing: it lacks what the baseline had.
    Unavailable,
}

fn incomplete() -> Fault {
    Fault::new(FaultKind::Unreadable, "the answer lacks a field that it had before the first request")
}
