//! `cargo xtask docs`: what documents repeat of the code is what the code says.

use std::fs;

use crate::host::{self, Workspace};
use crate::task::{Failure, sim};

/// The document with the machine's moves, from the root.
const DOCUMENT: &str = "docs/rollout.md";
/// The line before what is made from the code.
const BEGIN: &str = "<!-- made by `cargo xtask docs --write` from crates/reinstall-core/src/rollout/moves.rs -->\n";
/// The line after what is made, in any document.
const END: &str = "<!-- end of what is made -->\n";

/// Compares the document with the code; `write` renews it instead.
pub(crate) fn run(workspace: &Workspace, write: bool) -> Result<(), Failure> {
    let made = host::output(sim(workspace).arg("--moves"))?;
    let path = workspace.root.join(DOCUMENT);
    let text = fs::read_to_string(&path).map_err(|source| Failure::Read { path: path.clone(), source })?;
    let renewed = renew(&text, BEGIN, &made).ok_or(Failure::NoMarkers { document: DOCUMENT })?;
    match (renewed == text, write) {
        (true, _) => host::say(format_args!("{DOCUMENT} says what the code says")),
        (false, true) => {
            fs::write(&path, renewed).map_err(|source| Failure::Write { path: path.clone(), source })?;
            host::say(format_args!("{DOCUMENT} is renewed"));
        }
        (false, false) => return Err(Failure::Outdated { document: DOCUMENT }),
    }
    Ok(())
}

/// The text with what stands between the line `begin` and the next [`END`] replaced; `None` if it lacks one of them.
pub(crate) fn renew(text: &str, begin: &str, made: &str) -> Option<String> {
    let (before, rest) = text.split_once(begin)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{begin}\n{made}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_lines_is_renewed() {
        let text = format!("# A\n{BEGIN}old\n{END}tail\n");
        let renewed = renew(&text, BEGIN, "| new |\n").unwrap();
        assert_eq!(renewed, format!("# A\n{BEGIN}\n| new |\n\n{END}tail\n"));
        assert_eq!(renew(&renewed, BEGIN, "| new |\n").as_deref(), Some(renewed.as_str()), "twice is once");
        for wrong in ["# A\n", BEGIN, END] {
            assert_eq!(renew(wrong, BEGIN, ""), None, "{wrong}");
        }
    }
}
