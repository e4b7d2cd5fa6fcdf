//! What a client wants, taken apart; and what it gets.

use reinstall_core::id::{ImageId, InstanceId};
use reinstall_http::wire::iam::served::{Name, ReceivedTokenRequest};

use crate::cloud::list::{ListQuery, Page};
use crate::cloud::request::{PasswordRequest, ReinstallRequest, TagsRequest};
use crate::cloud::row::Glimpse;
use crate::exchange::PasswordShape;
use crate::iam::{Grant, Issued, ProjectQuery};
use crate::operation::ApiOperation;

/// What a client wants. No `Debug`, for it may hold a password.
pub enum Wish {
    /// ReinstallOS.
    Reinstall(ReinstallRequest),
    /// ShowInstanceStatus.
    Status(InstanceId),
    /// ListInstances.
    List(ListQuery),
    /// ChangeInstancePassword.
    ChangePassword(PasswordRequest),
    /// BatchCreateTags.
    CreateTags(TagsRequest),
    /// BatchDeleteTags.
    DeleteTags(TagsRequest),
    /// KeystoneCreateUserTokenByPassword.
    CreateToken(Box<ReceivedTokenRequest>),
    /// KeystoneValidateToken: of this token.
    ValidateToken(Box<[u8]>),
    /// KeystoneListProjects: of this account.
    ListProjects(Name, ProjectQuery),
    /// KeystoneListAuthDomains: of this account.
    ListDomains(Name),
    /// KeystoneListVersions. There is one, and it says nothing that a world would have to know.
    ListVersions,
    /// KeystoneShowVersion.
    ShowVersion,
}

impl Wish {
    /// The operation.
    #[must_use]
    pub const fn operation(&self) -> ApiOperation {
        match self {
            Self::Reinstall(_) => ApiOperation::ReinstallOs,
            Self::Status(_) => ApiOperation::ShowInstanceStatus,
            Self::List(_) => ApiOperation::ListInstances,
            Self::ChangePassword(_) => ApiOperation::ChangeInstancePassword,
            Self::CreateTags(_) => ApiOperation::BatchCreateTags,
            Self::DeleteTags(_) => ApiOperation::BatchDeleteTags,
            Self::CreateToken(_) => ApiOperation::KeystoneCreateUserTokenByPassword,
            Self::ValidateToken(_) => ApiOperation::KeystoneValidateToken,
            Self::ListProjects(..) => ApiOperation::KeystoneListProjects,
            Self::ListDomains(_) => ApiOperation::KeystoneListAuthDomains,
            Self::ListVersions => ApiOperation::KeystoneListVersions,
            Self::ShowVersion => ApiOperation::KeystoneShowVersion,
        }
    }

    /// The instances it names, those of them that are ids at all.
    pub(super) fn ids(&self) -> Vec<InstanceId> {
        match self {
            Self::Reinstall(request) => request.known_ids(),
            Self::ChangePassword(request) => request.known_ids(),
            Self::Status(id) => vec![*id],
            Self::List(query) => query.known_ids().to_vec(),
            Self::CreateTags(request) | Self::DeleteTags(request) => request.known_id().into_iter().collect(),
            Self::CreateToken(_)
            | Self::ValidateToken(_)
            | Self::ListProjects(..)
            | Self::ListDomains(_)
            | Self::ListVersions
            | Self::ShowVersion => Vec::new(),
        }
    }

    /// How many instances a reinstall names, ids or not; 0 for all else.
    pub(super) fn named_len(&self) -> usize {
        let Self::Reinstall(request) = self else { return 0 };
        request.instance_ids.as_deref().map_or(0, <[String]>::len)
    }

    /// The image that a reinstall asks for.
    pub(super) fn image(&self) -> Option<ImageId> {
        let Self::Reinstall(request) = self else { return None };
        request.image().ok().flatten()
    }

    /// What the password is like that it carries for instances. Those of IAM's users are nobody's business.
    pub(super) fn password(&self) -> Option<PasswordShape> {
        let password = match self {
            Self::Reinstall(request) => request.password.as_ref(),
            Self::ChangePassword(request) => request.password.as_ref(),
            Self::Status(_)
            | Self::List(_)
            | Self::CreateTags(_)
            | Self::DeleteTags(_)
            | Self::CreateToken(_)
            | Self::ValidateToken(_)
            | Self::ListProjects(..)
            | Self::ListDomains(_)
            | Self::ListVersions
            | Self::ShowVersion => None,
        };
        password.map(|text| PasswordShape::of(text))
    }
}

/// What a client gets.
#[derive(Debug, Clone)]
pub enum Answer {
    /// 202: the reinstalls of these were accepted.
    Reinstalled(Vec<InstanceId>),
    /// 200: how the instance stands.
    Status(Glimpse),
    /// 200: one page.
    Listed(Page),
    /// 200: the password of these was changed.
    PasswordChanged(Vec<InstanceId>),
    /// 204: the labels are as was asked.
    Tagged,
    /// 201: a token.
    Token(Issued),
    /// 200: what a token is good for.
    Grant(Grant),
    /// 200: these projects, of this account.
    Projects(Vec<Name>, Name),
    /// 200: this account.
    Domains(Name),
    /// 300: the versions there are.
    Versions,
    /// 200: the version there is.
    Version,
}

impl Answer {
    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Reinstalled(_) => 202,
            Self::Token(_) => 201,
            Self::Tagged => 204,
            Self::Versions => 300,
            Self::Status(_)
            | Self::Listed(_)
            | Self::PasswordChanged(_)
            | Self::Grant(_)
            | Self::Projects(..)
            | Self::Domains(_)
            | Self::Version => 200,
        }
    }
}
