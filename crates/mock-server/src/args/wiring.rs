//! From settings to a server: the one place where they meet, and where parts are put in that are built elsewhere.

use std::path::Path;

use super::{Settings, Tape};
use crate::cloud::config::FleetConfig;
use crate::hosts::Hosts;
use crate::serve::{MockServer, MockServerBuilder};

/// What is said of the client at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// Whether nothing is held against it.
    pub is_acquitted: bool,
    /// The whole verdict, as JSON.
    pub json: String,
}

/// Reads the file of a fleet.
///
/// SEAM (fleet_file): `fleet_file::read(BufReader::new(File::open(path)?), Format::by_extension(path))`, then
/// `FleetConfig::Stored`.
///
/// # Errors
/// Says why there is no fleet.
pub fn load_fleet(path: &Path) -> Result<FleetConfig, String> {
    Err(format!("{}: this build cannot read fleets from files", path.display()))
}

/// What is said of the client, now that the run has ended; `None` if nobody can tell.
///
/// SEAM (judge): the verdict over all worlds of the server, with the end of the run taken into account.
#[must_use]
pub fn verdict(server: &MockServer) -> Option<Closing> {
    let _ = server;
    None
}

impl Settings {
    /// The server that they ask for.
    ///
    /// SEAM (server): each of [`not_served`](Self::not_served) goes to a method of the builder.
    ///
    /// # Errors
    /// Names what this build has no server for: what was asked for is not left out without a word.
    pub fn builder(self) -> Result<MockServerBuilder, String> {
        if let Some(flag) = self.not_served() {
            return Err(format!("{flag}: this build cannot do that"));
        }
        let builder = MockServer::builder()
            .plan(self.plan)
            .worlds_auto(self.makes_worlds)
            .token(self.token)
            .listen(self.doors.listen);
        Ok(self.access_keys.into_iter().fold(builder, MockServerBuilder::access_key))
    }

    /// The first flag that is read, checked, and not obeyed yet.
    fn not_served(&self) -> Option<&'static str> {
        let allows_hosts = matches!(&self.doors.hosts, Hosts::Loopback(others) if !others.is_empty());
        [
            (self.admin_token.is_some(), "--admin-token-file"),
            (self.doors.admin_listen.is_some(), "--admin-listen"),
            (allows_hosts, "--allow-host"),
            (self.doors.tls.is_some(), "--tls"),
            (self.explains_signatures, "--explain-signatures"),
            (self.log.entries.is_some(), "--log-entries"),
            (self.log.bytes.is_some(), "--log-bytes"),
            (self.verdict.is_some(), "--fail-on-violation or --verdict"),
            (matches!(self.tape, Some(Tape::Record { .. })), "--record"),
            (matches!(self.tape, Some(Tape::Replay { .. })), "--replay"),
        ]
        .into_iter()
        .find_map(|(is_asked_for, flag)| is_asked_for.then_some(flag))
    }
}
