//! What was kept comes back, whenever the program ends.

use reinstall_core::journal::{Journal as _, Keep};
use reinstall_core::record::{Entry, Line};
use reinstall_core::recorded::Recorded;
use rusqlite::Connection;

use super::*;

#[test]
fn a_rollout_comes_back_from_every_moment() {
    for events in [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89] {
        let dir = state_dir();
        let mut store = Store::open(dir.path()).unwrap();
        let (recorded, _) = started(&mut store, 30, events);
        let copy = copied(&store);
        let (live, witnessed, failure) = recorded.into_parts();
        assert_eq!(failure, None);
        let Witnessed { journal, lines } = witnessed;
        drop(journal);
        drop(store);
        for place in [dir.path(), copy.path()] {
            let store = Store::open(place).unwrap();
            let row = store.rollouts().unwrap().remove(0);
            assert_eq!(stored(&store, row.id), lines, "after {events} events");
            assert_eq!(row.lines, lines.len() as u64);
            let back = store.replay(row.id).unwrap();
            assert_eq!((back.tallies(), back.now()), (live.tallies(), live.now()), "after {events} events");
        }
    }
}

#[test]
fn a_rollout_that_ends_again_and_again_comes_to_its_end() {
    let dir = state_dir();
    let (recorded, mut fleet) = started(&mut Store::open(dir.path()).unwrap(), 60, 7);
    let mut lines = recorded.into_parts().1.lines;
    let mut ends = 0;
    loop {
        let mut store = Store::open(dir.path()).unwrap();
        let row = store.unfinished().unwrap().remove(0);
        let now = row.holder.unwrap().1 + crate::lease::LEASE_TTL;
        let (rollout, journal) = store.resume(row.id, &bob(), now, true).unwrap();
        fleet.lose_answers();
        let mut recorded = Recorded::resume(rollout, Witnessed { journal, lines }, now);
        if fleet.drive(&mut recorded, 40) {
            let (rollout, mut witnessed, _) = recorded.into_parts();
            witnessed.journal.finish(rollout.now(), "{}").unwrap();
            assert_eq!(stored(&store, row.id), witnessed.lines);
            assert_eq!(store.replay(row.id).unwrap().into_summary(), rollout.into_summary());
            break;
        }
        let parts = recorded.into_parts();
        assert_eq!(parts.2, None);
        lines = parts.1.lines;
        ends += 1;
    }
    assert!(ends > 3, "{ends}");
}

#[test]
fn a_line_is_there_for_others_at_once_and_synced_as_asked() {
    let dir = state_dir();
    let mut store = Store::open(dir.path()).unwrap();
    let begun = begun(1, 0..30);
    let mut journal = store.begin(&begun, &alice(), START).unwrap();
    let synchronous =
        |connection: &Connection| -> i64 { connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap() };
    let (normal, full) = (1, 2);
    assert_eq!(synchronous(&store.connection), full);
    assert_eq!(synchronous(&journal.connection), full);
    for (count, (entry, keep, expected)) in (1..).zip([
        (Entry::Tick, Keep::Lazily, normal),
        (Entry::Tick, Keep::Lazily, normal),
        (Entry::Halt, Keep::ForCertain, full),
        (Entry::Tick, Keep::Lazily, normal),
    ]) {
        journal.append(&Line { at: at(count), entry }, keep).unwrap();
        assert_eq!(synchronous(&journal.connection), expected);
        assert_eq!(stored(&store, begun.id).len() as u64, count);
    }
    journal.release().unwrap();
    assert_eq!(synchronous(&journal.connection), full);
}

#[test]
fn a_connection_is_set_up_for_safety() {
    let dir = state_dir();
    let store = Store::open(dir.path()).unwrap();
    for (name, expected) in [
        ("application_id", "1919248750"),
        ("user_version", "2"),
        ("journal_mode", "wal"),
        ("auto_vacuum", "2"),
        ("foreign_keys", "1"),
        ("trusted_schema", "0"),
        ("busy_timeout", "5000"),
    ] {
        let read = |row: &rusqlite::Row<'_>| {
            row.get::<_, i64>(0).map(|number| number.to_string()).or_else(|_| row.get::<_, String>(0))
        };
        let found = store.connection.query_row(&format!("PRAGMA {name}"), [], read).unwrap();
        assert_eq!(found, expected, "{name}");
    }
    let loose: Vec<String> = store
        .connection
        .prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND NOT strict AND name NOT LIKE 'sqlite_%'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(loose, [""; 0]);
}

#[test]
fn a_journal_may_live_in_a_task() {
    fn fits_a_task<T: Send + 'static>() {}
    fits_a_task::<RolloutJournal>();
    fits_a_task::<crate::lease::Lease>();
    fits_a_task::<Store>();
}
