//! The command line of the binary, as typed.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use clap::{CommandFactory, Parser};
use reinstall_core::id::ProjectId;
use reinstall_core::lifecycle::LifeCycle;
use reinstall_core::time::parse_duration;
use reinstall_http::sign::key::{AccessKey, AccessKeyError};

use crate::cloud::config::{CloudConfig, Failing, FleetConfig};
use crate::iam::{IamConfig, IamUser, IamUserError};
use crate::serve::{MockServer, MockServerBuilder};

/// A stand-in for the CloudDC API, and for the IAM before it, to test reinstall tools against.
///
/// Once it listens it prints its base URL on one line of standard output; everything else goes to standard error. CloudDC and
/// IAM are both at that URL. What truly happened is at GET /_mock/truth, faults are armed with POST /_mock/faults.
#[derive(Debug, Clone, Parser)]
#[command(name = "reinstall-mock-server", version)]
pub struct Args {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,

    /// Permit an address that other machines can reach
    #[arg(long)]
    pub listen_public: bool,

    /// How many instances there are
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub instances: u32,

    /// The project whose instances they are
    #[arg(long, value_name = "P", default_value = CloudConfig::PROJECT)]
    pub project_id: ProjectId,

    /// What the project is called; the provider's are named after their regions
    #[arg(long, value_name = "NAME", default_value = IamConfig::PROJECT_NAME)]
    pub project_name: String,

    /// What X-Auth-Token may always say. A made-up token for tests: anyone on this machine can read it
    #[arg(long, value_name = "T", default_value = MockServer::TOKEN)]
    pub token: Typed,

    /// An access key that may sign requests, beside the token; may be given more than once. A made-up one, too
    #[arg(long, value_name = "AK:SK")]
    pub access_key: Vec<Typed>,

    /// A user that may get tokens from IAM (POST /v3/auth/tokens), instead of demo:demo@demo; may be given more than once. The
    /// project belongs to the account of the first. The password may have colons and at signs in it. Made-up ones, too
    #[arg(long, value_name = "NAME:PASSWORD@DOMAIN")]
    pub iam_user: Vec<Typed>,

    /// How long the tokens from IAM live, and say they do; the one of --token never dies
    #[arg(long, value_name = "D", default_value = "24h", value_parser = parse_duration)]
    pub token_life: Duration,

    /// Revoke each token from IAM so long after it was made, whatever it says
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    pub token_dies_after: Option<Duration>,

    /// How far the server's clock is ahead of this machine's
    #[arg(long, value_name = "D", value_parser = parse_duration, conflicts_with = "clock_behind")]
    pub clock_ahead: Option<Duration>,

    /// How far the server's clock is behind this machine's
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    pub clock_behind: Option<Duration>,

    /// How long a reinstall takes, as in `500ms`, `4s`, `15m`
    #[arg(long, value_name = "D", default_value = "60s", value_parser = parse_duration)]
    pub reinstall_takes: Duration,

    /// Where all chance comes from; the same seed gives the same fleet and the same failures
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,

    /// Which documents `state` follows: prose, diagram-2025 or diagram-2026
    #[arg(long, value_name = "NAME", default_value = "prose")]
    pub lifecycle: LifeCycle,

    /// Send no `operation_state`, as older services do
    #[arg(long)]
    pub no_operation_state: bool,

    /// Answer ListInstances with 403
    #[arg(long)]
    pub no_list: bool,

    /// The most ids one reinstall request may name
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub batch_cap: u32,

    /// On how many instances every reinstall fails, picked by the seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub failing: u32,
}

/// A secret as it was typed, not yet looked at: the parser of the command line would quote one that it refuses.
#[derive(Clone)]
pub struct Typed(String);

impl Typed {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Typed {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Typed(hidden)")
    }
}

/// The command line's definition, for manual pages and completions.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

impl Args {
    /// Why these arguments must not be obeyed, if so.
    #[must_use]
    pub fn objection(&self) -> Option<String> {
        let is_public = !self.listen.ip().is_loopback();
        (is_public && !self.listen_public).then(|| {
            let address = self.listen;
            format!("{address} can be reached from other machines; if that is meant, add --listen-public")
        })
    }

    /// The keys that may sign requests.
    ///
    /// # Errors
    /// If one is not of the form `AK:SK`; does not say what it is.
    pub fn access_keys(&self) -> Result<Vec<AccessKey>, AccessKeyError> {
        self.access_key.iter().map(|text| AccessKey::parse_pair(text.expose())).collect()
    }

    /// The users that may get tokens; none if none is given.
    ///
    /// # Errors
    /// If one is not of the form `NAME:PASSWORD@DOMAIN`; does not say what it is.
    pub fn iam_users(&self) -> Result<Vec<IamUser>, IamUserError> {
        self.iam_user.iter().map(|text| IamUser::parse(text.expose())).collect()
    }

