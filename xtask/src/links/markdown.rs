//! The part of Markdown that links are made of: headings as GitHub anchors them, link targets and their definitions.
//!
//! Not read: headings underlined with `=` or `-`, and code blocks made by indentation. The project writes neither.

use std::collections::{BTreeMap, BTreeSet};

/// What one document offers to links and asks of them. Lines count from 1.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// What may stand after `#`.
    pub(super) anchors: BTreeSet<String>,
    /// Targets of links, images and definitions, as written.
    pub(super) targets: Vec<(usize, String)>,
    /// Labels as in `[text][label]` and `[label][]`, as written.
    labels: Vec<(usize, String)>,
    /// Labels that are defined, in lower case: letter case is no part of them.
    definitions: BTreeSet<String>,
}

impl Page {
    /// Reads a document.
    pub(super) fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut seen = BTreeMap::new();
        for (number, line) in prose(text) {
            if let Some(title) = heading(line) {
                page.add_anchor(slug(title), &mut seen);
            }
            page.read_line(number, &without_code(line));
        }
        page
    }

    /// The labels in use that no definition explains.
    pub(super) fn undefined_labels(&self) -> impl Iterator<Item = &(usize, String)> {
        self.labels.iter().filter(|(_, label)| !self.definitions.contains(&label.to_lowercase()))
    }

    /// The second heading of one name gets `-1`, the third `-2`.
    fn add_anchor(&mut self, slug: String, seen: &mut BTreeMap<String, u32>) {
        let times = seen.entry(slug.clone()).or_default();
        let anchor = match *times {
            0 => slug,
            repeat => format!("{slug}-{repeat}"),
        };
        *times += 1;
        self.anchors.insert(anchor);
    }

    fn read_line(&mut self, number: usize, line: &str) {
        if let Some((label, target)) = definition(line) {
            self.definitions.insert(label.to_lowercase());
            self.targets.push((number, target.to_owned()));
            return;
        }
        for (at, _) in line.match_indices("](") {
            if let Some(target) = inline_target(&line[at + 2..]) {
                self.targets.push((number, target.to_owned()));
            }
        }
        for (at, _) in line.match_indices("][") {
            if let Some(label) = reference_label(line, at) {
                self.labels.push((number, label.to_owned()));
            }
        }
        for name in ["id=\"", "name=\""] {
            for (at, _) in line.match_indices(name) {
                let value = line[at + name.len()..].split('"').next().unwrap_or_default();
                self.anchors.insert(value.to_owned());
            }
        }
    }
}

/// The numbered lines outside of fenced code.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut lines = Vec::new();
    let mut fence: Option<&str> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let found = fence_of(line);
        match (fence, found) {
            (None, None) => lines.push((number, line)),
            (None, Some(_)) => fence = found,
            // A fence ends with at least as many of the same character, and nothing after them.
            (Some(open), Some(close)) if close.starts_with(open) && line.trim().len() == close.len() => fence = None,
            (Some(_), _) => {}
        }
    }
    lines
}

/// The run of three or more backticks or tildes that a line starts with.
fn fence_of(line: &str) -> Option<&str> {
    let line = line.trim_start().trim_start_matches("> ");
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let rest = line.trim_start_matches(mark);
    let fence = &line[..line.len() - rest.len()];
    (fence.len() >= 3).then_some(fence)
}

/// A line without its code spans, so that what looks like a link in there is none.
fn without_code(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        let ticks = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        let inside = &rest[start + ticks..];
        text += &rest[..start];
        match inside.find(&rest[start..start + ticks]) {
            Some(end) => rest = &inside[end + ticks..],
            None => rest = inside,
        }
    }
    text + rest
}

/// The title of a heading line.
fn heading(line: &str) -> Option<&str> {
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    let is_heading = (1..=6).contains(&level) && title.starts_with(' ');
    is_heading.then(|| title.trim().trim_end_matches('#').trim_end())
}

