//! The three CloudDC calls that a reinstall needs over HTTP, and the calls to IAM that they need.
//!
//! This crate decides nothing about an instance: that is `reinstall-core`'s part. It never sends a reinstall request twice,
//! follows no redirect, uses no proxy, reads no environment variable and no file of its own accord (the TLS library looks
//! for the system's root certificates), prints nothing, and never writes a body or a secret to a log. Only `transport`
//! names the HTTP library, and only `clock` reads the operating system's clock or sleeps.
//!
//! The modules, in reading order:

pub mod wire;

pub mod operation;
pub mod ops;

pub mod endpoint;
pub mod network;
pub mod sign;

pub mod credential;
pub mod iam_user;
mod nearest;
pub mod region;
pub mod sources;

pub mod clock;
pub mod core_dumps;
pub mod transport;

mod auth;
mod caller;

pub mod error;

pub mod client;
pub mod iam;
pub mod probe;

pub mod driver;

#[cfg(test)]
mod testing;
