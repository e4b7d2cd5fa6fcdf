//! Lists of targets as people and programs keep them: text in, ids with the lines they stand on out. Whether an id is one is
//! core's part.

mod csv;
mod json;
mod plain;
mod tree;
mod yaml;

use std::io;
use std::path::Path;

use reinstall_core::spec::TargetSpec;
use reinstall_core::text::CloudText;

use crate::input::{self, InputError, STDIN, TARGETS_BYTES_MAX};

/// Why a list of targets makes no sense.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetsError {
    /// It could not be read at all.
    #[error(transparent)]
    Input(#[from] InputError),
    /// It is not what its format says.
    #[error("{name}:{line}: {what}")]
    Malformed {
        /// The file, or standard input.
        name: String,
        /// Where, counted from 1.
        line: u64,
        /// What is wrong.
        what: CloudText,
    },
    /// A CSV without a column of ids.
    #[error("{name}:1: there is no column `id` or `instance_id`; the columns are: {columns}")]
    NoColumn {
        /// The file, or standard input.
        name: String,
        /// The columns found.
        columns: CloudText,
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

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Plain,
    Csv,
    Json,
    Yaml,
}

/// Reads the list in a file, or for `-` from standard input.
pub(crate) fn read(path: &Path) -> Result<Vec<TargetSpec>, TargetsError> {
    if is_stdin(path) {
        let text = input::read_text(io::stdin().lock(), STDIN, TARGETS_BYTES_MAX)?;
        return parse(&text, STDIN, sniff(&text));
    }
    let text = input::read_file(path, TARGETS_BYTES_MAX)?;
    let name = path.display().to_string();
    parse(&text, &name, by_extension(path).unwrap_or_else(|| sniff(&text)))
}

/// Whether standard input is meant.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn parse(text: &str, name: &str, format: Format) -> Result<Vec<TargetSpec>, TargetsError> {
    match format {
        Format::Plain => Ok(plain::parse(text, name)),
        Format::Csv => csv::parse(text, name),
        Format::Json => json::parse(text, name),
        Format::Yaml => yaml::parse(text, name),
    }
}

/// A target that stands on a line, counted from 1.
fn target(id: &str, name: &str, line: impl std::fmt::Display) -> TargetSpec {
    TargetSpec { id: id.to_owned(), origin: Some(format!("{name}:{line}")), ..TargetSpec::default() }
}

/// The names of columns and fields that hold an id.
fn holds_id(field: &str) -> bool {
    ["id", "instance_id"].iter().any(|known| field.trim().eq_ignore_ascii_case(known))
}

fn by_extension(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "txt" | "list" => Some(Format::Plain),
        "csv" => Some(Format::Csv),
        "json" => Some(Format::Json),
        "yaml" | "yml" => Some(Format::Yaml),
        _ => None,
    }
}

