//! IAM's ways of saying no, and the gateway's about IAM's tokens.

use std::fmt;

use reinstall_core::time::Timestamp;

use super::token::microseconds;

/// Why IAM refuses a call. Never quotes what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IamRefusal {
    /// 400: says what is missing.
    Malformed(&'static str),
    /// 401: there is no such user, or it has another password.
    WrongCredentials,
    /// 401: a proof of another kind than a password.
    UnsupportedMethod,
    /// 401, as Keystone has it: there is no such project or account for this user.
    NotFound(&'static str),
    /// 401: no token and no signature, or a token that is not good for anything.
    Unauthenticated,
    /// 404: there is no such token.
    NoSuchToken,
}

impl IamRefusal {
    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::WrongCredentials | Self::UnsupportedMethod | Self::NotFound(_) | Self::Unauthenticated => 401,
            Self::NoSuchToken => 404,
        }
    }

    /// `title`, the status in words.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "Bad Request",
            Self::WrongCredentials | Self::UnsupportedMethod | Self::NotFound(_) | Self::Unauthenticated => {
                "Unauthorized"
            }
            Self::NoSuchToken => "Not Found",
        }
    }
}

impl fmt::Display for IamRefusal {
    /// `message`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => f.write_str(what),
            Self::WrongCredentials => f.write_str("The username or password is wrong."),
            Self::UnsupportedMethod => f.write_str("Attempted to authenticate with an unsupported method."),
            Self::NotFound(what) => write!(f, "Could not find the {what} in the user's account."),
            Self::Unauthenticated => f.write_str("The request you have made requires authentication."),
            Self::NoSuchToken => f.write_str("Could not find token."),
        }
    }
}

impl std::error::Error for IamRefusal {}

/// Why a token opens nothing. `Display` has the words of the provider's gateway, as far as they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenDenial {
    /// IAM has handed out no such token, or has forgotten it.
    Unknown,
    /// It has lived as long as it was to.
    Expired {
        /// When it died.
        expires_at: Timestamp,
    },
    /// It was revoked before its time.
    Revoked,
    /// It is good for no project.
    NoProject,
}

impl fmt::Display for TokenDenial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("decrypt token fail"),
            Self::Expired { expires_at } => write!(f, "token expires, expires_at={}", microseconds(*expires_at)),
            Self::Revoked => f.write_str("The token must be updated"),
            Self::NoProject => f.write_str("the token is not scoped to a project"),
        }
    }
}

impl std::error::Error for TokenDenial {}
