//! The shapes that lists in JSON and YAML have. Read by hand, since derived alternatives forget the lines.

use std::fmt;

use reinstall_core::spec::TargetSpec;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::columns::{addresses_in, holds_address, holds_id, holds_name};
use super::{Row, TargetsError};

/// What the whole text is.
pub(super) enum Document {
    /// A list, or an object with one under `instances`.
    List(Vec<Spanned<Entry>>),
    /// An object of any other kind: a single target, or nothing of use.
    One(Entry),
}

/// What stands for one target.
pub(super) enum Entry {
    /// A target.
    Target(Row),
    /// An object with an `outcome`: a line of an earlier report. Most of what it names succeeded, and would be wiped again.
    Report,
    /// An object without an id.
    Nameless,
    /// An object with a list under `instances`.
    Wrapper,
}

impl Entry {
    /// The target that it stands for.
    pub(super) fn target(self, name: &str, line: u64) -> Result<TargetSpec, TargetsError> {
        match self {
            Self::Target(row) => Ok(row.at(name, line)),
            Self::Report => Err(TargetsError::Report { name: name.into(), line }),
            Self::Nameless | Self::Wrapper => Err(TargetsError::Malformed {
                name: name.into(),
                line,
                what: "an entry has no `id` or `instance_id`".into(),
            }),
        }
    }
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
        Ok(Document::List(entries))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Document, A::Error> {
        let mut instances = None;
        let entry = object(map, Some(&mut instances))?;
        Ok(instances.map_or(Document::One(entry), Document::List))
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
        Ok(Entry::Target(Row { id: id.to_owned(), ..Row::default() }))
    }

    /// A bare number is no id; core says so, with the line.
    fn visit_u64<E: Error>(self, number: u64) -> Result<Entry, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Entry, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
        object(map, None)
    }
}

/// What an object stands for. A list under `instances` goes where there is a place for it.
fn object<'de, A: MapAccess<'de>>(
    mut map: A,
    mut instances: Option<&mut Option<Vec<Spanned<Entry>>>>,
) -> Result<Entry, A::Error> {
    let (mut id, mut name, mut addresses) = (None, None, Vec::new());
    let (mut is_report, mut is_wrapper) = (false, false);
    while let Some(key) = map.next_key::<String>()? {
        if holds_id(&key) {
            let named: String = map.next_value()?;
            if id.replace(named).is_some() {
                return Err(A::Error::custom("an entry has more than one id; which one is meant?"));
            }
        } else if holds_name(&key) {
            let Texts(given) = map.next_value()?;
            if name.is_some() || given.len() > 1 {
                return Err(A::Error::custom("an entry has more than one name; which one is meant?"));
            }
            name = given.into_iter().next();
        } else if holds_address(&key) {
            let Texts(given) = map.next_value()?;
            addresses.extend(given.iter().flat_map(|text| addresses_in(text)));
        } else if key == "network_interfaces" {
            let interfaces: Option<Vec<Interface>> = map.next_value()?;
            addresses.extend(interfaces.into_iter().flatten().filter_map(|one| one.ipv4_address));
        } else if key == "instances" {
            is_wrapper = true;
            match &mut instances {
                Some(place) => **place = Some(map.next_value()?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        } else {
            is_report |= key == "outcome";
            map.next_value::<IgnoredAny>()?;
        }
    }
    Ok(match id {
        _ if is_wrapper => Entry::Wrapper,
        _ if is_report => Entry::Report,
        Some(id) => Entry::Target(Row { id, name, addresses }),
        None => Entry::Nameless,
    })
}

/// A network interface as the list call shows it.
#[derive(serde::Deserialize)]
struct Interface {
    #[serde(default)]
    ipv4_address: Option<String>,
}

/// One text, several in a list, or none.
struct Texts(Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a list of texts, or null")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Texts, E> {
        Ok(Texts(vec![text.to_owned()]))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Texts, E> {
        Ok(Texts(vec![number.to_string()]))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Texts, E> {
        Ok(Texts(vec![number.to_string()]))
    }

    fn visit_unit<E: Error>(self) -> Result<Texts, E> {
        Ok(Texts(Vec::new()))
    }

    fn visit_none<E: Error>(self) -> Result<Texts, E> {
        self.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = list.next_element::<String>()? {
            texts.push(text);
        }
        Ok(Texts(texts))
    }
}
