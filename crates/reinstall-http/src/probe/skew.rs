//! How far this machine's clock is off the cloud's. Pure.

use std::time::Duration;

use reinstall_core::time::Timestamp;

/// A signature older or newer than this is refused (api-facts 5.2).
pub const SIGNATURE_SKEW_MAX: Duration = Duration::from_secs(15 * 60);

/// How far this machine's clock is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skew {
    /// It is ahead of the cloud's.
    Ahead(Duration),
    /// It is behind the cloud's, or not off at all.
    Behind(Duration),
}

impl Skew {
    /// What an answer dated `dated` by the cloud tells, if the request left at `sent_at` and the answer came at `answered_at`.
    ///
    /// The cloud is taken to have written the date half way, and in the middle of the second that it names.
    #[must_use]
    pub fn of(dated: Timestamp, sent_at: Timestamp, answered_at: Timestamp) -> Self {
        let here = sent_at + answered_at.since(sent_at) / 2;
        let there = dated + Duration::from_millis(500);
        if here > there { Self::Ahead(here.since(there)) } else { Self::Behind(there.since(here)) }
    }

    /// By how much, in either direction.
    #[must_use]
    pub const fn size(self) -> Duration {
        match self {
            Self::Ahead(by) | Self::Behind(by) => by,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_the_round_trip_and_half_a_second_are_taken_off() {
        let at = Timestamp::from_millis;
        let ms = Duration::from_millis;
        for (dated, sent, answered, skew) in [
            (10_000, 10_400, 10_600, Skew::Behind(ms(0))),
            (10_000, 9_000, 13_000, Skew::Ahead(ms(500))),
            (10_000, 8_000, 8_200, Skew::Behind(ms(2_400))),
            (1_210_000, 10_400, 10_600, Skew::Behind(ms(1_200_000))),
            // A clock that was set back meanwhile.
            (10_000, 10_500, 9_000, Skew::Behind(ms(0))),
        ] {
            let found = Skew::of(at(dated), at(sent), at(answered));
            assert_eq!((found, found.size()), (skew, skew.size()), "{dated} {sent} {answered}");
        }
    }
}
