//! The database's own shape: its tables, how it is made, and how a connection to it is set up.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::dir;
use crate::error::StoreError;

/// What SQLite writes into the head of the file: `rein`.
pub(crate) const APPLICATION_ID: u32 = 0x7265_696e;

/// The format of the tables. It goes up when an older program could no longer read or write them.
pub(crate) const FORMAT: u32 = 2;

/// How long a connection waits for another program's transaction.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The tables of format 2. Times are milliseconds since 1970, ids are text, instances are the 16 bytes of their id.
///
/// * `rollout` is what a rollout began with, and never changes. `site` is the text of the site's policy then. `chain` is the hash that its lines go on from.
/// * `state` is what changes: who holds the rollout, under which epoch, and how far its lines go. Nobody holds it where
///   `heartbeat_at` is null; the owner's name stays, for those whom it took the rollout from. `boot` and `up` are what the
///   machine's own clock said at the last line.
/// * `line` is what happened, in order. Long texts are packed, see [`crate::packed`].
/// * `claim` is every instance of an unfinished rollout.
/// * `latest` is the rollout that claimed an instance last, in the order in which they began here, whatever clocks said.
/// * `applied`, `submission` and `latest` outlive the rollouts: a plan is applied once, a day's limit cannot be pruned away, and
///   an instance that a later rollout took on is not taken on again by what an earlier one says of it.
const TABLES: &str = "
CREATE TABLE rollout (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    endpoint TEXT NOT NULL,
    project_id TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    targets INTEGER NOT NULL,
    program TEXT NOT NULL,
    parent TEXT,
    plan_hash TEXT,
    site_path TEXT,
    site ANY,
    chain INTEGER NOT NULL,
    opening ANY NOT NULL
) STRICT;
CREATE TABLE state (
    rollout INTEGER PRIMARY KEY REFERENCES rollout (key),
    epoch INTEGER NOT NULL,
    user TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    heartbeat_at INTEGER,
    boot TEXT,
    up INTEGER,
    lines INTEGER NOT NULL,
    chain INTEGER NOT NULL,
    halt_ordered_at INTEGER,
    finished_at INTEGER,
    ending TEXT
) STRICT;
CREATE TABLE line (
    rollout INTEGER NOT NULL REFERENCES rollout (key),
    seq INTEGER NOT NULL,
    chain INTEGER NOT NULL,
    said ANY NOT NULL,
    PRIMARY KEY (rollout, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE claim (
    instance BLOB PRIMARY KEY CHECK (length(instance) = 16),
    rollout INTEGER NOT NULL REFERENCES rollout (key)
) STRICT, WITHOUT ROWID;
CREATE TABLE latest (
    instance BLOB PRIMARY KEY CHECK (length(instance) = 16),
    rollout TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE applied (
    plan_hash TEXT PRIMARY KEY,
    rollout TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE submission (
    key INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    instances INTEGER NOT NULL
) STRICT;
CREATE INDEX submission_at ON submission (at);
";

/// Makes a new database at `path`, or leaves the one that another program made there meanwhile.
///
/// It is made whole under another name and then linked to its own, so that under its own name there is never half a
/// database: whatever is there and is none was not left by a crash.
pub(crate) fn create(dir: &Path, path: &Path) -> Result<(), StoreError> {
    let draft = dir::beside(path, &format!("-{}-{:?}.new", std::process::id(), std::thread::current().id()));
    let failed = |error: std::io::Error| StoreError::io(path, &error);
    // One by this name can only be left of a process that is gone.
    remove(&draft).map_err(failed)?;
    let made = dir::make_file(&draft)
        .map_err(|error| StoreError::io(path, &error))
        .and_then(|_| fill(&draft).map_err(|error| StoreError::of(path, &error)))
        .and_then(|()| match fs::hard_link(&draft, path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(failed(error)),
            Ok(()) | Err(_) => Ok(()),
        });
    remove(&draft).map_err(failed)?;
    made?;
    dir::sync(dir)
}

fn remove(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes the tables, in the old journal mode, so that they are in the file itself, and then turns WAL on.
fn fill(draft: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open_with_flags(draft, flags())?;
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = DELETE;
         PRAGMA synchronous = FULL;
         PRAGMA auto_vacuum = INCREMENTAL;
         BEGIN IMMEDIATE;
         PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {FORMAT};
         {TABLES}
         COMMIT;
         PRAGMA journal_mode = WAL;"
    ))?;
    connection.close().map_err(|(_, error)| error)
}

/// Opens the database that is at `path`, and sees that it is ours.
pub(crate) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let failed = |error: rusqlite::Error| StoreError::of(path, &error);
    let connection = Connection::open_with_flags(path, flags()).map_err(failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    let number = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, u32>(0));
    let found = number("application_id").map_err(failed)?;
    if found != APPLICATION_ID {
        return Err(StoreError::Foreign { path: path.to_owned(), found });
    }
    let found = number("user_version").map_err(failed)?;
    if found > FORMAT {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: FORMAT });
    }
    if (1..FORMAT).contains(&found) {
        return Err(StoreError::Older { path: path.to_owned(), found, known: FORMAT });
    }
    if found != FORMAT {
        return Err(StoreError::Damaged { path: path.to_owned(), detail: format!("there is no format {found}") });
    }
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        let detail = format!("its journal mode is `{mode}`, and it was made with `wal`");
        return Err(StoreError::Damaged { path: path.to_owned(), detail });
    }
    connection
        .execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
             PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;",
        )
        .map_err(failed)?;
    Ok(connection)
}

/// Never creates a file, follows no link, and shares no connection between threads.
fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW
}

/// Reads every page of the database and holds it against SQLite's own rules.
///
/// This is done before a rollout begins or is carried on, not each time that somebody lists them: it takes time in
/// proportion to the size of the database (0.1 s for 112 MB that are in memory).
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let told: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| StoreError::of(path, &error))?;
    match told.as_str() {
        "ok" => Ok(()),
        _ => Err(StoreError::Damaged { path: path.to_owned(), detail: told }),
    }
}
