//! Why the journal refused something. Every message names the path, and what a person can do.
//!
//! All of these can be cloned: what stopped a journal once is said again to everybody who asks later.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use reinstall_core::id::{InstanceId, RolloutId};
use reinstall_core::record::ReplayError;
use reinstall_core::time::Timestamp;
use rusqlite::ErrorCode;

use crate::owner::Owner;
use crate::row::RolloutRow;

/// What is wrong with the state directory or with the database in it. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "`path` is what the error is about; the messages tell the rest")]
pub enum StoreError {
    /// Others than the owner may read or change it.
    #[error("{} is open to others (mode {mode:04o}); if nobody changed it, close it with `chmod go-rwx {}`", path.display(), path.display())]
    Exposed { path: PathBuf, mode: u32 },
    /// The database is a symbolic link: what it leads to may be anywhere.
    #[error("{} is a symbolic link or no regular file; put the database itself there, or choose another state directory", path.display())]
    NotAFile { path: PathBuf },
    /// It is on a file system that programs on other machines may share, without the shared memory that WAL needs.
    #[error("{} is on {kind}, where SQLite cannot keep its promises; choose a state directory on a local disk", path.display())]
    NetworkFileSystem { path: PathBuf, kind: &'static str },
    /// Another program's database.
    #[error("{} belongs to another program (application id {found:#x}); choose another state directory", path.display())]
    Foreign { path: PathBuf, found: u32 },
    /// A newer version of this program wrote it.
    #[error("{} has format {found}, and this program knows formats up to {known}; use a newer version of it", path.display())]
    Newer { path: PathBuf, found: u32, known: u32 },
    /// A version of this program wrote it that was never released.
    #[error("{} has format {found}, which only versions before the first release wrote, and this program knows format {known}; bring its rollouts to their end with that version, and then choose another state directory", path.display())]
    Older { path: PathBuf, found: u32, known: u32 },
    /// It is not what was written.
    #[error("{} is damaged: {detail}; it was left as it is: keep a copy of it and of the files beside it, choose another state directory, and look at the instances yourself; an old copy of it does not know of the last requests, so never resume from one", path.display())]
    Damaged { path: PathBuf, detail: String },
    /// It cannot be written to.
    #[error("{} cannot be written to: {detail}; check the owner and the mode of the directory and of the files in it", path.display())]
    ReadOnly { path: PathBuf, detail: String },
    /// No space is left.
    #[error("no space is left for {}; make room on that disk", path.display())]
    Full { path: PathBuf },
    /// Another program keeps it locked.
    #[error("{} is locked by another program, and stayed so for {waited_seconds} s; end what has it open, or try again", path.display())]
    Locked { path: PathBuf, waited_seconds: u64 },
    /// Whatever else went wrong.
    #[error("{}: {detail}", path.display())]
    Failed { path: PathBuf, detail: String },
}

impl StoreError {
    /// What SQLite said of the database at `path`.
    pub(crate) fn of(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        let detail = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Locked { path, waited_seconds: crate::schema::BUSY_TIMEOUT.as_secs() }
            }
            Some(ErrorCode::DiskFull) => Self::Full { path },
            // What cannot be opened was there a moment ago: it is the files beside it that cannot be made.
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                Self::ReadOnly { path, detail }
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged { path, detail },
            None if is_unreadable(error) => Self::Damaged { path, detail },
            _ => Self::Failed { path, detail },
        }
    }

    /// What the operating system said of `path`.
    pub(crate) fn io(path: &Path, error: &std::io::Error) -> Self {
        let path = path.to_owned();
        let detail = error.to_string();
        if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) {
            Self::ReadOnly { path, detail }
        } else if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
            Self::Full { path }
        } else {
            Self::Failed { path, detail }
        }
    }
}

/// Whether a value that was read is none that was ever written.
fn is_unreadable(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
    matches!(error, FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..))
}

/// Why a rollout on record cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is none of that id.
    #[error("there is no rollout {0} on record")]
    Unknown(RolloutId),
    /// The database is at fault.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was read, and makes no sense.
    #[error("rollout {id} cannot be brought back: {error}")]
    Replay {
        /// Which.
        id: RolloutId,
        /// Why.
        error: ReplayError,
    },
    /// Whoever wanted the export does not take it.
    #[error("the export of the rollout cannot be written: {0}")]
    Out(std::io::ErrorKind),
}

