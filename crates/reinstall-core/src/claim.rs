//! What an inventory says of an instance besides its id, compared with what the cloud says.
//!
//! A row with an id and a name says twice which machine is meant. Where the two disagree, one of them is wrong, and a
//! reinstall by the wrong one cannot be taken back.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::id::InstanceId;
use crate::spec::Objection;
use crate::survey::{Survey, Surveyed};
use crate::text::CloudText;

/// What one row of an inventory says of its instance. A field that the row leaves out or empty claims nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claim {
    /// Its name, compared exactly.
    pub name: Option<CloudText>,
    /// Its addresses. Each has to be the address of one of its network interfaces.
    pub addresses: Vec<Ipv4Addr>,
    /// Where the row is written, such as `fleet.csv:17`.
    pub source_location: Option<String>,
}

impl Claim {
    /// Whether the row says nothing but the id.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.name.is_none() && self.addresses.is_empty()
    }
}

/// The claims about a list of targets, in its order. A target of which only the id is given has none.
pub type Claims = Vec<(InstanceId, Claim)>;

/// What the cloud says of an instance's name and addresses. The default is an instance that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CloudIdentity<'a> {
    /// Whether the cloud says that there is no such instance.
    pub is_missing: bool,
    /// Its name; `None` if the cloud does not show it.
    pub name: Option<&'a CloudText>,
    /// The addresses of all its network interfaces; `None` if the cloud does not show them.
    pub addresses: Option<&'a [Ipv4Addr]>,
}

/// Every claim that the cloud contradicts, in the order of the list, and after them the claims that could not be checked.
///
/// A claim that could not be checked is an issue as well: the row was written so that a wrong id is noticed, and where
/// nothing can be compared it would not be. An instance that does not exist has no issue here, since no request can wipe
/// it; it is skipped.
pub fn issues<'a>(claims: &Claims, cloud: impl Fn(InstanceId) -> CloudIdentity<'a>) -> Vec<Objection> {
    let mut issues = Vec::new();
    let mut unchecked_names = Vec::new();
    let mut unchecked_addresses = Vec::new();
    for (id, claim) in claims {
        let said = cloud(*id);
        if said.is_missing {
            continue;
        }
        match (&claim.name, said.name) {
            (Some(_), None) => unchecked_names.push((*id, claim)),
            (Some(claimed), Some(name)) if name != claimed => {
                let message = format!("the list says that {id} is `{claimed}`; the cloud says `{name}`");
                issues.push(claim.issue("name", "differs", &message));
            }
            (Some(_) | None, _) => {}
        }
        match said.addresses {
            None if !claim.addresses.is_empty() => unchecked_addresses.push((*id, claim)),
            None => {}
            Some(shown) => issues.extend(address_issues(*id, claim, shown)),
        }
    }
    issues.extend(unchecked("name", &unchecked_names));
    issues.extend(unchecked("address", &unchecked_addresses));
    issues
}

/// What the claims add to a plan: the names that instances must still have right before their request.
#[must_use]
pub fn expected_states(claims: &Claims) -> Survey {
    let expected = |(id, claim): &(InstanceId, Claim)| {
        let name = claim.name.clone()?;
        Some((*id, Surveyed { name: Some(name), ..Surveyed::default() }))
    };
    claims.iter().filter_map(expected).collect::<BTreeMap<_, _>>()
}

fn address_issues(id: InstanceId, claim: &Claim, shown: &[Ipv4Addr]) -> impl Iterator<Item = Objection> {
    let found: Vec<String> = shown.iter().map(ToString::to_string).collect();
    let differing = claim.addresses.iter().filter(|claimed| !shown.contains(claimed));
    differing.map(move |claimed| {
        let message = format!("the list says that {id} has {claimed}; the cloud says {}", found.join(", "));
        claim.issue("address", "differs", &message)
    })
}

