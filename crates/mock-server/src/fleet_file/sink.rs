//! Where rows of all formats end up.

use reinstall_core::id::InstanceId;

use super::ROWS_MAX;
use super::error::{Flaw, FleetFileError};
use super::given::Given;
use crate::cloud::{FleetBuilder, Full, Repeat, StoredFleet};

/// A fleet that grows row by row.
#[derive(Default)]
pub(super) struct Sink {
    fleet: FleetBuilder,
    /// The line that each row stands on.
    lines: Vec<u32>,
    /// Why a row was refused from within a parser, which has only words for it.
    failure: Option<FleetFileError>,
}

impl Sink {
    pub(super) fn push(&mut self, given: &Given<'_>, line: u64) -> Result<(), FleetFileError> {
        if self.lines.len() >= ROWS_MAX {
            return Err(Flaw::TooMany.on(line));
        }
        let described = given.check().map_err(|flaw| flaw.on(line))?;
        self.fleet.push(described).map_err(|Full| Flaw::TooMuch.on(line))?;
        self.lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        Ok(())
    }

    /// The same for a parser: keeps why it must stop.
    pub(super) fn push_or_keep<E: serde::de::Error>(&mut self, given: &Given<'_>, line: u64) -> Result<(), E> {
        self.push(given, line).map_err(|failure| {
            let words = E::custom(&failure);
            self.failure = Some(failure);
            words
        })
    }

    /// Why a parser was stopped, if it was one of the rows.
    pub(super) fn take_failure(&mut self) -> Option<FleetFileError> {
        self.failure.take()
    }

    pub(super) fn finish(self) -> Result<StoredFleet, FleetFileError> {
        let Self { fleet, lines, failure: _ } = self;
        if lines.is_empty() {
            return Err(FleetFileError::Empty);
        }
        let line = |row: usize| lines.get(row).copied().map_or(0, u64::from);
        let repeat = |id: InstanceId, first, second| Flaw::Repeat { id, line: line(first) }.on(line(second));
        fleet.finish().map_err(|Repeat { id, first, second }| repeat(id, first, second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet_file::names::Field;

    #[test]
    fn a_fleet_is_bounded() {
        let mut given = Given::default();
        given.set(Field::Id, "0b29c7a1-0000-4000-8000-00000000000a".into()).unwrap();
        for (rows, is_taken) in [(ROWS_MAX - 1, true), (ROWS_MAX, false)] {
            let mut sink = Sink { lines: vec![0; rows], ..Sink::default() };
            let told = sink.push(&given, 17).map_err(|error| error.to_string());
            let refusal = || "line 17: a fleet has at most 10000000 instances".to_owned();
            assert_eq!(told, is_taken.then_some(()).ok_or_else(refusal), "{rows}");
        }
    }
}
