//! What a site allows, whoever asks: ceilings that flags can lower and never raise, hours, and instances that are left alone.
//!
//! Read from a file that the person at the command line need not be able to change. Where something that a rule asks about
//! is not known, the rule counts as broken.
//!
//! The parts, in reading order:

mod glob;

mod hours;

mod protected;

mod written;

use std::collections::BTreeMap;

use crate::id::InstanceId;
use crate::plan::Plan;
use crate::policy::{Policy, Share};
use crate::spec::Objection;

pub use hours::{Hours, LocalMoment, Opening, Weekday, WindowError};
pub use protected::{Known, ProtectedSpec, SelectorError};
pub use written::SiteSpec;

use protected::Protected;

/// What a site allows. The default allows everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SitePolicy {
    instances_per_run_max: Option<usize>,
    instances_per_day_max: Option<usize>,
    in_flight_max: Option<usize>,
    max_unavailable: Option<Share>,
    hours: Option<Hours>,
    protected: Vec<Protected>,
}

/// What somebody is about to do, and all that the rules ask about it.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The plan that would be carried out.
    pub plan: &'a Plan,
    /// What is known of its targets. Of one that is missing here nothing is.
    pub known: &'a BTreeMap<InstanceId, Known>,
    /// How many instances were submitted in the last 24 hours, as far as anybody here knows.
    pub submitted_in_last_day: usize,
    /// What the clock on the wall shows in the zone of [`SitePolicy::hours`]; `None` if nobody can tell.
    pub moment: Option<LocalMoment>,
}

/// Which numbers of a [`Policy`] a person typed, as opposed to those that are there by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Typed {
    /// `in_flight_max`
    pub in_flight_max: bool,
    /// `max_unavailable`
    pub max_unavailable: bool,
}

impl SitePolicy {
    /// When something may be started; `None` if at any time.
    #[must_use]
    pub fn hours(&self) -> Option<&Hours> {
        self.hours.as_ref()
    }

    /// How many instances may be submitted in 24 hours; `None` if any number. For a store that has to count and claim at once;
    /// [`Self::objections`] asks it as well.
    #[must_use]
    pub fn instances_per_day_max(&self) -> Option<usize> {
        self.instances_per_day_max
    }

    /// Whether any rule asks for the names or the tags of instances, so that somebody has to look them up.
    #[must_use]
    pub fn asks_who_they_are(&self) -> bool {
        self.protected.iter().any(|entry| entry.asks_for_names() || entry.asks_for_tags())
    }

    /// Lowers the numbers that nobody typed to the ceilings. What a person typed is left for [`Self::objections`]: who asks
    /// for too much is told, and not given less.
    pub fn lower(&self, policy: &mut Policy, typed: Typed) {
        if let Some(ceiling) = self.in_flight_max
            && !typed.in_flight_max
        {
            policy.in_flight_max = policy.in_flight_max.min(ceiling);
        }
        if !typed.max_unavailable {
            policy.max_unavailable = policy.max_unavailable.or(self.max_unavailable);
        }
    }

    /// Everything that the site has against it, all at once. Fields that begin with `site.` stand in its file, those that
    /// begin with `policy.` are what was asked for.
    #[must_use]
    pub fn objections(&self, ask: &Ask<'_>) -> Vec<Objection> {
        let mut objections = self.of_the_plan(ask);
        objections.extend(self.unknown(ask));
        objections.extend(self.protected(ask));
        objections
    }

    /// The same, as far as it can be told without reading any instance: all but the rules about names and tags.
    #[must_use]
    pub fn objections_without_reading(&self, ask: &Ask<'_>) -> Vec<Objection> {
        let mut objections = self.of_the_plan(ask);
        objections.extend(self.protected(ask));
        objections
    }

    /// What stands against the plan itself, whatever its instances are.
    fn of_the_plan(&self, ask: &Ask<'_>) -> Vec<Objection> {
        let mut objections = self.too_many(ask);
        objections.extend(self.too_bold(ask.plan));
        objections.extend(self.out_of_hours(ask.moment));
        objections
    }

    /// Whether any rule asks how many instances were submitted in the last 24 hours.
    #[must_use]
    pub fn has_daily_limit(&self) -> bool {
        self.instances_per_day_max.is_some()
    }

