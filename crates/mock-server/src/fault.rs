//! Fault rules, as values: which call goes wrong, how often, and how. Counted, never random.
//!
//! # As JSON
//!
//! `POST /_mock/faults` takes a list of rules. Only `effect` is required; an unknown key is refused.
//!
//! ```json
//! [
//!   {"on": "ReinstallOS", "effect": {"kind": "lose", "when": "after"}},
//!   {"on": "ReinstallOS", "skip": 1, "times": 3,
//!    "effect": {"kind": "answer", "when": "before", "status": 429, "body": "slow down", "retry_after": "2s"}},
//!   {"on": "ListInstances", "times": null, "effect": {"kind": "answer", "when": "before", "status": 403, "body": ""}},
//!   {"on": "ReinstallOS", "effect": {"kind": "partial", "omit": {"last": 3}, "omitted_started": false}},
//!   {"on": "ReinstallOS", "effect": {"kind": "partial", "omit": "every_second", "omitted_started": true}},
//!   {"on": "ReinstallOS", "effect": {"kind": "stranger"}},
//!   {"on": "ReinstallOS", "effect": {"kind": "truncate", "body_bytes": 20}},
//!   {"on": "ShowInstanceStatus", "instance": "0b29c7a1-0000-4000-8000-00000000abcd",
//!    "effect": {"kind": "hang", "when": "after"}},
//!   {"times": null, "lasting": "10s", "effect": {"kind": "stale", "by": "30s"}}
//! ]
//! ```

use std::time::Duration;

use reinstall_core::id::InstanceId;
use reinstall_core::time::{Timestamp, parse_duration, serialize_duration};
use serde::{Deserialize, Serialize};

use crate::cloud::ledger::ApiOperation;

/// One rule: the calls it is for, how many of them, and what happens to them.
///
/// Reads like a sentence: `FaultRule::on(ApiOperation::ReinstallOs, Effect::lose_answer()).skip(1).times(2)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Calls of this operation only; of any if absent.
    #[serde(default)]
    pub on: Option<ApiOperation>,
    /// Only calls that name this instance; a list call without `instance_id` names none.
    #[serde(default)]
    pub instance: Option<InstanceId>,
    /// How many matching calls go by unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// How many are hit then; 1 if absent, all if `null`.
    #[serde(default = "once")]
    pub times: Option<u32>,
    /// How long it goes on at most, from the first hit.
    #[serde(default, with = "optional_duration")]
    pub lasting: Option<Duration>,
    /// What happens.
    pub effect: Effect,
}

#[expect(clippy::unnecessary_wraps, reason = "serde asks for the field's type")]
fn once() -> Option<u32> {
    Some(1)
}

/// Before or after the call has taken hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Nothing is done.
    Before,
    /// All is done, only the answer is wrong.
    After,
}

/// What happens to a call that is hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// It is answered with this status and body, whatever the truth.
    Answer {
        /// Before or after it took hold.
        when: When,
        /// 200 to 599.
        status: u16,
        /// Sent as it stands.
        body: String,
        /// `Retry-After`; sent in whole seconds, rounded up.
        #[serde(default, with = "optional_duration")]
        retry_after: Option<Duration>,
    },
    /// The connection ends without a byte.
    Lose {
        /// Before or after it took hold.
        when: When,
        /// Whether it is reset (RST) rather than closed.
        #[serde(default)]
        reset: bool,
    },
    /// Nothing ever comes.
    Hang {
        /// Before or after it took hold.
        when: When,
    },
    /// It took hold, and the connection closes within the true answer.
    Truncate {
        /// So many bytes of the body arrive.
        body_bytes: usize,
    },
    /// The success leaves out some of the ids: of a reinstall, or rows of a list.
    Partial {
        /// Which.
        omit: Omit,
        /// Whether the reinstalls of those left out were started. A list does not care.
        omitted_started: bool,
    },
    /// The success of a reinstall names [`STRANGER_BITS`] too, whom nobody asked for.
    Stranger,
    /// A status or list is answered as it was a while ago. A reinstall is not touched.
    Stale {
        /// How long ago.
        #[serde(serialize_with = "serialize_duration", deserialize_with = "duration")]
        by: Duration,
    },
}

