//! What the judge found, in words, with the requests that prove it.

use std::collections::BTreeMap;
use std::sync::Arc;

use reinstall_core::id::InstanceId;
use reinstall_core::time::Timestamp;
use serde::{Serialize, Serializer};

use crate::exchange::Exchange;

/// What no careful client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ViolationKind {
    /// An instance was wiped again before the end of the wipe before had been seen.
    WipedTwice,
    /// An instance was submitted again while it was in doubt whether the submission before had taken hold, without a look.
    SubmittedInDoubt,
    /// An instance outside the allowed set was submitted, whether or not that took hold.
    OutsideAllowed,
    /// A request named more instances than one may.
    OverCap,
    /// A reinstall request named no instance.
    NobodyNamed,
    /// A request came before the `Retry-After` of a 429 was over.
    BeforeRetryAfter,
    /// More requests came than may.
    OverRate,
    /// An instance was named in two reinstall requests at once.
    TwoAtOnce,
    /// A reinstall was asked for while the client knew that one was underway.
    AskedWhileUnderway,
    /// A client was done without having seen the end of a reinstall that it had begun.
    NotSeenThrough,
}

/// What happened that looks like a violation, and is not the client's doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExcuseKind {
    /// The network delivered one request twice, or too late, and that began another wipe.
    Network,
    /// An answer said that nothing was started, and it was.
    LiedTo,
    /// The client looked, and was not shown what had begun.
    Misled,
    /// The client looked for the end of a reinstall, and its last look failed, was altered, or showed the past.
    KeptFromSeeing,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Case<K> {
    /// What it is.
    pub kind: K,
    /// Whom it is about, if it is about one instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<InstanceId>,
    /// When, by the world's clock.
    pub at: Timestamp,
    /// What happened, and what to do instead.
    pub says: String,
    /// The requests that show it, in the order they came; at most [`Case::PROOF_MAX`].
    #[serde(serialize_with = "each")]
    pub proof: Vec<Arc<Exchange>>,
}

impl<K> Case<K> {
    /// The most requests kept as the proof of one case.
    pub const PROOF_MAX: usize = 8;
}

/// So that nobody has to ask serde for its `rc` feature.
fn each<S: Serializer>(proof: &[Arc<Exchange>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(proof.iter().map(|exchange| &**exchange))
}

/// The first cases in full, and counts of all.
#[derive(Debug, Clone)]
pub(super) struct Cases<K> {
    kept: Vec<Case<K>>,
    counts: BTreeMap<K, u64>,
}

/// The most cases kept in full; later ones are only counted.
pub const CASES_MAX: usize = 1_000;

impl<K: Copy + Ord> Cases<K> {
    pub(super) const fn new() -> Self {
        Self { kept: Vec::new(), counts: BTreeMap::new() }
    }

    /// Counts a case, and writes it down if there is room.
    pub(super) fn note(
        &mut self,
        kind: K,
        instance: Option<InstanceId>,
        at: Timestamp,
        write: impl FnOnce() -> (String, Vec<Arc<Exchange>>),
    ) {
        *self.counts.entry(kind).or_default() += 1;
        if self.kept.len() < CASES_MAX {
            let (says, mut proof) = write();
            proof.truncate(Case::<K>::PROOF_MAX);
            self.kept.push(Case { kind, instance, at, says, proof });
        }
    }

    /// The cases in full, the counts of all by kind, and how many are only counted.
    pub(super) fn tell(self) -> (Vec<Case<K>>, BTreeMap<K, u64>, u64) {
        let left_out = self.total() - self.kept.len() as u64;
        (self.kept, self.counts, left_out)
    }

    pub(super) fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}
