//! `cargo xtask links`: every relative link in the documents leads somewhere. Addresses on the web are not fetched.

mod markdown;

use std::collections::BTreeMap;

use crate::host::{self, Workspace};
use crate::task::{Failure, report};
use crate::tree::{self, Tree};

use markdown::Page;

/// Checks the documents of the project.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let tree = tree::read(workspace)?;
    let documents = tree.keys().filter(|path| is_document(path)).count();
    report(&check(&tree), "links that lead nowhere")?;
    host::say(format_args!("the links of {documents} documents lead somewhere"));
    Ok(())
}

/// The documents whose links are checked.
fn is_document(path: &str) -> bool {
    matches!(path, "README.md" | "CONTRIBUTING.md" | "CHANGELOG.md")
        || path.starts_with("docs/") && path.ends_with(".md")
}

/// Every link that leads nowhere, as `path:line: why`.
fn check(tree: &Tree) -> Vec<String> {
    let pages: BTreeMap<&str, Page> = tree
        .iter()
        .filter(|(path, _)| path.ends_with(".md"))
        .map(|(path, text)| (path.as_str(), Page::read(text)))
        .collect();
    let mut findings = Vec::new();
    for (path, page) in pages.iter().filter(|(path, _)| is_document(path)) {
        for (line, target) in &page.targets {
            if let Err(why) = follow(path, target, tree, &pages) {
                findings.push(format!("{path}:{line}: `{target}`: {why}"));
            }
        }
        for (line, label) in page.undefined_labels() {
            findings.push(format!("{path}:{line}: `[{label}]` is defined nowhere in this file"));
        }
    }
    findings
}

/// Where a link in the file `from` leads.
fn follow(from: &str, target: &str, tree: &Tree, pages: &BTreeMap<&str, Page>) -> Result<(), String> {
    if is_web_address(target) {
        return Ok(());
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = match path {
        "" => from.to_owned(),
        path => resolve(from, &path.replace("%20", " ")).ok_or("it leaves the project")?,
    };
    let folder = format!("{path}/");
    let is_folder = path.is_empty() || tree.keys().any(|file| file.starts_with(&folder));
    if !tree.contains_key(&path) && !is_folder {
        return Err(format!("there is no {path}"));
    }
    match pages.get(path.as_str()) {
        Some(page) if !anchor.is_empty() && !page.anchors.contains(anchor) => {
            Err(format!("{path} has no heading #{anchor}"))
        }
        _ => Ok(()),
    }
}

/// Whether the target names its scheme, as `https:` or `mailto:`, or its host.
fn is_web_address(target: &str) -> bool {
    let scheme = target.split_once(':').map(|(scheme, _)| scheme);
    target.starts_with("//")
        || scheme
            .is_some_and(|scheme| !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+'))
}

/// The path from the root that `link` means in the file `from`; a leading `/` is the root. `None` above the root.
fn resolve(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = match link.starts_with('/') {
        true => Vec::new(),
        false => from.split('/').rev().skip(1).collect::<Vec<_>>().into_iter().rev().collect(),
    };
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(readme: &str) -> Tree {
        [
            ("README.md", readme),
            ("docs/architecture.md", "# The house\n\n## Who depends on whom\n"),
            ("docs/my page.md", "# Mine\n"),
            ("crates/cli/src/main.rs", "fn main() {}\n"),
        ]
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into()
    }

    #[test]
    fn links_lead_somewhere() {
        for text in [
            "[a](docs/architecture.md)",
            "[a](docs/architecture.md \"The house\")",
            "[a](./docs/architecture.md#who-depends-on-whom)",
            "[a](/docs/architecture.md)",
            "[a](docs/../docs/architecture.md)",
            "[a](<docs/my page.md>) [b](docs/my%20page.md#mine)",
            "[a](docs) [b](crates/cli/) [c](crates/cli/src/main.rs#L1) [d](.)",
            "![a](docs/architecture.md)",
            "[![badge](https://example.com/b.svg)](docs/architecture.md)",
            "# Here\n\n[a](#here)",
            "[the house][house]\n\n[house]: docs/architecture.md",
            "[House][]\n\n[house]: docs/architecture.md",
            "[a](https://example.com/none#x) <https://example.com> [b](mailto:a@example.com) [c](//example.com)",
            "A list [of] things [ ] and [x] a(b)[0][1]",
        ] {
            assert_eq!(check(&tree(text)), [""; 0], "{text}");
        }
    }

    #[test]
    fn links_that_lead_nowhere_are_told_with_file_and_line() {
        for (text, told) in [
            ("[a](none.md)", "README.md:1: `none.md`: there is no none.md"),
            ("\n\n![a](docs/none.png)", "README.md:3: `docs/none.png`: there is no docs/none.png"),
            ("[a](../up.md)", "README.md:1: `../up.md`: it leaves the project"),
            ("[a](#none)", "README.md:1: `#none`: README.md has no heading #none"),
            (
                "[a](docs/architecture.md#none)",
                "README.md:1: `docs/architecture.md#none`: docs/architecture.md has no heading #none",
            ),
            ("[![a](none.svg)](docs)", "README.md:1: `none.svg`: there is no none.svg"),
            ("[![a](docs)](none.md)", "README.md:1: `none.md`: there is no none.md"),
            ("[a][house]\n\n[house]: none.md", "README.md:3: `none.md`: there is no none.md"),
            ("\n[a][house]", "README.md:2: `[house]` is defined nowhere in this file"),
            ("[House][]", "README.md:1: `[House]` is defined nowhere in this file"),
        ] {
            assert_eq!(check(&tree(text)), [told], "{text}");
        }
    }

    #[test]
    fn a_link_starts_at_its_files_folder() {
        let mut tree = tree("");
        tree.insert("docs/decisions/0001.md".to_owned(), "[a](../architecture.md) [b](0002.md)\n".to_owned());
        assert_eq!(check(&tree), ["docs/decisions/0001.md:1: `0002.md`: there is no docs/decisions/0002.md"]);
    }

    #[test]
    fn only_the_projects_documents_are_checked() {
        let mut tree = tree("");
        tree.insert("crates/cli/notes.md".to_owned(), "[a](none.md)\n".to_owned());
        assert_eq!(check(&tree), [""; 0]);
    }
}
