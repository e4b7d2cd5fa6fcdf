//! Words that came from the cloud, made safe to show.

use std::borrow::Cow;
use std::fmt;

use crate::redact::{Redactor, Role};

/// A piece of text from outside: bounded, and with every character that could steer a terminal escaped.
///
/// The cloud's words are shown to people as they came, but an answer is input like any other: what [`is_terminal_control`]
/// names (colours, cursor moves, line breaks, bidirectional overrides) is written as `\u{..}`, and no more than
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
            push_escaped(&mut clean, c);
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

/// Writes `text` with every character that [`is_terminal_control`] names as `\u{..}`, line breaks included.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    text.chars().for_each(|c| push_escaped(&mut clean, c));
    clean
}

fn push_escaped(clean: &mut String, c: char) {
    if is_terminal_control(c) {
        clean.extend(c.escape_unicode());
    } else {
        clean.push(c);
    }
}

/// Whether a character could steer a terminal, reorder what it shows, or stand there unseen: controls (Unicode category Cc),
/// format characters (Cf), line and paragraph separators (Zl, Zp), private use (Co), and what is ignored where it cannot be
/// drawn (`Default_Ignorable_Code_Point`: fillers, joiners, variation selectors, tags).
///
/// The ranges are those of Unicode 16. A test holds them against the tables of `regex-syntax`.
#[must_use]
pub const fn is_terminal_control(c: char) -> bool {
    matches!(
        c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}'
            | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{ffffd}'
            | '\u{100000}'..='\u{10fffd}'
    )
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
        let is_clean = fits && !text.chars().any(is_terminal_control);
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
            ("\u{61c}\u{ad}\u{180e}", "\\u{61c}\\u{ad}\\u{180e}"),
            ("\u{3164}\u{e0041}", "\\u{3164}\\u{e0041}"),
            ("实例不存在", "实例不存在"),
        ] {
            assert_eq!(CloudText::new(given).as_str(), shown);
        }
        let long = CloudText::new(&"x".repeat(600));
        assert_eq!(long.as_str().chars().count(), CloudText::CHARS_MAX + 1);
        assert!(long.as_str().ends_with('…'));
    }

    /// The characters for which `wanted` holds, as ranges.
    fn ranges(wanted: impl Fn(char) -> bool) -> Vec<(char, char)> {
        let mut ranges: Vec<(char, char)> = Vec::new();
        for c in ('\0'..=char::MAX).filter(|c| wanted(*c)) {
            match ranges.last_mut() {
                Some((_, last)) if u32::from(*last) + 1 == u32::from(c) => *last = c,
                Some(_) | None => ranges.push((c, c)),
            }
        }
        ranges
    }

    #[test]
    fn the_table_is_unicodes() {
        let class = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Default_Ignorable_Code_Point}]";
        let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) =
            regex_syntax::parse(class).unwrap().into_kind()
        else {
            panic!("not a class")
        };
        let theirs: Vec<(char, char)> = class.iter().map(|range| (range.start(), range.end())).collect();
        let ours = ranges(is_terminal_control);
        assert!(ours == theirs, "{}", as_pattern(&theirs));
    }

    /// The table as it stands in the pattern above.
    fn as_pattern(ranges: &[(char, char)]) -> String {
        let one = |(first, last): &(char, char)| match first == last {
            true => format!("'{}'", first.escape_unicode()),
            false => format!("'{}'..='{}'", first.escape_unicode(), last.escape_unicode()),
        };
        ranges.iter().map(one).collect::<Vec<_>>().join(" | ")
    }
}
