//! Where credentials come from: a chain of named places, the first that has something wins.
//!
//! Pure: variables and files are handed in by the program ([`Surroundings`]), nothing is fetched. Only what is *absent*
//! lets the next place be asked. What is *broken*, such as half of a pair, stops the search: whoever set it meant it,
//! and going on would ask the cloud in somebody else's name. Values of two places are never mixed.

mod ini;
mod koo_cli;
pub mod miss;
mod openstack;
mod openstack_clouds;
mod openstack_variables;
mod own;
mod sdk_file;
mod sdk_variables;
mod setting;
mod surroundings;
mod terraform;
mod text;

#[cfg(test)]
pub(crate) mod testing;

use std::fmt;

use reinstall_core::id::ProjectId;
use reinstall_core::secret::SessionToken;

use crate::iam_user::IamUser;
use crate::sign::key::AccessKey;
use miss::{Absent, Miss, NoCredential, Passed};

pub(crate) use openstack::without_version;
pub(crate) use sdk_variables::HUAWEICLOUD_SDK_IAM_ENDPOINT as IAM_ENDPOINT;
pub use surroundings::Surroundings;

/// A place where credentials may be. Its `Display` names what to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// This product's own variables.
    Own,
    /// The variables of the official SDKs.
    SdkVariables,
    /// The credentials file of the official SDKs.
    SdkFile,
    /// The variables of OpenStack's clients.
    OpenStackVariables,
    /// The `clouds.yaml` of OpenStack's clients.
    OpenStackClouds,
    /// The variables of the Terraform provider.
    Terraform,
    /// The profiles of Huawei Cloud's command line, `hcloud`.
    KooCli,
    /// The metadata address of the ECS that the program runs on.
    Metadata,
}

impl Source {
    /// Every source, in the order in which they are asked.
    pub const CHAIN: [Self; 8] = [
        Self::Own,
        Self::SdkVariables,
        Self::SdkFile,
        Self::OpenStackVariables,
        Self::OpenStackClouds,
        Self::Terraform,
        Self::KooCli,
        Self::Metadata,
    ];
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Own => "variables REINSTALL_TOKEN, REINSTALL_ACCESS_KEY, REINSTALL_IAM_USER",
            Self::SdkVariables => "variables HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK",
            Self::SdkFile => "~/.huaweicloud/credentials",
            Self::OpenStackVariables => "variables OS_TOKEN, OS_USERNAME and OS_PASSWORD",
            Self::OpenStackClouds => "clouds.yaml (OS_CLOUD)",
            Self::Terraform => "variables HW_ACCESS_KEY and HW_SECRET_KEY",
            Self::KooCli => "~/.hcloud/config.json",
            Self::Metadata => "ECS metadata",
        })
    }
}

/// What somebody asked for by name. The default asks every source but the metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asked<'a> {
    /// Whether the ECS metadata may be asked. Outside of an ECS anybody on the network may answer at its address.
    pub metadata: bool,
    /// A cloud of `clouds.yaml`. Where one is named, nothing else is asked.
    pub cloud: Option<&'a str>,
    /// A profile of `hcloud`. Where one is named, and no cloud, nothing else is asked, except the metadata if the profile
    /// says so.
    pub profile: Option<&'a str>,
}

impl Asked<'_> {
    fn sources(&self) -> &'static [Source] {
        match (self.cloud, self.profile) {
            (Some(_), _) => &[Source::OpenStackClouds],
            (None, Some(_)) => &[Source::KooCli, Source::Metadata],
            (None, None) => &Source::CHAIN,
        }
    }
}

/// What a source has. Everything in it comes from that source.
#[derive(Debug, Clone)]
pub struct Found {
    /// Which one.
    pub source: Source,
    /// What proves who is asking.
    pub given: Given,
    /// The project, by its id.
    pub project_id: Option<ProjectId>,
    /// The project, by its name: most often that of a region.
    pub project_name: Option<String>,
    /// The account, by its id.
    pub domain_id: Option<String>,
    /// The region, as it is spelled there.
    pub region: Option<String>,
    /// Where IAM is, as it is spelled there; [`region::iam`](crate::region::iam) reads it.
    pub iam_endpoint: Option<String>,
}

impl Found {
    pub(crate) fn new(source: Source, given: Given) -> Self {
        Self { source, given, project_id: None, project_name: None, domain_id: None, region: None, iam_endpoint: None }
    }
}

/// What proves who is asking, or where to get it. `Debug` shows nothing secret.
#[derive(Debug, Clone)]
pub enum Given {
    /// A token, as it is.
    Token(SessionToken),
    /// A key to sign with.
    Keys(AccessKey),
    /// A user, for whom IAM gives a token.
    User(IamUser),
    /// The ECS metadata has keys; nothing was fetched yet.
    Metadata,
}

/// The first credential along the chain.
///
/// # Errors
/// [`NoCredential`]: a source is broken, or none has anything. It names every source that was asked, and says why not.
pub fn find(surroundings: &Surroundings<'_>, asked: &Asked<'_>) -> Result<Found, NoCredential> {
    let mut passed = Vec::new();
    for &source in asked.sources() {
        match look(source, surroundings, asked) {
            Ok(found) => return Ok(found),
            Err(Miss::Absent(why)) => passed.push(Passed { source, why }),
            Err(Miss::Broken(why)) => return Err(NoCredential::broken(passed, source, why)),
        }
    }
    Err(NoCredential::nothing(passed))
}

/// What one source has.
///
/// # Errors
/// [`Miss`], telling whether there is nothing or something that cannot be used.
pub fn look(source: Source, surroundings: &Surroundings<'_>, asked: &Asked<'_>) -> Result<Found, Miss> {
    match source {
        Source::Own => own::look(surroundings),
        Source::SdkVariables => sdk_variables::look(surroundings),
        Source::SdkFile => sdk_file::look(surroundings),
        Source::OpenStackVariables => openstack_variables::look(surroundings),
        Source::OpenStackClouds => openstack_clouds::look(surroundings, asked.cloud),
        Source::Terraform => terraform::look(surroundings),
        Source::KooCli => koo_cli::look(surroundings, asked.profile),
        Source::Metadata if asked.metadata => Ok(Found::new(Source::Metadata, Given::Metadata)),
        Source::Metadata => Err(Absent::NotAllowed.into()),
    }
}

#[cfg(test)]
mod tests;