/// The format that the first line with something on it looks like.
fn sniff(text: &str) -> Format {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let Some(first) = lines.next() else { return Format::Plain };
    if first.starts_with(['{', '[']) {
        return Format::Json;
    }
    let yaml = first.starts_with("- ") || first.starts_with("---") || first.starts_with("instances:") || first == "-";
    if yaml {
        return Format::Yaml;
    }
    let csv = first.split(',').any(|column| holds_id(column.trim_matches('"')));
    if csv || first.contains(',') { Format::Csv } else { Format::Plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_apart() {
        for (text, format) in [
            ("", Format::Plain),
            ("# ids\n0b29c7a1-0000-4000-8000-00000000000a", Format::Plain),
            ("\n  [\"x\"]", Format::Json),
            ("{\"instances\": []}", Format::Json),
            ("ID\nx", Format::Csv),
            ("name,instance_id\n", Format::Csv),
            ("\"name\",\"id\"\n", Format::Csv),
            ("name,host\n", Format::Csv),
            ("# fleet\n- x", Format::Yaml),
            ("instances:\n - x", Format::Yaml),
            ("---\n- x", Format::Yaml),
        ] {
            assert_eq!(sniff(text), format, "{text:?}");
        }
        for (path, format) in [
            ("a.CSV", Some(Format::Csv)),
            ("a.yml", Some(Format::Yaml)),
            ("a.json", Some(Format::Json)),
            ("a.txt", Some(Format::Plain)),
            ("a.b", None),
            ("a", None),
        ] {
            assert_eq!(by_extension(Path::new(path)), format, "{path}");
        }
    }

    /// `id@line` for each target, or the error.
    fn read(format: Format, text: &str) -> String {
        match parse(text, "f", format) {
            Ok(targets) => targets
                .iter()
                .map(|target| format!("{}@{}", target.id, target.origin.as_deref().unwrap().replace("f:", "")))
                .collect::<Vec<_>>()
                .join(" "),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn lists_are_read_with_their_lines() {
        use Format::{Csv, Json, Plain, Yaml};
        for (format, text, targets) in [
            (Plain, "a\n\n# no\n  b # yes\r\nc", "a@1 b@4 c@5"),
            (Plain, "#\n\n", ""),
            (Csv, "name,ID\nx,a\n\ny, b \n", "a@2 b@4"),
            (Csv, "instance_id\na\n\"b\"\n", "a@2 b@3"),
            (Csv, "id\n", ""),
            (Csv, "name,host\nx,y\n", "f:1: there is no column `id` or `instance_id`; the columns are: name, host"),
            (Json, "[\n\"a\",\n\"b\"]", "a@2 b@3"),
            (Json, "[{\"id\": \"a\"},\n{\"name\": \"x\", \"instance_id\": \"b\"}]", "a@1 b@2"),
            (Json, "{\"complete\": true, \"instances\": [\n{\"id\": \"a\", \"image\": {\"id\": \"i\"}}]}", "a@2"),
            (Json, "[]", ""),
            (Yaml, "- a\n- b # two\n", "a@1 b@2"),
            (Yaml, "instances:\n  - id: a\n    name: x\n  - instance_id: b\n", "a@2 b@4"),
            (Yaml, "- 12\n", "12@1"),
        ] {
            assert_eq!(read(format, text), targets, "{text:?}");
        }
    }

    /// What `reinstall list --output json` prints of a large fleet: some 270,000 nodes, more than the reader allows by itself.
    #[test]
    fn a_large_fleet_is_read() {
        let row = |n: u32| format!("{{\"id\": \"{n}\", \"name\": \"x\", \"state\": \"running\", \"image_id\": null}}");
        let rows: Vec<String> = (0..30_000).map(row).collect();
        let targets = parse(&format!("{{\"instances\": [\n{}]}}", rows.join(",\n")), "f", Format::Json).unwrap();
        assert_eq!(targets.len(), 30_000);
        assert_eq!(targets[29_999], target("29999", "f", 30_001));
    }

    /// A few lines that would unfold into billions of words.
    #[test]
    fn aliases_stay_bounded() {
        let bomb = |depth: usize| {
            let mut text = String::from("- {id: a, x: &a0 [x, x, x, x, x, x, x, x, x, x]}\n");
            for n in 1..=depth {
                let inside = vec![format!("*a{}", n - 1); 10].join(", ");
                text.push_str(&format!("- {{id: b{n}, x: &a{n} [{inside}]}}\n"));
            }
            parse(&text, "f", Format::Yaml)
        };
        assert_eq!(bomb(2).unwrap().len(), 3, "a few are fine");
        let refused = bomb(12).unwrap_err().to_string();
        assert!(refused.starts_with("f:"), "{refused}");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        use Format::{Csv, Json, Yaml};
        for (format, text, refused) in [
            (Csv, "id,name\na,x\nb\n", "f:3: "),
            (Csv, "id,name\na,\"x\nb,y\n", "f:2: a quoted field goes on"),
            (Csv, "id,instance_id\na,b\n", "f:1: more than one column"),
            (Json, "[{\"id\": \"a\", \"instance_id\": \"b\"}]", "f:1: "),
            (Json, "[\n\"a\",\n]", "f:3: "),
            (Json, "[\"a\"] x", "f:1: "),
            (Json, "- a", "f:1: "),
            (Json, "[\"a\",\n{\"name\": \"b\"}]", "f:2: an entry has no `id` or `instance_id`"),
            (Json, "[\"a\",\n[\"b\"]]", "f:2: "),
            (Json, "{\"servers\": []}", "f:1: "),
            (Json, "\"a\"", "f:1: "),
            (Yaml, "- a\n- {\n", "f:"),
            (Yaml, "- a\n- name: b\n", "f:2: an entry has no `id` or `instance_id`"),
            (Json, "{\"instances\": [\n{\"id\": \"a\", \"outcome\": \"succeeded\"}]}", "f:2: this is the report of"),
            (Yaml, "- id: a\n  outcome: failed\n", "f:1: this is the report of"),
        ] {
            let told = read(format, text);
            assert!(told.starts_with(refused), "{text:?}: {told}");
        }
    }
}