/// Which of the ids of a success are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Omit {
    /// The second, the fourth and so on.
    EverySecond,
    /// So many at the end.
    Last(usize),
}

/// The id, as bits, of an instance that is in no fleet.
pub const STRANGER_BITS: u128 = 0x5712_a96e_0000_4000_8000_0000_0000_dead;

/// Names a rule, so that a test can ask how often it hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RuleId(pub(crate) usize);

/// A rule, and how often it hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
pub struct FaultRules(Vec<ArmedRule>);

impl FaultRule {
    /// A rule for the next call of an operation.
    #[must_use]
    pub fn on(operation: ApiOperation, effect: Effect) -> Self {
        Self {
            on: Some(operation),
            ..Self::any(effect)
        }
    }

    /// A rule for the next call, whatever it is.
    #[must_use]
    pub fn any(effect: Effect) -> Self {
        Self {
            on: None,
            instance: None,
            skip: 0,
            times: once(),
            lasting: None,
            effect,
        }
    }

    /// Only calls that name this instance.
    #[must_use]
    pub fn instance(mut self, id: InstanceId) -> Self {
        self.instance = Some(id);
        self
    }

    /// So many matching calls go by unharmed first.
    #[must_use]
    pub fn skip(mut self, calls: u32) -> Self {
        self.skip = calls;
        self
    }

    /// So many calls are hit.
    #[must_use]
    pub fn times(mut self, calls: u32) -> Self {
        self.times = Some(calls);
        self
    }

    /// Every matching call is hit.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// It goes on for so long at most, from the first hit.
    #[must_use]
    pub fn lasting(mut self, duration: Duration) -> Self {
        self.lasting = Some(duration);
        self
    }

    /// Why the rule cannot do what it says, if so; for those who write rules by hand.
    #[must_use]
    pub fn objection(&self) -> Option<&'static str> {
        match &self.effect {
            Effect::Answer { status, .. } if !(200..=599).contains(status) => Some("`status` must be from 200 to 599"),
            effect if self.on.is_some_and(|operation| !effect.applies_to(operation)) => {
                Some("this kind of effect never happens to calls of this operation")
            }
            _ if self.times == Some(0) => Some("`times` is 0, so it would never hit"),
            _ => None,
        }
    }

    fn matches(&self, operation: ApiOperation, ids: &[InstanceId]) -> bool {
        self.on.is_none_or(|on| on == operation)
            && self.instance.is_none_or(|id| ids.contains(&id))
            && self.effect.applies_to(operation)
    }
}

impl Effect {
    /// 429 with a plain string, as documented (api-facts 1), before anything is done.
    #[must_use]
    pub fn throttle(retry_after: Option<Duration>) -> Self {
        Self::Answer {
            when: When::Before,
            status: 429,
            body: "The throttling threshold has been reached: policy user over ratelimit,limit:10".to_owned(),
            retry_after,
        }
    }

    /// A status without a word, before anything is done.
    #[must_use]
    pub fn refuse(status: u16) -> Self {
        Self::answer(When::Before, status, "")
    }

    /// 500 `iMetal.0099`, although all was done.
    #[must_use]
    pub fn fail_after() -> Self {
        let body = r#"{"error_code":"iMetal.0099","error_msg":"Internal server error"}"#;
        Self::answer(When::After, 500, body)
    }

    /// A 202 that nobody can read, although all was done.
    #[must_use]
    pub fn garble() -> Self {
        Self::answer(When::After, 202, "{\"instances\": [{\"id\"")
    }

    /// Any status and body.
    #[must_use]
    pub fn answer(when: When, status: u16, body: &str) -> Self {
        Self::Answer {
            when,
            status,
            body: body.to_owned(),
            retry_after: None,
        }
    }

    /// The connection closes without a byte, although all was done.
    #[must_use]
    pub const fn lose_answer() -> Self {
        Self::Lose {
            when: When::After,
            reset: false,
        }
    }

