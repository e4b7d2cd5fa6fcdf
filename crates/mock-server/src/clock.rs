//! The clock of a world, as a value: what the real clock says goes in, what the world's clock says comes out.
//!
//! One clock drives all that has a time in a world: how far reinstalls are, how long tokens live, how old signatures are,
//! when a rate limit's window ends and what `Retry-After` says. Delays that a fault rule puts on the wire are the network's
//! and pass in real time.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use reinstall_core::time::{Plain, Timestamp, deserialize_duration, parse_duration, serialize_duration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shape::DurationText;

/// How a world's time goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClockMode {
    /// As everybody's.
    #[default]
    Real,
    /// So many times as fast, `2..=SPEED_MAX`.
    Speed(u32),
    /// Only when it is told to.
    Manual,
    /// By so much at each status read, just before it is answered, and otherwise only when it is told to.
    Step(Duration),
}

/// How far a clock is off, without a word: not part of how it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Skew {
    /// It is ahead.
    Ahead(
        #[serde(deserialize_with = "deserialize_duration", serialize_with = "serialize_duration")]
        #[schemars(with = "DurationText")]
        Duration,
    ),
    /// It is behind.
    Behind(
        #[serde(deserialize_with = "deserialize_duration", serialize_with = "serialize_duration")]
        #[schemars(with = "DurationText")]
        Duration,
    ),
}

impl Default for Skew {
    fn default() -> Self {
        Self::Ahead(Duration::ZERO)
    }
}

impl Skew {
    /// What a clock that is off says when it is `now`.
    #[must_use]
    pub fn of(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ahead(by) => now + by,
            Self::Behind(by) => now - by,
        }
    }
}

/// The clock of one world.
#[derive(Debug, Clone)]
pub struct WorldClock {
    mode: ClockMode,
    skew: Skew,
    /// Where the world's time and the real time met, the latest last: from each on, time goes as the mode says.
    anchors: VecDeque<Anchor>,
}

/// A moment in both times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Anchor {
    real: Timestamp,
    world: Timestamp,
}

impl WorldClock {
    /// The fastest a clock goes.
    pub const SPEED_MAX: u32 = 100_000;
    /// How many leaps are remembered, to tell how old a signature of real time is.
    const ANCHORS_MAX: usize = 64;

    /// A clock that agrees with the real one at `real`, but for its skew.
    #[must_use]
    pub fn new(mode: ClockMode, skew: Skew, real: Timestamp) -> Self {
        Self { mode, skew, anchors: VecDeque::from([Anchor { real, world: real }]) }
    }

    /// How it goes.
    #[must_use]
    pub const fn mode(&self) -> ClockMode {
        self.mode
    }

    /// How far it is off.
    #[must_use]
    pub const fn skew(&self) -> Skew {
        self.skew
    }

    /// What it says.
    #[must_use]
    pub fn now(&self, real: Timestamp) -> Timestamp {
        self.skew.of(self.steady(real))
    }

    /// What it says to a status read, which moves it in one of the modes.
    pub fn at_look(&mut self, real: Timestamp) -> Timestamp {
        if let ClockMode::Step(by) = self.mode {
            self.advance(real, by);
        }
        self.now(real)
    }

    /// Moves it ahead.
    pub fn advance(&mut self, real: Timestamp, by: Duration) {
        let world = self.steady(real) + by;
        self.anchor(Anchor { real, world });
    }

    /// Moves it ahead to a moment, as itself tells it; does nothing if that is over.
    pub fn advance_to(&mut self, real: Timestamp, at: Timestamp) {
        self.advance(real, at.since(self.now(real)));
    }

    /// Lets time go by in another way from now on.
    pub fn set_mode(&mut self, real: Timestamp, mode: ClockMode) {
        let world = self.steady(real);
        self.mode = mode;
        // What was signed before went by another measure, and is not told apart any more.
        self.anchors.clear();
        self.anchor(Anchor { real, world });
    }

    /// Sets how far it is off from now on.
    pub fn set_skew(&mut self, skew: Skew) {
        self.skew = skew;
    }

    /// What was signed at `signed`, by a client that has the real time and not this clock's: the moment by this clock.
    ///
    /// A client cannot go by a clock that runs sixty times as fast. Where time does not go by as everybody's, its signature is
    /// therefore as old as this clock has moved since it was made.
    #[must_use]
    pub fn signed_at(&self, signed: Timestamp) -> Option<Timestamp> {
        match self.mode {
            ClockMode::Real => None,
            ClockMode::Speed(_) | ClockMode::Manual | ClockMode::Step(_) => Some(self.skew.of(self.steady(signed))),
        }
    }

    /// How long a client has to wait in its own time for so much of this clock's.
    #[must_use]
    pub fn real_wait(&self, wait: Duration) -> Duration {
        match self.mode {
            ClockMode::Speed(times) => wait / times.max(1),
            ClockMode::Real | ClockMode::Manual | ClockMode::Step(_) => wait,
        }
    }

    /// The clock without its skew.
    fn steady(&self, real: Timestamp) -> Timestamp {
        let anchor = self.anchors.iter().rev().find(|anchor| anchor.real <= real).or(self.anchors.front());
        let Some(anchor) = anchor else {
            return real;
        };
        let passed = |since: Timestamp, now: Timestamp| match self.mode {
            ClockMode::Real => now.since(since),
            ClockMode::Speed(times) => now.since(since).saturating_mul(times),
            ClockMode::Manual | ClockMode::Step(_) => Duration::ZERO,
        };
        // Before the first anchor time is taken to have gone on in the same way.
        anchor.world + passed(anchor.real, real) - passed(real, anchor.real)
    }

