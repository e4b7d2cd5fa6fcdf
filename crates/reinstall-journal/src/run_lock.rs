//! A lock of the kernel for each program that carries a rollout on.
//!
//! It is on a file of its own, `locks/ROLLOUT-EPOCH.lock` beside the database: taken before the lease, never taken by another
//! program, and given back by the kernel when the process ends, however it ends. Every process that opens the same file under
//! the same kernel sees it, whatever PID namespace or container it is in.
//!
//! A new epoch has a new file. So a program that takes over from one that hangs has a lock as well, and a file is never
//! locked twice. Files are removed with their rollout ([`Store::prune`](crate::store::Store::prune)), when it is finished and
//! nobody asks for its lock any more.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;

use reinstall_core::id::RolloutId;
use serde::{Deserialize, Serialize};

use crate::dir;
use crate::error::StoreError;
use crate::node::Node;

/// The directory of the locks, in the state directory.
const DIRECTORY: &str = "locks";

/// The most bytes that are read of a record.
const RECORD_BYTES_MAX: u64 = 4096;

/// How often a lock of one's own is tried. Only a program that asks for [`Locks::liveness`] can have it, for microseconds.
const TRIES_MAX: u32 = 10_000;

/// What the kernel says of the program that holds a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    /// Its process is there.
    Lives,
    /// Its process has ended, for certain.
    Ended,
    /// It runs, or ran, under another kernel, or its lock was removed. Nothing here can tell.
    Unknown,
}

/// The locks of one state directory, as seen from one kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Locks {
    directory: PathBuf,
    pub(crate) node: Node,
}

/// A lock that this process holds until it is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct RunLock {
    _file: File,
}

/// What is in a lock's file: where its holder runs.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    boot: Option<String>,
    machine: Option<String>,
    /// The number of the file itself: nobody holds a lock on a copy of it.
    file: Option<u64>,
}

impl Locks {
    /// Those beside the database at `path`.
    pub(crate) fn beside(path: &Path) -> Self {
        Self { directory: path.with_file_name(DIRECTORY), node: Node::here() }
    }

    fn file(&self, id: RolloutId, epoch: i64) -> PathBuf {
        self.directory.join(format!("{id}-{epoch}.lock"))
    }

    /// Takes the lock for an epoch that is this program's to be. When this returns, where it runs is on disk.
    pub(crate) fn hold(&self, id: RolloutId, epoch: i64) -> Result<RunLock, StoreError> {
        let path = self.file(id, epoch);
        let failed = |error: std::io::Error| StoreError::io(&path, &error);
        dir::make_directory(&self.directory)?;
        match dir::make_file(&path) {
            // Of a program that got no further than this, or gave the epoch back.
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(error)),
            Ok(_) | Err(_) => {}
        }
        let mut file = OpenOptions::new().read(true).write(true).open(&path).map_err(failed)?;
        lock(&file, &path)?;
        let Node { boot, machine } = self.node.clone();
        let record = Record { boot, machine, file: dir::file_number(&file).map_err(failed)? };
        let text = serde_json::to_string(&record).map_err(|error| failed(error.into()))?;
        let written = file.set_len(0).and_then(|()| file.write_all(text.as_bytes())).and_then(|()| file.sync_all());
        written.map_err(failed)?;
        dir::sync(&self.directory)?;
        Ok(RunLock { _file: file })
    }

    /// What the kernel says of the program that holds a rollout under an epoch.
    pub(crate) fn liveness(&self, id: RolloutId, epoch: i64) -> Liveness {
        let Ok(mut file) = File::open(self.file(id, epoch)) else { return Liveness::Unknown };
        // A lock that is shared: any number of programs may ask at once, and only a holder is in their way.
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => return Liveness::Lives,
            Err(TryLockError::Error(_)) => return Liveness::Unknown,
            Ok(()) => {}
        }
        match read(&mut file) {
            Some(former) if self.node.outlived(&former) => Liveness::Ended,
            Some(_) | None => Liveness::Unknown,
        }
    }

    /// Removes the files of rollouts that are no more.
    pub(crate) fn remove(&self, ids: &[RolloutId]) -> Result<(), StoreError> {
        let failed = |error: std::io::Error| StoreError::io(&self.directory, &error);
        let files = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            files => files.map_err(failed)?,
        };
        for file in files {
            let file = file.map_err(failed)?;
            let name = file.file_name();
            let name = name.to_string_lossy();
            if ids.iter().any(|id| name.strip_prefix(&id.to_string()).is_some_and(|rest| rest.starts_with('-'))) {
                fs::remove_file(file.path()).map_err(failed)?;
            }
        }
        Ok(())
    }
}

/// Where the holder runs that wrote this, unless the file is a copy, or torn.
fn read(file: &mut File) -> Option<Node> {
    let mut text = String::new();
    let number = dir::file_number(file).ok()?;
    file.take(RECORD_BYTES_MAX).read_to_string(&mut text).ok()?;
    let Record { boot, machine, file } = serde_json::from_str(&text).ok()?;
    (file == number).then_some(Node { boot, machine })
}

fn lock(file: &File, path: &Path) -> Result<(), StoreError> {
    for _ in 0..TRIES_MAX {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => thread::yield_now(),
            Err(TryLockError::Error(error)) => return Err(StoreError::io(path, &error)),
        }
    }
    Err(StoreError::Failed { path: path.to_owned(), detail: "another program keeps it locked; try again".to_owned() })
}
