//! The way to the cloud over real sockets: TLS, both HTTP versions, proxies, broken connections and time limits.
//!
//! Nothing here sleeps, and no test asks how long something took: a limit is shown by a server that never answers.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod authority;
mod bare;
mod breaks;
mod client;
mod cloud;
mod limits;
mod proxies;
mod proxy;
mod trust;
mod versions;
