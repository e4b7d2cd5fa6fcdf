//! Seeds that once failed, or that are the first to catch a planted fault. They run first, always.
//!
//! A seed means something only as long as worlds are made as they were: after a change to the scenes the sentences tell
//! what to look for anew, and the seeds are still as good as any.

use std::collections::BTreeSet;

/// One line each: the seed, and a sentence about it. `#` begins a comment.
const TEXT: &str = include_str!("../corpus.txt");

/// The seeds of the corpus, in order, each once.
///
/// # Panics
/// If a line has no seed or no sentence: a mistake in `corpus.txt`.
#[must_use]
pub fn seeds() -> BTreeSet<u64> {
    let lines = TEXT.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| match line.split_once(' ').map(|(seed, why)| (seed.parse(), why.trim())) {
            Some((Ok(seed), why)) if why.ends_with('.') => seed,
            Some(_) | None => panic!("corpus.txt: write a seed and a sentence, not `{line}`"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::run;

    #[test]
    fn what_once_failed_holds() {
        let seeds = seeds();
        assert!(!seeds.is_empty());
        for seed in seeds {
            if let Err(violation) = run(seed) {
                panic!("{violation}");
            }
        }
    }
}
