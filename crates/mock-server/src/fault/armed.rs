//! Rules at work: which of them has a call, and how often each has hit.

use reinstall_core::id::InstanceId;
use reinstall_core::time::Timestamp;
use serde::Serialize;

use super::effect::Effect;
use super::rule::FaultRule;
use crate::cloud::draw_nth;
use crate::operation::ApiOperation;

/// Names a rule, so that a test can ask how often it hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RuleId(pub(crate) usize);

/// A rule, and how often it hit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmedRule {
    /// The rule.
    pub rule: FaultRule,
    /// How many calls it matched, those skipped included.
    pub seen: u32,
    /// How many it hit.
    pub hits: u32,
    #[serde(skip)]
    first_hit_at: Option<Timestamp>,
}

/// The rules of one cloud, in the order they were armed. The first that matches and is not spent has the call.
#[derive(Debug, Clone, Default)]
pub struct FaultRules {
    seed: u64,
    armed: Vec<ArmedRule>,
}

impl FaultRules {
    /// No rule yet. The seed decides what is hit where a rule hits a share of its calls.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, armed: Vec::new() }
    }

    /// Adds a rule after those that are there.
    pub fn arm(&mut self, rule: FaultRule) -> RuleId {
        self.armed.push(ArmedRule { rule, seen: 0, hits: 0, first_hit_at: None });
        RuleId(self.armed.len() - 1)
    }

    /// How many calls a rule has hit.
    #[must_use]
    pub fn hits(&self, id: RuleId) -> u32 {
        self.armed.get(id.0).map_or(0, |armed| armed.hits)
    }

    /// Every rule that was ever armed, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[ArmedRule] {
        &self.armed
    }

    /// Forgets every rule. A [`RuleId`] handed out before means nothing any more.
    pub fn clear(&mut self) {
        self.armed.clear();
    }

    /// What happens to this call, if anything does; counts it.
    pub(crate) fn strike(
        &mut self,
        now: Timestamp,
        operation: ApiOperation,
        ids: &[InstanceId],
    ) -> Option<(RuleId, Effect)> {
        for (index, armed) in self.armed.iter_mut().enumerate() {
            if armed.rule.matches(operation, ids) && armed.strike(now, self.seed, index) {
                return Some((RuleId(index), armed.rule.effect.clone()));
            }
        }
        None
    }
}

impl ArmedRule {
    /// Counts one matching call; whether it is hit. `place` is the rule's own among the others.
    fn strike(&mut self, now: Timestamp, seed: u64, place: usize) -> bool {
        self.seen = self.seen.saturating_add(1);
        let is_spent = self.rule.times.is_some_and(|times| self.hits >= times);
        let is_over = match (self.rule.lasting, self.first_hit_at) {
            (Some(lasting), Some(since)) => now >= since + lasting,
            (None, _) | (_, None) => false,
        };
        let is_spared = self.rule.chance.is_some_and(|share| !falls(seed, place, self.seen, share));
        if self.seen <= self.rule.skip || is_spent || is_over || is_spared {
            return false;
        }
        self.hits = self.hits.saturating_add(1);
        self.first_hit_at.get_or_insert(now);
        true
    }
}

/// Whether the dice hit the `nth` call that matches the rule at `place`.
fn falls(seed: u64, place: usize, nth: u32, share: f64) -> bool {
    // As many bits as the fraction of an `f64` holds exactly.
    const BITS: u32 = 53;
    let about = (place as u64) << u32::BITS | u64::from(nth);
    let drawn = draw_nth(seed, about, "fault") >> (u64::BITS - BITS);
    (drawn as f64) < share * (1_u64 << BITS) as f64
}
