//! The documented ways of saying no (api-facts 7).

use std::fmt;

use reinstall_core::id::InstanceId;

/// Why the cloud refuses a call. Nothing was changed by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// 400 `iMetal.0001`: names the field and the rule, never a value.
    Invalid(String),
    /// 400 `iMetal.0002`: names the fields.
    Missing(&'static str),
    /// 403 `iMetal.0004`
    Forbidden,
    /// 404 `iMetal.0200`: these instances are not there. The others named with them were left alone.
    NotFound(Vec<InstanceId>),
    /// 400 `iMetal.0201`: these instances are not in a state to be reinstalled. The others were left alone.
    WrongState(Vec<InstanceId>),
}

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Invalid(_) | Self::Missing(_) | Self::WrongState(_) => 400,
            Self::Forbidden => 403,
            Self::NotFound(_) => 404,
        }
    }

    /// `error_code`
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "iMetal.0001",
            Self::Missing(_) => "iMetal.0002",
            Self::Forbidden => "iMetal.0004",
            Self::NotFound(_) => "iMetal.0200",
            Self::WrongState(_) => "iMetal.0201",
        }
    }
}

impl fmt::Display for Refusal {
    /// `error_msg`. The text of `iMetal.0201` is cut off in the documents; it is built here like that of `iMetal.0101`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(what) => write!(f, "A request parameter contains invalid or unsupported value: {what}"),
            Self::Missing(what) => write!(f, "Missing required parameters: {what}"),
            Self::Forbidden => f.write_str("Insufficient permissions"),
            // A list of ids prints as the documents have it: `[id, id]`.
            Self::NotFound(ids) => write!(f, "Instances not found: {ids:?}"),
            Self::WrongState(ids) => write!(f, "Instances state is not ready: {ids:?}"),
        }
    }
}

impl std::error::Error for Refusal {}
