//! A scenario as it was read, sound or not.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use reinstall_core::id::InstanceId;
use serde_json::Value;

use super::culprit::culprit;
use super::objection::{Mark, Objection, Objections};
use super::tree::{Key, Node, Shape, Step, spell};
use super::{FleetSpec, Scenario, check};

/// A scenario as it was read, with the places of its parts, and with what speaks against it so far.
#[derive(Debug, Clone)]
pub struct Draft {
    name: String,
    scenario: Scenario,
    /// What the scenario was read from: without what nobody could read.
    tree: Node,
    /// Which items of a list are still there, where some could not be read.
    kept: BTreeMap<String, Vec<usize>>,
    objections: Vec<Objection>,
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is missing, a folder, not ours, or broken.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is longer than [`Scenario::BYTES_MAX`].
    #[error("{}: longer than {} bytes", path.display(), Scenario::BYTES_MAX)]
    TooLong {
        /// The file.
        path: PathBuf,
    },
}

impl Draft {
    /// Reads a file. Relative paths in it begin where it is.
    ///
    /// # Errors
    /// If there is nothing to read. What is wrong with what was read, [`Draft::check`] tells.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let unreadable = |source| ReadError::Unreadable { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        let mut text = String::new();
        let bytes = file.take(Scenario::BYTES_MAX as u64 + 1).read_to_string(&mut text).map_err(unreadable)?;
        if bytes > Scenario::BYTES_MAX {
            return Err(ReadError::TooLong { path: path.to_owned() });
        }
        let mut draft = Self::parse(&text, &path.display().to_string());
        if let (Some(FleetSpec::File(fleet)), Some(folder)) = (&mut draft.scenario.fleet, path.parent()) {
            *fleet = folder.join(&*fleet);
        }
        Ok(draft)
    }

    /// Reads a text; `name` says in objections where it comes from.
    #[must_use]
    pub fn parse(text: &str, name: &str) -> Self {
        let mut draft = Self {
            name: name.to_owned(),
            scenario: Scenario::default(),
            tree: Node { at: Mark::BEGINNING, shape: Shape::Map(Vec::new()) },
            kept: BTreeMap::new(),
            objections: Vec::new(),
        };
        match Node::parse(text) {
            Ok(tree) => draft.take(tree),
            Err(objection) => draft.objections.push(objection),
        }
        draft
    }

    /// What could be read, sound or not.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Where it comes from.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether any single instance is named, so that [`Draft::check`] needs to know who is there.
    #[must_use]
    pub fn names_instances(&self) -> bool {
        let Scenario { faults, prospects, allowed, .. } = &self.scenario;
        faults.iter().any(|rule| rule.instance.is_some())
            || prospects.iter().any(|prospect| prospect.instance.is_some())
            || allowed.as_ref().is_some_and(|allowed| !allowed.is_empty())
    }

    /// What speaks against it where the file of its fleet cannot be read, which only those know who open it.
    #[must_use]
    pub fn without_fleet(&self, why: impl Into<String>) -> Objections {
        let (at, path) = self.place("fleet", None, &["file"]);
        let mut objections = self.objections.clone();
        objections.extend(check::check(self, None));
        Objections::with(&self.name, objections, Objection::new(at, path, why))
    }

    /// The scenario, if it can do what it says. `is_there` tells of an instance whether it is in the fleet; nobody is missed if
    /// there is none.
    ///
    /// # Errors
    /// Everything that speaks against it, each thing with its place.
    pub fn check(&self, is_there: Option<&dyn Fn(InstanceId) -> bool>) -> Result<&Scenario, Objections> {
        // Made-up instances depend on these: where one of them could not be read, nobody knows who is there.
        let is_known = !self
            .objections
            .iter()
            .any(|objection| ["fleet", "seed", "project_id"].iter().any(|field| objection.path().starts_with(field)));
        let is_there = is_there.filter(|_| is_known);
        let mut objections = self.objections.clone();
        objections.extend(check::check(self, is_there));
        match Objections::of(&self.name, objections) {
            Some(objections) => Err(objections),
            None => Ok(&self.scenario),
        }
    }

    /// Where a part stands, and how its path is written. `index` is that of an item in the scenario. A part that is absent stands
    /// where the nearest does that it would be in.
    pub(super) fn place(&self, field: &str, index: Option<usize>, keys: &[&str]) -> (Mark, String) {
        let mut way = vec![Step::Key(field.to_owned())];
        way.extend(index.map(Step::Index));
        way.extend(keys.iter().map(|key| Step::Key((*key).to_owned())));
        let marks = (0..=way.len()).rev().find_map(|len| self.tree.part(&way[..len]));
        let mark = marks.map_or(Mark::BEGINNING, |part| part.at);
        if let Some(Step::Index(index)) = way.get_mut(1) {
            *index = self.true_index(field, *index);
        }
        (mark, spell(&way))
    }

    /// Which item of a list in the text this one of the scenario is.
    pub(super) fn true_index(&self, field: &str, index: usize) -> usize {
        self.kept.get(field).and_then(|kept| kept.get(index)).copied().unwrap_or(index)
    }

    /// Takes all of a tree that can be read, and objects to the rest.
    fn take(&mut self, tree: Node) {
        let at = tree.at;
        if let Ok(scenario) = serde_json::from_value(tree.value())
            && matches!(tree.shape, Shape::Map(_))
        {
            self.scenario = scenario;
            self.tree = tree;
            return;
        }
        let kept = match tree.shape {
            Shape::Map(entries) => {
                entries.into_iter().filter_map(|(key, node)| Some((key.clone(), self.readable(&key, node)?))).collect()
            }
            // A file of nothing but comments.
            Shape::Scalar(Value::Null) => Vec::new(),
            Shape::Scalar(_) | Shape::List(_) => {
                let what = "a scenario is a map, with keys such as `seed`, `fleet` and `faults`";
                self.objections.push(Objection::new(at, "", what));
                Vec::new()
            }
        };
        self.tree = Node { at, shape: Shape::Map(kept) };
        match serde_json::from_value(self.tree.value()) {
            Ok(scenario) => self.scenario = scenario,
            // Its parts can be read one by one, or there were too many objections to go on.
            Err(error) => self.objections.push(Objection::new(at, "", error.to_string())),
        }
    }

    /// What can be read of the value under one of the scenario's keys: of a list item by item, of all else the whole.
    fn readable(&mut self, key: &Key, node: Node) -> Option<Node> {
        let items = match node.shape {
            Shape::List(items) if !items.is_empty() => items,
            shape @ (Shape::Scalar(_) | Shape::List(_) | Shape::Map(_)) => {
                return self.readable_part(key, Node { shape, ..node }, None);
            }
        };
        let mut left = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let known = self.objections.len();
            let alone = Node { at: node.at, shape: Shape::List(vec![item]) };
            let read = self.readable_part(key, alone, Some(index));
            if let Some(Node { shape: Shape::List(items), .. }) = read {
                left.extend(items);
                self.kept.entry(key.name.clone()).or_default().push(index);
            } else if self.objections.get(known).is_some_and(|objection| objection.path() == key.name) {
                // It is not about this item, and would be said of each.
                return None;
            }
        }
        Some(Node { at: node.at, shape: Shape::List(left) })
    }

    /// The value under one of the scenario's keys, if all of it can be read: whatever else there is to say of half a rule would be
    /// wrong. Tells of every key that nothing reads. `index` is the true one of the only item of a list.
    fn readable_part(&mut self, key: &Key, node: Node, index: Option<usize>) -> Option<Node> {
        let known = self.objections.len();
        let mut probe = Node { at: node.at, shape: Shape::Map(vec![(key.clone(), node)]) };
        while let Some(culprit) = culprit(&probe) {
            if self.objections.len() >= Objections::LEN_MAX {
                return None;
            }
            let at = match culprit.is_key {
                true => probe.key_mark(&culprit.way),
                false => probe.part(&culprit.way).map(|part| part.at),
            };
            let mut way = culprit.way.clone();
            if let (Some(Step::Index(shown)), Some(index)) = (way.get_mut(1), index) {
                *shown = index;
            }
            self.objections.push(Objection::new(at.unwrap_or(probe.at), spell(&way), culprit.what));
            if !culprit.is_unread || culprit.way.len() < 2 {
                return None;
            }
            probe.remove(&culprit.way);
        }
        if self.objections.len() > known {
            return None;
        }
        match probe.shape {
            Shape::Map(mut entries) => entries.pop().map(|(_, node)| node),
            Shape::Scalar(_) | Shape::List(_) => None,
        }
    }
}
