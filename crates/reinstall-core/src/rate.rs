//! How fast requests may leave, as values: the client obeys them, and a gateway could enforce with them.
//!
//! A rate alone does not tell what to do after a refusal, and a refusal does not tell what was sent since. Both are in one
//! value, [`Pace`], which is small enough to be passed from process to process.

mod pace;

mod queued;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::text::CloudText;
use crate::time::{Plain, Timestamp};

pub use pace::Pace;
pub use queued::{Next, Queued};

/// The longest that anybody is ever told to wait for, by a cool-down or between two requests.
///
/// It is also how far ahead a mark of another process, or of an earlier clock, is believed: what lies further in the future
/// was put there by a clock that was set back since.
pub const WAIT_MAX: Duration = Duration::from_secs(300);

/// How long a submission may wait for its turn. After that its baseline is too old to go by, and it is looked at again.
///
/// It is more than the slot of a slow limit, such as ten requests a minute: the look before it has taken a slot, too. Under a
/// limit of fewer than two a minute no submission ever gets its turn.
pub const HELD_MAX: Duration = Duration::from_secs(30);

/// So many requests in so long a time, evenly spread but for a burst of one second's worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    per: Duration,
}

/// Why something is no rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a rate: write how many requests a second, from 0.1 to 10000, as in `20` or `0.5`")]
pub struct RateError {
    given: CloudText,
}

impl RateError {
    fn of(given: impl fmt::Display) -> Self {
        Self { given: given.to_string().as_str().into() }
    }
}

impl Rate {
    /// What a client keeps to where nobody says anything else: twenty a second. The service's own limits are not published;
    /// others of the provider let about seventy reads a second through (api-facts 7).
    pub const CAUTIOUS: Self = Self { count: 20, per: Duration::from_secs(1) };

    /// The longest time that a rate may count over.
    pub const PER_MAX: Duration = Duration::from_secs(24 * 60 * 60);
    /// The shortest time between two requests of the fastest rate.
    const INTERVAL_MIN: Duration = Duration::from_micros(100);
    /// The fewest requests a second that a person may ask for: a submission, which needs a look first, has to get its turn
    /// within [`HELD_MAX`].
    const PER_SECOND_MIN: f64 = 0.1;
    /// The most of them.
    const PER_SECOND_MAX: f64 = 10_000.0;

    /// So many requests a second, `0.1..=10000`, to a thousandth.
    ///
    /// # Errors
    /// If there are fewer, more, or none that is a number.
    pub fn per_second(requests: impl Into<f64>) -> Result<Self, RateError> {
        let requests = requests.into();
        if !(Self::PER_SECOND_MIN..=Self::PER_SECOND_MAX).contains(&requests) {
            return Err(RateError::of(requests));
        }
        // At most ten million, so that nothing is cut off.
        let thousandths = (requests * 1_000.0).round() as u32;
        let common = common_divisor(thousandths, 1_000);
        Self::of(thousandths / common, Duration::from_secs(u64::from(1_000 / common)))
    }

    /// So many requests in each stretch of time, of at most [`Rate::PER_MAX`].
    ///
    /// # Errors
    /// If that is none at all, fewer than one in [`WAIT_MAX`], or more than ten thousand a second.
    pub fn of(count: u32, per: Duration) -> Result<Self, RateError> {
        let rate = Self { count, per };
        let is_sound = count > 0 && per <= Self::PER_MAX && (Self::INTERVAL_MIN..=WAIT_MAX).contains(&rate.interval());
        if is_sound { Ok(rate) } else { Err(RateError::of(format_args!("{count} in {}", Plain(per)))) }
    }

    /// How many requests it counts.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }

    /// In how long a time it counts them.
    #[must_use]
    pub const fn per(self) -> Duration {
        self.per
    }

    /// The time from one request to the next, rounded up to a nanosecond; at most [`WAIT_MAX`].
    #[must_use]
    pub fn interval(self) -> Duration {
        let nanos = self.per.as_nanos().div_ceil(u128::from(self.count.max(1)));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many may leave at once after a pause: one second's worth, at least 1.
    #[must_use]
    pub fn burst(self) -> u32 {
        let worth = u128::from(self.count) * 1_000_000_000 / self.per.as_nanos().max(1);
        // No more than 10,000, see `INTERVAL_MIN`.
        worth.max(1) as u32
    }

    /// How many of the burst are kept for submissions: a fifth, and at least 1, unless there is but one.
    #[must_use]
    pub fn reserve(self) -> u32 {
        if self.burst() == 1 { 0 } else { (self.burst() / 5).max(1) }
    }
}

const fn common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

impl FromStr for Rate {
    type Err = RateError;

    /// Reads how many requests a second: `20`, `0.5`.
    fn from_str(text: &str) -> Result<Self, RateError> {
        let requests: f64 = text.trim().parse().map_err(|_| RateError::of(text))?;
        Self::per_second(requests).map_err(|_| RateError::of(text))
    }
}

impl fmt::Display for Rate {
    /// `20/s`, `0.5/s`; `200 in 5m` where that is no number of thousandths a second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scaled, per) = (u128::from(self.count) * 1_000_000_000_000, self.per.as_nanos());
        if scaled % per != 0 {
            return write!(f, "{} in {}", self.count, Plain(self.per));
        }
        let (whole, part) = (scaled / per / 1_000, scaled / per % 1_000);
        match part {
            0 => write!(f, "{whole}/s"),
            part => write!(f, "{whole}.{}/s", format!("{part:03}").trim_end_matches('0')),
        }
    }
}

/// What a request is for, which decides whether it may use the reserve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// A read. Many may wait, and none is worth more than a submission.
    Look,
    /// A reinstall request.
    Submit,
}

/// What a request is told that wants to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It may leave now, and has been counted.
    Now,
    /// It may not, and cannot before this moment: ask again then. Others may come first.
    At(Timestamp),
}

/// What a 429 said about how to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hint {
    /// `Retry-After`.
    pub retry_after: Option<Duration>,
    /// The limit that its text names.
    pub limit: Option<Rate>,
}

/// What a client asks before each request, and tells what came of it. `now` is what the wall clock says.
pub trait Pacer: Send + Sync + fmt::Debug {
    /// Whether a request may leave; see [`Pace::ask`].
    fn ask(&self, now: Timestamp, urgency: Urgency) -> Turn;

    /// A request was refused with 429. Returns for how long none may leave; see [`Pace::throttled`].
    fn throttled(&self, now: Timestamp, hint: Hint, dice: f64) -> Duration;

    /// A request got through to the service; see [`Pace::answered`].
    fn answered(&self, now: Timestamp);
}

/// The pace of one process that shares it with no other.
#[derive(Debug)]
pub struct OwnPace {
    rate: Rate,
    pace: Mutex<Pace>,
}

impl OwnPace {
    /// Nothing has left so far.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self { rate, pace: Mutex::new(Pace::new()) }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Pace) -> T) -> T {
        // Nothing panics while the pace is changed; if it did, a pace is whole after each assignment.
        work(&mut self.pace.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Pacer for OwnPace {
    fn ask(&self, now: Timestamp, urgency: Urgency) -> Turn {
        self.with(|pace| pace.ask(self.rate, now, urgency))
    }

    fn throttled(&self, now: Timestamp, hint: Hint, dice: f64) -> Duration {
        self.with(|pace| pace.throttled(now, hint, dice))
    }

    fn answered(&self, now: Timestamp) {
        self.with(|pace| pace.answered(now));
    }
}
