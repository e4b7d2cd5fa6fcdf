//! Rollouts brought back from their lines, one line at a time.

use std::io::Write;
use std::path::Path;

use reinstall_core::id::RolloutId;
use reinstall_core::record::{Line, Opening, Replay, ReplayError, SCHEMA};
use reinstall_core::rollout::Rollout;
use reinstall_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};
use serde::Deserialize;
use serde_json::json;

use crate::begin::{Facts, SiteRecord};
use crate::chain::Chain;
use crate::error::{ReadError, ResumeError, StoreError};
use crate::journal::RolloutJournal;
use crate::lease::{self, Insistence};
use crate::owner::Owner;
use crate::packed;
use crate::row;
use crate::schema;
use crate::store::Store;

impl Store {
    /// Carries on a rollout that has not ended: takes its lease for `owner`, and brings it back. What was under way when its
    /// last program ended is for [`Recorded::resume`](reinstall_core::recorded::Recorded::resume).
    ///
    /// A lease whose program has ended for certain is taken ([`Liveness::Ended`](crate::run_lock::Liveness::Ended)). One that
    /// expired otherwise is taken only with `take_over`; one that was renewed within [`LEASE_TTL`](lease::LEASE_TTL) never is.
    ///
    /// # Errors
    /// [`ResumeError`]; the lease is what it was then.
    pub fn resume(
        &mut self,
        id: RolloutId,
        owner: &Owner,
        now: Timestamp,
        take_over: bool,
    ) -> Result<(Rollout, RolloutJournal), ResumeError> {
        schema::check(&self.connection, &self.path)?;
        let other = schema::connect(&self.path)?;
        let insistence = if take_over { Insistence::TakeOver } else { Insistence::Polite };
        let taken = self.take(id, owner, now, insistence)?;
        match bring_back(&self.connection, &self.path, id) {
            Ok((rollout, end)) => {
                let marked = lease::mark(&self.connection, taken.hold).map_err(|error| self.failed(&error))?;
                let journal =
                    RolloutJournal::new(self.path.clone(), other, (taken.hold, taken.lock), end.lines, end.chain);
                Ok((rollout, journal.with_mark(marked)))
            }
            Err(error) => {
                self.give_back(taken)?;
                Err(error.into())
            }
        }
    }

    /// Brings a rollout back to be shown. Nobody is hindered by it, and it may go on meanwhile.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn replay(&self, id: RolloutId) -> Result<Rollout, ReadError> {
        bring_back(&self.connection, &self.path, id).map(|(rollout, _)| rollout)
    }

    /// The rules of the site that a rollout was admitted by; `None` if there were none.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn site(&self, id: RolloutId) -> Result<Option<SiteRecord>, ReadError> {
        Record::read(&self.connection, &self.path, id).map(|record| record.site)
    }

    /// Writes a rollout out as JSON lines: what it began with, each line just as it was stored, and how it stands.
    ///
    /// # Errors
    /// [`ReadError`]; `out` may have part of it by then.
    pub fn export(&self, id: RolloutId, out: &mut dyn Write) -> Result<(), ReadError> {
        let work = self.connection.unchecked_transaction().map_err(|error| self.failed(&error))?;
        let record = Record::read(&work, &self.path, id)?;
        let row = row::by_key(&work, &self.locks, record.key).map_err(|error| self.failed(&error))?;
        let began = json!({
            "id": row.id, "endpoint": row.endpoint, "parent": row.parent, "plan_hash": row.plan_hash,
            "site": record.site.as_ref().map(|site| json!({ "path": site.path, "policy": site.text })),
        });
        let owner = row.holder.as_ref().map(|(owner, _)| owner.to_string());
        let mut line = |text: &str| writeln!(out, "{text}").map_err(|error| ReadError::Out(error.kind()));
        line(&format!("{{\"rollout\":{began},\"opening\":{}}}", record.opening))?;
        record.lines(&work, &self.path, |_, said| line(said))?;
        let end = json!({
            "lines": row.lines, "held_by": owner, "finished_at": row.finished_at, "ending": row.ending,
        });
        line(&json!({ "end": end }).to_string())
    }
}

/// How far the lines of a rollout go.
#[derive(Debug, Clone, Copy)]
struct End {
    lines: u64,
    chain: Chain,
}

/// A rollout as it is on record, without its lines.
struct Record {
    key: i64,
    id: RolloutId,
    opening: String,
    site: Option<SiteRecord>,
    begin: Chain,
    end: End,
}

