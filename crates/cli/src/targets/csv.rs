//! CSV with a header; the ids are in the column `id` or `instance_id`, in whatever case.

use csv::{Position, Reader, ReaderBuilder, Trim};
use reinstall_core::spec::TargetSpec;

use super::{TargetsError, holds_id, target};

pub(super) fn parse(text: &str, name: &str) -> Result<Vec<TargetSpec>, TargetsError> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).comment(Some(b'#')).from_reader(text.as_bytes());
    let column = id_column(&mut reader, name)?;
    let mut lines = Lines { text, at: 0, line: 1 };
    let mut targets = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| malformed(&error, name, &mut lines))?;
        let line = lines.line_of(record.position());
        // An unclosed quote would swallow the lines below it, and the instances on them.
        if record.iter().any(|field| field.contains('\n')) {
            return Err(TargetsError::Malformed {
                name: name.into(),
                line,
                what: "a quoted field goes on over the end of the line; a quote may be missing".into(),
            });
        }
        targets.push(target(record.get(column).unwrap_or_default(), name, line));
    }
    Ok(targets)
}

fn id_column(reader: &mut Reader<&[u8]>, name: &str) -> Result<usize, TargetsError> {
    let mut lines = Lines { text: "", at: 0, line: 1 };
    let header = reader.headers().map_err(|error| malformed(&error, name, &mut lines))?;
    let mut columns = header.iter().enumerate().filter(|(_, name)| holds_id(name)).map(|(index, _)| index);
    let column = columns.next().ok_or_else(|| TargetsError::NoColumn {
        name: name.into(),
        columns: header.iter().collect::<Vec<_>>().join(", ").as_str().into(),
    })?;
    match columns.next() {
        None => Ok(column),
        Some(_) => Err(TargetsError::Malformed {
            name: name.into(),
            line: 1,
            what: "more than one column is called `id` or `instance_id`; which one is meant?".into(),
        }),
    }
}

fn malformed(error: &csv::Error, name: &str, lines: &mut Lines<'_>) -> TargetsError {
    let what = if let csv::ErrorKind::UnequalLengths { expected_len, len, .. } = error.kind() {
        format!("the line has {len} columns, and the header has {expected_len}")
    } else {
        error.to_string()
    };
    let line = lines.line_of(error.position());
    TargetsError::Malformed { name: name.into(), line, what: what.as_str().into() }
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
