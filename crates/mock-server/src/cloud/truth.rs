//! What truly happened, as a document: for tests that only have the wire.

use std::collections::BTreeMap;

use reinstall_core::id::{ImageId, InstanceId};
use reinstall_core::instance::InstanceFault;
use reinstall_core::lifecycle::Standing;
use reinstall_core::time::Timestamp;

use super::Cloud;
use super::ledger::Violation;
use super::wipe::{Ending, Wipe};
use crate::operation::ApiOperation;

/// What truly happened, whatever the clients were told.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Truth {
    /// When this was so.
    pub now: Timestamp,
    /// How many instances there are.
    pub instances_count: usize,
    /// How many calls of each operation came.
    pub requests: BTreeMap<ApiOperation, u64>,
    /// How many reinstall requests were accepted.
    pub accepted_requests: u64,
    /// How many of them there were of each size.
    pub batches: BTreeMap<usize, u64>,
    /// The size of the largest.
    pub batch_len_max: usize,
    /// How many reinstalls were accepted in all.
    pub wipes_count: usize,
    /// What happened to each instance that was ever wiped; the others were not touched.
    pub wiped: BTreeMap<InstanceId, WipedInstance>,
    /// How many violations there were in all.
    pub violations_count: u64,
    /// The first of them.
    pub violations: Vec<Violation>,
}

/// What happened to one instance.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct WipedInstance {
    /// How often it was wiped.
    pub wipes: usize,
    /// How the last wipe stands.
    pub outcome: WipeOutcome,
    /// Each wipe, in order.
    pub attempts: Vec<Attempt>,
}

/// How a wipe stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WipeOutcome {
    /// On its way.
    Underway,
    /// The new system runs.
    Succeeded,
    /// It does not.
    Failed,
    /// The instance is gone for good.
    Dead,
    /// It came to nothing, and looks as if it had never been.
    WentBack,
}

/// One wipe.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Attempt {
    /// When it took hold.
    pub accepted_at: Timestamp,
    /// When it ends; `null` if never.
    pub ends_at: Option<Timestamp>,
    /// The image asked for; `null` for the current one.
    pub image: Option<ImageId>,
    /// Why it fails, if it does.
    pub fails: Option<InstanceFault>,
}

impl Truth {
    pub(super) fn of(cloud: &Cloud, now: Timestamp) -> Self {
        let wiped: BTreeMap<_, _> =
            cloud.wiped().filter_map(|(id, wipes)| Some((id, WipedInstance::of(wipes, now)?))).collect();
        let ledger = cloud.ledger();
        Self {
            now,
            instances_count: cloud.instances_count(),
            requests: ledger.requests(),
            accepted_requests: ledger.accepted(),
            batches: ledger.batches().clone(),
            batch_len_max: ledger.batch_len_max(),
            wipes_count: wiped.values().map(|instance| instance.wipes).sum(),
            wiped,
            violations_count: ledger.violations_count(),
            violations: ledger.violations().to_vec(),
        }
    }
}

impl WipedInstance {
    fn of(wipes: &[Wipe], now: Timestamp) -> Option<Self> {
        let last = wipes.last()?;
        let outcome = match (last.standing(now), &last.ending) {
            (Standing::Underway(_), _) => WipeOutcome::Underway,
            (Standing::Succeeded, _) => WipeOutcome::Succeeded,
            (Standing::Failed, Ending::Dies) => WipeOutcome::Dead,
            (Standing::Failed, Ending::GoesBack) => WipeOutcome::WentBack,
            (Standing::Failed, Ending::Succeeds | Ending::Fails(_) | Ending::Never) => WipeOutcome::Failed,
        };
        let attempt = |wipe: &Wipe| Attempt {
            accepted_at: wipe.accepted_at,
            ends_at: wipe.ends_at(),
            image: wipe.image,
            fails: wipe.fails().cloned(),
        };
        Some(Self { wipes: wipes.len(), outcome, attempts: wipes.iter().map(attempt).collect() })
    }
}
