//! Words that came from the cloud, made safe to show.

use std::borrow::Cow;
use std::fmt;

use crate::redact::{Redactor, Role};

/// A piece of text from outside: bounded, and with every character that could steer a terminal escaped.
///
/// The cloud's words are shown to people as they came, but an answer is input like any other: control characters
/// (colours, cursor moves, line breaks) and bidirectional overrides are written as `\u{..}`, and no more than
/// [`CloudText::CHARS_MAX`] characters are kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CloudText(Box<str>);

impl CloudText {
    /// The most characters of the original that are kept; a longer text ends in `…`.
    pub const CHARS_MAX: usize = 512;

    /// Makes `text` safe and short enough to show.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut clean = String::with_capacity(text.len().min(Self::CHARS_MAX));
        for (count, c) in text.trim().chars().enumerate() {
            if count == Self::CHARS_MAX {
                clean.push('…');
                break;
            }
            if steers_a_terminal(c) {
                clean.extend(c.escape_unicode());
            } else {
                clean.push(c);
            }
        }
        Self(clean.into())
    }

    /// The safe text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes `secret` out, however it is spelled, see [`Redactor::redact`]. This is for text that came before the secret was
    /// known: all other is redacted before it is cut.
    pub fn hide(&mut self, secret: &str) {
        let redactor = Redactor::new().with(Role::Unnamed, secret);
        if let Cow::Owned(redacted) = redactor.redact(&self.0) {
            self.0 = redacted.into();
        }
    }

    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// C0 and C1 controls, line and paragraph separators, bidirectional controls, and zero-width marks.
fn steers_a_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

impl fmt::Display for CloudText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for CloudText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &self.0)
    }
}

impl From<&str> for CloudText {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl<'de> serde::Deserialize<'de> for CloudText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// What one character may have been escaped to.
        const ESCAPE_CHARS_MAX: usize = 10;
        // What is clean comes back as it was: to clean it again would cut what the escapes have made longer.
        let text = String::deserialize(deserializer)?;
        let fits = text.chars().count() <= Self::CHARS_MAX * ESCAPE_CHARS_MAX + 1;
        let is_clean = fits && !text.chars().any(steers_a_terminal);
        Ok(if is_clean { Self(text.into()) } else { Self::new(&text) })
    }
}

impl serde::Serialize for CloudText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out() {
        let mut text = CloudText::new("password Canary-77 is not Canary-77");
        text.hide("Canary-77");
        assert_eq!(text.as_str(), "password [redacted: a secret] is not [redacted: a secret]");
        text.hide("is");
        assert_eq!(text.as_str(), "[redacted: contains a secret]", "a short one as well");
    }

    #[test]
    fn clean_text_comes_back_as_it_was() {
        for given in ["plain words", "\u{1b}[31mred", &"\u{feff}".repeat(600), &"x".repeat(600)] {
            let text = CloudText::new(given);
            let json = serde_json::to_string(&text).unwrap();
            assert_eq!(serde_json::from_str::<CloudText>(&json).unwrap(), text);
        }
        let forged: CloudText = serde_json::from_str(r#""\u001b[31mred""#).unwrap();
        assert_eq!(forged.as_str(), "\\u{1b}[31mred", "a file that somebody edited steers no terminal");
    }

    #[test]
    fn hostile_text_is_escaped_and_cut() {
        for (given, shown) in [
            ("plain words", "plain words"),
            ("  trimmed\n", "trimmed"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("two\nlines", "two\\u{a}lines"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("实例不存在", "实例不存在"),
        ] {
            assert_eq!(CloudText::new(given).as_str(), shown);
        }
        let long = CloudText::new(&"x".repeat(600));
        assert_eq!(long.as_str().chars().count(), CloudText::CHARS_MAX + 1);
        assert!(long.as_str().ends_with('…'));
    }
}
