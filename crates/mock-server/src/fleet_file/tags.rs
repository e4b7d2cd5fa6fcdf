//! Tags as the formats write them.

use std::fmt;

use reinstall_core::text::CloudText;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::error::Flaw;
use crate::cloud::TagText;

/// Tags as a column has them: `k=v;k2=v2`. A lone `;` says that there are none.
pub(super) fn of_column(text: &str) -> Result<TagText, Flaw> {
    // What a tag is ended with is no longer than what stands between two, and the last one has nothing behind it.
    let mut tags = TagText::with_capacity(text.len() + 1);
    for tag in text.split(';').map(str::trim_ascii).filter(|tag| !tag.is_empty()) {
        let (key, value) = match tag.split_once('=') {
            Some((key, value)) => (key.trim_ascii_end(), Some(value.trim_ascii_start())),
            None => (tag, None),
        };
        let wrong = |_| CloudText::new(&format!("`{tag}` is no tag: it must be a key, or a key=value"));
        tags.push(key, value).map_err(wrong).map_err(|what| Flaw::Value { field: "tags", what })?;
    }
    Ok(tags)
}

/// Tags as an object, or as the API has them.
pub(super) struct GivenTags(pub(super) Option<TagText>);

/// A tag as the API has it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenTag {
    key: String,
    value: Option<String>,
}

impl<'de> Deserialize<'de> for GivenTags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TagsVisitor)
    }
}

struct TagsVisitor;

impl TagsVisitor {
    fn push<E: Error>(tags: &mut TagText, key: &str, value: Option<&str>) -> Result<(), E> {
        tags.push(key, value).map_err(|_| E::custom("a tag has an empty key, or control characters"))
    }
}

impl<'de> Visitor<'de> for TagsVisitor {
    type Value = GivenTags;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tags: an object, or a list of objects with `key` and `value`")
    }

    fn visit_unit<E: Error>(self) -> Result<GivenTags, E> {
        Ok(GivenTags(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<GivenTags, A::Error> {
        let mut tags = TagText::default();
        while let Some(GivenTag { key, value }) = list.next_element()? {
            Self::push(&mut tags, &key, value.as_deref())?;
        }
        Ok(GivenTags(Some(tags)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<GivenTags, A::Error> {
        let mut tags = TagText::default();
        while let Some((key, value)) = map.next_entry::<String, Option<String>>()? {
            Self::push(&mut tags, &key, value.as_deref())?;
        }
        Ok(GivenTags(Some(tags)))
    }
}
