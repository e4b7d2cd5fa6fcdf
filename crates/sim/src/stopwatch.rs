//! The only file of the simulation that reads a clock: to tell how quick it is. Nothing is decided by it.

use std::time::{Duration, Instant};

/// A stopwatch that runs.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts it.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "measures how quick the simulation is, for people to read")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// How long it has run.
    #[must_use]
    pub fn read(self) -> Duration {
        self.0.elapsed()
    }
}
