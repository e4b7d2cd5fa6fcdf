//! The cloud itself, as a value: calls go in with the time, replies come out.
//!
//! No socket, no clock, no timer, no task. What an instance looks like is worked out from (seed, instance, attempt, when it
//! was accepted, now) each time somebody looks, and looking changes nothing but the counts. The same cloud therefore
//! serves real HTTP, where now is the clock's, and a simulation, where now is whatever the seed says.

mod admission;
pub mod config;
mod draw;
mod fleet;
mod labels;
pub mod ledger;
pub mod list;
pub mod prospect;
pub mod refusal;
pub mod request;
pub mod row;
mod show;
pub mod spread;
pub mod transition;
pub mod truth;
pub mod wipe;

use std::collections::{BTreeMap, BTreeSet};

use reinstall_core::id::{InstanceId, ProjectId};
use reinstall_core::time::Timestamp;

use self::config::{CloudConfig, Failing, Start};
pub(crate) use self::draw::{draw, draw_nth, mix, uuid_bits};
use self::fleet::Fleet;
pub(crate) use self::fleet::{Described, FleetBuilder, Full, Repeat, TagText};
pub use self::fleet::{Image, StoredFleet, generated_id, images};
use self::ledger::Ledger;
use self::list::{Asked, ListQuery, Page};
use self::refusal::Refusal;
use self::request::ReinstallRequest;
use self::row::{Glimpse, Tags};
pub(crate) use self::show::{QuietStamp, RowStamp};
use self::truth::Truth;
use self::wipe::{Ending, Wipe};
use crate::operation::ApiOperation;

/// One project of the cloud.
#[derive(Debug, Clone)]
pub struct Cloud {
    config: CloudConfig,
    fleet: Fleet,
    /// Those that [`Failing::Count`] picked.
    doomed: BTreeSet<InstanceId>,
    /// Every accepted reinstall, in the order they were accepted.
    wipes: BTreeMap<InstanceId, Vec<Wipe>>,
    ledger: Ledger,
    /// How often an instance was arranged by hand: labelled, or told what it was like in the beginning.
    arranged: u64,
    accepted: u64,
    /// When the last of the reinstalls ends that were accepted.
    busy_until: Timestamp,
}

impl Cloud {
    /// A cloud in which nothing has happened yet.
    #[must_use]
    pub fn new(config: CloudConfig) -> Self {
        let fleet = Fleet::new(&config.fleet, config.seed);
        let doomed = match config.failing {
            Failing::Count(count) => admission::pick(&fleet, config.seed, count),
            Failing::Nobody | Failing::Percent(_) => BTreeSet::new(),
        };
        Self {
            config,
            fleet,
            doomed,
            wipes: BTreeMap::new(),
            ledger: Ledger::default(),
            arranged: 0,
            accepted: 0,
            busy_until: Timestamp::from_millis(0),
        }
    }

    /// The project whose instances these are.
    #[must_use]
    pub fn project(&self) -> &ProjectId {
        &self.config.project
    }

