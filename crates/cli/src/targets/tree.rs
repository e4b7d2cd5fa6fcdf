//! The shapes that lists in JSON and YAML have. Read by hand, since derived alternatives forget the lines.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::holds_id;

/// What the whole text is.
pub(super) struct Document {
    pub(super) entries: Vec<Spanned<Entry>>,
}

/// What stands for one target.
pub(super) enum Entry {
    /// Its id.
    Id(String),
    /// An object with an `outcome`: a line of an earlier report. Most of what it names succeeded, and would be wiped again.
    Report,
    /// An object without an id.
    Nameless,
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DocumentVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of ids, a list of objects with an `id`, or an object with such a list under `instances`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Document, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element()? {
            entries.push(entry);
        }
        Ok(Document { entries })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut entries = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == "instances" {
                entries = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        entries.map(|entries| Document { entries }).ok_or_else(|| A::Error::missing_field("instances"))
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id, or an object with an `id`")
    }

    fn visit_str<E: Error>(self, id: &str) -> Result<Entry, E> {
        Ok(Entry::Id(id.to_owned()))
    }

    /// A bare number is no id; core says so, with the line.
    fn visit_u64<E: Error>(self, number: u64) -> Result<Entry, E> {
        Ok(Entry::Id(number.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Entry, E> {
        Ok(Entry::Id(number.to_string()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
        let mut id = None;
        let mut is_report = false;
        while let Some(key) = map.next_key::<String>()? {
            if holds_id(&key) {
                let named: String = map.next_value()?;
                if id.replace(named).is_some() {
                    return Err(A::Error::custom("an entry has more than one id; which one is meant?"));
                }
            } else {
                is_report |= key == "outcome";
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(match (is_report, id) {
            (true, _) => Entry::Report,
            (false, Some(id)) => Entry::Id(id),
            (false, None) => Entry::Nameless,
        })
    }
}
