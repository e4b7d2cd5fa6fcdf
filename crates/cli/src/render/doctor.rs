//! What `doctor` shows: a line a check, and beneath it what to do.

use std::io::{self, Write};

use reinstall_core::text::escape;
use serde::{Serialize, Serializer};

use super::plan::counted;
use crate::failure::Cause;

/// What came of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ok,
    /// It works, and somebody should know.
    Warning,
    /// Nothing works before this is mended.
    Failed(Cause),
    /// Not checked.
    Skipped,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed(_) => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// The symbol, and the colour as terminals know it (ECMA-48, SGR).
    const fn mark(self) -> (&'static str, u8) {
        match self {
            Self::Ok => ("✓", 32),
            Self::Warning => ("!", 33),
            Self::Failed(_) => ("✗", 31),
            Self::Skipped => ("-", 2),
        }
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    /// In programs' words, as in `state_directory`.
    pub(crate) name: &'static str,
    pub(crate) verdict: Verdict,
    /// What was seen, or why nobody looked.
    pub(crate) seen: String,
    /// What else there is to see, a line each.
    pub(crate) details: Vec<String>,
    /// What to do.
    pub(crate) advice: Option<String>,
}

impl Check {
    pub(crate) fn ok(name: &'static str, seen: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Ok, seen: seen.into(), details: Vec::new(), advice: None }
    }

    pub(crate) fn skipped(name: &'static str, why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Skipped, ..Self::ok(name, why) }
    }

    pub(crate) fn warning(name: &'static str, seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warning, advice: Some(advice.into()), ..Self::ok(name, seen) }
    }

    pub(crate) fn failed(name: &'static str, cause: Cause, seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Failed(cause), advice: Some(advice.into()), ..Self::ok(name, seen) }
    }

    pub(crate) fn with_details(self, details: Vec<String>) -> Self {
        Self { details, ..self }
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown<'a> {
            name: &'a str,
            verdict: Verdict,
            cause: Option<Cause>,
            seen: &'a str,
            details: &'a [String],
            advice: Option<&'a str>,
        }
        let cause = match self.verdict {
            Verdict::Failed(cause) => Some(cause),
            Verdict::Ok | Verdict::Warning | Verdict::Skipped => None,
        };
        let Self { name, verdict, seen, details, advice } = self;
        Shown { name, verdict: *verdict, cause, seen, details, advice: advice.as_deref() }.serialize(serializer)
    }
}

/// All checks for programs.
#[derive(Serialize)]
pub(crate) struct ChecksObject<'a> {
    /// The worst of them.
    verdict: Verdict,
    checks: &'a [Check],
}

/// All checks for programs.
pub(crate) fn object(checks: &[Check]) -> ChecksObject<'_> {
    ChecksObject { verdict: worst(checks), checks }
}

fn worst(checks: &[Check]) -> Verdict {
    let failed = checks.iter().map(|check| check.verdict).find(|verdict| matches!(verdict, Verdict::Failed(_)));
    let warned = checks.iter().any(|check| check.verdict == Verdict::Warning);
    failed.unwrap_or(if warned { Verdict::Warning } else { Verdict::Ok })
}

/// How wide a line is.
const WIDTH: usize = 80;
/// Where the name of a check stands, and what is beneath it.
const NAME_AT: usize = 9;
/// Where what was seen stands.
const SEEN_AT: usize = 26;
/// How far what to do is set in.
const ADVICE_AT: usize = 11;

