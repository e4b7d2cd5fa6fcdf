//! Statuses as questions name them: exactly, by their first digit, or by there being none.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The first digit of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatusClass {
    /// There was no answer.
    None,
    /// 1xx
    Informational,
    /// 2xx
    Success,
    /// 3xx
    Redirection,
    /// 4xx
    ClientError,
    /// 5xx
    ServerError,
}

impl StatusClass {
    /// How many there are.
    pub const COUNT: usize = 6;
    /// All of them, as they are declared.
    pub const ALL: [Self; Self::COUNT] =
        [Self::None, Self::Informational, Self::Success, Self::Redirection, Self::ClientError, Self::ServerError];

    /// The class of the status of an answer, or of no answer.
    #[must_use]
    pub const fn of(status: Option<u16>) -> Self {
        match status {
            None => Self::None,
            Some(0..200) => Self::Informational,
            Some(200..300) => Self::Success,
            Some(300..400) => Self::Redirection,
            Some(400..500) => Self::ClientError,
            Some(500..) => Self::ServerError,
        }
    }

    /// `none`, `4xx`
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Informational => "1xx",
            Self::Success => "2xx",
            Self::Redirection => "3xx",
            Self::ClientError => "4xx",
            Self::ServerError => "5xx",
        }
    }
}

/// Which status is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusMatch {
    /// This one.
    Exactly(u16),
    /// One that begins so, or none.
    Class(StatusClass),
}

impl StatusMatch {
    /// Whether the status of an answer is such a one.
    #[must_use]
    pub fn matches(self, status: Option<u16>) -> bool {
        match self {
            Self::Exactly(wanted) => status == Some(wanted),
            Self::Class(class) => StatusClass::of(status) == class,
        }
    }

    /// Whether a status of this class can be such a one.
    #[must_use]
    pub fn may_be(self, class: StatusClass) -> bool {
        match self {
            Self::Exactly(wanted) => StatusClass::of(Some(wanted)) == class,
            Self::Class(wanted) => wanted == class,
        }
    }
}

/// Why a piece of text asks for no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a status is a number such as `404`, a class such as `4xx`, or `none` where there was no answer")]
pub struct StatusMatchError;

impl FromStr for StatusMatch {
    type Err = StatusMatchError;

    fn from_str(text: &str) -> Result<Self, StatusMatchError> {
        if let Some(class) = StatusClass::ALL.into_iter().find(|class| class.name() == text) {
            return Ok(Self::Class(class));
        }
        match text.parse() {
            Ok(status @ 100..=599) => Ok(Self::Exactly(status)),
            Ok(_) | Err(_) => Err(StatusMatchError),
        }
    }
}

impl fmt::Display for StatusMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(status) => status.fmt(f),
            Self::Class(class) => f.pad(class.name()),
        }
    }
}

impl Serialize for StatusMatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StatusMatch {
    /// Reads `404` as well as `"404"`, `"4xx"` and `"none"`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u16),
            Text(String),
        }
        // The error of an untagged enum names neither what was given nor what would do.
        let written = Written::deserialize(deserializer).map_err(|_| serde::de::Error::custom(StatusMatchError))?;
        let text = match written {
            Written::Number(status) => status.to_string(),
            Written::Text(text) => text,
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}
