//! What a plan would meet if it were carried out now: who can be reinstalled, who would be skipped and why, and which images
//! and operating systems are replaced.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::action::Look;
use crate::eligibility;
use crate::id::{ImageId, InstanceId};
use crate::instance::OsFamily;
use crate::plan::Plan;
use crate::sighting::Sighting;
use crate::summary::Reason;
use crate::text::CloudText;

/// What reading every target of a plan showed. It decides nothing: each target is read again right before its request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Preflight {
    /// How many targets can be reinstalled as they are now.
    pub eligible: usize,
    /// The targets that would be skipped, in the order of the plan.
    pub skipped: Vec<Exception>,
    /// The targets that could not be read, in the order of the plan. They are read again before their request.
    pub unread: Vec<Exception>,
    /// What the eligible targets have now, the largest group first.
    pub groups: Vec<Group>,
    /// The operating system of the image that the plan installs, if any target that has it shows it.
    pub image_os: Option<OsFamily>,
    /// The eligible targets whose operating system is another than [`Self::image_os`], in the order of the plan.
    pub os_changes: Vec<Exception>,
}

/// A target that is to be named, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exception {
    /// Which instance.
    pub id: InstanceId,
    /// Its name, if the cloud shows it.
    pub name: Option<CloudText>,
    /// Why it is named.
    #[serde(flatten)]
    pub reason: Reason,
}

/// Eligible targets that have the same image and operating system now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The image that they have now; `None` if the cloud does not show it.
    pub image_id: Option<ImageId>,
    /// Their operating system; `None` if the cloud does not show it.
    pub os: Option<OsFamily>,
    /// How many they are.
    pub instances: usize,
}

impl Preflight {
    /// Holds what was read against the plan. A target without a reading counts as one that could not be read.
    #[must_use]
    pub fn of(plan: &Plan, looks: &[(InstanceId, Look)]) -> Self {
        let looks: BTreeMap<InstanceId, &Look> = looks.iter().map(|(id, look)| (*id, look)).collect();
        let mut found = Self { image_os: image_os(plan.image_id(), &looks), ..Self::default() };
        let mut groups: BTreeMap<(Option<ImageId>, Option<OsFamily>), usize> = BTreeMap::new();
        for id in plan.targets() {
            let exception = |name: Option<&CloudText>, reason| Exception { id, name: name.cloned(), reason };
            match looks.get(&id) {
                None => found.unread.push(exception(None, Reason::new("unread", "it could not be read"))),
                Some(Look::Unread(fault)) => found.unread.push(exception(None, fault.into())),
                Some(Look::Gone(fault)) => found.skipped.push(exception(None, fault.into())),
                Some(Look::Seen(seen)) => {
                    let expected = plan.survey().get(&id);
                    if let Some(reason) = eligibility::objection(plan.policy(), expected, seen) {
                        found.skipped.push(exception(seen.name.as_ref(), reason));
                        continue;
                    }
                    found.eligible += 1;
                    *groups.entry((seen.image, seen.os)).or_default() += 1;
                    let change = found.os_change(seen);
                    found.os_changes.extend(change.map(|reason| exception(seen.name.as_ref(), reason)));
                }
            }
        }
        found.groups =
            groups.into_iter().map(|((image_id, os), instances)| Group { image_id, os, instances }).collect();
        found.groups.sort_by_key(|group| std::cmp::Reverse(group.instances));
        found
    }

    fn os_change(&self, seen: &Sighting) -> Option<Reason> {
        let (os, image_os) = (seen.os?, self.image_os?);
        (os != image_os).then(|| Reason::new("other_os", format!("it runs {os}, and the image installs {image_os}")))
    }
}

/// The operating system of an image, as the instances show that have it; `None` if none does or they contradict each other.
fn image_os(image: Option<ImageId>, looks: &BTreeMap<InstanceId, &Look>) -> Option<OsFamily> {
    let image = image?;
    let mut shown = looks.values().filter_map(|look| match look {
        Look::Seen(seen) if seen.image == Some(image) => seen.os,
        Look::Seen(_) | Look::Gone(_) | Look::Unread(_) => None,
    });
    let first = shown.next()?;
    shown.all(|os| os == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, FaultKind};
    use crate::policy::Policy;
    use crate::spec::CheckedSpec;
    use crate::testing::sighting;

    #[test]
    fn each_target_is_counted_once_and_named_where_something_is_odd() {
        let id = InstanceId::from_bits;
        let (old, new) = (ImageId::from_bits(1), ImageId::from_bits(2));
        let seen = |text: &str, image, os| {
            Look::Seen(Sighting { name: Some("n".into()), image: Some(image), os: Some(os), ..sighting(text) })
        };
        let fault = |kind| Fault::new(kind, "words");
        let looks = vec![
            (id(0), seen("running", new, OsFamily::Linux)),
            (id(1), seen("running", old, OsFamily::Windows)),
            (id(2), seen("running", old, OsFamily::Windows)),
            (id(3), seen("stopped", old, OsFamily::Linux)),
            (id(4), seen("pending", old, OsFamily::Linux)),
            (id(5), Look::Gone(fault(FaultKind::NotFound))),
            (id(6), Look::Unread(fault(FaultKind::TimedOut))),
        ];
        let instances = (0..8).map(id).collect();
        let spec = CheckedSpec { instances, image: Some(new), policy: Policy::default() };
        let found = Preflight::of(&Plan::draw(&spec, "p1".parse().unwrap()), &looks);
        let ids = |exceptions: &[Exception]| -> Vec<u128> { exceptions.iter().map(|one| one.id.to_bits()).collect() };
        assert_eq!((found.eligible, found.image_os), (3, Some(OsFamily::Linux)));
        assert_eq!((ids(&found.skipped), ids(&found.unread)), (vec![3, 4, 5], vec![6, 7]));
        assert_eq!(ids(&found.os_changes), [1, 2]);
        let groups: Vec<_> = found.groups.iter().map(|group| (group.image_id, group.instances)).collect();
        assert_eq!(groups, [(Some(old), 2), (Some(new), 1)]);
        let codes: Vec<&str> = found.skipped.iter().map(|one| one.reason.code.as_str()).collect();
        assert_eq!(codes, ["wrong_state", "busy", "not_found"]);
    }

    #[test]
    fn an_image_that_is_nowhere_or_contradictory_has_no_known_system() {
        let image = ImageId::from_bits(1);
        let seen = |os| Look::Seen(Sighting { image: Some(image), os, ..sighting("running") });
        for (systems, known) in [
            (vec![None], None),
            (vec![None, Some(OsFamily::Linux)], Some(OsFamily::Linux)),
            (vec![Some(OsFamily::Windows), Some(OsFamily::Linux)], None),
        ] {
            let looks: Vec<Look> = systems.into_iter().map(seen).collect();
            let looks = looks.iter().zip(0..).map(|(look, bits)| (InstanceId::from_bits(bits), look)).collect();
            assert_eq!(image_os(Some(image), &looks), known);
            assert_eq!(image_os(None, &looks), None);
        }
    }
}
