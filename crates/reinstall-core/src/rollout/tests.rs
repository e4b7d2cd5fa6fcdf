//! The machine driven by hand-written sequences of events.

mod fleet;
mod guards;
pub(super) mod play;
mod stories;
