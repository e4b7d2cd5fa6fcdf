//! All chance of a simulated world: from a seed, or from a script that a complete search writes.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use reinstall_core::retry::Dice;

/// A row of throws. The same seed, or the same script, gives the same row.
#[derive(Debug, Clone)]
pub struct Row(Source);

#[derive(Debug, Clone)]
enum Source {
    Seeded { dice: Dice, thrown: u64 },
    Scripted(Rc<RefCell<Script>>),
}

/// Choices made beforehand, and the choices that a world was asked for. What is not written takes the first option: nothing
/// special happens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    written: Vec<u32>,
    /// Each choice that was asked for.
    taken: Vec<Taken>,
    /// From this number of choices on, the first option is taken, and nothing is written down.
    choices_max: usize,
}

/// A choice that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Taken {
    choice: u32,
    options: u32,
    /// Whether another option than the first is special. Which of several troubles it is, is not: that there is one was special.
    counts: bool,
}

impl Script {
    /// A script of these choices, in which at most `choices_max` are open.
    #[must_use]
    pub fn new(written: Vec<u32>, choices_max: usize) -> Self {
        Self { written, taken: vec![], choices_max }
    }

    fn choose(&mut self, options: u32, counts: bool) -> u32 {
        let index = self.taken.len();
        if options < 2 || index >= self.choices_max {
            return 0;
        }
        let choice = self.written.get(index).map_or(0, |choice| *choice.min(&(options - 1)));
        self.taken.push(Taken { choice, options, counts });
        choice
    }

    /// The choices of the next world, in which at most `special_max` are not the first option; `None` after the last world.
    #[must_use]
    pub fn next(&self, special_max: usize) -> Option<Vec<u32>> {
        (0..self.taken.len()).rev().find_map(|index| {
            let Taken { choice, options, counts } = self.taken[index];
            let before = &self.taken[..index];
            let special = before.iter().filter(|taken| taken.counts && taken.choice > 0).count();
            let is_allowed = !counts || special < special_max;
            (choice + 1 < options && is_allowed)
                .then(|| before.iter().map(|taken| taken.choice).chain([choice + 1]).collect())
        })
    }
}

impl Row {
    /// The row of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(Source::Seeded { dice: Dice::new(seed), thrown: 0 })
    }

    /// The row of a script, which notes what was asked for.
    #[must_use]
    pub fn scripted(script: Rc<RefCell<Script>>) -> Self {
        Self(Source::Scripted(script))
    }

    /// A number in `0.0..1.0`; always the middle by a script.
    pub fn throw(&mut self) -> f64 {
        match &mut self.0 {
            Source::Seeded { dice, thrown } => {
                *thrown += 1;
                dice.throw(&[*thrown])
            }
            Source::Scripted(_) => 0.5,
        }
    }

    /// Whether something happens that has this chance, in percent. By a script it may happen if it has any chance at all.
    pub fn chance(&mut self, percent: u32) -> bool {
        match &self.0 {
            Source::Seeded { .. } => self.throw() * 100.0 < f64::from(percent),
            Source::Scripted(script) if (1..100).contains(&percent) => script.borrow_mut().choose(2, true) == 1,
            Source::Scripted(_) => percent >= 100,
        }
    }

    /// One of the choices, each as likely as any other.
    ///
    /// # Panics
    /// If there is nothing to choose from.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        match &self.0 {
            // Truncation picks the slot; a throw is below 1, so it is never past the end.
            Source::Seeded { .. } => &choices[(self.throw() * choices.len() as f64) as usize],
            Source::Scripted(script) => &choices[script.borrow_mut().choose(choices.len() as u32, false) as usize],
        }
    }

    /// A duration between the two, in whole milliseconds; by a script one or the other.
    pub fn between(&mut self, from: Duration, to: Duration) -> Duration {
        match &self.0 {
            Source::Seeded { .. } => self.within(from, to),
            Source::Scripted(script) if script.borrow_mut().choose(2, false) == 0 => from,
            Source::Scripted(_) => to,
        }
    }

    /// The same for what need not be searched: in the middle by a script.
    pub fn within(&mut self, from: Duration, to: Duration) -> Duration {
        Duration::from_millis((from + to.saturating_sub(from).mul_f64(self.throw())).as_millis() as u64)
    }

    /// Whether a rare thing happens that need not be searched; never by a script.
    pub fn rarely(&mut self, percent: u32) -> bool {
        matches!(self.0, Source::Seeded { .. }) && self.chance(percent)
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

    /// One chance, and a choice of three that does not count.
    #[test]
    fn a_script_visits_each_world_once() {
        for (special_max, worlds) in [(0, 3), (1, 6), (2, 6)] {
            let mut seen = std::collections::BTreeSet::new();
            let mut written = Some(vec![]);
            while let Some(choices) = written {
                let script = Rc::new(RefCell::new(Script::new(choices, 10)));
                let mut row = Row::scripted(Rc::clone(&script));
                assert!(seen.insert((row.chance(50), *row.pick(&[1, 2, 3]))));
                written = script.borrow().next(special_max);
            }
            assert_eq!(seen.len(), worlds, "{special_max}");
        }
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
