//! When the next request may leave, from what left and what was refused before.

use std::time::Duration;

use super::{Hint, Rate, Turn, Urgency, WAIT_MAX};
use crate::mutant::{Mutant, planted};
use crate::retry::Backoff;
use crate::time::Timestamp;

/// How long everything waits after a 429 that says nothing about it.
const BACKOFF: Backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(30) };

/// Requests that were on their way together are answered together, within about this long. What becomes of them in that
/// time is one event: neither do twenty refusals count as twenty in a row, nor does an answer among them end the row.
const TOGETHER: Duration = Duration::from_secs(1);

/// Where a rate has no burst, a look leaves this part of the time between two requests later than it is due. Whoever waits
/// with a submission meanwhile comes first.
const LATE_PART: u64 = 10;

/// The least by which a clock was set back. Less is between two processes of which one read the clock first and asked last.
const SET_BACK_MIN: Duration = Duration::from_millis(500);

/// How fast requests leave: what is due, what cools down, and what the cloud said of its limit.
///
/// The spacing is the generic cell rate algorithm: one number, the moment at which the next request is *due* if all came
/// evenly, and how far a request may come before it. In any stretch of time no more than a burst leaves, and as many as the
/// rate has in that time. A process with another rate may go on from the same value; together they stay within the fastest.
///
/// Looks leave the reserve ([`Rate::reserve`]) to submissions, and where there is none, they let them go first. If submissions alone took all of the rate, no look would
/// leave. They do not: each needs a look first, and there are never more of them than may be in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// When the next request is due, in nanoseconds since 1970 (until 2554).
    due: u64,
    /// Nothing leaves before.
    cool_until: Timestamp,
    /// When the latest refusal came that counted.
    struck_at: Timestamp,
    /// How many refusals there were since something got through.
    refusals: u32,
    /// The limit that the cloud named.
    slow: Option<Slow>,
}

/// A limit that the cloud named, obeyed for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slow {
    limit: Rate,
    until: Timestamp,
}

impl Pace {
    /// How many bytes one is kept in.
    pub const BYTES: usize = 48;

    /// Nothing has left so far.
    #[must_use]
    pub const fn new() -> Self {
        let long_ago = Timestamp::from_millis(0);
        Self { due: 0, cool_until: long_ago, struck_at: long_ago, refusals: 0, slow: None }
    }

    /// Whether a request may leave now. If so it has been counted.
    ///
    /// The moment in [`Turn::At`] is always after `now`.
    pub fn ask(&mut self, rate: Rate, now: Timestamp, urgency: Urgency) -> Turn {
        self.mind_the_clock(now);
        let rate = self.rate_now(rate, now);
        let (interval, here) = (nanos(rate.interval()), nanos_at(now));
        let burst = u64::from(rate.burst());
        // How far before it is due a request may leave; a look with no burst to leave a part of lets submissions go first.
        let (early, late) = match urgency {
            Urgency::Look if burst == 1 => (0, interval / LATE_PART),
            Urgency::Look => (interval * (burst - u64::from(rate.reserve()) - 1), 0),
            Urgency::Submit => (interval * (burst - 1), 0),
        };
        // Further ahead than a whole burst is only what another rate, or a clock that was set back since, put there.
        let due_max = here.saturating_add(interval * burst);
        let due = self.due.min(due_max);
        if self.due > due_max.saturating_add(nanos(SET_BACK_MIN)) {
            // It has to be kept so, or it would lie as far ahead at the next ask.
            self.due = due;
        }
        let from = Timestamp::from_millis(due.saturating_add(late).saturating_sub(early).div_ceil(1_000_000));
        let cool = if planted(Mutant::CoolDownIsIgnored) { now } else { self.cool_until };
        let is_spared = urgency == Urgency::Submit && planted(Mutant::SubmissionsGoUnpaced);
        let at = if is_spared { cool } else { from.max(cool) };
        if at > now {
            return Turn::At(at);
        }
        self.due = due.max(here).saturating_add(interval);
        if self.cool_until <= now {
            // It is over, also for a clock that is set back later.
            self.cool_until = Timestamp::from_millis(0);
        }
        Turn::Now
    }

