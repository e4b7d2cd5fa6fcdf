//! Tables with a header: columns for ids, names and addresses; others are passed over.

use csv::{Position, Reader, ReaderBuilder, StringRecord, Trim};
use reinstall_core::spec::TargetSpec;

use super::columns::{addresses_in, holds_address, holds_id, holds_name};
use super::{Row, TargetsError};

/// Where a table stands, and how its columns are divided.
pub(super) struct Table<'a> {
    pub(super) text: &'a str,
    pub(super) name: &'a str,
    /// The line that the text begins on, counted from 1.
    pub(super) first_line: u64,
    pub(super) delimiter: u8,
}

/// The columns that mean something, by their places.
struct Columns {
    id: usize,
    name: Option<usize>,
    addresses: Vec<usize>,
}

impl Table<'_> {
    pub(super) fn targets(&self) -> Result<Vec<TargetSpec>, TargetsError> {
        let mut reader = ReaderBuilder::new()
            .trim(Trim::All)
            .comment(Some(b'#'))
            .delimiter(self.delimiter)
            .from_reader(self.text.as_bytes());
        let mut lines = Lines { text: self.text, at: 0, line: self.first_line };
        let columns = self.columns(&mut reader)?;
        let mut targets = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| self.malformed(&error, &mut lines))?;
            let line = lines.line_of(record.position());
            // An unclosed quote would swallow the lines below it, and the instances on them.
            if record.iter().any(|field| field.contains('\n')) {
                return Err(self.at(line, "a quoted field goes on over the end of the line; a quote may be missing"));
            }
            // Spreadsheets leave such lines below the last one with something in it.
            if record.iter().any(|field| !field.is_empty()) {
                targets.push(columns.row(&record).at(self.name, line));
            }
        }
        Ok(targets)
    }

    fn columns(&self, reader: &mut Reader<&[u8]>) -> Result<Columns, TargetsError> {
        let mut lines = Lines { text: self.text, at: 0, line: self.first_line };
        let header = reader.headers().map_err(|error| self.malformed(&error, &mut lines))?.clone();
        let line = lines.line_of(header.position());
        let places = |means: fn(&str) -> bool| -> Vec<usize> {
            header.iter().enumerate().filter(|(_, column)| means(column)).map(|(index, _)| index).collect()
        };
        let only_one = |means, called: &str| match places(means)[..] {
            [] => Ok(None),
            [place] => Ok(Some(place)),
            [..] => Err(self.at(line, &format!("more than one column is called {called}; which one is meant?"))),
        };
        let id = only_one(holds_id, "`id` or `instance_id`")?.ok_or_else(|| TargetsError::NoColumn {
            name: self.name.into(),
            line,
            columns: header.len(),
        })?;
        Ok(Columns { id, name: only_one(holds_name, "`name` or `instance_name`")?, addresses: places(holds_address) })
    }

    fn at(&self, line: u64, what: &str) -> TargetsError {
        TargetsError::Malformed { name: self.name.into(), line, what: what.into() }
    }

    fn malformed(&self, error: &csv::Error, lines: &mut Lines<'_>) -> TargetsError {
        let what = if let csv::ErrorKind::UnequalLengths { expected_len, len, .. } = error.kind() {
            format!("the line has {len} columns, and the header has {expected_len}")
        } else {
            error.to_string()
        };
        self.at(lines.line_of(error.position()), &what)
    }
}

impl Columns {
    fn row(&self, record: &StringRecord) -> Row {
        let field = |place: usize| record.get(place).unwrap_or_default();
        Row {
            id: field(self.id).to_owned(),
            name: self.name.map(|place| field(place).to_owned()),
            addresses: self.addresses.iter().flat_map(|place| addresses_in(field(*place))).collect(),
        }
    }
}

/// Finds the line that a record stands on. The reader's own count stops at the blank lines and comments before it.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of a record that is not before the one asked for last.
    fn line_of(&mut self, position: Option<&Position>) -> u64 {
        let start = position.map_or(0, |position| usize::try_from(position.byte()).unwrap_or(usize::MAX));
        while let Some(line) = self.text.get(self.at..).and_then(|rest| rest.split_inclusive('\n').next()) {
            let is_no_record = line.trim_end().is_empty() || line.starts_with('#');
            if self.at >= start && !is_no_record {
                break;
            }
            self.at += line.len();
            self.line += 1;
        }
        self.line
    }
}
