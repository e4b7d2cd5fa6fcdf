//! One rule: the calls it is for, and how many of them.

use std::time::Duration;

use reinstall_core::id::{ImageId, InstanceId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::effect::Effect;
use super::optional_duration;
use crate::operation::ApiOperation;
use crate::shape::{DurationText, IdText};

/// One rule: the calls it is for, how many of them, and what happens to them.
///
/// Reads like a sentence: `FaultRule::on(ApiOperation::ReinstallOs, Effect::lose_answer()).skip(1).times(2)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Calls of this operation only; if absent, any call of CloudDC. IAM's operations must be named: whether a client needs a
    /// token first would otherwise decide which call is the next one.
    #[serde(default)]
    pub on: Option<ApiOperation>,
    /// Only calls that name this instance; a list call without `instance_id` names none.
    #[serde(default)]
    #[schemars(with = "Option<IdText>")]
    pub instance: Option<InstanceId>,
    /// Only reinstalls that ask for this image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText>")]
    pub image: Option<ImageId>,
    /// Whether calls are counted for each instance alone: `skip` and `times` are then about the calls that name an instance, by
    /// the first they name. Whatever else goes on at the same time, the same calls of one instance are hit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub per_instance: bool,
    /// How many matching calls go by unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// Which share of those after that is hit, above 0 and at most 1; every one if absent. Seed, rule, instance and the call's
    /// number among those of the instance decide; there is no stream of dice to share.
    #[serde(default)]
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub chance: Option<f64>,
    /// How many are hit then; 1 if absent, all if `null`.
    #[serde(default = "once")]
    #[schemars(range(min = 1))]
    pub times: Option<u32>,
    /// How long it goes on at most, from the first hit, by the world's clock.
    #[serde(default, with = "optional_duration")]
    #[schemars(with = "Option<DurationText>")]
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
        Self {
            name: None,
            on: None,
            instance: None,
            image: None,
            per_instance: false,
            skip: 0,
            chance: None,
            times: once(),
            lasting: None,
            effect,
        }
    }

    /// Calls it so, for people.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Only calls that name this instance.
    #[must_use]
    pub fn instance(mut self, id: InstanceId) -> Self {
        self.instance = Some(id);
        self
    }

    /// Only reinstalls that ask for this image.
    #[must_use]
    pub fn image(mut self, id: ImageId) -> Self {
        self.image = Some(id);
        self
    }

    /// Calls are counted for each instance alone.
    #[must_use]
    pub fn per_instance(mut self) -> Self {
        self.per_instance = true;
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
        if let Some(objection) = self.effect.objection() {
            return Some(objection);
        }
        if self.on.is_some_and(|operation| !self.effect.applies_to(operation)) {
            return Some("this kind of effect never happens to calls of this operation");
        }
        let names_no_instance = self.on.is_some_and(ApiOperation::is_iam);
        if names_no_instance && (self.instance.is_some() || self.per_instance) {
            return Some("calls of this operation name no instance");
        }
        if self.image.is_some() && self.on.is_some_and(|operation| operation != ApiOperation::ReinstallOs) {
            return Some("calls of this operation name no image");
        }
        if self.effect.is_early() && (self.image.is_some() || self.is_about_a_body()) {
            return Some("what the body of this operation names is not known yet when this kind of effect happens");
        }
        // Written so that what is no number is out of range, too.
        if self.chance.is_some_and(|share| !(share > 0.0 && share <= 1.0)) {
            return Some("`chance` must be above 0 and at most 1");
        }
        (self.times == Some(0)).then_some("`times` is 0, so it would never hit")
    }

    /// Why the rule can never match any more, given that `earlier` comes before it; for those who write rules by hand.
    #[must_use]
    pub fn is_shadowed_by(&self, earlier: &Self) -> bool {
        let hits_all = earlier.times.is_none()
            && earlier.skip == 0
            && earlier.lasting.is_none()
            && earlier.chance.is_none_or(|share| share >= 1.0)
            && earlier.instance.is_none_or(|id| self.instance == Some(id))
            && earlier.image.is_none_or(|id| self.image == Some(id));
        let is_for_the_same = match (earlier.on, self.on) {
            (Some(theirs), Some(ours)) => theirs == ours && earlier.effect.applies_to(ours),
            (None, Some(ours)) => !ours.is_iam() && earlier.effect.applies_to(ours),
            (None, None) => ApiOperation::ALL
                .into_iter()
                .filter(|operation| !operation.is_iam() && self.effect.applies_to(*operation))
                .all(|operation| earlier.effect.applies_to(operation)),
            (Some(_), None) => false,
        };
        hits_all
            && is_for_the_same
            && !earlier.effect.is_additional()
            && !self.effect.is_additional()
            && (earlier.effect.is_early() || !self.effect.is_early())
    }

    /// Whether it is picked by what stands in the body of a request.
    fn is_about_a_body(&self) -> bool {
        let in_body = match self.on {
            Some(operation) => {
                matches!(operation, ApiOperation::ReinstallOs | ApiOperation::ChangeInstancePassword)
            }
            None => false,
        };
        in_body && (self.instance.is_some() || self.per_instance)
    }

    pub(super) fn matches(&self, call: &Struck<'_>) -> bool {
        self.on.map_or(!call.operation.is_iam(), |on| on == call.operation)
            && self.instance.is_none_or(|id| call.ids.contains(&id))
            && self.image.is_none_or(|id| call.image == Some(id))
            && self.effect.applies_to(call.operation)
            && !(self.per_instance && call.ids.is_empty())
    }
}

/// A call, as far as rules pick by it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Struck<'a> {
    pub(crate) operation: ApiOperation,
    pub(crate) ids: &'a [InstanceId],
    pub(crate) image: Option<ImageId>,
}
