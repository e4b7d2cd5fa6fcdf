//! The keys of one instance in JSON and YAML. Read by hand: what serde derives knows no nearest name.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::given::Given;
use super::names::{Field, Key, Names};
use super::tags::GivenTags;

impl<'de> Deserialize<'de> for Given<'static> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut given = Self::default();
        Object { given: &mut given, names: Names::ROW, what: "an object with an `id`" }.deserialize(deserializer)?;
        Ok(given)
    }
}

impl Given<'static> {
    /// Takes the value of a key.
    pub(super) fn read<'de, A: MapAccess<'de>>(&mut self, key: Key, map: &mut A) -> Result<(), A::Error> {
        match key {
            Key::Text(field) => {
                let text = map.next_value_seed(Text(field))?;
                self.set(field, Cow::Owned(text.unwrap_or_default())).map_err(A::Error::custom)
            }
            Key::Tags => match map.next_value::<GivenTags>()?.0 {
                Some(tags) => self.set_tags(tags).map_err(A::Error::custom),
                None => Ok(()),
            },
            Key::Image => map.next_value_seed(Maybe(Object { given: self, names: Names::IMAGE, what: "an image" })),
            Key::Error => map.next_value_seed(Maybe(Object { given: self, names: Names::ERROR, what: "an error" })),
            Key::Interfaces => map.next_value_seed(Maybe(Interfaces { given: self })),
            Key::Unseen => {
                map.next_value::<IgnoredAny>()?;
                self.set_unseen();
                Ok(())
            }
            Key::Instances | Key::Ignored => map.next_value::<IgnoredAny>().map(|_| ()),
        }
    }
}

/// A key, by what it stands for.
pub(super) struct KeyOf(pub(super) Names);

impl<'de> DeserializeSeed<'de> for KeyOf {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyOf {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Key, E> {
        self.0.find(name).map_err(E::custom)
    }
}

/// An object whose fields say something of an instance.
struct Object<'g> {
    given: &'g mut Given<'static>,
    names: Names,
    what: &'static str,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(KeyOf(self.names))? {
            self.given.read(key, &mut map)?;
        }
        Ok(())
    }
}

/// The interfaces of an instance. The cloud shows one, so that the first is taken.
struct Interfaces<'g> {
    given: &'g mut Given<'static>,
}

impl<'de> DeserializeSeed<'de> for Interfaces<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Interfaces<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of interfaces")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        list.next_element_seed(Object { given: self.given, names: Names::INTERFACE, what: "an interface" })?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// What may be `null`, which says nothing.
struct Maybe<S>(S);

impl<'de, S: DeserializeSeed<'de, Value = ()>> DeserializeSeed<'de> for Maybe<S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, S: DeserializeSeed<'de, Value = ()>> Visitor<'de> for Maybe<S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, a list or null")
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.deserialize(deserializer)
    }
}

/// The text of a field; an error names the field.
#[derive(Clone, Copy)]
struct Text(Field);

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<String>, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "text for `{}`", self.0.name())
    }

    fn visit_none<E: Error>(self) -> Result<Option<String>, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<String>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<String>, D::Error> {
        deserializer.deserialize_str(self)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<String>, E> {
        Ok(Some(text.trim().to_owned()))
    }
}
