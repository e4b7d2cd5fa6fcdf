//! What the tests of the store share: a state directory, a rollout in it, and ways to break both.

mod broken;
mod directory;
mod exclusive;
mod failing;
mod kept;
mod upkeep;

#[path = "../examples/size/fleet.rs"]
mod fleet;

use std::fs;
use std::path::Path;
use std::time::Duration;

use reinstall_core::id::RolloutId;
use reinstall_core::journal::{Journal, Keep};
use reinstall_core::record::{Line, Opening};
use reinstall_core::recorded::Recorded;
use reinstall_core::rollout::Rollout;
use reinstall_core::time::Timestamp;
use tempfile::TempDir;

use crate::begin::Begun;
use crate::error::JournalError;
use crate::journal::RolloutJournal;
use crate::owner::Owner;
use crate::store::Store;
use fleet::{Fleet, START};

const SEED: u64 = 7;

/// A rollout that nobody else has.
fn begun(number: u8, instances: std::ops::Range<u64>) -> Begun {
    let plan = fleet::plan(instances, 200).unwrap();
    Begun {
        id: RolloutId::new(START, [number; 10]),
        opening: Opening::new(&plan, SEED, START),
        endpoint: "https://cloud.example".into(),
        plan_hash: None,
        parent: None,
        day_limit: None,
        site: None,
    }
}

fn machine(instances: std::ops::Range<u64>) -> Rollout {
    Rollout::new(fleet::plan(instances, 200).unwrap(), SEED, START)
}

fn alice() -> Owner {
    Owner::here("alice".into())
}

/// Somebody at a machine of which nothing is known here.
fn bob() -> Owner {
    Owner { user: "bob".into(), host: "another machine".into(), pid: 12 }
}

fn at(seconds: u64) -> Timestamp {
    START + Duration::from_secs(seconds)
}

fn state_dir() -> TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o700)).tempdir().unwrap()
}

/// Remembers each line beside the journal that stores it.
#[derive(Debug)]
struct Witnessed {
    journal: RolloutJournal,
    lines: Vec<Line>,
}

impl Journal for Witnessed {
    type Error = JournalError;

    fn append(&mut self, line: &Line, keep: Keep) -> Result<(), JournalError> {
        self.journal.append(line, keep)?;
        self.lines.push(line.clone());
        Ok(())
    }
}

/// Begins a rollout of `targets` instances and carries it on for some events.
fn started(store: &mut Store, targets: u64, events: u64) -> (Recorded<Witnessed>, Fleet) {
    let journal = store.begin(&begun(1, 0..targets), &alice(), START).unwrap();
    let mut recorded = Recorded::new(machine(0..targets), Witnessed { journal, lines: vec![] });
    let mut fleet = Fleet::default();
    fleet.drive(&mut recorded, events);
    (recorded, fleet)
}

/// The lines of a rollout as they are on record, in full.
fn stored(store: &Store, id: RolloutId) -> Vec<Line> {
    let mut out = Vec::new();
    store.export(id, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let (_, lines) = lines.split_first().unwrap();
    let (_, lines) = lines.split_last().unwrap();
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Copies a database and what is beside it to a directory of its own, as it is at this moment.
fn copied(store: &Store) -> TempDir {
    let dir = state_dir();
    for suffix in ["", "-wal"] {
        let from = crate::dir::beside(store.path(), suffix);
        copy(&from, &dir.path().join(from.file_name().unwrap()));
    }
    dir
}

fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}
