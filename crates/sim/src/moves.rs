//! The machine's table of moves, as a diagram and as a table for `docs/rollout.md`.

use std::fmt::Write as _;

use reinstall_core::rollout::moves::{MOVES, Place};

/// Diagram and table in Markdown.
#[must_use]
pub fn document() -> String {
    let mut text = String::from("```mermaid\nstateDiagram-v2\n    [*] --> waiting\n");
    // Writing to a string cannot fail.
    for listed in MOVES {
        let _ = writeln!(text, "    {} --> {}", listed.from.word(), listed.to.word());
    }
    let mut ends: Vec<&str> = vec![];
    for listed in MOVES.iter().filter(|listed| matches!(listed.to, Place::Done(_))) {
        if !ends.contains(&listed.to.word()) {
            ends.push(listed.to.word());
        }
    }
    for end in ends {
        let _ = writeln!(text, "    {end} --> [*]");
    }
    text += "```\n\n| from | to | when |\n|---|---|---|\n";
    for listed in MOVES {
        let _ = writeln!(text, "| {} | {} | {} |", listed.from.word(), bold(listed.to), listed.why);
    }
    text
}

fn bold(place: Place) -> String {
    match place {
        Place::Done(outcome) => format!("**{outcome}**"),
        Place::Waiting | Place::Looking | Place::Submitting | Place::Doubtful | Place::Accepted | Place::Installing => {
            place.word().to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_move_stands_in_both() {
        let text = document();
        assert_eq!(text.matches("    doubtful --> waiting\n").count(), 1);
        assert_eq!(text.lines().filter(|line| line.starts_with("| ")).count(), MOVES.len() + 1);
        assert!(text.contains("| doubtful | **succeeded** |"));
        assert_eq!(text.matches("--> [*]").count(), 5, "one for each outcome");
    }
}
