//! YAML, in one document.

use std::io::BufRead;

use serde::de::DeserializeSeed;

use super::entries::{Document, Place};
use super::error::{Flaw, FleetFileError};
use super::lines::{Counted, Flow};
use super::sink::Sink;
use super::{ROW_BYTES_MAX, ROWS_MAX};

/// What a row of a usual length has of each thing that the parser counts, several times over.
const ROW_NODES_MAX: usize = 256;

pub(super) fn read(reader: impl BufRead, sink: &mut Sink) -> Result<(), FleetFileError> {
    let flow = Flow::new();
    let most = ROWS_MAX.saturating_mul(ROW_NODES_MAX);
    // The parser's own bounds are made for settings files. Here every row is bounded as it is read, and so is their count;
    // what aliases could make of it stays bounded as it is.
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: Some(ROWS_MAX.saturating_mul(ROW_BYTES_MAX)),
            max_events: most,
            max_nodes: most,
            max_total_scalar_bytes: usize::MAX,
            max_total_comment_bytes: usize::MAX,
        },
        with_snippet: false,
    };
    let reader = Counted { reader, flow: &flow };
    let read = serde_saphyr::with_deserializer_from_reader_with_options(reader, options, |document| {
        Document { sink: &mut *sink, place: Place::Spanned(&flow) }.deserialize(document)
    });
    read.map_err(|error| {
        if let Some(failure) = sink.take_failure() {
            return failure;
        }
        if flow.is_over() {
            return Flaw::TooLong.on(flow.line());
        }
        let told = error.without_snippet().to_string();
        let what = told.lines().next().unwrap_or_default();
        let Some(at) = error.location() else { return Flaw::malformed(what).on(flow.line()) };
        let (line, column) = (at.line(), at.column());
        let what = what.strip_suffix(&format!(" at line {line}, column {column}")).unwrap_or(what);
        Flaw::malformed(format!("column {column}: {what}")).on(line.max(1))
    })
}
