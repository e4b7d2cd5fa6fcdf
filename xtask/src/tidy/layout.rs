//! Rules about files as a whole.

use super::{Breach, File};

/// The most lines a file may have before its tests begin.
const LINES_MAX: usize = 400;

/// Files stay short enough to be read in one go. Tests are data and may be long.
pub(super) fn size(file: File<'_>) -> Vec<Breach> {
    if !file.is_rust() || is_test_file(file.path) {
        return Vec::new();
    }
    let lines = lines_before_tests(file.text);
    match lines > LINES_MAX {
        true => vec![(0, format!("{lines} lines before its tests, at most {LINES_MAX}: split it by thought"))],
        false => Vec::new(),
    }
}

/// In a folder of tests, or a module of nothing but tests.
fn is_test_file(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    matches!(parts.next(), Some("tests.rs" | "testing.rs")) || parts.any(|folder| folder == "tests")
}

/// How many lines stand before the module of tests; `mod testing;` is not one, since it has no body here.
fn lines_before_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .windows(2)
        .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{'))
        .unwrap_or(lines.len())
}

/// A crate's first sentence is its promise.
pub(super) fn crate_docs(file: File<'_>) -> Vec<Breach> {
    let is_root = file.path.ends_with("src/lib.rs") || file.path.ends_with("src/main.rs");
    match is_root && !file.text.starts_with("//! ") {
        true => vec![(0, "start the crate with its promise: a `//!` doc comment in the first line".to_owned())],
        false => Vec::new(),
    }
}

/// No invisible differences.
pub(super) fn whitespace(file: File<'_>) -> Vec<Breach> {
    if !file.is_rust() && !file.path.ends_with(".md") && !file.path.ends_with(".toml") {
        return Vec::new();
    }
    // Not `lines`, which would hide a carriage return.
    let lines = || (1..).zip(file.text.split('\n'));
    let trailing = lines().filter(|(_, line)| line.ends_with([' ', '\t', '\r']));
    let tabs = lines().filter(|(_, line)| line.trim_end().contains('\t'));
    let trailing = trailing.map(|(number, _)| (number, "whitespace at the end of the line".to_owned()));
    let tabs = tabs.map(|(number, _)| (number, "a tab: use spaces, or `\\t` in a string".to_owned()));
    trailing.chain(tabs).collect()
}

/// What a build makes is not part of the source.
pub(super) fn build_output(file: File<'_>) -> Vec<Breach> {
    let in_target = file.path.split('/').rev().skip(1).any(|folder| folder == "target");
    let extension = file.path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_made = matches!(
        extension,
        "a" | "d"
            | "dll"
            | "dylib"
            | "exe"
            | "gz"
            | "lib"
            | "new"
            | "o"
            | "pdb"
            | "pending-snap"
            | "rlib"
            | "rmeta"
            | "so"
    );
    match in_target || is_made {
        true => vec![(0, "build output: remove it, and ignore it in .gitignore".to_owned())],
        false => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::breached;
    use super::*;

    #[test]
    fn files_stay_short() {
        let at_most = "x\n".repeat(LINES_MAX);
        let with_tests = format!("{at_most}#[cfg(test)]\nmod tests {{\n{at_most}}}\n");
        let declared = format!("#[cfg(test)]\nmod testing;\n{at_most}");
        let over = "x\n".repeat(LINES_MAX + 1);
        for (path, text, fits) in [
            ("src/a.rs", &at_most, true),
            ("src/a.rs", &with_tests, true),
            ("src/a.rs", &over, false),
            ("src/a.rs", &declared, false),
            ("crates/a/tests/it/main.rs", &over, true),
            ("src/rollout/tests.rs", &over, true),
            ("src/tests_of_patience.rs", &over, false),
            ("docs/a.md", &over, true),
        ] {
            assert_eq!(breached(size, path, text).is_empty(), fits, "{path}, {} bytes", text.len());
        }
    }

    #[test]
    fn crates_start_with_their_promise() {
        for (path, text, fits) in [
            ("crates/a/src/lib.rs", "//! Rules.\n", true),
            ("crates/a/src/lib.rs", "mod a;\n//! Rules.\n", false),
            ("crates/a/src/main.rs", "", false),
            ("crates/a/src/main.rs", "//!\n", false),
            ("crates/a/src/other.rs", "mod a;\n", true),
        ] {
            assert_eq!(breached(crate_docs, path, text).is_empty(), fits, "{path}: {text}");
        }
    }

    #[test]
    fn whitespace_is_visible() {
        let text = "a\nb \n\tc\nd\te\nf\t\n";
        assert_eq!(breached(whitespace, "a.rs", text), [2, 5, 3, 4]);
        assert_eq!(breached(whitespace, "a.toml", "a\r\nb\n"), [1]);
        assert!(breached(whitespace, "a.md", "a\n\nb\n").is_empty());
        assert!(breached(whitespace, "a.snap", text).is_empty());
    }

    #[test]
    fn build_output_stays_out() {
        for (path, fits) in [
            ("src/target.rs", true),
            ("docs/target", true),
            ("crates/a/target/debug/a", false),
            ("target/x", false),
            ("a.rlib", false),
            ("tests/snapshots/a.snap.new", false),
            ("tests/snapshots/a.snap", true),
            ("README.md", true),
        ] {
            assert_eq!(breached(build_output, path, "").is_empty(), fits, "{path}");
        }
    }
}
