//! Disks that are full, databases that are locked, and what follows: nothing more is written.

use reinstall_core::journal::{Journal as _, Keep};
use reinstall_core::record::Entry;

use super::*;
use crate::error::{BeginError, StoreError};

fn line(seconds: u64) -> Line {
    Line { at: at(seconds), entry: Entry::Tick }
}

/// Lets the database of this connection not grow any more, as on a full disk.
fn fill_up(connection: &rusqlite::Connection) {
    let pages: u32 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
}

#[test]
fn a_full_disk_stops_a_journal_for_good() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    let begun = begun(1, 0..3);
    let mut journal = store.begin(&begun, &bob(), START).unwrap();
    fill_up(&journal.connection);
    let mut kept = 0;
    let failure = loop {
        match journal.append(&line(kept), Keep::Lazily) {
            Ok(()) => kept += 1,
            Err(failure) => break failure,
        }
        assert!(kept < 10_000, "it never got full");
    };
    assert_eq!(failure, StoreError::Full { path: store.path().to_owned() }.into());
    assert!(failure.to_string().contains("reinstall.db; make room"), "{failure}");
    journal.connection.query_row("PRAGMA max_page_count = 100000", [], |_| Ok(())).unwrap();
    assert_eq!(journal.append(&line(kept), Keep::ForCertain), Err(failure.clone()), "even when there is room again");
    assert_eq!(journal.finish(at(kept), "{}"), Err(failure), "what has gaps is not finished");
    assert_eq!(stored(&store, begun.id).len() as u64, kept);
    journal.release().expect("it can be given back");
    store.resume(begun.id, &alice(), at(kept), false).expect("and carried on");
}

#[test]
fn a_rollout_begins_in_whole_or_not_at_all() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    fill_up(&store.connection);
    let refused = store.begin(&begun(1, 0..5_000), &bob(), START).map(|_| ()).unwrap_err();
    assert_eq!(refused, StoreError::Full { path: store.path().to_owned() }.into());
    assert_eq!(store.rollouts().unwrap(), []);
    for table in ["rollout", "state", "claim", "applied"] {
        let rows: u32 =
            store.connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}

#[test]
fn a_locked_database_is_named() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    let mut journal = store.begin(&begun(1, 0..3), &bob(), START).unwrap();
    let other = Store::open(dir.path()).unwrap();
    other.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    for connection in [&store.connection, &journal.connection] {
        connection.busy_timeout(Duration::ZERO).unwrap();
    }
    let locked = StoreError::Locked { path: store.path().to_owned(), waited_seconds: 5 };
    assert_eq!(store.begin(&begun(2, 5..6), &bob(), START).map(|_| ()), Err(BeginError::Store(locked.clone())));
    assert_eq!(journal.append(&line(1), Keep::ForCertain), Err(locked.clone().into()));
    other.connection.execute_batch("ROLLBACK").unwrap();
    assert_eq!(journal.append(&line(1), Keep::ForCertain), Err(locked.into()), "it stays so");
    assert_eq!(stored(&store, begun(1, 0..3).id), []);
}

#[test]
fn a_database_that_cannot_be_written_to_is_named() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    let mut journal = store.begin(&begun(1, 0..3), &bob(), START).unwrap();
    for connection in [&store.connection, &journal.connection] {
        connection.pragma_update(None, "query_only", true).unwrap();
    }
    let refused = store.begin(&begun(2, 5..6), &bob(), START).unwrap_err();
    assert!(matches!(refused, BeginError::Store(StoreError::ReadOnly { .. })), "{refused}");
    let refused = journal.append(&line(1), Keep::Lazily).unwrap_err();
    assert!(matches!(refused, JournalError::Store(StoreError::ReadOnly { .. })), "{refused}");
    for (kind, told) in [
        (std::io::ErrorKind::PermissionDenied, "cannot be written to"),
        (std::io::ErrorKind::ReadOnlyFilesystem, "cannot be written to"),
        (std::io::ErrorKind::StorageFull, "no space is left"),
    ] {
        let said = StoreError::io(dir.path(), &kind.into()).to_string();
        assert!(said.contains(told), "{said}");
    }
}

/// What is written into a file that nobody finds again is not on record.
#[test]
fn a_database_that_was_removed_or_replaced_is_no_record() {
    for is_replaced in [false, true] {
        let dir = state_dir();
        let mut store = Store::open(dir.path()).unwrap();
        let mut journal = store.begin(&begun(1, 0..3), &alice(), START).unwrap();
        let line = Line { at: START, entry: reinstall_core::record::Entry::Tick };
        journal.append(&line, Keep::ForCertain).unwrap();
        fs::rename(store.path(), dir.path().join("elsewhere.db")).unwrap();
        if is_replaced {
            fs::copy(dir.path().join("elsewhere.db"), store.path()).unwrap();
        }
        let refused = journal.append(&line, Keep::ForCertain).unwrap_err().to_string();
        assert!(refused.contains("removed or replaced"), "{refused}");
    }
}
