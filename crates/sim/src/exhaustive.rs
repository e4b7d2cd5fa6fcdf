//! Small worlds, searched completely.
//!
//! Seeds show what is likely. Here every choice that a small world leaves open is made in every way, as long as no more than a few
//! of them are special: a lost answer, a replica that lags, a field that is missing, the end of the program. The ways that messages
//! take are not searched; each takes the same time.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use crate::dice::{Row, Script};
use crate::run::{Violation, play};
use crate::scene::small::{Family, SmallScene};
use crate::workers::each_in_order;
use crate::world::World;

/// How much is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The most special choices in one world.
    pub special_max: usize,
    /// The first so many choices of a world are open; later ones are not special.
    pub choices_max: usize,
}

impl Extent {
    /// What every change has to pass.
    pub const BOUNDED: Self = Self { special_max: 2, choices_max: 60 };
    /// What a long run searches.
    pub const LONG: Self = Self { special_max: 3, choices_max: 80 };
}

/// What a complete search of one small scene came to.
#[derive(Debug)]
pub struct Searched {
    /// Which scene.
    pub scene: SmallScene,
    /// How many worlds were played: all of them, unless one broke a property.
    pub worlds: u64,
    /// The first world that broke a property, with its choices.
    pub violation: Option<(Vec<u32>, Box<Violation>)>,
}

impl fmt::Display for Searched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scene, worlds, violation } = self;
        match violation {
            None => write!(f, "{scene}: {worlds} worlds, complete"),
            Some((choices, violation)) => {
                write!(f, "{scene}: violation in world {worlds}, choices {choices:?}\n{violation}")
            }
        }
    }
}

/// Searches every small scene, and tells of each in order. Goes on for as long as `told` says so.
pub fn search_all(extent: Extent, mut told: impl FnMut(Searched) -> bool) {
    let scenes = Family::scenes();
    each_in_order(0..scenes.len() as u64, |index| search(scenes[index as usize], extent), |_, searched| told(searched));
}

/// Searches one small scene completely, or up to the first violation.
#[must_use]
pub fn search(scene: SmallScene, extent: Extent) -> Searched {
    let mut worlds = 0;
    let mut written = Some(vec![]);
    while let Some(choices) = written {
        worlds += 1;
        let script = Rc::new(RefCell::new(Script::new(choices.clone(), extent.choices_max)));
        let world = |keeps_diary| World::of(scene.build(), 0, Row::scripted(Rc::clone(&script)), keeps_diary);
        if play(worlds, false, || world(false)).is_err() {
            script.replace(Script::new(choices.clone(), extent.choices_max));
            let violation = play(worlds, true, || world(true)).err();
            return Searched { scene, worlds, violation: violation.map(|violation| (choices, violation)) };
        }
        written = script.borrow().next(extent.special_max);
    }
    Searched { scene, worlds, violation: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_small_scene_holds_in_its_first_worlds() {
        let extent = Extent { special_max: 1, choices_max: 20 };
        search_all(extent, |searched| {
            assert!(searched.violation.is_none(), "{searched}");
            assert!(searched.worlds > 1, "{searched}: nothing was searched");
            true
        });
    }
}
