//! What the site allows, asked before anything is started. The rules are core's part ([`SitePolicy`]), the file `site.rs`'s.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use reinstall_core::action::Look;
use reinstall_core::claim::{self, Claims, CloudIdentity};
use reinstall_core::id::InstanceId;
use reinstall_core::plan::Plan;
use reinstall_core::secret::AdminPassword;
use reinstall_core::site::{Ask, Known, SitePolicy};
use reinstall_core::spec::Objection;
use reinstall_core::survey::{Survey, Surveyed};
use reinstall_core::time::Timestamp;
use reinstall_http::client::Client;
use reinstall_http::client::look::Inspection;
use reinstall_journal::begin::DayLimit;

use crate::args::rollouts::SiteArgs;
use crate::failure::Failure;
use crate::site::{self, Site};

/// A limit by the day counts what was submitted in the last 24 hours.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads the site's rules.
pub(crate) fn load(args: &SiteArgs) -> Result<Site, Failure> {
    Ok(site::load(args.policy.as_deref())?)
}

/// What reading the instances of a plan told. To be done before any other read by the same client.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) looks: Vec<(InstanceId, Look)>,
    known: BTreeMap<InstanceId, Known>,
    addresses: BTreeMap<InstanceId, Vec<Ipv4Addr>>,
}

impl From<Vec<Inspection>> for Seen {
    fn from(inspections: Vec<Inspection>) -> Self {
        let mut seen = Self::default();
        for Inspection { id, look, tags, addresses } in inspections {
            seen.addresses.extend(addresses.map(|addresses| (id, addresses)));
            let name = if let Look::Seen(sighting) = &look { sighting.name.clone() } else { None };
            seen.known.insert(id, Known { name, tags });
            seen.looks.push((id, look));
        }
        seen
    }
}

impl Seen {
    /// Looks at every instance of a plan.
    pub(crate) async fn of(plan: &Plan, client: &Client) -> Result<Self, Failure> {
        let ids: Vec<InstanceId> = plan.targets().collect();
        Ok(client.survey(&ids).await?.into())
    }

    /// Takes the password out of what the cloud said.
    pub(crate) fn hide(&mut self, password: &AdminPassword) {
        let secret = password.expose();
        for (_, look) in &mut self.looks {
            match look {
                Look::Seen(sighting) => sighting.hide(secret),
                Look::Gone(fault) | Look::Unread(fault) => fault.hide(secret),
            }
        }
        self.known.values_mut().filter_map(|known| known.name.as_mut()).for_each(|name| name.hide(secret));
    }

    /// Binds a plan to what was seen: to the names, so that no other machine is wiped than was meant. If the plan bounds how
    /// many may be unavailable, or the site has rules about who they are, also to everything else.
    pub(crate) fn bind(&self, plan: Plan, site: &SitePolicy) -> Plan {
        if site.asks_who_they_are() || plan.policy().max_unavailable.is_some() {
            return plan.bound_to(self.survey());
        }
        let mut expected = plan.survey().clone();
        for (id, was) in self.survey() {
            if let Some(name) = was.name {
                expected.insert(id, Surveyed { name: Some(name), ..Surveyed::default() });
            }
        }
        plan.bound_to(expected)
    }

    /// Every claim of the list that the cloud contradicts, or that could not be checked.
    pub(crate) fn claim_issues(&self, claims: &Claims) -> Vec<Objection> {
        let looks: BTreeMap<InstanceId, &Look> = self.looks.iter().map(|(id, look)| (*id, look)).collect();
        claim::issues(claims, |id| CloudIdentity {
            is_missing: matches!(looks.get(&id), Some(Look::Gone(_))),
            name: self.known.get(&id).and_then(|known| known.name.as_ref()),
            addresses: self.addresses.get(&id).map(Vec::as_slice),
        })
    }

    /// What the instances are, of those that were seen.
    pub(crate) fn survey(&self) -> Survey {
        let seen = |(id, look): &(InstanceId, Look)| match look {
            Look::Seen(sighting) => Some((*id, Surveyed::from(sighting))),
            Look::Gone(_) | Look::Unread(_) => None,
        };
        self.looks.iter().filter_map(seen).collect()
    }
}

