//! Instances that are left alone, and why.

use std::collections::BTreeSet;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::InstanceId;
use crate::instance::Tag;
use crate::spec::Objection;
use crate::text::CloudText;

use super::glob::Glob;

/// What is known of one instance. What is not known is `None`, which is not the same as having no tags.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// Its name.
    pub name: Option<CloudText>,
    /// Every tag it has.
    pub tags: Option<Vec<Tag>>,
}

/// An entry of `protected` as a person wrote it. It means every instance that any of its selectors means.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtectedSpec {
    /// Ids, in whatever case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// Patterns for whole names, with `*` and `?`, case-sensitive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// `key` for a tag with that key, or `key=value`, where the value is a pattern. A tag without a value has an empty one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Why, shown to whoever tries. Never empty.
    #[serde(default)]
    pub reason: String,
}

/// An entry that nothing speaks against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Protected {
    ids: BTreeSet<InstanceId>,
    names: Vec<Glob>,
    tags: Vec<TagSelector>,
    reason: CloudText,
}

/// Why a piece of text selects no instances.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// A pattern for an empty name.
    #[error("an empty pattern means no instance; `*` means every one")]
    EmptyName,
    /// A tag without a key.
    #[error("`{0}` is not a tag: write `key` or `key=value`; the key is no pattern")]
    Tag(CloudText),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct TagSelector {
    key: Box<str>,
    /// `None` for any value.
    value: Option<Glob>,
}

impl FromStr for TagSelector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(Glob::new(value))),
            None => (text, None),
        };
        // A pattern where none is read would protect nobody, and nobody would notice.
        if key.trim() != key || key.is_empty() || key.contains(['*', '?']) {
            return Err(SelectorError::Tag(text.into()));
        }
        Ok(Self { key: key.into(), value })
    }
}

impl TagSelector {
    fn means(&self, tag: &Tag) -> bool {
        let value = tag.value.as_ref().map_or("", CloudText::as_str);
        tag.key.as_str() == &*self.key && self.value.as_ref().is_none_or(|glob| glob.matches(value))
    }
}

impl ProtectedSpec {
    /// The longest reason, in characters, so that none is cut where it is shown.
    pub const REASON_CHARS_MAX: usize = 300;

    /// Lets the entry through; whatever speaks against it is added to `objections`, with `place` before the field.
    pub(super) fn check(&self, place: &str, objections: &mut Vec<Objection>) -> Protected {
        let mut object = |field: &str, rule: &str, message: &str| {
            objections.push(Objection::new(format!("{place}{field}"), rule, message));
        };
        if self.ids.is_empty() && self.names.is_empty() && self.tags.is_empty() {
            object("", "empty", "it protects nobody: name ids, names or tags");
        }
        let ids = parse_all(&self.ids, "ids", "uuid", str::parse::<InstanceId>, &mut object);
        let names = parse_all(&self.names, "names", "glob", name_pattern, &mut object);
        let tags = parse_all(&self.tags, "tags", "tag", str::parse::<TagSelector>, &mut object);
        let reason = CloudText::new(&self.reason);
        if reason.is_empty() {
            object(".reason", "required", "say why, for whoever will be refused");
        }
        if self.reason.chars().count() > Self::REASON_CHARS_MAX {
            let message = format!("at most {} characters are shown", Self::REASON_CHARS_MAX);
            object(".reason", "length", &message);
        }
        Protected { ids: ids.into_iter().collect(), names, tags, reason }
    }
}

fn name_pattern(text: &str) -> Result<Glob, SelectorError> {
    if text.is_empty() { Err(SelectorError::EmptyName) } else { Ok(Glob::new(text)) }
}

fn parse_all<T, E: std::error::Error>(
    texts: &[String],
    field: &str,
    rule: &str,
    parse: impl Fn(&str) -> Result<T, E>,
    object: &mut impl FnMut(&str, &str, &str),
) -> Vec<T> {
    let mut parsed = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        match parse(text) {
            Ok(value) => parsed.push(value),
            Err(error) => object(&format!(".{field}[{index}]"), rule, &error.to_string()),
        }
    }
    parsed
}

impl Protected {
    pub(super) fn reason(&self) -> &CloudText {
        &self.reason
    }

    pub(super) fn asks_for_names(&self) -> bool {
        !self.names.is_empty()
    }

    pub(super) fn asks_for_tags(&self) -> bool {
        !self.tags.is_empty()
    }

    /// Whether this is one of the instances meant, as far as is known.
    pub(super) fn means(&self, id: InstanceId, known: &Known) -> bool {
        let has_name = |glob: &Glob| known.name.as_ref().is_some_and(|name| glob.matches(name.as_str()));
        let has_tag = |selector: &TagSelector| known.tags.iter().flatten().any(|tag| selector.means(tag));
        self.ids.contains(&id) || self.names.iter().any(has_name) || self.tags.iter().any(has_tag)
    }
}