/// Why a rollout did not begin. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BeginError {
    /// Instances of its plan are in another rollout that is not finished.
    #[error("{count} of the instances are in rollout {}, {}: {}{}", holder.id, if holder.finished_at.is_some() { "which was abandoned while a request for them may have been in flight" } else { "which is not finished" }, Few(instances), if instances.len() < *count { ", …" } else { "" })]
    Claimed {
        /// The first few, at most [`BeginError::NAMED_MAX`].
        instances: Vec<InstanceId>,
        /// How many they are, in all rollouts.
        count: usize,
        /// The rollout of the first of them.
        holder: Box<RolloutRow>,
    },
    /// Later rollouts took on instances that this one was to take on from its parent.
    #[error("{count} of the instances were taken on by rollout {by} since then: {}{}", Few(instances), if instances.len() < *count { ", …" } else { "" })]
    TakenOn {
        /// The first few, at most [`BeginError::NAMED_MAX`].
        instances: Vec<InstanceId>,
        /// How many they are, in all rollouts.
        count: usize,
        /// The rollout that took the first of them on; it may have been pruned.
        by: RolloutId,
    },
    /// It is more than the site allows in a day.
    #[error("{committed} instances were submitted in the last 24 hours or may yet be by rollouts that are not finished, {wanted} more make {}, and at most {instances_max} may be (site.instances_per_day_max)", committed.saturating_add(*wanted))]
    DayLimit {
        /// How many were submitted, or may yet be.
        committed: u64,
        /// How many this rollout names.
        wanted: u64,
        /// The limit.
        instances_max: u64,
    },
    /// The plan was applied before.
    #[error("this plan was applied already: rollout {rollout} began with it at {at}; draw a new plan")]
    Applied {
        /// By which rollout.
        rollout: RolloutId,
        /// When.
        at: Timestamp,
    },
    /// The id is taken.
    #[error("there is a rollout {0} already")]
    Repeated(RolloutId),
    /// The database is at fault.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BeginError {
    /// The most instances that are named.
    pub const NAMED_MAX: usize = 5;
}

/// Why a rollout is not carried on. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResumeError {
    /// It has ended.
    #[error("rollout {id} finished at {at}; there is nothing left to carry on")]
    Finished {
        /// Which.
        id: RolloutId,
        /// When.
        at: Timestamp,
    },
    /// A program carries it on right now.
    #[error("{owner} carries this rollout on, and was heard of at {heartbeat_at}; halt it, or wait for its end")]
    Held {
        /// Whose program.
        owner: Owner,
        /// When it was last heard of.
        heartbeat_at: Timestamp,
    },
    /// A program carried it on and was not heard of for [`LEASE_TTL`](crate::lease::LEASE_TTL), and has not ended for certain.
    #[error("this rollout is {owner}'s, last heard of at {heartbeat_at}; {}", if *lives { "that process still exists, and may be stopped or hang: end it, and then `reinstall resume` continues by itself; or take over with --take-over" } else { "it ran on another machine, or its lock was removed, so that nothing here can tell whether it has ended: make sure that it has, then take over with --take-over" })]
    Expired {
        /// Whose program.
        owner: Owner,
        /// When it was last heard of.
        heartbeat_at: Timestamp,
        /// Whether the kernel knows that process to be there.
        lives: bool,
    },
    /// It cannot be brought back.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<StoreError> for ResumeError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

/// Why a rollout was not given up, or an instance of it not freed. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AbandonError {
    /// A program carries it on, it has ended, or it cannot be read at all.
    #[error(transparent)]
    Resume(#[from] ResumeError),
    /// Requests for instances of it may be in flight, and it can be brought back to find out.
    #[error("a request may be in flight for {} of the instances of rollout {id}: {}{}", instances.len(), Few(instances.get(..BeginError::NAMED_MAX).unwrap_or(instances)), if instances.len() > BeginError::NAMED_MAX { ", …" } else { "" })]
    InFlight {
        /// Which rollout.
        id: RolloutId,
        /// The instances, in ascending order.
        instances: Vec<InstanceId>,
    },
    /// An instance was to be freed that the rollout does not claim.
    #[error("rollout {id} has no claim on instance {instance}")]
    NotClaimed {
        /// Which rollout.
        id: RolloutId,
        /// Which instance.
        instance: InstanceId,
    },
}

/// Why a line was not kept, or a lease not renewed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Another program took the rollout over. Nothing was written.
    #[error("{by} took this rollout over")]
    TakenOver {
        /// Whose program.
        by: Owner,
    },
    /// The rollout was finished or given back. Nothing was written.
    #[error("this rollout was finished or given back already")]
    Over,
    /// The database is at fault. The line may be there all the same.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why no rollout was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// No id begins so.
    #[error("no rollout's id begins with `{0}`")]
    None(String),
    /// Several do.
    #[error("{} rollouts' ids begin so: {}", .0.len(), Few(.0))]
    Several(Vec<RolloutId>),
    /// The database is at fault.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an order for a rollout, or its removal, was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// There is none of that id.
    #[error("there is no rollout {0} on record")]
    Unknown(RolloutId),
    /// It has ended.
    #[error("rollout {0} is finished")]
    Finished(RolloutId),
    /// It has not ended.
    #[error("rollout {0} is not finished: what is on record of it is needed to carry it on")]
    Unfinished(RolloutId),
    /// It was abandoned, and keeps instances from others.
    #[error(
        "rollout {id} was abandoned while requests for {count} of its instances may have been in flight; free each of them first: reinstall abandon {id} --yes --free INSTANCE"
    )]
    Claims {
        /// Which.
        id: RolloutId,
        /// How many instances.
        count: u64,
    },
    /// The database is at fault.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Some ids, with commas.
struct Few<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for Few<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, id) in self.0.iter().enumerate() {
            write!(f, "{}{id}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
