//! Which rollout claimed an instance last.
//!
//! It is written when a rollout begins, in the transaction that claims its instances, and stays when the rollout is pruned. So
//! the order of rollouts is the order in which they began here, and no clock is asked for it.

use std::collections::BTreeMap;

use reinstall_core::id::{InstanceId, RolloutId};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::begin::bytes;
use crate::error::StoreError;
use crate::row;
use crate::store::Store;

impl Store {
    /// Those of the instances that a rollout claimed which began after `id`, with the latest such rollout. It may have been
    /// pruned since.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn taken_on(
        &self,
        id: RolloutId,
        instances: &[InstanceId],
    ) -> Result<BTreeMap<InstanceId, RolloutId>, StoreError> {
        others(&self.connection, id, instances).map_err(|error| self.failed(&error))
    }
}

/// Those of the instances whose latest rollout is another one than `id`, which claimed all of them.
pub(crate) fn others(
    connection: &Connection,
    id: RolloutId,
    instances: &[InstanceId],
) -> rusqlite::Result<BTreeMap<InstanceId, RolloutId>> {
    let mut query = connection.prepare("SELECT rollout FROM latest WHERE instance = ?1")?;
    let mut taken = BTreeMap::new();
    for instance in instances {
        let latest = query.query_row([bytes(*instance)], |row| row::id(row, 0)).optional()?;
        if let Some(latest) = latest.filter(|latest| *latest != id) {
            taken.insert(*instance, latest);
        }
    }
    Ok(taken)
}

/// Notes that the rollout called `id` claims the instances.
pub(crate) fn note(connection: &Connection, id: &str, instances: &[InstanceId]) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO latest (instance, rollout) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET rollout = excluded.rollout";
    let mut note = connection.prepare(sql)?;
    for instance in instances {
        note.execute(params![bytes(*instance), id])?;
    }
    Ok(())
}
