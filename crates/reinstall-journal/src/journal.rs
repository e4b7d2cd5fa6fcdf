//! The lines of one rollout, as they are written.
//!
//! Each line is a small transaction of its own. In WAL mode a transaction that is committed is in the operating system's
//! hands: a kill, `-9` or not, loses none. What differs is when it is on disk:
//!
//! * [`Keep::Lazily`] commits with `synchronous = NORMAL`: the line is appended to the WAL file, with no fsync.
//! * [`Keep::ForCertain`] commits with `synchronous = FULL`: the WAL file is fsynced, and with it every line before.
//!
//! So a power loss loses at most what came after the last certain line, and never a line without those behind it: the WAL is
//! read up to the first frame that is not whole. A hundred thousand targets cost one fsync for each request, not one for each
//! look, and no timer and no queue is needed for it.
//!
//! After a certain line all of the WAL is written into the database file. SQLite takes a WAL that is rotten, or gone, for one
//! that ends sooner, and says nothing; a request that left must not be forgotten so. What the file itself loses, is told.
//!
//! After an error no line is written any more: after a failed fsync the system may call the next one a success, although what the
//! first was about is lost.

use std::path::PathBuf;
use std::time::Duration;

use reinstall_core::journal::{Journal, Keep};
use reinstall_core::record::{Entry, Line};
use reinstall_core::time::{BootMark, Timestamp};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::chain::Chain;
use crate::dir;
use crate::error::{JournalError, StoreError};
use crate::lease::{self, Hold, Lease};
use crate::packed;
use crate::row::number;
use crate::run_lock::RunLock;

/// The journal of a rollout that this program holds. Dropping it is like a crash: see [`Self::release`].
#[derive(Debug)]
pub struct RolloutJournal {
    path: PathBuf,
    pub(crate) connection: Connection,
    hold: Hold,
    /// Held as long as this is there: that it is, the kernel says to others.
    _lock: RunLock,
    lines: u64,
    chain: Chain,
    /// As what the connection commits.
    keep: Keep,
    /// What the machine's own clock says, to be kept with each line.
    mark: fn() -> Option<BootMark>,
    marked: Option<BootMark>,
    /// Which file the database was when it was opened.
    file: Option<dir::FileId>,
    failure: Option<JournalError>,
}

impl RolloutJournal {
    /// Goes on after `lines` lines, with a connection that commits for certain.
    pub(crate) fn new(
        path: PathBuf,
        connection: Connection,
        (hold, lock): (Hold, RunLock),
        lines: u64,
        chain: Chain,
    ) -> Self {
        let keep = Keep::ForCertain;
        let file = dir::file_id(&path);
        Self {
            path,
            connection,
            hold,
            _lock: lock,
            lines,
            chain,
            keep,
            mark: || None,
            marked: None,
            file,
            failure: None,
        }
    }

    pub(crate) fn with_mark(self, marked: Option<BootMark>) -> Self {
        Self { marked, ..self }
    }

    /// Keeps with each line from now on what `mark` says, so that whoever resumes can tell how long it was away.
    #[must_use]
    pub fn marking(self, mark: fn() -> Option<BootMark>) -> Self {
        Self { mark, ..self }
    }

    /// What was kept with the last line before this program took the rollout on.
    #[must_use]
    pub fn marked(&self) -> Option<&BootMark> {
        self.marked.as_ref()
    }

    /// The lease, to be kept up from another task.
    ///
    /// # Errors
    /// If no further connection can be opened.
    pub fn lease(&self) -> Result<Lease, StoreError> {
        lease::open(&self.path, self.hold)
    }

    /// Marks the rollout as ended, with what came of it, and lets its instances go. `ending` is kept as it is.
    ///
    /// # Errors
    /// If lines are missing because of an earlier error: then it is not over, and has to be resumed. Else as for a line.
    pub fn finish(&mut self, now: Timestamp, ending: &str) -> Result<(), JournalError> {
        self.refuse_failed()?;
        self.end(|work, hold| {
            let sql = "UPDATE state SET heartbeat_at = NULL, finished_at = ?3, ending = ?4
                       WHERE rollout = ?1 AND epoch = ?2 AND heartbeat_at IS NOT NULL";
            let changed = work.execute(sql, params![hold.key, hold.epoch, number(now.as_millis()), ending])?;
            if changed == 1 {
                work.execute("DELETE FROM claim WHERE rollout = ?1", [hold.key])?;
            }
            Ok(changed)
        })
    }

    /// Gives the rollout back before its end: anybody may carry it on from here. Its instances stay claimed.
    ///
    /// # Errors
    /// As for a line; but an earlier error is no obstacle.
    pub fn release(&mut self) -> Result<(), JournalError> {
        self.end(|work, hold| {
            let sql = "UPDATE state SET heartbeat_at = NULL
                       WHERE rollout = ?1 AND epoch = ?2 AND heartbeat_at IS NOT NULL";
            work.execute(sql, params![hold.key, hold.epoch])
        })
    }

