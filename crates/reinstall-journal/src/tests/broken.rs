//! Files that are torn or rotten. Whatever comes back was written, and nothing up to the last certain line is lost without a
//! word.

use super::*;
use crate::error::{ReadError, ResumeError, StoreError};
use reinstall_core::record::Entry;
use rusqlite::Connection;

/// A database whose first lines are in the file itself, and whose others are in the WAL only.
struct Specimen {
    database: Vec<u8>,
    wal: Vec<u8>,
    lines: Vec<Line>,
    /// How many of the lines are in the file itself: those up to the last that was kept for certain.
    settled: usize,
    id: RolloutId,
}

fn specimen() -> Specimen {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    let (mut recorded, mut fleet) = started(&mut store, 30, 40);
    store.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    // Until a good many lines came after the last one that is certain: those alone may be lost.
    let certain = |line: &Line| matches!(line.entry, Entry::Intent { .. } | Entry::Halt | Entry::Resumed);
    let settled = |lines: &[Line]| lines.iter().rposition(certain).map_or(0, |last| last + 1);
    let is_enough = |lines: &[Line]| settled(lines) > 20 && lines.len() > settled(lines) + 20;
    while !is_enough(&recorded.journal().lines) {
        assert!(!fleet.drive(&mut recorded, 1), "it ended too soon");
    }
    let settled = settled(&recorded.journal().lines);
    let copy = copied(&store);
    let read = |name: &str| fs::read(copy.path().join(name)).unwrap();
    let lines = recorded.journal().lines.clone();
    assert!(settled > 20 && lines.len() > settled + 20, "{settled} of {}", lines.len());
    Specimen { database: read("reinstall.db"), wal: read("reinstall.db-wal"), lines, settled, id: begun(1, 0..1).id }
}

