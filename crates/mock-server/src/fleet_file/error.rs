//! What can be wrong with a fleet file.

use std::io;

use reinstall_core::id::InstanceId;
use reinstall_core::text::CloudText;

use super::names::UnknownName;
use super::{ROW_BYTES_MAX, ROWS_MAX};

/// Why a file is no fleet.
#[derive(Debug, thiserror::Error)]
pub enum FleetFileError {
    /// It could not be read to its end.
    #[error("it cannot be read")]
    Unreadable(#[source] io::Error),
    /// Neither its name nor its beginning tells how it is written.
    #[error("its format does not show; let its name end in .json, .jsonl, .yaml or .csv")]
    NoFormat,
    /// Nobody is in it.
    #[error("there is no instance in it")]
    Empty,
    /// Something on a line is not as it must be.
    #[error("line {line}: {flaw}")]
    Flawed {
        /// Where, counted from 1. For an instance on several lines this is its first, or the one with the flaw.
        line: u64,
        /// What.
        flaw: Flaw,
    },
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It is not what the format says.
    #[error("{0}")]
    Malformed(CloudText),
    /// A column or key that nobody knows.
    #[error("{0}")]
    Unknown(UnknownName),
    /// The same column or key again, or two names of the same thing.
    #[error("`{0}` is given twice")]
    Twice(&'static str),
    /// A row without an id, or a header without a column of them.
    #[error("there is no `id`")]
    NoId,
    /// A column or key has a value that it cannot have.
    #[error("`{field}`: {what}")]
    Value {
        /// Its name.
        field: &'static str,
        /// The value, and what it must be.
        what: CloudText,
    },
    /// A row of `reinstall status` that says why nothing was seen.
    #[error("nothing was seen of this instance, so that there is nothing to copy")]
    Unseen,
    /// An instance that is there already.
    #[error("instance {id} stands on line {line} already")]
    Repeat {
        /// Whose.
        id: InstanceId,
        /// Where it stands first.
        line: u64,
    },
    /// More than one instance may take.
    #[error("it goes on for more than {} KiB", ROW_BYTES_MAX / 1_024)]
    TooLong,
    /// More than a fleet may have.
    #[error("a fleet has at most {ROWS_MAX} instances")]
    TooMany,
    /// More text than a fleet may have.
    #[error("the names or tags of a fleet have at most 4 GiB")]
    TooMuch,
}

impl Flaw {
    pub(super) fn on(self, line: u64) -> FleetFileError {
        FleetFileError::Flawed { line, flaw: self }
    }

    pub(super) fn malformed(what: impl AsRef<str>) -> Self {
        Self::Malformed(what.as_ref().into())
    }
}
