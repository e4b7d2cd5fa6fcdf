//! What a person writes, and everything that speaks against it, all at once.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError, ValidationErrors, ValidationErrorsKind};

use crate::id::{ImageId, InstanceId};
use crate::policy::Policy;
use crate::text::CloudText;

/// One reason why a spec is refused: where, which rule, and what about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Objection {
    field: String,
    rule: CloudText,
    message: CloudText,
}

impl Objection {
    /// An objection to `field`, a path such as `instances[3].id`.
    #[must_use]
    pub fn new(field: impl Into<String>, rule: &str, message: impl AsRef<str>) -> Self {
        Self { field: field.into(), rule: rule.into(), message: message.as_ref().into() }
    }

    /// The path of the field, such as `instances[3].id`.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// A stable name for the rule.
    #[must_use]
    pub fn rule(&self) -> &str {
        self.rule.as_str()
    }

    /// What is wrong, in a sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        self.message.as_str()
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.field, self.message, self.rule)
    }
}

/// Every objection to a spec; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Objections(Vec<Objection>);

impl Objections {
    /// These objections; `None` if there are none.
    #[must_use]
    pub fn of(objections: Vec<Objection>) -> Option<Self> {
        (!objections.is_empty()).then_some(Self(objections))
    }

    /// The objections, in the order of the fields.
    #[must_use]
    pub fn as_slice(&self) -> &[Objection] {
        &self.0
    }
}

impl fmt::Display for Objections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(Objection::to_string).collect::<Vec<_>>().join("\n"))
    }
}

impl std::error::Error for Objections {}

/// One target as a person wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct TargetSpec {
    /// The instance id, in whatever case.
    #[validate(custom(function = "instance"))]
    pub id: String,
    /// Where it was written, such as `targets.csv:17`, for messages.
    #[serde(skip)]
    pub origin: Option<String>,
}

/// A reinstall as a person wrote it: raw fields, nothing checked yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct ReinstallSpec {
    /// Whom to reinstall, in order: the first are the canary.
    #[validate(
        length(min = 1, code = "empty", message = "no instance is named; an empty selection never means all"),
        nested
    )]
    pub instances: Vec<TargetSpec>,
    /// What to install: the id of a private image. Absent or empty: each instance keeps its image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(custom(function = "optional_image"))]
    pub image_id: Option<String>,
    /// How to go about it.
    #[serde(skip)]
    pub policy: Policy,
}

/// A spec that nothing speaks against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedSpec {
    /// Whom to reinstall: at least one, no repeats.
    pub(crate) instances: Vec<InstanceId>,
    /// What to install.
    pub(crate) image: Option<ImageId>,
    /// How to go about it.
    pub(crate) policy: Policy,
}

fn complaint(rule: &'static str, message: &impl fmt::Display) -> ValidationError {
    ValidationError::new(rule).with_message(message.to_string().into())
}

fn instance(id: &str) -> Result<(), ValidationError> {
    id.parse::<InstanceId>().map(drop).map_err(|error| complaint("uuid", &error))
}

fn optional_image(id: &str) -> Result<(), ValidationError> {
    if id.is_empty() {
        return Ok(());
    }
    id.parse::<ImageId>().map(drop).map_err(|error| complaint("uuid", &error))
}

impl ReinstallSpec {
    /// Lets the spec through if nothing speaks against it.
    ///
    /// # Errors
    /// Every objection at once, in the order of the fields: ids that are no UUIDs, repeats (in whatever case), an empty
    /// list, an image id that is none, and whatever [`Policy::objections`] finds.
    pub fn check(&self) -> Result<CheckedSpec, Objections> {
        let mut objections = Vec::new();
        if let Err(errors) = self.validate() {
            flatten("", &errors, &mut objections);
        }
        let parsed: Vec<Option<InstanceId>> = self.instances.iter().map(|target| target.id.parse().ok()).collect();
        objections.extend(self.repeats(&parsed));
        objections.sort_by_key(|(place, _)| *place);
        let mut objections: Vec<Objection> =
            objections.into_iter().map(|(place, objection)| self.with_origin(place, objection)).collect();
        objections.extend(self.policy.objections());

        // Whatever did not parse has been objected to above.
        if objections.is_empty() {
            let image = self.image_id.as_deref().and_then(|id| id.parse().ok());
            return Ok(CheckedSpec {
                instances: parsed.into_iter().flatten().collect(),
                image,
                policy: self.policy.clone(),
            });
        }
        Err(Objections(objections))
    }