    fn anchor(&mut self, anchor: Anchor) {
        // Leaps at one real moment are one leap.
        self.anchors.pop_back_if(|last| last.real == anchor.real);
        if self.anchors.len() == Self::ANCHORS_MAX {
            self.anchors.pop_front();
        }
        self.anchors.push_back(anchor);
    }
}

impl fmt::Display for ClockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Real => f.write_str("real"),
            Self::Speed(times) => write!(f, "{times}x"),
            Self::Manual => f.write_str("manual"),
            Self::Step(by) => write!(f, "step {}", Plain(*by)),
        }
    }
}

/// Why a piece of text is no clock mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a clock is `real`, `manual`, a speed such as `60x` (from 2x to 100000x), or a step such as `step 30s`")]
pub struct ClockModeError;

impl std::str::FromStr for ClockMode {
    type Err = ClockModeError;

    fn from_str(text: &str) -> Result<Self, ClockModeError> {
        let text = text.trim();
        match text {
            "real" => return Ok(Self::Real),
            "manual" => return Ok(Self::Manual),
            _ => {}
        }
        if let Some(times) = text.strip_suffix('x') {
            let times = times.parse().map_err(|_| ClockModeError)?;
            return match times {
                1 => Ok(Self::Real),
                2..=WorldClock::SPEED_MAX => Ok(Self::Speed(times)),
                _ => Err(ClockModeError),
            };
        }
        let by = text.strip_prefix("step ").ok_or(ClockModeError)?;
        parse_duration(by.trim()).map(Self::Step).map_err(|_| ClockModeError)
    }
}

impl serde::Serialize for ClockMode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for ClockMode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn each_mode_goes_its_own_way() {
        for (mode, after_10_s, after_a_look, after_5_more) in [
            ("real", 1_010, 1_010, 1_015),
            ("60x", 1_600, 1_600, 1_605),
            ("manual", 1_000, 1_000, 1_005),
            ("step 30s", 1_000, 1_030, 1_035),
        ] {
            let mut clock = WorldClock::new(mode.parse().unwrap(), Skew::default(), at(1_000));
            assert_eq!(clock.now(at(1_010)), at(after_10_s), "{mode}");
            assert_eq!(clock.at_look(at(1_010)), at(after_a_look), "{mode}");
            clock.advance(at(1_010), 5 * SECOND);
            assert_eq!(clock.now(at(1_010)), at(after_5_more), "{mode}");
            assert_eq!(clock.mode().to_string(), mode);
        }
    }

    #[test]
    fn a_clock_moves_to_a_moment_and_never_back() {
        let mut clock = WorldClock::new(ClockMode::Manual, Skew::Behind(100 * SECOND), at(1_000));
        assert_eq!(clock.now(at(1_000)), at(900));
        clock.advance_to(at(1_000), at(950));
        assert_eq!(clock.now(at(1_003)), at(950));
        clock.advance_to(at(1_003), at(10));
        assert_eq!(clock.now(at(1_003)), at(950));
        clock.set_mode(at(1_003), ClockMode::Speed(2));
        assert_eq!(clock.now(at(1_004)), at(952));
    }

    #[test]
    fn a_signature_of_real_time_is_as_old_as_the_clock_has_moved() {
        let real = WorldClock::new(ClockMode::Real, Skew::default(), at(1_000));
        assert_eq!(real.signed_at(at(1_000)), None, "there is but one time");
        let fast = WorldClock::new(ClockMode::Speed(60), Skew::default(), at(1_000));
        assert_eq!(fast.now(at(1_020)).since(fast.signed_at(at(1_000)).unwrap()), 1_200 * SECOND);
        assert_eq!(fast.signed_at(at(999)), Some(at(940)), "made before the clock was started");
        let mut manual = WorldClock::new(ClockMode::Manual, Skew::default(), at(1_000));
        manual.advance(at(1_050), 600 * SECOND);
        for (signed, age) in [(1_049, 600), (1_051, 0), (1_100, 0)] {
            assert_eq!(manual.now(at(1_100)).since(manual.signed_at(at(signed)).unwrap()), age * SECOND, "{signed}");
        }
    }

    #[test]
    fn only_so_many_leaps_are_remembered() {
        let mut clock = WorldClock::new(ClockMode::Manual, Skew::default(), at(0));
        for second in 0..1_000 {
            clock.advance(at(second), SECOND);
        }
        assert_eq!(clock.anchors.len(), WorldClock::ANCHORS_MAX);
        assert_eq!(clock.now(at(1_000)), at(1_000));
    }

    #[test]
    fn waits_are_told_in_the_clients_time() {
        let wait = |mode| WorldClock::new(mode, Skew::default(), at(0)).real_wait(60 * SECOND);
        assert_eq!(wait(ClockMode::Real), 60 * SECOND);
        assert_eq!(wait(ClockMode::Speed(60)), SECOND);
        assert_eq!(wait(ClockMode::Manual), 60 * SECOND);
    }

    #[test]
    fn modes_are_read() {
        assert_eq!("1x".parse(), Ok(ClockMode::Real));
        for wrong in ["", "0x", "x", "-2x", "1.5x", "100001x", "step", "step 5", "fast", "60"] {
            assert_eq!(wrong.parse::<ClockMode>(), Err(ClockModeError), "{wrong:?}");
        }
    }
}
