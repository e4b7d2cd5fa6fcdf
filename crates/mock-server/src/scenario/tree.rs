//! A YAML text as a tree that knows where each of its parts stands.
//!
//! A derived choice by a tag, such as that between effects, forgets the places of what it chooses from. So the places are kept
//! here, and the values are read from the tree.

use std::fmt::{self, Write as _};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

use super::objection::{Mark, Objection};

/// A value, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) at: Mark,
    pub(super) shape: Shape,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) at: Mark,
    pub(super) name: String,
}

/// The way from a value to one of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// The most parts of a text, those counted again that aliases repeat. A list of 100,000 instances has no more than as many.
const PARTS_MAX: usize = 200_000;

impl Node {
    /// Reads a text.
    ///
    /// # Errors
    /// If it is no YAML, or has more than one document.
    pub(super) fn parse(text: &str) -> Result<Self, Objection> {
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! { max_events: PARTS_MAX, max_nodes: PARTS_MAX },
            strict_booleans: true,
            leading_zero_numbers_as_strings: true,
            underscored_numbers_as_strings: true,
            with_snippet: false,
        };
        let read = serde_saphyr::from_str_with_options::<Spanned<Shape>>(text, options);
        read.map(Self::from).map_err(|error| {
            let at = error.location().map_or(Mark::BEGINNING, Mark::from);
            let told = error.without_snippet().to_string();
            let what = told.lines().next().unwrap_or_default();
            // The place is told in front.
            Objection::new(at, "", what.split(" at line ").next().unwrap_or(what))
        })
    }

    /// The value without its places.
    pub(super) fn value(&self) -> Value {
        self.value_without(None)
    }

    /// The same without the part at the end of a way, if there is one.
    pub(super) fn value_without(&self, left_out: Option<&[Step]>) -> Value {
        // The rest of the way, if it leads through this part; an empty rest is its end.
        let rest = |step: &Step| left_out.and_then(|way| way.split_first()).filter(|(first, _)| *first == step);
        let part = |step: &Step, node: &Self| match rest(step) {
            Some((_, [])) => None,
            Some((_, rest)) => Some(node.value_without(Some(rest))),
            None => Some(node.value()),
        };
        match &self.shape {
            Shape::Scalar(value) => value.clone(),
            Shape::List(items) => {
                let items = items.iter().enumerate();
                Value::Array(items.filter_map(|(index, item)| part(&Step::Index(index), item)).collect())
            }
            Shape::Map(entries) => {
                let entries = entries
                    .iter()
                    .filter_map(|(key, node)| Some((key.name.clone(), part(&Step::Key(key.name.clone()), node)?)));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }

    /// The steps to each of its parts.
    pub(super) fn steps(&self) -> Vec<Step> {
        match &self.shape {
            Shape::Scalar(_) => Vec::new(),
            Shape::List(items) => (0..items.len()).map(Step::Index).collect(),
            Shape::Map(entries) => entries.iter().map(|(key, _)| Step::Key(key.name.clone())).collect(),
        }
    }

    /// The part at the end of a way.
    pub(super) fn part(&self, way: &[Step]) -> Option<&Self> {
        let Some((step, rest)) = way.split_first() else { return Some(self) };
        let part = match (&self.shape, step) {
            (Shape::List(items), Step::Index(index)) => items.get(*index),
            (Shape::Map(entries), Step::Key(name)) => {
                entries.iter().find(|(key, _)| key.name == *name).map(|(_, node)| node)
            }
            (Shape::Scalar(_) | Shape::List(_) | Shape::Map(_), _) => None,
        };
        part?.part(rest)
    }

    /// Where the key stands that a way ends with; the part itself if it ends with no key.
    pub(super) fn key_mark(&self, way: &[Step]) -> Option<Mark> {
        if let Some((Step::Key(name), before)) = way.split_last()
            && let Shape::Map(entries) = &self.part(before)?.shape
        {
            return entries.iter().find(|(key, _)| key.name == *name).map(|(key, _)| key.at);
        }
        self.part(way).map(|part| part.at)
    }

    /// Takes away the part at the end of a way.
    pub(super) fn remove(&mut self, way: &[Step]) {
        let Some((step, rest)) = way.split_first() else { return };
        match (&mut self.shape, step) {
            (Shape::List(items), Step::Index(index)) if *index < items.len() => match rest {
                [] => drop(items.remove(*index)),
                rest => items[*index].remove(rest),
            },
            (Shape::Map(entries), Step::Key(name)) => match rest {
                [] => entries.retain(|(key, _)| key.name != *name),
                rest => {
                    if let Some((_, node)) = entries.iter_mut().find(|(key, _)| key.name == *name) {
                        node.remove(rest);
                    }
                }
            },
            (Shape::Scalar(_) | Shape::List(_) | Shape::Map(_), _) => {}
        }
    }
}

/// A way as people write it: `faults[2].effect.by`.
pub(super) fn spell(way: &[Step]) -> String {
    let mut text = String::new();
    for step in way {
        // Writing to a string does not fail.
        let _ = match step {
            Step::Key(name) if text.is_empty() => text.write_str(name),
            Step::Key(name) => write!(text, ".{name}"),
            Step::Index(index) => write!(text, "[{index}]"),
        };
    }
    text
}

impl From<Spanned<Shape>> for Node {
    fn from(spanned: Spanned<Shape>) -> Self {
        Self { at: spanned.referenced.into(), shape: spanned.value }
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, true, false, null, a list or a map")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Shape, E> {
        Ok(Shape::Scalar(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Shape, E> {
        Ok(Shape::Scalar(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Shape, E> {
        Ok(Shape::Scalar(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Shape, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("that is no number"))?;
        Ok(Shape::Scalar(number.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Shape, E> {
        Ok(Shape::Scalar(text.into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Shape, E> {
        Ok(Shape::Scalar(Value::Null))
    }

    fn visit_none<E: Error>(self) -> Result<Shape, E> {
        self.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Shape, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element::<Spanned<Shape>>()? {
            items.push(item.into());
        }
        Ok(Shape::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, node)) = map.next_entry::<Spanned<String>, Spanned<Shape>>()? {
            entries.push((Key { at: key.referenced.into(), name: key.value }, node.into()));
        }
        Ok(Shape::Map(entries))
    }
}