impl Record {
    /// Reads it, and holds what it began with against its hash.
    fn read(connection: &Connection, path: &Path, id: RolloutId) -> Result<Self, ReadError> {
        let sql = "SELECT key, endpoint, project_id, started_at, targets, program, parent, plan_hash, opening,
                          rollout.chain, lines, state.chain, site_path, site, id
                   FROM rollout JOIN state ON state.rollout = rollout.key
                   WHERE key = (SELECT key FROM rollout WHERE id = ?1)";
        let read = |row: &rusqlite::Row<'_>| {
            let (parent, plan_hash): (Option<String>, Option<String>) = (row.get(6)?, row.get(7)?);
            let (endpoint, project_id, program): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(5)?);
            let Some(opening) = packed::unpack(row.get_ref(8)?) else { return Ok(None) };
            let site = match row.get::<_, Option<String>>(12)? {
                None => None,
                Some(path) => match packed::unpack(row.get_ref(13)?) {
                    Some(text) => Some(SiteRecord { path, text: text.into_owned() }),
                    None => return Ok(None),
                },
            };
            let facts = Facts {
                id: &id.to_string(),
                endpoint: &endpoint,
                project_id: &project_id,
                started_at: row.get(3)?,
                targets: row.get(4)?,
                program: &program,
                parent: parent.as_deref(),
                plan_hash: plan_hash.as_deref(),
                site: site.as_ref(),
            };
            let begin = facts.chain(&opening);
            let end = End { lines: row::count(row, 10)?, chain: Chain(row.get(11)?) };
            // The row's own id, and not that of the index by which it was found.
            let is_sound = begin == Chain(row.get(9)?) && row.get::<_, String>(14)? == id.to_string();
            Ok(is_sound.then_some(Self { key: row.get(0)?, id, opening: opening.into_owned(), site, begin, end }))
        };
        let found = connection.query_row(sql, [id.to_string()], read).optional();
        match found.map_err(|error| StoreError::of(path, &error))? {
            None => Err(ReadError::Unknown(id)),
            Some(Some(record)) => Ok(record),
            Some(None) => Err(damaged(path, format!("what rollout {id} began with is not what was written"))),
        }
    }

    /// Gives each line to `each`, with its number from 1.
    fn lines(
        &self,
        connection: &Connection,
        path: &Path,
        mut each: impl FnMut(u64, &str) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let failed = |error: rusqlite::Error| ReadError::Store(StoreError::of(path, &error));
        let wrong = |seq: u64, what: &str| damaged(path, format!("line {seq} of rollout {} {what}", self.id));
        let sql = "SELECT seq, chain, said FROM line WHERE rollout = ?1 ORDER BY seq";
        let mut query = connection.prepare(sql).map_err(failed)?;
        let mut rows = query.query([self.key]).map_err(failed)?;
        let mut end = End { lines: 0, chain: self.begin };
        while let Some(row) = rows.next().map_err(failed)? {
            let seq = row::count(row, 0).map_err(failed)?;
            if seq != end.lines + 1 {
                return Err(wrong(end.lines + 1, "is missing"));
            }
            let said =
                packed::unpack(row.get_ref(2).map_err(failed)?).ok_or_else(|| wrong(seq, "cannot be unpacked"))?;
            end = End { lines: seq, chain: end.chain.then(&said) };
            if end.chain != Chain(row.get(1).map_err(failed)?) {
                return Err(wrong(seq, "is not what was written"));
            }
            each(seq, &said)?;
        }
        if end.lines != self.end.lines {
            return Err(wrong(end.lines.min(self.end.lines) + 1, "is missing, or should not be there"));
        }
        if end.chain == self.end.chain { Ok(()) } else { Err(wrong(end.lines, "is not what was written")) }
    }
}

fn bring_back(connection: &Connection, path: &Path, id: RolloutId) -> Result<(Rollout, End), ReadError> {
    let work = connection.unchecked_transaction().map_err(|error| StoreError::of(path, &error))?;
    let record = Record::read(&work, path, id)?;
    let refused = |error: ReplayError| ReadError::Replay { id, error };
    let mut replay = Replay::new(opening(&record.opening, path, id)?).map_err(refused)?;
    record.lines(&work, path, |seq, said| replay.line(parse_line(path, id, seq, said)?).map_err(refused))?;
    Ok((replay.into_rollout(), record.end))
}

/// Gives each line of a rollout to `each`, whatever the machine makes of it.
pub(crate) fn each_line(
    connection: &Connection,
    path: &Path,
    id: RolloutId,
    mut each: impl FnMut(Line),
) -> Result<(), ReadError> {
    let work = connection.unchecked_transaction().map_err(|error| StoreError::of(path, &error))?;
    let record = Record::read(&work, path, id)?;
    record.lines(&work, path, |seq, said| parse_line(path, id, seq, said).map(&mut each))
}

fn parse_line(path: &Path, id: RolloutId, seq: u64, said: &str) -> Result<Line, ReadError> {
    serde_json::from_str(said)
        .map_err(|error| damaged(path, format!("line {seq} of rollout {id} cannot be read: {error}")))
}

/// What a rollout began with. A newer program may have written fields that nobody knows here, so its schema is asked first.
fn opening(text: &str, path: &Path, id: RolloutId) -> Result<Opening, ReadError> {
    #[derive(Deserialize)]
    struct Head {
        schema: u32,
        program: String,
    }
    let unreadable =
        |error: serde_json::Error| damaged(path, format!("what rollout {id} began with cannot be read: {error}"));
    let Head { schema, program } = serde_json::from_str(text).map_err(unreadable)?;
    if schema > SCHEMA {
        return Err(ReadError::Replay { id, error: ReplayError::Newer { found: schema, program } });
    }
    serde_json::from_str(text).map_err(unreadable)
}

fn damaged(path: &Path, detail: String) -> ReadError {
    ReadError::Store(StoreError::Damaged { path: path.to_owned(), detail })
}
