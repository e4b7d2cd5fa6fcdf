//! What becomes of a target that a request may have reinstalled, observation by observation.

use crate::comparison::{Comparison, Reference, compare, installing, state_shows_reinstall};
use crate::evidence::Fact;
use crate::fault::{Fault, FaultKind};
use crate::mutant::{Mutant, planted};
use crate::notice::News;
use crate::policy::Policy;
use crate::sighting::Sighting;
use crate::summary::{Outcome, Reason};
use crate::time::Timestamp;

use super::Rollout;
use super::assess::{Assessment, Capabilities, Observed, assess};
use super::phase::{AfterRefusal, Phase, Stage, Streak, Watch};

impl Rollout {
    /// An observation that was asked for at `sent` came back.
    pub(super) fn seen(&mut self, member: usize, sent: Timestamp, seen: &Sighting) {
        let target = &mut self.targets[member];
        let (Phase::Watched(watch), Some(baseline)) = (&mut target.phase, &target.baseline) else { return };
        self.has_operation_words |= seen.operation.is_some();
        let policy = self.plan.policy();
        let compared = compare(seen, &Reference { baseline, shown: *watch.shown.of(seen.via) });
        let says = watch.in_time(compared, sent, policy);
        if says == Comparison::Unavailable {
            watch.break_streaks();
            let fault = Fault::new(FaultKind::Unreadable, "the answer lacks what the cloud showed of it before");
            self.unread(member, sent, fault);
            return;
        }
        let observed = Observed { seen, says, sent, now: self.now };
        watch.note(&observed, baseline.operation.is_none(), policy);
        if says == Comparison::InProgress {
            // An instance whose `state` moves shows it for all that are alike, whichever call is asked. One that had no
            // `operation_state` before shows it for the call that has one now.
            self.shows_by_state |= state_shows_reinstall(seen);
            if baseline.operation.is_none() && seen.operation.is_some() && seen.via == baseline.via {
                self.shows_by_operation.note(seen.via);
            }
        }
        // What was seen to take less than the policy thinks possible can be missed in less.
        let quickest = self.quickest.map_or(policy.shortest, |quickest| quickest * 3 / 4);
        let capabilities = Capabilities {
            shows_by_state: self.shows_by_state,
            shows_by_operation: self.shows_by_operation,
            has_operation_words: self.has_operation_words,
            shortest: policy.shortest.min(quickest),
        };
        let assessment = assess(watch, baseline, &observed, &capabilities, &self.plan);
        self.conclude(member, seen, assessment);
    }

    fn conclude(&mut self, member: usize, seen: &Sighting, assessment: Assessment) {
        match assessment {
            Assessment::GoOn => {}
            Assessment::Moves => {
                self.learn(member, self.now, Fact::Moving(seen.into()));
                self.tell(News::Installing { id: self.targets[member].id });
                if let Phase::Watched(watch) = &self.targets[member].phase {
                    let watch = Watch { stage: Stage::Installing { since: self.now }, ..(**watch).clone() };
                    self.enter(member, Phase::Watched(Box::new(watch)));
                }
            }
            Assessment::Succeeded => {
                self.learn(member, self.now, Fact::Rested(seen.into()));
                self.time(member);
                self.end(member, Outcome::Succeeded, None);
            }
            Assessment::Failed(reason) => {
                self.learn(member, self.now, Fact::Rested(seen.into()));
                self.end(member, Outcome::Failed, Some(reason));
            }
            Assessment::OtherImage(image, reason) => {
                self.learn(member, self.now, Fact::Rested(seen.into()));
                self.learn(member, self.now, Fact::ImageDiffers(image));
                self.tell(News::ImageDiffers { id: self.targets[member].id, image });
                self.end(member, Outcome::Unresolved, Some(reason));
            }
            Assessment::Unresolved(reason) => {
                self.learn(member, self.now, Fact::LastSeen(seen.into()));
                self.end(member, Outcome::Unresolved, Some(reason));
            }
            Assessment::NotStarted => self.settle(member),
        }
    }

    /// Learns from a success how quick a reinstall can be here.
    fn time(&mut self, member: usize) {
        if let Phase::Watched(watch) = &self.targets[member].phase {
            // It may have stood there for a while until that could be believed.
            let ended = watch.end.map_or(self.now, |end| end.since);
            let took = ended.since(watch.submitted_at);
            self.quickest = Some(self.quickest.map_or(took, |quickest| quickest.min(took)));
        }
    }

    /// The request is shown to have started nothing: try again, or leave it at that.
    pub(super) fn settle(&mut self, member: usize) {
        let Phase::Watched(watch) = &self.targets[member].phase else { return };
        let refusal = watch.refusal.clone();
        if let Stage::Doubtful { since, .. } = watch.stage {
            let watched = self.now.since(since);
            self.learn(member, self.now, Fact::StayedUnchanged(watched));
        }
        match refusal {
            None => self.settle_doubt(member),
            Some(refusal) => match refusal.then {
                AfterRefusal::Retry => {
                    self.release(member);
                    self.reopen(self.targets[member].batch);
                }
                AfterRefusal::GiveUp => self.end(member, Outcome::NotStarted, Some(Reason::from(&refusal.fault))),
                AfterRefusal::Fail => self.end(member, Outcome::Failed, Some(Reason::from(&refusal.fault))),
            },
        }
    }

