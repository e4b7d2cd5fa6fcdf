//! One rate for all programs of a user: the pace in a small file of the state directory.
//!
//! The cloud counts requests an account, not a process. So whoever sends to the same endpoint with the same account goes on
//! from where the last one left off. The file is read, changed and written under a lock, for some microseconds each time.
//!
//! It is no evidence. What is torn, foreign or lost costs a burst at most, so that it is replaced on the spot and never
//! forced to disk. And it is no reason to stop: where it cannot be had, a program goes on at its own pace, and tells why when
//! it is asked ([`SharedPace::trouble`]).

mod file;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reinstall_core::rate::{Hint, Pace, Pacer, Rate, Turn, Urgency};
use reinstall_core::time::Timestamp;
use sha2::{Digest as _, Sha256};

use self::file::{Held, PaceFile, TRIES_MAX};
use crate::dir;
use crate::error::StoreError;

/// The pace that this process shares with all others that have opened it under the same key.
///
/// Each keeps its own rate: two processes that were given different ones stay within the faster of the two together.
#[derive(Debug)]
pub struct SharedPace {
    path: PathBuf,
    rate: Rate,
    shared: Mutex<Shared>,
}

#[derive(Debug)]
struct Shared {
    file: PaceFile,
    /// The pace as this process last saw it, and as it goes on by itself while it cannot share.
    own: Pace,
    /// Why it goes on by itself.
    apart: Option<StoreError>,
    /// How often the lock is tried by a process that shares so far.
    tries_max: u32,
}

impl SharedPace {
    /// Opens the pace of `key` in a state directory; makes both if they are missing, for the owner alone.
    ///
    /// `key` says whose requests are counted together, such as endpoint and account. It is hashed, and is in no file.
    ///
    /// # Errors
    /// If the directory is open to others or on a network file system, as for [`Store::open`](crate::store::Store::open), or
    /// if the file cannot be made or opened.
    pub fn open(dir: &Path, key: &str, rate: Rate) -> Result<Self, StoreError> {
        let path = dir::prepare(dir)?.join(file_name(key));
        let file = PaceFile::open(&path)?;
        let shared = Mutex::new(Shared { file, own: Pace::new(), apart: None, tries_max: TRIES_MAX });
        Ok(Self { path, rate, shared })
    }

    /// Where the pace is kept.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why this process keeps to its own pace; `None` while it shares.
    #[must_use]
    pub fn trouble(&self) -> Option<StoreError> {
        self.lock().apart.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing panics while it is held; if it did, a pace is whole after each assignment.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Letters and digits, and the same for the same key on every system.
fn file_name(key: &str) -> String {
    let digest = Sha256::digest(key);
    let start = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    start.fold("pace-".to_owned(), |name, digits| name + &digits)
}

impl Shared {
    /// Does `work` with the pace that all share, or with this process's own if that cannot be had.
    fn with<T>(&mut self, path: &Path, work: impl FnOnce(&mut Pace) -> T) -> T {
        // Whoever has waited in vain once does not keep every request waiting.
        let (own, apart) = (self.own, self.apart.is_some());
        let tries_max = if apart { 1 } else { self.tries_max };
        let (pace, held) = match self.file.hold(path, tries_max) {
            // What there was is gone, or went on without this process: what this one knows holds as well.
            Ok((held, None)) => (own, Ok(held)),
            Ok((held, Some(read))) if apart => (read.joined(own), Ok(held)),
            Ok((held, Some(read))) => (read, Ok(held)),
            Err(error) => (own, Err(error)),
        };
        self.own = pace;
        let worked = work(&mut self.own);
        let kept = held.and_then(|held: Held<'_>| held.keep(self.own));
        self.apart = kept.err();
        worked
    }
}

impl Pacer for SharedPace {
    fn ask(&self, now: Timestamp, urgency: Urgency) -> Turn {
        self.lock().with(&self.path, |pace| pace.ask(self.rate, now, urgency))
    }

    fn throttled(&self, now: Timestamp, hint: Hint, dice: f64) -> Duration {
        self.lock().with(&self.path, |pace| pace.throttled(now, hint, dice))
    }

    fn answered(&self, now: Timestamp) {
        let mut shared = self.lock();
        // Of a row of refusals that began elsewhere since this request left, the next answer will know.
        if shared.own.is_in_a_row() {
            shared.with(&self.path, |pace| pace.answered(now));
        }
    }
}
