//! How a rollout ended: a verdict for every target, with its reason and the facts behind it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::evidence::Evidence;
use crate::fault::Fault;
use crate::id::{InstanceId, RequestId};
use crate::named::Named;
use crate::text::CloudText;
use crate::time::Timestamp;

/// How a target ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was seen to be reinstalled and to run again.
    Succeeded,
    /// The cloud says that it did not work, or refused it.
    Failed,
    /// It was not touched: it did not look as it should before the request.
    Skipped,
    /// Nobody can tell. A person has to look.
    Unresolved,
    /// It was not touched, or was shown not to have been.
    NotStarted,
}

impl Outcome {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 5] = [Self::Succeeded, Self::Failed, Self::Skipped, Self::Unresolved, Self::NotStarted];

    /// The word that reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Unresolved => "unresolved",
            Self::NotStarted => "not_started",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Why a target ended as it did: a code for machines, and words for people. The cloud's own, where it gave some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The cloud's code, or one of ours in `snake_case`.
    pub code: CloudText,
    /// What happened.
    pub message: CloudText,
}

impl Reason {
    /// A reason in our own words.
    #[must_use]
    pub fn new(code: &str, message: impl AsRef<str>) -> Self {
        Self { code: code.into(), message: message.as_ref().into() }
    }
}

impl From<&Fault> for Reason {
    fn from(fault: &Fault) -> Self {
        Self { code: fault.code_or_kind(), message: fault.message.clone() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// What came of one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Which instance.
    pub id: InstanceId,
    /// What the cloud calls it, if it was ever told.
    pub name: Option<CloudText>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, unless it succeeded.
    pub reason: Option<Reason>,
    /// How many submissions of it may have taken hold or were refused. Throttled ones do not count.
    pub attempts: u32,
    /// When the last of them left.
    pub submitted_at: Option<Timestamp>,
    /// When the outcome was known; `None` if it never got that far.
    pub finished_at: Option<Timestamp>,
    /// The cloud's name for the last submission.
    pub request_id: Option<RequestId>,
    /// The facts that decided, in the order they were learned.
    pub evidence: Vec<Evidence>,
}

/// Why a rollout starts nothing new although targets are left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum HaltCause {
    /// A person said so.
    Ordered,
    /// The cloud does not let us: credentials, permission, endpoint. Every further request would fare the same.
    Denied {
        /// Its words.
        fault: Fault,
    },
    /// A target of the first wave failed or could not be resolved.
    CanaryFailed {
        /// Which.
        id: InstanceId,
        /// What the cloud calls it, if it was told.
        name: Option<CloudText>,
    },
    /// No target of the first wave was reinstalled (all were skipped), so nothing is known about the image.
    CanaryUnproven,
    /// More targets failed than the policy puts up with.
    BudgetSpent {
        /// How many failed.
        failures: usize,
        /// How many were allowed to.
        failures_max: usize,
    },
    /// So many targets are unavailable, without any on its way, that not one more may be.
    TooFewAvailable {
        /// How many: those that ended badly, and those that were down before it began.
        unavailable: usize,
        /// How many may be.
        unavailable_max: usize,
    },
    /// The time in which something may be started is over.
    WindowClosed {
        /// Since when.
        at: Timestamp,
    },
    /// What happens could no longer be written down.
    Unrecorded {
        /// Why.
        message: CloudText,
    },
}

impl fmt::Display for HaltCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ordered => f.write_str("halted by operator"),
            Self::Denied { fault } => write!(f, "the cloud does not let us go on: {fault}"),
            Self::CanaryFailed { id, name } => {
                write!(f, "the canary {} did not succeed", Named::new(*id, name.as_ref()))
            }
            Self::CanaryUnproven => f.write_str("every canary was skipped, so nothing is known about the image"),
            Self::BudgetSpent { failures, failures_max } => {
                write!(f, "too many failures: {failures}; the maximum is {failures_max}")
            }
            Self::TooFewAvailable { unavailable, unavailable_max } => {
                write!(f, "too few are available: {unavailable} are not, and at most {unavailable_max} may be")
            }
            Self::WindowClosed { at } => write!(f, "nothing may be started after {at}"),
            Self::Unrecorded { message } => write!(f, "the journal failed: {message}"),
        }
    }
}

impl HaltCause {
    /// Why a target was not started that this cause kept from being touched.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Denied { fault } => Reason::from(fault),
            Self::Ordered
            | Self::CanaryFailed { .. }
            | Self::CanaryUnproven
            | Self::BudgetSpent { .. }
            | Self::TooFewAvailable { .. }
            | Self::WindowClosed { .. }
            | Self::Unrecorded { .. } => Reason::new(self.code(), self.to_string()),
        }
    }

    /// A stable name for the cause.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Ordered => "halted",
            Self::Denied { .. } => "denied",
            Self::CanaryFailed { .. } => "canary_failed",
            Self::CanaryUnproven => "canary_unproven",
            Self::BudgetSpent { .. } => "budget_spent",
            Self::TooFewAvailable { .. } => "too_few_available",
            Self::WindowClosed { .. } => "window_closed",
            Self::Unrecorded { .. } => "unrecorded",
        }
    }

    /// Whether a person or a bound of ours is the cause, and nothing that the cloud did to the requests.
    const fn is_of_our_making(&self) -> bool {
        match self {
            Self::Ordered
            | Self::CanaryUnproven
            | Self::TooFewAvailable { .. }
            | Self::WindowClosed { .. }
            | Self::Unrecorded { .. } => true,
            Self::Denied { .. } | Self::CanaryFailed { .. } | Self::BudgetSpent { .. } => false,
        }
    }
}

