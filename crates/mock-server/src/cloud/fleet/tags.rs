//! Tags as one text, which is how a fleet keeps them.

use crate::cloud::row::Tags;

/// What ends a tag, and what ends the key of one that has a value. Control characters, so that no tag has them.
const TAG_END: char = '\u{1e}';
const KEY_END: char = '\u{1f}';

/// The tags of one instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TagText(String);

/// No cloud has such a tag: its key is empty, or a control character is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoTag;

impl TagText {
    /// No tags, with room for so many bytes of them.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    pub(crate) fn push(&mut self, key: &str, value: Option<&str>) -> Result<(), NoTag> {
        let is_plain = |text: &str| !text.chars().any(char::is_control);
        if key.is_empty() || !is_plain(key) || !value.is_none_or(is_plain) {
            return Err(NoTag);
        }
        self.0.push_str(key);
        if let Some(value) = value {
            self.0.push(KEY_END);
            self.0.push_str(value);
        }
        self.0.push(TAG_END);
        Ok(())
    }

    pub(crate) fn tags(&self) -> Tags {
        split(&self.0)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The tags of a text that was made of them.
pub(super) fn split(text: &str) -> Tags {
    let tags = text.split_terminator(TAG_END).map(|tag| match tag.split_once(KEY_END) {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (tag.to_owned(), None),
    });
    tags.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_come_back_as_they_were() {
        let tags = [("env", Some("production")), ("keep", None), ("a=b;c", Some("")), ("ключ", Some("d=e;f"))];
        let mut text = TagText::default();
        assert_eq!(text.tags(), []);
        for (key, value) in tags {
            text.push(key, value).unwrap();
        }
        let expected: Tags = tags.iter().map(|(key, value)| (key.to_string(), value.map(str::to_owned))).collect();
        assert_eq!(text.tags(), expected);
        let before = text.clone();
        for (key, value) in [("", None), ("a\u{1e}", None), ("a", Some("b\u{1f}c")), ("a\n", None)] {
            assert_eq!(text.push(key, value), Err(NoTag), "{key:?} {value:?}");
        }
        assert_eq!(text, before);
    }
}