    /// The seed that all chance comes from.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.config.seed
    }

    /// How many instances there are.
    #[must_use]
    pub fn instances_count(&self) -> usize {
        self.fleet.len()
    }

    /// Every instance, in the order of the ids.
    pub fn ids(&self) -> impl Iterator<Item = InstanceId> {
        self.fleet.ids()
    }

    /// Those after `id`, in the order of the ids; all if there is none to begin after.
    pub fn ids_after(&self, id: Option<InstanceId>) -> impl Iterator<Item = InstanceId> {
        self.fleet.ids_after(id)
    }

    /// Whether there is such an instance.
    #[must_use]
    pub fn has(&self, id: InstanceId) -> bool {
        self.fleet.has(id)
    }

    /// What it is made from, with what was set since.
    #[must_use]
    pub fn config(&self) -> &CloudConfig {
        &self.config
    }

    /// Takes back what was decided by [`set_ending`](Self::set_ending).
    pub fn unset_ending(&mut self, id: InstanceId) {
        self.config.endings.remove(&id);
    }

    /// What an instance was like before anything was asked of this cloud.
    #[must_use]
    pub fn start_of(&self, id: InstanceId) -> Start {
        self.start(id)
    }

    /// Decides how the reinstalls of an instance end that are accepted from now on.
    pub fn set_ending(&mut self, id: InstanceId, ending: Ending) {
        self.config.endings.insert(id, ending);
    }

    /// Sets what an instance is like until its first reinstall is accepted.
    pub fn set_start(&mut self, id: InstanceId, start: Start) {
        self.arranged += 1;
        self.config.starts.insert(id, start);
    }

    /// Labels an instance with these, and with no others.
    pub fn set_tags(&mut self, id: InstanceId, tags: Tags) {
        self.arranged += 1;
        self.config.tags.insert(id, tags);
    }

    /// ReinstallOS: all instances named are accepted, or none. Returns their ids in the order of the request.
    ///
    /// An instance must be `running`. A reinstall that failed may be tried again, whatever word the life cycle has for
    /// its end (api-facts 2: `failed`). The password is checked against the rule for the systems that will be installed.
    ///
    /// # Errors
    /// [`Refusal`]; then nothing was started.
    pub fn reinstall(&mut self, now: Timestamp, request: &ReinstallRequest) -> Result<Vec<InstanceId>, Refusal> {
        self.reinstall_ending(now, request, None)
    }

    /// The same, but what is accepted ends as it is told to, if it is.
    pub(crate) fn reinstall_ending(
        &mut self,
        now: Timestamp,
        request: &ReinstallRequest,
        ending: Option<&Ending>,
    ) -> Result<Vec<InstanceId>, Refusal> {
        self.ledger.note(ApiOperation::ReinstallOs);
        let (ids, image) = self.admit(now, request)?;
        for &id in &ids {
            self.accept(now, id, image, ending);
        }
        self.ledger.note_batch(ids.len());
        Ok(ids)
    }

    /// ShowInstanceStatus.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an instance that is not there.
    pub fn status(&mut self, now: Timestamp, id: InstanceId) -> Result<Glimpse, Refusal> {
        self.ledger.note(ApiOperation::ShowInstanceStatus);
        self.glimpse(now, id).ok_or_else(|| Refusal::NotFound(vec![id]))
    }

    /// ListInstances.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] if it is not permitted, [`Refusal::Invalid`] for a query that makes no sense.
    pub fn list(&mut self, now: Timestamp, query: &ListQuery) -> Result<Page, Refusal> {
        self.ledger.note(ApiOperation::ListInstances);
        self.page(now, query)
    }

    /// Every reinstall of an instance that was accepted, in order; empty if there was none.
    #[must_use]
    pub fn wipes(&self, id: InstanceId) -> &[Wipe] {
        self.wipes.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Every instance that was ever wiped, with its wipes, in the order of the ids.
    pub fn wiped(&self) -> impl Iterator<Item = (InstanceId, &[Wipe])> {
        self.wipes.iter().map(|(id, wipes)| (*id, wipes.as_slice()))
    }

    /// Counts, violations and the log of calls.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(crate) fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// What truly happened up to `now`.
    #[must_use]
    pub fn truth(&self, now: Timestamp) -> Truth {
        Truth::of(self, now)
    }

    fn page(&self, now: Timestamp, query: &ListQuery) -> Result<Page, Refusal> {
        if !self.config.permits_list {
            return Err(Refusal::Forbidden);
        }
        let asked = Asked::parse(query, self.config.seed, &self.fleet)?;
        let has_state = |id: &InstanceId| {
            let Some(word) = &asked.state else { return true };
            self.glimpse(now, *id).is_some_and(|glimpse| glimpse.state.as_word() == word)
        };
        let (mut ids, count): (Vec<InstanceId>, usize) = if asked.ids.is_none() && asked.state.is_none() {
            let page = self.fleet.ids_after(asked.after).take(asked.limit + 1);
            (page.collect(), self.fleet.len())
        } else {
            let mut matching = match asked.ids {
                Some(ids) => ids.into_iter().filter(|id| self.fleet.has(*id)).collect(),
                None => self.fleet.ids().collect::<Vec<_>>(),
            };
            matching.retain(has_state);
            let count = matching.len();
            matching.retain(|id| asked.after.is_none_or(|after| *id > after));
            (matching, count)
        };
        let is_last = ids.len() <= asked.limit;
        ids.truncate(asked.limit);
        let last = ids.last().filter(|_| !is_last);
        Ok(Page {
            next_marker: last.map(|id| list::marker(*id, self.config.seed)),
            as_of: now,
            is_whole: true,
            ids,
            count,
        })
    }
}

#[cfg(test)]
mod tests;
