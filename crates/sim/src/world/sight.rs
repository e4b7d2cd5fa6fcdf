//! What a look finds: out of date, cut short or not at all, as the scene has it.

use std::time::Duration;

use reinstall_core::action::{Answer, Look};
use reinstall_core::fault::FaultKind;
use reinstall_core::id::InstanceId;
use reinstall_core::sighting::{Sighting, Via};
use reinstall_core::time::Timestamp;

use super::World;
use crate::network::{CALL_MAX, fault, look_fault};
use crate::scene::Scene;

impl World {
    /// How often the client asks the status call whether it tells more than the list.
    const STATUS_ASKED_MAX: u32 = 5;

    /// What a look that reaches the cloud now finds.
    pub(super) fn look(&mut self, ids: &[InstanceId]) -> Answer {
        if self.row.chance(self.scene.weather.outages) {
            self.outage_until = self.now + self.row.between(CALL_MAX, Scene::OUTAGE_MAX);
        }
        if self.now < self.outage_until {
            return Answer::Failed(fault(FaultKind::TimedOut));
        }
        if let Some(fault) = look_fault(&mut self.row, self.scene.weather) {
            return Answer::Failed(fault);
        }
        let is_stale = self.row.chance(self.scene.weather.stale_looks);
        let behind = if is_stale { self.staleness() } else { Duration::ZERO };
        let as_of = self.now - behind;
        let via = self.way_to_look();
        let mut looks = vec![];
        for &id in ids {
            // A row now and then is missing or cannot be read.
            if self.row.chance(self.scene.weather.look_faults / 5) {
                if self.row.chance(50) {
                    looks.push((id, Look::Unread(fault(FaultKind::ServerFailed))));
                }
                continue;
            }
            let as_of = self.before_request(id).unwrap_or(as_of);
            let seen = self.sighting(as_of, id, via);
            looks.push((id, seen.map_or_else(|| Look::Gone(fault(FaultKind::NotFound)), Look::Seen)));
        }
        Answer::Looked(looks)
    }

    /// The moment before the request that an instance is being reinstalled by, if this is all that a replica knows.
    fn before_request(&mut self, id: InstanceId) -> Option<Timestamp> {
        if self.scene.old_rows == 0 {
            return None;
        }
        let wipe = self.cloud.wipes(id).last().filter(|wipe| !wipe.has_ended(self.now))?;
        let before = wipe.accepted_at - Duration::from_millis(1);
        let is_old = self.row.chance(self.scene.old_rows) && !self.shown_old.contains(&id);
        if is_old {
            self.shown_old.insert(id);
        } else {
            self.shown_old.remove(&id);
        }
        is_old.then_some(before)
    }

    fn staleness(&mut self) -> Duration {
        // Half of the replicas that lag do so by as much as may be.
        if self.row.chance(50) { self.scene.stale_max } else { self.row.between(Duration::ZERO, self.scene.stale_max) }
    }

    /// Which call the client uses. Where only the status call has `operation_state` it finds out and changes over, which
    /// may take it some tries, and starts over with each start of the program.
    fn way_to_look(&mut self) -> Via {
        if !self.scene.permits_list || self.list_is_closed {
            return Via::Status;
        }
        if self.scene.list_omits_operation && self.status_asked < Self::STATUS_ASKED_MAX {
            self.status_asked += 1;
            self.list_is_closed = !self.row.chance(self.scene.status_fails);
        }
        if self.list_is_closed { Via::Status } else { Via::List }
    }

    fn sighting(&self, as_of: Timestamp, id: InstanceId, via: Via) -> Option<Sighting> {
        let mut seen = Sighting { via, ..Sighting::from(&self.strangers.look(&self.cloud, as_of, id)?) };
        if via == Via::List {
            seen.operation.take_if(|_| self.scene.list_omits_operation);
            seen.updated_at = self.scene.marks.read(&self.cloud, as_of, id);
        }
        Some(seen)
    }
}
