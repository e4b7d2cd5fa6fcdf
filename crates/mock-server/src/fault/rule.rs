//! One rule: the calls it is for, and how many of them.

use std::time::Duration;

use reinstall_core::id::InstanceId;
use serde::{Deserialize, Serialize};

use super::effect::Effect;
use super::optional_duration;
use crate::operation::ApiOperation;

/// One rule: the calls it is for, how many of them, and what happens to them.
///
/// Reads like a sentence: `FaultRule::on(ApiOperation::ReinstallOs, Effect::lose_answer()).skip(1).times(2)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Calls of this operation only; if absent, any call of CloudDC. IAM's operations must be named: whether a client needs a
    /// token first would otherwise decide which call is the next one.
    #[serde(default)]
    pub on: Option<ApiOperation>,
    /// Only calls that name this instance; a list call without `instance_id` names none.
    #[serde(default)]
    pub instance: Option<InstanceId>,
    /// How many matching calls go by unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// Which share of those after that is hit, above 0 and at most 1; every one if absent. Seed, rule and the call's number
    /// among those that matched decide; there is no stream of dice to share.
    #[serde(default)]
    pub chance: Option<f64>,
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

impl FaultRule {
    /// A rule for the next call of an operation.
    #[must_use]
    pub fn on(operation: ApiOperation, effect: Effect) -> Self {
        Self { on: Some(operation), ..Self::any(effect) }
    }

    /// A rule for the next call of CloudDC, whatever it is.
    #[must_use]
    pub fn any(effect: Effect) -> Self {
        Self { on: None, instance: None, skip: 0, chance: None, times: once(), lasting: None, effect }
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

    /// Each matching call is hit with this probability only, above 0 and at most 1.
    #[must_use]
    pub fn chance(mut self, share: f64) -> Self {
        self.chance = Some(share);
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
        if let Effect::Answer { status, .. } = &self.effect
            && !(200..=599).contains(status)
        {
            return Some("`status` must be from 200 to 599");
        }
        if self.on.is_some_and(|operation| !self.effect.applies_to(operation)) {
            return Some("this kind of effect never happens to calls of this operation");
        }
        if self.instance.is_some() && self.on.is_some_and(ApiOperation::is_iam) {
            return Some("calls of this operation name no instance");
        }
        // Written so that what is no number is out of range, too.
        if self.chance.is_some_and(|share| !(share > 0.0 && share <= 1.0)) {
            return Some("`chance` must be above 0 and at most 1");
        }
        (self.times == Some(0)).then_some("`times` is 0, so it would never hit")
    }

    pub(super) fn matches(&self, operation: ApiOperation, ids: &[InstanceId]) -> bool {
        self.on.map_or(!operation.is_iam(), |on| on == operation)
            && self.instance.is_none_or(|id| ids.contains(&id))
            && self.effect.applies_to(operation)
    }
}
