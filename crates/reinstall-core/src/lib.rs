//! The rules of reinstalling bare-metal fleets, as values.
//!
//! This crate has no clock, no randomness of its own, no environment, no files, no sockets, no printing and no async.
//! Time and dice are arguments, requests and answers are data. Whatever can go wrong with a destructive batch is decided
//! here and is therefore tested here, without waiting for anything. Carrying the decisions out is `reinstall-http`'s part.
//!
//! The modules, in reading order:

pub mod id;
pub mod named;
pub mod text;
pub mod time;

pub mod secret;

pub mod comparison;
pub mod instance;
pub mod lifecycle;
pub mod sighting;

pub mod instance_set;

pub mod redact;
pub mod retry;

pub mod rate;

pub mod fault;

pub mod login;

pub mod claim;
pub mod plan;
pub mod policy;
pub mod site;
pub mod spec;
pub mod survey;

pub mod action;
pub mod eligibility;
pub mod evidence;
pub mod notice;
pub mod observation;
pub mod preflight;
pub mod summary;

pub mod retry_states;

pub mod rollout;

pub mod journal;
pub mod record;
pub mod recorded;

pub mod mutant;

#[cfg(test)]
mod testing;
