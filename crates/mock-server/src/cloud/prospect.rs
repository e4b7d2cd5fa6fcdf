//! What may become of a reinstall: how long it takes, and how it ends.

use reinstall_core::id::{ImageId, InstanceId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::draw::{between, draw};
use super::spread::Spread;
use super::wipe::Ending;
use crate::shape::IdText;

/// What may become of the reinstalls that it is for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prospect {
    /// Those of this instance only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText>")]
    pub instance: Option<InstanceId>,
    /// Those that install this image only, be it asked for or the one that was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<IdText>")]
    pub image: Option<ImageId>,
    /// How long they take; as all others do if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes: Option<Spread>,
    /// How they end, each as often as its weight says; as all others do if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<Branch>,
}

/// One of the ways in which reinstalls end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// How often, in relation to the other branches' weights.
    pub weight: u32,
    /// How.
    pub ending: Ending,
    /// How long it takes then; what the prospect says if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes: Option<Spread>,
}

impl Prospect {
    /// Why it can never come true, if so.
    #[must_use]
    pub fn objection(&self) -> Option<&'static str> {
        let weights: u64 = self.branches.iter().map(|branch| u64::from(branch.weight)).sum();
        if !self.branches.is_empty() && weights == 0 {
            return Some("the weights of all branches are 0");
        }
        if self.takes.is_none() && self.branches.is_empty() {
            return Some("neither `takes` nor `branches` is there, so it would change nothing");
        }
        let spreads = self.branches.iter().filter_map(|branch| branch.takes.as_ref()).chain(&self.takes);
        spreads.into_iter().find_map(Spread::objection)
    }

    pub(super) fn is_for(&self, id: InstanceId, image: Option<ImageId>) -> bool {
        self.instance.is_none_or(|instance| instance == id) && self.image.is_none_or(|wanted| Some(wanted) == image)
    }

    /// The branch that this attempt takes; `None` if there is none.
    pub(super) fn branch(&self, seed: u64, id: InstanceId, attempt: u32) -> Option<&Branch> {
        let weights: u64 = self.branches.iter().map(|branch| u64::from(branch.weight)).sum();
        let mut left = between(draw(seed, id, attempt, "branch"), 0, weights.checked_sub(1)?);
        self.branches.iter().find(|branch| match left.checked_sub(u64::from(branch.weight)) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Prospect {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn branches_are_taken_as_often_as_they_weigh() {
        let prospect = read(
            r#"{"branches":[{"weight":7,"ending":"succeeds"},{"weight":0,"ending":"never"},{"weight":2,"ending":"dies"},
                {"weight":1,"ending":{"fails":{"code":"c","message":"m"}}}]}"#,
        );
        assert_eq!(prospect.objection(), None);
        let mut taken = [0; 4];
        for bits in 0..1_000 {
            let branch = prospect.branch(3, InstanceId::from_bits(bits), 1).unwrap();
            taken[prospect.branches.iter().position(|known| known == branch).unwrap()] += 1;
        }
        assert!((650..750).contains(&taken[0]) && (150..250).contains(&taken[2]), "{taken:?}");
        assert!(taken[1] == 0 && (60..140).contains(&taken[3]), "{taken:?}");
        assert_eq!(Prospect::default().branch(3, InstanceId::from_bits(1), 1), None);
    }

    #[test]
    fn a_prospect_that_changes_nothing_is_objected_to() {
        for (text, objected) in [
            ("{}", true),
            (r#"{"takes":"3s"}"#, false),
            (r#"{"branches":[{"weight":0,"ending":"never"}]}"#, true),
            (r#"{"branches":[{"weight":1,"ending":"goes_back"}]}"#, false),
            (r#"{"takes":{"uniform":{"low":"3s","high":"1s"}}}"#, true),
        ] {
            assert_eq!(read(text).objection().is_some(), objected, "{text}");
        }
        assert!(serde_json::from_str::<Prospect>(r#"{"take":"3s"}"#).is_err());
    }
}
