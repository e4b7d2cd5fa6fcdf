//! Whether our server grows while it serves.

use std::path::Path;

use super::load::{Asked, Generators};
use super::running::{Recipe, Running};
use super::sample::Sample;
use crate::host;
use crate::task::Failure;

/// How often its memory is looked at.
const LOOKS: u64 = 10;
/// How much it may have more at any look than at the first: the log is full by then, and allocators breathe.
pub(super) const GROWTH_MAX: f64 = 1.05;

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Soak {
    /// Between two looks.
    pub(super) reads: u64,
    /// Bytes of resident memory before the first read.
    pub(super) before: u64,
    /// And at each look.
    pub(super) resident: Vec<u64>,
    pub(super) failed: u64,
}

impl Soak {
    /// The most at any look, over that at the first.
    pub(super) fn growth(&self) -> Option<f64> {
        let (first, most) = (*self.resident.first()?, *self.resident.iter().max()?);
        Some(most as f64 / first as f64)
    }

    pub(super) fn all_reads(&self) -> u64 {
        self.reads * self.resident.len() as u64
    }
}

/// Reads so often, a list for each hundred statuses, and looks at the memory again and again.
pub(super) fn watch(
    generators: &Generators,
    recipe: &Recipe,
    sample: &Sample,
    reads: u64,
    folder: &Path,
) -> Result<Soak, Failure> {
    let running = Running::start(recipe, folder)?;
    let asked = Asked { targets: &sample.mixed, header: recipe.header };
    let before = running.memory()?.now;
    let mut soak = Soak { reads: reads.div_ceil(LOOKS), before, resident: Vec::new(), failed: 0 };
    for look in 1..=LOOKS {
        soak.failed += generators.count(&running, asked, soak.reads)?;
        let resident = running.memory()?.now;
        host::say(format_args!("after {} reads: {} kB", look * soak.reads, resident / 1_000));
        soak.resident.push(resident);
    }
    Ok(soak)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_counts_from_the_first_look() {
        let soak = |resident: &[u64]| Soak { reads: 5, before: 1, resident: resident.to_vec(), failed: 0 };
        assert_eq!(soak(&[100, 150, 120]).growth(), Some(1.5));
        assert_eq!(soak(&[100, 90]).growth(), Some(1.0));
        assert_eq!(soak(&[]).growth(), None);
        assert_eq!(soak(&[1, 2, 3]).all_reads(), 15);
    }
}
