//! The file of a pace: a record of fixed size, under a lock.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::thread;

use reinstall_core::rate::Pace;
use sha2::{Digest as _, Sha256};

use crate::dir::{self, FileId};
use crate::error::StoreError;

/// What a record begins with: whose it is, and its format.
const HEAD: [u8; 8] = *b"reinpac\x01";

/// Head, pace, and the first bytes of a hash of both.
const RECORD_BYTES: usize = HEAD.len() + Pace::BYTES + CHECK_BYTES;
const CHECK_BYTES: usize = 8;

/// How often the lock is tried before its turn is put off. Whoever has it needs it for microseconds, unless it was stopped.
pub(super) const TRIES_MAX: u32 = 200;

/// The file, open.
#[derive(Debug)]
pub(super) struct PaceFile {
    file: File,
    /// Which file it was when it was opened: somebody may put another one in its place.
    id: Option<FileId>,
}

/// The file, and the lock on it, given back in the end.
#[derive(Debug)]
pub(super) struct Held<'a> {
    file: &'a File,
    path: &'a Path,
    before: Option<Pace>,
}

/// Why the pace in the file could not be had.
#[derive(Debug)]
pub(super) enum Unheld {
    /// Somebody else had the lock all the time.
    Busy,
    /// Nobody can have it.
    Failed(StoreError),
}

impl From<StoreError> for Unheld {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl PaceFile {
    /// Opens the file, and makes it if it is missing.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |error: std::io::Error| StoreError::io(path, &error);
        match dir::make_file(path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(error)),
            Ok(_) | Err(_) => {}
        }
        // A link would lead to who knows where; in a directory of the owner's alone there is none but the owner's own.
        if !path.symlink_metadata().map_err(failed)?.is_file() {
            return Err(StoreError::Failed {
                path: path.to_owned(),
                detail: "it is no regular file; remove it".into(),
            });
        }
        let id = dir::file_id(path);
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(failed)?;
        Ok(Self { file, id })
    }

    /// Takes the lock and reads what is there; `None` if that is no pace.
    pub(super) fn hold<'a>(&'a mut self, path: &'a Path, tries_max: u32) -> Result<(Held<'a>, Option<Pace>), Unheld> {
        if dir::file_id(path) != self.id {
            *self = Self::open(path)?;
        }
        lock(&self.file, path, tries_max)?;
        let mut held = Held { file: &self.file, path, before: None };
        held.before = held.read()?;
        let before = held.before;
        Ok((held, before))
    }
}

/// Without a sleep between the tries: whoever asks for a turn runs other tasks on the same thread.
fn lock(file: &File, path: &Path, tries_max: u32) -> Result<(), Unheld> {
    for _ in 0..tries_max {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => thread::yield_now(),
            Err(TryLockError::Error(error)) => return Err(StoreError::io(path, &error).into()),
        }
    }
    Err(Unheld::Busy)
}

impl Held<'_> {
    fn read(&self) -> Result<Option<Pace>, StoreError> {
        let mut file = self.file;
        let mut bytes = [0; RECORD_BYTES];
        let read = file.rewind().and_then(|()| file.read_exact(&mut bytes));
        match read {
            Ok(()) => Ok(decoded(&bytes)),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(StoreError::io(self.path, &error)),
        }
    }

    /// Writes the pace if it changed, and gives the lock back.
    pub(super) fn keep(self, pace: Pace) -> Result<(), StoreError> {
        if self.before == Some(pace) {
            return Ok(());
        }
        let mut file = self.file;
        let written = file.rewind().and_then(|()| file.write_all(&encoded(pace)));
        written.map_err(|error| StoreError::io(self.path, &error))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // It fails only where there is no lock to give back. The next one to try says so.
        let _ = self.file.unlock();
    }
}

fn encoded(pace: Pace) -> [u8; RECORD_BYTES] {
    let mut bytes = [0; RECORD_BYTES];
    bytes[..HEAD.len()].copy_from_slice(&HEAD);
    bytes[HEAD.len()..RECORD_BYTES - CHECK_BYTES].copy_from_slice(&pace.to_bytes());
    let check = Sha256::digest(&bytes[..RECORD_BYTES - CHECK_BYTES]);
    bytes[RECORD_BYTES - CHECK_BYTES..].copy_from_slice(&check[..CHECK_BYTES]);
    bytes
}

fn decoded(bytes: &[u8; RECORD_BYTES]) -> Option<Pace> {
    let mut pace = [0; Pace::BYTES];
    pace.copy_from_slice(&bytes[HEAD.len()..RECORD_BYTES - CHECK_BYTES]);
    let read = Pace::from_bytes(&pace)?;
    (encoded(read) == *bytes).then_some(read)
}
