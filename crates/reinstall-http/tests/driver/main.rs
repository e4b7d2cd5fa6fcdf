//! The driver and the client against the mock cloud, over real sockets.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod acquitted;
mod rig;
mod stories;
