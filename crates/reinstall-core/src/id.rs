//! Identifiers: parsed once, at the edge, and right by type from then on.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::text::CloudText;
use crate::time::Timestamp;

/// Why a piece of text is not an id of the kind asked for. It never repeats text that may be a secret, as from a file that
/// was named by mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given} is not {kind}: {rule}")]
pub struct IdError {
    kind: &'static str,
    given: GivenText,
    rule: &'static str,
}

/// Text that is no id, as far as it can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
enum GivenText {
    /// Hexadecimal digits and hyphens alone: what an id with a slip looks like.
    LikeAnId(Box<str>),
    /// Anything else, by its length in characters.
    Other(usize),
}

impl GivenText {
    /// A longer text is no id with a slip.
    const SHOWN_MAX: usize = 64;

    fn new(text: &str) -> Self {
        let is_like_an_id = text.len() <= Self::SHOWN_MAX && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        if is_like_an_id { Self::LikeAnId(text.into()) } else { Self::Other(text.chars().count()) }
    }
}

impl fmt::Display for GivenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LikeAnId(text) if text.is_empty() => f.write_str("an empty text"),
            Self::LikeAnId(text) => write!(f, "`{text}`"),
            Self::Other(1) => f.write_str("a text of 1 character (not shown)"),
            Self::Other(len) => write!(f, "a text of {len} characters (not shown)"),
        }
    }
}

/// The shape of every id that the cloud hands out for instances and images (api-facts 1).
const UUID_RULE: &str = "it must be a UUID, 8-4-4-4-12 hexadecimal digits with hyphens";

/// The length of the hyphenated form; of the forms that the `uuid` crate reads, only that one has it.
const UUID_TEXT_LEN: usize = 36;

fn parse_uuid(text: &str, kind: &'static str) -> Result<Uuid, IdError> {
    let wrong = || IdError { kind, given: GivenText::new(text), rule: UUID_RULE };
    if text.len() != UUID_TEXT_LEN {
        return Err(wrong());
    }
    Uuid::try_parse(text).map_err(|_| wrong())
}

/// An id in UUID form. Letter case is no part of it: it is read in any case, compared and written in lower case.
macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_uuid(text, $kind).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut buffer = Uuid::encode_buffer();
                f.pad(self.0.hyphenated().encode_lower(&mut buffer))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

uuid_id!(
    /// One bare-metal server.
    InstanceId,
    "an instance id"
);
uuid_id!(
    /// What gets installed: a private image of IMS (api-facts 1).
    ImageId,
    "an image id"
);
uuid_id!(
    /// One rollout: this product's own name for a plan being carried out. The cloud never sees it.
    RolloutId,
    "a rollout id"
);

impl InstanceId {
    /// An id from its 128 bits, for stand-ins that make fleets up.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self(Uuid::from_u128(bits))
    }

    /// Every id that stands in `text`, in order, repeats included. A longer run of digits and hyphens is no id.
    #[must_use]
    pub fn all_in(text: &str) -> Vec<Self> {
        text.split(|c: char| !c.is_ascii_hexdigit() && c != '-').filter_map(|word| word.parse().ok()).collect()
    }

    /// The 128 bits of the id, for stores and hashes.
    #[must_use]
    pub fn to_bits(self) -> u128 {
        self.0.as_u128()
    }
}

impl ImageId {
    /// An id from its 128 bits, for stand-ins that make images up.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self(Uuid::from_u128(bits))
    }
}

impl RolloutId {
    /// A fresh id: UUID version 7, so that ids sort by the time the rollout began.
    #[must_use]
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(now.as_millis(), &random).into_uuid())
    }
}

/// The project whose instances are meant: part of every request's path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct ProjectId(Box<str>);

impl ProjectId {
    /// The most characters a project id may have.
    pub const LEN_MAX: usize = 64;

    /// The id as it stands in a path; it needs no escaping there.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProjectId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits = (1..=Self::LEN_MAX).contains(&text.len());
        if fits && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Ok(Self(text.into()));
        }
        Err(IdError {
            kind: "a project id",
            given: GivenText::new(text),
            rule: "it must be 1 to 64 letters, digits, hyphens or underscores",
        })
    }
}

