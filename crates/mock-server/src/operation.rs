//! The operations that are served, by the provider's names.

/// The API operations that are served.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub enum ApiOperation {
    /// `PUT /v1/{project_id}/instances/reinstall`
    #[serde(rename = "ReinstallOS")]
    ReinstallOs,
    /// `GET /v1/{project_id}/instances/{id}/status`
    ShowInstanceStatus,
    /// `GET /v1/{project_id}/instances`
    ListInstances,
    /// `PUT /v1/{project_id}/instances/password`
    ChangeInstancePassword,
    /// `POST /v1/{project_id}/{resource_type}/{resource_id}/tags/create`
    BatchCreateTags,
    /// `POST /v1/{project_id}/{resource_type}/{resource_id}/tags/delete`
    BatchDeleteTags,
    /// `POST /v3/auth/tokens`, of IAM.
    KeystoneCreateUserTokenByPassword,
    /// `GET /v3/auth/tokens`, of IAM.
    KeystoneValidateToken,
    /// `GET /v3/projects`, of IAM.
    KeystoneListProjects,
    /// `GET /v3/auth/domains`, of IAM.
    KeystoneListAuthDomains,
    /// `GET /`, of IAM.
    KeystoneListVersions,
    /// `GET /v3`, of IAM.
    KeystoneShowVersion,
}

impl ApiOperation {
    /// All of them, CloudDC's first.
    pub const ALL: [Self; 12] = [
        Self::ReinstallOs,
        Self::ShowInstanceStatus,
        Self::ListInstances,
        Self::ChangeInstancePassword,
        Self::BatchCreateTags,
        Self::BatchDeleteTags,
        Self::KeystoneCreateUserTokenByPassword,
        Self::KeystoneValidateToken,
        Self::KeystoneListProjects,
        Self::KeystoneListAuthDomains,
        Self::KeystoneListVersions,
        Self::KeystoneShowVersion,
    ];

    /// The provider's name for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReinstallOs => "ReinstallOS",
            Self::ShowInstanceStatus => "ShowInstanceStatus",
            Self::ListInstances => "ListInstances",
            Self::ChangeInstancePassword => "ChangeInstancePassword",
            Self::BatchCreateTags => "BatchCreateTags",
            Self::BatchDeleteTags => "BatchDeleteTags",
            Self::KeystoneCreateUserTokenByPassword => "KeystoneCreateUserTokenByPassword",
            Self::KeystoneValidateToken => "KeystoneValidateToken",
            Self::KeystoneListProjects => "KeystoneListProjects",
            Self::KeystoneListAuthDomains => "KeystoneListAuthDomains",
            Self::KeystoneListVersions => "KeystoneListVersions",
            Self::KeystoneShowVersion => "KeystoneShowVersion",
        }
    }

    /// Whether IAM serves it rather than CloudDC.
    #[must_use]
    pub const fn is_iam(self) -> bool {
        match self {
            Self::ReinstallOs
            | Self::ShowInstanceStatus
            | Self::ListInstances
            | Self::ChangeInstancePassword
            | Self::BatchCreateTags
            | Self::BatchDeleteTags => false,
            Self::KeystoneCreateUserTokenByPassword
            | Self::KeystoneValidateToken
            | Self::KeystoneListProjects
            | Self::KeystoneListAuthDomains
            | Self::KeystoneListVersions
            | Self::KeystoneShowVersion => true,
        }
    }

    /// Whether its success tells how instances stand.
    #[must_use]
    pub const fn is_look(self) -> bool {
        matches!(self, Self::ShowInstanceStatus | Self::ListInstances)
    }

    /// Whether it changes anything at CloudDC.
    #[must_use]
    pub const fn is_write(self) -> bool {
        !self.is_iam() && !self.is_look()
    }
}

impl std::fmt::Display for ApiOperation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
