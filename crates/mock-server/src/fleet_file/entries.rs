//! The shapes that whole fleets in JSON and YAML have. Each instance is looked at as soon as it is read, so that none but
//! one is ever held in full.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::given::Given;
use super::keys::KeyOf;
use super::lines::Flow;
use super::names::{Key, Names};
use super::sink::Sink;

/// A whole document: an instance, a list of them, or an object with such a list under `instances`.
pub(super) struct Document<'s> {
    pub(super) sink: &'s mut Sink,
    pub(super) place: Place<'s>,
}

/// How the line is known that an instance begins on.
#[derive(Clone, Copy)]
pub(super) enum Place<'s> {
    /// All of them are on this one.
    Line(u64),
    /// The reader counts them. It is no further than the parser.
    Counted(&'s Flow),
    /// The parser tells. The reader only says what one instance may take.
    Spanned(&'s Flow),
}

impl Place<'_> {
    /// Reads an instance that begins here.
    fn read<'de, D: Deserializer<'de>>(self, deserializer: D) -> Result<(Given<'static>, u64), D::Error> {
        match self {
            Self::Line(line) => Ok((Given::deserialize(deserializer)?, line)),
            Self::Counted(flow) => {
                let line = self.line();
                flow.begin_row();
                Ok((Given::deserialize(deserializer)?, line))
            }
            Self::Spanned(flow) => {
                flow.begin_row();
                let spanned = Spanned::<Given<'static>>::deserialize(deserializer)?;
                Ok((spanned.value, spanned.referenced.line()))
            }
        }
    }

    /// The line as far as it is known before anything is read.
    fn line(self) -> u64 {
        match self {
            Self::Line(line) => line,
            Self::Counted(flow) => flow.line(),
            Self::Spanned(_) => 1,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "instances: an object with an `id`, a list of them, or an object with such a list under `instances`",
        )
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        Rows { sink: self.sink, place: self.place }.visit_seq(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { sink, place } = self;
        let line = place.line();
        let mut given = Given::default();
        let (mut is_list, mut is_row) = (false, false);
        while let Some(key) = map.next_key_seed(KeyOf(Names::DOCUMENT))? {
            if key == Key::Instances {
                is_list = true;
                map.next_value_seed(Rows { sink: &mut *sink, place })?;
            } else {
                is_row |= key != Key::Ignored;
                given.read(key, &mut map)?;
            }
        }
        match (is_list, is_row) {
            (true, false) => Ok(()),
            (true, true) => {
                Err(A::Error::custom("an object with `instances` is no instance, and has no other keys of one"))
            }
            (false, _) => sink.push_or_keep(&given, line),
        }
    }
}

/// A list of instances.
struct Rows<'s> {
    sink: &'s mut Sink,
    place: Place<'s>,
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of instances")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Row { sink: &mut *self.sink, place: self.place })?.is_some() {}
        Ok(())
    }
}

/// One instance of a list.
struct Row<'s> {
    sink: &'s mut Sink,
    place: Place<'s>,
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let (given, line) = self.place.read(deserializer)?;
        self.sink.push_or_keep(&given, line)
    }
}
