//! Gates between waves, and which batch may start when.

use crate::action::Action;
use crate::mutant::{Mutant, planted};
use crate::notice::News;
use crate::summary::HaltCause;
use crate::time::Timestamp;

use super::Rollout;
use super::phase::{Errand, Phase};

/// The most batches between their baseline look and the answer to their request. Few, so that a refusal that concerns all
/// is met by few.
const OPENING_MAX: usize = 4;

impl Rollout {
    /// Opens the gate of the current wave.
    pub(super) fn open_wave(&mut self) {
        let batches = self.waves[self.wave].batches.clone();
        self.open = batches.map(|batch| (self.now, batch)).collect();
        self.tell(News::WaveOpened { wave: self.wave + 1, targets: self.waves[self.wave].tally.targets() });
    }

    /// Goes on to the next wave once every target of this one has its outcome, or ends the rollout.
    pub(super) fn pass_gates(&mut self) {
        if self.is_finished() {
            return;
        }
        let tally = self.waves[self.wave].tally;
        let left_max = usize::from(planted(Mutant::GateOffByOne));
        let wave_is_done = tally.done() + left_max >= tally.targets();
        if wave_is_done && self.halted.is_none() && self.wave + 1 < self.waves.len() {
            if self.wave == 0 && tally.succeeded == 0 {
                self.halt(HaltCause::CanaryUnproven);
            } else {
                self.wave += 1;
                self.open_wave();
                return;
            }
        }
        if self.total.done() == self.total.targets() {
            self.finished_at = Some(self.now);
            self.tell(News::Finished);
        }
    }

    /// The batch to start next and the earliest moment for it; `None` while there is no room for it.
    pub(super) fn next_batch(&self) -> Option<(Timestamp, usize)> {
        let &(not_before, batch) = self.open.first()?;
        let in_flight_max = self.plan.policy().in_flight_max + usize::from(planted(Mutant::OneMoreInFlight));
        let room = in_flight_max.saturating_sub(self.in_flight);
        let fits = self.opening < OPENING_MAX && self.next_members(batch).count() <= room && self.leaves_enough(batch);
        fits.then(|| (not_before.max(self.submit_not_before), batch))
    }

    /// Takes the baselines of every batch that may start now.
    pub(super) fn open_batches(&mut self) {
        while let Some((at, batch)) = self.next_batch()
            && at <= self.now
        {
            self.open.pop_first();
            let members: Vec<usize> = self.next_members(batch).collect();
            if members.is_empty() {
                continue;
            }
            for &member in &members {
                self.enter(member, Phase::Looking);
            }
            self.opening += 1;
            self.batches[batch].trying_since.get_or_insert(self.now);
            let ids = self.ids(&members);
            let ticket = self.ticket(Errand::Baseline { batch, members, sent: self.now });
            self.actions.push_back(Action::Look(ticket, ids));
        }
    }

    /// Puts a batch back in the queue if it has targets left to submit.
    pub(super) fn reopen(&mut self, batch: usize) {
        if self.waiting_in(batch).next().is_some() {
            self.open.insert((self.batches[batch].not_before, batch));
        }
    }

    /// Whom the next request of a batch will name: as many as it may, and no more than may ever be unavailable together.
    pub(super) fn next_members(&self, batch: usize) -> impl Iterator<Item = usize> + '_ {
        self.fitting(self.waiting_in(batch).take(self.batches[batch].len_max))
    }

    pub(super) fn waiting_in(&self, batch: usize) -> impl Iterator<Item = usize> + '_ {
        self.batches[batch].targets.clone().filter(|&target| matches!(self.targets[target].phase, Phase::Waiting))
    }
}
