//! Where a rollout's lines are kept: the seam between what is written and how it is stored.

use std::convert::Infallible;

use crate::record::Line;

/// How much is asked of a journal before it may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keep {
    /// It may be lost if the machine loses its power; then everything after it must be lost too.
    Lazily,
    /// It is on disk, with all that came before it, whatever happens next.
    ForCertain,
}

/// Something that lines are written to, in order.
pub trait Journal {
    /// Why a line could not be kept.
    type Error: std::error::Error;

    /// Adds a line. When this returns, the line is kept as `keep` says.
    ///
    /// # Errors
    /// If it is not. By then nobody may rely on it, nor on its absence; nothing more is written after an error.
    fn append(&mut self, line: &Line, keep: Keep) -> Result<(), Self::Error>;
}

/// A journal that lasts as long as its process: for tests, and where nothing has to be brought back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemoryJournal {
    lines: Vec<Line>,
}

impl MemoryJournal {
    /// Every line so far, in order.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }
}

impl Journal for MemoryJournal {
    type Error = Infallible;

    fn append(&mut self, line: &Line, _: Keep) -> Result<(), Infallible> {
        self.lines.push(line.clone());
        Ok(())
    }
}