    /// Carries out the last change under this hold, for certain. `change` returns how many rows it found.
    fn end(
        &mut self,
        change: impl FnOnce(&Transaction<'_>, Hold) -> rusqlite::Result<usize>,
    ) -> Result<(), JournalError> {
        let hold = self.hold;
        let ended = self.in_transaction(Keep::ForCertain, |work| match change(work, hold)? {
            0 => hold.lost(work).map(Err),
            _ => Ok(Ok(())),
        });
        self.failure = Some(ended.clone().err().unwrap_or(JournalError::Over));
        ended
    }

    fn write(&mut self, line: &Line, keep: Keep) -> Result<(), JournalError> {
        let failed =
            |error: serde_json::Error| StoreError::Failed { path: self.path.clone(), detail: error.to_string() };
        let said = serde_json::to_string(line).map_err(failed)?;
        let (hold, seq, chain) = (self.hold, self.lines + 1, self.chain.then(&said));
        let (at, submitted) = (number(line.at.as_millis()), submitted(&line.entry));
        let (boot, up) = (self.mark)().map(|mark| (mark.boot.as_str().to_owned(), millis(mark.up))).unzip();
        self.in_transaction(keep, |work| {
            let changed = work
                .prepare_cached(
                    "UPDATE state SET heartbeat_at = max(heartbeat_at, ?3), lines = ?4, chain = ?5, boot = ?6,
                                      up = ?7
                     WHERE rollout = ?1 AND epoch = ?2 AND heartbeat_at IS NOT NULL AND lines = ?4 - 1",
                )?
                .execute(params![hold.key, hold.epoch, at, number(seq), chain.0, boot, up])?;
            if changed == 0 {
                return hold.lost(work).map(Err);
            }
            work.prepare_cached("INSERT INTO line (rollout, seq, chain, said) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![hold.key, number(seq), chain.0, packed::pack(&said)?])?;
            if let Some(instances) = submitted {
                work.prepare_cached("INSERT INTO submission (at, instances) VALUES (?1, ?2)")?
                    .execute(params![at, number(instances as u64)])?;
            }
            Ok(Ok(()))
        })?;
        (self.lines, self.chain) = (seq, chain);
        Ok(())
    }

    /// Commits `work` as `keep` says, or nothing of it.
    fn in_transaction(
        &mut self,
        keep: Keep,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<Result<(), JournalError>>,
    ) -> Result<(), JournalError> {
        let committed = || -> rusqlite::Result<Result<(), JournalError>> {
            if self.keep != keep {
                self.connection.pragma_update(None, "synchronous", synchronous(keep))?;
                self.keep = keep;
            }
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if let Err(refused) = work(&transaction)? {
                return Ok(Err(refused));
            }
            transaction.commit()?;
            if keep == Keep::ForCertain {
                settle(&self.connection)?;
            }
            Ok(Ok(()))
        };
        committed().map_err(|error| StoreError::of(&self.path, &error))?
    }

    /// What is certain is certain to be found again: not in a file that somebody removed or replaced meanwhile.
    fn still_there(&self, keep: Keep) -> Result<(), JournalError> {
        if keep == Keep::Lazily || dir::file_id(&self.path) == self.file {
            return Ok(());
        }
        let detail = "it was removed or replaced while a rollout was on record in it".to_owned();
        Err(StoreError::Damaged { path: self.path.clone(), detail }.into())
    }

    fn refuse_failed(&self) -> Result<(), JournalError> {
        self.failure.clone().map_or(Ok(()), Err)
    }
}

impl Journal for RolloutJournal {
    type Error = JournalError;

    fn append(&mut self, line: &Line, keep: Keep) -> Result<(), JournalError> {
        self.refuse_failed()?;
        let written = self.write(line, keep).and_then(|()| self.still_there(keep));
        self.failure = written.clone().err();
        written
    }
}

/// Has what was committed written into the database file itself, as far as no reader is in the way; it is on disk already.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

fn synchronous(keep: Keep) -> &'static str {
    match keep {
        Keep::Lazily => "NORMAL",
        Keep::ForCertain => "FULL",
    }
}

/// Whole milliseconds, rounded down: who counts from here counts the time away too long rather than too short.
fn millis(up: Duration) -> i64 {
    i64::try_from(up.as_millis()).unwrap_or(i64::MAX)
}

/// How many instances a line is about to have wiped.
fn submitted(entry: &Entry) -> Option<usize> {
    if let Entry::Intent { ids, .. } = entry { Some(ids.len()) } else { None }
}
