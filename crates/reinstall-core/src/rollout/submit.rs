//! The answer of a request, and what it leaves behind: accepted, or in doubt. A refusal is a doubt of its own, see
//! [`refusal`](super::refusal).

use std::collections::BTreeSet;
use std::time::Duration;

use crate::action::Answer;
use crate::evidence::Fact;
use crate::fault::{Fault, FaultKind, Repeat, Sent, Verdict, verdict};
use crate::id::{InstanceId, RequestId};
use crate::mutant::{Mutant, planted};
use crate::notice::News;
use crate::retry::Backoff;
use crate::summary::{Outcome, Reason};
use crate::time::Timestamp;

use super::Rollout;
use super::phase::{EachCall, PerSource, Phase, Refusal, Stage, Watch};

/// How long a batch waits before it is tried again, where the cloud names no time of its own.
const BACKOFF: Backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(30) };

/// A request that was answered, or was not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sending<'a> {
    pub(super) batch: usize,
    pub(super) members: &'a [usize],
    /// When it left.
    pub(super) sent: Timestamp,
}

impl Rollout {
    /// The request was answered, or was not.
    pub(super) fn submit_answered(&mut self, sending: Sending<'_>, answer: Answer) {
        self.opening -= 1;
        let Sending { batch, members, sent } = sending;
        let never_left = matches!(&answer, Answer::Failed(fault) if fault.sent() == Sent::No);
        if !never_left {
            for &member in members {
                self.targets[member].sent_at = Some(sent);
            }
        }
        match answer {
            Answer::Accepted { ids, request_id } => self.accepted(sending, &ids, request_id),
            Answer::Looked(_) => {
                let fault = Fault::new(FaultKind::Unreadable, "the request was answered with something else");
                self.doubted(sending, &fault);
            }
            Answer::Failed(fault) if never_left && verdict(&fault, Repeat::Once) == Verdict::Denied => {
                self.denied(fault);
                for &member in members {
                    self.release(member);
                }
            }
            Answer::Failed(fault) if never_left => self.postpone(batch, members, fault),
            Answer::Failed(fault) if planted(Mutant::LostIsSentAgain) && fault.sent() == Sent::Maybe => {
                self.postpone(batch, members, fault);
            }
            Answer::Failed(fault) => match verdict(&fault, Repeat::Once) {
                Verdict::Again => self.throttled(sending, &fault),
                Verdict::Refused => self.refused(sending, &fault),
                Verdict::Denied => self.access_denied(sending, &fault),
                Verdict::Doubt => self.doubted(sending, &fault),
            },
        }
        self.reopen(batch);
    }

    fn accepted(&mut self, sending: Sending<'_>, ids: &[InstanceId], request_id: Option<RequestId>) {
        let Sending { batch, members, sent } = sending;
        self.something_came_of(batch);
        let named: BTreeSet<InstanceId> = ids.iter().copied().collect();
        let asked: BTreeSet<InstanceId> = self.ids(members).into_iter().collect();
        let left_out = asked.difference(&named).count();
        let instances = asked.len() - left_out;
        self.tell(News::Accepted { batch: batch + 1, instances, left_out, request_id: request_id.clone() });
        let strangers: Vec<InstanceId> = named.difference(&asked).copied().collect();
        if !strangers.is_empty() {
            self.tell(News::Strangers { batch: batch + 1, ids: strangers });
        }
        for &member in members {
            self.targets[member].request_id.clone_from(&request_id);
            if named.contains(&self.targets[member].id) || planted(Mutant::LeftOutIsAccepted) {
                self.took(member, sent, Fact::Acknowledged(request_id.clone()));
                self.watch(member, sent, Stage::Accepted { since: self.now }, None);
            } else {
                self.took(member, sent, Fact::LeftOut(request_id.clone()));
                self.doubt(member, sent);
            }
        }
    }

    fn doubted(&mut self, sending: Sending<'_>, fault: &Fault) {
        self.something_came_of(sending.batch);
        self.tell(News::Doubted { batch: sending.batch + 1, instances: sending.members.len(), fault: fault.clone() });
        for &member in sending.members {
            self.targets[member].request_id.clone_from(&fault.request_id);
            self.took(member, sending.sent, Fact::Unanswered(Box::new(fault.clone())));
            self.doubt(member, sending.sent);
        }
    }

