//! A rollout whose every input is written down before it counts, and every request before it leaves.
//!
//! This is the only way to an [`Action::Submit`] that can be brought back: whoever drives a rollout through [`Recorded`]
//! cannot send what is not on disk.

use crate::action::{Action, Answer, Event, Order};
use crate::fault::{Fault, FaultKind};
use crate::journal::{Journal, Keep};
use crate::mutant::{Mutant, planted};
use crate::notice::Notice;
use crate::record::{Line, Scribe};
use crate::rollout::Rollout;
use crate::time::Timestamp;

/// A rollout and its journal.
///
/// When the journal fails, nothing new is started from then on, and what is in flight is watched to its end; see
/// [`Self::failure`].
#[derive(Debug)]
pub struct Recorded<J: Journal> {
    rollout: Rollout,
    scribe: Scribe,
    journal: J,
    failure: Option<J::Error>,
    /// The moment of the last event, by the clock of whoever told of it. The rollout's own may be ahead of that.
    now: Timestamp,
}

impl<J: Journal> Recorded<J> {
    /// Carries on a rollout that has just begun, and whose opening `journal` already has.
    #[must_use]
    pub fn new(rollout: Rollout, journal: J) -> Self {
        Self { now: rollout.told_at(), scribe: Scribe::new(rollout.plan()), rollout, journal, failure: None }
    }

    /// Carries on a rollout that was brought back from `journal`: whatever was under way when the program ended is lost,
    /// maybe sent.
    #[must_use]
    pub fn resume(rollout: Rollout, journal: J, now: Timestamp) -> Self {
        let mut recorded = Self::new(rollout, journal);
        recorded.handle(now, Event::Resumed);
        recorded
    }

    /// Writes `event` down and tells the rollout. See [`Rollout::handle`].
    pub fn handle(&mut self, now: Timestamp, event: Event) {
        self.now = now;
        let keep = match &event {
            // Orders, and that requests may have been lost, must not be forgotten; what was seen can be seen again.
            Event::Ordered(Order::Halt) | Event::Resumed => Keep::ForCertain,
            Event::Tick | Event::Answered(..) => Keep::Lazily,
        };
        if self.failure.is_none() {
            let entry = self.scribe.event(&event);
            self.append(&Line { at: now, entry }, keep);
        }
        self.rollout.handle(now, event);
    }

    /// The next thing to carry out, if any. A request is on disk by now; one that could not be written down never comes out.
    pub fn poll_action(&mut self) -> Option<Action> {
        loop {
            let action = self.rollout.poll_action()?;
            let Action::Submit(ticket, submission) = &action else { return Some(action) };
            if self.failure.is_none() {
                let line = Line { at: self.now, entry: Scribe::intent(*ticket, submission) };
                let keep = if planted(Mutant::IntentIsWrittenLazily) { Keep::Lazily } else { Keep::ForCertain };
                self.append(&line, keep);
            }
            if self.failure.is_none() || planted(Mutant::FailedJournalIsIgnored) {
                return Some(action);
            }
            let fault = Fault::new(FaultKind::Unreachable, "not sent, for it could not be written down");
            self.rollout.handle(self.now, Event::Answered(*ticket, Answer::Failed(fault)));
        }
    }

    /// The next thing to tell people, if any.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.rollout.poll_notice()
    }

    /// The rollout as it stands.
    #[must_use]
    pub fn rollout(&self) -> &Rollout {
        &self.rollout
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> &J {
        &self.journal
    }

    /// Why nothing more was written down from some moment on, if so.
    #[must_use]
    pub fn failure(&self) -> Option<&J::Error> {
        self.failure.as_ref()
    }

    /// Ends it: the rollout, its journal, and why the journal failed, if it did.
    #[must_use]
    pub fn into_parts(self) -> (Rollout, J, Option<J::Error>) {
        (self.rollout, self.journal, self.failure)
    }

    fn append(&mut self, line: &Line, keep: Keep) {
        if let Err(error) = self.journal.append(line, keep) {
            if !planted(Mutant::FailedJournalIsIgnored) {
                self.rollout.unrecorded(&error.to_string());
            }
            self.failure = Some(error);
        }
    }
}

#[cfg(test)]
mod tests;
