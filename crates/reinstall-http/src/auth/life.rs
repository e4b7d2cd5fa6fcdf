//! How long something that was handed out is good, and when to ask for something newer.

use std::time::Duration;

use reinstall_core::time::Timestamp;

/// The longest time before its end that something is replaced.
const MARGIN_MAX: Duration = Duration::from_secs(5 * 60);

/// When something dies, and when it is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Life {
    /// From here on it is replaced before it is used; still good if that fails.
    pub(crate) renew_at: Timestamp,
    /// From here on it is of no use.
    pub(crate) ends_at: Timestamp,
}

impl Life {
    /// The life of something that was asked for at `asked_at` and lasts so long. It is replaced when a tenth of that is left,
    /// but not more than five minutes before the end.
    pub(crate) fn lasting(asked_at: Timestamp, lasts: Duration) -> Self {
        let ends_at = asked_at + lasts;
        Self { renew_at: ends_at - (lasts / 10).min(MARGIN_MAX), ends_at }
    }
}

/// How long something lasts, from what the one who gave it out says by a clock of its own. That clock's own moment of giving it
/// out is the best reference; where there is none, `now` has to do.
pub(crate) fn lasts(issued_at: Option<&str>, expires_at: Option<&str>, now: Timestamp) -> Option<Duration> {
    let read = |text: &str| {
        let at: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(at.as_millisecond()).ok().map(Timestamp::from_millis)
    };
    let expires_at = read(expires_at?)?;
    Some(expires_at.since(issued_at.and_then(read).unwrap_or(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_replaced_before_it_ends() {
        let asked_at = Timestamp::from_millis(1_000_000);
        for (lasts, renew_after) in [(2_000, 1_800), (600_000, 540_000), (86_400_000, 86_100_000), (0, 0)] {
            let life = Life::lasting(asked_at, Duration::from_millis(lasts));
            assert_eq!(life.ends_at.since(asked_at), Duration::from_millis(lasts));
            assert_eq!(life.renew_at.since(asked_at), Duration::from_millis(renew_after), "{lasts}");
        }
    }

    #[test]
    fn how_long_it_lasts_is_counted_by_the_clock_that_says_so() {
        let now = Timestamp::from_millis(1_795_418_100_000); // 2026-11-23T07:15:00Z
        let hour = Duration::from_secs(3_600);
        for (issued, expires, expected) in [
            (Some("2026-11-23T03:00:00.000000Z"), Some("2026-11-23T04:00:00.000000Z"), Some(hour)),
            (None, Some("2026-11-23T08:15:00Z"), Some(hour)),
            (Some("yesterday"), Some("2026-11-23T08:15:00Z"), Some(hour)),
            (None, Some("2026-11-23T07:00:00Z"), Some(Duration::ZERO)),
            (Some("2026-11-23T03:00:00Z"), Some("tomorrow"), None),
            (Some("2026-11-23T03:00:00Z"), None, None),
        ] {
            assert_eq!(lasts(issued, expires, now), expected, "{issued:?} {expires:?}");
        }
    }
}
