//! Fleets in files: CSV, JSON, JSON Lines and YAML in, a [`StoredFleet`] out; and rows of such files. See
//! `docs/fleet-files.md`.
//!
//! Nothing here opens a file. Rows are read one at a time, so that a million of them take little more room than what is
//! kept of them.

mod csv;
mod entries;
mod error;
mod given;
mod json;
mod keys;
mod lines;
mod names;
mod row;
mod sink;
mod tags;
mod yaml;

use std::io::BufRead;
use std::path::Path;

pub use self::error::{Flaw, FleetFileError};
pub use self::names::UnknownName;
pub use self::row::{FleetInterface, FleetRow, knows_key, to_json_line};
use self::sink::Sink;
use crate::cloud::StoredFleet;

/// The most instances a fleet may have.
pub const ROWS_MAX: usize = 10_000_000;
/// The most bytes that one instance may take: a line, where a line is an instance. A parser that reads ahead may allow some
/// more.
pub const ROW_BYTES_MAX: usize = 64 * 1_024;

/// How a fleet is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A header, and a line for each instance.
    Csv,
    /// An instance, a list of them, or an object with such a list under `instances`; or several of these.
    Json,
    /// The same, each on a line of its own.
    JsonLines,
    /// The same as in JSON, but only one.
    Yaml,
}

impl Format {
    /// The format that the end of a name stands for.
    #[must_use]
    pub fn by_extension(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }

    /// The format that the first line with something on it looks like. JSON Lines is taken for JSON, which reads it too.
    #[must_use]
    pub fn sniff(beginning: &[u8]) -> Option<Self> {
        let mut lines = beginning.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"#"))?;
        if first.starts_with(b"{") || first.starts_with(b"[") {
            return Some(Self::Json);
        }
        if first.starts_with(b"- ") || first.starts_with(b"---") || first.starts_with(b"instances:") || first == b"-" {
            return Some(Self::Yaml);
        }
        let is_id = |column: &[u8]| {
            let column = column.trim_ascii().to_ascii_lowercase();
            matches!(column.as_slice(), b"id" | b"\"id\"" | b"instance_id" | b"\"instance_id\"")
        };
        first.split(|byte| *byte == b',').any(is_id).then_some(Self::Csv)
    }
}

/// Reads a fleet. Without a format the beginning is looked at.
///
/// Instances keep no order: the cloud shows them in the order of their ids. The order of the file decides what is made up
/// for them, such as racks and addresses.
///
/// # Errors
/// [`FleetFileError`], with the line where there is one; nothing is kept then.
pub fn read(mut reader: impl BufRead, format: Option<Format>) -> Result<StoredFleet, FleetFileError> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let beginning = reader.fill_buf().map_err(FleetFileError::Unreadable)?;
    if beginning.is_empty() {
        return Err(FleetFileError::Empty);
    }
    let has_mark = beginning.starts_with(BYTE_ORDER_MARK);
    let sniffed = Format::sniff(beginning.strip_prefix(BYTE_ORDER_MARK).unwrap_or(beginning));
    let format = format.or(sniffed).ok_or(FleetFileError::NoFormat)?;
    if has_mark {
        reader.consume(BYTE_ORDER_MARK.len());
    }
    let mut sink = Sink::default();
    match format {
        Format::Csv => csv::read(reader, &mut sink),
        Format::Json => json::read(reader, &mut sink),
        Format::JsonLines => json::read_lines(reader, &mut sink),
        Format::Yaml => yaml::read(reader, &mut sink),
    }?;
    sink.finish()
}

#[cfg(test)]
mod tests;
