//! Runs seeds and tells what came of them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use reinstall_core::summary::Outcome;

use crate::properties::{STEPWISE, outcomes_agree_with_the_cloud};
use crate::world::{START, World};

/// The most steps a world may take, and the longest it may go on: a rollout whose faults have an end has one too.
const STEPS_MAX: u64 = 500_000;
const LASTS_MAX: Duration = Duration::from_secs(40 * 24 * 60 * 60);

/// How many entries of the diary a violation shows.
const DIARY_SHOWN: usize = 20;

/// What a world without a violation came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tale {
    /// How many things happened.
    pub steps: u64,
    /// How many reinstall requests left.
    pub submissions: u64,
    /// How the targets ended.
    pub outcomes: BTreeMap<Outcome, u64>,
}

/// A property that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Of which seed.
    pub seed: u64,
    /// After how many steps.
    pub step: u64,
    /// Which property.
    pub property: &'static str,
    /// What broke it.
    pub why: String,
    /// What happened last.
    pub diary: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}, step {}: {} does not hold: {}", self.seed, self.step, self.property, self.why)?;
        for entry in &self.diary {
            writeln!(f, "  {entry}")?;
        }
        write!(f, "run it again: cargo xtask sim --seed {}", self.seed)
    }
}

/// Runs the world of a seed to its end.
///
/// # Errors
/// The first violation, with what happened before it.
pub fn run(seed: u64) -> Result<Tale, Box<Violation>> {
    play(seed, false).or_else(|_| play(seed, true))
}

fn play(seed: u64, keeps_diary: bool) -> Result<Tale, Box<Violation>> {
    let mut world = World::new(seed, keeps_diary);
    let mut steps = 0;
    loop {
        for (name, property) in STEPWISE {
            property(&world).map_err(|why| violation(&world, seed, steps, name, why))?;
        }
        if steps > STEPS_MAX || world.now.since(START) > LASTS_MAX {
            return Err(violation(&world, seed, steps, "the_rollout_ends", "it goes on and on".into()));
        }
        if !world.step() {
            break;
        }
        steps += 1;
    }
    if !world.rollout.is_finished() {
        let why = format!("nothing is going to happen, and {:?}", world.rollout.tally());
        return Err(violation(&world, seed, steps, "the_rollout_ends", why));
    }
    let submissions = world.sent.len() as u64;
    let diary = world.diary.take();
    let summary = world.rollout.into_summary();
    outcomes_agree_with_the_cloud(&summary, &world.cloud).map_err(|why| {
        let diary = last_of(diary.as_deref());
        Box::new(Violation { seed, step: steps, property: "outcomes_agree_with_the_cloud", why, diary })
    })?;
    let outcomes = summary.counts().into_iter().map(|(outcome, count)| (outcome, count as u64)).collect();
    Ok(Tale { steps, submissions, outcomes })
}

fn violation(world: &World, seed: u64, step: u64, property: &'static str, why: String) -> Box<Violation> {
    Box::new(Violation { seed, step, property, why, diary: last_of(world.diary.as_deref()) })
}

fn last_of(diary: Option<&[String]>) -> Vec<String> {
    let diary = diary.unwrap_or_default();
    diary[diary.len().saturating_sub(DIARY_SHOWN)..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_hundred_worlds_hold() {
        for seed in 0..300 {
            if let Err(violation) = run(seed) {
                panic!("{violation}");
            }
        }
    }

    #[test]
    fn the_same_seed_tells_the_same_tale() {
        for seed in [3, 14, 159] {
            assert_eq!(run(seed), run(seed));
        }
    }

    /// The worlds are worth something only if things go wrong in them.
    #[test]
    fn every_outcome_comes_up() {
        let mut outcomes: BTreeMap<Outcome, u64> = BTreeMap::new();
        for tale in (0..200).filter_map(|seed| run(seed).ok()) {
            for (outcome, count) in tale.outcomes {
                *outcomes.entry(outcome).or_default() += count;
            }
        }
        assert!(outcomes.values().all(|count| *count > 0), "{outcomes:?}");
    }
}
