//! `cargo xtask tidy`: the house rules that no lint knows, each a pure function of a file.

mod layout;
mod names;
mod words;

use crate::host::{self, Workspace};
use crate::task::{Failure, report};
use crate::tree;

/// One file of the project.
#[derive(Debug, Clone, Copy)]
struct File<'a> {
    /// From the root, with `/` between its parts.
    path: &'a str,
    text: &'a str,
}

impl<'a> File<'a> {
    fn is_rust(self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The lines, counted from 1.
    fn lines(self) -> impl Iterator<Item = (usize, &'a str)> {
        (1..).zip(self.text.lines())
    }

    /// The lines that are not comments from their start, counted from 1.
    fn code_lines(self) -> impl Iterator<Item = (usize, &'a str)> {
        self.lines().filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// A breach: where in the file, 0 for the file as a whole, and what to do instead.
type Breach = (usize, String);

/// Every rule.
const RULES: [fn(File<'_>) -> Vec<Breach>; 9] = [
    layout::size,
    layout::crate_docs,
    layout::whitespace,
    layout::build_output,
    names::types,
    words::markers,
    words::homes,
    words::machine_paths,
    words::attributes,
];

/// Holds every file of the project against every rule.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let tree = tree::read(workspace)?;
    let files = tree.iter().map(|(path, text)| File { path, text });
    report(&files.flat_map(check).collect::<Vec<_>>(), "breaches of house rules")?;
    host::say(format_args!("{} files keep {} house rules", tree.len(), RULES.len()));
    Ok(())
}

/// The breaches in one file, as `path:line: what to do`.
fn check(file: File<'_>) -> Vec<String> {
    let breaches = RULES.iter().flat_map(|rule| rule(file));
    breaches
        .map(|(line, what)| match line {
            0 => format!("{}: {what}", file.path),
            line => format!("{}:{line}: {what}", file.path),
        })
        .collect()
}

/// For the rules' tests: the lines in which `rule` finds a breach.
#[cfg(test)]
fn breached(rule: fn(File<'_>) -> Vec<Breach>, path: &str, text: &str) -> Vec<usize> {
    rule(File { path, text }).into_iter().map(|(line, _)| line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaches_are_told_with_file_and_line() {
        let text = "//! Docs.\nstruct Info;\n";
        let told = check(File { path: "crates/a/src/lib.rs", text });
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("crates/a/src/lib.rs:2: `Info`"), "{told:?}");
        let told = check(File { path: "crates/a/src/lib.rs", text: "mod a;\n" });
        assert!(told[0].starts_with("crates/a/src/lib.rs: "), "{told:?}");
        assert!(check(File { path: "crates/a/src/lib.rs", text: "//! Docs.\nmod a;\n" }).is_empty());
    }
}