    fn repeats(&self, parsed: &[Option<InstanceId>]) -> Vec<(usize, Objection)> {
        let mut first_at: BTreeMap<InstanceId, usize> = BTreeMap::new();
        let mut repeats = Vec::new();
        for (index, id) in parsed.iter().enumerate() {
            let Some(id) = id else { continue };
            if let Some(&first) = first_at.get(id) {
                let first = self.instances.get(first).and_then(|target| target.origin.clone());
                let place = first.map_or_else(String::new, |origin| format!(" (first at {origin})"));
                let message = format!("instance {id} is named twice{place}");
                repeats.push((index, Objection::new(format!("instances[{index}].id"), "repeated", message)));
            } else {
                first_at.insert(*id, index);
            }
        }
        repeats
    }

    /// Names the line of the file where the person wrote what is objected to.
    fn with_origin(&self, place: usize, objection: Objection) -> Objection {
        let in_list = objection.field.starts_with("instances[");
        match self.instances.get(place).and_then(|target| target.origin.as_ref()) {
            Some(origin) if in_list => Objection { field: format!("{origin}: {}", objection.field), ..objection },
            Some(_) | None => objection,
        }
    }
}

/// Turns validator's tree into a list, each with its place in the list of instances (0 for other fields).
fn flatten(path: &str, errors: &ValidationErrors, into: &mut Vec<(usize, Objection)>) {
    let mut fields: Vec<_> = errors.errors().iter().collect();
    fields.sort_by(|one, other| one.0.cmp(other.0));
    for (field, kind) in fields {
        let path = if path.is_empty() { field.to_string() } else { format!("{path}.{field}") };
        match kind {
            ValidationErrorsKind::Field(found) => into.extend(found.iter().map(|error| {
                let message = error.message.as_deref().unwrap_or("is not valid");
                (0, Objection::new(path.clone(), &error.code, message))
            })),
            ValidationErrorsKind::Struct(nested) => flatten(&path, nested, into),
            ValidationErrorsKind::List(nested) => {
                for (index, nested) in nested {
                    let start = into.len();
                    flatten(&format!("{path}[{index}]"), nested, into);
                    for (place, _) in &mut into[start..] {
                        *place = *index;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0b29c7a1-0000-4000-8000-00000000000a";

    fn spec(ids: &[&str]) -> ReinstallSpec {
        let instances = ids
            .iter()
            .enumerate()
            .map(|(index, id)| TargetSpec { id: (*id).into(), origin: Some(format!("list.txt:{}", index + 1)) })
            .collect();
        ReinstallSpec { instances, image_id: None, policy: Policy::default() }
    }

    fn complaints(spec: &ReinstallSpec) -> Vec<String> {
        spec.check().unwrap_err().as_slice().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_spec_passes() {
        let checked = ReinstallSpec { image_id: Some(String::new()), ..spec(&[A]) }.check().unwrap();
        assert_eq!(checked.instances, [A.parse().unwrap()]);
        assert_eq!(checked.image, None, "an empty image id keeps the image");
    }

    #[test]
    fn an_empty_selection_is_an_error() {
        assert_eq!(
            complaints(&spec(&[])),
            ["instances: no instance is named; an empty selection never means all (empty)"]
        );
    }

    #[test]
    fn every_objection_comes_at_once_with_its_line() {
        let upper = A.to_uppercase();
        let wrong = ReinstallSpec {
            image_id: Some("ubuntu".into()),
            policy: Policy { batch_max: 0, ..Policy::default() },
            ..spec(&["i-1", A, &upper, ""])
        };
        assert_eq!(
            complaints(&wrong),
            [
                "image_id: `ubuntu` is not an image id: it must be a UUID, 8-4-4-4-12 hexadecimal digits with hyphens (uuid)",
                "list.txt:1: instances[0].id: `i-1` is not an instance id: it must be a UUID, 8-4-4-4-12 hexadecimal digits with hyphens (uuid)",
                "list.txt:3: instances[2].id: instance 0b29c7a1-0000-4000-8000-00000000000a is named twice (first at list.txt:2) (repeated)",
                "list.txt:4: instances[3].id: `` is not an instance id: it must be a UUID, 8-4-4-4-12 hexadecimal digits with hyphens (uuid)",
                "policy.batch_max: a request names 1 to 50 instances, not 0 (range)",
            ]
        );
    }

    #[test]
    fn unknown_fields_are_refused() {
        let written = format!(r#"{{"instances": [{{"id": "{A}"}}], "imageid": "x"}}"#);
        let refused = serde_json::from_str::<ReinstallSpec>(&written).unwrap_err();
        assert!(refused.to_string().contains("imageid"), "{refused}");
    }
}
