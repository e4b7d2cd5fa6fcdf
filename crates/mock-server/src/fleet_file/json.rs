//! JSON and JSON Lines. Several documents may follow one another, as when the pages of a list are appended to a file.

use std::io::BufRead;

use serde::de::DeserializeSeed;
use serde_json::Deserializer;

use super::entries::{Document, Place};
use super::error::{Flaw, FleetFileError};
use super::lines::{Counted, Flow, Lines};
use super::sink::Sink;

pub(super) fn read(reader: impl BufRead, sink: &mut Sink) -> Result<(), FleetFileError> {
    let flow = Flow::new();
    let mut documents = Deserializer::from_reader(Counted { reader, flow: &flow });
    while documents.end().is_err() {
        flow.begin_row();
        let document = Document { sink: &mut *sink, place: Place::Counted(&flow) };
        document.deserialize(&mut documents).map_err(|error| {
            let kept = sink.take_failure();
            kept.unwrap_or_else(|| if flow.is_over() { Flaw::TooLong.on(flow.line()) } else { failure(error, 0) })
        })?;
    }
    Ok(())
}

/// Each line a document of its own.
pub(super) fn read_lines(reader: impl BufRead, sink: &mut Sink) -> Result<(), FleetFileError> {
    let mut lines = Lines::new(reader);
    while lines.advance()? {
        let line = lines.number();
        let mut document = Deserializer::from_slice(lines.text());
        Document { sink: &mut *sink, place: Place::Line(line) }
            .deserialize(&mut document)
            .and_then(|()| document.end())
            .map_err(|error| sink.take_failure().unwrap_or_else(|| failure(error, line - 1)))?;
    }
    Ok(())
}

/// What a parser says that began after so many lines.
fn failure(error: serde_json::Error, lines_before: u64) -> FleetFileError {
    let (line, column) = (error.line(), error.column());
    if error.is_io() {
        return FleetFileError::Unreadable(error.into());
    }
    let told = error.to_string();
    let what = told.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&told);
    // An end is not in a column.
    let at = if error.is_eof() { String::new() } else { format!("column {column}: ") };
    Flaw::malformed(format!("{at}{what}")).on(lines_before + (line as u64).max(1))
}
