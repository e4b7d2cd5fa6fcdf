//! Whom to talk to, as typed.

use std::path::PathBuf;

use clap::Args;

/// Which cloud, which project, and who is asking.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArgs {
    /// The address of the API, such as clouddc.cn-east-3.myhuaweicloud.com [env: REINSTALL_ENDPOINT]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,

    /// The project whose instances are meant [env: REINSTALL_PROJECT_ID]
    #[arg(long, value_name = "ID")]
    pub(crate) project_id: Option<String>,

    /// Read the IAM token from a file that only its owner can read [env: REINSTALL_TOKEN holds the token itself]
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}
