//! Which requests a question is about. The same from JSON and from a query.

use std::str::FromStr;

use reinstall_core::id::{ImageId, InstanceId};
use serde::{Deserialize, Deserializer};

use super::status::{StatusClass, StatusMatch};
use crate::delivery::Delivery;
use crate::exchange::{Caller, Exchange};
use crate::operation::ApiOperation;

/// Which requests are meant: those to which all that is given applies. Nothing given means all of them.
///
/// ```json
/// {"operation": "ReinstallOS", "status": "4xx", "took_hold": false, "since": 17}
/// ```
///
/// and the same as a query: `operation=ReinstallOS&status=4xx&took_hold=false&since=17`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// What was asked for, by the provider's name.
    pub operation: Option<ApiOperation>,
    /// An instance that was named.
    pub instance: Option<InstanceId>,
    /// The image that was named.
    pub image: Option<ImageId>,
    /// The status of the answer.
    pub status: Option<StatusMatch>,
    /// The status that the client got to read.
    pub seen: Option<StatusMatch>,
    /// The `error_code` of the answer.
    pub code: Option<Box<str>>,
    /// Whether something was changed.
    pub took_hold: Option<bool>,
    /// Who asked.
    pub caller: Option<CallerMatch>,
    /// A fault rule that altered it, by its number.
    pub rule: Option<usize>,
    /// Only those of this number and later ones.
    pub since: Option<u64>,
    /// Only those before this number.
    pub until: Option<u64>,
    /// How the answer was delivered.
    pub delivery: Option<DeliveryKind>,
    /// Whether it carried something that nothing reads.
    pub has_unread: Option<bool>,
    /// Whether it is a second delivery by the network, of a request that the client sent once.
    pub repeats: Option<bool>,
}

impl Filter {
    /// All requests of one operation.
    #[must_use]
    pub fn of(operation: ApiOperation) -> Self {
        Self { operation: Some(operation), ..Self::default() }
    }

    /// Reads a query: names and values, without percent signs any more.
    ///
    /// # Errors
    /// If a name is unknown or given twice, or a value makes no sense.
    pub fn from_query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, FilterError> {
        let mut fields = serde_json::Map::new();
        for (name, value) in pairs {
            if fields.insert(name.to_owned(), typed(name, value)).is_some() {
                return Err(FilterError(format!("`{name}` is given twice")));
            }
        }
        serde_json::from_value(fields.into()).map_err(|error| FilterError(error.to_string()))
    }

    /// Whether a request is meant.
    #[must_use]
    pub fn matches(&self, exchange: &Exchange) -> bool {
        fn fits<T: PartialEq>(wanted: Option<T>, is: T) -> bool {
            wanted.is_none_or(|wanted| wanted == is)
        }
        self.operation.is_none_or(|wanted| exchange.operation == Some(wanted))
            && self.since.is_none_or(|since| exchange.nth >= since)
            && self.until.is_none_or(|until| exchange.nth < until)
            && self.status.is_none_or(|status| status.matches(exchange.answered))
            && self.seen.is_none_or(|status| status.matches(exchange.seen()))
            && fits(self.took_hold, exchange.took_hold)
            && fits(self.repeats, exchange.repeats.is_some())
            && fits(self.has_unread, !exchange.unread.is_empty())
            && fits(self.delivery, DeliveryKind::of(exchange.delivery))
            && self.caller.is_none_or(|caller| caller.matches(exchange.caller))
            && self.image.is_none_or(|image| exchange.image == Some(image))
            && self.code.as_deref().is_none_or(|code| exchange.code == Some(code))
            && self.rule.is_none_or(|rule| exchange.rules.iter().any(|id| id.0 == rule))
            && self.instance.is_none_or(|id| exchange.ids.as_slice().contains(&id))
    }

    /// Whether a request of this operation with such a status can be meant.
    pub(super) fn may_be(&self, operation: Option<ApiOperation>, class: StatusClass) -> bool {
        // What was seen is what was answered, or nothing.
        let may_be_seen = self.seen.is_none_or(|seen| seen == NONE || seen.may_be(class));
        self.operation.is_none_or(|wanted| operation == Some(wanted))
            && self.status.is_none_or(|status| status.may_be(class))
            && may_be_seen
    }
}

const NONE: StatusMatch = StatusMatch::Class(StatusClass::None);

/// A value of a query as JSON would have it. What does not fit stays text, and is refused in the words of the field's type.
fn typed(name: &str, value: &str) -> serde_json::Value {
    let text = || value.into();
    match name {
        "took_hold" | "has_unread" | "repeats" => value.parse::<bool>().map_or_else(|_| text(), Into::into),
        "rule" | "since" | "until" => value.parse::<u64>().map_or_else(|_| text(), Into::into),
        _ => text(),
    }
}

/// Why something is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FilterError(String);

/// How an answer was delivered, without the details.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryKind {
    /// As it is.
    Whole,
    /// It broke off.
    Broken,
    /// In pieces.
    Dripped,
    /// With a chunk that is none.
    Malformed,
}

impl DeliveryKind {
    const fn of(delivery: Delivery) -> Self {
        match delivery {
            Delivery::Whole => Self::Whole,
            Delivery::Broken { .. } => Self::Broken,
            Delivery::Dripped { .. } => Self::Dripped,
            Delivery::Malformed { .. } => Self::Malformed,
        }
    }
}

/// Which callers are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerMatch {
    /// Nobody that is known.
    Unknown,
    /// Who has the token that never dies.
    FixedToken,
    /// Any user of IAM, or the one of this number.
    IamUser(Option<u32>),
    /// Any access key, or the one of this number.
    AccessKey(Option<u32>),
}

impl CallerMatch {
    fn matches(self, caller: Caller) -> bool {
        match (self, caller) {
            (Self::Unknown, Caller::Unknown) | (Self::FixedToken, Caller::FixedToken) => true,
            (Self::IamUser(wanted), Caller::IamUser(is)) | (Self::AccessKey(wanted), Caller::AccessKey(is)) => {
                wanted.is_none_or(|wanted| wanted == is)
            }
            (Self::Unknown | Self::FixedToken | Self::IamUser(_) | Self::AccessKey(_), _) => false,
        }
    }
}

/// Why a piece of text names no callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a caller is `unknown`, `fixed_token`, `iam_user` or `access_key`, the last two also with a number: `iam_user:3`"
)]
pub struct CallerMatchError;

impl FromStr for CallerMatch {
    type Err = CallerMatchError;

    fn from_str(text: &str) -> Result<Self, CallerMatchError> {
        let (kind, number) = match text.split_once(':') {
            Some((kind, number)) => (kind, Some(number.parse().map_err(|_| CallerMatchError)?)),
            None => (text, None),
        };
        match (kind, number) {
            ("unknown", None) => Ok(Self::Unknown),
            ("fixed_token", None) => Ok(Self::FixedToken),
            ("iam_user", number) => Ok(Self::IamUser(number)),
            ("access_key", number) => Ok(Self::AccessKey(number)),
            _ => Err(CallerMatchError),
        }
    }
}

impl<'de> Deserialize<'de> for CallerMatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
