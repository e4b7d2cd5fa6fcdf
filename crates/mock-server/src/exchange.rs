//! One request and what became of it, as the log keeps it and the judge reads it.
//!
//! No secret can be written down here: a password is its length and its kinds of characters, a credential is who it belongs to,
//! and there is no place for a header, a body or a path as it came.

use std::fmt;
use std::net::IpAddr;

use reinstall_core::id::{ImageId, InstanceId};
use reinstall_core::time::Timestamp;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::delivery::Delivery;
use crate::fault::RuleId;
use crate::operation::ApiOperation;

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// Its number among all of its world, from 0.
    pub nth: u64,
    /// What `X-Request-Id` of the answer says.
    pub name: RequestName,
    /// When it came, by the world's clock.
    pub at: Timestamp,
    /// When it came, by this machine's clock: for what a client cannot have known yet.
    pub real_at: Timestamp,
    /// What was asked for; `None` where no API is at that address.
    pub operation: Option<ApiOperation>,
    /// Who asked.
    pub caller: Caller,
    /// From where; unknown without a socket.
    pub peer: Option<IpAddr>,
    /// The instances it named; at most [`Ids::LEN_MAX`] of them are kept.
    pub ids: Ids,
    /// The image it named.
    pub image: Option<ImageId>,
    /// What its password was like.
    pub password: Option<PasswordShape>,
    /// The status of the answer; `None` if a fault rule stopped the call and there was none.
    pub answered: Option<u16>,
    /// The `error_code` of the answer.
    pub code: Option<&'static str>,
    /// Whether something was changed by it.
    pub took_hold: bool,
    /// How the answer was delivered.
    pub delivery: Delivery,
    /// The fault rules that altered it: the receipt.
    pub rules: Vec<RuleId>,
    /// The number of the exchange that this one repeats: the network delivered one request twice, the client sent one.
    pub repeats: Option<u64>,
    /// What it carried that nothing here reads.
    pub unread: Vec<Unread>,
    /// Why its signature was refused, in words for a developer.
    pub diagnosis: Option<Box<str>>,
}

impl Exchange {
    /// The status that the client got to read, if it got to read any.
    #[must_use]
    pub const fn seen(&self) -> Option<u16> {
        if self.delivery.shows_status() { self.answered } else { None }
    }

    /// Whether the client got to read the whole answer, and it was a success.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.delivery.arrives() && self.answered.is_some_and(|status| (200..300).contains(&status))
    }

    /// About how many bytes it takes in memory.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let unread: usize = self.unread.iter().map(Unread::size_bytes).sum();
        size_of::<Self>()
            + size_of_val(self.ids.as_slice())
            + size_of_val(self.rules.as_slice())
            + unread
            + self.diagnosis.as_deref().map_or(0, str::len)
    }
}

impl Serialize for Exchange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Exchange", 19)?;
        fields.serialize_field("nth", &self.nth)?;
        fields.serialize_field("request_id", &self.name)?;
        fields.serialize_field("at", &self.at)?;
        fields.serialize_field("real_at", &self.real_at)?;
        fields.serialize_field("operation", &self.operation)?;
        fields.serialize_field("caller", &self.caller)?;
        fields.serialize_field("peer", &self.peer)?;
        fields.serialize_field("ids", self.ids.as_slice())?;
        fields.serialize_field("image", &self.image)?;
        fields.serialize_field("password", &self.password)?;
        fields.serialize_field("answered", &self.answered)?;
        fields.serialize_field("seen", &self.seen())?;
        fields.serialize_field("code", &self.code)?;
        fields.serialize_field("took_hold", &self.took_hold)?;
        fields.serialize_field("delivery", &self.delivery)?;
        fields.serialize_field("rules", &self.rules)?;
        fields.serialize_field("repeats", &self.repeats)?;
        fields.serialize_field("unread", &self.unread)?;
        fields.serialize_field("diagnosis", &self.diagnosis)?;
        fields.end()
    }
}

/// A name for a request, unlike any other of its server: what `X-Request-Id` says.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestName(pub u128);

impl RequestName {
    /// As the header has it: 32 hexadecimal digits.
    #[must_use]
    pub fn digits(self) -> [u8; 32] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        std::array::from_fn(|place| DIGITS[(self.0 >> (124 - 4 * place) & 0xf) as usize])
    }
}