/// One issue for all claims that could not be checked: the cause is nearly always the same.
fn unchecked(field: &str, claims: &[(InstanceId, &Claim)]) -> Option<Objection> {
    let (first, claim) = claims.first()?;
    let plural = if claims.len() == 1 { "" } else { "s" };
    let message = format!(
        "the list gives the {field} of {} instance{plural} that the cloud does not show, so that it cannot be compared (the \
         first is {first})",
        claims.len()
    );
    Some(claim.issue(field, "unchecked", &message))
}

impl Claim {
    fn issue(&self, field: &str, rule: &str, message: &str) -> Objection {
        let place = self.source_location.as_ref().map_or_else(String::new, |place| format!("{place}: "));
        Objection::new(format!("{place}{field}"), rule, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(name: &str, addresses: &[[u8; 4]]) -> Claim {
        Claim {
            name: (!name.is_empty()).then(|| name.into()),
            addresses: addresses.iter().copied().map(Ipv4Addr::from).collect(),
            source_location: Some("fleet.csv:7".into()),
        }
    }

    #[test]
    fn what_the_cloud_contradicts_or_does_not_show_is_an_issue() {
        let id = InstanceId::from_bits(1);
        let web: CloudText = "web-1".into();
        let two = [Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 1, 1)];
        let shown = CloudIdentity { is_missing: false, name: Some(&web), addresses: Some(&two) };
        let unread = CloudIdentity::default();
        for (claim, said, rules) in [
            (claim("web-1", &[[10, 0, 1, 1]]), shown, ""),
            (claim("web-1", &[[10, 0, 0, 1], [10, 0, 1, 1]]), shown, ""),
            (claim("", &[]), unread, ""),
            (claim("Web-1", &[]), shown, "fleet.csv:7: name differs"),
            (claim("web-10", &[]), shown, "fleet.csv:7: name differs"),
            (claim("", &[[10, 0, 0, 2]]), shown, "fleet.csv:7: address differs"),
            (claim("db-1", &[[10, 0, 0, 2], [10, 0, 0, 3]]), shown, "name differs, address differs, address differs"),
            (claim("web-1", &[[10, 0, 0, 1]]), CloudIdentity { addresses: None, ..shown }, "address unchecked"),
            (claim("web-1", &[]), unread, "name unchecked"),
            (claim("web-1", &[]), CloudIdentity { is_missing: true, ..unread }, ""),
        ] {
            let told = issues(&vec![(id, claim.clone())], |_| said);
            let told: Vec<String> = told.iter().map(|one| format!("{} {}", one.field(), one.rule())).collect();
            let rules: Vec<&str> = rules.split(", ").filter(|rule| !rule.is_empty()).collect();
            assert_eq!(told.len(), rules.len(), "{claim:?} {said:?}: {told:?}");
            assert!(told.iter().zip(&rules).all(|(told, rule)| told.ends_with(rule)), "{claim:?}: {told:?}");
        }
    }

    #[test]
    fn all_differences_are_told_at_once_and_what_could_not_be_checked_in_one_line() {
        let claims: Claims = (0..40).map(|bits| (InstanceId::from_bits(bits), claim("web", &[]))).collect();
        let other: CloudText = "db".into();
        let told = issues(&claims, |id| CloudIdentity {
            name: (id.to_bits() % 2 == 0).then_some(&other),
            ..CloudIdentity::default()
        });
        assert_eq!(told.len(), 20 + 1);
        let last = told.last().unwrap();
        assert!(last.rule() == "unchecked" && last.message().contains("20 instances"), "{last}");
    }

    #[test]
    fn a_claimed_name_is_expected_right_before_the_request() {
        let id = InstanceId::from_bits;
        let claims = vec![(id(1), claim("web-1", &[])), (id(2), claim("", &[[10, 0, 0, 1]]))];
        let expected = expected_states(&claims);
        assert_eq!(expected.len(), 1);
        let seen = crate::sighting::Sighting { name: Some("db-1".into()), ..crate::testing::sighting("running") };
        assert_eq!(expected[&id(1)].drift(&seen).map(|drift| drift.field), Some("name"));
    }
}
