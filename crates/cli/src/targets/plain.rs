//! An id a line; `#` begins a comment, also behind an id.

use reinstall_core::spec::TargetSpec;

use super::target;

pub(super) fn parse(text: &str, name: &str) -> Vec<TargetSpec> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.split('#').next().unwrap_or_default().trim()))
        .filter(|(_, id)| !id.is_empty())
        .map(|(line, id)| target(id, name, line))
        .collect()
}