    /// A server of all that can be read without fail: what is no secret.
    #[must_use]
    pub fn builder(&self) -> MockServerBuilder {
        let builder = MockServer::builder()
            .config(|config| *config = self.cloud())
            .project_name(&self.project_name)
            .token_life(self.token_life)
            .listen(self.listen);
        let builder = self.token_dies_after.into_iter().fold(builder, MockServerBuilder::token_dies_after);
        let builder = self.clock_ahead.into_iter().fold(builder, MockServerBuilder::clock_ahead);
        self.clock_behind.into_iter().fold(builder, MockServerBuilder::clock_behind)
    }

    /// The cloud that is asked for.
    #[must_use]
    pub fn cloud(&self) -> CloudConfig {
        CloudConfig {
            fleet: FleetConfig::Generated(self.instances),
            life_cycle: self.lifecycle,
            sends_operation_state: !self.no_operation_state,
            permits_list: !self.no_list,
            batch_len_max: self.batch_cap as usize,
            reinstall_takes: self.reinstall_takes,
            failing: match self.failing {
                0 => Failing::Nobody,
                count => Failing::Count(count),
            },
            seed: self.seed,
            ..CloudConfig::generated(self.project_id.clone(), self.instances)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(std::iter::once("reinstall-mock-server").chain(line.split_whitespace()))
    }

    #[test]
    fn the_definition_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn only_loopback_is_listened_on_unasked() {
        for (line, objected) in [
            ("", false),
            ("--listen 127.0.0.1:8080", false),
            ("--listen [::1]:0", false),
            ("--listen 0.0.0.0:0", true),
            ("--listen [::]:0", true),
            ("--listen 192.0.2.1:80", true),
            ("--listen 0.0.0.0:0 --listen-public", false),
        ] {
            assert_eq!(parse(line).unwrap().objection().is_some(), objected, "{line}");
        }
    }

    #[test]
    fn every_flag_reaches_the_cloud() {
        let line = "--instances 7 --project-id p1 --reinstall-takes 4s --seed 9 --lifecycle diagram-2025 \
                    --no-operation-state --no-list --batch-cap 10 --failing 3";
        let cloud = parse(line).unwrap().cloud();
        assert_eq!(cloud.fleet, FleetConfig::Generated(7));
        assert_eq!(cloud.project.as_str(), "p1");
        assert_eq!(cloud.reinstall_takes, Duration::from_secs(4));
        assert_eq!((cloud.seed, cloud.batch_len_max), (9, 10));
        assert_eq!(cloud.life_cycle, LifeCycle::Diagram2025);
        assert!(!cloud.sends_operation_state && !cloud.permits_list);
        assert_eq!(cloud.failing, Failing::Count(3));
        assert_eq!(parse("").unwrap().cloud().failing, Failing::Nobody);
    }

    #[test]
    fn access_keys_are_repeatable_and_read_late() {
        let keys = parse("--access-key AK1:s1 --access-key AK2:s:2").unwrap().access_keys().unwrap();
        let keys: Vec<_> = keys.iter().map(|key| (key.id(), key.secret().expose())).collect();
        assert_eq!(keys, [("AK1", "s1"), ("AK2", "s:2")]);
        assert_eq!(parse("--access-key AK1").unwrap().access_keys().unwrap_err(), AccessKeyError::Colon);
    }

    #[test]
    fn users_are_repeatable_and_read_late() {
        let users = parse("--iam-user ann:p:w@acme --iam-user bob:p@w@other").unwrap().iam_users().unwrap();
        let users: Vec<_> = users.iter().map(|user| (user.name.as_str(), user.password.expose())).collect();
        assert_eq!(users, [("ann", "p:w"), ("bob", "p@w")]);
        assert!(parse("").unwrap().iam_users().unwrap().is_empty(), "the server knows one by itself");
        assert_eq!(parse("--iam-user ann").unwrap().iam_users().unwrap_err(), IamUserError);
    }

    #[test]
    fn the_clock_is_off_in_one_direction() {
        let args = parse("--clock-ahead 20m --token-life 2s --token-dies-after 1s").unwrap();
        assert_eq!((args.clock_ahead, args.clock_behind), (Some(Duration::from_secs(1_200)), None));
        assert_eq!((args.token_life, args.token_dies_after), (Duration::from_secs(2), Some(Duration::from_secs(1))));
        assert!(parse("--clock-ahead 20m --clock-behind 20m").is_err());
        let args = parse("").unwrap();
        assert_eq!((args.token_life, args.token_dies_after), (IamConfig::TOKEN_LIFE, None));
    }

    #[test]
    fn debug_hides_what_was_typed() {
        let shown =
            format!("{:?}", parse("--token canary-1 --access-key AK1:canary-2 --iam-user a:canary-3@b").unwrap());
        assert!(!shown.contains("canary") && shown.contains("access_key: [Typed(hidden)]"), "{shown}");
    }

    #[test]
    fn nonsense_is_refused() {
        for line in ["--batch-cap 0", "--lifecycle 2027", "--reinstall-takes 5", "--project-id a/b", "--listen here"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
