//! Time as a value. Nothing in this crate can ask what time it is.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use jiff::SignedDuration;

use crate::text::CloudText;

/// A moment, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment `millis` milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    /// Rounds up to the next millisecond, so that a timer never fires before its time. Saturates.
    fn add(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    /// Whole milliseconds only. Saturates.
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds, as `2026-11-23T11:30:16.042Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = i64::try_from(self.0).ok().and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
        match moment {
            Some(moment) => write!(f, "{moment:.3}"),
            None => write!(f, "{} ms after 1970", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        let moment: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
        u64::try_from(moment.as_millisecond()).map(Self).map_err(|_| serde::de::Error::custom("a moment before 1970"))
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The pure half of a clock: turns readings of a wall clock and of a steady clock into moments that never go back.
///
/// A wall clock alone may be set back, which would freeze every timer. A steady clock alone stops while a laptop sleeps,
/// which would hide from the rollout that nobody was looking. So time goes on steadily, and where the wall clock leapt
/// ahead of the steady one between two readings, the leap is added.
#[derive(Debug, Clone, Copy)]
pub struct Reckoning {
    start: Timestamp,
    slept: Duration,
    wall: Timestamp,
    steady: Duration,
}

impl Reckoning {
    /// The shortest leap that counts; less is the two clocks' ordinary disagreement and would add up to a drift.
    pub const LEAP_MIN: Duration = Duration::from_secs(1);

    /// Starts at the wall clock's word; the steady clock's readings count from this moment.
    #[must_use]
    pub fn new(wall: Timestamp) -> Self {
        Self::starting_at(wall, wall)
    }

    /// A reckoning that goes on from `start`, whatever the wall clock says; see [`back_at`].
    #[must_use]
    pub fn starting_at(start: Timestamp, wall: Timestamp) -> Self {
        Self { start, slept: Duration::ZERO, wall, steady: Duration::ZERO }
    }

    /// The moment it is, given what the two clocks read now. `steady` counts from the start and never falls.
    pub fn advance(&mut self, wall: Timestamp, steady: Duration) -> Timestamp {
        let leap = wall.since(self.wall).saturating_sub(steady.saturating_sub(self.steady));
        if leap >= Self::LEAP_MIN {
            self.slept += leap;
        }
        self.wall = wall;
        self.steady = steady;
        self.start + self.slept + steady
    }
}

/// A reading of the clock that runs from the moment a machine is switched on, asleep or not, and that nobody can set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootMark {
    /// Which switching-on it counts from.
    pub boot: CloudText,
    /// How long ago that was.
    pub up: Duration,
}

impl BootMark {
    /// How long it took from `earlier` to this; `None` if the machine was switched off between the two.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Option<Duration> {
        if self.boot == earlier.boot { self.up.checked_sub(earlier.up) } else { None }
    }
}

/// The moment at which a program is back that last wrote at `last`.
///
/// How long it was away decides what may have gone by unseen, so that it must not be reckoned too short. `away` is what a
/// clock says that nobody can set. Where there is none, the wall clock has to do. If that one says that the program is back
/// before it left, the rollout notices; see [`Event::Resumed`](crate::action::Event::Resumed).
#[must_use]
pub fn back_at(last: Timestamp, wall: Timestamp, away: Option<Duration>) -> Timestamp {
    away.map_or(wall, |away| wall.max(last + away))
}

/// Why a piece of text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a duration: write a number with its unit, as in `500ms`, `4s`, `15m` or `1h30m`")]
pub struct DurationError {
    given: CloudText,
}

/// Reads a duration as people write it: `500ms`, `4s`, `15m`, `1h30m`. Negative ones are refused, and so is a bare number.
///
/// # Errors
/// Says how a duration is written.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let parsed: Option<SignedDuration> = text.trim().parse().ok();
    parsed.and_then(|signed| Duration::try_from(signed).ok()).ok_or_else(|| DurationError { given: text.into() })
}

/// A duration as people write it: `500ms`, `1m 30s`, `2h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plain(pub Duration);

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX);
        f.pad(&format!("{:#}", SignedDuration::from_millis(millis)))
    }
}

/// Writes a [`Duration`] the way [`parse_duration`] reads it, to the nanosecond; for `#[serde(serialize_with)]`.
///
/// # Errors
/// Only what the serializer itself refuses.
pub fn serialize_duration<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    let exact = SignedDuration::try_from(*duration).unwrap_or(SignedDuration::MAX);
    serializer.collect_str(&format_args!("{exact:#}"))
}

/// Reads what [`serialize_duration`] wrote, or a person did; for `#[serde(deserialize_with)]`.
///
/// # Errors
/// Where the text is no duration, see [`parse_duration`].
pub fn deserialize_duration<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = <String as serde::Deserialize>::deserialize(deserializer)?;
    parse_duration(&text).map_err(serde::de::Error::custom)
}

