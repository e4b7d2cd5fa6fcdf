//! What instances were when a plan was drawn, so that what is wiped later is what somebody looked at.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{ImageId, InstanceId};
use crate::instance::{InstanceState, OperationState};
use crate::sighting::Sighting;
use crate::text::CloudText;

/// What is on record of each instance of a plan that was surveyed. Empty for a plan that was drawn without looking.
pub type Survey = BTreeMap<InstanceId, Surveyed>;

/// What one instance was. A field that the look did not show is not compared later.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Surveyed {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<CloudText>,
    /// Its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<InstanceState>,
    /// What its last operation was, and how that ended: a reinstall since then shows here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationState>,
    /// What was installed on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageId>,
}

impl From<&Sighting> for Surveyed {
    fn from(seen: &Sighting) -> Self {
        let (name, state, operation) = (seen.name.clone(), seen.state.clone(), seen.operation.clone());
        Self { name, state, operation, image: seen.image }
    }
}

/// A difference between what is on record of an instance and what it is now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its {field} was {was} when the plan was drawn, and is {is} now")]
pub struct Drift {
    /// `name`, `image`, `state` or `operation_state`.
    pub field: &'static str,
    was: CloudText,
    is: CloudText,
}

impl Surveyed {
    /// Whether it was seen in a state other than `running`. Of one whose state was not shown nobody knows that it is down.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.state.as_ref().is_some_and(|state| *state != InstanceState::Running)
    }

    /// What is on record and cannot be compared, because `seen` does not tell.
    #[must_use]
    pub fn untold(&self, seen: &Sighting) -> Option<&'static str> {
        let fields = [
            ("name", self.name.is_some() && seen.name.is_none()),
            ("image", self.image.is_some() && seen.image.is_none()),
            ("state", self.state.is_some() && seen.state.is_none()),
        ];
        fields.into_iter().find_map(|(field, is_untold)| is_untold.then_some(field))
    }

    /// The first field in which `seen` differs from what is on record, compared where both tell.
    #[must_use]
    pub fn drift(&self, seen: &Sighting) -> Option<Drift> {
        let differs = |field, was: Option<String>, is: Option<String>| match (was, is) {
            (Some(was), Some(is)) if was != is => Some(Drift { field, was: (&*was).into(), is: (&*is).into() }),
            (Some(_) | None, _) => None,
        };
        let text = |name: &Option<CloudText>| name.as_ref().map(ToString::to_string);
        let word = |state: &Option<InstanceState>| state.as_ref().map(ToString::to_string);
        let operation = |operation: &Option<OperationState>| operation.as_ref().map(ToString::to_string);
        let id = |image: Option<ImageId>| image.map(|image| image.to_string());
        differs("name", text(&self.name), text(&seen.name))
            .or_else(|| differs("image", id(self.image), id(seen.image)))
            .or_else(|| differs("state", word(&self.state), word(&seen.state)))
            .or_else(|| differs("operation_state", operation(&self.operation), operation(&seen.operation)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(name: Option<&str>, state: &str, image: Option<u128>) -> Sighting {
        Sighting {
            name: name.map(Into::into),
            state: Some(InstanceState::from_word(state)),
            image: image.map(ImageId::from_bits),
            ..Sighting::default()
        }
    }

    #[test]
    fn what_changed_is_named() {
        let recorded = Surveyed::from(&seen(Some("web-1"), "running", Some(1)));
        for (now, field) in [
            (seen(Some("web-1"), "running", Some(1)), None),
            (seen(None, "running", None), None),
            (seen(Some("db-1"), "running", Some(1)), Some("name")),
            (seen(Some("web-1"), "stopped", Some(1)), Some("state")),
            (seen(Some("web-1"), "running", Some(2)), Some("image")),
        ] {
            assert_eq!(recorded.drift(&now).map(|drift| drift.field), field, "{now:?}");
        }
        let drift = recorded.drift(&seen(Some("db-1"), "running", None)).unwrap();
        assert_eq!(drift.to_string(), "its name was web-1 when the plan was drawn, and is db-1 now");
    }
}
