//! Whom to talk to, as typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use reinstall_core::rate::Rate;
use reinstall_core::time::parse_duration;

/// Which cloud, which project, and who is asking.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArgs {
    /// The address of the API, such as clouddc.cn-east-3.myhuaweicloud.com [env: REINSTALL_ENDPOINT]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,

    /// The region, such as cn-east-3: tells where the API and IAM are, and which project is meant [env: REINSTALL_REGION]
    #[arg(long, value_name = "NAME")]
    pub(crate) region: Option<String>,

    /// The project whose instances are meant; without it, the one named after the region is looked up [env: REINSTALL_PROJECT_ID]
    #[arg(long, value_name = "ID")]
    pub(crate) project_id: Option<String>,

    #[command(flatten)]
    pub(crate) credentials: CredentialArgs,

    #[command(flatten)]
    pub(crate) way: WayArgs,
}

/// Who is asking. Without any of these, the variables and files of docs/credentials.md are gone through.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Credentials")]
pub(crate) struct CredentialArgs {
    /// Read the IAM token from a file that only its owner can read [env: REINSTALL_TOKEN holds the token itself]
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// Take the credentials of this cloud in clouds.yaml [env: OS_CLOUD]
    #[arg(long, value_name = "NAME", conflicts_with = "token_file")]
    pub(crate) cloud: Option<String>,

    /// Take the credentials of this profile of hcloud
    #[arg(long, value_name = "NAME", conflicts_with_all = ["token_file", "cloud"])]
    pub(crate) profile: Option<String>,

    /// If nothing else has any, take those of the cloud server that this runs on
    #[arg(long)]
    pub(crate) ecs_metadata: bool,

    /// The address of IAM; without it, that of the region [env: HUAWEICLOUD_SDK_IAM_ENDPOINT]
    #[arg(long, value_name = "URL")]
    pub(crate) iam_endpoint: Option<String>,
}

/// The way there.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct WayArgs {
    /// Send at most so many requests a second, together with other programs of the same user [default: 20]
    #[arg(long, value_name = "N")]
    pub(crate) requests_per_second: Option<Rate>,

    /// Trust these certificates, in PEM form, beside the platform's
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_cert: Vec<PathBuf>,

    /// Reach the cloud through this proxy; `none` for no proxy at all [env: HTTPS_PROXY, exceptions in NO_PROXY]
    #[arg(long, value_name = "URL|none")]
    pub(crate) proxy: Option<String>,

    /// Permit plain http to other machines: everybody on the way can read token and password
    #[arg(long)]
    pub(crate) allow_http: bool,

    /// How long connecting may take, TLS included [default: 10s]
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    pub(crate) connect_timeout: Option<Duration>,

    /// How long an answer may pause [default: 30s]
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    pub(crate) read_timeout: Option<Duration>,

    /// How long a whole call may take [default: 60s; 30s for a reinstall]
    #[arg(long, value_name = "D", value_parser = parse_duration)]
    pub(crate) call_timeout: Option<Duration>,
}
