//! What a call that reads finds: out of date, cut short or not at all, as the scene has it.

use std::time::Duration;

use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::id::InstanceId;
use reinstall_core::instance::{Operation, OperationState, Progress};
use reinstall_core::lifecycle::Standing;
use reinstall_core::observation::{Call, Reply};
use reinstall_core::sighting::{Sighting, Via};
use reinstall_core::time::Timestamp;

use reinstall_mock_server::cloud::wipe::Wipe;

use super::{START, World};
use crate::network::{CALL_MAX, fault, look_fault};
use crate::scene::{IMAGE, OLD_IMAGE, Scene};

impl World {
    /// What a call that reaches the cloud now finds.
    pub(super) fn reply(&mut self, call: &Call) -> Result<Reply, Fault> {
        if self.row.chance(self.scene.weather.outages) {
            self.outage_until = self.now + self.row.between(CALL_MAX, Scene::OUTAGE_MAX);
        }
        if self.now < self.outage_until {
            return Err(fault(FaultKind::TimedOut));
        }
        if let Some(fault) = look_fault(&mut self.row, self.scene.weather) {
            return Err(fault);
        }
        match call {
            Call::List(ids) => self.rows(ids),
            Call::Status(id) => self.status(*id),
        }
    }

    fn rows(&mut self, ids: &[InstanceId]) -> Result<Reply, Fault> {
        let is_closed = self.scene.worse.list_closes_after.is_some_and(|after| self.now >= START + after);
        if !self.scene.permits_list || is_closed {
            return Err(fault(FaultKind::Forbidden));
        }
        let behind = self.staleness();
        let mut rows = vec![];
        for &id in ids {
            // A row now and then is missing.
            if self.row.chance(self.scene.weather.look_faults / 5) {
                continue;
            }
            let as_of = self.as_of(id, behind);
            rows.extend(self.sighting(as_of, id, Via::List).map(|seen| (id, seen)));
            if self.row.chance(self.scene.worse.repeats_rows) {
                let as_of = self.now - self.staleness();
                rows.extend(self.sighting(as_of, id, Via::List).map(|seen| (id, seen)));
            }
        }
        if self.scene.worse.shuffles_rows {
            let by = rows.len() / 2;
            rows.rotate_left(by);
            let stranger = self.cloud.ids().find(|id| !ids.contains(id));
            rows.extend(stranger.and_then(|id| Some((id, self.sighting(self.now, id, Via::List)?))));
        }
        Ok(Reply::Rows(rows))
    }

    fn status(&mut self, id: InstanceId) -> Result<Reply, Fault> {
        let behind = self.staleness();
        let as_of = self.as_of(id, behind);
        // The call fails more often when it is asked whether it tells more than the list.
        if self.scene.list_omits_operation
            && !self.knowledge.list_unavailable
            && self.row.chance(self.scene.status_fails)
        {
            return Err(fault(FaultKind::ServerFailed));
        }
        self.sighting(as_of, id, Via::Status).map(Reply::Status).ok_or_else(|| fault(FaultKind::NotFound))
    }

    /// The moment that an answer tells of, by a replica that is behind.
    fn as_of(&mut self, id: InstanceId, behind: Duration) -> Timestamp {
        self.before_request(id).unwrap_or(self.now - behind)
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
        if !self.row.chance(self.scene.weather.stale_looks) {
            return Duration::ZERO;
        }
        // Half of the replicas that lag do so by as much as may be.
        if self.row.chance(50) { self.scene.stale_max } else { self.row.between(Duration::ZERO, self.scene.stale_max) }
    }

    fn sighting(&mut self, as_of: Timestamp, id: InstanceId, via: Via) -> Option<Sighting> {
        let mut seen = Sighting { via, ..Sighting::from(&self.strangers.look(&self.cloud, as_of, id)?) };
        if via == Via::List {
            seen.operation.take_if(|_| self.scene.list_omits_operation);
            seen.updated_at = self.scene.marks.read(&self.cloud, as_of, id);
        }
        self.make_worse(&mut seen, as_of, id);
        Some(seen)
    }

    /// What a worse service makes of an answer.
    fn make_worse(&mut self, seen: &mut Sighting, as_of: Timestamp, id: InstanceId) {
        let was_wiped = |wipe: &&Wipe| wipe.accepted_at <= as_of;
        let last = self.cloud.wipes(id).iter().rfind(was_wiped);
        let worse = &self.scene.worse;
        if seen.via == Via::Status && last.is_none() && worse.told_otherwise.contains(&id) {
            seen.operation = Some(OperationState::Known(Operation::Reinstall, Progress::Succeed));
        }
        if seen.via == Via::List && worse.asks_for_image {
            let is_done = last.is_some_and(|wipe| wipe.standing(as_of) == Standing::Succeeded);
            let is_new = is_done && !worse.other_image.contains(&id);
            seen.image = Some(if is_new { IMAGE } else { OLD_IMAGE });
        }
        let (upgrade, drops_operation, drops_error) = (worse.upgrade, worse.drops_operation, worse.drops_error);
        let dice = if upgrade.is_some() { self.row.throw() } else { 0.0 };
        if upgrade.is_some_and(|upgrade| !upgrade.sends_field(self.now, dice)) || self.row.chance(drops_operation) {
            seen.operation = None;
        }
        if self.row.chance(drops_error) {
            seen.fault = None;
        }
    }
}
