//! JSON, strictly: one document or several that follow one another, as on the lines of NDJSON. Arrays are read again, as the
//! YAML that they also are, to learn the lines.

use reinstall_core::spec::TargetSpec;
use serde::de::IgnoredAny;

use super::form::Form;
use super::tree::Entry;
use super::{TargetsError, yaml};
use crate::input::without_values;

pub(super) fn parse(text: &str, name: &str) -> Result<Vec<TargetSpec>, TargetsError> {
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut targets = Vec::new();
    let (mut start, mut line) = (0, 1);
    while let Some(read) = documents.next() {
        read.map_err(|error| {
            // What is wrong with the syntax is said without a word of what was read.
            let line = u64::try_from(error.line()).unwrap_or(u64::MAX).max(1);
            malformed(name, line, &error)
        })?;
        let end = documents.byte_offset();
        let document = text.get(start..end).unwrap_or_default();
        targets.extend(of_document(document, name, line)?);
        line += newlines(document);
        start = end;
    }
    Ok(targets)
}

/// The targets of one document, which begins on this line.
fn of_document(document: &str, name: &str, line: u64) -> Result<Vec<TargetSpec>, TargetsError> {
    let trimmed = document.trim_start();
    if trimmed.starts_with('[') {
        return yaml::targets(document, name, line, Form::Json);
    }
    let line_of_entry = line + newlines(&document[..document.len() - trimmed.len()]);
    match serde_json::from_str::<Entry>(trimmed).map_err(|error| malformed(name, line_of_entry, &error))? {
        // A list inside an object has lines of its own.
        Entry::Wrapper => yaml::targets(document, name, line, Form::Json),
        entry @ (Entry::Target(_) | Entry::Report | Entry::Nameless) => Ok(vec![entry.target(name, line_of_entry)?]),
    }
}

fn malformed(name: &str, line: u64, error: &serde_json::Error) -> TargetsError {
    let told = without_values(&error.to_string());
    // The place that it tells counts from the beginning of the document, which need not be that of the file.
    let what = told.rsplit_once(" at line ").map_or(&*told, |(what, _)| what).into();
    TargetsError::WrongForm { name: name.into(), line, form: Form::Json, what }
}

fn newlines(text: &str) -> u64 {
    u64::try_from(text.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(u64::MAX)
}
