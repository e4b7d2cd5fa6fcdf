//! What people and programs get to read. Everything is written to a given writer; nothing is decided.

pub(crate) mod doctor;
pub(crate) mod estimate;
pub(crate) mod looks;
pub(crate) mod news;
pub(crate) mod plan;
pub(crate) mod preflight;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod rollouts;
#[cfg(test)]
pub(crate) mod sample;
mod table;

use std::io::{self, Write};

use serde::Serialize;

use crate::failure::Failure;

/// Writes to standard output. A reader that went away had enough: that is no failure.
pub(crate) fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes to standard error, as well as that goes: where it is closed there is nobody left to tell.
pub(crate) fn to_stderr(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
    drop(write(&mut io::stderr().lock()));
}

/// Tells what to do next, a line each.
pub(crate) fn hints(steps: &[String]) {
    to_stderr(|err| steps.iter().try_for_each(|step| writeln!(err, "hint: {step}")));
}

/// One JSON object, indented for the eye.
pub(crate) fn json_object(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

/// One JSON object on one line, flushed, since somebody may be waiting for it.
pub(crate) fn json_line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out)?;
    out.flush()
}
