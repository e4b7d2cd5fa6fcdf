//! What the cloud shows of an instance at a moment: worked out anew each time, from what was accepted and when.

use std::collections::BTreeMap;

use reinstall_core::id::InstanceId;
use reinstall_core::instance::{InstanceState, OperationState};
use reinstall_core::lifecycle::Standing;
use reinstall_core::time::Timestamp;

use super::Cloud;
use super::config::Start;
use super::fleet::Image;
use super::row::{Glimpse, Row};
use super::wipe::{Ending, Wipe};
use crate::exchange::Shown;

/// What a row depends on, for as long as the cloud is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowStamp {
    arranged: u64,
    attempt: u32,
    /// Which stretch of the reinstall is shown; `None` before it and after it.
    leg: Option<usize>,
}

/// What all rows depend on while nothing is underway, for as long as the cloud is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QuietStamp {
    arranged: u64,
    accepted: u64,
}

impl Cloud {
    /// What ShowInstanceStatus would show, uncounted; `None` if there is no such instance.
    #[must_use]
    pub fn glimpse(&self, now: Timestamp, id: InstanceId) -> Option<Glimpse> {
        if !self.fleet.has(id) {
            return None;
        }
        let Some(wipe) = self.shown_wipe(now, id) else {
            let start = self.start(id);
            let operation_state = start.operation_state.filter(|_| self.config.sends_operation_state);
            return Some(Glimpse { state: start.state, operation_state, error: start.error });
        };
        let standing = wipe.standing(now);
        let is_dead = wipe.ending == Ending::Dies && wipe.has_ended(now);
        Some(Glimpse {
            state: if is_dead { InstanceState::Terminated } else { self.config.life_cycle.state(standing) },
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
            server_id: portrait.server_id,
            vpc_id: portrait.vpc_id,
            subnet_id: portrait.subnet_id,
            ipv4_address: portrait.address,
            tags: self.config.tags.get(&id).cloned().unwrap_or(portrait.tags),
            created_at: portrait.created_at,
            updated_at: updated_at.unwrap_or(portrait.created_at),
            launched_at: launched_at.unwrap_or(portrait.created_at),
        })
    }

    /// By what one can tell that all instances are shown as they were before; `None` while time alone changes any of them.
    pub(crate) fn quiet_stamp(&self, now: Timestamp) -> Option<QuietStamp> {
        let (arranged, accepted) = (self.arranged, self.accepted);
        (now >= self.busy_until).then_some(QuietStamp { arranged, accepted })
    }

    /// By what one can tell that [`row`](Self::row) shows an instance as it did before.
    pub(crate) fn row_stamp(&self, now: Timestamp, id: InstanceId) -> RowStamp {
        let (attempt, leg) = match self.latest(now, id) {
            None => (0, None),
            Some(wipe) => match wipe.standing(now) {
                Standing::Underway(percent) => (wipe.attempt, Some(self.config.life_cycle.leg(percent))),
                Standing::Succeeded | Standing::Failed => (wipe.attempt, None),
            },
        };
        RowStamp { arranged: self.arranged, attempt, leg }
    }

    /// How many instances are in each state.
    #[must_use]
    pub fn tally(&self, now: Timestamp) -> BTreeMap<String, usize> {
        let mut tally = BTreeMap::new();
        let untouched = |id: &InstanceId| !self.wipes.contains_key(id) && !self.config.starts.contains_key(id);
        for id in self.fleet.ids() {
            // Most are as they were, and need no looking at.
            let word = match untouched(&id) && self.fleet.start(id).is_none() {
                true => InstanceState::Running,
                false => self.glimpse(now, id).map_or(InstanceState::Terminated, |glimpse| glimpse.state),
            };
            match tally.get_mut(word.as_word()) {
                Some(count) => *count += 1,
                None => {
                    tally.insert(word.to_string(), 1);
                }
            }
        }
        tally
    }

    /// How a look at `now` shows an instance, for those who judge what a client may know.
    ///
    /// Where `operation_state` is not sent and `state` stays `running`, a look cannot show that a reinstall is underway, so it
    /// does not count as having shown it.
    pub(crate) fn shown(&self, now: Timestamp, id: InstanceId) -> Shown {
        if !self.fleet.has(id) {
            return Shown::Absent;
        }
        let Some(wipe) = self.latest(now, id) else {
            return Shown::Untouched;
        };
        if wipe.has_ended(now) {
            return Shown::Ended(wipe.attempt);
        }
        let state = self.config.life_cycle.state(wipe.standing(now));
        let is_visible = self.config.sends_operation_state || state != InstanceState::Running;
        if is_visible { Shown::Underway(wipe.attempt) } else { Shown::Untouched }
    }

    /// What an instance was like before anything was asked of this cloud.
    pub(super) fn start(&self, id: InstanceId) -> Start {
        self.config.starts.get(&id).cloned().or_else(|| self.fleet.start(id)).unwrap_or_default()
    }

    /// The last reinstall that was accepted by `now`.
    pub(super) fn latest(&self, now: Timestamp, id: InstanceId) -> Option<&Wipe> {
        self.wipes(id).iter().rev().find(|wipe| wipe.accepted_at <= now)
    }

    /// The last of them that shows: one that came to nothing does not any more.
    pub(super) fn shown_wipe(&self, now: Timestamp, id: InstanceId) -> Option<&Wipe> {
        let is_seen = |wipe: &&Wipe| wipe.ending != Ending::GoesBack || !wipe.has_ended(now);
        self.wipes(id).iter().rev().filter(|wipe| wipe.accepted_at <= now).find(is_seen)
    }

    /// The reinstalls that were over and had worked by `now`, the latest first.
    pub(super) fn succeeded(&self, now: Timestamp, id: InstanceId) -> impl Iterator<Item = &Wipe> {
        let wipes = self.wipes(id).iter().rev();
        wipes.filter(move |wipe| wipe.standing(now) == Standing::Succeeded)
    }

    /// What is installed. An image that nobody has heard of is taken for a private one of the family that was there.
    pub(super) fn image(&self, now: Timestamp, id: InstanceId) -> Option<Image> {
        let first = self.fleet.first_image(id)?;
        let Some(installed) = self.succeeded(now, id).find_map(|wipe| wipe.image) else {
            return Some(first);
        };
        let known = self.fleet.image(installed);
        Some(known.unwrap_or_else(|| Image { id: installed, name: format!("private-{installed:.8}"), os: first.os }))
    }
}

impl Glimpse {
    /// `state` and, behind a slash, `operation_state` where there is one; for people.
    #[must_use]
    pub fn words(&self) -> String {
        let operation = self.operation_state.as_ref().map(OperationState::as_word);
        operation.map_or_else(|| self.state.to_string(), |operation| format!("{}/{operation}", self.state))
    }
}