/// One check for people.
pub(crate) fn text(out: &mut dyn Write, check: &Check, with_colours: bool) -> io::Result<()> {
    let word = check.verdict.word();
    let shown = if with_colours {
        let (symbol, colour) = check.verdict.mark();
        format!("\x1b[{colour}m{symbol} {word}\x1b[0m{:pad$}", "", pad = NAME_AT.saturating_sub(word.len()))
    } else {
        format!("{word:NAME_AT$}")
    };
    // Colours pass on their way out, so that nothing else may be taken for one.
    let check = &escaped(check);
    let extra = if with_colours { 2 } else { 0 };
    let name = check.name.replace('_', " ");
    let mut lines = wrapped(&check.seen, SEEN_AT + extra).into_iter();
    writeln!(out, "{shown}{name:pad$}{}", lines.next().unwrap_or_default(), pad = SEEN_AT - NAME_AT)?;
    let below = |out: &mut dyn Write, at: usize, line: &str| writeln!(out, "{:at$}{line}", "");
    lines.try_for_each(|line| below(out, SEEN_AT + extra, &line))?;
    for detail in &check.details {
        let mut lines = wrapped(detail, ADVICE_AT + extra + 2).into_iter();
        below(out, ADVICE_AT + extra, &lines.next().unwrap_or_default())?;
        lines.try_for_each(|line| below(out, ADVICE_AT + extra + 2, &line))?;
    }
    let advice = check.advice.iter().flat_map(|advice| wrapped(&format!("-> {advice}"), ADVICE_AT + extra + 3));
    for (nth, line) in advice.enumerate() {
        below(out, ADVICE_AT + extra + if nth == 0 { 0 } else { 3 }, &line)?;
    }
    Ok(())
}

fn escaped(check: &Check) -> Check {
    Check {
        seen: escape(&check.seen),
        details: check.details.iter().map(|detail| escape(detail)).collect(),
        advice: check.advice.as_deref().map(escape),
        ..*check
    }
}

/// What all checks come to, for people.
pub(crate) fn conclusion(out: &mut dyn Write, checks: &[Check]) -> io::Result<()> {
    let count = |word: &str| checks.iter().filter(|check| check.verdict.word() == word).count();
    let (failed, warnings, skipped) = (count("failed"), count("warning"), count("skipped"));
    let warnings = counted(warnings, "warning");
    match failed {
        0 => writeln!(out, "\nnothing failed; {warnings}, {skipped} skipped"),
        failed => writeln!(out, "\n{failed} failed, {warnings}, {skipped} skipped"),
    }
}

/// The lines of a text that begins in column `at`. A word that is too long runs on, so that it can be copied.
fn wrapped(text: &str, at: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH - at => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks() -> Vec<Check> {
        vec![
            Check::ok("settings", "https://clouddc.cn-east-3.myhuaweicloud.com (region cn-east-3, --region)"),
            Check::failed("credentials", Cause::Settings, "no credential was found", "set one of these")
                .with_details(vec!["variables HW_ACCESS_KEY and HW_SECRET_KEY: not set: HW_ACCESS_KEY".into()]),
            Check::warning(
                "state_directory",
                "1 rollout is unfinished",
                format!("reinstall resume {}", "x ".repeat(40)),
            ),
            Check::skipped("list", "no credential"),
        ]
    }

    fn shown(with_colours: bool) -> String {
        let mut shown = Vec::new();
        checks().iter().for_each(|check| text(&mut shown, check, with_colours).unwrap());
        conclusion(&mut shown, &checks()).unwrap();
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn people_see_a_line_a_check_within_eighty_columns() {
        let plain = shown(false);
        assert!(plain.lines().all(|line| line.chars().count() <= WIDTH), "{plain}");
        assert!(plain.is_ascii(), "no symbol, no colour: {plain}");
        insta::assert_snapshot!(plain);
    }

    #[test]
    fn colours_bring_symbols_and_change_nothing_else() {
        let coloured = shown(true);
        let mut plain = coloured.clone();
        for code in ["\x1b[32m✓ ", "\x1b[33m! ", "\x1b[31m✗ ", "\x1b[2m- ", "\x1b[0m"] {
            assert!(coloured.contains(code), "{code:?}");
            plain = plain.replace(code, "");
        }
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&plain), words(&shown(false)));
        assert!(plain.lines().all(|line| line.chars().count() <= WIDTH), "{plain}");
    }

    #[test]
    fn programs_see_the_worst_and_why() {
        let all = serde_json::to_value(object(&checks())).unwrap();
        assert_eq!((&all["verdict"], &all["checks"][1]["cause"]), (&"failed".into(), &"settings".into()));
        assert_eq!(all["checks"][0]["advice"], serde_json::Value::Null);
        let warned = [checks().remove(2)];
        assert_eq!(serde_json::to_value(object(&warned)).unwrap()["verdict"], "warning");
        assert_eq!(serde_json::to_value(object(&[])).unwrap()["verdict"], "ok");
    }
}
