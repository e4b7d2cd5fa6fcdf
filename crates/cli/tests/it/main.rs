//! The built binary, from outside: what it prints, how it exits, and what it sends.

mod bench;
mod inputs;
mod passwords;
mod rollouts;
mod secrets;
mod usage;
