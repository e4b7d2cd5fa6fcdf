//! Waiting longer after each failure, as a value.

use std::time::Duration;

/// Exponential back-off with full jitter: before try `n + 1`, a random part of `base * 2^(n - 1)`, at most `cap`.
///
/// Full jitter spreads clients that failed together; see `docs/decisions` for why no ready-made retry layer is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest wait after the first failure.
    pub base: Duration,
    /// The longest wait ever.
    pub cap: Duration,
}

impl Backoff {
    /// The longest wait after `failures` failures in a row (at least 1).
    #[must_use]
    pub fn ceiling(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.base.saturating_mul(1 << doublings).min(self.cap)
    }

    /// The wait after `failures` failures in a row, given the throw of a die: `dice` in `0.0..1.0`.
    #[must_use]
    pub fn delay(&self, failures: u32, dice: f64) -> Duration {
        self.ceiling(failures).mul_f64(dice.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff {
        base: Duration::from_millis(200),
        cap: Duration::from_secs(20),
    };

    #[test]
    fn the_ceiling_doubles_up_to_the_cap() {
        let ceilings: Vec<u128> = [1, 2, 3, 7, 8, 40, u32::MAX]
            .map(|n| BACKOFF.ceiling(n).as_millis())
            .to_vec();
        assert_eq!(ceilings, [200, 400, 800, 12_800, 20_000, 20_000, 20_000]);
    }

    #[test]
    fn the_die_picks_a_part_of_it() {
        assert_eq!(BACKOFF.delay(2, 0.0), Duration::ZERO);
        assert_eq!(BACKOFF.delay(2, 0.5), Duration::from_millis(200));
        assert!(BACKOFF.delay(2, 0.999) < Duration::from_millis(400));
    }
}
