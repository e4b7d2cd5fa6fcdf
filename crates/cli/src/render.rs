//! What people and programs get to read. Everything is written to a given writer; nothing is decided.

mod board;
pub(crate) mod console;
pub(crate) mod doctor;
pub(crate) mod estimate;
pub(crate) mod looks;
pub(crate) mod news;
pub(crate) mod output;
pub(crate) mod plan;
pub(crate) mod preflight;
pub(crate) mod progress;
pub(crate) mod queue;
pub(crate) mod report;
pub(crate) mod rollouts;
#[cfg(test)]
pub(crate) mod sample;
mod table;

use std::io::{self, Write};

use serde::Serialize;

use self::output::{Escaping, Stream};
use crate::failure::Failure;

/// Writes text to standard output, or JSON by [`json_object`] and [`json_line`], and waits until it is out. A reader that went
/// away had enough: that is no failure.
pub(crate) fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    write_out(Escaping::text(io::BufWriter::new(Stream::Output)), write)
}

/// As [`to_stdout`], with our own colours. What comes from elsewhere is to be escaped before it is coloured.
pub(crate) fn to_coloured_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    write_out(Escaping::coloured(io::BufWriter::new(Stream::Output)), write)
}

fn write_out(
    mut out: Escaping<io::BufWriter<Stream>>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    // Standard error may lead to the same terminal, and what was said there came before.
    console::settle();
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes text to standard error, as well as that goes, and waits for nobody: where it is closed or not read there is nobody
/// to tell.
pub(crate) fn to_stderr(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
    console::write(text(write));
}

/// Text as it may go to a terminal.
pub(crate) fn text(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Vec<u8> {
    let mut lines = Vec::new();
    // Memory takes everything.
    drop(write(&mut Escaping::text(&mut lines)));
    lines
}

/// Tells what to do next, a line each.
pub(crate) fn hints(steps: &[String]) {
    to_stderr(|err| steps.iter().try_for_each(|step| writeln!(err, "hint: {step}")));
}

/// One JSON object, indented for the eye.
pub(crate) fn json_object(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(Escaping::json(&mut *out), value)?;
    writeln!(out)
}

/// One JSON object on one line, flushed, since somebody may be waiting for it.
pub(crate) fn json_line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(Escaping::json(&mut *out), value)?;
    writeln!(out)?;
    out.flush()
}
