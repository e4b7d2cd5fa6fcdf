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

/// Every claim that the cloud contradicts, or that could not be checked, in the order of the list.
///
/// A claim that could not be checked is an issue as well: the row was written so that a wrong id is noticed, and where
/// nothing can be compared it would not be. An instance that does not exist has no issue here, since no request can wipe
/// it; it is skipped.
pub fn issues<'a>(claims: &Claims, cloud: impl Fn(InstanceId) -> CloudIdentity<'a>) -> Vec<Objection> {
    let mut issues = Vec::new();
    for (id, claim) in claims {
        let said = cloud(*id);
        if !said.is_missing {
            issues.extend(name_issue(*id, claim, said.name));
            issues.extend(address_issues(*id, claim, said.addresses));
        }
    }
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

fn name_issue(id: InstanceId, claim: &Claim, said: Option<&CloudText>) -> Option<Objection> {
    let claimed = claim.name.as_ref()?;
    match said {
        Some(name) if name == claimed => None,
        Some(name) => {
            let message = format!("the list says that {id} is `{claimed}`; the cloud says `{name}`");
            Some(claim.issue("name", "differs", &message))
        }
        None => Some(claim.issue("name", "unchecked", &unchecked(id, "name", claimed))),
    }
}

fn address_issues(id: InstanceId, claim: &Claim, said: Option<&[Ipv4Addr]>) -> Vec<Objection> {
    let issue = |claimed: &Ipv4Addr| match said {
        Some(addresses) if addresses.contains(claimed) => None,
        Some(addresses) => {
            let found: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            let found = if found.is_empty() { "no address".to_owned() } else { found.join(", ") };
            let message = format!("the list says that {id} has {claimed}; the cloud says {found}");
            Some(claim.issue("address", "differs", &message))
        }
        None => Some(claim.issue("address", "unchecked", &unchecked(id, "address", claimed))),
    };
    claim.addresses.iter().filter_map(issue).collect()
}

fn unchecked(id: InstanceId, field: &str, claimed: &dyn std::fmt::Display) -> String {
    format!("the list says that the {field} of {id} is `{claimed}`; the cloud does not show its {field}")
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
            (claim("", &[[10, 0, 0, 1]]), CloudIdentity { addresses: Some(&[]), ..shown }, "address differs"),
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
    fn a_claimed_name_is_expected_right_before_the_request() {
        let id = InstanceId::from_bits;
        let claims = vec![(id(1), claim("web-1", &[])), (id(2), claim("", &[[10, 0, 0, 1]]))];
        let expected = expected_states(&claims);
        assert_eq!(expected.len(), 1);
        let seen = crate::sighting::Sighting { name: Some("db-1".into()), ..crate::testing::sighting("running") };
        assert_eq!(expected[&id(1)].drift(&seen).map(|drift| drift.field), Some("name"));
    }
}
