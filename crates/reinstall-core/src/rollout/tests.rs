//! The machine driven by hand-written sequences of events.

mod fleet;
mod play;
mod stories;
