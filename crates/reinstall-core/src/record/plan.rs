//! A plan on record.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::{ImageId, InstanceId, ProjectId};
use crate::instance_set::InstanceSet;
use crate::plan::{Plan, Wave};
use crate::policy::Policy;
use crate::survey::Survey;

/// A plan, with every request written out: it comes back as it was drawn, whatever a later program would draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanRecord {
    /// Whose instances are meant.
    pub project_id: ProjectId,
    /// What gets installed; `None` keeps each instance's image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_id: Option<ImageId>,
    /// The requests of each wave.
    pub waves: Vec<Vec<InstanceSet>>,
    /// The most failures that are put up with.
    pub failures_max: usize,
    /// How to go about it.
    pub policy: Policy,
    /// What the instances were when it was drawn.
    #[serde(default, skip_serializing_if = "Survey::is_empty")]
    pub survey: Survey,
}

/// Why a plan on record is none. Whoever edited it should draw a new one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No wave, or a wave without a request.
    #[error("wave {0} of the plan names no instance")]
    EmptyWave(usize),
    /// An instance is in two requests.
    #[error("instance {0} is in two requests of the plan")]
    Repeated(InstanceId),
    /// A request names more instances than the plan's own policy allows.
    #[error("a request of the plan names {len} instances, and its policy allows {len_max}")]
    Batch {
        /// How many it names.
        len: usize,
        /// How many it may.
        len_max: usize,
    },
    /// Its policy is not sound.
    #[error("the plan's policy is not sound: {0}")]
    Policy(String),
    /// It surveyed an instance that it does not name.
    #[error("the plan describes instance {0}, which it does not name")]
    Stranger(InstanceId),
}

impl From<&Plan> for PlanRecord {
    fn from(plan: &Plan) -> Self {
        Self {
            project_id: plan.project_id().clone(),
            image_id: plan.image_id(),
            waves: plan.waves().iter().map(|wave| wave.batches().to_vec()).collect(),
            failures_max: plan.failures_max(),
            policy: plan.policy().clone(),
            survey: plan.survey().clone(),
        }
    }
}

impl TryFrom<PlanRecord> for Plan {
    type Error = PlanError;

    fn try_from(record: PlanRecord) -> Result<Self, PlanError> {
        let PlanRecord { project_id, image_id, waves, failures_max, policy, survey } = record;
        if let Some(objection) = policy.objections().first() {
            return Err(PlanError::Policy(objection.to_string()));
        }
        let is_empty = waves.iter().position(Vec::is_empty).or_else(|| waves.is_empty().then_some(0));
        if let Some(index) = is_empty {
            return Err(PlanError::EmptyWave(index + 1));
        }
        let len_max = policy.batch_max.min(policy.in_flight_max);
        let mut named = BTreeSet::new();
        for batch in waves.iter().flatten() {
            if batch.len() > len_max {
                return Err(PlanError::Batch { len: batch.len(), len_max });
            }
            if let Some(id) = batch.as_slice().iter().find(|id| !named.insert(**id)) {
                return Err(PlanError::Repeated(*id));
            }
        }
        if let Some(id) = survey.keys().find(|id| !named.contains(id)) {
            return Err(PlanError::Stranger(*id));
        }
        let waves = waves.into_iter().map(Wave::new).collect();
        Ok(Self::restored(project_id, image_id, waves, failures_max, policy).bound_to(survey))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::CheckedSpec;
    use crate::survey::Surveyed;

    fn record() -> PlanRecord {
        let instances = (0..120).map(InstanceId::from_bits).collect();
        let spec = CheckedSpec { instances, image: Some(ImageId::from_bits(7)), policy: Policy::default() };
        let survey = [(InstanceId::from_bits(3), Surveyed { name: Some("web-3".into()), ..Surveyed::default() })];
        (&Plan::draw(&spec, "p1".parse().unwrap()).bound_to(survey.into())).into()
    }

    #[test]
    fn a_plan_comes_back_as_it_was_drawn() {
        let json = serde_json::to_string(&record()).unwrap();
        let back: PlanRecord = serde_json::from_str(&json).unwrap();
        assert_eq!(back, record());
        let plan = Plan::try_from(back).unwrap();
        assert_eq!(PlanRecord::from(&plan), record());
        assert_eq!((plan.target_count(), plan.request_count()), (120, 5));
    }

    #[test]
    fn a_plan_that_somebody_edited_is_refused() {
        type Edit = fn(&mut PlanRecord);
        let edits: [(&str, Edit, &str); 7] = [
            ("no waves", |plan| plan.waves.clear(), "names no instance"),
            ("an empty wave", |plan| plan.waves.push(vec![]), "wave 4"),
            ("the canary again", |plan| plan.waves.push(plan.waves[0].clone()), "in two requests"),
            ("smaller requests", |plan| plan.policy.batch_max = 7, "names 12 instances"),
            ("no attempts", |plan| plan.policy.attempts_max = 0, "attempts_max"),
            ("less in flight", |plan| plan.policy.in_flight_max = 49, "allows 49"),
            (
                "a stranger",
                |plan| drop(plan.survey.insert(InstanceId::from_bits(900), Surveyed::default())),
                "does not name",
            ),
        ];
        for (edit, apply, told) in edits {
            let mut edited = record();
            apply(&mut edited);
            let refused = Plan::try_from(edited).unwrap_err().to_string();
            assert!(refused.contains(told), "{edit}: {refused}");
        }
    }

    #[test]
    fn unknown_fields_and_impossible_requests_are_refused() {
        let json = serde_json::to_value(record()).unwrap();
        for (path, value) in [
            ("/waves/0/0", serde_json::json!([])),
            ("/waves/0/0/0", serde_json::json!("i-1")),
            ("/policy/waves", serde_json::json!(["0"])),
            ("/policy/poll_every", serde_json::json!("soon")),
            ("/project_id", serde_json::json!("../x")),
        ] {
            let mut edited = json.clone();
            *edited.pointer_mut(path).unwrap() = value;
            assert!(serde_json::from_value::<PlanRecord>(edited).is_err(), "{path}");
        }
        let mut edited = json;
        edited["extra"] = serde_json::json!(1);
        assert!(serde_json::from_value::<PlanRecord>(edited).is_err());
    }
}
