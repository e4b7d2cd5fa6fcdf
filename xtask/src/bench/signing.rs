//! How many requests a second are signed.

use std::process::Command;

use serde::Deserialize;

use super::grouped;
use crate::host::{self, Workspace};
use crate::interop;
use crate::task::Failure;

/// The line before what is measured.
pub(super) const BEGIN: &str = "<!-- made by `cargo xtask bench signing --write` -->\n";

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

/// Measures, and tells it as Markdown.
pub(super) fn run(workspace: &Workspace) -> Result<String, Failure> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_names_both_and_what_they_ran_on() {
        let told =
            r#"{"facts":["a machine"],"requests":[{"name":"x","url_and_body_bytes":2000,"ours":412000,"sdk":41000}]}"#;
        let text = table(&serde_json::from_str(told).unwrap());
        assert!(text.contains("\n| x | 2,000 | 412,000 | 41,000 | 10.0 |\n"), "{text}");
        assert!(text.ends_with("\n\n- a machine\n"), "{text}");
    }
}
