//! The two clocks of the computer that the program runs on: a wall clock that gets stepped, and a steady one.

use std::time::Duration;

use reinstall_core::time::{Reckoning, Timestamp};

/// What the program reads the time from, as the real one does. The simulation's own time is the truth.
#[derive(Debug)]
pub(crate) struct Clock {
    /// By how much the wall clock is ahead of the truth.
    ahead: Duration,
    /// By how much it is behind; one of the two is zero.
    behind: Duration,
    /// When the program was started last.
    started: Timestamp,
    reckoning: Reckoning,
}

impl Clock {
    /// A wall clock that is right, read by a program that starts now.
    pub(crate) fn right(now: Timestamp) -> Self {
        Self { ahead: Duration::ZERO, behind: Duration::ZERO, started: now, reckoning: Reckoning::new(now) }
    }

    /// What the wall clock says.
    pub(crate) fn wall(&self, now: Timestamp) -> Timestamp {
        now + self.ahead - self.behind
    }

    /// The program reads the time.
    pub(crate) fn read(&mut self, now: Timestamp) -> Timestamp {
        self.reckoning.advance(self.wall(now), now.since(self.started))
    }

    /// When the program, which waits for its own time to be `at`, will wake.
    pub(crate) fn when(&self, now: Timestamp, at: Timestamp) -> Timestamp {
        let mut reckoning = self.reckoning;
        now + at.since(reckoning.advance(self.wall(now), now.since(self.started)))
    }

    /// Somebody sets the wall clock forward.
    pub(crate) fn set_forward(&mut self, by: Duration) {
        let (ahead, behind) = (self.ahead, self.behind);
        self.ahead = ahead + by.saturating_sub(behind);
        self.behind = behind.saturating_sub(by);
    }

    /// Somebody sets the wall clock back.
    pub(crate) fn set_back(&mut self, by: Duration) {
        let (ahead, behind) = (self.ahead, self.behind);
        self.ahead = ahead.saturating_sub(by);
        self.behind = behind + by.saturating_sub(ahead);
    }

    /// The program is started again, and reckons from `back` on.
    pub(crate) fn restart(&mut self, now: Timestamp, back: Timestamp) {
        self.started = now;
        self.reckoning = Reckoning::starting_at(back, self.wall(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stepped_clock_does_not_turn_the_programs_time_back() {
        let second = Duration::from_secs;
        let start = Timestamp::from_millis(1_000_000_000);
        let mut clock = Clock::right(start);
        assert_eq!(clock.read(start + second(10)), start + second(10));
        clock.set_back(second(60));
        assert_eq!(clock.wall(start + second(20)), start - second(40));
        assert_eq!(clock.read(start + second(20)), start + second(20));
        assert_eq!(clock.when(start + second(20), start + second(50)), start + second(50));
        clock.set_forward(second(100));
        assert_eq!(clock.wall(start + second(30)), start + second(70));
        assert_eq!(clock.read(start + second(30)), start + second(130), "it looks as if it had slept");
        clock.set_back(second(70));
        let back = clock.wall(start + second(40));
        clock.restart(start + second(40), back);
        assert_eq!(clock.read(start + second(41)), start + second(11), "a new program knows no better");
    }
}
