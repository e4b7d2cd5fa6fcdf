//! A recording, read from its file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use http::Method;

use super::file::{FILE_BYTES_MAX, LINE_BYTES_MAX};
use super::findings::Findings;
use super::fleet::{self, FleetRow};
use super::kept::{Exchange, Head, KeptAnswer, SCHEMA};
use super::replay::Replay;

/// Why a file is no recording. Quotes none of it: it may be any file.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read.
    #[error("the recording cannot be read: {0}")]
    Read(#[from] io::Error),
    /// Nothing is in it.
    #[error("the recording is empty")]
    Empty,
    /// It is written in a form that is not known here.
    #[error("the recording has form {0}, and only form {SCHEMA} is known here")]
    Form(u32),
    /// A line is not what it should be.
    #[error("line {line} of the recording is not understood, at column {column}")]
    Line {
        /// Which line, counted from 1.
        line: usize,
        /// Where in it, counted from 1.
        column: usize,
    },
    /// It is longer than any recording, or one of its lines is.
    #[error("the recording is longer than any that is written here")]
    TooLong,
}

/// What was recorded: to be replayed, turned into a fleet, and looked into.
#[derive(Debug)]
pub struct Recording {
    head: Head,
    exchanges: Vec<Exchange>,
    replay: Replay,
}

impl Recording {
    /// Reads the recording in a file.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        Self::load(BufReader::new(File::open(path)?))
    }

    /// Reads a recording. Half a line at the end is what a crash leaves behind, and counts as not written.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn load(source: impl BufRead) -> Result<Self, LoadError> {
        let mut source = source.take(FILE_BYTES_MAX + 1);
        let mut line = Vec::new();
        if !read_line(&mut source, &mut line)? {
            return Err(LoadError::Empty);
        }
        let head = read_head(&line)?;
        let mut exchanges = Vec::new();
        for number in 2.. {
            if !read_line(&mut source, &mut line)? {
                break;
            }
            exchanges.push(serde_json::from_slice(&line).map_err(|error| wrong(number, &error))?);
        }
        let replay = Replay::new(&exchanges);
        Ok(Self { head, exchanges, replay })
    }

    /// What it says of itself.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// What was kept, in the order of the answers.
    #[must_use]
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// What was answered to this request: to each asking the next answer, in the order in which they were recorded, and
    /// the last one from then on. `None` if nothing was kept of it.
    ///
    /// Paths and queries have the made-up names in them. Where one project alone was recorded, any project means it. The
    /// order of a query's parameters does not count, nor does the body.
    pub fn replay(&mut self, method: &Method, path: &str, query: Option<&str>) -> Option<&KeptAnswer> {
        let index = self.replay.next(method, path, query)?;
        self.exchanges.get(index)?.answer.as_ref()
    }

    /// The instances as they were last seen, in the order of their made-up ids: the rows of a fleet file.
    #[must_use]
    pub fn fleet_rows(&self) -> Vec<FleetRow> {
        fleet::rows(&self.exchanges)
    }

    /// What it tells of the questions that no document answers.
    #[must_use]
    pub fn findings(&self) -> Findings {
        Findings::of(&self.exchanges)
    }
}

/// Reads the next whole line into `line`; `false` at the end.
fn read_line(source: &mut io::Take<impl BufRead>, line: &mut Vec<u8>) -> Result<bool, LoadError> {
    line.clear();
    source.by_ref().take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', line)?;
    if line.len() > LINE_BYTES_MAX || source.limit() == 0 {
        return Err(LoadError::TooLong);
    }
    Ok(line.ends_with(b"\n"))
}

fn read_head(line: &[u8]) -> Result<Head, LoadError> {
    /// So much of the first line is the same in every form.
    #[derive(serde::Deserialize)]
    struct Form {
        recording: u32,
    }
    let form: Form = serde_json::from_slice(line).map_err(|error| wrong(1, &error))?;
    if form.recording != SCHEMA {
        return Err(LoadError::Form(form.recording));
    }
    serde_json::from_slice(line).map_err(|error| wrong(1, &error))
}

fn wrong(line: usize, error: &serde_json::Error) -> LoadError {
    LoadError::Line { line, column: error.column() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"{"recording":1,"began":"2026-11-23T07:15:00.000Z","region":"cn-east-3","writes":false}"#;
    const LINE: &str = r#"{"at":"2026-11-23T07:15:00.000Z","took_ms":7,"asked":{"method":"GET","path":"/","places":[]},"failed":"broken"}"#;

    #[test]
    fn whole_lines_are_read_and_half_a_line_was_not_written() {
        for (text, count) in [
            (format!("{HEAD}\n"), 0),
            (format!("{HEAD}\n{LINE}\n"), 1),
            (format!("{HEAD}\n{LINE}\n{LINE}\n"), 2),
            (format!("{HEAD}\n{LINE}\n{}", &LINE[..20]), 1),
            (format!("{HEAD}\n{LINE}"), 0),
        ] {
            let recording = Recording::load(text.as_bytes()).unwrap();
            assert_eq!(recording.exchanges().len(), count, "{text}");
            assert_eq!(recording.head().region.as_ref().unwrap().as_str(), "cn-east-3");
        }
    }

    #[test]
    fn what_is_no_recording_is_not_quoted() {
        let later = HEAD.replace(":1,", ":2,\"canary\":1,");
        for (text, words) in [
            (String::new(), "the recording is empty"),
            ("canary".to_owned(), "the recording is empty"),
            ("canary\n".to_owned(), "line 1 of the recording is not understood, at column 1"),
            ("{\"password\":\"canary\"}\n".to_owned(), "line 1 of the recording is not understood, at column 21"),
            (format!("{later}\n"), "the recording has form 2, and only form 1 is known here"),
            (format!("{HEAD}\n{LINE}\n\n"), "line 3 of the recording is not understood, at column 0"),
            (format!("{HEAD}\n{{\"canary\":1}}\n"), "line 2 of the recording is not understood, at column 9"),
        ] {
            let error = Recording::load(text.as_bytes()).unwrap_err().to_string();
            assert_eq!(error, words, "{text}");
        }
    }
}
