//! Lists of targets as people and programs keep them: text in, ids with the lines they stand on out, and what is said of
//! each besides. Whether an id is one is core's part.

mod columns;
mod form;
mod json;
mod plain;
mod table;
mod tree;
mod yaml;

use std::io;
use std::path::Path;

use reinstall_core::spec::TargetSpec;
use reinstall_core::text::CloudText;

use self::form::Form;
use self::table::Table;
use crate::input::{self, InputError, STDIN, TARGETS_BYTES_MAX};

/// Why a list of targets makes no sense. Never holds a piece of the list: a file of another kind, such as one with a
/// password, may have been named by mistake.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetsError {
    /// It could not be read at all.
    #[error(transparent)]
    Input(#[from] InputError),
    /// It cannot be read in the form that it seems to have.
    #[error("{name}:{line}: read as {form}: {what}")]
    WrongForm {
        /// The file, or standard input.
        name: String,
        /// Where, counted from 1.
        line: u64,
        /// How it was read.
        form: Form,
        /// What is wrong.
        what: CloudText,
    },
    /// One of its entries makes no sense.
    #[error("{name}:{line}: {what}")]
    Malformed {
        /// The file, or standard input.
        name: String,
        /// Where, counted from 1.
        line: u64,
        /// What is wrong.
        what: CloudText,
    },
    /// Its lines are hardly ever ids.
    #[error("{name}: read as {}: {ids} of its {lines} lines look like an id", Form::Plain)]
    NoList {
        /// The file, or standard input.
        name: String,
        /// How many lines have something on them.
        lines: usize,
        /// How many of them look like an id.
        ids: usize,
    },
    /// A table without a column of ids.
    #[error("{name}:{line}: read as a table: none of its {columns} columns is called `id` or `instance_id`")]
    NoColumn {
        /// The file, or standard input.
        name: String,
        /// Where the columns are named.
        line: u64,
        /// How many columns there are.
        columns: usize,
    },
    /// The report of an earlier run.
    #[error("{name}:{line}: this is the report of an earlier run, not a list of targets")]
    Report {
        /// The file, or standard input.
        name: String,
        /// Where it shows.
        line: u64,
    },
}

/// What a list may be, for those whose list is something else.
pub(crate) const ACCEPTED: &str = "accepted are an id on each line; a table with commas, semicolons or tabs whose first line \
     names a column `id`; JSON or JSON Lines with an `id` in each object; YAML";

/// Reads the list in a file, or for `-` from standard input.
pub(crate) fn read(path: &Path) -> Result<Vec<TargetSpec>, TargetsError> {
    if is_stdin(path) {
        let text = input::read_list(io::stdin().lock(), STDIN, TARGETS_BYTES_MAX)?;
        return parse(&text, STDIN, None);
    }
    let name = path.display().to_string();
    let text = input::read_list(input::open(path)?, &name, TARGETS_BYTES_MAX)?;
    parse(&text, &name, Some(path))
}

/// Whether standard input is meant.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn parse(text: &str, name: &str, path: Option<&Path>) -> Result<Vec<TargetSpec>, TargetsError> {
    match form::detect(text, path) {
        Form::Plain => plain::parse(text, name),
        Form::Table { delimiter, is_declared: false } => Table { text, name, first_line: 1, delimiter }.targets(),
        Form::Table { delimiter, is_declared: true } => {
            Table { text: form::below_declaration(text), name, first_line: 2, delimiter }.targets()
        }
        Form::Json => json::parse(text, name),
        form @ Form::Yaml => yaml::targets(text, name, 1, form),
    }
}

/// What a list says of one target.
#[derive(Default)]
struct Row {
    id: String,
    name: Option<String>,
    addresses: Vec<String>,
}

impl Row {
    /// The target that stands on a line, counted from 1.
    fn at(self, name: &str, line: u64) -> TargetSpec {
        TargetSpec { id: self.id, name: self.name, addresses: self.addresses, origin: Some(format!("{name}:{line}")) }
    }
}

#[cfg(test)]
mod tests;
