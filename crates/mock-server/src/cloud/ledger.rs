//! What happened, for those who test a client: counts, violations and a bounded log. No entry has a place for a secret.

use std::collections::{BTreeMap, VecDeque};

use reinstall_core::id::{ImageId, InstanceId};
use reinstall_core::time::Timestamp;

use crate::fault::RuleId;
use crate::operation::ApiOperation;

/// One call that reached the cloud, or would have, had no fault rule stopped it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Call {
    /// When it came.
    pub at: Timestamp,
    /// What was asked for.
    pub operation: ApiOperation,
    /// The instances it named; at most [`Ledger::CALL_IDS_MAX`] of them are kept.
    pub ids: Vec<InstanceId>,
    /// The image it named.
    pub image: Option<ImageId>,
    /// The status of the answer; `None` if there was none.
    pub status: Option<u16>,
    /// The `error_code` of the answer.
    pub code: Option<&'static str>,
    /// The fault rule that altered it.
    pub rule: Option<RuleId>,
}

/// Something that no careful client does, or, for the first kind, that this cloud must never do.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Violation {
    /// A reinstall was accepted while one was underway: a bug of this cloud.
    WipedWhileUnderway {
        /// Which instance.
        id: InstanceId,
        /// When.
        at: Timestamp,
    },
    /// A reinstall was asked for while one was underway. It was refused.
    AskedWhileUnderway {
        /// Which instance.
        id: InstanceId,
        /// When.
        at: Timestamp,
    },
    /// A request named more instances than one may. It was refused.
    OverCap {
        /// How many.
        len: usize,
        /// When.
        at: Timestamp,
    },
    /// A request named no instance. It was refused.
    NobodyNamed {
        /// When.
        at: Timestamp,
    },
}

/// Counts, violations and the log.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    requests: BTreeMap<ApiOperation, u64>,
    /// How many accepted requests there were of each size.
    batches: BTreeMap<usize, u64>,
    violations: Vec<Violation>,
    violations_count: u64,
    log: VecDeque<Call>,
    forgotten: u64,
}

impl Ledger {
    /// The most calls the log keeps; older ones are forgotten, and counted.
    pub const LOG_LEN_MAX: usize = 4_096;
    /// The most violations kept; later ones are only counted.
    pub const VIOLATIONS_LEN_MAX: usize = 1_000;
    /// The most ids kept of one call: no permitted call names more (api-facts 3).
    pub const CALL_IDS_MAX: usize = 100;

    pub(crate) fn note(&mut self, mut call: Call) {
        *self.requests.entry(call.operation).or_default() += 1;
        if self.log.len() == Self::LOG_LEN_MAX {
            self.log.pop_front();
            self.forgotten += 1;
        }
        call.ids.truncate(Self::CALL_IDS_MAX);
        self.log.push_back(call);
    }

    /// Says of the call noted last that a rule altered its answer.
    pub(crate) fn altered(&mut self, rule: RuleId, status: Option<u16>) {
        if let Some(call) = self.log.back_mut() {
            call.rule = Some(rule);
            if call.status != status {
                (call.status, call.code) = (status, None);
            }
        }
    }

    pub(crate) fn note_batch(&mut self, len: usize) {
        *self.batches.entry(len).or_default() += 1;
    }

    pub(crate) fn note_violation(&mut self, violation: Violation) {
        self.violations_count += 1;
        if self.violations.len() < Self::VIOLATIONS_LEN_MAX {
            self.violations.push(violation);
        }
    }

    /// How many calls of each operation came, refused and altered ones included. What the token check or the router
    /// turned away is not among them.
    #[must_use]
    pub fn requests(&self) -> &BTreeMap<ApiOperation, u64> {
        &self.requests
    }

    /// How many calls of this operation came.
    #[must_use]
    pub fn requests_of(&self, operation: ApiOperation) -> u64 {
        self.requests.get(&operation).copied().unwrap_or(0)
    }

    /// How many reinstall requests were accepted, by the number of instances they named.
    #[must_use]
    pub fn batches(&self) -> &BTreeMap<usize, u64> {
        &self.batches
    }

    /// How many reinstall requests were accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.batches.values().sum()
    }

    /// The most instances an accepted request named; 0 if none was accepted.
    #[must_use]
    pub fn batch_len_max(&self) -> usize {
        self.batches.keys().next_back().copied().unwrap_or(0)
    }

    /// The first [`Ledger::VIOLATIONS_LEN_MAX`] violations, in the order they happened.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How many violations there were in all.
    #[must_use]
    pub fn violations_count(&self) -> u64 {
        self.violations_count
    }

    /// The last [`Ledger::LOG_LEN_MAX`] calls, oldest first.
    pub fn log(&self) -> impl DoubleEndedIterator<Item = &Call> + ExactSizeIterator {
        self.log.iter()
    }

    /// How many calls the log has forgotten. Unless it is 0, the log cannot prove that something never happened.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(millis: u64) -> Call {
        Call {
            at: Timestamp::from_millis(millis),
            operation: ApiOperation::ListInstances,
            ids: vec![InstanceId::from_bits(1); 101],
            image: None,
            status: Some(403),
            code: Some("iMetal.0004"),
            rule: None,
        }
    }

    #[test]
    fn the_log_forgets_the_oldest_and_says_so() {
        let mut ledger = Ledger::default();
        for millis in 0..Ledger::LOG_LEN_MAX as u64 + 3 {
            ledger.note(call(millis));
        }
        assert_eq!(ledger.log().len(), Ledger::LOG_LEN_MAX);
        assert_eq!(ledger.forgotten(), 3);
        assert_eq!(ledger.log().next().unwrap().at, Timestamp::from_millis(3));
        assert_eq!(ledger.log().next().unwrap().ids.len(), Ledger::CALL_IDS_MAX);
        assert_eq!(ledger.requests_of(ApiOperation::ListInstances), Ledger::LOG_LEN_MAX as u64 + 3);
    }

    #[test]
    fn an_altered_call_keeps_no_code_of_an_answer_that_nobody_saw() {
        let mut ledger = Ledger::default();
        ledger.note(call(0));
        ledger.altered(RuleId(4), Some(403));
        assert_eq!(ledger.log().last().unwrap().code, Some("iMetal.0004"));
        ledger.altered(RuleId(4), None);
        let last = ledger.log().last().unwrap();
        assert_eq!((last.status, last.code, last.rule), (None, None, Some(RuleId(4))));
    }

    #[test]
    fn violations_are_bounded_but_counted() {
        let mut ledger = Ledger::default();
        for millis in 0..1_001 {
            ledger.note_violation(Violation::NobodyNamed { at: Timestamp::from_millis(millis) });
        }
        assert_eq!(ledger.violations().len(), Ledger::VIOLATIONS_LEN_MAX);
        assert_eq!(ledger.violations_count(), 1_001);
    }
}
