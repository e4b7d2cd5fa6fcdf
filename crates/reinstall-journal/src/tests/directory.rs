//! Which directories and files are taken, and which are refused and left alone.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::Barrier;

use rusqlite::Connection;

use super::*;
use crate::error::{BeginError, StoreError};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn what_is_made_is_for_the_owner_alone() {
    let parent = state_dir();
    let dir = parent.path().join("a/b");
    let mut store = Store::open(&dir).unwrap();
    let _journal = store.begin(&begun(1, 0..3), &alice(), START).unwrap();
    assert_eq!(mode(&dir), 0o700);
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(&dir).unwrap() {
        let entry = entry.unwrap();
        let own = if entry.path().is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&entry.path()), own, "{:?}", entry.path());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort_unstable();
    let lock = dir.join("locks").join(format!("{}-1.lock", begun(1, 0..3).id));
    assert_eq!(mode(&lock), 0o600);
    assert_eq!(names, ["locks", "reinstall.db", "reinstall.db-shm", "reinstall.db-wal"], "and no draft is left");
}

/// Whoever only looks leaves nothing behind.
#[test]
fn a_database_that_is_not_there_is_not_made_by_looking() {
    let parent = state_dir();
    let dir = parent.path().join("a");
    assert!(Store::open_if_there(&dir).unwrap().is_none());
    assert!(!dir.exists());
    fs::create_dir(&dir).unwrap();
    fs::set_permissions(&dir, Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(Store::open_if_there(&dir), Err(StoreError::Exposed { .. })));
    fs::set_permissions(&dir, Permissions::from_mode(0o700)).unwrap();
    assert!(Store::open_if_there(&dir).unwrap().is_none());
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
    let _journal = Store::open(&dir).unwrap().begin(&begun(1, 0..3), &alice(), START).unwrap();
    assert_eq!(Store::open_if_there(&dir).unwrap().unwrap().rollouts().unwrap().len(), 1);
}

#[test]
fn what_is_open_to_others_is_refused() {
    let dir = state_dir();
    let path = Store::open(dir.path()).unwrap().path().to_owned();
    let home = path.parent().unwrap().to_owned();
    for (target, open, closed) in
        [(&home, 0o750, 0o700), (&home, 0o701, 0o700), (&path, 0o640, 0o600), (&path, 0o602, 0o600)]
    {
        fs::set_permissions(target, Permissions::from_mode(open)).unwrap();
        let refused = Store::open(dir.path()).unwrap_err();
        assert_eq!(refused, StoreError::Exposed { path: target.clone(), mode: open });
        let told = refused.to_string();
        assert!(told.contains(&format!("{open:04o}")) && told.contains("chmod"), "{told}");
        fs::set_permissions(target, Permissions::from_mode(closed)).unwrap();
    }
    Store::open(dir.path()).unwrap();
}

