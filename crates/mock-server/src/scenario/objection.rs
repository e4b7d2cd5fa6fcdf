//! What speaks against a scenario, and where that stands.

use std::fmt;

/// A place in a text, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub(super) line: u64,
    pub(super) column: u64,
}

impl Mark {
    /// Where a text begins.
    pub(super) const BEGINNING: Self = Self { line: 1, column: 1 };
}

impl From<serde_saphyr::Location> for Mark {
    fn from(location: serde_saphyr::Location) -> Self {
        // What is nowhere has line 0.
        Self { line: location.line().max(1), column: location.column().max(1) }
    }
}

/// One thing that speaks against a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    at: Mark,
    path: String,
    what: String,
}

impl Objection {
    pub(super) fn new(at: Mark, path: impl Into<String>, what: impl Into<String>) -> Self {
        Self { at, path: path.into(), what: what.into() }
    }

    /// The line that it is about, counted from 1.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.at.line
    }

    /// The column, counted from 1 in characters.
    #[must_use]
    pub const fn column(&self) -> u64 {
        self.at.column
    }

    /// The key that it is about, as in `faults[2].effect.by`; empty if it is about the text as a whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }
}

/// Everything that speaks against a scenario, at least one thing, in the order of the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objections {
    name: String,
    list: Vec<Objection>,
}

impl Objections {
    /// The most that are told.
    pub(super) const LEN_MAX: usize = 100;

    /// `None` if there is nothing to object to.
    pub(super) fn of(name: &str, mut list: Vec<Objection>) -> Option<Self> {
        let last = list.pop()?;
        Some(Self::with(name, list, last))
    }

    /// These, and one more.
    pub(super) fn with(name: &str, mut list: Vec<Objection>, one_more: Objection) -> Self {
        list.push(one_more);
        list.sort_by_key(|objection| objection.at);
        list.truncate(Self::LEN_MAX);
        Self { name: name.to_owned(), list }
    }

    /// One by one.
    #[must_use]
    pub fn as_slice(&self) -> &[Objection] {
        &self.list
    }
}

impl fmt::Display for Objections {
    /// A line for each: `FILE:LINE:COLUMN: KEY: WHAT`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Objection { at, path, what }) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}:{}:{}: ", self.name, at.line, at.column)?;
            if !path.is_empty() {
                write!(f, "{path}: ")?;
            }
            f.write_str(what)?;
        }
        Ok(())
    }
}

impl std::error::Error for Objections {}
