//! The request log of one world: the latest requests in full, and counts of all there ever were.
//!
//! It is a ring with two bounds, entries and bytes, so that it takes the same memory for ever. What it forgets it counts, by
//! operation and status, so that it can tell whether something was forgotten that a question is about: a log that has
//! forgotten nothing but status reads still proves that a reinstall was never asked for.
//!
//! An entry is an [`Exchange`], which has no place for a secret.

mod filter;
mod status;

use std::collections::VecDeque;

use reinstall_core::id::InstanceId;
use serde::Serialize;

pub use self::filter::{CallerMatch, DeliveryKind, Filter, FilterError};
pub use self::status::{StatusClass, StatusMatch};
use crate::exchange::Exchange;
use crate::operation::ApiOperation;

/// How much a log keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogBounds {
    /// The most entries; at least one is kept.
    pub entries_max: usize,
    /// The most bytes of memory that the entries may take, about; the newest entry is kept however long it is.
    pub bytes_max: usize,
}

impl Default for LogBounds {
    /// 10,000 entries, 16 MiB.
    fn default() -> Self {
        Self { entries_max: 10_000, bytes_max: 16 * 1024 * 1024 }
    }
}

/// The latest requests, oldest first, and counts of all.
#[derive(Debug, Clone)]
pub struct Log {
    bounds: LogBounds,
    ring: VecDeque<Exchange>,
    /// About how many bytes the entries take.
    bytes: usize,
    /// The number of the next entry.
    next: u64,
    tallies: [[Tally; StatusClass::COUNT]; OPERATIONS],
}

/// The operations, and one place for what is none.
const OPERATIONS: usize = ApiOperation::ALL.len() + 1;

/// How many entries of one operation and one class of status there were.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    noted: u64,
    forgotten: u64,
    /// The first and the last of those forgotten; without meaning if none was.
    forgotten_first: u64,
    forgotten_last: u64,
}

/// How many entries match, as far as the log can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// How many of those it has.
    pub found: u64,
    /// How many it has forgotten that may have matched: 0 means that `found` is all there ever were.
    pub forgotten: u64,
}

/// Why a log cannot say that something never happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotNever {
    /// It did happen.
    #[error("it happened {found} times, first as request {first}")]
    Happened {
        /// How often, as far as the log can tell.
        found: u64,
        /// The number of the first that the log has.
        first: u64,
    },
    /// It may have happened.
    #[error(
        "nobody can tell: {forgotten} requests that may have matched were forgotten, as the log is full; \
         ask sooner, make the log larger, or ask from `since` {kept_from} on"
    )]
    Forgotten {
        /// How many requests were forgotten that may have matched.
        forgotten: u64,
        /// The number of the first request that is still there.
        kept_from: u64,
    },
}

impl Default for Log {
    fn default() -> Self {
        Self::new(LogBounds::default())
    }
}

impl Log {
    /// A log with nothing in it. The memory for its entries is set aside at once.
    #[must_use]
    pub fn new(bounds: LogBounds) -> Self {
        let fit = bounds.bytes_max / size_of::<Exchange>() + 1;
        Self {
            bounds,
            ring: VecDeque::with_capacity(bounds.entries_max.clamp(1, fit)),
            bytes: 0,
            next: 0,
            tallies: [[Tally::default(); StatusClass::COUNT]; OPERATIONS],
        }
    }

    /// Notes a request and returns the number it has got, which also becomes its `nth`. If there is no room the oldest are
    /// forgotten.
    pub fn push(&mut self, mut exchange: Exchange) -> u64 {
        let nth = self.next;
        self.next += 1;
        exchange.nth = nth;
        self.tally(&exchange).noted += 1;
        self.bytes += exchange.size_bytes();
        while self.ring.len() >= self.bounds.entries_max.max(1) || self.bytes > self.bounds.bytes_max {
            if !self.forget_oldest() {
                break;
            }
        }
        self.ring.push_back(exchange);
        nth
    }

    fn forget_oldest(&mut self) -> bool {
        let Some(oldest) = self.ring.pop_front() else { return false };
        self.bytes -= oldest.size_bytes();
        let tally = self.tally(&oldest);
        if tally.forgotten == 0 {
            tally.forgotten_first = oldest.nth;
        }
        tally.forgotten_last = oldest.nth;
        tally.forgotten += 1;
        true
    }

    fn tally(&mut self, exchange: &Exchange) -> &mut Tally {
        &mut self.tallies[place(exchange.operation)][StatusClass::of(exchange.answered) as usize]
    }

    /// The number that the next request will get: how many there were.
    #[must_use]
    pub const fn next_nth(&self) -> u64 {
        self.next
    }