    /// The connection closes without a byte, and nothing was done.
    #[must_use]
    pub const fn lose_request() -> Self {
        Self::Lose {
            when: When::Before,
            reset: false,
        }
    }

    const fn applies_to(&self, operation: ApiOperation) -> bool {
        match (self, operation) {
            (Self::Stale { .. }, ApiOperation::ReinstallOs)
            | (Self::Stranger, ApiOperation::ShowInstanceStatus | ApiOperation::ListInstances)
            | (Self::Partial { .. }, ApiOperation::ShowInstanceStatus) => false,
            (
                Self::Answer { .. }
                | Self::Lose { .. }
                | Self::Hang { .. }
                | Self::Truncate { .. }
                | Self::Partial { .. }
                | Self::Stranger
                | Self::Stale { .. },
                ApiOperation::ReinstallOs | ApiOperation::ShowInstanceStatus | ApiOperation::ListInstances,
            ) => true,
        }
    }
}

impl Omit {
    /// Whether the `index`th of `len` is left out.
    pub(crate) const fn omits(self, index: usize, len: usize) -> bool {
        match self {
            Self::EverySecond => index % 2 == 1,
            Self::Last(count) => index + count >= len,
        }
    }
}

impl FaultRules {
    /// Adds a rule after those that are there.
    pub fn arm(&mut self, rule: FaultRule) -> RuleId {
        self.0.push(ArmedRule {
            rule,
            seen: 0,
            hits: 0,
            first_hit_at: None,
        });
        RuleId(self.0.len() - 1)
    }

    /// How many calls a rule has hit.
    #[must_use]
    pub fn hits(&self, id: RuleId) -> u32 {
        self.0.get(id.0).map_or(0, |armed| armed.hits)
    }

    /// Every rule that was ever armed, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[ArmedRule] {
        &self.0
    }

    /// Forgets every rule. A [`RuleId`] handed out before means nothing any more.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What happens to this call, if anything does; counts it.
    pub(crate) fn strike(
        &mut self,
        now: Timestamp,
        operation: ApiOperation,
        ids: &[InstanceId],
    ) -> Option<(RuleId, Effect)> {
        for (index, armed) in self.0.iter_mut().enumerate() {
            if armed.rule.matches(operation, ids) && armed.strike(now) {
                return Some((RuleId(index), armed.rule.effect.clone()));
            }
        }
        None
    }
}

impl ArmedRule {
    /// Counts one matching call; whether it is hit.
    fn strike(&mut self, now: Timestamp) -> bool {
        self.seen = self.seen.saturating_add(1);
        let is_spent = self.rule.times.is_some_and(|times| self.hits >= times);
        let is_over = match (self.rule.lasting, self.first_hit_at) {
            (Some(lasting), Some(since)) => now >= since + lasting,
            (None, _) | (_, None) => false,
        };
        if self.seen <= self.rule.skip || is_spent || is_over {
            return false;
        }
        self.hits = self.hits.saturating_add(1);
        self.first_hit_at.get_or_insert(now);
        true
    }
}

fn duration<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).map_err(serde::de::Error::custom)
}

/// Durations as people write them, or `null`.
mod optional_duration {
    use super::{Deserialize, Duration, Serialize, parse_duration};
    use reinstall_core::time::Plain;

