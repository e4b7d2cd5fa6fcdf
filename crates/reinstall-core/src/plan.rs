//! A plan leaves no choices: whom to touch, in what order and in which request is fixed before the first request.

use crate::id::{ImageId, InstanceId, ProjectId};
use crate::instance_set::InstanceSet;
use crate::policy::Policy;
use crate::spec::CheckedSpec;
use crate::survey::Survey;
use crate::time::Timestamp;

/// The part of a plan that may be on its way together.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Wave {
    batches: Vec<InstanceSet>,
}

impl Wave {
    /// A wave of these requests, which the caller has checked.
    pub(crate) fn new(batches: Vec<InstanceSet>) -> Self {
        Self { batches }
    }

    /// The requests of this wave, in order. An instance is in exactly one of them.
    #[must_use]
    pub fn batches(&self) -> &[InstanceSet] {
        &self.batches
    }

    /// How many targets the wave has; at least 1.
    #[must_use]
    pub fn targets(&self) -> usize {
        self.batches.iter().map(InstanceSet::len).sum()
    }
}

/// Frozen and ordered. The same spec always draws the same plan.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Plan {
    project_id: ProjectId,
    image_id: Option<ImageId>,
    targets: usize,
    failures_max: usize,
    waves: Vec<Wave>,
    policy: Policy,
    #[serde(skip)]
    survey: Survey,
}

impl Plan {
    /// Draws the plan of a checked spec: waves by the policy's sizes, each cut into batches, in the order of the spec.
    ///
    /// A batch is never larger than the policy's `in_flight_max` or `max_unavailable`, or it could never start.
    #[must_use]
    pub fn draw(spec: &CheckedSpec, project_id: ProjectId) -> Self {
        let policy = spec.policy.clone();
        let unavailable_max = unavailable_max(&policy, spec.instances.len()).unwrap_or(usize::MAX);
        let batch_max = policy.batch_max.min(policy.in_flight_max).min(unavailable_max);
        let mut rest = spec.instances.as_slice();
        let mut waves = Vec::new();
        for size in policy.waves.split(spec.instances.len()) {
            let (wave, later) = rest.split_at(size);
            waves.push(Wave::new(wave.chunks(batch_max).map(InstanceSet::of_distinct).collect()));
            rest = later;
        }
        let failures_max = policy.failures_max.of(spec.instances.len());
        Self::restored(project_id, spec.image, waves, failures_max, policy)
    }

    /// A plan of these waves, which the caller has checked.
    pub(crate) fn restored(
        project_id: ProjectId,
        image_id: Option<ImageId>,
        waves: Vec<Wave>,
        failures_max: usize,
        policy: Policy,
    ) -> Self {
        let targets = waves.iter().map(Wave::targets).sum();
        Self { project_id, image_id, targets, failures_max, waves, policy, survey: Survey::new() }
    }

    /// The same plan, bound to what its instances were when somebody looked: one that has changed by the time its turn comes
    /// is left alone.
    #[must_use]
    pub fn bound_to(self, survey: Survey) -> Self {
        Self { survey, ..self }
    }

    /// The same plan, in which nothing new is started at or after `at`, or whatever earlier moment it had.
    #[must_use]
    pub fn closing_at(self, at: Timestamp) -> Self {
        let closes_at = Some(self.policy.closes_at.map_or(at, |earlier| earlier.min(at)));
        Self { policy: Policy { closes_at, ..self.policy }, ..self }
    }

    /// Whose instances are meant.
    #[must_use]
    pub fn project_id(&self) -> &ProjectId {
        &self.project_id
    }

    /// What gets installed; `None` keeps each instance's image.
    #[must_use]
    pub fn image_id(&self) -> Option<ImageId> {
        self.image_id
    }

    /// The waves, in order; the first is the canary.
    #[must_use]
    pub fn waves(&self) -> &[Wave] {
        &self.waves
    }

