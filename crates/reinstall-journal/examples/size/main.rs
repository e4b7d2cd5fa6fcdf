//! How large the journal of a rollout gets, and how long writing and replaying it take:
//! `cargo run --release -p reinstall-journal --example size`.

mod fleet;

use std::error::Error;
use std::io::Write;
use std::path::Path;

use reinstall_core::id::RolloutId;
use reinstall_core::journal::{Journal, Keep};
use reinstall_core::record::{Line, Opening};
use reinstall_core::recorded::Recorded;
use reinstall_core::rollout::Rollout;
use reinstall_journal::begin::Begun;
use reinstall_journal::error::JournalError;
use reinstall_journal::journal::RolloutJournal;
use reinstall_journal::owner::Owner;
use reinstall_journal::store::Store;
use rusqlite::Connection;

use fleet::{Fleet, START};

/// A journal that counts.
#[derive(Debug)]
struct Counted {
    journal: RolloutJournal,
    lines: u64,
    certain: u64,
}

impl Journal for Counted {
    type Error = JournalError;

    fn append(&mut self, line: &Line, keep: Keep) -> Result<(), JournalError> {
        self.lines += 1;
        self.certain += u64::from(keep == Keep::ForCertain);
        self.journal.append(line, keep)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "targets  in flight    lines  fsyncs      bytes  bytes/target  begin s  write s  check s  replay s  prune s"
    )?;
    for (targets, in_flight_max) in
        [(1_000, 200), (1_000, 1_000), (10_000, 200), (10_000, 10_000), (100_000, 200), (100_000, 10_000)]
    {
        let dir = tempfile::tempdir()?;
        let told = measure(&dir.path().join("state"), targets, in_flight_max)?;
        writeln!(out, "{targets:7}  {in_flight_max:9}  {told}")?;
    }
    Ok(())
}

fn measure(dir: &Path, targets: u64, in_flight_max: usize) -> Result<String, Box<dyn Error>> {
    let clock = Connection::open_in_memory()?;
    let plan = fleet::plan(0..targets, in_flight_max)?;
    let opening = Opening::new(&plan, 7, START);
    let id = RolloutId::new(START, [7; 10]);
    let begun = Begun {
        id,
        opening,
        endpoint: "https://example.com".into(),
        plan_hash: None,
        parent: None,
        day_limit: None,
        site: None,
    };
    let mut store = Store::open(dir)?;

    let before = seconds(&clock)?;
    let journal = store.begin(&begun, &Owner::here("alice".into()), START)?;
    let begin = seconds(&clock)? - before;
    let mut recorded = Recorded::new(Rollout::new(plan, 7, START), Counted { journal, lines: 0, certain: 0 });
    let before = seconds(&clock)?;
    if !Fleet::default().drive(&mut recorded, u64::MAX) {
        return Err("the rollout came to no end".into());
    }
    let write = seconds(&clock)? - before;
    let (rollout, Counted { mut journal, lines, certain }, failure) = recorded.into_parts();
    if let Some(failure) = failure {
        return Err(failure.into());
    }
    let before = seconds(&clock)?;
    let check = Connection::open(store.path())?;
    check.query_row("PRAGMA quick_check", [], |row| row.get::<_, String>(0))?;
    let checked = seconds(&clock)? - before;
    let before = seconds(&clock)?;
    let back = store.replay(id)?;
    let replay = seconds(&clock)? - before;
    let end = rollout.now();
    if back.into_summary() != rollout.into_summary() {
        return Err("another rollout was brought back".into());
    }
    check.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    let bytes = std::fs::metadata(store.path())?.len();
    let each = bytes / targets;
    journal.finish(end, "{}")?;
    let before = seconds(&clock)?;
    store.prune(&[id])?;
    let prune = seconds(&clock)? - before;
    Ok(format!(
        "{lines:7}  {certain:6}  {bytes:9}  {each:12}  {begin:7.2}  {write:7.2}  {checked:7.2}  {replay:8.2}  {prune:7.2}"
    ))
}

/// What time it is, by the clock of SQLite: this program has one in another crate, and none for examples.
fn seconds(clock: &Connection) -> rusqlite::Result<f64> {
    clock.query_row("SELECT unixepoch('subsec')", [], |row| row.get(0))
}