/// What a whole rollout came to. Exit codes are chosen by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// Every target succeeded.
    AllSucceeded,
    /// It came to its end, and some target did not succeed.
    SomeDidNot,
    /// Nothing was started, because the cloud or the credentials refused, or nobody could be reached.
    NothingStarted,
    /// It was halted or abandoned with targets left.
    Halted,
}

/// How a rollout ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// When the rollout began.
    pub started_at: Timestamp,
    /// When the last outcome was known, or the rollout was abandoned.
    pub finished_at: Timestamp,
    /// Why it started nothing new at some point, if so.
    pub halted: Option<HaltCause>,
    /// Whether it was left before every target had its outcome.
    pub abandoned: bool,
    /// A report for every target, in the order of the plan.
    pub reports: Vec<Report>,
}

impl Summary {
    /// How many targets ended in each way; every outcome is listed, also with 0.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Outcome, usize> {
        let mut counts = BTreeMap::from(Outcome::ALL.map(|outcome| (outcome, 0)));
        for report in &self.reports {
            *counts.entry(report.outcome).or_default() += 1;
        }
        counts
    }

    /// What it all came to.
    #[must_use]
    pub fn conclusion(&self) -> Conclusion {
        let any = |outcome| self.reports.iter().any(|report| report.outcome == outcome);
        if self.reports.iter().all(|report| report.outcome == Outcome::Succeeded) {
            return Conclusion::AllSucceeded;
        }
        let by_us = self.abandoned || self.halted.as_ref().is_some_and(HaltCause::is_of_our_making);
        let never_started = self.reports.iter().all(|report| !report.was_started());
        let hindered = any(Outcome::Failed) || any(Outcome::NotStarted);
        if never_started && hindered && !by_us {
            return Conclusion::NothingStarted;
        }
        if self.abandoned || (self.halted.is_some() && any(Outcome::NotStarted)) {
            return Conclusion::Halted;
        }
        Conclusion::SomeDidNot
    }
}

impl Report {
    /// Whether a request that named this target may have left, answered or not, also if the rollout was left meanwhile.
    #[must_use]
    pub fn may_have_been_submitted(&self) -> bool {
        self.was_started() || (self.finished_at.is_none() && self.outcome == Outcome::Unresolved)
    }

    /// Whether any submission of this target may have taken hold.
    #[must_use]
    pub fn was_started(&self) -> bool {
        use crate::evidence::Fact;
        self.evidence
            .iter()
            .any(|evidence| matches!(evidence.fact, Fact::Acknowledged(_) | Fact::LeftOut(_) | Fact::Unanswered(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Fact;

    fn summary(outcomes: &[Outcome], started: bool, halted: Option<HaltCause>) -> Summary {
        let at = Timestamp::from_millis(0);
        let evidence = if started { vec![Evidence { at, fact: Fact::Acknowledged(None) }] } else { vec![] };
        let report = |(n, outcome): (usize, &Outcome)| Report {
            id: InstanceId::from_bits(n as u128),
            name: None,
            outcome: *outcome,
            reason: None,
            attempts: 0,
            submitted_at: None,
            finished_at: None,
            request_id: None,
            evidence: evidence.clone(),
        };
        let reports = outcomes.iter().enumerate().map(report).collect();
        Summary { started_at: at, finished_at: at, halted, abandoned: false, reports }
    }

    #[test]
    fn conclusions() {
        use Outcome::{Failed, NotStarted, Skipped, Succeeded, Unresolved};
        let denied = || Some(HaltCause::Denied { fault: Fault::new(crate::fault::FaultKind::Forbidden, "no") });
        let spent = || Some(HaltCause::BudgetSpent { failures: 1, failures_max: 0 });
        let closed = || Some(HaltCause::WindowClosed { at: Timestamp::from_millis(0) });
        let few = || Some(HaltCause::TooFewAvailable { unavailable: 2, unavailable_max: 1 });
        for (outcomes, started, halted, conclusion) in [
            (vec![Succeeded, Succeeded], true, None, Conclusion::AllSucceeded),
            (vec![Succeeded, Failed], true, None, Conclusion::SomeDidNot),
            (vec![Succeeded, Skipped], true, None, Conclusion::SomeDidNot),
            (vec![Unresolved], true, None, Conclusion::SomeDidNot),
            (vec![NotStarted], true, None, Conclusion::SomeDidNot),
            (vec![Skipped], false, None, Conclusion::SomeDidNot),
            (vec![Skipped, NotStarted], false, Some(HaltCause::CanaryUnproven), Conclusion::Halted),
            (vec![Failed, NotStarted], true, spent(), Conclusion::Halted),
            (vec![Succeeded, Failed], true, spent(), Conclusion::SomeDidNot),
            (vec![NotStarted, NotStarted], false, denied(), Conclusion::NothingStarted),
            (vec![Failed], false, None, Conclusion::NothingStarted),
            (vec![NotStarted], false, None, Conclusion::NothingStarted),
            (vec![Succeeded, NotStarted], true, denied(), Conclusion::Halted),
            (vec![NotStarted], false, Some(HaltCause::Ordered), Conclusion::Halted),
            (vec![NotStarted], false, closed(), Conclusion::Halted),
            (vec![Failed, NotStarted], false, few(), Conclusion::Halted),
            (vec![Succeeded, NotStarted], true, closed(), Conclusion::Halted),
        ] {
            let shown = format!("{outcomes:?} {halted:?}");
            assert_eq!(summary(&outcomes, started, halted).conclusion(), conclusion, "{shown}");
        }
    }

    #[test]
    fn counts_list_every_outcome() {
        let counts = summary(&[Outcome::Failed], true, None).counts();
        assert_eq!(counts.len(), 5);
        assert_eq!(counts[&Outcome::Failed], 1);
        assert_eq!(counts[&Outcome::Succeeded], 0);
    }
}
