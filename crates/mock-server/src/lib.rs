//! A stand-in for the CloudDC API and the IAM before it: the calls a reinstall needs, as the documents have them, and as a
//! network spoils them.
//!
//! The cloud is a value without clock, sockets or tasks, so that a simulation can use it as it is; HTTP is a thin layer
//! around it. Nothing happens by chance that the seed does not decide. It keeps no secret but the made-up ones it is opened
//! with: a password for an instance is checked and forgotten, and no log entry has a place for one. It is no production service, and by itself it listens on loopback only.
//!
//! The modules, in reading order:

pub mod clock;
pub mod cloud;
pub mod delivery;
pub mod exchange;
pub mod fault;
pub mod fleet_file;
pub mod iam;
pub mod judge;
pub mod limit;
pub mod log;
mod nearest;
pub mod operation;
pub mod scenario;
mod shape;
pub mod world;

mod admin;
pub mod app;
pub mod diagnosis;
pub mod hosts;
pub mod openapi;
mod page;
pub mod pipeline;
pub mod worlds;

pub mod record;
pub mod serve;

pub mod args;
