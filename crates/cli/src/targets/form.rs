//! How a list of targets is written, told by what is in it: names of files are chosen by people and programs that differ.

use std::fmt;
use std::path::Path;

use super::columns::holds_id;

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// An id a line.
    Plain,
    /// Lines of columns, the first with their names.
    Table {
        /// What stands between the columns.
        delimiter: u8,
        /// Whether a line before the header says so, as Excel writes it.
        is_declared: bool,
    },
    /// One JSON document, or several that follow one another.
    Json,
    /// One YAML document.
    Yaml,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "a plain list, an id on each line",
            Self::Table { delimiter: b';', .. } => "a table with semicolons",
            Self::Table { delimiter: b'\t', .. } => "a table with tabs",
            Self::Table { delimiter: b',', .. } => "a table with commas",
            Self::Table { .. } => "a table",
            Self::Json => "JSON",
            Self::Yaml => "YAML",
        })
    }
}

/// What may stand between the columns of a table, the most usual first.
const DELIMITERS: [char; 3] = [',', ';', '\t'];

/// How YAML begins that holds a list of targets.
const YAML_STARTS: [&str; 6] = ["- ", "---", "%YAML", "instances:", "id:", "instance_id:"];

/// The form of a list: by its first line with something on it. Where that says nothing, by the name of its file.
pub(super) fn detect(text: &str, path: Option<&Path>) -> Form {
    if let Some(delimiter) = text.lines().next().and_then(declared_delimiter) {
        return Form::Table { delimiter, is_declared: true };
    }
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let Some(first) = lines.next() else { return Form::Plain };
    if first.starts_with(['{', '[']) || is_quoted_id(first) {
        return Form::Json;
    }
    if first == "-" || YAML_STARTS.iter().any(|start| first.starts_with(start)) {
        return Form::Yaml;
    }
    let table = |delimiter| Form::Table { delimiter, is_declared: false };
    if let Some(delimiter) = delimiter_of(first) {
        return table(delimiter);
    }
    match path
        .and_then(Path::extension)
        .and_then(|extension| extension.to_str())
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        Some("csv") => table(b','),
        Some("tsv") => table(b'\t'),
        Some("json" | "jsonl" | "ndjson") => Form::Json,
        Some("yaml" | "yml") => Form::Yaml,
        Some(_) | None => Form::Plain,
    }
}

/// The text below a line such as `sep=;`, if there is one.
pub(super) fn below_declaration(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, below)| below)
}

/// What a line such as `sep=;` declares.
fn declared_delimiter(line: &str) -> Option<u8> {
    let declared = line.trim_matches(['\r', '"']).strip_prefix("sep=")?;
    match declared.as_bytes() {
        [delimiter] if delimiter.is_ascii_punctuation() || *delimiter == b'\t' => Some(*delimiter),
        _ => None,
    }
}

/// What stands between the columns that this line names: whatever makes one of them the id's, else whatever stands there most
/// often. `None` if it is no line of a table.
fn delimiter_of(header: &str) -> Option<u8> {
    let names_id =
        |delimiter: &&char| header.split(**delimiter).any(|column| holds_id(column.trim().trim_matches('"')));
    let count = |delimiter: &&char| header.matches(**delimiter).count();
    let naming = DELIMITERS.iter().rev().filter(names_id).max_by_key(count);
    let present = || DELIMITERS.iter().rev().filter(|delimiter| count(delimiter) > 0).max_by_key(count);
    u8::try_from(*naming.or_else(present)?).ok()
}

/// A JSON text with an id in it, as `jq '.instances[].id'` prints one a line.
fn is_quoted_id(line: &str) -> bool {
    let inner = line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| !inner.is_empty() && inner.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_by_what_is_in_them() {
        let table = |delimiter| Form::Table { delimiter, is_declared: false };
        for (text, name, form) in [
            ("", "a", Form::Plain),
            ("# ids\n0b29c7a1-0000-4000-8000-00000000000a", "a.csv", table(b',')),
            ("# ids\n0b29c7a1-0000-4000-8000-00000000000a", "a.txt", Form::Plain),
            ("\n  [\"x\"]", "a.csv", Form::Json),
            ("{\"instances\": []}", "a", Form::Json),
            ("\"0b29c7a1\"\n\"0b29c7a2\"", "a", Form::Json),
            ("ID\nx", "a.txt", table(b',')),
            ("name,instance_id\n", "a.txt", table(b',')),
            ("\"name\",\"id\"\n", "a", table(b',')),
            ("name;id;note, or so\n", "a.csv", table(b';')),
            ("name\tid\tnote; or, so\n", "a.csv", table(b'\t')),
            ("name;host\n", "a", table(b';')),
            ("name,host\n", "a", table(b',')),
            ("sep=;\nname;id\n", "a.txt", Form::Table { delimiter: b';', is_declared: true }),
            ("sep=|\r\nname|id\r\n", "a.txt", Form::Table { delimiter: b'|', is_declared: true }),
            ("# fleet\n- x", "a.json", Form::Yaml),
            ("instances:\n - x", "a", Form::Yaml),
            ("id: x\n", "a", Form::Yaml),
            ("---\n- x", "a", Form::Yaml),
            ("fleet: x\n", "a.yml", Form::Yaml),
            ("fleet: x\n", "a", Form::Plain),
        ] {
            assert_eq!(detect(text, Some(Path::new(name))), form, "{text:?} in {name}");
        }
    }
}
