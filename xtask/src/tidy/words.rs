//! Rules about words that must not stand in a file, or only in one.

use super::{Breach, File};

/// The folder of these rules: it must be able to name what it bans.
const OWN_FOLDER: &str = "xtask/src/tidy/";

/// Words that promise work for later.
const MARKERS: [&str; 5] = ["todo!(", "unimplemented!(", "FIXME", "TODO", "XXX"];

/// Words that may stand in certain files only.
const HOMES: [(&[&str], &[&str]); 3] = [
    (&["reqwest::", "use reqwest"], &["crates/reinstall-http/src/transport.rs"]),
    (
        &["SystemTime::now", "Instant::now", "tokio::time::sleep"],
        &["crates/reinstall-http/src/clock.rs", "crates/sim/src/stopwatch.rs", "xtask/src/host.rs"],
    ),
    (&["env::var"], &["crates/cli/src/env.rs", "xtask/src/host.rs"]),
];

/// Folders of one machine.
const MACHINE_PATHS: [&str; 4] = ["/home/", "/root/", "/work/", "/tmp/wt"];

/// What is left to do is an issue, not a comment.
pub(super) fn markers(file: File<'_>) -> Vec<Breach> {
    if !file.is_rust() || file.path.starts_with(OWN_FOLDER) {
        return Vec::new();
    }
    find_words(file.lines(), &MARKERS)
        .map(|(number, word)| (number, format!("`{word}`: do it, or file an issue")))
        .collect()
}

/// The clock, the environment and the HTTP client have one home each.
pub(super) fn homes(file: File<'_>) -> Vec<Breach> {
    if !file.is_rust() || file.path.starts_with(OWN_FOLDER) {
        return Vec::new();
    }
    let foreign = HOMES.iter().filter(|(_, homes)| !homes.contains(&file.path));
    foreign
        .flat_map(|(words, homes)| {
            find_words(file.code_lines(), words)
                .map(|(number, word)| (number, format!("`{word}`: only {} may say that", homes.join(" and "))))
        })
        .collect()
}

/// What works on one machine only is no part of the project.
pub(super) fn machine_paths(file: File<'_>) -> Vec<Breach> {
    if file.path.starts_with(OWN_FOLDER) {
        return Vec::new();
    }
    find_words(file.lines(), &MACHINE_PATHS)
        .map(|(number, word)| (number, format!("`{word}`: a path of one machine")))
        .collect()
}

/// Lints are answered with `expect`, which complains once it is needless, and with a reason.
pub(super) fn attributes(file: File<'_>) -> Vec<Breach> {
    if !file.is_rust() || file.path.starts_with(OWN_FOLDER) {
        return Vec::new();
    }
    let mut breaches = Vec::new();
    for (number, line) in file.code_lines() {
        let line = line.trim_start();
        if line.starts_with("#[allow(") || line.starts_with("#![allow(") {
            breaches.push((number, "use `#[expect(.., reason = \"..\")]` in place of `allow`".to_owned()));
        }
        let expects = line.starts_with("#[expect(") || line.starts_with("#![expect(");
        if expects && !gives_reason(file.text, number) {
            breaches.push((number, "an `expect` needs its `reason = \"..\"`".to_owned()));
        }
    }
    breaches
}

/// Whether the attribute that starts in line `number` has a reason; rustfmt may have spread it over several lines.
fn gives_reason(text: &str, number: usize) -> bool {
    let lines = text.lines().skip(number - 1);
    let mut attribute = String::new();
    for line in lines {
        attribute += line;
        if line.ends_with(")]") {
            break;
        }
    }
    attribute.contains("reason = \"")
}

/// Where one of `words` stands, not counting it as the tail of a longer word or path.
fn find_words<'a>(
    lines: impl Iterator<Item = (usize, &'a str)>,
    words: &[&'static str],
) -> impl Iterator<Item = (usize, &'static str)> {
    lines.flat_map(move |(number, line)| {
        let found = words.iter().filter(move |word| has_word(line, word));
        found.map(move |word| (number, *word))
    })
}

fn has_word(line: &str, word: &str) -> bool {
    let is_tail = |before: &str| before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-'));
    line.match_indices(word).any(|(at, _)| !is_tail(&line[..at]))
}

#[cfg(test)]
mod tests {
    use super::super::breached;
    use super::*;

    #[test]
    fn work_is_not_left_in_the_code() {
        for (text, fits) in [
            ("todo!()", false),
            ("    unimplemented!(\"later\")", false),
            ("// FIXME: later", false),
            ("// XXX", false),
            ("/// TODO", false),
            ("my_todo!()", true),
            ("let x = 1;", true),
        ] {
            assert_eq!(breached(markers, "a.rs", text).is_empty(), fits, "{text}");
        }
        assert!(breached(markers, "a.md", "XXX").is_empty());
        assert!(breached(markers, "xtask/src/tidy/words.rs", "XXX").is_empty());
    }

    #[test]
    fn clock_environment_and_client_have_one_home() {
        let transport = "crates/reinstall-http/src/transport.rs";
        let clock = "crates/reinstall-http/src/clock.rs";
        let env = "crates/cli/src/env.rs";
        let other = "crates/cli/src/main.rs";
        for (path, text, fits) in [
            (transport, "use reqwest::Client;", true),
            (other, "use reqwest::Client;", false),
            (other, "    fn f(c: &reqwest::Client) {}", false),
            (other, "my_reqwest::f()", true),
            (clock, "std::time::Instant::now()", true),
            (transport, "Instant::now()", false),
            (transport, "SystemTime::now()", false),
            (transport, "tokio::time::sleep(d).await", false),
            (transport, "tokio::time::sleep_until(d).await", false),
            (env, "std::env::var(\"A\")", true),
            (other, "std::env::var(\"A\")", false),
            (other, "env::var_os(\"A\")", false),
            (other, "/// Unlike `env::var`.", true),
            (other, "env!(\"CARGO_PKG_VERSION\")", true),
            ("docs/a.md", "env::var", true),
        ] {
            assert_eq!(breached(homes, path, text).is_empty(), fits, "{path}: {text}");
        }
    }

    #[test]
    fn no_path_of_one_machine_is_named() {
        for (text, fits) in [
            ("include!(\"/home/me/a.rs\")", false),
            ("path = \"/root/x\"", false),
            ("/work/x", false),
            ("see /tmp/wt-a", false),
            ("docs/work/x and net-/work/x", true),
            ("https://example.com/home/page", true),
            ("/tmp/other", true),
        ] {
            assert_eq!(breached(machine_paths, "a.md", text).is_empty(), fits, "{text}");
        }
    }

    #[test]
    fn lints_are_answered_with_a_reason() {
        for (text, lines) in [
            ("#[allow(dead_code)]", vec![1]),
            ("fn f() {\n    #![allow(dead_code)]\n}", vec![2]),
            ("#[expect(dead_code, reason = \"later\")]", vec![]),
            ("#[expect(dead_code)]\nfn f() {}", vec![1]),
            ("#[expect(\n    dead_code,\n    reason = \"long\"\n)]\nfn f() {}", vec![]),
            ("#[expect(\n    dead_code\n)]\n#[doc(reason = \"x\")]", vec![1]),
            ("// #[allow(dead_code)]", vec![]),
            ("#[derive(Debug)]", vec![]),
        ] {
            assert_eq!(breached(attributes, "a.rs", text), lines, "{text}");
        }
    }
}
