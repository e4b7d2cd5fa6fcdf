//! Waiting longer after each failure, as a value.

use std::time::Duration;

use crate::fault::{Fault, FaultKind, Repeat, Verdict, verdict};

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

/// How often and how soon a call that only reads is tried again. A reinstall never is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRetries {
    /// The most tries, the first included.
    pub tries_max: u32,
    /// How long to wait between them; longer if the cloud asks for it.
    pub backoff: Backoff,
    /// The longest wait. Where a longer one is asked for, by the cloud or by our own limit, there is no further try: the error
    /// comes back with the wish.
    pub pause_max: Duration,
}

impl Default for ReadRetries {
    fn default() -> Self {
        Self {
            tries_max: 3,
            backoff: Backoff { base: Duration::from_millis(200), cap: Duration::from_secs(5) },
            pause_max: Duration::from_secs(30),
        }
    }
}

impl ReadRetries {
    /// How long to wait before a read is sent again that was tried so often and failed so; `None` if it is not sent again.
    #[must_use]
    pub fn pause(&self, fault: &Fault, tries: u32, dice: f64) -> Option<Duration> {
        if tries >= self.tries_max || verdict(fault, Repeat::Safe) != Verdict::Again {
            return None;
        }
        if fault.kind == FaultKind::Lapsed {
            return Some(Duration::ZERO);
        }
        let asked_for = fault.retry_after.unwrap_or_default();
        let pause = self.backoff.delay(tries, dice).max(asked_for);
        // A caller that is asked to wait for longer should know, and not sit in a call meanwhile.
        (pause <= self.pause_max).then_some(pause)
    }
}

/// Dice without a memory: the same seed and the same occasion always give the same throw.
///
/// A shared stream of random numbers would make each throw depend on all before it, and a replay on their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dice(u64);

impl Dice {
    /// Dice for this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The throw for an occasion, evenly spread over `0.0..1.0`.
    #[must_use]
    pub fn throw(self, occasion: &[u64]) -> f64 {
        /// How many values a double tells apart between 0 and 1.
        const STEPS: f64 = (1_u64 << 53) as f64;
        let mixed = occasion.iter().fold(mix(self.0), |mixed, &part| mix(mixed ^ part));
        (mixed >> 11) as f64 / STEPS
    }
}

/// One step of SplitMix64: every bit of the input reaches every bit of the output.
const fn mix(input: u64) -> u64 {
    let mut z = input.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_are_even_and_have_no_memory() {
        let dice = Dice::new(7);
        assert_eq!(dice.throw(&[1, 2]).to_bits(), dice.throw(&[1, 2]).to_bits());
        assert_ne!(dice.throw(&[1, 2]).to_bits(), dice.throw(&[2, 1]).to_bits());
        let throws: Vec<f64> = (0..10_000).map(|n| dice.throw(&[n])).collect();
        assert!(throws.iter().all(|throw| (0.0..1.0).contains(throw)));
        let mean = throws.iter().sum::<f64>() / 10_000.0;
        assert!((0.49..0.51).contains(&mean), "{mean}");
    }

    const BACKOFF: Backoff = Backoff { base: Duration::from_millis(200), cap: Duration::from_secs(20) };

    #[test]
    fn the_ceiling_doubles_up_to_the_cap() {
        let ceilings: Vec<u128> = [1, 2, 3, 7, 8, 40, u32::MAX].map(|n| BACKOFF.ceiling(n).as_millis()).to_vec();
        assert_eq!(ceilings, [200, 400, 800, 12_800, 20_000, 20_000, 20_000]);
    }

    #[test]
    fn the_die_picks_a_part_of_it() {
        assert_eq!(BACKOFF.delay(2, 0.0), Duration::ZERO);
        assert_eq!(BACKOFF.delay(2, 0.5), Duration::from_millis(200));
        assert!(BACKOFF.delay(2, 0.999) < Duration::from_millis(400));
    }
}
