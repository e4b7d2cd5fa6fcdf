//! What a look at a submitted target proves, and what it does not.
//!
//! * *Succeeded* needs movement: a working state, or an end state that differs from the baseline. One that does not say in so
//!   many words that something ended, after movement, may be shown by a replica that lags: it looks like the baseline, or
//!   like what a stranger left after that. So it has to be seen twice in a row by looks sent as long after the first
//!   movement as a reinstall takes at least: by then both would have to lag by a whole reinstall.
//! * *Failed* after movement is judged without regard to what the baseline said: by then nothing is left over.
//! * *Not started* needs a watch without a gap, in which nothing else happened to the instance either, and a service that
//!   shows reinstalls at all: an instance that had an `operation_state`, or any that moved as this one would, by the call
//!   that looked at this one. Otherwise looking proves nothing, and the end is *unresolved*.
//! * A submission that the cloud accepted is never called *not started*, however long nothing moves.

use std::time::Duration;

use crate::evidence::Fact;
use crate::fault::{Fault, FaultKind};
use crate::instance::{InstanceState, OperationState};
use crate::mutant::{Mutant, planted};
use crate::notice::News;
use crate::policy::Policy;
use crate::sighting::{Reading, Rest, Sighting, moves_by_state, read, rest, says_the_same, tells_less};
use crate::summary::{Outcome, Reason};
use crate::time::{Plain, Timestamp};

use super::Rollout;
use super::phase::{EachCall, Phase, Stage, Watch};

/// How often an end has to be seen that does not say in so many words that it is one.
const RESTS_NEEDED: u32 = 2;

/// What this rollout knows of the service it speaks to.
#[derive(Debug)]
struct Experience {
    /// Whether `state` was ever seen to show that an instance is being reinstalled.
    shows_by_state: bool,
    /// Which calls were ever seen to show it by an `operation_state` that they did not have before.
    shows_by_operation: EachCall,
    /// The shortest time in which a reinstall can begin and end here.
    shortest: Duration,
}

/// What a sighting means for a watched target.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    /// Nothing new; go on.
    GoOn,
    /// It moves.
    Moves,
    /// It is reinstalled.
    Succeeded,
    /// The cloud says that it did not work.
    Failed(Reason),
    /// The submission did not take hold.
    NotStarted,
    /// Looking on would not tell more.
    Unresolved(Reason),
}

impl Rollout {
    /// A look that was sent at `sent` showed a target.
    pub(super) fn seen(&mut self, member: usize, sent: Timestamp, seen: &Sighting) {
        let Phase::Watched(watch) = &mut self.targets[member].phase else { return };
        let policy = self.plan.policy();
        let before = watch.moving.as_ref().unwrap_or(&watch.baseline);
        let reading = read(seen, before);
        if reading == Reading::Unchanged && (seen.state.is_none() || tells_less(seen, before)) {
            // What does not tell the state does not tell that nothing happened to it.
            self.unread(member, sent, Fault::new(FaultKind::Unreadable, "the cloud did not tell its state"));
            return;
        }
        watch.note(seen, reading, sent, self.now, policy.shortest);
        watch.watched_to = sent;
        if reading == Reading::Working {
            // An instance whose `state` moves shows it for all that are alike, whichever call is asked. One that had no
            // `operation_state` before shows it for the call that has one now.
            self.shows_by_state |= moves_by_state(seen);
            if watch.baseline.operation.is_none() && seen.via == watch.baseline.via {
                self.shows_by_operation.note(seen.via);
            }
        }
        // What was seen to take less than the policy thinks possible can be missed in less.
        let quickest = self.quickest.map_or(policy.shortest, |quickest| quickest * 3 / 4);
        let experience = Experience {
            shows_by_state: self.shows_by_state,
            shows_by_operation: self.shows_by_operation,
            shortest: policy.shortest.min(quickest),
        };
        let finding = weigh(watch, seen, reading, sent, &experience, policy);
        self.conclude(member, seen, finding);
    }

    fn conclude(&mut self, member: usize, seen: &Sighting, finding: Finding) {
        match finding {
            Finding::GoOn => {}
            Finding::Moves => {
                self.learn(member, self.now, Fact::Moving(seen.into()));
                self.tell(News::Installing { id: self.targets[member].id });
                if let Phase::Watched(watch) = &self.targets[member].phase {
                    let watch = Watch { stage: Stage::Installing { since: self.now }, ..(**watch).clone() };
                    self.enter(member, Phase::Watched(Box::new(watch)));
                }
            }
            Finding::Succeeded => {
                self.learn(member, self.now, Fact::Rested(seen.into()));
                self.compare_image(member, seen);
                self.time(member);
                self.end(member, Outcome::Succeeded, None);
            }
            Finding::Failed(reason) => {
                self.learn(member, self.now, Fact::Rested(seen.into()));
                self.end(member, Outcome::Failed, Some(reason));
            }
            Finding::Unresolved(reason) => {
                self.learn(member, self.now, Fact::LastSeen(seen.into()));
                self.end(member, Outcome::Unresolved, Some(reason));
            }
            Finding::NotStarted => self.settle(member),
        }
    }

