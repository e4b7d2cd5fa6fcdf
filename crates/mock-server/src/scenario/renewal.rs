//! What a running world takes over of a scenario that was changed.

use reinstall_core::id::InstanceId;
use reinstall_core::rate::Rate;
use serde_json::Value;

use super::Scenario;
use crate::fault::FaultRule;
use crate::limit::{Limit, Limiter};
use crate::world::World;
use crate::worlds::WorldPlan;

/// What a running world takes over of a scenario that was changed. What is `None` stays as it is, and so does what has been
/// counted of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Renewal {
    /// Its rules, in place of all that are armed, whoever armed them.
    pub faults: Option<Vec<FaultRule>>,
    /// Its limits.
    pub limits: Option<Vec<Limit>>,
    /// The instances that a client may reinstall; `Some(None)` means all of them.
    pub allowed: Option<Option<Vec<InstanceId>>>,
    /// How fast a client may send; `Some(None)` means as fast as it likes.
    pub rate_max: Option<Option<Rate>>,
    /// The keys of what has changed, too, but needs a restart.
    pub for_restart: Vec<String>,
}

/// The keys of what nothing depends on.
const UNREAD: [&str; 2] = ["$schema", "about"];
/// The keys of what a running world takes over.
const TAKEN_OVER: [&str; 4] = ["faults", "limits", "allowed", "rate_max"];

impl Renewal {
    /// What becomes of a world of the scenario `old` when it is to be one of `new`.
    #[must_use]
    pub fn between(old: &Scenario, new: &Scenario) -> Self {
        let limits = |scenario: &Scenario| scenario.limits.clone().unwrap_or_default();
        let rate_max = |scenario: &Scenario| scenario.rate_max.map(|rate| rate.0);
        Self {
            faults: (old.faults != new.faults).then(|| new.faults.clone()),
            limits: (limits(old) != limits(new)).then(|| limits(new)),
            allowed: (old.allowed != new.allowed).then(|| new.allowed.clone()),
            rate_max: (rate_max(old) != rate_max(new)).then(|| rate_max(new)),
            for_restart: changed_keys(old, new)
                .into_iter()
                .filter(|key| !UNREAD.contains(&key.as_str()) && !TAKEN_OVER.contains(&key.as_str()))
                .collect(),
        }
    }

    /// All that a running world can take over of a scenario, whatever it was before.
    #[must_use]
    pub fn whole(scenario: &Scenario) -> Self {
        Self {
            faults: Some(scenario.faults.clone()),
            limits: Some(scenario.limits.clone().unwrap_or_default()),
            allowed: Some(scenario.allowed.clone()),
            rate_max: Some(scenario.rate_max.map(|rate| rate.0)),
            for_restart: Vec::new(),
        }
    }

    /// Whether a world would stay as it is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.faults.is_none() && self.limits.is_none() && self.allowed.is_none() && self.rate_max.is_none()
    }

    /// Takes it over.
    pub fn apply(&self, world: &mut World) {
        if let Some(faults) = &self.faults {
            world.faults.clear();
            for rule in faults {
                world.arm(rule.clone());
            }
        }
        if let Some(limits) = &self.limits {
            world.limiter = Limiter::new(limits.clone());
        }
        if let Some(allowed) = &self.allowed {
            world.allow(allowed.clone());
        }
        if let Some(rate_max) = self.rate_max {
            world.set_rate_max(rate_max);
        }
    }

    /// Takes it over into what worlds are made from.
    pub fn apply_to_plan(&self, plan: &mut WorldPlan) {
        if let Some(faults) = &self.faults {
            plan.faults.clone_from(faults);
        }
        if let Some(limits) = &self.limits {
            plan.limits.clone_from(limits);
        }
        if let Some(allowed) = &self.allowed {
            plan.allowed.clone_from(allowed);
        }
        if let Some(rate_max) = self.rate_max {
            plan.rate_max = rate_max;
        }
    }
}

/// The keys of the values in which two scenarios differ, sorted.
fn changed_keys(old: &Scenario, new: &Scenario) -> Vec<String> {
    let [old, new] = [old, new].map(|scenario| match serde_json::to_value(scenario) {
        Ok(Value::Object(fields)) => fields,
        // A scenario is a map, and all in it can be written.
        Ok(_) | Err(_) => serde_json::Map::new(),
    });
    let mut keys: Vec<String> = old.keys().chain(new.keys()).cloned().collect();
    keys.sort_unstable();
    keys.dedup();
    keys.retain(|key| old.get(key) != new.get(key));
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Draft;
    use crate::scenario::tests::world_of;

    fn scenario(text: &str) -> Scenario {
        Draft::parse(text, "s.yaml").check(None).unwrap().clone()
    }

    const OLD: &str = "seed: 3\nfaults: [{effect: {kind: stranger}}]\nlimits: [{rate: 1/s}]\n";

    #[test]
    fn only_what_changed_is_taken_over() {
        for (new, taken_over, for_restart) in [
            ("", "", ""),
            ("about: in other words", "", ""),
            ("faults: []", "faults", ""),
            ("limits: [{rate: 2/s}]", "limits", ""),
            ("limits: []", "limits", ""),
            ("allowed: []", "allowed", ""),
            ("rate_max: 20/s", "rate_max", ""),
            ("seed: 4\nlist: false\nfaults: []", "faults", "list seed"),
        ] {
            let old = scenario(OLD);
            let new: serde_json::Value = serde_json::to_value(scenario(new)).unwrap();
            let mut merged = serde_json::to_value(&old).unwrap();
            merged.as_object_mut().unwrap().extend(new.as_object().unwrap().clone());
            if taken_over == "faults" {
                merged.as_object_mut().unwrap().remove("faults");
            }
            let renewal = Renewal::between(&old, &serde_json::from_value(merged).unwrap());
            let told = [
                ("faults", renewal.faults.is_some()),
                ("limits", renewal.limits.is_some()),
                ("allowed", renewal.allowed.is_some()),
                ("rate_max", renewal.rate_max.is_some()),
            ];
            let told: Vec<&str> = told.into_iter().filter_map(|(key, is_there)| is_there.then_some(key)).collect();
            assert_eq!(told.join(" "), taken_over, "{new}");
            assert_eq!(renewal.for_restart.join(" "), for_restart, "{new}");
            assert_eq!(renewal.is_empty(), taken_over.is_empty(), "{new}");
        }
    }

    #[test]
    fn a_world_keeps_what_has_not_changed_with_its_counts() {
        let old = scenario(OLD);
        let mut world = world_of(&old);
        let first = world.faults.as_slice()[0].id;
        let slower = Scenario { limits: Some(Vec::new()), ..old.clone() };
        Renewal::between(&old, &slower).apply(&mut world);
        assert_eq!(world.faults.as_slice()[0].id, first, "the rule is the same one");
        assert!(world.limiter.limits().is_empty());
        let harsher = scenario(
            "faults: [{effect: {kind: stranger}}, {on: ListInstances, effect: {kind: drip, piece_bytes: 1, every: 1s}}]",
        );
        Renewal::between(&slower, &harsher).apply(&mut world);
        assert_eq!(world.faults.as_slice().len(), 2);
        assert!(world.faults.as_slice().iter().all(|armed| armed.id != first), "no rule is ever named like another");
        Renewal::whole(&old).apply(&mut world);
        assert_eq!((world.faults.as_slice().len(), world.limiter.limits().len()), (1, 1));
    }
}
