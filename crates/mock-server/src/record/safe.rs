//! Text and JSON that may be kept: it was looked at first. The rest of the program can make none.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Number;

/// The longest word, key or header value that is kept.
const CHARS_MAX: usize = 128;

/// The longest state or the like.
const WORD_CHARS_MAX: usize = 40;

/// A word has a few digits at most, as in `ipv4`: what has more is an id, a name or a secret.
const WORD_DIGITS_MAX: usize = 4;

/// A text that says nothing about whose it is: a word of the cloud, a time, a made-up name, or how long something was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SafeText(String);

impl SafeText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What this program says itself.
    pub(super) fn own(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// What was made up, or put together of texts that may be kept.
    pub(super) fn made_up(text: String) -> Self {
        Self(text)
    }

    /// How long a text was that may not be kept.
    pub(super) fn masked(text: &str) -> Self {
        Self(format!("(text of {})", text.chars().count()))
    }

    /// A word as the cloud has them for states and kinds, known or not; otherwise how long it was.
    pub(super) fn word(text: &str) -> Self {
        if is_word(text) { Self(text.to_owned()) } else { Self::masked(text) }
    }

    /// A code such as `iMetal.0200`.
    pub(super) fn code(text: &str) -> Self {
        if is_code(text) { Self(text.to_owned()) } else { Self::word(text) }
    }

    /// A time in whatever form.
    pub(super) fn time(text: &str) -> Self {
        if is_time(text) { Self(text.to_owned()) } else { Self::masked(text) }
    }

    /// A small number in digits.
    pub(super) fn digits(text: &str) -> Self {
        let is_number = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { Self(text.to_owned()) } else { Self::masked(text) }
    }

    /// What stands in a header that is always the same or tells a time, a kind or a number.
    pub(super) fn header(text: &str) -> Self {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || " -_./;:=,+".contains(c);
        if text.chars().count() <= CHARS_MAX && text.chars().all(is_plain) {
            Self(text.to_owned())
        } else {
            Self::masked(text)
        }
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl PartialEq<str> for SafeText {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

/// Letters first, then letters, `-`, `_` and a few digits.
pub(super) fn is_word(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.len() <= WORD_CHARS_MAX
        && digits <= WORD_DIGITS_MAX
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A short prefix, a dot, and a number.
pub(super) fn is_code(text: &str) -> bool {
    let Some((prefix, number)) = text.split_once('.') else {
        return (1..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    };
    (2..=12).contains(&prefix.len())
        && prefix.bytes().all(|byte| byte.is_ascii_alphabetic())
        && (1..=6).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Digits for a day at least, and nothing but what times are written with.
pub(super) fn is_time(text: &str) -> bool {
    const MARKS: &str = "-:.,+/ TZtz";
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (8..=20).contains(&digits)
        && text.len() <= WORD_CHARS_MAX
        && text.chars().all(|c| c.is_ascii_digit() || MARKS.contains(c))
}

/// JSON that may be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SafeJson {
    /// `null`
    Null,
    /// `true` or `false`: one bit tells nothing about whose it is.
    Boolean(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(SafeText),
    /// An array.
    List(Vec<Self>),
    /// An object.
    Fields(BTreeMap<SafeText, Self>),
}

impl SafeJson {
    /// The field `name` of an object.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Fields(fields) => fields.get(&SafeText(name.to_owned())),
            Self::Null | Self::Boolean(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// The text of a text.
    #[must_use]
    pub fn text(&self) -> Option<&SafeText> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Boolean(_) | Self::Number(_) | Self::List(_) | Self::Fields(_) => None,
        }
    }

    /// The entries of an array; none of anything else.
    #[must_use]
    pub fn entries(&self) -> &[Self] {
        match self {
            Self::List(entries) => entries,
            Self::Null | Self::Boolean(_) | Self::Number(_) | Self::Text(_) | Self::Fields(_) => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_it_is_kept() {
        type Make = fn(&str) -> SafeText;
        for (make, text, kept) in [
            (SafeText::word as Make, "reinstall-processing", true),
            (SafeText::word, "modifyIping", true),
            (SafeText::word, "some_new_word2", true),
            (SafeText::word, "", false),
            (SafeText::word, "two words", false),
            (SafeText::word, "0b29c7a1-0000-4000-8000-00000000abcd", false),
            (SafeText::word, "a-very-long-word-that-goes-on-and-on-and-on", false),
            (SafeText::word, "host12345", false),
            (SafeText::code, "iMetal.0200", true),
            (SafeText::code, "401", true),
            (SafeText::code, "a.example.com", false),
            (SafeText::code, "iMetal.0200canary", false),
            (SafeText::time, "2026-11-23T07:15:00.000Z", true),
            (SafeText::time, "1795418100", true),
            (SafeText::time, "2026/11/23 07:15", true),
            (SafeText::time, "Mon, 23 Nov 2026", false),
            (SafeText::time, "canary", false),
            (SafeText::digits, "1000", true),
            (SafeText::digits, "10000000000", false),
            (SafeText::digits, "", false),
            (SafeText::header, "application/json;charset=utf-8", true),
            (SafeText::header, "Mon, 23 Nov 2026 07:15:00 GMT", true),
            (SafeText::header, "\"quoted\"", false),
        ] {
            let safe = make(text);
            assert_eq!(safe.as_str() == text, kept, "{text:?}: {safe}");
            if !kept {
                assert_eq!(safe, SafeText::masked(text));
            }
        }
    }
}