impl Specimen {
    /// What a program finds that is started with these files: the lines, or why there are none.
    fn found(&self, database: &[u8], wal: &[u8]) -> Result<Vec<Line>, ReadError> {
        let dir = state_dir();
        for (name, bytes) in [("reinstall.db", database), ("reinstall.db-wal", wal)] {
            let path = dir.path().join(name);
            fs::write(&path, bytes).unwrap();
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
        let store = Store::open(dir.path())?;
        store.replay(self.id)?;
        Ok(stored(&store, self.id))
    }
}

#[test]
fn a_torn_wal_gives_the_lines_up_to_the_tear() {
    let specimen = specimen();
    let Specimen { database, wal, lines, settled, .. } = &specimen;
    let mut lengths = std::collections::BTreeSet::new();
    let mut dice = Dice(1);
    let ends = [0, 1, 31, 32, 33, wal.len() - 1, wal.len()];
    for end in ends.into_iter().chain((0..150).map(|_| dice.below(wal.len()))) {
        let found = specimen.found(database, &wal[..end]).unwrap();
        assert!(lines.starts_with(&found) && found.len() >= *settled, "torn at byte {end}: {} lines", found.len());
        lengths.insert(found.len());
    }
    assert!(lengths.contains(settled) && lengths.contains(&lines.len()) && lengths.len() > 10, "{lengths:?}");
}

#[test]
fn a_rotten_wal_gives_the_lines_up_to_the_rot() {
    let specimen = specimen();
    let Specimen { database, wal, lines, settled, .. } = &specimen;
    let (mut dice, mut shorter) = (Dice(2), 0);
    for _ in 0..150 {
        let (byte, bit) = (dice.below(wal.len()), dice.below(8));
        let mut rotten = wal.clone();
        rotten[byte] ^= 1 << bit;
        let found =
            specimen.found(database, &rotten).unwrap_or_else(|error| panic!("bit {bit} of byte {byte}: {error}"));
        assert!(lines.starts_with(&found) && found.len() >= *settled, "bit {bit} of byte {byte}");
        shorter += usize::from(found.len() < lines.len());
    }
    assert!(shorter > 15, "{shorter}: most of the file are frames that are in the database by now");
}

#[test]
fn a_rotten_database_is_told_or_harmless() {
    let specimen = specimen();
    let settled = {
        let dir = state_dir();
        let mut store = Store::open(dir.path()).unwrap();
        drop(started(&mut store, 30, 80));
        store.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        fs::read(store.path()).unwrap()
    };
    let whole = specimen.found(&settled, &[]).unwrap();
    assert!(specimen.lines.starts_with(&whole) && whole.len() > 40, "{}", whole.len());
    let (mut dice, mut told) = (Dice(3), 0);
    for round in 0..600 {
        let mut rotten = settled.clone();
        let byte = dice.below(rotten.len());
        match round % 3 {
            0 => rotten[byte] ^= 1 << dice.below(8),
            1 => rotten[byte..].iter_mut().take(64).for_each(|byte| *byte = 0),
            _ => rotten.truncate(byte),
        }
        match specimen.found(&rotten, &[]) {
            Ok(found) => assert_eq!(found, whole, "round {round}, byte {byte}"),
            Err(_) => told += 1,
        }
    }
    assert!(told > 200, "{told}");
}

/// What somebody did to the database, and what is said of it.
#[test]
fn lines_that_were_changed_are_named() {
    for (sql, told) in [
        ("DELETE FROM line WHERE seq = 5", "line 5 of rollout"),
        ("DELETE FROM line WHERE seq >= 30", "line 30 of rollout"),
        ("UPDATE state SET lines = 30", "line 31 of rollout"),
        ("UPDATE state SET chain = chain + 1", "is not what was written"),
        ("UPDATE line SET said = '{\"at\":1795433416042,\"entry\":\"tick\"}' WHERE seq = 7", "line 7 of rollout"),
        ("UPDATE line SET said = zeroblob(9) WHERE seq = 7", "line 7 of rollout"),
        ("UPDATE line SET chain = 3 WHERE seq = 7", "line 7 of rollout"),
        ("UPDATE rollout SET endpoint = 'https://other.example'", "began with is not what was written"),
        ("UPDATE rollout SET site_path = 'p.toml', site = ''", "began with is not what was written"),
        ("UPDATE rollout SET opening = '{}'", "began with is not what was written"),
        ("UPDATE rollout SET opening = substr(opening, 1, 90)", "began with is not what was written"),
    ] {
        let dir = state_dir();
        let mut store = Store::open(dir.path()).unwrap();
        let (recorded, _) = started(&mut store, 30, 60);
        drop(recorded);
        let id = begun(1, 0..1).id;
        store.replay(id).unwrap();
        assert!(store.connection.execute(sql, []).unwrap() > 0, "{sql}");
        let before = store.rollouts().unwrap();
        let refused = store.resume(id, &bob(), at(100_000), true).unwrap_err();
        assert!(matches!(refused, ResumeError::Read(ReadError::Store(StoreError::Damaged { .. }))), "{sql}: {refused}");
        assert!(refused.to_string().contains(told), "{sql}: {refused}");
        assert_eq!(store.rollouts().unwrap(), before, "the lease is what it was");
        let shown = store.export(id, &mut vec![]).unwrap_err().to_string();
        assert!(shown.contains(told), "{sql}: {shown}");
    }
}

/// A claim that rotted away would let a second rollout begin; the pages are checked before it does.
#[test]
fn a_rotten_page_is_found_before_a_rollout_begins() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    drop(store.begin(&begun(1, 0..3_000), &alice(), START).unwrap());
    let page: u32 = store
        .connection
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'claim'", [], |row| row.get(0))
        .unwrap();
    let path = store.path().to_owned();
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    let start = |page: u32| usize::try_from((page - 1) * 4096).unwrap();
    // The last leaf, which the root of the tree names at byte 8; whoever sorts first has nothing to do with it.
    let root = &bytes[start(page)..];
    let last = start(u32::from_be_bytes(root[8..12].try_into().unwrap()));
    bytes[last..last + 8].fill(0xff);
    let first = (10_000..11_000).min_by_key(|number| fleet::instance(*number)).unwrap();
    fs::write(&path, &bytes).unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let refused = store.begin(&begun(2, first..first + 1), &alice(), START).map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("is damaged"), "{refused}");
    drop(store);
    let row =
        Connection::open(&path).unwrap().query_row("SELECT count(*) FROM rollout", [], |row| row.get::<_, u32>(0));
    assert_eq!(row, Ok(1), "nothing was written");
}
