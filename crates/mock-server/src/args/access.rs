//! Flags about who may call.

use std::time::Duration;

use reinstall_core::time::parse_duration;
use reinstall_http::sign::key::{AccessKey, AccessKeyError};

use super::Typed;
use crate::iam::{IamUser, IamUserError};
use crate::scenario::IamSpec;
use crate::serve::MockServer;

/// Flags about who may call.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Who may call")]
pub struct AccessArgs {
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

    /// How long the tokens from IAM live, and say they do; the one of --token never dies [default: 24h]
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    pub token_life: Option<Duration>,

    /// Revoke each token from IAM so long after it was made, whatever it says
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    pub token_dies_after: Option<Duration>,

    /// Tell each client in the header X-Mock-Diagnosis why its signature was refused; else those who send X-Mock-Explain: 1
    #[arg(long)]
    pub explain_signatures: bool,
}

impl AccessArgs {
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

    /// What they say of IAM's tokens.
    pub(super) fn iam(&self) -> Option<IamSpec> {
        let iam = IamSpec { token_life: self.token_life, token_dies_after: self.token_dies_after };
        (iam != IamSpec::default()).then_some(iam)
    }
}
