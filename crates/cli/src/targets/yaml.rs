//! YAML: a list of ids, a list of objects with an id, or an object with such a list under `instances`.

use reinstall_core::spec::TargetSpec;

use super::tree::{Document, Entry};
use super::{TargetsError, target};
use crate::input::TARGETS_BYTES_MAX;

pub(super) fn parse(text: &str, name: &str) -> Result<Vec<TargetSpec>, TargetsError> {
    // The reader's own bounds are made for settings files: a fleet of 20,000 goes past them. The length of the text bounds
    // what can be in it; what aliases could make of it stays bounded as it is.
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_events: TARGETS_BYTES_MAX, max_nodes: TARGETS_BYTES_MAX },
    };
    let document: Document = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line().max(1));
        let told = error.without_snippet().to_string();
        let what = told.lines().next().unwrap_or_default().into();
        TargetsError::Malformed { name: name.into(), line, what }
    })?;
    let targets = document.entries.iter().map(|entry| {
        let line = entry.referenced.line();
        match &entry.value {
            Entry::Id(id) => Ok(target(id, name, line)),
            Entry::Report => Err(TargetsError::Report { name: name.into(), line }),
            Entry::Nameless => Err(TargetsError::Malformed {
                name: name.into(),
                line,
                what: "an entry has no `id` or `instance_id`".into(),
            }),
        }
    });
    targets.collect()
}