    /// The number of the oldest request that is still there, or of the next one if none is.
    #[must_use]
    pub fn kept_from(&self) -> u64 {
        self.next - self.ring.len() as u64
    }

    /// How many requests were forgotten.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.kept_from()
    }

    /// How many requests are there.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// Whether none is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    /// About how many bytes the entries take.
    #[must_use]
    pub const fn size_bytes(&self) -> usize {
        self.bytes
    }

    /// The request of this number, if it is still there.
    #[must_use]
    pub fn get(&self, nth: u64) -> Option<&Exchange> {
        let index = nth.checked_sub(self.kept_from())?;
        self.ring.get(usize::try_from(index).ok()?)
    }

    /// The latest request.
    #[must_use]
    pub fn last(&self) -> Option<&Exchange> {
        self.ring.back()
    }

    /// The first `limit` requests that match, oldest first.
    pub fn select<'a>(&'a self, filter: &'a Filter, limit: usize) -> impl Iterator<Item = &'a Exchange> {
        self.stretch(filter).filter(|exchange| filter.matches(exchange)).take(limit)
    }

    /// The last `limit` requests that match, newest first.
    pub fn select_newest<'a>(&'a self, filter: &'a Filter, limit: usize) -> impl Iterator<Item = &'a Exchange> {
        self.stretch(filter).rev().filter(|exchange| filter.matches(exchange)).take(limit)
    }

    /// The entries between the filter's `since` and `until`, without looking at the others.
    fn stretch(&self, filter: &Filter) -> impl DoubleEndedIterator<Item = &Exchange> {
        let index = |nth: u64| {
            let index = nth.saturating_sub(self.kept_from());
            usize::try_from(index).unwrap_or(usize::MAX).min(self.ring.len())
        };
        let from = index(filter.since.unwrap_or(0));
        let to = index(filter.until.unwrap_or(u64::MAX));
        self.ring.range(from..to.max(from))
    }

    /// How many requests match.
    #[must_use]
    pub fn count(&self, filter: &Filter) -> Counted {
        let found = self.stretch(filter).filter(|exchange| filter.matches(exchange)).count() as u64;
        Counted { found, forgotten: self.forgotten_of(filter) }
    }

    /// How many forgotten requests may have matched; none that certainly did not is among them.
    fn forgotten_of(&self, filter: &Filter) -> u64 {
        let (since, until) = (filter.since.unwrap_or(0), filter.until.unwrap_or(u64::MAX));
        let in_stretch = until.min(self.kept_from()).saturating_sub(since);
        let tallies = self.cells().filter(|(operation, class, _)| filter.may_be(*operation, *class));
        let touching = tallies.filter(|(.., tally)| {
            tally.forgotten > 0 && tally.forgotten_last >= since && tally.forgotten_first < until
        });
        touching.map(|(.., tally)| tally.forgotten).sum::<u64>().min(in_stretch)
    }

    /// That no request ever matched.
    ///
    /// # Errors
    /// If one did, or if one may have that was forgotten since: a full log must not make such a test pass.
    pub fn never(&self, filter: &Filter) -> Result<(), NotNever> {
        let Counted { found, forgotten } = self.count(filter);
        match self.select(filter, 1).next() {
            Some(first) => Err(NotNever::Happened { found, first: first.nth }),
            None if forgotten > 0 => Err(NotNever::Forgotten { forgotten, kept_from: self.kept_from() }),
            None => Ok(()),
        }
    }

    /// What was asked about one instance, oldest first. A list that did not name it is not among that, though it may have
    /// shown it: an entry does not say whom a page of the list had.
    #[must_use]
    pub fn timeline(&self, instance: InstanceId) -> Vec<&Exchange> {
        self.ring.iter().filter(|exchange| exchange.ids.as_slice().contains(&instance)).collect()
    }

    /// How many requests there ever were, by operation and class of status, forgotten ones included; those that there were
    /// none of are left out.
    pub fn counts(&self) -> impl Iterator<Item = (Option<ApiOperation>, StatusClass, u64)> {
        let noted = self.cells().filter(|(.., tally)| tally.noted > 0);
        noted.map(|(operation, class, tally)| (operation, class, tally.noted))
    }

    fn cells(&self) -> impl Iterator<Item = (Option<ApiOperation>, StatusClass, &Tally)> {
        let operations = ApiOperation::ALL.into_iter().map(Some).chain([None]);
        operations.flat_map(|operation| {
            let tallies = StatusClass::ALL.into_iter().zip(&self.tallies[place(operation)]);
            tallies.map(move |(class, tally)| (operation, class, tally))
        })
    }
}

/// Where the tallies of an operation are.
const fn place(operation: Option<ApiOperation>) -> usize {
    match operation {
        Some(operation) => operation as usize,
        None => OPERATIONS - 1,
    }
}

#[cfg(test)]
mod tests;