impl<'de> serde::Deserialize<'de> for ProjectId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The cloud's own name for one request, from `X-Request-Id` (api-facts 7): what its support desk asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct RequestId(CloudText);

impl RequestId {
    /// The id as the cloud wrote it, made safe to show; `None` if the header was empty.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = CloudText::new(text);
        (!text.is_empty()).then_some(Self(text))
    }

    /// Takes `secret` out, see [`CloudText::hide`].
    pub fn hide(&mut self, secret: &str) {
        self.0.hide(secret);
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names one action of a rollout, so that its answer finds the way back. Never reused within a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Ticket(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_id_is_a_hyphenated_uuid_in_any_case() {
        let lower: InstanceId = "0b29c7a1-0000-4000-8000-00000000abcd".parse().unwrap();
        let upper: InstanceId = "0B29C7A1-0000-4000-8000-00000000ABCD".parse().unwrap();
        assert_eq!(lower, upper);
        assert_eq!(upper.to_string(), "0b29c7a1-0000-4000-8000-00000000abcd");
    }

    #[test]
    fn anything_else_is_refused() {
        for wrong in [
            "",
            "i-1234",
            "0b29c7a1000040008000000000000abcd",
            "0b29c7a100004000800000000000abcd",
            "{0b29c7a1-0000-4000-8000-00000000abcd}",
            "urn:uuid:0b29c7a1-0000-4000-8000-00000000abcd",
            "0b29c7a1-0000-4000-8000-00000000abcg",
            "0b29c7a10000-4000-8000-0000-00000000abcd",
            " 0b29c7a1-0000-4000-8000-00000000abc",
            "0b29c7a1-0000-4000-8000-00000000abcd\n",
        ] {
            let refused = wrong.parse::<InstanceId>().unwrap_err();
            assert!(refused.to_string().contains("8-4-4-4-12"), "{wrong:?}: {refused}");
        }
    }

    /// A file with a password, given as a list of targets by mistake, must not be printed.
    #[test]
    fn a_text_that_does_not_look_like_an_id_is_not_repeated() {
        for (text, told) in [
            ("0b29c7a1-0000-4000-8000-00000000abc", "`0b29c7a1-0000-4000-8000-00000000abc`"),
            ("", "an empty text"),
            ("Canary-7731-pw", "a text of 14 characters (not shown)"),
            ("é", "a text of 1 character (not shown)"),
            (&"a".repeat(65), "a text of 65 characters (not shown)"),
        ] {
            let refused = text.parse::<ImageId>().unwrap_err();
            assert!(refused.to_string().starts_with(&format!("{told} is not an image id: ")), "{refused}");
            assert!(text.len() < 60 || !format!("{refused:?}").contains(text), "{refused:?}");
        }
        assert!(!format!("{:?}", "pw=1!".parse::<ProjectId>().unwrap_err()).contains("pw"));
    }

    #[test]
    fn ids_are_found_in_the_clouds_words() {
        let id = |last: char| format!("0b29c7a1-0000-4000-8000-00000000000{last}");
        for (text, lasts) in [
            (format!("Instances not found: [{}, {}]", id('a'), id('b')), "ab"),
            (format!("{}{}", id('a'), id('b')), ""),
            (format!("\"{}\";{}.", id('a').to_uppercase(), id('b')), "ab"),
            (format!("instance-{}", id('a')), ""),
            ("no id at all".into(), ""),
        ] {
            let found: String = InstanceId::all_in(&text).iter().map(|id| id.to_string().pop().unwrap()).collect();
            assert_eq!(found, lasts, "{text}");
        }
    }

    #[test]
    fn a_project_id_cannot_leave_its_path_segment() {
        assert!("0a1b2c3d4e5f60718293a4b5c6d7e8f9".parse::<ProjectId>().is_ok());
        for wrong in ["", "a/b", "..", "a b", "a%2f", &"x".repeat(65)] {
            assert!(wrong.parse::<ProjectId>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn rollout_ids_sort_by_time() {
        let early = RolloutId::new(Timestamp::from_millis(1_000), [0xff; 10]);
        let late = RolloutId::new(Timestamp::from_millis(2_000), [0; 10]);
        assert!(early < late);
    }
}
