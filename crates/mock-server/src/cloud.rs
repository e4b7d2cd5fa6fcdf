//! The cloud itself, as a value: calls go in with the time, replies come out.
//!
//! No socket, no clock, no timer, no task. What an instance looks like is worked out from (seed, instance, attempt, when it
//! was accepted, now) each time somebody looks, and looking changes nothing but the counts. The same cloud therefore
//! serves real HTTP, where now is the clock's, and a simulation, where now is whatever the seed says.

mod admission;
pub mod config;
mod draw;
mod fleet;
pub mod ledger;
pub mod list;
pub mod refusal;
pub mod request;
pub mod row;
pub mod truth;
pub mod wipe;

use std::collections::{BTreeMap, BTreeSet};

use reinstall_core::id::{ImageId, InstanceId, ProjectId};
use reinstall_core::lifecycle::Standing;
use reinstall_core::time::Timestamp;

use self::config::{CloudConfig, Failing, Start};
pub(crate) use self::draw::{draw_nth, uuid_bits};
use self::fleet::Fleet;
pub(crate) use self::fleet::{Described, FleetBuilder, Full, Repeat, TagText};
pub use self::fleet::{Image, StoredFleet, generated_id, images};
use self::ledger::{ApiOperation, Call, Ledger};
use self::list::{Asked, ListQuery, Page};
use self::refusal::Refusal;
use self::request::ReinstallRequest;
use self::row::{Glimpse, Row, Tags};
use self::truth::Truth;
use self::wipe::{Ending, Wipe};

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
        Self { config, fleet, doomed, wipes: BTreeMap::new(), ledger: Ledger::default() }
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

    /// Decides how the reinstalls of an instance end that are accepted from now on.
    pub fn set_ending(&mut self, id: InstanceId, ending: Ending) {
        self.config.endings.insert(id, ending);
    }

    /// Sets what an instance is like until its first reinstall is accepted.
    pub fn set_start(&mut self, id: InstanceId, start: Start) {
        self.config.starts.insert(id, start);
    }

    /// Labels an instance with these, and with no others.
    pub fn set_tags(&mut self, id: InstanceId, tags: Tags) {
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
        let result = self.admit(now, request);
        if let Ok((ids, image)) = &result {
            for &id in ids {
                self.accept(now, id, *image);
            }
            self.ledger.note_batch(ids.len());
        }
        let result = result.map(|(ids, _)| ids);
        let image = request.image().ok().flatten();
        self.note(now, ApiOperation::ReinstallOs, request.known_ids(), image, (202, result.as_ref().err()));
        result
    }

    /// ShowInstanceStatus.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an instance that is not there.
    pub fn status(&mut self, now: Timestamp, id: InstanceId) -> Result<Glimpse, Refusal> {
        self.status_as_of(now, now, id)
    }

    /// The same, answered out of date: as it was at `as_of`.
    pub(crate) fn status_as_of(
        &mut self,
        now: Timestamp,
        as_of: Timestamp,
        id: InstanceId,
    ) -> Result<Glimpse, Refusal> {
        let result = self.glimpse(as_of, id).ok_or_else(|| Refusal::NotFound(vec![id]));
        self.note(now, ApiOperation::ShowInstanceStatus, vec![id], None, (200, result.as_ref().err()));
        result
    }

    /// ListInstances.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] if it is not permitted, [`Refusal::Invalid`] for a query that makes no sense.
    pub fn list(&mut self, now: Timestamp, query: &ListQuery) -> Result<Page, Refusal> {
        self.list_as_of(now, now, query)
    }

    /// The same, answered out of date: as it was at `as_of`.
    pub(crate) fn list_as_of(&mut self, now: Timestamp, as_of: Timestamp, query: &ListQuery) -> Result<Page, Refusal> {
        let result = self.page(as_of, query);
        self.note(now, ApiOperation::ListInstances, query.known_ids(), None, (200, result.as_ref().err()));
        result
    }

    /// What ShowInstanceStatus would show, uncounted; `None` if there is no such instance.
    #[must_use]
    pub fn glimpse(&self, now: Timestamp, id: InstanceId) -> Option<Glimpse> {
        if !self.fleet.has(id) {
            return None;
        }
        let Some(wipe) = self.latest(now, id) else {
            let mut start = self.start(id).unwrap_or_default();
            start.operation_state.take_if(|_| !self.config.sends_operation_state);
            return Some(Glimpse { state: start.state, operation_state: start.operation_state, error: start.error });
        };
        let standing = wipe.standing(now);
        Some(Glimpse {
            state: self.config.life_cycle.state(standing),
            operation_state: self.config.sends_operation_state.then(|| standing.operation()),
            error: wipe.fails().filter(|_| standing == Standing::Failed).cloned(),
        })
    }

    /// What ListInstances would show of an instance, uncounted; `None` if there is no such instance.
    #[must_use]
    pub fn row(&self, now: Timestamp, id: InstanceId) -> Option<Row> {
        let portrait = self.fleet.portrait(id)?;
        let updated_at = self.latest(now, id).map(|wipe| {
            let ended_at = wipe.ends_at().filter(|end| *end <= now);
            ended_at.unwrap_or(wipe.accepted_at)
        });
        let launched_at = self.succeeded(now, id).next().and_then(Wipe::ends_at);
        Some(Row {
            id,
            name: portrait.name,
            glimpse: self.glimpse(now, id)?,
            image: self.image(now, id)?,
            server_id: portrait.server_id.to_string(),
            vpc_id: portrait.vpc_id,
            subnet_id: portrait.subnet_id,
            ipv4_address: portrait.address,
            tags: self.config.tags.get(&id).cloned().unwrap_or(portrait.tags),
            created_at: portrait.created_at,
            updated_at: updated_at.unwrap_or(portrait.created_at),
            launched_at: launched_at.unwrap_or(portrait.created_at),
        })
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

    /// What an instance was said to be like in the beginning: by whoever set it, or else by the file of the fleet.
    fn start(&self, id: InstanceId) -> Option<Start> {
        self.config.starts.get(&id).cloned().or_else(|| self.fleet.start(id))
    }

    fn latest(&self, now: Timestamp, id: InstanceId) -> Option<&Wipe> {
        self.wipes(id).iter().rev().find(|wipe| wipe.accepted_at <= now)
    }

    /// The reinstalls that were over and had worked by `now`, the latest first.
    fn succeeded(&self, now: Timestamp, id: InstanceId) -> impl Iterator<Item = &Wipe> {
        let wipes = self.wipes(id).iter().rev();
        wipes.filter(move |wipe| wipe.standing(now) == Standing::Succeeded)
    }

    /// What is installed. An image that nobody has heard of is taken for a private one of the family that was there.
    fn image(&self, now: Timestamp, id: InstanceId) -> Option<Image> {
        let first = self.fleet.first_image(id)?;
        let Some(installed) = self.succeeded(now, id).find_map(|wipe| wipe.image) else {
            return Some(first);
        };
        let known = self.fleet.image(installed);
        Some(known.unwrap_or_else(|| Image { id: installed, name: format!("private-{installed:.8}"), os: first.os }))
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
            rows: ids.iter().filter_map(|id| self.row(now, *id)).collect(),
            count,
        })
    }

    fn note(
        &mut self,
        at: Timestamp,
        operation: ApiOperation,
        ids: Vec<InstanceId>,
        image: Option<ImageId>,
        (success, refusal): (u16, Option<&Refusal>),
    ) {
        self.ledger.note(Call {
            at,
            operation,
            ids,
            image,
            status: Some(refusal.map_or(success, Refusal::status)),
            code: refusal.map(Refusal::code),
            rule: None,
        });
    }
}

#[cfg(test)]
mod tests;
