//! The machine driven by hand-written sequences of events.

mod fleet;
pub(super) mod play;
mod stories;
