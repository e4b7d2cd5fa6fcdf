//! A plan as an object that is handed on: drawn by one person, read by another, applied once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::action::Look;
use crate::id::InstanceId;
use crate::plan::Plan;
use crate::spec::Objection;
use crate::time::Timestamp;

use super::{PlanRecord, SCHEMA};

/// A plan with all that it depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// [`SCHEMA`] of the program that drew it.
    pub schema: u32,
    /// The version of that program.
    pub program: String,
    /// When it was drawn.
    pub drawn_at: Timestamp,
    /// From when on it must not be applied any more.
    pub expires_at: Timestamp,
    /// Where the instances are reached.
    pub endpoint: String,
    /// The region, if the endpoint tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The plan.
    pub plan: PlanRecord,
}

impl PlanFile {
    /// The object for a plan that was drawn now, and holds until `expires_at`.
    #[must_use]
    pub fn new(plan: &Plan, endpoint: &str, region: Option<&str>, drawn_at: Timestamp, expires_at: Timestamp) -> Self {
        let program = env!("CARGO_PKG_VERSION").to_owned();
        let (endpoint, region) = (endpoint.to_owned(), region.map(Into::into));
        Self { schema: SCHEMA, program, drawn_at, expires_at, endpoint, region, plan: plan.into() }
    }

    /// What speaks against applying it at `now`, before anybody is looked at.
    #[must_use]
    pub fn objections(&self, now: Timestamp) -> Vec<Objection> {
        let mut objections = Vec::new();
        if self.schema > SCHEMA {
            let message = format!(
                "it was drawn by version {} with schema {}; this program knows schemas up to {SCHEMA}",
                self.program, self.schema
            );
            objections.push(Objection::new("schema", "newer", message));
        }
        if now >= self.expires_at {
            let message = format!("it held until {}, and it is {now}; draw a new one", self.expires_at);
            objections.push(Objection::new("expires_at", "expired", message));
        }
        if now < self.drawn_at {
            let message = format!("it says it was drawn at {}, and it is {now}: a clock is wrong", self.drawn_at);
            objections.push(Objection::new("drawn_at", "future", message));
        }
        objections
    }

    /// Every instance that is not what it was when the plan was drawn, or of which nobody can tell.
    #[must_use]
    pub fn drift(&self, looks: &[(InstanceId, Look)]) -> Vec<Objection> {
        let looks: BTreeMap<InstanceId, &Look> = looks.iter().map(|(id, look)| (*id, look)).collect();
        let named = self.plan.waves.iter().flatten().flat_map(|batch| batch.as_slice());
        let differs = |id: &InstanceId| {
            let why = match (self.plan.survey.get(id), looks.get(id)) {
                (None, _) => "the plan does not say what it was".to_owned(),
                (Some(_), None) => "it could not be seen".to_owned(),
                (Some(_), Some(Look::Gone(fault))) => format!("it is not there any more: {fault}"),
                (Some(_), Some(Look::Unread(fault))) => format!("it could not be seen: {fault}"),
                (Some(was), Some(Look::Seen(seen))) => match (was.drift(seen), was.untold(seen)) {
                    (Some(drift), _) => drift.to_string(),
                    (None, Some(field)) => {
                        format!("its {field} cannot be seen any more, so that nobody can compare it")
                    }
                    (None, None) => return None,
                },
            };
            Some(Objection::new(format!("instance {id}"), "changed", why))
        };
        named.filter_map(differs).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, FaultKind};
    use crate::policy::Policy;
    use crate::sighting::Sighting;
    use crate::spec::CheckedSpec;
    use crate::survey::Surveyed;
    use crate::testing::sighting;

    fn at(minutes: u64) -> Timestamp {
        Timestamp::from_millis(1_795_433_416_042 + minutes * 60_000)
    }

    fn named(name: &str, text: &str) -> Sighting {
        Sighting { name: Some(name.into()), ..sighting(text) }
    }

    fn file() -> PlanFile {
        let instances: Vec<InstanceId> = (0..3).map(InstanceId::from_bits).collect();
        let survey = instances.iter().map(|id| (*id, Surveyed::from(&named("web", "running")))).collect();
        let spec = CheckedSpec { instances, image: None, policy: Policy::default() };
        let plan = Plan::draw(&spec, "p1".parse().unwrap()).bound_to(survey);
        PlanFile::new(&plan, "https://clouddc.example", Some("cn-east-3"), at(0), at(60))
    }

    #[test]
    fn it_holds_for_its_time_and_for_programs_that_understand_it() {
        for (minutes, rules) in [(0, ""), (59, ""), (60, "expired"), (9_000, "expired")] {
            let found: Vec<String> = file().objections(at(minutes)).iter().map(|one| one.rule().into()).collect();
            assert_eq!(found.join(" "), rules, "after {minutes} min");
        }
        let newer = PlanFile { schema: SCHEMA + 1, drawn_at: at(5), ..file() };
        let found: Vec<String> = newer.objections(at(0)).iter().map(|one| one.rule().into()).collect();
        assert_eq!(found, ["newer", "future"]);
        let json = serde_json::to_string(&file()).unwrap();
        assert_eq!(serde_json::from_str::<PlanFile>(&json).unwrap(), file());
    }

    #[test]
    fn every_instance_that_changed_or_cannot_be_seen_is_named() {
        let id = InstanceId::from_bits;
        let fault = || Fault::new(FaultKind::NotFound, "no such instance");
        let same = || (id(0), Look::Seen(named("web", "running")));
        for (looks, told) in [
            (vec![same(), (id(1), same().1), (id(2), same().1)], vec![]),
            (vec![same(), (id(1), same().1)], vec!["could not be seen"]),
            (vec![same(), (id(1), Look::Gone(fault())), (id(2), Look::Unread(fault()))], vec!["any more", "be seen"]),
            (
                vec![
                    (id(0), Look::Seen(named("db", "running"))),
                    (id(1), Look::Seen(named("web", "stopped"))),
                    (id(2), same().1),
                ],
                vec!["name was web", "state was running"],
            ),
            (vec![same(), (id(1), Look::Seen(sighting("running"))), (id(2), same().1)], vec!["name cannot be seen"]),
        ] {
            let drift = file().drift(&looks);
            assert_eq!(drift.len(), told.len(), "{drift:?}");
            for (objection, words) in drift.iter().zip(&told) {
                assert!(objection.message().contains(words), "{objection}");
            }
        }
        let mut blind = file();
        blind.plan.survey.clear();
        assert_eq!(blind.drift(&[same()]).len(), 3, "a plan that says nothing of its instances holds for none");
    }
}
