//! CSV with a header; a line is an instance.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};

use super::error::{Flaw, FleetFileError};
use super::given::Given;
use super::lines::Lines;
use super::names::{Field, Key, Names};
use super::sink::Sink;
use super::tags;
use crate::cloud::TagText;

pub(super) fn read(reader: impl BufRead, sink: &mut Sink) -> Result<(), FleetFileError> {
    let feed = Feed { lines: Lines::new(reader), left: 0, has_fed: false, failure: None };
    let mut reader = ReaderBuilder::new().has_headers(false).from_reader(feed);
    let mut record = StringRecord::new();
    if !advance(&mut reader, &mut record)? {
        return Ok(());
    }
    let columns = columns(&record).map_err(|flaw| flaw.on(reader.get_ref().line()))?;
    while advance(&mut reader, &mut record)? {
        let line = reader.get_ref().line();
        let given = given(&columns, &record).map_err(|flaw| flaw.on(line))?;
        sink.push(&given, line)?;
    }
    Ok(())
}

fn columns(header: &StringRecord) -> Result<Vec<Key>, Flaw> {
    let mut columns = Vec::with_capacity(header.len());
    let mut names = Given::default();
    for name in header {
        let key = Names::COLUMNS.find(&name.trim_ascii().to_ascii_lowercase()).map_err(Flaw::Unknown)?;
        match key {
            // The names take the places of what will stand below them, so that no two can have the same.
            Key::Text(field) => names.set(field, Cow::Borrowed(field.name()))?,
            Key::Tags => names.set_tags(TagText::default())?,
            Key::Image | Key::Interfaces | Key::Error | Key::Instances | Key::Ignored | Key::Unseen => {}
        }
        columns.push(key);
    }
    names.get(Field::Id).ok_or(Flaw::NoId)?;
    Ok(columns)
}

fn given<'r>(columns: &[Key], record: &'r StringRecord) -> Result<Given<'r>, Flaw> {
    let mut given = Given::default();
    for (key, cell) in columns.iter().zip(record) {
        let cell = cell.trim_ascii();
        match key {
            Key::Text(field) => given.set(*field, Cow::Borrowed(cell))?,
            Key::Tags if !cell.is_empty() => given.set_tags(tags::of_column(cell)?)?,
            Key::Tags | Key::Image | Key::Interfaces | Key::Error | Key::Instances | Key::Ignored | Key::Unseen => {}
        }
    }
    Ok(given)
}

/// Goes on to the next record; `false` if there is none.
fn advance<R: BufRead>(reader: &mut Reader<Feed<R>>, record: &mut StringRecord) -> Result<bool, FleetFileError> {
    reader.get_mut().has_fed = false;
    reader.read_record(record).map_err(|error| {
        let feed = reader.get_mut();
        let line = feed.line();
        if let Some(failure) = feed.failure.take() {
            failure
        } else if let ErrorKind::UnequalLengths { expected_len, len, .. } = error.kind() {
            Flaw::malformed(format!("the header has {expected_len} columns, this line has {len}")).on(line)
        } else if let ErrorKind::Utf8 { .. } = error.kind() {
            Flaw::malformed("this is not UTF-8").on(line)
        } else {
            FleetFileError::Unreadable(error.into())
        }
    })
}

/// Feeds the parser one line for each record and no more: so it is known on which line a record stands, and a quote that
/// is never closed does not swallow the instances below it.
struct Feed<R> {
    lines: Lines<R>,
    /// How many bytes of the line are still to be fed.
    left: usize,
    has_fed: bool,
    failure: Option<FleetFileError>,
}

impl<R: BufRead> Feed<R> {
    fn line(&self) -> u64 {
        self.lines.number()
    }

    fn next_line(&mut self) -> Result<(), FleetFileError> {
        if self.has_fed {
            let what = "a quoted field goes on over the end of the line; a quote may be missing";
            return Err(Flaw::malformed(what).on(self.line()));
        }
        if self.lines.advance()? {
            self.left = self.lines.text().len();
            self.has_fed = true;
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Feed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0
            && let Err(failure) = self.next_line()
        {
            self.failure = Some(failure);
            return Err(io::ErrorKind::InvalidData.into());
        }
        let text = self.lines.text();
        let rest = &text[text.len() - self.left..];
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        self.left -= len;
        Ok(len)
    }
}
