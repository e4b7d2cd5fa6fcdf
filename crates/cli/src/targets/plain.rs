//! An id a line; `#` begins a comment, also behind an id.

use reinstall_core::spec::TargetSpec;

use super::{Row, TargetsError};

pub(super) fn parse(text: &str, name: &str) -> Result<Vec<TargetSpec>, TargetsError> {
    let lines =
        text.lines().zip(1_u64..).map(|(line, number)| (number, line.split('#').next().unwrap_or_default().trim()));
    let given: Vec<(u64, &str)> = lines.filter(|(_, id)| !id.is_empty()).collect();
    // A file of another kind is told once. A list with slips in it is told line by line, by core.
    let alike = given.iter().filter(|(_, id)| is_like_an_id(id)).count();
    if alike * 2 < given.len() {
        return Err(TargetsError::NoList { name: name.into(), lines: given.len(), ids: alike });
    }
    Ok(given.into_iter().map(|(line, id)| Row { id: id.to_owned(), ..Row::default() }.at(name, line)).collect())
}

fn is_like_an_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}
