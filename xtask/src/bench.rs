//! `cargo xtask bench`: how fast something is, beside what others do the same with, in the same run.

use std::fs;
use std::process::Command;

use serde::Deserialize;

use crate::docs::renew;
use crate::host::{self, Workspace};
use crate::interop;
use crate::task::Failure;

/// The document with the tables, from the root.
const DOCUMENT: &str = "docs/benchmarks.md";
/// The line before what is measured of signing.
const SIGNING: &str = "<!-- made by `cargo xtask bench signing --write` -->\n";

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Subject {
    /// How many requests a second are signed on one core, by us and by the provider's Python signer.
    Signing,
}

/// What the script measured.
#[derive(Deserialize)]
struct Measured {
    /// About machine and programs, a line each.
    facts: Vec<String>,
    requests: Vec<Pace>,
}

/// Of one kind of request.
#[derive(Deserialize)]
struct Pace {
    name: String,
    url_and_body_bytes: u64,
    /// Signatures a second of one core: ours, and the provider's Python signer's.
    ours: u64,
    sdk: u64,
}

/// Measures, prints, and renews the document if that is wanted.
pub(crate) fn run(workspace: &Workspace, what: Subject, write: bool) -> Result<(), Failure> {
    let (made, begin) = match what {
        Subject::Signing => (signing(workspace)?, SIGNING),
    };
    host::say(format_args!("{}", made.trim_end()));
    if !write {
        return Ok(());
    }
    let path = workspace.root.join(DOCUMENT);
    let text = fs::read_to_string(&path).map_err(|source| Failure::Read { path: path.clone(), source })?;
    let renewed = renew(&text, begin, &made).ok_or(Failure::NoMarkers { document: DOCUMENT })?;
    fs::write(&path, renewed).map_err(|source| Failure::Write { path: path.clone(), source })?;
    host::say(format_args!("{DOCUMENT} is renewed"));
    Ok(())
}

fn signing(workspace: &Workspace) -> Result<String, Failure> {
    let python = interop::python(workspace)?;
    let signer = interop::fast_signer(workspace)?;
    let rustc = host::output(Command::new("rustc").arg("--version").current_dir(&workspace.root))?;
    let told = host::output(python.run(&interop::script(workspace, "bench_signing.py")).arg(signer))?;
    let mut measured: Measured = serde_json::from_str(&told)
        .map_err(|_| Failure::Output { command: "bench_signing.py".to_owned(), expected: "facts and paces" })?;
    measured.facts.push(format!("{}, release profile", rustc.trim()));
    Ok(table(&measured))
}

/// As Markdown.
fn table(measured: &Measured) -> String {
    let mut text = "| request | URL and body, bytes | ours, signed a second | Python SDK, signed a second | times |\n\
                    |---|---:|---:|---:|---:|\n"
        .to_owned();
    for pace in &measured.requests {
        let [ours, sdk] = [pace.ours, pace.sdk].map(grouped);
        // Tenths, without a float: nobody reads more of it.
        let tenths = pace.ours * 10 / pace.sdk.max(1);
        let (name, bytes) = (&pace.name, grouped(pace.url_and_body_bytes));
        text += &format!("| {name} | {bytes} | {ours} | {sdk} | {}.{} |\n", tenths / 10, tenths % 10);
    }
    text += "\nMeasured on:\n\n";
    for fact in &measured.facts {
        text += &format!("- {fact}\n");
    }
    text
}

/// With a comma before every three digits.
fn grouped(number: u64) -> String {
    match number / 1_000 {
        0 => number.to_string(),
        thousands => format!("{},{:03}", grouped(thousands), number % 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_at_a_glance() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_034, "12,034"), (1_000_007, "1,000,007")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_table_names_both_and_what_they_ran_on() {
        let told =
            r#"{"facts":["a machine"],"requests":[{"name":"x","url_and_body_bytes":2000,"ours":412000,"sdk":41000}]}"#;
        let text = table(&serde_json::from_str(told).unwrap());
        assert!(text.contains("\n| x | 2,000 | 412,000 | 41,000 | 10.0 |\n"), "{text}");
        assert!(text.ends_with("\n\n- a machine\n"), "{text}");
    }
}
