//! What a client proves its right with.

use reinstall_core::redact::{Redactor, Role};
use reinstall_core::secret::SessionToken;

use crate::endpoint::Endpoint;
use crate::iam_user::IamUser;
use crate::sign::key::AccessKey;

/// A token, an access key to sign with, or where to get one of them. Its `Debug` shows no secret.
#[derive(Debug, Clone)]
pub enum Credential {
    /// Sent with each request (api-facts 5.1). Nothing newer is asked for when it runs out.
    Token(SessionToken),
    /// Signs each request (api-facts 5.2).
    Keys(AccessKey),
    /// Gets tokens from IAM, a new one before the last one ends, and one after a 401 (api-facts 6).
    User {
        /// Where IAM is.
        iam: Endpoint,
        /// Who asks.
        user: IamUser,
    },
    /// Gets temporary keys from the metadata service of the machine that we run on (api-facts 6), in the same way.
    Metadata(Endpoint),
}

impl From<SessionToken> for Credential {
    fn from(token: SessionToken) -> Self {
        Self::Token(token)
    }
}

impl From<AccessKey> for Credential {
    fn from(key: AccessKey) -> Self {
        Self::Keys(key)
    }
}

impl Credential {
    /// Takes the password in it out of answers that echo it. What a call shows is known where it is sent.
    pub(crate) fn redactor(&self) -> Redactor {
        match self {
            Self::User { user, .. } => Redactor::new().with(Role::UserPassword, user.password().expose()),
            Self::Token(_) | Self::Keys(_) | Self::Metadata(_) => Redactor::new(),
        }
    }
}
