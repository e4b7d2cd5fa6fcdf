//! `cargo xtask purity`: the crates keep their promises about what they depend on.

use std::collections::BTreeSet;
use std::fs;

use crate::host::{self, Workspace};
use crate::task::{Failure, report};

/// The crate whose whole tree is written down.
const PURE: &str = "reinstall-core";
/// Where it is written down.
const ALLOWED_FILE: &str = "xtask/purity-allowed.txt";

/// What must be absent from a crate's tree, whatever a list allows.
const ABSENT: [(&str, &[&str]); 4] = [
    (PURE, &["getrandom", "hyper", "mio", "reqwest", "rusqlite", "socket2", "tokio"]),
    ("reinstall-http", &["axum", "clap"]),
    ("reinstall-journal", &["clap", "reqwest", "tokio"]),
    ("xtask", &["reinstall-cli", "reinstall-core", "reinstall-http", "reinstall-journal", "reinstall-mock-server"]),
];

/// Checks the trees as cargo tells them.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let path = workspace.root.join(ALLOWED_FILE);
    let allowed = fs::read_to_string(&path).map_err(|source| Failure::Read { path, source })?;
    let mut findings = Vec::new();
    for (package, absent) in ABSENT {
        let mut tree = host::cargo(workspace);
        tree.args(["tree", "-p", package, "-e", "normal", "--prefix", "none", "--locked"]);
        let listing = host::output(&mut tree)?;
        let names = crate_names(&listing, package);
        findings.extend(intruders(package, &names, absent));
        if package == PURE {
            findings.extend(departures(&allowed, &names));
        }
    }
    report(&findings, "dependencies not as promised")?;
    host::say(format_args!("the dependencies of {} crates are as promised", ABSENT.len()));
    Ok(())
}

/// The names in the output of `cargo tree --prefix none`, without the root's own.
fn crate_names<'a>(listing: &'a str, root: &str) -> BTreeSet<&'a str> {
    listing.lines().filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty() && *name != root).collect()
}

/// Which of `absent` are there.
fn intruders(package: &str, names: &BTreeSet<&str>, absent: &[&str]) -> Vec<String> {
    let found = absent.iter().filter(|name| names.contains(*name));
    found
        .map(|name| {
            format!("{package} must not depend on {name}; `cargo tree -p {package} -e normal -i {name}` tells who does")
        })
        .collect()
}

/// How the tree and the allow-list differ, and where the list is out of order.
fn departures(allowed: &str, names: &BTreeSet<&str>) -> Vec<String> {
    let mut findings = Vec::new();
    let mut listed = BTreeSet::new();
    let mut previous = "";
    for line in allowed.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            previous = "";
            continue;
        }
        if !listed.insert(line) {
            findings.push(format!("{ALLOWED_FILE}: `{line}` stands there twice"));
        } else if line < previous {
            findings.push(format!("{ALLOWED_FILE}: `{line}` must stand before `{previous}`"));
        }
        previous = line;
    }
    findings.extend(names.difference(&listed).map(|name| {
        format!("{PURE} has a new dependency, {name}: do without, or add it to {ALLOWED_FILE} under a reason")
    }));
    findings.extend(
        listed
            .difference(names)
            .map(|name| format!("{ALLOWED_FILE}: `{name}` is no dependency of {PURE} any more; remove the line")),
    );
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "root v0.1.0 (/w)\nserde v1.0.0\nserde_derive v1.0.0 (proc-macro)\nserde v1.0.0 (*)\n";

    #[test]
    fn a_listing_is_reduced_to_names() {
        let names = crate_names(LISTING, "root");
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["serde", "serde_derive"]);
    }

    #[test]
    fn what_must_be_absent_is_named() {
        let names = crate_names(LISTING, "root");
        assert!(intruders("root", &names, &["tokio", "serde_json"]).is_empty());
        let found = intruders("root", &names, &["tokio", "serde"]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("root must not depend on serde;"), "{found:?}");
    }

    #[test]
    fn the_list_and_the_tree_must_agree() {
        let names = crate_names(LISTING, "root");
        for (allowed, told) in [
            ("# why\nserde\nserde_derive\n", vec![]),
            ("# why\nserde_derive\n\n# another reason\nserde\n", vec![]),
            ("serde\n", vec!["new dependency, serde_derive"]),
            ("regex\nserde\nserde_derive\n", vec!["`regex` is no dependency"]),
            ("serde_derive\nserde\n", vec!["`serde` must stand before `serde_derive`"]),
            ("serde\nserde\nserde_derive\n", vec!["`serde` stands there twice"]),
            ("regex\n", vec!["new dependency, serde:", "new dependency, serde_derive", "`regex`"]),
        ] {
            let found = departures(allowed, &names);
            assert_eq!(found.len(), told.len(), "{allowed:?}: {found:?}");
            for (finding, part) in found.iter().zip(told) {
                assert!(finding.contains(part), "{allowed:?}: {finding}");
            }
        }
    }
}
