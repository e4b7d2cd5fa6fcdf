//! The database of a state directory.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::error::StoreError;
use crate::run_lock::Locks;
use crate::{dir, schema};

/// The rollouts of one state directory. Several programs may have it open at once.
#[derive(Debug)]
pub struct Store {
    pub(crate) path: PathBuf,
    pub(crate) connection: Connection,
    pub(crate) locks: Locks,
}

impl Store {
    /// Opens the database in `dir`; makes both if they are missing, for the owner alone.
    ///
    /// # Errors
    /// If the directory or the database is open to others, on a network file system, damaged, another program's, or a newer
    /// version's; if it cannot be written to, no space is left, or it stays locked. Nothing is changed then.
    ///
    /// Only the head and the tables are read here. The whole database is read before a rollout begins or is carried on.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let dir = dir::prepare(dir)?;
        let path = match dir::database(&dir)? {
            Ok(there) => there,
            Err(missing) => {
                schema::create(&dir, &missing)?;
                missing
            }
        };
        Self::at(path)
    }

    /// Opens the database in `dir` if it is there; makes nothing.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub fn open_if_there(dir: &Path) -> Result<Option<Self>, StoreError> {
        if !dir.exists() {
            return Ok(None);
        }
        let Ok(path) = dir::database(&dir::prepare(dir)?)? else { return Ok(None) };
        Self::at(path).map(Some)
    }

    fn at(path: PathBuf) -> Result<Self, StoreError> {
        let connection = schema::connect(&path)?;
        Ok(Self { locks: Locks::beside(&path), path, connection })
    }

    /// Where the database is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn failed(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::of(&self.path, error)
    }
}