impl fmt::Display for RequestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for RequestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for RequestName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    /// Nobody that is known here, or it was not looked at.
    #[default]
    Unknown,
    /// Who has the token that never dies.
    FixedToken,
    /// Who has a token of IAM's, by the number of the user among those of the world.
    IamUser(u32),
    /// Who signs with an access key, by its number among those of the server.
    AccessKey(u32),
}

/// The instances that a request named, mostly one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Ids {
    /// None.
    #[default]
    None,
    /// One.
    One(InstanceId),
    /// Several.
    Many(Box<[InstanceId]>),
}

impl Ids {
    /// The most ids kept of one request: no permitted one names more (api-facts 3).
    pub const LEN_MAX: usize = 100;

    /// The first [`Ids::LEN_MAX`] of these.
    #[must_use]
    pub fn of(ids: &[InstanceId]) -> Self {
        match ids {
            [] => Self::None,
            [id] => Self::One(*id),
            ids => Self::Many(ids[..ids.len().min(Self::LEN_MAX)].into()),
        }
    }

    /// The ids.
    #[must_use]
    pub fn as_slice(&self) -> &[InstanceId] {
        match self {
            Self::None => &[],
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
        }
    }
}

/// What a password was like: all that is ever kept of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PasswordShape {
    /// How many characters it has.
    pub chars: usize,
    /// Whether one of them is an ASCII lower-case letter.
    pub lower: bool,
    /// Whether one of them is an ASCII upper-case letter.
    pub upper: bool,
    /// Whether one of them is an ASCII digit.
    pub digit: bool,
    /// Whether one of them is anything else.
    pub special: bool,
}

impl PasswordShape {
    /// What this password is like.
    #[must_use]
    pub fn of(password: &str) -> Self {
        let has = |is: fn(char) -> bool| password.chars().any(is);
        Self {
            chars: password.chars().count(),
            lower: has(|c| c.is_ascii_lowercase()),
            upper: has(|c| c.is_ascii_uppercase()),
            digit: has(|c| c.is_ascii_digit()),
            special: has(|c| !c.is_ascii_alphanumeric()),
        }
    }
}

/// A field or query parameter that nothing here reads: most likely a misspelt one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Where it stood.
    pub place: UnreadPlace,
    /// What it is called; at most [`Unread::NAME_CHARS_MAX`] characters of it.
    pub name: Box<str>,
    /// The name that is read and most like it, if one is.
    pub nearest: Option<&'static str>,
}

impl Unread {
    /// The most characters that are kept of a name.
    pub const NAME_CHARS_MAX: usize = 64;
    /// The most of them that are kept of one request.
    pub const LEN_MAX: usize = 16;

    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.name.len()
    }
}

/// Where a field or parameter stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnreadPlace {
    /// In the query.
    Query,
    /// In the body.
    Body,
}

/// How a look showed an instance; what the judge needs to know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// As it was before any reinstall was accepted.
    Untouched,
    /// While its reinstall of this number (from 1) was underway.
    Underway(u32),
    /// After its reinstall of this number (from 1) had ended, well or badly.
    Ended(u32),
    /// Not at all: no such instance.
    Absent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_its_length_and_classes() {
        let shape = PasswordShape::of("Canary-9é");
        assert_eq!((shape.chars, shape.lower, shape.upper, shape.digit, shape.special), (9, true, true, true, true));
        let shape = PasswordShape::of("canary");
        assert_eq!((shape.chars, shape.lower, shape.upper, shape.digit, shape.special), (6, true, false, false, false));
        assert!(!serde_json::to_string(&shape).unwrap().contains("canary"));
    }

    #[test]
    fn names_are_spelt_the_same_everywhere() {
        for bits in [0, 1, u128::MAX, 0x0123_4567_89ab_cdef_0011_2233_4455_6677] {
            let name = RequestName(bits);
            assert_eq!(String::from_utf8(name.digits().to_vec()).unwrap(), name.to_string());
        }
    }

    #[test]
    fn only_so_many_ids_are_kept() {
        let ids: Vec<_> = (0..101).map(InstanceId::from_bits).collect();
        for (given, kept) in [(0, 0), (1, 1), (2, 2), (100, 100), (101, 100)] {
            assert_eq!(Ids::of(&ids[..given]).as_slice(), &ids[..kept]);
        }
    }
}
