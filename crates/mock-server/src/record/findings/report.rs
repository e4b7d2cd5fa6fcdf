//! Findings in words, under the questions that they speak to.

use std::fmt;
use std::time::Duration;

use reinstall_core::time::Plain;

use super::{Findings, Refusal, Reinstall, Told};

/// The most lines under one question.
const LINES_MAX: usize = 50;

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} exchanges", self.exchanges)?;
        if let (Some(began), Some(ended)) = (self.began, self.ended) {
            write!(f, " from {began} to {ended}")?;
        }
        writeln!(f)?;
        told(f, "Calls", &self.calls)?;
        told(f, "How times are written", &self.times)?;
        told(f, "States", &self.states)?;
        told(f, "States that no document has", &self.unknown_states)?;
        told(f, "Operation states", &self.operation_states)?;
        told(f, "Operation states that no document has", &self.unknown_operation_states)?;
        told(f, "Kinds of errors", &self.error_types)?;
        told(f, "What instances went through, in the order of the looks", &self.histories)?;
        let reinstalls = self.reinstalls.iter().map(ToString::to_string);
        let title = "Reinstalls: batches, starting states, partial answers, whether operation_state is reset, how long they take";
        lines(f, title, reinstalls)?;
        told(f, "Pages of lists", &self.pages)?;
        lines(f, "Refusals", self.refusals.iter().map(ToString::to_string))
    }
}

fn told(f: &mut fmt::Formatter<'_>, title: &str, told: &Told) -> fmt::Result {
    lines(f, title, told.iter().map(|(what, count)| format!("{what} ({count})")))
}

fn lines(f: &mut fmt::Formatter<'_>, title: &str, lines: impl ExactSizeIterator<Item = String>) -> fmt::Result {
    let count = lines.len();
    writeln!(f, "\n{title}:")?;
    if count == 0 {
        return writeln!(f, "  nothing seen");
    }
    for line in lines.take(LINES_MAX) {
        writeln!(f, "  {line}")?;
    }
    match count.saturating_sub(LINES_MAX) {
        0 => Ok(()),
        more => writeln!(f, "  and {more} more"),
    }
}

fn listed(told: &Told) -> String {
    let parts: Vec<_> = told.iter().map(|(what, count)| format!("{count} in {what}")).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

impl fmt::Display for Reinstall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.at)?;
        match self.named {
            Some(named) => write!(f, "{named} named")?,
            None => write!(f, "no list of ids")?,
        }
        write!(f, "{}", if self.names_image { ", with an image" } else { ", without an image" })?;
        if let Some(password) = &self.password {
            let classes = [password.upper, password.lower, password.digit, password.special, password.other];
            let classes = classes.into_iter().filter(|has| *has).count();
            write!(f, ", a password of {} characters of {classes} kinds", password.chars)?;
        }
        match self.status {
            Some(status) => write!(f, "; answered {status}")?,
            None => write!(f, "; no answer")?,
        }
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        write!(f, ", {} accepted; before: {}", self.accepted, listed(&self.before))?;
        if self.accepted == 0 {
            return Ok(());
        }
        write!(f, "; first seen afterwards: {}", listed(&self.first_after))?;
        write!(f, "; still the old operation_state: {}; ended: {}", self.still_old, listed(&self.ended))?;
        if let Some((first, last)) = self.ended_after_ms {
            let [first, last] = [first, last].map(|millis| Plain(Duration::from_millis(millis)));
            write!(f, ", after {first} to {last} at most")?;
        }
        Ok(())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(wait) = &self.retry_after {
            write!(f, "; Retry-After: {wait}")?;
        }
        if self.status == 429 {
            write!(f, "; {} requests in the minute before the first", self.requests_before)?;
        }
        let calls: Vec<_> = self.calls.iter().map(|(call, count)| format!("{call} {count}")).collect();
        write!(f, "; {}", calls.join(", "))
    }
}