/// Lets a plan through that is carried out later: whatever its list or the site has against it, but for the hour, which is
/// another by then.
pub(crate) fn admit_for_later(plan: &Plan, claims: &Claims, site: &SitePolicy, seen: &Seen) -> Result<(), Failure> {
    let ask = Ask { plan, known: &seen.known, submitted_in_last_day: 0, moment: None };
    let mut objections = site.objections(&ask);
    objections.retain(|one| one.field() != "site.allowed_hours");
    as_claimed(seen.claim_issues(claims), unless_any(objections))
}

/// Lets a plan through if its list agrees with the cloud, and the site allows it now.
///
/// # Errors
/// Everything that speaks against it, at once.
pub(crate) fn admit_as_claimed(
    plan: Plan,
    claims: &Claims,
    site: &SitePolicy,
    seen: &Seen,
    submitted_since: impl FnOnce(Timestamp) -> Result<u64, Failure>,
    now: Timestamp,
) -> Result<Plan, Failure> {
    as_claimed(seen.claim_issues(claims), admit(plan, site, seen, submitted_since, now))
}

/// Adds what a list's claims have against a plan to what the site has.
fn as_claimed<T>(issues: Vec<Objection>, admitted: Result<T, Failure>) -> Result<T, Failure> {
    match admitted {
        admitted if issues.is_empty() => admitted,
        Ok(_) => Err(Failure::ListDiffers(issues)),
        Err(Failure::SiteForbids { objections, .. }) => Err(Failure::ListDiffers([issues, objections].concat())),
        Err(other) => Err(other),
    }
}

/// Lets a plan through of which no instance was read, as far as the site's rules can be told without.
pub(crate) fn admit_unread(
    plan: Plan,
    site: &SitePolicy,
    submitted_since: impl FnOnce(Timestamp) -> Result<u64, Failure>,
    now: Timestamp,
) -> Result<Plan, Failure> {
    admit_by(SitePolicy::objections_without_reading, plan, site, &Seen::default(), submitted_since, now)
}

fn unless_any(objections: Vec<Objection>) -> Result<(), Failure> {
    if objections.is_empty() { Ok(()) } else { Err(Failure::SiteForbids { objections, rollout: None }) }
}

fn a_day_before(now: Timestamp) -> Timestamp {
    now - DAY
}

/// How many instances the site allows in a day, for the journal: it counts and claims in one transaction.
pub(crate) fn day_limit(site: &SitePolicy, now: Timestamp) -> Option<DayLimit> {
    let instances_max = u64::try_from(site.instances_per_day_max()?).unwrap_or(u64::MAX);
    Some(DayLimit { instances_max, since: a_day_before(now) })
}

/// Lets a plan through if the site allows it now, with the moment when it has to start nothing more.
///
/// # Errors
/// Everything that the site has against it, at once.
pub(crate) fn admit(
    plan: Plan,
    site: &SitePolicy,
    seen: &Seen,
    submitted_since: impl FnOnce(Timestamp) -> Result<u64, Failure>,
    now: Timestamp,
) -> Result<Plan, Failure> {
    admit_by(SitePolicy::objections, plan, site, seen, submitted_since, now)
}

fn admit_by(
    rules: impl FnOnce(&SitePolicy, &Ask<'_>) -> Vec<Objection>,
    plan: Plan,
    site: &SitePolicy,
    seen: &Seen,
    submitted_since: impl FnOnce(Timestamp) -> Result<u64, Failure>,
    now: Timestamp,
) -> Result<Plan, Failure> {
    let submitted = submitted_since(a_day_before(now))?;
    let ask = Ask {
        plan: &plan,
        known: &seen.known,
        submitted_in_last_day: usize::try_from(submitted).unwrap_or(usize::MAX),
        moment: site.hours().and_then(|hours| site::local_moment(hours, now)),
    };
    unless_any(rules(site, &ask))?;
    let closes_at = site.hours().and_then(|hours| site::closes_at(hours, now));
    Ok(match closes_at {
        Some(at) => plan.closing_at(at),
        None => plan,
    })
}
