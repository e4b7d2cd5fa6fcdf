//! How many requests came in any stretch of time, in a bounded memory.

use std::collections::VecDeque;
use std::time::Duration;

use reinstall_core::rate::Rate;
use reinstall_core::time::Timestamp;

use crate::judge::GRACE;

/// The most moments that one window remembers.
const STAMPS_MAX: u64 = 4_096;

/// A window that slides over the requests of one caller.
///
/// If more than `count` requests come in one stretch of `per`, the last `count + 1` of them came within it: that many moments
/// tell. Where the count is large only every so-many-th is remembered; then a few more requests have to come before it is
/// told.
///
/// Requests that left in good time may come in a bunch where the network, or this machine, held them up. So they are blamed
/// only if they came within the stretch less [`GRACE`].
#[derive(Debug, Clone)]
pub(super) struct Window {
    count: u64,
    per: Duration,
    /// Of how many requests one is remembered.
    stride: u64,
    seen: u64,
    stamps: VecDeque<Stamp>,
    last_at: Timestamp,
}

#[derive(Debug, Clone, Copy)]
struct Stamp {
    index: u64,
    nth: u64,
    at: Timestamp,
}

/// Too many requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Excess {
    /// How many.
    pub(super) visits: u64,
    /// In how long a time.
    pub(super) within: Duration,
    /// The number of the first.
    pub(super) from: u64,
}

impl Window {
    /// The windows for one rate: one over its own stretch of time, but no less than a second, of which [`GRACE`] is but a
    /// part; and one over a minute, which finds those that are a little too fast all the time. Who keeps to the rate in each
    /// stretch keeps to it in several of them.
    pub(super) fn both(rate: Rate) -> [Self; 2] {
        [Duration::from_secs(1), Duration::from_secs(60)].map(|least| Self::new(rate, least))
    }

    fn new(rate: Rate, least: Duration) -> Self {
        let times = least.as_nanos().div_ceil(rate.per().as_nanos().max(1)).max(1);
        // At most 600,000, since no rate is faster than 10,000 a second.
        let times = u32::try_from(times).unwrap_or(u32::MAX);
        let count = u64::from(rate.count()) * u64::from(times);
        Self {
            count,
            per: rate.per().saturating_mul(times),
            stride: count / STAMPS_MAX + 1,
            seen: 0,
            stamps: VecDeque::new(),
            last_at: Timestamp::from_millis(0),
        }
    }

    /// Forgets what came, so that what is told next is another stretch of time.
    pub(super) fn clear(&mut self) {
        self.seen = 0;
        self.stamps.clear();
    }

    /// A request came.
    pub(super) fn visit(&mut self, nth: u64, at: Timestamp) -> Option<Excess> {
        if at + GRACE < self.last_at {
            // The clock was set back: nobody knows how long it was.
            self.clear();
        }
        self.last_at = at;
        let index = self.seen;
        self.seen += 1;
        if index.is_multiple_of(self.stride) {
            self.stamps.push_back(Stamp { index, nth, at });
        }
        let until = index.checked_sub(self.count)?;
        while self.stamps.get(1).is_some_and(|second| second.index <= until) {
            self.stamps.pop_front();
        }
        let first = self.stamps.front()?;
        let within = at.since(first.at);
        (within + GRACE < self.per).then_some(Excess { visits: index - first.index + 1, within, from: first.nth })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of the first request that is too much, if `visits` come so far apart.
    fn first_excess(rate: (u32, u64), visits: u64, apart_micros: u64) -> Option<u64> {
        let rate = Rate::of(rate.0, Duration::from_millis(rate.1)).unwrap();
        let mut windows = Window::both(rate);
        let most = STAMPS_MAX as usize + 2;
        (0..visits).find(|&nth| {
            let at = Timestamp::from_millis(1_000_000 + nth * apart_micros / 1_000);
            let is_over = windows.iter_mut().filter_map(|window| window.visit(nth, at)).count() > 0;
            assert!(windows.iter().all(|window| window.stamps.len() <= most));
            is_over
        })
    }

    #[test]
    fn who_keeps_to_a_rate_is_never_blamed_and_who_does_not_is_soon() {
        for (rate, visits, apart_micros, excess) in [
            // Ten a second: exactly so, for long; at once; a quarter of a second less than a second for eleven, and not less.
            ((10, 1_000), 5_000, 100_000, None),
            ((10, 1_000), 100, 0, Some(10)),
            ((10, 1_000), 11, 74_000, Some(10)),
            ((10, 1_000), 11, 76_000, None),
            // One in ten too much does not show within a second, and does within a minute.
            ((10, 1_000), 5_000, 90_000, Some(600)),
            // One in a minute.
            ((1, 60_000), 10, 60_000_000, None),
            ((1, 60_000), 10, 59_000_000, Some(1)),
            // Five in ten milliseconds is judged as five hundred a second.
            ((5, 10), 100_000, 2_000, None),
            ((5, 10), 100_000, 1_000, Some(500)),
            // As fast and as many as there are: not each is remembered.
            ((10_000, 1_000), 2_000_000, 100, None),
            ((1_000_000, 100_000), 1_000_500, 90, Some(1_000_000)),
        ] {
            let found = first_excess(rate, visits, apart_micros);
            assert_eq!(found, excess, "{rate:?}, {visits} with {apart_micros} us between them");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_blames_nobody() {
        let mut window = Window::new(Rate::of(3, Duration::from_secs(10)).unwrap(), Duration::ZERO);
        for (nth, millis) in [50_000, 54_000, 58_000, 20_000, 24_000, 28_000, 32_000].into_iter().enumerate() {
            assert_eq!(window.visit(nth as u64, Timestamp::from_millis(millis)), None, "{millis}");
        }
        let excess = window.visit(7, Timestamp::from_millis(32_001));
        assert_eq!(excess, Some(Excess { visits: 4, within: Duration::from_millis(8_001), from: 4 }));
    }
}
