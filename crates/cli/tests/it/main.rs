//! The built binary, from outside: what it prints, how it exits, and what it sends.

#![expect(clippy::unwrap_used, reason = "a test whose bench breaks has failed")]

mod bench;
mod claims;
#[cfg(unix)]
mod crashes;
mod doctor;
mod inputs;
mod passwords;
#[cfg(target_os = "linux")]
mod readers;
mod records;
mod rollouts;
mod secrets;
mod site;
#[cfg(target_os = "linux")]
mod terminal;
mod usage;
mod world;
