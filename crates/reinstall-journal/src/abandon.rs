//! How a rollout is given up that will not be carried to its end.
//!
//! A request may still take hold of an instance after its program has ended. So an instance is free for others only when no
//! request for it is in flight, or when a person says so, by its id.

use std::collections::BTreeSet;

use reinstall_core::id::{InstanceId, RolloutId};
use reinstall_core::record::Entry;
use reinstall_core::summary::Outcome;
use reinstall_core::time::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

use crate::begin::{bytes, instance};
use crate::error::{AbandonError, ReadError, ResumeError, StoreError};
use crate::lease::{Hold, Insistence};
use crate::owner::Owner;
use crate::read;
use crate::row::number;
use crate::store::Store;
use crate::upkeep;

/// For which instances of a rollout a request may be in flight.
#[derive(Debug)]
enum InFlight {
    /// For these: the rollout can be brought back, and they have no outcome there yet. A resume watches them.
    Known(BTreeSet<InstanceId>),
    /// For these at most, each of which a request on record names; the rollout cannot be brought back.
    Named(BTreeSet<InstanceId>),
    /// For any of them: its lines cannot be read.
    Any,
}

impl Store {
    /// Ends a rollout that is not finished, and frees its instances for others. `ending` is kept as it is.
    ///
    /// An instance stays claimed if a request for it may be in flight, unless it is in `freed`: a person has looked at each of
    /// those. If such a rollout can be brought back, it is not ended at all: a resume finds out. If not, the instances that
    /// stay claimed are returned, in ascending order, and a later call with the same rollout frees those in `freed`.
    ///
    /// # Errors
    /// [`AbandonError`], as while a program carries it on; nothing is changed then.
    pub fn abandon(
        &mut self,
        id: RolloutId,
        owner: &Owner,
        now: Timestamp,
        ending: &str,
        freed: &[InstanceId],
    ) -> Result<Vec<InstanceId>, AbandonError> {
        let freed: BTreeSet<InstanceId> = freed.iter().copied().collect();
        let path = self.path.clone();
        let failed = |error: rusqlite::Error| ResumeError::from(StoreError::of(&path, &error));
        if let Some((key, is_finished)) = upkeep::lookup(&self.connection, id).map_err(failed)? {
            let claimed = claimed(&self.connection, key).map_err(failed)?;
            if let Some(&instance) = freed.difference(&claimed).next() {
                return Err(AbandonError::NotClaimed { id, instance });
            }
            if is_finished && !freed.is_empty() {
                let kept = claimed.difference(&freed).copied().collect();
                return release(&mut self.connection, key, &kept, |_| Ok(true)).map_err(failed).map_err(Into::into);
            }
        }
        let taken = self.take(id, owner, now, Insistence::Abandon)?;
        let Hold { key, epoch } = taken.hold;
        let claimed = claimed(&self.connection, key).map_err(failed)?;
        let kept: BTreeSet<InstanceId> = match self.in_flight(id) {
            Ok(InFlight::Known(known)) => {
                let instances: Vec<InstanceId> = known.difference(&freed).copied().collect();
                if !instances.is_empty() {
                    self.give_back(taken).map_err(ResumeError::from)?;
                    return Err(AbandonError::InFlight { id, instances });
                }
                BTreeSet::new()
            }
            Ok(InFlight::Named(named)) => named.difference(&freed).copied().collect(),
            Ok(InFlight::Any) => claimed.difference(&freed).copied().collect(),
            Err(error) => {
                self.give_back(taken).map_err(ResumeError::from)?;
                return Err(ResumeError::from(error).into());
            }
        };
        let end = |work: &Connection| {
            let sql =
                "UPDATE state SET heartbeat_at = NULL, finished_at = ?3, ending = ?4 WHERE rollout = ?1 AND epoch = ?2";
            work.execute(sql, params![key, epoch, number(now.as_millis()), ending]).map(|changed| changed == 1)
        };
        release(&mut self.connection, key, &kept, end).map_err(failed).map_err(Into::into)
    }

    fn in_flight(&self, id: RolloutId) -> Result<InFlight, ReadError> {
        match self.replay(id) {
            Ok(rollout) => {
                let reports = rollout.into_summary().reports.into_iter();
                // What a rollout has that is not over: no outcome of its own, and more than not started.
                let open = reports.filter(|one| one.finished_at.is_none() && one.outcome == Outcome::Unresolved);
                return Ok(InFlight::Known(open.map(|one| one.id).collect()));
            }
            Err(ReadError::Replay { .. } | ReadError::Store(StoreError::Damaged { .. })) => {}
            Err(error) => return Err(error),
        }
        let mut named = BTreeSet::new();
        let read = read::each_line(&self.connection, &self.path, id, |line| {
            if let Entry::Intent { ids, .. } = line.entry {
                named.extend(ids.as_slice());
            }
        });
        match read {
            Ok(()) => Ok(InFlight::Named(named)),
            Err(ReadError::Replay { .. } | ReadError::Store(StoreError::Damaged { .. })) => Ok(InFlight::Any),
            Err(error) => Err(error),
        }
    }
}

fn claimed(connection: &Connection, key: i64) -> rusqlite::Result<BTreeSet<InstanceId>> {
    let mut query = connection.prepare("SELECT instance FROM claim WHERE rollout = ?1")?;
    query.query_map([key], |row| row.get(0).map(instance))?.collect()
}

/// Frees all instances of a rollout but those in `kept`, if `change` says that the rollout is there. Returns those kept.
fn release(
    connection: &mut Connection,
    key: i64,
    kept: &BTreeSet<InstanceId>,
    change: impl FnOnce(&Connection) -> rusqlite::Result<bool>,
) -> rusqlite::Result<Vec<InstanceId>> {
    let work = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if change(&work)? {
        let mut free = work.prepare("DELETE FROM claim WHERE instance = ?1 AND rollout = ?2")?;
        for id in claimed(&work, key)?.difference(kept) {
            free.execute(params![bytes(*id), key])?;
        }
    }
    let left = claimed(&work, key)?;
    work.commit()?;
    Ok(left.into_iter().collect())
}
