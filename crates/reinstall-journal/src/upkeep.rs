//! What is asked of rollouts from elsewhere, and what becomes of old ones.

use reinstall_core::id::RolloutId;
use reinstall_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use crate::error::{ChangeError, StoreError};
use crate::row::{self, number};
use crate::store::Store;

impl Store {
    /// Orders a halt: whoever holds the rollout learns of it with the next beat, and whoever takes it on later with the first.
    ///
    /// # Errors
    /// [`ChangeError`] if there is no such rollout, or if it is finished.
    pub fn order_halt(&mut self, id: RolloutId, now: Timestamp) -> Result<(), ChangeError> {
        let ordered = |connection: &mut Connection| -> rusqlite::Result<Result<(), ChangeError>> {
            let work = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            match lookup(&work, id)? {
                None => return Ok(Err(ChangeError::Unknown(id))),
                Some((_, true)) => return Ok(Err(ChangeError::Finished(id))),
                Some((key, false)) => {
                    let sql = "UPDATE state SET halt_ordered_at = coalesce(halt_ordered_at, ?2) WHERE rollout = ?1";
                    work.execute(sql, params![key, number(now.as_millis())])?;
                }
            }
            work.commit().map(Ok)
        };
        ordered(&mut self.connection).map_err(|error| StoreError::of(&self.path, &error))?
    }

    /// Removes finished rollouts for good, all of them or none, and gives their space back to the disk. That their plans were
    /// applied, and how many instances were submitted when, stays on record.
    ///
    /// # Errors
    /// [`ChangeError`] if one of them is unknown or not finished, or if it was abandoned and keeps instances from others.
    pub fn prune(&mut self, ids: &[RolloutId]) -> Result<(), ChangeError> {
        let removed = |connection: &mut Connection| -> rusqlite::Result<Result<(), ChangeError>> {
            let work = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for &id in ids {
                let key = match lookup(&work, id)? {
                    None => return Ok(Err(ChangeError::Unknown(id))),
                    Some((_, false)) => return Ok(Err(ChangeError::Unfinished(id))),
                    Some((key, true)) => key,
                };
                let claims = "SELECT count(*) FROM claim WHERE rollout = ?1";
                if let count @ 1.. = work.query_row(claims, [key], |row| row::count(row, 0))? {
                    return Ok(Err(ChangeError::Claims { id, count }));
                }
                for sql in [
                    "DELETE FROM line WHERE rollout = ?1",
                    "DELETE FROM state WHERE rollout = ?1",
                    "DELETE FROM rollout WHERE key = ?1",
                ] {
                    work.execute(sql, [key])?;
                }
            }
            work.commit()?;
            shrink(connection).map(Ok)
        };
        removed(&mut self.connection).map_err(|error| StoreError::of(&self.path, &error))??;
        // Of rollouts that are no more, nobody asks for a lock.
        Ok(self.locks.remove(ids)?)
    }

    /// How many instances were named in reinstall requests since `since`, pruned rollouts included, or may yet be by rollouts
    /// that are not finished, `but_for` left out. A rollout that begins counts once more, in its own transaction
    /// ([`DayLimit`](crate::begin::DayLimit)).
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn committed_since(&self, since: Timestamp, but_for: Option<RolloutId>) -> Result<u64, StoreError> {
        committed_since(&self.connection, since, but_for).map_err(|error| self.failed(&error))
    }
}

/// How many instances were named in reinstall requests since `since`, or are named by rollouts that are not finished. Those of
/// them that were submitted already count twice: a limit errs to the safe side.
pub(crate) fn committed_since(
    connection: &Connection,
    since: Timestamp,
    but_for: Option<RolloutId>,
) -> rusqlite::Result<u64> {
    let sql = "SELECT (SELECT coalesce(sum(instances), 0) FROM submission WHERE at >= ?1)
                    + (SELECT coalesce(sum(targets), 0) FROM rollout JOIN state ON state.rollout = rollout.key
                       WHERE finished_at IS NULL AND id IS NOT ?2)";
    let but_for = but_for.map(|id| id.to_string());
    connection.query_row(sql, params![number(since.as_millis()), but_for], |row| row::count(row, 0))
}

/// The key of a rollout, and whether it is finished.
pub(crate) fn lookup(connection: &Connection, id: RolloutId) -> rusqlite::Result<Option<(i64, bool)>> {
    let sql =
        "SELECT key, finished_at IS NOT NULL FROM rollout JOIN state ON state.rollout = rollout.key WHERE id = ?1";
    connection.query_row(sql, [id.to_string()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

/// Gives free pages back. The pragma frees one at each step; what readers still need is freed another time.
fn shrink(connection: &Connection) -> rusqlite::Result<()> {
    let mut vacuum = connection.prepare("PRAGMA incremental_vacuum")?;
    let mut steps = vacuum.query([])?;
    while steps.next()?.is_some() {}
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}
