//! Where rollouts are kept: one SQLite database in the state directory.
//!
//! What this crate promises:
//!
//! * A line that was kept for certain is on disk before anything that follows from it is sent. A kill loses no line at all;
//!   a power loss loses at most the lines after the last certain one. The reasoning is in [`journal`].
//! * An instance is in one unfinished rollout at most, and a rollout is carried on by one program at most. See [`lease`].
//!   Whether that program has ended, the kernel says. See [`run_lock`].
//! * Nothing is emptied, replaced or repaired on the quiet. What is damaged, foreign, newer or open to others is refused,
//!   with its path and what to do about it. Lines are chained by hashes, so that rot is told from what was written.
//! * No secret is in it: the shapes of [`reinstall_core::record`] have no field for one.
//!
//! Beside it are small files that are no evidence: how fast requests may leave, for all programs of the user. See [`pace`].
//!
//! There is no clock and no environment in here: the time and the owner are arguments. The modules, in reading order:

pub mod error;

pub mod owner;

mod node;

pub mod run_lock;

mod dir;

mod schema;

mod chain;

mod packed;

pub mod store;

pub mod begin;

mod latest;

pub mod lease;

pub mod journal;

pub mod read;

pub mod row;

mod upkeep;

mod abandon;

pub mod pace;

#[cfg(test)]
mod tests;