    fn too_many(&self, ask: &Ask<'_>) -> Vec<Objection> {
        let wanted = ask.plan.target_count();
        let before = ask.submitted_in_last_day;
        let in_a_day = before.saturating_add(wanted);
        let a_run = self.instances_per_run_max.filter(|max| wanted > *max).map(|max| {
            let message = format!("{wanted} instances would be reinstalled, and at most {max} may be in one run");
            Objection::new("site.instances_per_run_max", "ceiling", message)
        });
        let a_day = self.instances_per_day_max.filter(|max| in_a_day > *max).map(|max| {
            let message = format!(
                "{before} instances were submitted in the last 24 hours, {wanted} more make {in_a_day}, and at most {max} \
                 may be"
            );
            Objection::new("site.instances_per_day_max", "ceiling", message)
        });
        a_run.into_iter().chain(a_day).collect()
    }

    /// Numbers of the policy that are above the ceiling.
    fn too_bold(&self, plan: &Plan) -> Vec<Objection> {
        let asked = plan.policy();
        let in_flight = self.in_flight_max.filter(|max| asked.in_flight_max > *max).map(|max| {
            let message = format!("{} is more than the {max} of site.in_flight_max", asked.in_flight_max);
            Objection::new("policy.in_flight_max", "ceiling", message)
        });
        let unavailable = self.max_unavailable.and_then(|share| {
            let max = share.of(plan.target_count()).max(1);
            let message = match (plan.unavailable_max(), asked.max_unavailable) {
                (Some(wanted), _) if wanted <= max => return None,
                (Some(wanted), Some(typed)) => {
                    format!("{typed} ({wanted}) is more than the {share} ({max}) of site.max_unavailable")
                }
                (Some(_) | None, _) => format!("there is no bound, and site.max_unavailable asks for {share} ({max})"),
            };
            Some(Objection::new("policy.max_unavailable", "ceiling", message))
        });
        in_flight.into_iter().chain(unavailable).collect()
    }

    fn out_of_hours(&self, moment: Option<LocalMoment>) -> Option<Objection> {
        let hours = self.hours.as_ref()?;
        let (rule, message) = match moment {
            Some(moment) => ("closed", hours.refusal(moment)?),
            None => ("unknown", format!("nobody can tell what time it is in {}", hours.time_zone())),
        };
        Some(Objection::new("site.allowed_hours", rule, message))
    }

    /// Where instances are protected by names or tags, one whose name or tags nobody knows may be one of them.
    fn unknown(&self, ask: &Ask<'_>) -> Vec<Objection> {
        let nothing = Known::default();
        let without = |lacks: fn(&Known) -> bool| -> Vec<InstanceId> {
            ask.plan.targets().filter(|id| lacks(ask.known.get(id).unwrap_or(&nothing))).collect()
        };
        let mut objections = Vec::new();
        let mut object = |what: &str, nameless: &[InstanceId]| {
            if let Some(first) = nameless.first() {
                let count = nameless.len();
                let message = format!(
                    "the {what} of {count} of the instances are not known (the first is {first}), so each may be protected"
                );
                objections.push(Objection::new("site.protected", "unknown", message));
            }
        };
        if self.protected.iter().any(Protected::asks_for_names) {
            object("names", &without(|known| known.name.is_none()));
        }
        if self.protected.iter().any(Protected::asks_for_tags) {
            object("tags", &without(|known| known.tags.is_none()));
        }
        objections
    }

    fn protected(&self, ask: &Ask<'_>) -> Vec<Objection> {
        let nothing = Known::default();
        let mut objections = Vec::new();
        for id in ask.plan.targets() {
            let known = ask.known.get(&id).unwrap_or(&nothing);
            let meant = self.protected.iter().enumerate().filter(|(_, entry)| entry.means(id, known));
            objections.extend(meant.map(|(index, entry)| {
                let name = known.name.as_ref().map_or_else(String::new, |name| format!(" (its name is {name})"));
                let message = format!("instance {id} is protected: {}{name}", entry.reason());
                Objection::new(format!("site.protected[{index}]"), "protected", message)
            }));
        }
        objections
    }
}

#[cfg(test)]
mod tests;