    /// A request was answered with 429: nothing leaves for a while. Returns for how long. `dice` in `0.0..1.0`.
    ///
    /// The wait is what the cloud asks for, at most [`WAIT_MAX`]. If it asks for none but names its limit, it is one slot of
    /// that, doubled with each refusal in a row, at most the limit's own time. Else it is a random part of one second, doubled
    /// likewise, of at most 30. After the first refusal in a row that back-off is also the least wait, for a cloud that asks
    /// for none at all and goes on refusing. A limit that was named is obeyed until no request was refused for its own time.
    ///
    /// Requests that were on their way together count as one refusal, and none of them shortens what another began.
    pub fn throttled(&mut self, now: Timestamp, hint: Hint, dice: f64) -> Duration {
        self.mind_the_clock(now);
        let is_cooling = now < self.cool_until;
        if !self.is_struck(now) {
            self.refusals = self.refusals.saturating_add(1);
            self.struck_at = now;
        }
        self.slow_down(now, hint.limit);
        let dice = if dice.is_nan() { 1.0 } else { dice };
        let wait = match hint {
            Hint { retry_after: Some(asked_for), .. } if self.refusals > 1 => {
                asked_for.max(BACKOFF.delay(self.refusals - 1, dice))
            }
            Hint { retry_after: Some(asked_for), .. } => asked_for,
            Hint { limit: Some(limit), .. } => {
                Backoff { base: limit.interval(), cap: limit.per() }.ceiling(self.refusals)
            }
            // It cools down already, and this one knows no better: of many throws the longest would win.
            Hint { retry_after: None, limit: None } if is_cooling => Duration::ZERO,
            Hint { retry_after: None, limit: None } => BACKOFF.delay(self.refusals, dice),
        };
        let until = now + wait.min(WAIT_MAX);
        self.cool_until = if planted(Mutant::LastRefusalDecides) { until } else { self.cool_until.max(until) };
        self.cool_until.since(now)
    }

    /// A request got through: the next refusal is the first in a row again.
    ///
    /// Not so if it was sent before the latest refusal, together with what was refused.
    pub fn answered(&mut self, now: Timestamp) {
        self.mind_the_clock(now);
        if !self.is_struck(now) {
            self.refusals = 0;
        }
    }

    /// Whether there is anything for [`Pace::answered`] to do.
    #[must_use]
    pub const fn is_in_a_row(&self) -> bool {
        self.refusals > 0
    }

    /// The more careful of two that went apart: whatever either of them knows holds on.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        let last_struck = if self.struck_at >= other.struck_at { self } else { other };
        Self {
            due: self.due.max(other.due),
            cool_until: self.cool_until.max(other.cool_until),
            slow: [self.slow, other.slow].into_iter().flatten().max_by_key(|slow| slow.until),
            ..last_struck
        }
    }

    /// Whether whatever is heard now was on its way when the latest refusal came.
    fn is_struck(&self, now: Timestamp) -> bool {
        self.refusals > 0 && (now < self.cool_until || now.since(self.struck_at) < TOGETHER)
    }

    /// Obeys a limit that was named, and goes on obeying one that was named before.
    fn slow_down(&mut self, now: Timestamp, named: Option<Rate>) {
        let known = self.slow.filter(|slow| now < slow.until).map(|slow| slow.limit);
        let slower = known.into_iter().chain(named).max_by_key(|limit| limit.interval());
        self.slow = slower.map(|limit| Slow { limit, until: now + limit.per() });
    }

    fn rate_now(&self, rate: Rate, now: Timestamp) -> Rate {
        let limit = self.slow.filter(|slow| now < slow.until).map(|slow| slow.limit);
        limit.filter(|limit| limit.interval() > rate.interval()).unwrap_or(rate)
    }

    /// A clock that was set back holds nobody up. If that shows, by a refusal in the future, what is left of the waits stays
    /// as long as it was. If not, nothing lies further ahead all the same than it ever does by itself.
    fn mind_the_clock(&mut self, now: Timestamp) {
        let set_back_by = self.struck_at.since(now);
        self.struck_at = self.struck_at.min(now);
        self.cool_until = (self.cool_until - set_back_by).min(now + WAIT_MAX);
        if let Some(slow) = &mut self.slow {
            slow.until = (slow.until - set_back_by).min(now + slow.limit.per());
        }
    }

    /// As bytes that [`Pace::from_bytes`] reads on any machine.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let slow = self.slow.map(|slow| (nanos(slow.limit.per()), slow.until.as_millis(), slow.limit.count()));
        let (per, until, count) = slow.unwrap_or_default();
        let mut bytes = [0; Self::BYTES];
        let numbers = [self.due, self.cool_until.as_millis(), self.struck_at.as_millis(), per, until];
        for (room, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            room.copy_from_slice(&number.to_le_bytes());
        }
        bytes[40..44].copy_from_slice(&self.refusals.to_le_bytes());
        bytes[44..].copy_from_slice(&count.to_le_bytes());
        bytes
    }

    /// Reads [`Pace::to_bytes`]. `None` if they hold a limit that is none.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let number = |index: usize| bytes.as_chunks::<8>().0.get(index).map(|&eight| u64::from_le_bytes(eight));
        let half = |index: usize| bytes.as_chunks::<4>().0.get(index).map(|&four| u32::from_le_bytes(four));
        let slow = match half(11)? {
            0 => None,
            count => Some(Slow {
                limit: Rate::of(count, Duration::from_nanos(number(3)?)).ok()?,
                until: Timestamp::from_millis(number(4)?),
            }),
        };
        Some(Self {
            due: number(0)?,
            cool_until: Timestamp::from_millis(number(1)?),
            struck_at: Timestamp::from_millis(number(2)?),
            refusals: half(10)?,
            slow,
        })
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::new()
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn nanos_at(moment: Timestamp) -> u64 {
    moment.as_millis().saturating_mul(1_000_000)
}
