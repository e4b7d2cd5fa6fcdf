//! What exactly a reader complains about.
//!
//! It names no places, so the places are found by leaving parts out: a complaint is about the one part without which it is
//! another.

use serde_json::Value;

use super::Scenario;
use super::tree::{Node, Step};
use crate::nearest::nearest;

/// How like a known name a name must be to be taken for a slip of it, by Jaro and Winkler.
const LIKENESS_MIN: f64 = 0.8;
/// The key that decides which other keys there are. Without it every complaint is another, so it is looked at last.
const TAG: &str = "kind";

/// A complaint, and the part of the tree that it is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Culprit {
    pub(super) way: Vec<Step>,
    pub(super) what: String,
    /// Whether it is the key and not the value.
    pub(super) is_key: bool,
    /// Whether it is a key that nothing reads.
    pub(super) is_unread: bool,
}

/// Why a tree is no scenario, if so.
pub(super) fn culprit(root: &Node) -> Option<Culprit> {
    let told = complaint(root.value())?;
    let mut way = Vec::new();
    while let Some(step) = guilty(root, &way, &told) {
        way.push(step);
    }
    let is_named = |step: &Step| matches!(step, Step::Key(name) if quoted(&told).first() == Some(&name.as_str()));
    let is_key = told.starts_with("unknown ") && way.last().is_some_and(is_named);
    let is_unread = is_key && told.starts_with("unknown field ");
    Some(Culprit { way, what: in_words(&told), is_key, is_unread })
}

/// The one part below `way` that the complaint is about; `None` if it is about the whole.
fn guilty(root: &Node, way: &[Step], told: &str) -> Option<Step> {
    let is_guilty = |step: &Step| {
        let without = [way, std::slice::from_ref(step)].concat();
        complaint(root.value_without(Some(&without))).as_deref() != Some(told)
    };
    let mut guilty: Vec<Step> = root.part(way)?.steps().into_iter().filter(is_guilty).collect();
    if guilty.len() > 1 {
        guilty.retain(|step| !matches!(step, Step::Key(name) if name == TAG));
    }
    match guilty.len() {
        1 => guilty.pop(),
        _ => None,
    }
}

fn complaint(value: Value) -> Option<String> {
    serde_json::from_value::<Scenario>(value).err().map(|error| error.to_string())
}

/// What a reader of serde's says, in our words.
fn in_words(told: &str) -> String {
    let names = quoted(told);
    let Some((given, known)) = names.split_first() else { return told.to_owned() };
    if told.starts_with("missing field ") {
        return format!("`{given}` is missing");
    }
    let what = match told {
        told if told.starts_with("unknown field ") => format!("there is no key `{given}` here"),
        told if told.starts_with("unknown variant ") => format!("`{given}` is no word for this"),
        told => return told.to_owned(),
    };
    match nearest(given, known, LIKENESS_MIN) {
        Some(known) => format!("{what}; `{known}` is meant, perhaps"),
        None if known.is_empty() => what,
        None => format!("{what}; known are `{}`", known.join("`, `")),
    }
}

/// What stands between backticks.
fn quoted(told: &str) -> Vec<&str> {
    told.split('`').skip(1).step_by(2).collect()
}
