//! What many worlds came to, and whether that is good enough.

use std::collections::BTreeMap;
use std::fmt;

use reinstall_core::rollout::moves::MOVES;
use reinstall_core::summary::Outcome;

use crate::run::{Kind, Tale};

/// What many worlds without a violation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    /// How many worlds there were.
    pub worlds: u64,
    /// How many things happened.
    pub steps: u64,
    /// How many reinstall requests left.
    pub submissions: u64,
    /// How the targets ended, by the kind of world.
    pub outcomes: BTreeMap<Kind, BTreeMap<Outcome, u64>>,
    /// Why targets ended unresolved, by the kind of world and the code of the reason.
    pub unresolved: BTreeMap<Kind, BTreeMap<String, u64>>,
    /// How often each of the machine's moves was made.
    pub moves: [u64; MOVES.len()],
}

impl Default for Totals {
    fn default() -> Self {
        Self {
            worlds: 0,
            steps: 0,
            submissions: 0,
            outcomes: BTreeMap::new(),
            unresolved: BTreeMap::new(),
            moves: [0; MOVES.len()],
        }
    }
}

impl Totals {
    /// As many worlds show every move, and shares worth judging.
    pub const WORLDS_ENOUGH: u64 = 2_000;

    /// Adds a world.
    pub fn add(&mut self, tale: Tale) {
        self.worlds += 1;
        self.steps += tale.steps;
        self.submissions += tale.submissions;
        let outcomes = self.outcomes.entry(tale.kind).or_default();
        tale.outcomes.into_iter().for_each(|(outcome, count)| *outcomes.entry(outcome).or_default() += count);
        let reasons = self.unresolved.entry(tale.kind).or_default();
        tale.unresolved.into_iter().for_each(|(code, count)| *reasons.entry(code).or_default() += count);
        self.moves.iter_mut().zip(tale.moves).for_each(|(sum, count)| *sum += count);
    }

    /// The share of the targets of one kind of world that ended so.
    #[must_use]
    pub fn share(&self, kind: Kind, outcome: Outcome) -> f64 {
        let Some(outcomes) = self.outcomes.get(&kind) else { return 0.0 };
        let all: u64 = outcomes.values().sum();
        outcomes.get(&outcome).copied().unwrap_or(0) as f64 / all.max(1) as f64
    }

    /// What is not good enough: shares of unresolved targets, and moves that never happened. Too few worlds prove nothing.
    #[must_use]
    pub fn objections(&self) -> Vec<String> {
        if self.worlds < Self::WORLDS_ENOUGH {
            return vec![];
        }
        let too_many = Kind::ALL.into_iter().filter_map(|kind| {
            let (share, share_max) = (self.share(kind, Outcome::Unresolved), kind.unresolved_max()?);
            let (percent, percent_max) = (share * 100.0, share_max * 100.0);
            (share > share_max).then(|| {
                format!("{kind}: {percent:.3} % of the targets are unresolved, at most {percent_max} % may be")
            })
        });
        let dead = MOVES.iter().zip(self.moves).filter(|(_, count)| *count == 0).map(|(never, _)| {
            format!("no target ever went from {} to {}: {}", never.from.word(), never.to.word(), never.why)
        });
        too_many.chain(dead).collect()
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} worlds, {} steps, {} requests", self.worlds, self.steps, self.submissions)?;
        for (kind, outcomes) in &self.outcomes {
            let all: u64 = outcomes.values().sum();
            write!(f, "{kind}: {all} targets")?;
            for (outcome, count) in outcomes {
                write!(f, ", {outcome} {:.3} %", *count as f64 * 100.0 / all.max(1) as f64)?;
            }
            let mut reasons: Vec<_> = self.unresolved.get(kind).into_iter().flatten().collect();
            reasons.sort_unstable_by_key(|(_, count)| std::cmp::Reverse(**count));
            let reasons: Vec<String> = reasons.into_iter().map(|(code, count)| format!("{code} {count}")).collect();
            writeln!(f, "{}{}", if reasons.is_empty() { "" } else { "; unresolved by: " }, reasons.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(worlds: u64, unresolved: u64, moves: u64) -> Totals {
        let outcomes = BTreeMap::from([(Outcome::Succeeded, 10_000 - unresolved), (Outcome::Unresolved, unresolved)]);
        Totals {
            worlds,
            outcomes: BTreeMap::from([(Kind::Calm, outcomes)]),
            moves: [moves; MOVES.len()],
            ..Totals::default()
        }
    }

    #[test]
    fn too_many_unresolved_targets_and_dead_moves_are_objected_to() {
        for (totals, objections) in [
            (totals(Totals::WORLDS_ENOUGH, 10, 1), 0),
            (totals(Totals::WORLDS_ENOUGH, 11, 1), 1),
            (totals(Totals::WORLDS_ENOUGH, 11, 0), 1 + MOVES.len()),
            (totals(Totals::WORLDS_ENOUGH - 1, 11, 0), 0),
        ] {
            assert_eq!(totals.objections().len(), objections, "{totals}");
        }
    }
}