    fn settle_doubt(&mut self, member: usize) {
        let target = &self.targets[member];
        let (id, batch, attempts) = (target.id, target.batch, target.attempts);
        let attempts_max = self.plan.policy().attempts_max + u32::from(planted(Mutant::OneAttemptMore));
        if attempts < attempts_max {
            self.halt_before_a_retry();
        }
        let is_halted = self.halted.is_some() && !planted(Mutant::HaltedRetries);
        if !is_halted && attempts < attempts_max {
            self.tell(News::Retrying { id });
            self.enter(member, Phase::Waiting);
            self.reopen(batch);
        } else {
            let message = format!("shown not to have started, after attempt {attempts}");
            self.end(member, Outcome::NotStarted, Some(Reason::new("not_started", message)));
        }
    }

    /// An observation of a target told nothing. That is borne until the target's time is up.
    pub(super) fn unread(&mut self, member: usize, sent: Timestamp, fault: Fault) {
        let Phase::Watched(watch) = &self.targets[member].phase else { return };
        if sent >= watch.submitted_at + self.plan.policy().finish_within {
            let reason = Reason::from(&fault);
            self.learn(member, self.now, Fact::Unread(Box::new(fault)));
            self.end(member, Outcome::Unresolved, Some(reason));
        }
    }
}

impl Watch {
    /// What an observation may count for, by when it was sent. While a request is in doubt, a replica that lags may show an
    /// operation of before it: so soon after the request, progress proves no more than that something was done.
    fn in_time(&self, says: Comparison, sent: Timestamp, policy: &Policy) -> Comparison {
        let may_be_older = matches!(self.stage, Stage::Doubtful { .. }) && sent < self.submitted_at + policy.read_lag();
        let is_early = says == Comparison::InProgress && may_be_older && !planted(Mutant::EarlyProgressIsBelieved);
        if is_early { Comparison::Ambiguous } else { says }
    }

    /// From when on an observation that says that it is over counts. A replica may lag by as long as a reinstall takes: what was
    /// sent so long after the request was carried out cannot show a time before that.
    pub(super) fn ends_count_from(&self, policy: &Policy) -> Timestamp {
        let carried_out = match self.stage {
            Stage::Doubtful { .. } => self.submitted_at,
            Stage::Accepted { since } | Stage::Installing { since } => since,
        };
        if planted(Mutant::ReplicasHardlyLag) { self.submitted_at } else { carried_out + policy.shortest }
    }

    /// What was observed before does not count as in a row with what comes next.
    pub(super) fn break_streaks(&mut self) {
        (self.end, self.unchanged) = (None, 0);
    }

    /// Remembers what an observation showed, and for how long there was none before.
    fn note(&mut self, observed: &Observed<'_>, baseline_lacks_operation: bool, policy: &Policy) {
        let &Observed { seen, says, sent, now } = observed;
        match self.stage {
            Stage::Doubtful { settle_at, .. } => {
                self.unwatched_max = self.unwatched_max.max(now.since(self.watched_to));
                self.was_unclear |= says == Comparison::Ambiguous;
                if seen.operation.is_none() && baseline_lacks_operation {
                    self.mute_calls.note(seen.via);
                }
                let settles = says == Comparison::Unchanged && sent >= settle_at;
                self.unchanged = if settles { self.unchanged + 1 } else { 0 };
            }
            // Time in which nothing was read is no time without movement.
            Stage::Accepted { .. } => {
                let gap = sent.since(self.watched_to);
                let counted = if planted(Mutant::UnreadTimeCounts) { gap } else { gap.min(policy.poll_every * 2) };
                self.watched += counted;
            }
            Stage::Installing { .. } => {}
        }
        self.watched_to = self.watched_to.max(sent);
        if says == Comparison::InProgress {
            let shown = self.shown.of_mut(seen.via);
            shown.progress = true;
            shown.installing = installing(seen.operation.as_ref()).or(shown.installing);
        }
        self.note_end(observed, policy);
    }

    fn note_end(&mut self, observed: &Observed<'_>, policy: &Policy) {
        let &Observed { seen, says, sent, now } = observed;
        if !says.is_an_end() {
            self.end = None;
            return;
        }
        let counts = sent >= self.ends_count_from(policy);
        let before = self.end.filter(|end| (end.says, end.via) == (says, seen.via));
        let Streak { count, since, .. } = before.unwrap_or(Streak { says, via: seen.via, count: 0, since: now });
        self.end = Some(Streak { says, via: seen.via, count: count + u32::from(counts), since });
    }
}
