//! The disk that the journal is on: it keeps lines as the real one does, tears off what was not certain, and gets full.

use std::cell::Cell;
use std::rc::Rc;

use reinstall_core::journal::{Journal, Keep};
use reinstall_core::record::{Line, Opening, Replay};
use reinstall_core::rollout::Rollout;
use reinstall_core::time::Timestamp;

/// Lines as text, each with the moment when it was written, by a clock that nobody can set.
#[derive(Debug, Default)]
pub struct Disk {
    lines: Vec<(String, Option<Timestamp>)>,
    /// How many of the lines are kept for certain.
    certain: usize,
    /// How many lines it has room for.
    room: Option<usize>,
    /// The true time.
    now: Rc<Cell<Option<Timestamp>>>,
}

/// No line more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the disk is full")]
pub struct Full;

impl Disk {
    /// A disk with room for so many lines; for any number if `None`.
    #[must_use]
    pub fn new(room: Option<usize>, now: Rc<Cell<Option<Timestamp>>>) -> Self {
        Self { room, now, ..Self::default() }
    }

    /// The last line, if it is kept for certain with all before it.
    #[must_use]
    pub fn last_certain(&self) -> Option<Line> {
        let (last, _) = self.lines.last().filter(|_| self.certain == self.lines.len())?;
        serde_json::from_str(last).ok()
    }

    /// When the last line that is left was written.
    #[must_use]
    pub fn written_at(&self) -> Option<Timestamp> {
        self.lines.last().and_then(|(_, at)| *at)
    }

    /// The power goes: of what was not certain this part is left, `0.0..1.0`. Somebody makes room.
    pub fn lose(&mut self, part: f64) {
        let uncertain = self.lines.len() - self.certain;
        self.lines.truncate(self.certain + (uncertain as f64 * part) as usize);
    }

    /// It is there again after a crash, and has room.
    pub fn mount(&mut self) {
        (self.room, self.certain) = (None, self.lines.len());
    }

    /// Brings the rollout back from what is left.
    ///
    /// # Errors
    /// In the words of the replay; there is no reason for any.
    pub fn replay(&self, opening: Opening) -> Result<Rollout, String> {
        let mut replay = Replay::new(opening).map_err(|error| error.to_string())?;
        for (text, _) in &self.lines {
            let line: Line = serde_json::from_str(text).map_err(|error| error.to_string())?;
            replay.line(line).map_err(|error| error.to_string())?;
        }
        Ok(replay.into_rollout())
    }
}

impl Journal for Disk {
    type Error = Full;

    fn append(&mut self, line: &Line, keep: Keep) -> Result<(), Full> {
        if self.room.is_some_and(|room| self.lines.len() >= room) {
            return Err(Full);
        }
        self.lines.push((serde_json::to_string(line).map_err(|_| Full)?, self.now.get()));
        if keep == Keep::ForCertain {
            self.certain = self.lines.len();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use reinstall_core::record::Entry;

    use super::*;

    #[test]
    fn only_what_is_not_certain_is_lost() {
        let mut disk = Disk::new(Some(5), Rc::default());
        let line = Line { at: Timestamp::from_millis(7), entry: Entry::Tick };
        for keep in [Keep::Lazily, Keep::ForCertain, Keep::Lazily, Keep::Lazily, Keep::Lazily] {
            disk.append(&line, keep).unwrap();
        }
        assert_eq!(disk.append(&line, Keep::ForCertain), Err(Full));
        disk.lose(0.4);
        assert_eq!(disk.lines.len(), 3);
        assert_eq!(disk.last_certain(), None);
        disk.mount();
        assert!(disk.last_certain().is_some() && disk.append(&line, Keep::Lazily).is_ok());
    }
}
