//! Work on all cores, told in the order of the seeds.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// How many seeds are worked on before anything is told of them. Enough to keep all cores busy to the end.
const BLOCK_LEN: u64 = 256;

/// Does `work` for each seed, on all cores, and tells the results in order. Goes on for as long as `told` says so.
pub fn each_in_order<T: Send>(seeds: Range<u64>, work: impl Fn(u64) -> T + Sync, mut told: impl FnMut(u64, T) -> bool) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut from = seeds.start;
    while from < seeds.end {
        let until = seeds.end.min(from.saturating_add(BLOCK_LEN));
        for (seed, result) in block(from..until, cores, &work) {
            if !told(seed, result) {
                return;
            }
        }
        from = until;
    }
}

fn block<T: Send>(seeds: Range<u64>, cores: usize, work: &(impl Fn(u64) -> T + Sync)) -> Vec<(u64, T)> {
    let next = AtomicU64::new(seeds.start);
    let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < seeds.end);
    let mut results: Vec<(u64, T)> = thread::scope(|scope| {
        let some = || std::iter::from_fn(take).map(|seed| (seed, work(seed))).collect::<Vec<_>>();
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(some)).collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).flatten().collect()
    });
    // A world that panics is a violation like any other (see `run`), so that no worker is ever lost.
    assert_eq!(results.len() as u64, seeds.end - seeds.start, "a worker is lost");
    results.sort_unstable_by_key(|(seed, _)| *seed);
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_each_once() {
        let mut told = vec![];
        each_in_order(
            5..1_005,
            |seed| seed * 2,
            |seed, double| {
                told.push((seed, double));
                true
            },
        );
        assert_eq!(told, (5..1_005).map(|seed| (seed, seed * 2)).collect::<Vec<_>>());
    }

    #[test]
    fn who_has_heard_enough_is_told_no_more() {
        let mut last = 0;
        each_in_order(
            0..10_000,
            |seed| seed,
            |seed, _| {
                last = seed;
                seed < 300
            },
        );
        assert_eq!(last, 300);
    }
}