/// The anchor that GitHub makes of a title: the shown text in lower case, hyphens for spaces, without punctuation.
fn slug(title: &str) -> String {
    shown(title)
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// A title with `[text](target)` reduced to its text.
fn shown(title: &str) -> String {
    let mut text = String::new();
    let mut rest = title;
    while let Some(at) = rest.find("](") {
        text += &rest[..at];
        rest = rest[at..].split_once(')').map_or("", |(_, after)| after);
    }
    text + rest
}

/// `[label]: target "title"`, as its label and target. Footnotes are none.
fn definition(line: &str) -> Option<(&str, &str)> {
    let (label, target) = line.trim_start().strip_prefix('[')?.split_once("]:")?;
    let target = target.split_whitespace().next()?;
    let is_link = !label.starts_with('^') && !label.contains(']');
    is_link.then(|| (label, target.trim_start_matches('<').trim_end_matches('>')))
}

/// The target at the start of what follows `](`, up to its own closing bracket.
fn inline_target(rest: &str) -> Option<&str> {
    if let Some(rest) = rest.strip_prefix('<') {
        return rest.split_once('>').map(|(target, _)| target);
    }
    let mut depth = 0_u32;
    for (at, c) in rest.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            ')' | ' ' => return (at > 0).then(|| &rest[..at]),
            _ => {}
        }
    }
    None
}

/// The label of the reference whose `][` stands at `at`: what is in the second brackets or, if nothing, in the first.
fn reference_label(line: &str, at: usize) -> Option<&str> {
    let open = line[..at].rfind('[')?;
    // `a[0][1]` is no link.
    if line[..open].ends_with(|c: char| c.is_alphanumeric() || matches!(c, ')' | ']')) {
        return None;
    }
    let (second, _) = line[at + 2..].split_once(']')?;
    Some(if second.is_empty() { &line[open + 1..at] } else { second })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_anchored_as_github_does() {
        for (title, anchor) in [
            ("The house", "the-house"),
            ("What it must show ##", "what-it-must-show"),
            ("`cargo xtask ci`, and why", "cargo-xtask-ci-and-why"),
            ("Exit codes: 0, 1 & 2", "exit-codes-0-1--2"),
            ("**Bold** words", "bold-words"),
            ("in_flight_max", "in_flight_max"),
            ("See [the house](docs/house.md) first", "see-the-house-first"),
            ("Größe", "größe"),
        ] {
            let page = Page::read(&format!("## {title}\n"));
            assert_eq!(page.anchors.into_iter().collect::<Vec<_>>(), [anchor], "{title}");
        }
    }

    #[test]
    fn repeated_headings_are_numbered() {
        let page = Page::read("# Same\n## Same\n### Same\n");
        assert_eq!(page.anchors.into_iter().collect::<Vec<_>>(), ["same", "same-1", "same-2"]);
    }

    #[test]
    fn what_is_no_heading_makes_no_anchor() {
        for text in ["#hash", "####### seven", "text # not", "```\n# shell comment\n```"] {
            assert!(Page::read(text).anchors.is_empty(), "{text}");
        }
    }

    #[test]
    fn anchors_may_be_set_by_hand() {
        assert!(Page::read("<a id=\"here\"></a>").anchors.contains("here"));
    }

    #[test]
    fn targets_are_found_and_code_is_passed_over() {
        for (text, targets) in [
            ("[a](b) and [c](d \"title\")", vec![(1, "b"), (1, "d")]),
            ("[a](b_(c))", vec![(1, "b_(c)")]),
            ("[![i](j)](k)", vec![(1, "j"), (1, "k")]),
            ("`[a](b)` [c](d)", vec![(1, "d")]),
            ("``[a](b) ` `` [c](d)", vec![(1, "d")]),
            ("a ` alone, [c](d)", vec![(1, "d")]),
            ("```text\n[a](b)\n```\n[c](d)", vec![(4, "d")]),
            ("````\n```\n[a](b)\n````\n[c](d)", vec![(5, "d")]),
            ("~~~\n[a](b)\n```\n[a](b)\n~~~\n[c](d)", vec![(6, "d")]),
            ("- a\n  ```sh\n  [a](b)\n  ```\n- [c](d)", vec![(5, "d")]),
            ("```\n[a](b)\n```text\n[c](d)", vec![]),
            ("[a]: <b>\n[^1]: a note", vec![(1, "b")]),
            ("f[x]() [a](", vec![]),
        ] {
            let found: Vec<(usize, String)> = Page::read(text).targets;
            let found: Vec<(usize, &str)> = found.iter().map(|(line, target)| (*line, target.as_str())).collect();
            assert_eq!(found, targets, "{text}");
        }
    }
}
