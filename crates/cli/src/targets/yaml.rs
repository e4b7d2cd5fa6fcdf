//! YAML: a list of ids, a list of objects with an id, or an object with such a list under `instances`.

use reinstall_core::spec::TargetSpec;
use serde_saphyr::Spanned;

use super::TargetsError;
use super::form::Form;
use super::tree::{Document, Entry};
use crate::input::{TARGETS_BYTES_MAX, without_values};

/// The targets of a document whose first line is this one, counted from 1. `form` is what it is called in errors.
pub(super) fn targets(text: &str, name: &str, first_line: u64, form: Form) -> Result<Vec<TargetSpec>, TargetsError> {
    // The reader's own bounds are made for settings files: a fleet of 20,000 goes past them. The length of the text bounds
    // what can be in it; what aliases could make of it stays bounded as it is.
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_events: TARGETS_BYTES_MAX, max_nodes: TARGETS_BYTES_MAX },
    };
    let document: Document = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line().max(1));
        let told = error.without_snippet().to_string();
        let what = without_values(told.lines().next().unwrap_or_default()).as_str().into();
        TargetsError::WrongForm { name: name.into(), line: first_line + line - 1, form, what }
    })?;
    match document {
        Document::List(entries) => {
            let target = |entry: Spanned<Entry>| entry.value.target(name, first_line + entry.referenced.line() - 1);
            entries.into_iter().map(target).collect()
        }
        Document::One(entry) => {
            let is_empty =
                |line: &&str| line.trim().is_empty() || line.starts_with(['#', '%']) || line.starts_with("---");
            let above = u64::try_from(text.lines().take_while(is_empty).count()).unwrap_or(u64::MAX);
            Ok(vec![entry.target(name, first_line + above)?])
        }
    }
}
