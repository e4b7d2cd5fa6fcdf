//! How targets end, and when that halts the rollout.

use crate::mutant::{Mutant, planted};
use crate::notice::News;
use crate::summary::{HaltCause, Outcome, Reason, Report};

use super::Rollout;
use super::names::Names;
use super::phase::{Ending, Phase, Target};

impl Rollout {
    /// Starts nothing new from now on. The first cause stands.
    pub(super) fn halt(&mut self, cause: HaltCause) {
        if self.halted.is_some() || self.is_finished() {
            return;
        }
        self.tell(News::Halted(cause.clone()));
        self.halted = Some(cause);
        self.open.clear();
        for target in 0..self.targets.len() {
            if matches!(self.targets[target].phase, Phase::Waiting) {
                self.release(target);
            }
        }
    }

    /// Gives a target back that was not touched: to be tried again, or, after a halt, as not started.
    pub(super) fn release(&mut self, target: usize) {
        self.halt_before_a_retry();
        match &self.halted {
            None => self.enter(target, Phase::Waiting),
            Some(cause) => {
                let reason = cause.reason();
                self.end(target, Outcome::NotStarted, Some(reason));
            }
        }
    }

    /// Gives a target its outcome, and halts the rollout if that is one failure too many.
    pub(super) fn end(&mut self, target: usize, outcome: Outcome, reason: Option<Reason>) {
        let Target { id, submitted_at, .. } = self.targets[target];
        self.tell(News::Ended { id, outcome, reason: reason.clone(), submitted_at });
        self.targets[target].baseline = None;
        self.enter(target, Phase::Done(Box::new(Ending { outcome, reason, at: self.now })));
        if self.halted.is_some() || !matches!(outcome, Outcome::Failed | Outcome::Unresolved | Outcome::NotStarted) {
            return;
        }
        self.failures += 1;
        let failures_max = self.plan.failures_max() + usize::from(planted(Mutant::BudgetOffByOne));
        let cause = if self.wave == 0 && !planted(Mutant::CanaryIsSpared) {
            HaltCause::CanaryFailed { id, name: self.names.get(id).cloned() }
        } else if self.failures > failures_max {
            HaltCause::BudgetSpent { failures: self.failures, failures_max: self.plan.failures_max() }
        } else {
            return;
        };
        // Where nobody is left to be spared there is nothing to halt, unless somebody on the way comes back.
        if self.total.waiting == 0 {
            self.halts_if_any_waits.get_or_insert(cause);
        } else {
            self.halt(cause);
        }
    }

    /// A target is about to be tried again. If the failures of others forbid that, the rollout halts now.
    pub(super) fn halt_before_a_retry(&mut self) {
        if let Some(cause) = self.halts_if_any_waits.take()
            && !planted(Mutant::SpentBudgetIsForgotten)
        {
            self.halt(cause);
        }
    }
}

impl Target {
    pub(super) fn into_report(self, names: &Names) -> Report {
        let unfinished = |outcome, message: &str| (outcome, Some(Reason::new("abandoned", message)), None);
        let (outcome, reason, finished_at) = match self.phase {
            Phase::Done(ending) => (ending.outcome, ending.reason, Some(ending.at)),
            Phase::Waiting | Phase::Looking => {
                unfinished(Outcome::NotStarted, "the rollout was left before this instance was touched")
            }
            Phase::Submitting => {
                unfinished(Outcome::Unresolved, "the rollout was left while its request was under way")
            }
            Phase::Watched(_) => {
                unfinished(Outcome::Unresolved, "interrupted: it may still be in progress in the cloud")
            }
        };
        Report {
            id: self.id,
            name: names.get(self.id).cloned(),
            outcome,
            reason,
            attempts: self.attempts,
            submitted_at: self.submitted_at,
            finished_at,
            request_id: self.request_id,
            evidence: self.evidence,
        }
    }
}
