//! One program at a time carries a rollout on.
//!
//! Who holds a rollout is on record under an *epoch*, a number that goes up whenever the rollout changes hands. Every line is
//! written together with a check that the epoch is still the writer's own, in one transaction: a program that was taken for
//! dead and comes back can write nothing more, and what is not written is not sent
//! ([`Recorded`](reinstall_core::recorded::Recorded)). What it had under way already is what the next one looks into.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reinstall_core::id::RolloutId;
use reinstall_core::time::{BootMark, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use crate::error::{JournalError, ReadError, ResumeError, StoreError};
use crate::owner::Owner;
use crate::row::{self, number};
use crate::run_lock::{Liveness, RunLock};
use crate::store::Store;

/// How long after its last heartbeat a program of which the kernel here knows nothing may be taken for dead, and one that it
/// knows to be there for hung. Whoever holds a lease should beat several times within it; lines beat as well.
///
/// A heartbeat never lets a program go on by itself: after this time it can be taken over on demand.
pub const LEASE_TTL: Duration = Duration::from_secs(30);

/// A rollout that is held under an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) key: i64,
    pub(crate) epoch: i64,
}

impl Hold {
    /// The epoch under which a rollout begins.
    pub(crate) const FIRST_EPOCH: i64 = 1;

    /// Why a change under this hold found nothing to change.
    pub(crate) fn lost(self, connection: &Connection) -> rusqlite::Result<JournalError> {
        let sql = "SELECT user, host, pid FROM state WHERE rollout = ?1 AND epoch <> ?2";
        let by = connection.query_row(sql, params![self.key, self.epoch], |row| {
            Ok(Owner { user: row.get(0)?, host: row.get(1)?, pid: row.get(2)? })
        });
        Ok(by.optional()?.map_or(JournalError::Over, |by| JournalError::TakenOver { by }))
    }
}

/// What a program that holds a rollout is told when it beats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether somebody ordered a halt from elsewhere. It stays so.
    pub halt_ordered: bool,
}

/// The lease on a rollout, for a task of its own: a journal writes only when something happens.
#[derive(Debug)]
pub struct Lease {
    pub(crate) path: PathBuf,
    pub(crate) connection: Connection,
    pub(crate) hold: Hold,
}

impl Lease {
    /// Says that the program is still there, and asks what is wanted of it.
    ///
    /// # Errors
    /// [`JournalError::TakenOver`] and [`JournalError::Over`] if it no longer holds the rollout; nothing was changed then.
    pub fn beat(&mut self, now: Timestamp) -> Result<Standing, JournalError> {
        let beaten = || -> rusqlite::Result<Result<Standing, JournalError>> {
            let sql = "UPDATE state SET heartbeat_at = max(heartbeat_at, ?3)
                       WHERE rollout = ?1 AND epoch = ?2 AND heartbeat_at IS NOT NULL
                       RETURNING halt_ordered_at IS NOT NULL";
            let values = params![self.hold.key, self.hold.epoch, number(now.as_millis())];
            let halt_ordered = self.connection.query_row(sql, values, |row| row.get(0)).optional()?;
            match halt_ordered {
                Some(halt_ordered) => Ok(Ok(Standing { halt_ordered })),
                None => self.hold.lost(&self.connection).map(Err),
            }
        };
        beaten().map_err(|error| StoreError::of(&self.path, &error))?
    }
}

/// A lease that was just taken, and what it was before.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) hold: Hold,
    pub(crate) lock: RunLock,
    before: Before,
}

/// What a program that wants a rollout may do to the one that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Insistence {
    /// Nothing: it goes on where that one has ended for certain, or gave it back.
    Polite,
    /// Take the rollout from one that was not heard of for [`LEASE_TTL`], there or not. A person said so.
    TakeOver,
    /// End the rollout of one that was not heard of for [`LEASE_TTL`], unless the kernel knows it to be there.
    Abandon,
}

#[derive(Debug)]
struct Before {
    key: i64,
    epoch: i64,
    owner: Owner,
    heartbeat_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
}

