//! Chance, from a seed.

use std::time::Duration;

use reinstall_core::retry::Dice;

/// A row of throws: the same seed gives the same row.
#[derive(Debug, Clone)]
pub struct Row {
    dice: Dice,
    thrown: u64,
}

impl Row {
    /// The row of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), thrown: 0 }
    }

    /// A number in `0.0..1.0`.
    pub fn throw(&mut self) -> f64 {
        self.thrown += 1;
        self.dice.throw(&[self.thrown])
    }

    /// Whether something happens that has this chance, in percent.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.throw() * 100.0 < f64::from(percent)
    }

    /// One of the choices, each as likely as any other.
    ///
    /// # Panics
    /// If there is nothing to choose from.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        // Truncation picks the slot; a throw is below 1, so it is never past the end.
        &choices[(self.throw() * choices.len() as f64) as usize]
    }

    /// A duration between the two, in whole milliseconds.
    pub fn between(&mut self, from: Duration, to: Duration) -> Duration {
        Duration::from_millis((from + to.saturating_sub(from).mul_f64(self.throw())).as_millis() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_the_same_for_the_same_seed() {
        let row = |seed| {
            let mut row = Row::new(seed);
            (0..5).map(|_| *row.pick(&[1, 2, 3, 4, 5, 6])).collect::<Vec<i32>>()
        };
        assert_eq!(row(1), row(1));
        assert_ne!(row(1), row(2));
    }

    #[test]
    fn durations_stay_within() {
        let mut row = Row::new(3);
        for _ in 0..100 {
            let drawn = row.between(Duration::from_secs(1), Duration::from_secs(2));
            assert!((1..=2).contains(&drawn.as_secs()), "{drawn:?}");
        }
    }
}
