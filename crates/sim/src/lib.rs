//! Seeded simulation: the real rollout against the pure cloud, with one event queue as the only clock.
//!
//! No socket, no task, no operating-system clock. A seed decides everything: the fleet, the policy, what the cloud does and
//! what the network does to requests and answers. After each step every property of [`properties`] is checked, and a
//! violation names the seed that shows it.
//!
//! The modules, in reading order:

pub mod dice;

pub mod marks;

pub mod client;

pub mod scene;

pub mod network;

pub mod strangers;

mod clock;

pub mod disk;

pub mod world;
pub mod worse;

pub mod properties;

pub mod run;

pub mod exhaustive;

pub mod workers;

pub mod totals;

pub mod corpus;

pub mod moves;

pub mod stopwatch;

pub mod scale;

#[cfg(reinstall_mutants)]
pub mod mutants;
