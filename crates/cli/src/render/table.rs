//! Tables without lines. A cell is never broken: what does not fit runs on, so that an id can always be copied.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};

/// A table with this header.
pub(super) fn new<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(header);
    table
}

/// Writes the table, with no spaces at the ends of its lines.
pub(super) fn write(out: &mut dyn Write, table: &Table) -> io::Result<()> {
    for line in table.to_string().lines() {
        // The first column has a margin on its left too.
        writeln!(out, "{}", line.strip_prefix(' ').unwrap_or(line).trim_end())?;
    }
    Ok(())
}

/// `-` for what is not known.
pub(super) fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".into(), |value| value.to_string())
}