impl Before {
    /// Whether another program may have the lease at `now`, given what the kernel says of the one that has it.
    fn yield_to(
        &self,
        id: RolloutId,
        now: Timestamp,
        liveness: Liveness,
        insistence: Insistence,
    ) -> Result<(), ResumeError> {
        if let Some(at) = self.finished_at {
            return Err(ResumeError::Finished { id, at });
        }
        let Some(heartbeat_at) = self.heartbeat_at else { return Ok(()) };
        let (owner, lives) = (self.owner.clone(), liveness == Liveness::Lives);
        if liveness == Liveness::Ended {
            return Ok(());
        }
        // A heartbeat of the future counts as fresh: whoever lives through a clock that is set back goes on in its own time.
        if now.since(heartbeat_at) < LEASE_TTL || (lives && insistence == Insistence::Abandon) {
            return Err(ResumeError::Held { owner, heartbeat_at });
        }
        match insistence {
            Insistence::Polite => Err(ResumeError::Expired { owner, heartbeat_at, lives }),
            Insistence::TakeOver | Insistence::Abandon => Ok(()),
        }
    }
}

impl Store {
    /// Takes the lease on a rollout for `owner`, under the next epoch.
    pub(crate) fn take(
        &mut self,
        id: RolloutId,
        owner: &Owner,
        now: Timestamp,
        insistence: Insistence,
    ) -> Result<Taken, ResumeError> {
        let path = self.path.clone();
        let failed = |error: rusqlite::Error| ResumeError::from(StoreError::of(&path, &error));
        let work = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let before = before(&work, id).map_err(failed)?.ok_or(ReadError::Unknown(id))?;
        before.yield_to(id, now, self.locks.liveness(id, before.epoch), insistence)?;
        let hold = Hold { key: before.key, epoch: before.epoch + 1 };
        // Whoever sees the new epoch finds its lock held.
        let lock = self.locks.hold(id, hold.epoch)?;
        work.execute(
            "UPDATE state SET epoch = ?2, user = ?3, host = ?4, pid = ?5, heartbeat_at = ?6 WHERE rollout = ?1",
            params![hold.key, hold.epoch, owner.user, owner.host, owner.pid, number(now.as_millis())],
        )
        .map_err(failed)?;
        work.commit().map_err(failed)?;
        Ok(Taken { hold, lock, before })
    }

    /// Makes a lease that was taken in vain what it was before, unless somebody else has it by now.
    pub(crate) fn give_back(&self, taken: Taken) -> Result<(), StoreError> {
        let Before { key, epoch, owner, heartbeat_at, .. } = &taken.before;
        // The epoch is another's to be from then on, and so is its lock.
        drop(taken.lock);
        let sql = "UPDATE state SET epoch = ?3, user = ?4, host = ?5, pid = ?6, heartbeat_at = ?7
                   WHERE rollout = ?1 AND epoch = ?2";
        let heartbeat_at = heartbeat_at.map(|at| number(at.as_millis()));
        let values = params![key, taken.hold.epoch, epoch, owner.user, owner.host, owner.pid, heartbeat_at];
        self.connection.execute(sql, values).map(|_| ()).map_err(|error| self.failed(&error))
    }
}

fn before(connection: &Connection, id: RolloutId) -> rusqlite::Result<Option<Before>> {
    let sql = "SELECT key, epoch, user, host, pid, heartbeat_at, finished_at
               FROM rollout JOIN state ON state.rollout = rollout.key WHERE id = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Before {
            key: row.get(0)?,
            epoch: row.get(1)?,
            owner: Owner { user: row.get(2)?, host: row.get(3)?, pid: row.get(4)? },
            heartbeat_at: row::moment_if_any(row, 5)?,
            finished_at: row::moment_if_any(row, 6)?,
        })
    };
    connection.query_row(sql, [id.to_string()], read).optional()
}

/// What the machine's own clock said at the last line.
pub(crate) fn mark(connection: &Connection, hold: Hold) -> rusqlite::Result<Option<BootMark>> {
    let sql = "SELECT boot, up FROM state WHERE rollout = ?1";
    let (boot, up): (Option<String>, Option<i64>) =
        connection.query_row(sql, [hold.key], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let up = up.and_then(|up| u64::try_from(up).ok()).map(Duration::from_millis);
    Ok(boot.zip(up).map(|(boot, up)| BootMark { boot: boot.as_str().into(), up }))
}

/// Opens a connection for a lease of its own.
pub(crate) fn open(path: &Path, hold: Hold) -> Result<Lease, StoreError> {
    Ok(Lease { path: path.to_owned(), connection: crate::schema::connect(path)?, hold })
}
