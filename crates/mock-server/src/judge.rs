//! The judge of the client: the mock knows what truly happened and what each answer told, so it can say whether a client was
//! careful.
//!
//! Pure and incremental: [`Judge::note`] after each request, [`Judge::closed`] when the answer to a reinstall has left, and
//! [`Judge::verdict`] at any time. It keeps a few requests for each instance that was submitted and is not seen through yet, so
//! that a log that forgets loses no proof, and nothing for any other instance: a look at those costs next to nothing.
//!
//! # Fair to the client
//!
//! It is judged by what it could know, not by what happened:
//!
//! * An answer counts once it has arrived, and a stale one counts as what it shows.
//! * A refusal that the documents have (400, 401, 403, 404, 409, 413, 429) says that nothing was started. If it lied, that is
//!   the mock's doing, also where the client sends the request again without a look.
//! * After any other answer, or none, the outcome is in doubt for everybody whom no 2xx named, until a look arrives that named
//!   or showed the instance. Whoever has looked, and was not shown what had begun, could not know better.
//! * Whoever has been told of a reinstall, by a 2xx that named the instance or by a look, has to see its end before the next.
//! * The second delivery of a request by the network is never held against the client.
//! * What comes within [`GRACE`] of an event may have been on its way before.

mod case;
mod look;
mod manners;
mod overlap;
mod record;
mod submission;
mod told;
mod verdict;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use reinstall_core::id::InstanceId;
use reinstall_core::rate::Rate;
use reinstall_core::time::Timestamp;

use self::case::Cases;
pub use self::case::{CASES_MAX, Case, ExcuseKind, ViolationKind};
use self::manners::Manners;
use self::overlap::Overlap;
use self::record::Record;
use self::submission::Submission;
pub use self::told::{Asked, Closing, Throttled, Told};
pub use self::verdict::{Roll, Verdict};
use crate::exchange::Exchange;
use crate::operation::ApiOperation;

/// How much later than an event a request has to come, by this machine's clock, to be certainly sent after it.
///
/// A request may be on its way, or wait in this machine, when an answer leaves that would have stopped it.
pub const GRACE: Duration = Duration::from_millis(250);

/// The most instances that are submitted and not seen through at once.
const RECORDS_MAX: usize = 1_000_000;

/// The most reinstall requests whose answers are on their way at once.
const OPEN_MAX: usize = 4_096;

/// Judges one client, or several that act as one: all that comes to one world.
#[derive(Debug, Clone)]
pub struct Judge {
    cap: usize,
    allowed: Option<BTreeSet<InstanceId>>,
    /// Hashed, as it is asked for each look. Whatever is told of it is sorted.
    records: HashMap<InstanceId, Record>,
    open: BTreeMap<u64, Submission>,
    /// Pairs of requests of which it is not known yet whether they overlapped.
    overlaps: Vec<Overlap>,
    /// The number of the last look at nobody in particular that failed or was altered.
    blind_look: Option<u64>,
    manners: Manners,
    violations: Cases<ViolationKind>,
    excuses: Cases<ExcuseKind>,
    /// How much there was no room to judge.
    unjudged: u64,
}

impl Judge {
    /// A judge who has seen nothing yet. A reinstall request may name `cap` instances.
    #[must_use]
    pub fn new(cap: usize) -> Self {
        Self {
            cap,
            allowed: None,
            records: HashMap::new(),
            open: BTreeMap::new(),
            overlaps: Vec::new(),
            blind_look: None,
            manners: Manners::default(),
            violations: Cases::new(),
            excuses: Cases::new(),
            unjudged: 0,
        }
    }

    /// Sets whom the client may submit from now on; `None` means everybody.
    pub fn allow(&mut self, allowed: Option<BTreeSet<InstanceId>>) {
        self.allowed = allowed;
    }

    /// Sets the most that each caller may send from now on, by this machine's clock and in any stretch of the rate's time, but
    /// for [`GRACE`]; `None` means as much as it likes. Counting starts anew.
    ///
    /// A client that lets bursts by, as most do that keep to an average, sends up to a burst more in one stretch: declare what
    /// it may send at most. Where a stretch is shorter than a second, whole seconds are judged.
    pub fn rate_max(&mut self, rate_max: Option<Rate>) {
        self.manners.set_rate_max(rate_max);
    }

    /// A request was carried out, or refused. In the order in which that happened; `exchange.nth` rises.
    ///
    /// A request that is a repeat by the network is to have the delivery that its own answer met: mostly nobody reads it.
    pub fn note(&mut self, exchange: &Exchange, told: &Told<'_>) {
        if exchange.repeats.is_none() {
            self.manners.note(exchange, told, &mut self.violations);
        }
        let Some(operation) = exchange.operation else { return };
        if operation == ApiOperation::ReinstallOs {
            self.submitted(exchange, told);
        } else if operation.is_look() && !self.records.is_empty() {
            self.looked(exchange, told);
        }
    }

    /// How many violations there were so far, other than those that only the end shows.
    #[must_use]
    pub fn violations_count(&self) -> u64 {
        self.violations.total()
    }

    /// The record of an instance, made if there is none; `None` if there is no room.
    fn record(&mut self, id: InstanceId) -> Option<&mut Record> {
        if self.records.len() >= RECORDS_MAX && !self.records.contains_key(&id) {
            self.unjudged += 1;
            return None;
        }
        Some(self.records.entry(id).or_default())
    }

    fn forget_if_settled(&mut self, id: InstanceId) {
        if self.records.get(&id).is_some_and(Record::is_settled) {
            self.records.remove(&id);
        }
    }
}

/// These and one more, as a proof.
fn with(mut proof: Vec<Arc<Exchange>>, last: &Arc<Exchange>) -> Vec<Arc<Exchange>> {
    if proof.last().is_none_or(|exchange| exchange.nth != last.nth) {
        proof.push(Arc::clone(last));
    }
    proof
}

/// Whether a moment is later than another by more than [`GRACE`].
fn clearly_after(earlier: Timestamp, later: Timestamp) -> bool {
    later > earlier + GRACE
}

#[cfg(test)]
mod tests;
