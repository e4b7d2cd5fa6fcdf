//! Runs seeds and tells what came of them.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;
use std::{fmt, mem};

use reinstall_core::recorded::Recorded;
use reinstall_core::rollout::Rollout;
use reinstall_core::rollout::moves::MOVES;
use reinstall_core::summary::{Outcome, Summary};

use crate::disk::Disk;
use crate::properties::{FINAL, STEPWISE};
use crate::scene::Scene;
use crate::world::{START, World};
use crate::worse::Worse;

/// The most steps a world may take, and the longest it may go on: a rollout whose faults have an end has one too.
const STEPS_MAX: u64 = 2_000_000;
const LASTS_MAX: Duration = Duration::from_secs(40 * 24 * 60 * 60);

/// How many entries of the diary a violation shows.
const DIARY_SHOWN: usize = 20;

/// What kind of world it was, for telling shares of outcomes apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Nothing but the weather.
    Calm,
    /// Outages, in which nobody can look for up to a quarter of an hour; with crashes or without.
    Outages,
    /// The program ends now and then.
    Crashes,
    /// A service without `operation_state`, so that a doubt can be settled only once somebody was seen to move.
    Terse,
    /// A service that shows nothing of a reinstall but its failure.
    Silent,
    /// A gateway that refuses what comes faster than it likes, so that looks come late.
    Throttled,
    /// Strangers change instances, or the wall clock is set, or reinstalls never end.
    Meddled,
    /// A service or gateway that does not behave as documented.
    Worse,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Calm,
        Self::Crashes,
        Self::Outages,
        Self::Terse,
        Self::Silent,
        Self::Throttled,
        Self::Meddled,
        Self::Worse,
    ];

    /// The largest share of targets that may end unresolved; `None` where looking honestly cannot tell.
    #[must_use]
    pub const fn unresolved_max(self) -> Option<f64> {
        match self {
            Self::Calm => Some(0.001),
            Self::Crashes => Some(0.05),
            Self::Outages | Self::Terse | Self::Silent | Self::Throttled | Self::Meddled | Self::Worse => None,
        }
    }

    fn of(scene: &Scene) -> Self {
        if scene.worse != Worse::default() {
            Self::Worse
        } else if scene.strangers > 0 || !scene.steps.is_empty() || scene.never_ending > 0 {
            Self::Meddled
        } else if scene.limits.gateway.is_some() {
            Self::Throttled
        } else if scene.is_silent {
            Self::Silent
        } else if scene.weather.outages > 0 {
            Self::Outages
        } else if scene.crashes > 0 {
            Self::Crashes
        } else if scene.is_terse {
            Self::Terse
        } else if scene.weather.look_faults > 0 {
            // Rows are missing now and then, so that a baseline comes from one call and what follows from the other.
            Self::Outages
        } else {
            Self::Calm
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Calm => "without crashes",
            Self::Outages => "with outages or failing reads",
            Self::Crashes => "with crashes",
            Self::Terse => "on a service without operation_state",
            Self::Silent => "on a service that shows nothing",
            Self::Throttled => "with a gateway that throttles",
            Self::Meddled => "with strangers, set clocks or endless reinstalls",
            Self::Worse => "with a service or gateway that breaks the documents",
        })
    }
}

/// What a world without a violation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tale {
    /// What kind of world it was.
    pub kind: Kind,
    /// How many things happened.
    pub steps: u64,
    /// How many reinstall requests left.
    pub submissions: u64,
    /// How the targets ended.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Why targets ended unresolved, by the code of the reason.
    pub unresolved: BTreeMap<String, u64>,
    /// How often each of the machine's moves was made.
    pub moves: [u64; MOVES.len()],
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
    first_violation(seed).or_else(|_| play(seed, true, || World::new(seed, true)))
}

/// The same without a diary, which takes half the time where there is a violation.
///
/// # Errors
/// The first violation.
pub fn first_violation(seed: u64) -> Result<Tale, Box<Violation>> {
    play(seed, false, || World::new(seed, false))
}

/// A machine that stops itself, because what it was about to do is none of its moves, breaks a property like any other.
pub(crate) fn play(seed: u64, keeps_diary: bool, world: impl FnOnce() -> World) -> Result<Tale, Box<Violation>> {
    let (mut steps, mut diary) = (0, keeps_diary.then(Vec::new));
    let played = panic::catch_unwind(AssertUnwindSafe(|| play_on(seed, world(), &mut steps, &mut diary)));
    played.unwrap_or_else(|panicked| {
        let why = panicked.downcast::<String>().map_or_else(|_| "it panicked".to_owned(), |text| *text);
        Err(Box::new(Violation {
            seed,
            step: steps,
            property: "the_machine_goes_on",
            why,
            diary: last_of(diary.as_deref()),
        }))
    })
}

fn play_on(
    seed: u64,
    mut world: World,
    steps: &mut u64,
    diary: &mut Option<Vec<String>>,
) -> Result<Tale, Box<Violation>> {
    loop {
        if let (Some(kept), Some(new)) = (diary.as_mut(), world.diary.as_mut()) {
            kept.append(new);
        }
        let broken =
            |property, why| Box::new(Violation { seed, step: *steps, property, why, diary: last_of(diary.as_deref()) });
        for (name, property) in STEPWISE {
            property(&world).map_err(|why| broken(name, why))?;
        }
        if *steps > STEPS_MAX || world.now.since(START) > LASTS_MAX {
            return Err(broken("the_rollout_ends", "it goes on and on".into()));
        }
        if !world.step() {
            break;
        }
        *steps += 1;
    }
    let broken =
        |property, why| Box::new(Violation { seed, step: *steps, property, why, diary: last_of(diary.as_deref()) });
    if !world.rollout().is_finished() {
        let why = format!("nothing is going to happen, and {:?}", world.rollout().tally());
        return Err(broken("the_rollout_ends", why));
    }
    let moves = *world.rollout().moves();
    let plan = world.scene.plan.clone();
    let over = Recorded::new(Rollout::new(plan, seed, START), Disk::default());
    let summary = mem::replace(&mut world.recorded, over).into_parts().0.into_summary();
    for report in &summary.reports {
        for (name, property) in FINAL {
            property(&world, report).map_err(|why| {
                // What happened last of all may have nothing to do with it.
                let id = report.id.to_string();
                let about = diary.iter().flatten().filter(|entry| entry.contains(&id)).cloned().collect::<Vec<_>>();
                Box::new(Violation { seed, step: *steps, property: name, why, diary: last_of(Some(&about)) })
            })?;
        }
    }
    Ok(tale(&world, &summary, *steps, moves))
}

fn tale(world: &World, summary: &Summary, steps: u64, moves: [u64; MOVES.len()]) -> Tale {
    let mut unresolved = BTreeMap::new();
    for report in summary.reports.iter().filter(|report| report.outcome == Outcome::Unresolved) {
        let code = report.reason.as_ref().map_or_else(String::new, |reason| reason.code.to_string());
        *unresolved.entry(code).or_default() += 1;
    }
    Tale {
        kind: Kind::of(&world.scene),
        steps,
        submissions: world.sent.len() as u64,
        outcomes: summary.counts().into_iter().map(|(outcome, count)| (outcome, count as u64)).collect(),
        unresolved,
        moves,
    }
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
