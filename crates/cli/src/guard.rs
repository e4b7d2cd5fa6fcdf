//! What the site allows, asked before anything is started. The rules are core's part ([`SitePolicy`]), the file `site.rs`'s.

use std::collections::BTreeMap;
use std::time::Duration;

use reinstall_core::action::Look;
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

/// Whether the instances have to be looked at before it can be told whether a plan is allowed, or how to keep to it.
pub(crate) fn has_to_look(site: &SitePolicy, plan: &Plan) -> bool {
    site.asks_who_they_are() || plan.policy().max_unavailable.is_some()
}

/// What looking at the instances of a plan told. To be done before any other look by the same client.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) looks: Vec<(InstanceId, Look)>,
    known: BTreeMap<InstanceId, Known>,
}

impl From<Vec<Inspection>> for Seen {
    fn from(inspections: Vec<Inspection>) -> Self {
        let mut seen = Self::default();
        for Inspection { id, look, tags, .. } in inspections {
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

    /// What the instances are, of those that were seen.
    pub(crate) fn survey(&self) -> Survey {
        let seen = |(id, look): &(InstanceId, Look)| match look {
            Look::Seen(sighting) => Some((*id, Surveyed::from(sighting))),
            Look::Gone(_) | Look::Unread(_) => None,
        };
        self.looks.iter().filter_map(seen).collect()
    }
}

/// Lets a plan through that is carried out later: whatever the site has against it, but for the hour, which is another by then.
pub(crate) fn admit_for_later(plan: &Plan, site: &SitePolicy, seen: &Seen) -> Result<(), Failure> {
    let ask = Ask { plan, known: &seen.known, submitted_in_last_day: 0, moment: None };
    let mut objections = site.objections(&ask);
    objections.retain(|one| one.field() != "site.allowed_hours");
    unless_any(objections)
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
    let submitted = submitted_since(a_day_before(now))?;
    let ask = Ask {
        plan: &plan,
        known: &seen.known,
        submitted_in_last_day: usize::try_from(submitted).unwrap_or(usize::MAX),
        moment: site.hours().and_then(|hours| site::local_moment(hours, now)),
    };
    unless_any(site.objections(&ask))?;
    let closes_at = site.hours().and_then(|hours| site::closes_at(hours, now));
    Ok(match closes_at {
        Some(at) => plan.closing_at(at),
        None => plan,
    })
}
