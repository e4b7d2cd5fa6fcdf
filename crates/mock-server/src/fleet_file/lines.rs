//! Where in a file we are, and how much of it one instance takes.

use std::cell::Cell;
use std::io::{self, BufRead, Read};

use super::ROW_BYTES_MAX;
use super::error::{Flaw, FleetFileError};

/// The lines of a file, each with its end, but for blank ones and comments.
pub(super) struct Lines<R> {
    reader: R,
    text: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, text: Vec::new(), number: 0 }
    }

    /// Goes on to the next line; `false` if there is none.
    pub(super) fn advance(&mut self) -> Result<bool, FleetFileError> {
        loop {
            self.text.clear();
            let most = ROW_BYTES_MAX as u64 + 1;
            let len = (&mut self.reader).take(most).read_until(b'\n', &mut self.text);
            if len.map_err(FleetFileError::Unreadable)? == 0 {
                return Ok(false);
            }
            self.number += 1;
            if self.text.last() != Some(&b'\n') {
                if self.text.len() > ROW_BYTES_MAX {
                    return Err(Flaw::TooLong.on(self.number));
                }
                self.text.push(b'\n');
            }
            let begin = self.text.trim_ascii_start();
            if !begin.is_empty() && !begin.starts_with(b"#") {
                return Ok(true);
            }
        }
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Which line it is, counted from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

/// How far a reader has got.
#[derive(Debug)]
pub(super) struct Flow {
    line: Cell<u64>,
    row_bytes: Cell<usize>,
    is_over: Cell<bool>,
}

impl Flow {
    /// What a parser may have read of the next instance while it is at one.
    const AHEAD_BYTES_MAX: usize = 16 * 1_024;

    pub(super) fn new() -> Self {
        Self { line: Cell::new(1), row_bytes: Cell::new(0), is_over: Cell::new(false) }
    }

    /// The line that was reached, counted from 1.
    pub(super) fn line(&self) -> u64 {
        self.line.get()
    }

    /// An instance begins.
    pub(super) fn begin_row(&self) {
        self.row_bytes.set(0);
    }

    /// Whether more was asked for than one instance may take.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.get()
    }
}

/// A reader that tells how far it has got.
pub(super) struct Counted<'f, R> {
    pub(super) reader: R,
    pub(super) flow: &'f Flow,
}

impl<R: BufRead> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let row_bytes = self.flow.row_bytes.get();
        if row_bytes > ROW_BYTES_MAX + Flow::AHEAD_BYTES_MAX {
            self.flow.is_over.set(true);
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let filled = self.reader.fill_buf()?;
        // Often a single byte: that is how the JSON parser reads.
        let read = buffer.len().min(filled.len()).min(Flow::AHEAD_BYTES_MAX / 2);
        let (buffer, filled) = (&mut buffer[..read], &filled[..read]);
        buffer.copy_from_slice(filled);
        let newlines = filled.iter().filter(|byte| **byte == b'\n').count();
        self.reader.consume(read);
        self.flow.line.set(self.flow.line.get() + newlines as u64);
        self.flow.row_bytes.set(row_bytes + read);
        Ok(read)
    }
}
