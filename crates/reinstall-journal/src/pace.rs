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

use self::file::{PaceFile, TRIES_MAX, Unheld};
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
    /// Whether it holds something that the file does not.
    is_ahead: bool,
    /// Since when somebody else has had the lock whenever it was tried.
    busy_since: Option<Timestamp>,
    /// Why this process goes on by itself.
    trouble: Option<StoreError>,
    tries_max: u32,
}

/// How long requests are put off while somebody else has the lock. Whoever keeps it for longer was stopped in the middle.
const PATIENCE: Duration = Duration::from_millis(500);

/// For how long they are put off each time.
const BUSY_PAUSE: Duration = Duration::from_millis(10);

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
        let shared =
            Shared { file, own: Pace::new(), is_ahead: false, busy_since: None, trouble: None, tries_max: TRIES_MAX };
        Ok(Self { path, rate, shared: Mutex::new(shared) })
    }

    /// Where the pace is kept.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why this process keeps to its own pace; `None` while it shares.
    #[must_use]
    pub fn trouble(&self) -> Option<StoreError> {
        self.lock().trouble.clone()
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
    /// Does `work` with the pace that all share, or with this process's own if that cannot be had. For a while, `if_busy` is
    /// the answer instead where somebody else has the lock.
    fn with<T>(&mut self, path: &Path, now: Timestamp, if_busy: Option<T>, work: impl FnOnce(&mut Pace) -> T) -> T {
        let held = match self.file.hold(path, self.tries_max) {
            Ok((held, read)) => {
                // What was lost, or went on without this process: what this one knows holds as well.
                self.own = match read {
                    Some(read) if self.is_ahead => read.joined(self.own),
                    Some(read) => read,
                    None => self.own,
                };
                self.busy_since = None;
                Ok(held)
            }
            Err(Unheld::Busy) => {
                let since = self.busy_since.map_or(now, |since| since.min(now));
                self.busy_since = Some(since);
                match if_busy {
                    Some(instead) if now.since(since) < PATIENCE => return instead,
                    Some(_) | None => Err(hangs(path)),
                }
            }
            Err(Unheld::Failed(error)) => Err(error),
        };
        let worked = work(&mut self.own);
        self.trouble = held.and_then(|held| held.keep(self.own)).err();
        self.is_ahead = self.trouble.is_some();
        worked
    }
}

fn hangs(path: &Path) -> StoreError {
    StoreError::Failed { path: path.to_owned(), detail: "another program keeps it locked, and may hang".to_owned() }
}

impl Pacer for SharedPace {
    fn ask(&self, now: Timestamp, urgency: Urgency) -> Turn {
        let later = Turn::At(now + BUSY_PAUSE);
        self.lock().with(&self.path, now, Some(later), |pace| pace.ask(self.rate, now, urgency))
    }

    fn throttled(&self, now: Timestamp, hint: Hint, dice: f64) -> Duration {
        // This must not be put off: what the file does not learn now, it learns next time.
        self.lock().with(&self.path, now, None, |pace| pace.throttled(now, hint, dice))
    }

    fn answered(&self, now: Timestamp) {
        let mut shared = self.lock();
        // Of a row of refusals that began elsewhere since this request left, the next answer will know.
        if shared.own.is_in_a_row() {
            shared.with(&self.path, now, Some(()), |pace| pace.answered(now));
        }
    }
}
