//! Rules at work: which of them has a call, and how often each has hit.

use std::collections::BTreeMap;

use reinstall_core::id::InstanceId;
use reinstall_core::time::Timestamp;
use serde::Serialize;

use super::effect::Effect;
use super::rule::{FaultRule, Struck};
use crate::cloud::draw;
use crate::cloud::spread::{Spread, share};

/// Names a rule, so that a test can ask how often it hit. No other rule of the same world ever has the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
pub struct RuleId(pub(crate) usize);

impl RuleId {
    /// Its number.
    #[must_use]
    pub const fn number(self) -> usize {
        self.0
    }
}

impl From<usize> for RuleId {
    fn from(number: usize) -> Self {
        Self(number)
    }
}

/// A rule, and how often it hit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmedRule {
    /// Its name among the others.
    pub id: RuleId,
    /// The rule.
    pub rule: FaultRule,
    /// How many calls it matched, those skipped included.
    pub seen: u32,
    /// How many it hit.
    pub hits: u32,
    #[serde(skip)]
    first_hit_at: Option<Timestamp>,
    /// The counts of single instances, where those matter.
    #[serde(skip)]
    counts: BTreeMap<InstanceId, Count>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Count {
    seen: u32,
    hits: u32,
}

/// The rules of one world, in the order they were armed. The first that matches and is not spent has the call; delays, dead
/// tokens and skewed clocks come on top.
#[derive(Debug, Clone, Default)]
pub struct FaultRules {
    seed: u64,
    armed: Vec<ArmedRule>,
    ever_armed: usize,
}

/// A rule that hits a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Strike {
    pub(crate) rule: RuleId,
    pub(crate) effect: Effect,
    /// What this hit draws from, if there is anything to draw.
    pub(crate) dice: u64,
}

/// When in the course of a call rules are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// When its head is there.
    Head,
    /// When all of it is there, and it was admitted.
    Whole,
}

impl FaultRules {
    /// How many instances a rule counts apart; those after that are counted together.
    const COUNTS_MAX: usize = 1_000_000;

    /// No rule yet. The seed decides what is hit where a rule hits a share of its calls.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Adds a rule after those that are there.
    pub fn arm(&mut self, rule: FaultRule) -> RuleId {
        let id = RuleId(self.ever_armed);
        self.ever_armed += 1;
        self.armed.push(ArmedRule { id, rule, seen: 0, hits: 0, first_hit_at: None, counts: BTreeMap::new() });
        id
    }

    /// How many calls a rule has hit; 0 if it is gone.
    #[must_use]
    pub fn hits(&self, id: RuleId) -> u32 {
        self.armed.iter().find(|armed| armed.id == id).map_or(0, |armed| armed.hits)
    }

    /// Every rule that is armed, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[ArmedRule] {
        &self.armed
    }

    /// Forgets every rule.
    pub fn clear(&mut self) {
        self.armed.clear();
    }

    /// Forgets one rule; whether it was there.
    pub fn disarm(&mut self, id: RuleId) -> bool {
        let before = self.armed.len();
        self.armed.retain(|armed| armed.id != id);
        self.armed.len() < before
    }

    /// What happens to this call at this stage; counts it.
    pub(crate) fn strike(&mut self, now: Timestamp, call: &Struck<'_>, stage: Stage) -> Vec<Strike> {
        let mut strikes = Vec::new();
        let mut is_taken = false;
        for armed in &mut self.armed {
            let is_due = armed.rule.effect.is_early() == (stage == Stage::Head);
            let is_additional = armed.rule.effect.is_additional();
            if !is_due || (is_taken && !is_additional) || !armed.rule.matches(call) {
                continue;
            }
            if let Some(dice) = armed.strike(now, self.seed, call) {
                is_taken |= !is_additional;
                strikes.push(Strike { rule: armed.id, effect: armed.rule.effect.clone(), dice });
            }
        }
        strikes
    }
}

impl ArmedRule {
    /// Counts one matching call; what to draw from if it is hit.
    fn strike(&mut self, now: Timestamp, seed: u64, call: &Struck<'_>) -> Option<u64> {
        self.seen = self.seen.saturating_add(1);
        // Whose call it is: the first that it names, since a batch is sent as a whole.
        let subject = call.ids.first().copied().unwrap_or(InstanceId::from_bits(0));
        let nth = match self.counts_apart() {
            true => {
                let count = self.count(subject);
                count.seen = count.seen.saturating_add(1);
                *count
            }
            false => Count { seen: self.seen, hits: self.hits },
        };
        let drawn = |decision| draw(seed ^ self.id.0 as u64, subject, nth.seen, decision);
        let total = Count { seen: self.seen, hits: self.hits };
        let so_far = if self.rule.per_instance { nth } else { total };
        let is_spent = self.rule.times.is_some_and(|times| so_far.hits >= times);
        let is_over = match (self.rule.lasting, self.first_hit_at) {
            (Some(lasting), Some(since)) => now >= since + lasting,
            (None, _) | (_, None) => false,
        };
        let is_spared = self.rule.chance.is_some_and(|chance| share(drawn("fault")) >= chance);
        if so_far.seen <= self.rule.skip || is_spent || is_over || is_spared {
            return None;
        }
        let dice = drawn("effect");
        self.hits = self.hits.saturating_add(1);
        if self.counts_apart() {
            let count = self.count(subject);
            count.hits = count.hits.saturating_add(1);
        }
        self.first_hit_at.get_or_insert(now);
        Some(dice)
    }

    /// Whether it matters which call of an instance this is.
    fn counts_apart(&self) -> bool {
        let draws = matches!(self.rule.effect, Effect::Delay { by: Spread::Drawn(_), .. });
        self.rule.per_instance || self.rule.chance.is_some() || draws
    }

    fn count(&mut self, subject: InstanceId) -> &mut Count {
        let has_room = self.counts.len() < FaultRules::COUNTS_MAX || self.counts.contains_key(&subject);
        let key = if has_room { subject } else { InstanceId::from_bits(u128::MAX) };
        self.counts.entry(key).or_default()
    }
}