/// A [`Timestamp`] as milliseconds since 1970, for what is kept in masses; for `#[serde(with)]`. As itself, a timestamp is
/// written for people.
pub mod millis {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::Timestamp;

    /// Writes the number.
    ///
    /// # Errors
    /// Only what the serializer itself refuses.
    pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(at.as_millis())
    }

    /// Reads the number.
    ///
    /// # Errors
    /// Where there is none.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        u64::deserialize(deserializer).map(Timestamp::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn moments_are_written_in_utc() {
        let moment = Timestamp::from_millis(1_795_433_416_042);
        assert_eq!(moment.to_string(), "2026-11-23T11:30:16.042Z");
        let json = serde_json::to_string(&moment).unwrap();
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), moment);
        assert!(serde_json::from_str::<Timestamp>(r#""1969-01-01T00:00:00Z""#).is_err());
    }

    #[test]
    fn adding_rounds_up() {
        let at = Timestamp::from_millis(10);
        assert_eq!(at + Duration::from_nanos(1), Timestamp::from_millis(11));
        assert_eq!(at + ms(5), Timestamp::from_millis(15));
        assert_eq!(at + Duration::MAX, Timestamp::from_millis(u64::MAX));
    }

    #[test]
    fn durations_are_read_and_written_as_people_do() {
        for (text, duration, written) in [
            ("500ms", ms(500), "500ms"),
            ("4s", ms(4_000), "4s"),
            ("15m", ms(900_000), "15m"),
            ("1h30m", ms(5_400_000), "1h 30m"),
            ("0s", ms(0), "0s"),
        ] {
            assert_eq!(parse_duration(text), Ok(duration));
            assert_eq!(Plain(duration).to_string(), written);
        }
        #[derive(serde::Serialize, serde::Deserialize)]
        struct Kept(
            #[serde(serialize_with = "serialize_duration", deserialize_with = "deserialize_duration")] Duration,
        );
        for exact in [ms(0), ms(5_400_000), Duration::from_nanos(10_000_001), Duration::from_secs(7 * 86_400)] {
            let json = serde_json::to_string(&Kept(exact)).unwrap();
            assert_eq!(serde_json::from_str::<Kept>(&json).unwrap().0, exact, "{json}");
        }
        for wrong in ["", "15", "-4s", "4 parsecs", "4s ago", "fast"] {
            assert!(parse_duration(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn time_goes_on_whatever_the_wall_clock_does() {
        let start = Timestamp::from_millis(1_000_000);
        let mut clock = Reckoning::new(start);
        assert_eq!(clock.advance(start + ms(10), ms(10)), start + ms(10), "both agree");
        assert_eq!(clock.advance(start, ms(20)), start + ms(20), "the wall clock was set back");
        assert_eq!(clock.advance(start + ms(5_000), ms(20)), start + ms(5_020), "the machine slept");
        assert_eq!(clock.advance(start + ms(5_900), ms(30)), start + ms(5_030), "less than a leap");
    }

    #[test]
    fn time_away_is_never_reckoned_too_short() {
        let last = Timestamp::from_millis(1_000_000);
        let mark = |boot: &str, up| BootMark { boot: boot.into(), up: ms(up) };
        for (wall, before, after, back) in [
            (last + ms(500), mark("a", 10), mark("a", 510), last + ms(500)),
            (last, mark("a", 10), mark("a", 7_010), last + ms(7_000)),
            (Timestamp::from_millis(0), mark("a", 10), mark("a", 7_010), last + ms(7_000)),
            (last + ms(9_000), mark("a", 10), mark("a", 7_010), last + ms(9_000)),
            (last + ms(500), mark("a", 10), mark("b", 20), last + ms(500)),
            (Timestamp::from_millis(0), mark("a", 10), mark("b", 20), Timestamp::from_millis(0)),
        ] {
            assert_eq!(back_at(last, wall, after.since(&before)), back, "{wall:?} {before:?} {after:?}");
        }
        let mut clock = Reckoning::starting_at(last + ms(7_000), Timestamp::from_millis(0));
        assert_eq!(clock.advance(Timestamp::from_millis(5), ms(5)), last + ms(7_005));
    }

    #[test]
    fn short_steps_lose_and_gain_no_time() {
        let start = Timestamp::from_millis(1_000);
        let mut clock = Reckoning::new(start);
        let mut now = start;
        for step in 1..=10_000_u64 {
            now = clock.advance(start + ms(step * 3 / 10), Duration::from_micros(step * 300));
        }
        assert_eq!(now, start + ms(3_000));
    }
}