    #[expect(clippy::ref_option, reason = "serde gives a reference to the field")]
    pub(super) fn serialize<S: serde::Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        duration
            .map(|duration| Plain(duration).to_string())
            .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| parse_duration(&text).map_err(serde::de::Error::custom))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REINSTALL: ApiOperation = ApiOperation::ReinstallOs;
    const LIST: ApiOperation = ApiOperation::ListInstances;

    /// Which of ten calls, one a second, a single rule hits: `x` for a hit, `.` for none.
    fn pattern(rule: FaultRule) -> String {
        let mut rules = FaultRules::default();
        let id = rules.arm(rule);
        let calls = (0..10).map(|second| {
            let now = Timestamp::from_millis(second * 1_000);
            rules.strike(now, REINSTALL, &[InstanceId::from_bits(u128::from(second))])
        });
        let pattern: String = calls.map(|hit| if hit.is_some() { 'x' } else { '.' }).collect();
        assert_eq!(rules.hits(id) as usize, pattern.matches('x').count());
        pattern
    }

    #[test]
    fn rules_are_counted() {
        let rule = || FaultRule::on(REINSTALL, Effect::lose_answer());
        for (rule, hits) in [
            (rule(), "x........."),
            (rule().skip(2), "..x......."),
            (rule().skip(2).times(3), "..xxx....."),
            (rule().always(), "xxxxxxxxxx"),
            (rule().always().skip(4).lasting(Duration::from_secs(3)), "....xxx..."),
            (rule().times(2).lasting(Duration::from_secs(30)), "xx........"),
            (rule().instance(InstanceId::from_bits(6)), "......x..."),
            (rule().always().instance(InstanceId::from_bits(60)), ".........."),
            (FaultRule::on(LIST, Effect::lose_answer()), ".........."),
            (FaultRule::any(Effect::lose_answer()), "x........."),
            (
                FaultRule::any(Effect::Stale {
                    by: Duration::from_secs(1),
                }),
                "..........",
            ),
        ] {
            assert_eq!(pattern(rule.clone()), hits, "{rule:?}");
        }
    }

    #[test]
    fn the_first_rule_that_is_not_spent_has_the_call() {
        let mut rules = FaultRules::default();
        let first = rules.arm(FaultRule::on(REINSTALL, Effect::lose_answer()).skip(1));
        let second = rules.arm(FaultRule::any(Effect::garble()).times(2));
        let mut strike = || {
            rules
                .strike(Timestamp::from_millis(0), REINSTALL, &[])
                .map(|(id, _)| id)
        };
        assert_eq!(
            [strike(), strike(), strike(), strike()],
            [Some(second), Some(first), Some(second), None]
        );
    }

    #[test]
    fn rules_that_cannot_hit_are_objected_to() {
        let stale = Effect::Stale { by: Duration::ZERO };
        for (rule, objected) in [
            (FaultRule::on(REINSTALL, stale.clone()), true),
            (FaultRule::on(LIST, stale.clone()), false),
            (FaultRule::any(stale), false),
            (FaultRule::on(LIST, Effect::Stranger), true),
            (FaultRule::any(Effect::refuse(199)), true),
            (FaultRule::any(Effect::refuse(600)), true),
            (FaultRule::any(Effect::refuse(503)), false),
            (FaultRule::any(Effect::garble()).times(0), true),
        ] {
            assert_eq!(rule.objection().is_some(), objected, "{rule:?}");
        }
    }

    #[test]
    fn the_documented_json_is_read_and_written_back() {
        let documented: String = include_str!("fault.rs")
            .lines()
            .skip_while(|line| *line != "//! ```json")
            .skip(1)
            .take_while(|line| *line != "//! ```")
            .map(|line| line.trim_start_matches("//!"))
            .collect();
        let rules: Vec<FaultRule> = serde_json::from_str(&documented).unwrap();
        assert_eq!(rules.len(), 9);
        assert_eq!(rules[0], FaultRule::on(REINSTALL, Effect::lose_answer()));
        assert_eq!((rules[1].skip, rules[1].times), (1, Some(3)));
        assert_eq!(rules[2].times, None);
        assert_eq!(rules[8].lasting, Some(Duration::from_secs(10)));
        assert_eq!(rules.iter().find_map(FaultRule::objection), None);
        let text = serde_json::to_string(&rules).unwrap();
        assert_eq!(serde_json::from_str::<Vec<FaultRule>>(&text).unwrap(), rules);
    }

    #[test]
    fn unknown_keys_are_refused() {
        for text in [
            r#"{"effect":{"kind":"stranger"},"probability":1}"#,
            r#"{"effect":{"kind":"lose","when":"after","gently":true}}"#,
            r#"{"effect":{"kind":"explode"}}"#,
            r#"{"effect":{"kind":"stale","by":"30"}}"#,
            r#"{"on":"DeleteInstances","effect":{"kind":"stranger"}}"#,
            "{}",
        ] {
            assert!(serde_json::from_str::<FaultRule>(text).is_err(), "{text}");
        }
    }
}