    /// Learns from a success how quick a reinstall can be here.
    fn time(&mut self, member: usize) {
        if let Phase::Watched(watch) = &self.targets[member].phase {
            // It may have stood there for a while until that could be believed.
            let ended = if watch.rest == Rest::NotYet { self.now } else { watch.rests_since };
            let took = ended.since(watch.submitted_at);
            self.quickest = Some(self.quickest.map_or(took, |quickest| quickest.min(took)));
        }
    }

    /// Tells if the cloud names another image than the one asked for.
    fn compare_image(&mut self, member: usize, seen: &Sighting) {
        if let (Some(wanted), Some(image)) = (self.plan.image_id(), seen.image)
            && wanted != image
        {
            self.learn(member, self.now, Fact::ImageDiffers(image));
            self.tell(News::ImageDiffers { id: self.targets[member].id, image });
        }
    }

    /// The submission is shown not to have taken hold: try again, or leave it at that.
    fn settle(&mut self, member: usize) {
        let Phase::Watched(watch) = &self.targets[member].phase else {
            return;
        };
        if let Stage::Doubtful { since, .. } = watch.stage {
            let watched = self.now.since(since);
            self.learn(member, self.now, Fact::StayedUnchanged(watched));
        }
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

    /// A look at a target told nothing. That is borne until the target's time is up.
    pub(super) fn unread(&mut self, member: usize, sent: Timestamp, fault: Fault) {
        let Phase::Watched(watch) = &self.targets[member].phase else {
            return;
        };
        if sent >= watch.submitted_at + self.plan.policy().finish_within {
            let reason = Reason::from(&fault);
            self.learn(member, self.now, Fact::Unread(Box::new(fault)));
            self.end(member, Outcome::Unresolved, Some(reason));
        }
    }
}

impl Watch {
    /// Remembers what a look showed, and for how long nobody had looked before.
    fn note(&mut self, seen: &Sighting, reading: Reading, sent: Timestamp, now: Timestamp, shortest: Duration) {
        match self.stage {
            Stage::Doubtful { .. } => {
                self.unwatched_max = self.unwatched_max.max(now.since(self.watched_to));
                self.was_unclear |= reading == Reading::Unclear;
                if seen.operation.is_none() && self.baseline.operation.is_none() {
                    self.mute_calls.note(seen.via);
                }
            }
            Stage::Accepted { .. } | Stage::Installing { .. } => {}
        }
        let rest = self.moving.as_ref().map_or(Rest::NotYet, |moving| rest(seen, moving));
        if rest != self.rest {
            (self.rest, self.rests, self.rests_since) = (rest, 0, now);
        }
        self.rests += u32::from(!self.may_lag(sent, shortest));
        if reading == Reading::Working {
            self.moving = Some(seen.clone());
        }
    }

    /// Whether what was seen says in so many words that something ended, and nothing said so before the request.
    fn is_plain(&self, seen: &Sighting, reading: Reading) -> bool {
        matches!(reading, Reading::Finished | Reading::Broken) && !says_the_same(seen, &self.baseline)
    }

    /// Whether an end that does not say so may just be how it stood before the request, or was left by a stranger then: a look
    /// sent at `sent`, so soon after it moved, need not even lag by a whole reinstall for that.
    fn may_lag(&self, sent: Timestamp, shortest: Duration) -> bool {
        match self.stage {
            Stage::Installing { since } => sent < since + shortest && !planted(Mutant::ReplicasHardlyLag),
            Stage::Doubtful { .. } | Stage::Accepted { .. } => false,
        }
    }

