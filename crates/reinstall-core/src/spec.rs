//! What a person writes, and everything that speaks against it, all at once.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError, ValidationErrors, ValidationErrorsKind};

use crate::claim::{Claim, Claims};
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
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct TargetSpec {
    /// The instance id, in whatever case.
    #[validate(custom(function = "instance"))]
    pub id: String,
    /// The name that it has, as the writer believes; compared with the cloud's. Absent or empty: not compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// IPv4 addresses that it has, as the writer believes; compared likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[validate(custom(function = "addresses_of"))]
    pub addresses: Vec<String>,
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
    /// What to install: the id of a private image. Absent: each instance keeps its image. Empty is refused, since it is
    /// what a variable gives that was never set.
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

fn addresses_of(addresses: &[String]) -> Result<(), ValidationError> {
    if addresses.iter().all(|address| address.parse::<Ipv4Addr>().is_ok()) {
        return Ok(());
    }
    let rule = "this is not an IPv4 address such as 10.0.3.17, and the cloud shows no others; correct it, or give the \
                column another name if it holds something else";
    Err(complaint("ipv4", &rule))
}

fn optional_image(id: &str) -> Result<(), ValidationError> {
    if id.trim().is_empty() {
        let rule = "it is empty, as from a variable that is not set; to keep each instance's image, leave it out";
        return Err(complaint("empty", &rule));
    }
    id.parse::<ImageId>().map(drop).map_err(|error| complaint("uuid", &error))
}

impl TargetSpec {
    /// A target of which only the id is said.
    #[must_use]
    pub fn of(id: InstanceId) -> Self {
        Self { id: id.to_string(), ..Self::default() }
    }
}

impl ReinstallSpec {
    /// What is said of the targets besides their ids. What is not well-formed is left out; [`Self::check`] refuses it.
    #[must_use]
    pub fn claims(&self) -> Claims {
        let claim = |target: &TargetSpec| {
            let name = target.name.as_deref().map(CloudText::new).filter(|name| !name.is_empty());
            let addresses = target.addresses.iter().filter_map(|address| address.parse().ok()).collect();
            let claim = Claim { name, addresses, source_location: target.origin.clone() };
            (!claim.is_empty()).then_some((target.id.parse().ok()?, claim))
        };
        self.instances.iter().filter_map(claim).collect()
    }

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
            .map(|(index, id)| TargetSpec {
                id: (*id).into(),
                origin: Some(format!("list.txt:{}", index + 1)),
                ..TargetSpec::default()
            })
            .collect();
        ReinstallSpec { instances, image_id: None, policy: Policy::default() }
    }

    fn complaints(spec: &ReinstallSpec) -> Vec<String> {
        spec.check().unwrap_err().as_slice().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_spec_passes() {
        let checked = spec(&[A]).check().unwrap();
        assert_eq!(checked.instances, [A.parse().unwrap()]);
        assert_eq!(checked.image, None, "without an image id the image is kept");
    }

    /// An unset variable in a script would otherwise reinstall the old image on the whole fleet.
    #[test]
    fn an_empty_image_is_refused() {
        for empty in ["", " ", "\t\n"] {
            let told = complaints(&ReinstallSpec { image_id: Some(empty.into()), ..spec(&[A]) });
            assert!(
                matches!(&told[..], [one] if one.starts_with("image_id: ") && one.ends_with("(empty)")),
                "{told:?}"
            );
        }
    }

    #[test]
    fn names_and_addresses_are_claims() {
        let target = |name: &str, addresses: &[&str]| TargetSpec {
            id: A.into(),
            name: Some(name.into()),
            addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
            origin: Some("list.csv:2".into()),
        };
        let of = |target| ReinstallSpec { instances: vec![target], image_id: None, policy: Policy::default() };
        assert_eq!(of(target(" ", &[])).claims(), []);
        let claims = of(target("web-1", &["10.0.0.1"])).claims();
        let [(_, claim)] = &claims[..] else { panic!("{claims:?}") };
        assert_eq!((claim.name.as_ref().unwrap().as_str(), claim.addresses.len()), ("web-1", 1));
        let told = complaints(&of(target("", &["10.0.0.1/24"])));
        assert!(matches!(&told[..], [one] if one.starts_with("list.csv:2: instances[0].addresses: ")), "{told:?}");
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
                "image_id: a text of 6 characters (not shown) is not an image id: it must be a UUID, 8-4-4-4-12 hexadecimal digits with hyphens (uuid)",
                "list.txt:1: instances[0].id: a text of 3 characters (not shown) is not an instance id: it must be a UUID, 8-4-4-4-12 hexadecimal digits with hyphens (uuid)",
                "list.txt:3: instances[2].id: instance 0b29c7a1-0000-4000-8000-00000000000a is named twice (first at list.txt:2) (repeated)",
                "list.txt:4: instances[3].id: an empty text is not an instance id: it must be a UUID, 8-4-4-4-12 hexadecimal digits with hyphens (uuid)",
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
