//! What happened, for those who test a client: counts and violations. What was said to whom is in the log of the
//! [`world`](crate::world).

use std::collections::BTreeMap;

use reinstall_core::id::InstanceId;
use reinstall_core::time::Timestamp;

use crate::operation::ApiOperation;

/// Something that no careful client does, or, for the first kind, that this cloud must never do.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Violation {
    /// A reinstall was accepted while one was underway: only a cloud that is not strict does that.
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

/// Counts and violations.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    requests: [u64; ApiOperation::ALL.len()],
    /// How many accepted requests there were of each size.
    batches: BTreeMap<usize, u64>,
    violations: Vec<Violation>,
    violations_count: u64,
}

impl Ledger {
    /// The most violations kept; later ones are only counted.
    pub const VIOLATIONS_LEN_MAX: usize = 1_000;

    pub(crate) fn note(&mut self, operation: ApiOperation) {
        if let Some(count) = self.requests.get_mut(operation as usize) {
            *count += 1;
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

    /// How many calls of each operation came, refused and altered ones included. What the gateway turned away is not among
    /// them.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<ApiOperation, u64> {
        let counted = ApiOperation::ALL.into_iter().map(|operation| (operation, self.requests_of(operation)));
        counted.filter(|(_, count)| *count > 0).collect()
    }

    /// How many calls of this operation came.
    #[must_use]
    pub fn requests_of(&self, operation: ApiOperation) -> u64 {
        self.requests.get(operation as usize).copied().unwrap_or(0)
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_counted_each_at_its_place() {
        let mut ledger = Ledger::default();
        for (times, operation) in (1..).zip(ApiOperation::ALL) {
            (0..times).for_each(|_| ledger.note(operation));
        }
        for (times, operation) in (1..).zip(ApiOperation::ALL) {
            assert_eq!(ledger.requests_of(operation), times, "{operation}");
        }
        assert_eq!(ledger.requests().len(), ApiOperation::ALL.len());
    }

    #[test]
    fn violations_are_counted_beyond_those_kept() {
        let mut ledger = Ledger::default();
        for len in 0..Ledger::VIOLATIONS_LEN_MAX + 5 {
            ledger.note_violation(Violation::OverCap { len, at: Timestamp::from_millis(0) });
        }
        assert_eq!(ledger.violations().len(), Ledger::VIOLATIONS_LEN_MAX);
        assert_eq!(ledger.violations_count(), Ledger::VIOLATIONS_LEN_MAX as u64 + 5);
    }
}