    fn doubt(&mut self, member: usize, sent: Timestamp) {
        let settle_at = self.now + self.plan.policy().settle_after;
        self.watch(member, sent, Stage::Doubtful { since: self.now, settle_at }, None);
    }

    /// It was shown not to have started, and now, right before the next request, it looks different: maybe the request before
    /// was carried out after all.
    pub(super) fn doubt_again(&mut self, member: usize) {
        let sent = self.targets[member].sent_at.unwrap_or(self.started_at);
        self.doubt(member, sent);
        if let Phase::Watched(watch) = &mut self.targets[member].phase {
            // Whatever it was, that it looks as before once more would prove nothing.
            watch.was_unclear = true;
        }
    }

    /// Counts an attempt and writes down what it was and what came of it.
    pub(super) fn took(&mut self, member: usize, sent: Timestamp, came_of_it: Fact) {
        let target = &mut self.targets[member];
        target.attempts += 1;
        target.submitted_at = Some(sent);
        let attempt = target.attempts;
        if let Some(baseline) = &target.baseline {
            let words = (&**baseline).into();
            self.learn(member, sent, Fact::Baseline(words));
        }
        self.learn(member, sent, Fact::Submitted(attempt));
        self.learn(member, self.now, came_of_it);
    }

    /// Watches a target that a request may have reinstalled, from now on.
    pub(super) fn watch(&mut self, member: usize, sent: Timestamp, stage: Stage, refusal: Option<Refusal>) {
        let watch = Watch {
            stage,
            refusal: refusal.map(Box::new),
            submitted_at: sent,
            shown: PerSource::default(),
            watched_to: sent,
            unwatched_max: Duration::ZERO,
            watched: Duration::ZERO,
            was_unclear: false,
            mute_calls: EachCall::default(),
            lost_sight: false,
            end: None,
            unchanged: 0,
        };
        self.enter(member, Phase::Watched(Box::new(watch)));
        // Doubt is looked into at once; an accepted request needs time to show.
        let first_look = match stage {
            Stage::Doubtful { .. } => self.now,
            Stage::Accepted { .. } | Stage::Installing { .. } => self.now + self.plan.policy().poll_every,
        };
        self.looks_due.insert((first_look, member));
    }

    /// The patience with a batch begins anew.
    fn something_came_of(&mut self, batch: usize) {
        self.batches[batch].trying_since = None;
        self.batches[batch].failures = 0;
    }

    /// Gives back targets of a batch that no request has reached, to be tried later, or ends them if time is up.
    pub(super) fn postpone(&mut self, batch: usize, members: &[usize], fault: Fault) {
        if self.try_later(batch, &fault) {
            for &member in members {
                self.release(member);
            }
        } else {
            for &member in members {
                self.end(member, Outcome::NotStarted, Some(Reason::from(&fault)));
            }
        }
    }

    /// Puts a batch off after a request that started nothing, or failed to be sent; `false` if its time is up.
    pub(super) fn try_later(&mut self, batch: usize, fault: &Fault) -> bool {
        let run = &mut self.batches[batch];
        let give_up_at = run.trying_since.unwrap_or(self.now) + self.plan.policy().submit_within;
        let asked_for = fault.retry_after.unwrap_or_default();
        if self.now >= give_up_at || self.now + asked_for > give_up_at {
            return false;
        }
        run.failures += 1;
        let dice = self.dice.throw(&[batch as u64, u64::from(run.failures)]);
        let wait = BACKOFF.delay(run.failures, dice).max(asked_for);
        // One last try when time is up, rather than none after a long wait.
        let until = (self.now + wait).min(give_up_at);
        run.not_before = until;
        if matches!(fault.kind, FaultKind::Throttled | FaultKind::HeldBack) {
            self.submit_not_before = self.submit_not_before.max(until);
        }
        if self.halted.is_none() {
            self.tell(News::Postponed { batch: batch + 1, fault: fault.clone(), until });
        }
        true
    }
}
