//! The rollouts on record, one row each.

use reinstall_core::id::{ProjectId, RolloutId};
use reinstall_core::time::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, Row};

use crate::error::{FindError, StoreError};
use crate::lease::LEASE_TTL;
use crate::owner::Owner;
use crate::run_lock::{Liveness, Locks};
use crate::store::Store;

/// What is known of a rollout without bringing it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolloutRow {
    /// Its name.
    pub id: RolloutId,
    /// Which cloud is meant.
    pub endpoint: String,
    /// Whose instances are meant.
    pub project_id: ProjectId,
    /// When it began.
    pub started_at: Timestamp,
    /// How many instances its plan names.
    pub targets: u64,
    /// The version of the program that began it.
    pub program: String,
    /// The rollout whose leftovers it took on.
    pub parent: Option<RolloutId>,
    /// The hash of its plan, if that may be applied only once.
    pub plan_hash: Option<String>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// What came of it, as [`RolloutJournal::finish`](crate::journal::RolloutJournal::finish) was told.
    pub ending: Option<String>,
    /// Who carries it on, and when that was last heard of. `None` if it was given back, or ended.
    pub holder: Option<(Owner, Timestamp)>,
    /// What the kernel says of the program that carries it on. `Unknown` if none does.
    pub liveness: Liveness,
    /// Whether a halt was ordered from elsewhere.
    pub halt_ordered: bool,
    /// How many lines are on record.
    pub lines: u64,
}

/// How a rollout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// It has ended.
    Finished,
    /// A program carries it on.
    Running,
    /// The program that carried it on ended without a word, or was not heard of for [`LEASE_TTL`] and is out of the kernel's
    /// sight.
    Interrupted,
    /// The program that carried it on gave it back before its end.
    Left,
}

impl RolloutRow {
    /// How it stands at `now`.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> RunState {
        match &self.holder {
            _ if self.finished_at.is_some() => RunState::Finished,
            None => RunState::Left,
            Some((_, heartbeat_at)) => match self.liveness {
                Liveness::Lives => RunState::Running,
                Liveness::Unknown if now.since(*heartbeat_at) < LEASE_TTL => RunState::Running,
                Liveness::Ended | Liveness::Unknown => RunState::Interrupted,
            },
        }
    }

    /// Whether it is interrupted, and carried on only by a program that is told to take it over.
    #[must_use]
    pub fn is_to_be_taken_over(&self, now: Timestamp) -> bool {
        self.standing(now) == RunState::Interrupted && self.liveness != Liveness::Ended
    }
}

/// The columns of [`RolloutRow`], in the order of [`read`].
const SELECT: &str = "
SELECT id, endpoint, project_id, started_at, targets, program, parent, plan_hash, finished_at, ending,
       user, host, pid, heartbeat_at, halt_ordered_at IS NOT NULL, lines, epoch
FROM rollout JOIN state ON state.rollout = rollout.key";

fn read(row: &Row<'_>, locks: &Locks) -> rusqlite::Result<RolloutRow> {
    let owner = Owner { user: row.get(10)?, host: row.get(11)?, pid: row.get(12)? };
    let (id, holder) = (id(row, 0)?, moment_if_any(row, 13)?.map(|heartbeat_at| (owner, heartbeat_at)));
    let liveness = match holder {
        Some(_) => locks.liveness(id, row.get(16)?),
        None => Liveness::Unknown,
    };
    Ok(RolloutRow {
        id,
        endpoint: row.get(1)?,
        project_id: parsed(&row.get::<_, String>(2)?, 2)?,
        started_at: moment(row, 3)?,
        targets: count(row, 4)?,
        program: row.get(5)?,
        parent: row.get::<_, Option<String>>(6)?.map(|text| parsed(&text, 6)).transpose()?,
        plan_hash: row.get(7)?,
        finished_at: moment_if_any(row, 8)?,
        ending: row.get(9)?,
        holder,
        liveness,
        halt_ordered: row.get(14)?,
        lines: count(row, 15)?,
    })
}

/// The row of the rollout with this key.
pub(crate) fn by_key(connection: &Connection, locks: &Locks, key: i64) -> rusqlite::Result<RolloutRow> {
    connection.query_row(&format!("{SELECT} WHERE key = ?1"), [key], |row| read(row, locks))
}

impl Store {
    /// Every rollout on record, the newest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn rollouts(&self) -> Result<Vec<RolloutRow>, StoreError> {
        self.rows("", "")
    }

    /// Every rollout that has not ended, the newest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn unfinished(&self) -> Result<Vec<RolloutRow>, StoreError> {
        self.rows("WHERE finished_at IS NULL AND '' = ?1", "")
    }

    /// The one rollout whose id begins with `prefix`, in any letter case.
    ///
    /// # Errors
    /// [`FindError`] if there is none, or several.
    pub fn find(&self, prefix: &str) -> Result<RolloutRow, FindError> {
        let mut rows = self.rows("WHERE substr(id, 1, length(?1)) = ?1", &prefix.to_ascii_lowercase())?;
        match (rows.pop(), rows.is_empty()) {
            (None, _) => Err(FindError::None(prefix.to_owned())),
            (Some(row), true) => Ok(row),
            (Some(row), false) => Err(FindError::Several(rows.iter().map(|other| other.id).chain([row.id]).collect())),
        }
    }

    fn rows(&self, filter: &str, prefix: &str) -> Result<Vec<RolloutRow>, StoreError> {
        let filter = if filter.is_empty() { "WHERE '' = ?1" } else { filter };
        let rows = || -> rusqlite::Result<Vec<RolloutRow>> {
            let sql = format!("{SELECT} {filter} ORDER BY started_at DESC, key DESC");
            self.connection.prepare(&sql)?.query_map([prefix], |row| read(row, &self.locks))?.collect()
        };
        rows().map_err(|error| self.failed(&error))
    }
}

/// A whole number as SQLite keeps it. What does not fit is beyond any real time or count.
pub(crate) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A count in a column.
pub(crate) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let found: i64 = row.get(column)?;
    u64::try_from(found).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, found))
}

/// A time in a column.
pub(crate) fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    count(row, column).map(Timestamp::from_millis)
}

/// A time in a column that may have none.
pub(crate) fn moment_if_any(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    match row.get::<_, Option<i64>>(column)? {
        Some(_) => moment(row, column).map(Some),
        None => Ok(None),
    }
}

/// The id of a rollout in a column.
pub(crate) fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<RolloutId> {
    parsed(&row.get::<_, String>(column)?, column)
}

fn parsed<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    text: &str,
    column: usize,
) -> rusqlite::Result<T> {
    text.parse().map_err(|error: T::Err| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}
