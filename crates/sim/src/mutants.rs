//! Every planted fault against the simulation: which seed catches it first, how many do, and what it breaks.

use reinstall_core::mutant::{Mutant, with};

use crate::exhaustive::{Extent, search};
use crate::run::first_violation;
use crate::scene::small::Family;
use crate::workers::each_in_order;

/// How many seeds a planted fault may get away with.
pub const CAUGHT_WITHIN: u64 = 5_000;

/// Planted faults that no world shows yet: each would need a scene that the seeds hardly ever draw, and the small scenes lack. Their
/// rules have unit tests in core. The list may only get shorter.
pub const NOT_SHOWN_YET: [Mutant; 6] = [
    Mutant::FirstRowCounts,
    Mutant::OneUnchangedSettles,
    Mutant::EarlyProgressIsBelieved,
    Mutant::BareRefusalIsBelieved,
    Mutant::BaselineMovesForward,
    Mutant::UnreadTimeCounts,
];

/// What became of one planted fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catch {
    /// Which.
    pub mutant: Mutant,
    /// The first seed that shows it, and the property it breaks there; `None` if none does.
    pub first: Option<(u64, &'static str)>,
    /// How many of the first seeds show it.
    pub failing: u64,
}

/// How many worlds of the complete search a planted fault gets away with: the number of the world that shows it, with the property
/// it breaks there; `None` if none does.
pub type CaughtIn = (u64, Option<&'static str>);

/// Plants each fault, and searches the small scenes one after the other until one shows it.
pub fn catch_each_exhaustively(extent: Extent, mut told: impl FnMut(Mutant, CaughtIn)) {
    let mutant = |index: u64| Mutant::ALL[index as usize];
    each_in_order(
        0..Mutant::ALL.len() as u64,
        |index| search_until_caught(mutant(index), extent),
        |index, caught| {
            told(mutant(index), caught);
            true
        },
    );
}

fn search_until_caught(mutant: Mutant, extent: Extent) -> CaughtIn {
    let mut worlds = 0;
    for scene in Family::scenes() {
        let searched = with(mutant, || search(scene, extent));
        worlds += searched.worlds;
        if let Some((_, violation)) = searched.violation {
            return (worlds, Some(violation.property));
        }
    }
    (worlds, None)
}

/// Plants each fault in turn. Counts among the first `counted` seeds, and goes on to [`CAUGHT_WITHIN`] if none shows it.
///
/// `only` names the faults to plant; all of them if it is empty.
pub fn catch_each(counted: u64, only: &[String], mut told: impl FnMut(&Catch)) {
    let is_wanted = |mutant: &&Mutant| only.is_empty() || only.iter().any(|name| name == mutant.name());
    for &mutant in Mutant::ALL.iter().filter(is_wanted) {
        let mut caught = Catch { mutant, first: None, failing: 0 };
        let broken = |seed| with(mutant, || first_violation(seed)).err().map(|violation| violation.property);
        each_in_order(0..counted, broken, |seed, property| {
            if let Some(property) = property {
                caught.failing += 1;
                caught.first.get_or_insert((seed, property));
            }
            true
        });
        if caught.first.is_none() {
            each_in_order(counted..CAUGHT_WITHIN, broken, |seed, property| {
                caught.first = property.map(|property| (seed, property));
                caught.first.is_none()
            });
        }
        told(&caught);
    }
}
