//! Two reinstall requests for one instance at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use reinstall_core::id::InstanceId;
use reinstall_core::time::Timestamp;

use super::case::{Cases, ViolationKind};
use super::submission::in_doubt;
use super::told::Closing;
use super::{Judge, clearly_after};
use crate::exchange::Exchange;

/// The most pairs of requests that may have overlapped at once.
const OVERLAPS_MAX: usize = 1_000;

/// Two reinstall requests that name the same instances: when the second came, nobody had said that the first was closed. Whether
/// they overlapped shows when that is said.
#[derive(Debug, Clone)]
pub(super) struct Overlap {
    first: Arc<Exchange>,
    second: Arc<Exchange>,
    ids: Vec<InstanceId>,
    /// Those among them that were in doubt when the second came, if the client had left the first by then.
    doubtful: BTreeSet<InstanceId>,
}

impl Judge {
    /// Notes whom another request names whose answer has not left yet.
    pub(super) fn judge_overlaps(&mut self, exchange: &Arc<Exchange>, ids: &[InstanceId]) {
        let mut pairs: BTreeMap<(u64, u64), Overlap> = BTreeMap::new();
        for &id in ids {
            let Some(record) = self.records.get(&id) else { continue };
            // One that was held back comes first, though it is carried out last.
            let (first, second) = match (&record.submitted, &record.waiting) {
                (Some(later), _) if record.has_overtaken(exchange) => (exchange, later),
                (_, Some(waiting)) => (&waiting.exchange, exchange),
                (Some(_) | None, None) => continue,
            };
            let pair = pairs.entry((first.nth, second.nth)).or_insert_with(|| Overlap {
                first: Arc::clone(first),
                second: Arc::clone(second),
                ids: Vec::new(),
                doubtful: BTreeSet::new(),
            });
            pair.ids.push(id);
            if second.nth == exchange.nth && record.waiting.as_ref().is_some_and(|waiting| waiting.is_doubt_if_left()) {
                pair.doubtful.insert(id);
            }
        }
        let room = OVERLAPS_MAX - self.overlaps.len();
        self.unjudged += pairs.len().saturating_sub(room) as u64;
        self.overlaps.extend(pairs.into_values().take(room));
    }

    /// The first of two requests was closed: says of each pair whether they overlapped.
    pub(super) fn settle_overlaps(&mut self, first: u64, closing: Closing) {
        if self.overlaps.is_empty() {
            return;
        }
        for overlap in self.overlaps.extract_if(.., |overlap| overlap.first.nth == first) {
            overlap.judge(closing, &mut self.violations);
        }
    }

    /// Judges the pairs whose first request is still open at `real_now`.
    pub(super) fn judge_standing_overlaps(&self, real_now: Timestamp, violations: &mut Cases<ViolationKind>) {
        for overlap in &self.overlaps {
            if clearly_after(overlap.second.real_at, real_now) {
                overlap.note_two_at_once(violations);
            }
        }
    }
}

impl Overlap {
    fn judge(&self, closing: Closing, violations: &mut Cases<ViolationKind>) {
        match closing {
            // The answer left after the second had come.
            Closing::Answer => self.note_two_at_once(violations),
            Closing::Client(left) if clearly_after(self.second.real_at, left) => self.note_two_at_once(violations),
            // It had left the first, most likely, and then it did not look before it sent the second.
            Closing::Client(_) => {
                for &id in &self.doubtful {
                    violations.note(ViolationKind::SubmittedInDoubt, Some(id), self.second.at, || {
                        (in_doubt(id, self.first.nth, self.second.nth), self.proof())
                    });
                }
            }
        }
    }

    fn note_two_at_once(&self, violations: &mut Cases<ViolationKind>) {
        let (first, second) = (self.first.nth, self.second.nth);
        for &id in &self.ids {
            violations.note(ViolationKind::TwoAtOnce, Some(id), self.second.at, || {
                let words = format!(
                    "Request {second} named {id} while request {first}, which named it too, had not been answered. \
                     Wait for the answer, or give up and look, before the next."
                );
                (words, self.proof())
            });
        }
    }

    fn proof(&self) -> Vec<Arc<Exchange>> {
        vec![Arc::clone(&self.first), Arc::clone(&self.second)]
    }
}
