//! From the baseline look to the answer of the request.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::action::{Action, Answer, Look, Submission};
use crate::evidence::{Evidence, Fact, Words};
use crate::fault::{Fault, FaultKind, Repeat, Sent, Verdict, verdict};
use crate::id::{InstanceId, RequestId};
use crate::instance_set::InstanceSet;
use crate::mutant::{Mutant, planted};
use crate::notice::News;
use crate::retry::Backoff;
use crate::sighting::{Rest, Sighting, is_busy};
use crate::summary::{HaltCause, Outcome, Reason};
use crate::time::Timestamp;

use super::Rollout;
use super::look::unmentioned;
use super::phase::{EachCall, Errand, Phase, Stage, Watch};

/// How long a batch waits before it is tried again, where the cloud names no time of its own.
const BACKOFF: Backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(30) };

/// The reason of one that somebody is at work on.
const BUSY: &str = "busy";

impl Rollout {
    /// The look right before the request came back: submit what looks as it should.
    pub(super) fn baseline_answered(&mut self, batch: usize, members: &[usize], sent: Timestamp, answer: Answer) {
        // One that was under way for as long as a reinstall takes, as on a laptop that slept, is none any more.
        let is_stale = self.now.since(sent) > self.plan.policy().shortest;
        let stale = || Answer::Failed(Fault::new(FaultKind::TimedOut, "the look took as long as a reinstall may"));
        let looks = match if is_stale { stale() } else { answer } {
            Answer::Looked(looks) => looks.into_iter().collect(),
            Answer::Accepted { .. } => BTreeMap::new(),
            Answer::Failed(fault) => {
                if verdict(&fault, Repeat::Safe) == Verdict::Denied {
                    self.opening -= 1;
                    self.denied(members, fault);
                    return;
                }
                self.tell(News::LookFailed { instances: members.len(), fault: fault.clone() });
                members.iter().map(|&member| (self.targets[member].id, Look::Unread(fault.clone()))).collect()
            }
        };
        let baselines = self.take_baselines(batch, members, looks);
        // A halt, or a request of another batch that was throttled meanwhile: by then these baselines would be stale.
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

    /// Sorts the members of a batch by how they look: fit to be submitted, to be left alone, or not readable.
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
            match looks.remove(&self.targets[member].id) {
                Some(Look::Seen(seen)) => match self.objection_to(self.targets[member].id, &seen) {
                    Some(reason) => self.end_unfit(member, reason),
                    None => baselines.push((member, seen)),
                },
                Some(Look::Gone(fault)) => self.end(member, Outcome::Skipped, Some(Reason::from(&fault))),
                Some(Look::Unread(fault)) => {
                    unread.push(member);
                    unread_why = Some(fault);
                }
                None => {
                    unread.push(member);
                    unread_why = Some(unmentioned());
                }
            }
        }
        if let Some(fault) = unread_why {
            self.postpone(batch, &unread, fault);
        }
        baselines
    }

    /// Why an instance that looks like this must not be wiped now.
    fn objection_to(&self, id: InstanceId, seen: &Sighting) -> Option<Reason> {
        let states = &self.plan.policy().start_states;
        if is_busy(seen) && !planted(Mutant::BusyIsFit) {
            return Some(Reason::new(BUSY, format!("somebody is at work on it: {}", words(seen))));
        }
        if let Some(drift) = self.plan.survey().get(&id).and_then(|surveyed| surveyed.drift(seen)) {
            return Some(Reason::new("changed", drift.to_string()));
        }
        match &seen.state {
            Some(state) if states.contains(state) || planted(Mutant::AnyStateIsFit) => None,
            Some(_) => {
                let wanted: Vec<&str> = states.iter().map(|state| state.as_word()).collect();
                Some(Reason::new("wrong_state", format!("{}; it must be {}", words(seen), wanted.join(" or "))))
            }
            None => Some(Reason::new("state_unknown", "the cloud does not tell its state")),
        }
    }

    fn submit(&mut self, batch: usize, baselines: Vec<(usize, Sighting)>) {
        let members: Vec<usize> = baselines.iter().map(|(member, _)| *member).collect();
        let attempt = members.iter().map(|&member| self.targets[member].attempts).max().unwrap_or(0) + 1;
        for (member, baseline) in baselines {
            self.enter(member, Phase::Submitting(Box::new(baseline)));
        }
        let submission =
            Submission { ids: InstanceSet::of_distinct(&self.ids(&members)), image: self.plan.image_id(), attempt };
        self.tell(News::Submitting { batch: batch + 1, instances: members.len(), attempt });
        let ticket = self.ticket(Errand::Submit { batch, members, sent: self.now });
        self.actions.push_back(Action::Submit(ticket, submission));
    }

    /// The request was answered, or was not.
    pub(super) fn submit_answered(&mut self, batch: usize, members: &[usize], sent: Timestamp, answer: Answer) {
        self.opening -= 1;
        match answer {
            Answer::Accepted { ids, request_id } => self.accepted(batch, members, sent, &ids, request_id),
            Answer::Looked(_) => {
                let fault = Fault::new(FaultKind::Unreadable, "the request was answered with something else");
                self.doubted(batch, members, sent, &fault);
            }
            Answer::Failed(fault) => match verdict(&fault, Repeat::Once) {
                Verdict::Again => {
                    let fault = self.refused_for_now(members, fault);
                    self.postpone(batch, members, fault);
                }
                Verdict::Refused => self.refused(batch, members, sent, &fault),
                Verdict::Denied => {
                    for &member in members {
                        self.learn(member, self.now, Fact::Refused(Box::new(fault.clone())));
                    }
                    self.denied(members, fault);
                }
                Verdict::Doubt if planted(Mutant::LostIsSentAgain) => self.postpone(batch, members, fault),
                Verdict::Doubt if planted(Mutant::DoubtIsRefused) => self.refused(batch, members, sent, &fault),
                Verdict::Doubt if planted(Mutant::ServerErrorIsRefusal) && fault.kind == FaultKind::ServerFailed => {
                    self.refused(batch, members, sent, &fault);
                }
                Verdict::Doubt => self.doubted(batch, members, sent, &fault),
            },
        }
        self.reopen(batch);
    }

    fn accepted(
        &mut self,
        batch: usize,
        members: &[usize],
        sent: Timestamp,
        ids: &[InstanceId],
        request_id: Option<RequestId>,
    ) {
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
                let start_by = self.now + self.plan.policy().start_within;
                self.watch(member, sent, Stage::Accepted { start_by });
            } else {
                self.took(member, sent, Fact::LeftOut(request_id.clone()));
                self.doubt(member, sent);
            }
        }
    }

    fn doubted(&mut self, batch: usize, members: &[usize], sent: Timestamp, fault: &Fault) {
        self.something_came_of(batch);
        self.tell(News::Doubted { batch: batch + 1, instances: members.len(), fault: fault.clone() });
        for &member in members {
            self.targets[member].request_id.clone_from(&fault.request_id);
            self.took(member, sent, Fact::Unanswered(Box::new(fault.clone())));
            self.doubt(member, sent);
        }
    }

    fn doubt(&mut self, member: usize, sent: Timestamp) {
        let settle_at = self.now + self.plan.policy().settle_after;
        self.watch(member, sent, Stage::Doubtful { since: self.now, settle_at });
    }

    /// Refused for now, by an answer that the documents have for requests that started nothing. Nobody vouches for every gateway
    /// in between, so that the next baseline waits until it cannot be older than this answer: had it started something, that
    /// would show by then.
    fn refused_for_now(&mut self, members: &[usize], fault: Fault) -> Fault {
        if fault.kind.sent() != Sent::Answered {
            return fault;
        }
        for &member in members {
            if self.was_refused(member) {
                // Of many in a row the last one says enough.
                self.targets[member].evidence.pop();
            }
            self.learn(member, self.now, Fact::Refused(Box::new(fault.clone())));
        }
        let asked_for = fault.retry_after.unwrap_or_default();
        Fault { retry_after: Some(asked_for.max(self.plan.policy().poll_every)), ..fault }
    }

    /// Whether the last that is known of a target is that a request for it was refused.
    fn was_refused(&self, member: usize) -> bool {
        matches!(self.targets[member].evidence.last(), Some(Evidence { fact: Fact::Refused(_), .. }))
    }

    /// How a target ends that must not be wiped now. One that is busy after a request for it was refused may be so because of
    /// that request, whatever its answer said.
    fn end_unfit(&mut self, member: usize, reason: Reason) {
        let is_ours = reason.code.as_str() == BUSY && self.was_refused(member);
        if is_ours {
            let words = format!("{}; a request for it was refused just before, and may be why", reason.message);
            self.end(member, Outcome::Unresolved, Some(Reason::new(BUSY, words)));
        } else {
            self.end(member, Outcome::Skipped, Some(reason));
        }
    }

    /// Refused for good: nothing was started, and the same request would never do. Another one may.
    ///
    /// Those whom the cloud names as the reason are out. If it names nobody, the request is tried in halves until those at
    /// fault are alone. Only ever after a definite refusal; doubt is never split.
    fn refused(&mut self, batch: usize, members: &[usize], sent: Timestamp, fault: &Fault) {
        let is_named = |member: &usize| fault.named.contains(&self.targets[*member].id);
        let (named, others): (Vec<usize>, Vec<usize>) = members.iter().copied().partition(is_named);
        let run = &mut self.batches[batch];
        let (out, again) = match (named.is_empty(), members.len()) {
            (true, 1) => (others, vec![]),
            (true, len) => {
                run.len_max = len / 2;
                (vec![], others)
            }
            (false, _) => (named, others),
        };
        if !out.is_empty() {
            // Whoever is left need not be at fault.
            run.len_max = run.targets.end - run.targets.start;
        }
        let next_max = run.len_max;
        for &member in &again {
            self.release(member);
        }
        if again.is_empty() {
            self.tell(News::Refused { batch: batch + 1, fault: fault.clone() });
        } else {
            let instances = members.len();
            self.tell(News::Split { batch: batch + 1, instances, next_max, fault: fault.clone() });
        }
        for member in out {
            self.targets[member].request_id.clone_from(&fault.request_id);
            self.took(member, sent, Fact::Refused(Box::new(fault.clone())));
            self.end(member, Outcome::Failed, Some(Reason::from(fault)));
        }
    }

    /// Nothing was started, and no other request would fare better.
    fn denied(&mut self, members: &[usize], fault: Fault) {
        self.halt(HaltCause::Denied { fault });
        for &member in members {
            self.release(member);
        }
    }

    /// Counts an attempt and writes down what it was and what came of it.
    fn took(&mut self, member: usize, sent: Timestamp, came_of_it: Fact) {
        let target = &mut self.targets[member];
        target.attempts += 1;
        target.submitted_at = Some(sent);
        let attempt = target.attempts;
        if let Phase::Submitting(baseline) = &target.phase {
            let words = (&**baseline).into();
            self.learn(member, sent, Fact::Baseline(words));
        }
        self.learn(member, sent, Fact::Submitted(attempt));
        self.learn(member, self.now, came_of_it);
    }

    fn watch(&mut self, member: usize, sent: Timestamp, stage: Stage) {
        let Phase::Submitting(baseline) = &self.targets[member].phase else {
            return;
        };
        let watch = Watch {
            baseline: (**baseline).clone(),
            moving: None,
            stage,
            submitted_at: sent,
            watched_to: sent,
            unwatched_max: Duration::ZERO,
            was_unclear: false,
            mute_calls: EachCall::default(),
            lost_sight: false,
            rest: Rest::NotYet,
            rests: 0,
            rests_since: sent,
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

    /// Gives back targets of a batch that were not started, to be tried later, or ends them if time is up.
    fn postpone(&mut self, batch: usize, members: &[usize], fault: Fault) {
        let run = &mut self.batches[batch];
        let give_up_at = run.trying_since.unwrap_or(self.now) + self.plan.policy().submit_within;
        let asked_for = fault.retry_after.unwrap_or_default();
        if self.now >= give_up_at || self.now + asked_for > give_up_at {
            for &member in members {
                self.end(member, Outcome::NotStarted, Some(Reason::from(&fault)));
            }
            return;
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
        for &member in members {
            self.release(member);
        }
        if self.halted.is_none() {
            self.tell(News::Postponed { batch: batch + 1, fault, until });
        }
    }
}

fn words(seen: &Sighting) -> Words {
    seen.into()
}
