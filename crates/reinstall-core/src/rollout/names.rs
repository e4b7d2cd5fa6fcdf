//! What the targets are called: learned from the plan's survey and from every observation, so that a replay learns it again.

use std::collections::BTreeMap;

use crate::action::Look;
use crate::id::InstanceId;
use crate::plan::Plan;
use crate::text::CloudText;

/// The name of each target, as it was seen first. A later rename does not change what reports call it.
#[derive(Debug)]
pub(super) struct Names(BTreeMap<InstanceId, Option<CloudText>>);

impl Names {
    /// The names that the plan knows.
    pub(super) fn of(plan: &Plan) -> Self {
        let surveyed = |id| plan.survey().get(&id).and_then(|seen| seen.name.clone()).filter(|name| !name.is_empty());
        Self(plan.targets().map(|id| (id, surveyed(id))).collect())
    }

    /// Remembers the names of targets that had none so far. Instances outside the plan are ignored.
    pub(super) fn learn(&mut self, looks: &[(InstanceId, Look)]) {
        for (id, look) in looks {
            if let (Look::Seen(seen), Some(slot @ None)) = (look, self.0.get_mut(id)) {
                *slot = seen.name.clone().filter(|name| !name.is_empty());
            }
        }
    }

    /// The name of a target, if it is known.
    pub(super) fn get(&self, id: InstanceId) -> Option<&CloudText> {
        self.0.get(&id)?.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{Action, Answer};
    use crate::notice::News;
    use crate::policy::Policy;
    use crate::rollout::tests::play::{Play, plan};
    use crate::sighting::Sighting;
    use crate::summary::Outcome;
    use crate::survey::Surveyed;
    use crate::testing::sighting;

    fn seen(name: &str, text: &str) -> Look {
        Look::Seen(Sighting { name: Some(name.into()), ..sighting(text) })
    }

    #[test]
    fn the_first_name_stays_and_only_targets_have_one() {
        let id = InstanceId::from_bits;
        let surveyed = Surveyed { name: Some("web-0".into()), ..Surveyed::default() };
        let plan = plan(2, Policy::default(), None).bound_to([(id(0), surveyed)].into());
        let mut names = Names::of(&plan);
        names.learn(&[(id(0), seen("db-0", "running")), (id(1), seen("", "running")), (id(9), seen("x", "running"))]);
        names.learn(&[(id(1), seen("web-1", "running"))]);
        names.learn(&[(id(1), seen("db-1", "running"))]);
        let name = |n| names.get(id(n)).map(CloudText::as_str);
        assert_eq!((name(0), name(1), name(9)), (Some("web-0"), Some("web-1"), None));
    }

    /// The name is in what was observed, so that it is there again after a crash, in events and in reports.
    #[test]
    fn a_name_survives_a_replay() {
        let mut play = Play::new(1, Policy::default());
        let (ticket, ids) = play.next_look();
        play.answer(ticket, Answer::Looked(vec![(ids[0], seen("web-0", "running/install-succeed"))]));
        let back = play.replayed().into_summary();
        assert_eq!(back.reports[0].name.as_ref().map(CloudText::as_str), Some("web-0"));
        while let Some(action) = play.next_action() {
            match action {
                Action::Look(ticket, ids) => play.show(ticket, &ids, "running/reinstall-failed"),
                Action::Submit(ticket, submission) => play.accept(ticket, submission.ids.as_slice()),
            }
        }
        let named = |notice: &&crate::notice::Notice| matches!(notice.news, News::Ended { .. });
        let ended = play.notices.iter().find(named).unwrap();
        assert_eq!(ended.name.as_ref().map(CloudText::as_str), Some("web-0"));
        assert_eq!(play.summary().reports[0].outcome, Outcome::Failed);
    }
}