    /// Whether the end that was seen can be believed. What does not say in so many words that it is over may come from a
    /// replica that stands still, or still go on: it has to be seen twice in a row.
    fn is_certain(&self, seen: &Sighting, reading: Reading) -> bool {
        let rests_needed = if planted(Mutant::OneRestIsEnough) { 1 } else { RESTS_NEEDED };
        self.is_plain(seen, reading) || self.rests >= rests_needed
    }
}

/// What a sighting means for a target that is watched so. Deadlines are judged by when the look was sent: only a look that
/// was sent after a deadline tells that nothing happened before it.
fn weigh(
    watch: &Watch,
    seen: &Sighting,
    reading: Reading,
    sent: Timestamp,
    experience: &Experience,
    policy: &Policy,
) -> Finding {
    let is_certain = watch.is_certain(seen, reading);
    let runs = seen.state == Some(InstanceState::Running);
    if planted(Mutant::RunningIsDone) && matches!(watch.stage, Stage::Accepted { .. }) && runs {
        return Finding::Succeeded;
    }
    if planted(Mutant::NewMarksProveSuccess) && seen.updated_at != watch.baseline.updated_at && runs {
        return Finding::Succeeded;
    }
    match (watch.stage, reading, watch.rest) {
        (Stage::Installing { .. }, _, Rest::Good) if is_certain => return Finding::Succeeded,
        (Stage::Installing { .. }, _, Rest::Bad) if is_certain => return Finding::Failed(why_broken(seen)),
        (Stage::Installing { .. }, _, Rest::Tainted) if is_certain => return Finding::Unresolved(why_tainted(seen)),
        (Stage::Installing { .. }, ..) => {}
        (_, Reading::Broken, _) => return Finding::Failed(why_broken(seen)),
        (_, Reading::Finished, _) => return Finding::Succeeded,
        (_, Reading::Working, _) => return Finding::Moves,
        (_, Reading::Unchanged | Reading::Unclear, _) => {}
    }
    // At rest, but not seen so for long enough: later looks will tell, and who comes back late has had no other.
    let is_nearly_certain = matches!(watch.stage, Stage::Installing { .. }) && watch.rest != Rest::NotYet;
    if sent >= watch.submitted_at + policy.finish_within && !is_nearly_certain {
        if planted(Mutant::TimeUpIsSuccess) {
            return Finding::Succeeded;
        }
        let within = Plain(policy.finish_within);
        return Finding::Unresolved(Reason::new("finish_timeout", format!("still not at its end after {within}")));
    }
    let settles_at_once = planted(Mutant::DoubtSettlesAtOnce);
    match watch.stage {
        Stage::Doubtful { settle_at, .. }
            if (sent >= settle_at || settles_at_once) && reading == Reading::Unchanged =>
        {
            why_not_settled(watch, seen, experience).map_or(Finding::NotStarted, Finding::Unresolved)
        }
        Stage::Accepted { start_by } if sent >= start_by && planted(Mutant::AcceptedIsNotStarted) => {
            Finding::NotStarted
        }
        Stage::Accepted { start_by } if sent >= start_by => {
            let within = Plain(policy.start_within);
            let message = format!("accepted, but nothing was seen to move for {within}; it may yet begin");
            Finding::Unresolved(Reason::new("no_movement", message))
        }
        Stage::Doubtful { .. } | Stage::Accepted { .. } | Stage::Installing { .. } => Finding::GoOn,
    }
}

/// Why a watch without any change does not prove that nothing was started; `None` if it does.
fn why_not_settled(watch: &Watch, seen: &Sighting, experience: &Experience) -> Option<Reason> {
    if planted(Mutant::SameMarksProveNothing)
        && seen.updated_at.is_some()
        && seen.updated_at == watch.baseline.updated_at
    {
        return None;
    }
    if watch.lost_sight {
        let message = "the clock was set back while nobody looked, so nobody knows how long that was";
        return Some(Reason::new("clock_set_back", message));
    }
    if watch.unwatched_max > experience.shortest && !planted(Mutant::GapsAreIgnored) {
        let unwatched = Plain(watch.unwatched_max);
        let message = format!("nobody could look for {unwatched}, long enough for a whole reinstall");
        return Some(Reason::new("gap", message));
    }
    if watch.was_unclear {
        let message = "something was done to it while it was in doubt, and looking could not tell what";
        return Some(Reason::new("unclear", message));
    }
    let would_show = experience.shows_by_state || watch.mute_calls.is_within(experience.shows_by_operation);
    (!would_show && !planted(Mutant::SilenceIsProof)).then(|| {
        let message = "the request got no answer, and this service has not yet been seen to show a reinstall";
        Reason::new("nothing_shown", message)
    })
}

/// It runs again after a reinstall, and the error of before is still there.
fn why_tainted(seen: &Sighting) -> Reason {
    let error = seen.fault.as_ref().map(|fault| fault.code.to_string()).unwrap_or_default();
    let message = format!("it moved and runs again, but the cloud still shows the error it showed before: {error}");
    Reason::new("error_remains", message)
}

/// The cloud's words for a reinstall that did not work; its state words where it gave none.
fn why_broken(seen: &Sighting) -> Reason {
    if let Some(fault) = &seen.fault {
        return Reason { code: fault.code.clone(), message: fault.message.clone() };
    }
    let word = seen.operation.as_ref().map(OperationState::as_word).or(seen.state.as_ref().map(InstanceState::as_word));
    Reason::new(word.unwrap_or("failed"), format!("the cloud gave no reason; {}", crate::evidence::Words::from(seen)))
}