/// What is in the place of the database, and what is said of it.
#[test]
fn what_is_no_database_of_ours_is_refused_and_left_as_it_is() {
    let sqlite = |sql: &str| {
        let dir = state_dir();
        let path = dir.path().join("x.db");
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        fs::read(&path).unwrap()
    };
    let ours = {
        let dir = state_dir();
        fs::read(Store::open(dir.path()).unwrap().path()).unwrap()
    };
    let edited = |offset: usize, value: u32| {
        let mut bytes = ours.clone();
        bytes[offset..offset + 4].copy_from_slice(&value.to_be_bytes());
        bytes
    };
    for (bytes, told) in [
        (vec![], "is damaged: it is empty"),
        (b"hello".to_vec(), "is damaged"),
        (vec![0; 8192], "is damaged"),
        (sqlite("CREATE TABLE a (b)"), "belongs to another program (application id 0x0)"),
        (sqlite("PRAGMA application_id = 77; CREATE TABLE a (b)"), "belongs to another program (application id 0x4d)"),
        // The head of a database: user_version at byte 60, application_id at byte 68.
        (edited(60, 3), "has format 3, and this program knows formats up to 2"),
        (edited(60, 1), "has format 1, which only versions before the first release wrote"),
        (edited(60, 0), "there is no format 0"),
        (edited(68, 3), "application id 0x3"),
        (ours[..4096].to_vec(), "is damaged"),
        (ours[..100].to_vec(), "is damaged"),
    ] {
        let dir = state_dir();
        let path = dir.path().join("reinstall.db");
        fs::write(&path, &bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let refused = Store::open(dir.path())
            .map_err(BeginError::from)
            .and_then(|mut store| store.begin(&begun(1, 0..3), &alice(), START))
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(refused.contains(told) && refused.contains("reinstall.db"), "{told}: {refused}");
        assert!(fs::read(&path).unwrap() == bytes, "{told}: the file was changed");
    }
}

#[test]
fn what_a_lost_database_left_is_not_thrown_away() {
    for suffix in ["-wal", "-journal"] {
        let dir = state_dir();
        let left = dir.path().join(format!("reinstall.db{suffix}"));
        fs::write(&left, "lines").unwrap();
        let refused = Store::open(dir.path()).unwrap_err().to_string();
        assert!(refused.contains(&format!("it is missing, and reinstall.db{suffix} is there")), "{refused}");
        assert_eq!(fs::read(&left).unwrap(), b"lines");
    }
}

#[test]
fn links_and_other_things_are_refused() {
    let dir = state_dir();
    let elsewhere = state_dir();
    Store::open(elsewhere.path()).unwrap();
    symlink(elsewhere.path().join("reinstall.db"), dir.path().join("reinstall.db")).unwrap();
    assert!(matches!(Store::open(dir.path()), Err(StoreError::NotAFile { .. })));
    fs::remove_file(dir.path().join("reinstall.db")).unwrap();
    fs::create_dir(dir.path().join("reinstall.db")).unwrap();
    assert!(matches!(Store::open(dir.path()), Err(StoreError::NotAFile { .. })));

    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(Store::open(&file), Err(StoreError::Failed { .. })));
    let linked = elsewhere.path().join("linked");
    symlink(elsewhere.path(), &linked).unwrap();
    Store::open(&linked).expect("a link to the directory is the person's own choice");
}

/// Root may write everywhere; whoever else runs this is told.
#[test]
fn what_cannot_be_written_to_is_refused_before_anything_begins() {
    let empty = state_dir();
    let full = state_dir();
    let path = Store::open(full.path()).unwrap().path().to_owned();
    let is_root = rustix::process::geteuid().is_root();
    for (dir, target, closed, open) in [
        (empty.path(), empty.path(), 0o500, 0o700),
        (full.path(), full.path(), 0o500, 0o700),
        (full.path(), path.as_path(), 0o400, 0o600),
    ] {
        fs::set_permissions(target, Permissions::from_mode(closed)).unwrap();
        let begun = Store::open(dir).map_err(BeginError::from).and_then(|mut store| {
            let rollout = begun(u8::try_from(closed >> 6).unwrap(), u64::from(closed)..u64::from(closed) + 2);
            let id = rollout.id;
            store.begin(&rollout, &alice(), START)?.finish(START, "{}").unwrap();
            store.prune(&[id]).unwrap();
            Ok(())
        });
        fs::set_permissions(target, Permissions::from_mode(open)).unwrap();
        match begun {
            Ok(()) => assert!(is_root, "{}, {closed:o}", target.display()),
            Err(BeginError::Store(StoreError::ReadOnly { .. })) => assert!(!is_root),
            Err(other) => panic!("{}, {closed:o}: {other:?}", target.display()),
        }
    }
}

#[test]
fn programs_that_start_together_make_one_database() {
    for round in 0..20 {
        let dir = state_dir();
        let barrier = Barrier::new(4);
        std::thread::scope(|scope| {
            for number in 0..4_u8 {
                let (dir, barrier) = (dir.path(), &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let mut store = Store::open(dir).unwrap();
                    let first = u64::from(number) * 10;
                    store.begin(&begun(number, first..first + 10), &alice(), START).unwrap();
                });
            }
        });
        assert_eq!(Store::open(dir.path()).unwrap().rollouts().unwrap().len(), 4, "round {round}");
    }
}