    /// Every target, in the order of the plan.
    pub fn targets(&self) -> impl Iterator<Item = InstanceId> + '_ {
        self.waves.iter().flat_map(Wave::batches).flat_map(InstanceSet::as_slice).copied()
    }

    /// How many targets there are.
    #[must_use]
    pub fn target_count(&self) -> usize {
        self.targets
    }

    /// How many requests will be sent if every one is accepted at once.
    #[must_use]
    pub fn request_count(&self) -> usize {
        self.waves.iter().map(|wave| wave.batches.len()).sum()
    }

    /// The most failures that are put up with, as an absolute number: one more halts the rollout.
    #[must_use]
    pub fn failures_max(&self) -> usize {
        self.failures_max
    }

    /// The most targets that may be unavailable at once, as an absolute number, at least 1; `None` if there is no bound.
    #[must_use]
    pub fn unavailable_max(&self) -> Option<usize> {
        unavailable_max(&self.policy, self.targets)
    }

    /// What its instances were when it was drawn; empty if nobody looked.
    #[must_use]
    pub fn survey(&self) -> &Survey {
        &self.survey
    }

    /// How the rollout is to go about it.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
}

fn unavailable_max(policy: &Policy, targets: usize) -> Option<usize> {
    policy.max_unavailable.map(|share| share.of(targets).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Share;

    fn plan(targets: u128, policy: Policy) -> Plan {
        let instances = (0..targets).map(InstanceId::from_bits).collect();
        Plan::draw(&CheckedSpec { instances, image: None, policy }, "p".parse().unwrap())
    }

    /// The sizes of the batches, wave by wave.
    fn shape(plan: &Plan) -> Vec<Vec<usize>> {
        plan.waves().iter().map(|wave| wave.batches().iter().map(InstanceSet::len).collect()).collect()
    }

    #[test]
    fn waves_are_cut_into_batches() {
        let drawn = plan(120, Policy::default());
        assert_eq!(shape(&drawn), [vec![1], vec![12], vec![50, 50, 7]]);
        assert_eq!((drawn.target_count(), drawn.request_count(), drawn.failures_max()), (120, 5, 12));
    }

    #[test]
    fn every_target_is_planned_once_and_in_order() {
        let drawn = plan(333, Policy { batch_max: 7, ..Policy::default() });
        let planned: Vec<InstanceId> = drawn.targets().collect();
        assert_eq!(planned, (0..333).map(InstanceId::from_bits).collect::<Vec<_>>());
    }

    #[test]
    fn a_batch_fits_into_what_may_be_in_flight() {
        let drawn = plan(10, Policy { in_flight_max: 3, waves: "100%".parse().unwrap(), ..Policy::default() });
        assert_eq!(shape(&drawn), [vec![3, 3, 3, 1]]);
    }

    #[test]
    fn a_batch_fits_into_what_may_be_unavailable() {
        for (share, unavailable_max, batches) in
            [("4", 4, vec![4, 4, 2]), ("30%", 3, vec![3, 3, 3, 1]), ("5%", 1, vec![1; 10])]
        {
            let max_unavailable = Some(share.parse().unwrap());
            let drawn = plan(10, Policy { max_unavailable, waves: "100%".parse().unwrap(), ..Policy::default() });
            assert_eq!(drawn.unavailable_max(), Some(unavailable_max), "{share}");
            assert_eq!(shape(&drawn), [batches], "{share}");
        }
        assert_eq!(plan(10, Policy::default()).unavailable_max(), None);
    }

    #[test]
    fn closing_time_only_comes_earlier() {
        let at = Timestamp::from_millis;
        for (before, closing, after) in [(None, 5, 5), (Some(3), 5, 3), (Some(7), 5, 5)] {
            let drawn = plan(1, Policy { closes_at: before.map(at), ..Policy::default() });
            assert_eq!(drawn.closing_at(at(closing)).policy().closes_at, Some(at(after)));
        }
    }

    #[test]
    fn budgets_are_absolute() {
        assert_eq!(plan(9, Policy::default()).failures_max(), 0);
        let two = Policy { failures_max: Share::Count(2), ..Policy::default() };
        assert_eq!(plan(9, two).failures_max(), 2);
    }
}
