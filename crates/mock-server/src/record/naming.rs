//! Made-up names in place of real ones: the same for the same, of the same shape, and not to be led back.

use std::collections::HashSet;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use rand::TryRng as _;
use rand::rngs::SysRng;
use reinstall_http::sign::hmac;
use zeroize::Zeroizing;

use super::safe::SafeText;

/// What names are made with: random, of one recording, and written down nowhere. Who knows it can try whether a name is
/// somebody's.
pub struct Salt(Zeroizing<[u8; 32]>);

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random numbers: {0}")]
pub struct NoSalt(String);

impl Salt {
    /// A salt of these bytes, for tests.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A fresh one from the operating system.
    ///
    /// # Errors
    /// If that has no random numbers.
    pub fn random() -> Result<Self, NoSalt> {
        let mut bytes = Zeroizing::new([0; 32]);
        SysRng.try_fill_bytes(&mut *bytes).map_err(|error| NoSalt(error.to_string()))?;
        Ok(Self(bytes))
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(hidden)")
    }
}

/// Words that messages are made of. Whose server is called `server` is not told by it.
const COMMON_WORDS: [&str; 48] = [
    "account",
    "address",
    "and",
    "api",
    "are",
    "bare",
    "body",
    "denied",
    "does",
    "error",
    "exist",
    "failed",
    "for",
    "found",
    "has",
    "host",
    "ids",
    "image",
    "instance",
    "instances",
    "internal",
    "invalid",
    "limit",
    "metal",
    "missing",
    "network",
    "not",
    "number",
    "operation",
    "parameter",
    "password",
    "physical",
    "project",
    "ready",
    "request",
    "requests",
    "requested",
    "running",
    "server",
    "servers",
    "state",
    "status",
    "the",
    "this",
    "token",
    "user",
    "value",
    "vpc",
];

/// Makes names, and remembers what they stand for well enough to know it again in a message.
#[derive(Debug)]
pub(super) struct Naming {
    salt: Salt,
    /// The beginnings of the hashes of the words that were renamed.
    words: HashSet<u64>,
}

impl Naming {
    /// The most words that are remembered. A recording with more keeps no more messages.
    const WORDS_LEN_MAX: usize = 1 << 20;

    /// Shorter words are not remembered: they would be found everywhere.
    const WORD_CHARS_MIN: usize = 3;

    pub(super) fn new(salt: Salt) -> Self {
        Self { salt, words: HashSet::new() }
    }

    /// An id. A UUID stays a UUID, and one without hyphens stays so; letter case is no part of it.
    pub(super) fn id(&self, text: &str) -> SafeText {
        let digits = self.digest(text);
        let bare: String = text.chars().filter(|c| *c != '-').collect();
        let is_hex = bare.len() == 32 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
        SafeText::made_up(match (is_hex, text.len()) {
            (true, 36) => uuid(&digits),
            (true, 32) => digits[..32].to_owned(),
            (true | false, 0) => String::new(),
            (true | false, _) => format!("id-{}", &digits[..12]),
        })
    }

    /// A name of somebody's choosing, no part of which is to appear in messages either.
    pub(super) fn name(&mut self, kind: &str, text: &str) -> SafeText {
        for word in text.split(|c: char| !c.is_alphanumeric()).chain([text]) {
            let is_telling = word.chars().count() >= Self::WORD_CHARS_MIN
                && !COMMON_WORDS.iter().any(|common| common.eq_ignore_ascii_case(word));
            if is_telling && self.words.len() <= Self::WORDS_LEN_MAX {
                let hash = self.word_hash(word);
                self.words.insert(hash);
            }
        }
        self.kind_of(kind, text)
    }

    /// A text of somebody's choosing.
    pub(super) fn text(&self, text: &str) -> SafeText {
        self.kind_of("text", text)
    }

    fn kind_of(&self, kind: &str, text: &str) -> SafeText {
        if text.is_empty() {
            return SafeText::own("");
        }
        SafeText::made_up(format!("{kind}-{}", &self.digest(text)[..8]))
    }

    /// An address of a network: one of a private network in its place.
    pub(super) fn address(&mut self, text: &str) -> SafeText {
        let digest = self.digest(text);
        let group = |at: usize, len: usize| u16::from_str_radix(&digest[at..at + len], 16).unwrap_or_default();
        if text.parse::<Ipv4Addr>().is_ok() {
            return SafeText::made_up(format!("10.{}.{}.{}", group(0, 2), group(2, 2), group(4, 2)));
        }
        if text.parse::<Ipv6Addr>().is_ok() {
            let groups: [u16; 4] = [0, 4, 8, 12].map(|at| group(at, 4));
            return SafeText::made_up(
                Ipv6Addr::new(0xfd00, 0, 0, 0, groups[0], groups[1], groups[2], groups[3]).to_string(),
            );
        }
        self.name("address", text)
    }

    /// Where the next page begins: what is no id and no small number is a text that nobody reads.
    pub(super) fn marker(&self, text: &str) -> SafeText {
        let id = self.id(text);
        let is_number = text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
        match (is_number, id.as_str().starts_with("id-")) {
            (true, _) => SafeText::digits(text),
            (false, false) => id,
            (false, true) => {
                let kind = if text.contains("://") { "address" } else { "marker" };
                SafeText::made_up(format!("{kind}-{}", &self.digest(text)[..16]))
            }
        }
    }

    /// Whether this word was, or was part of, something that got another name.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.words.len() > Self::WORDS_LEN_MAX || self.words.contains(&self.word_hash(word))
    }

    fn word_hash(&self, word: &str) -> u64 {
        u64::from_str_radix(&self.digest(word)[..16], 16).unwrap_or_default()
    }

    /// 64 hexadecimal digits.
    fn digest(&self, text: &str) -> String {
        hmac(&*self.salt.0, text.to_lowercase().as_bytes())
    }
}

/// A random UUID (version 4) of these digits.
fn uuid(digits: &str) -> String {
    let variant = match digits.as_bytes()[16] & 3 {
        0 => '8',
        1 => '9',
        2 => 'a',
        _ => 'b',
    };
    let [a, b, c, d, e] = [&digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..32]];
    format!("{a}-{b}-4{c}-{variant}{d}-{e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naming(byte: u8) -> Naming {
        Naming::new(Salt::new([byte; 32]))
    }

    #[test]
    fn shapes_stay_and_the_same_gets_the_same() {
        let naming = naming(1);
        for (text, len, hyphens) in [
            ("0b29c7a1-0000-4000-8000-00000000abcd", 36, 4),
            ("70505c941b9b4dfd82fd351932328a2f", 32, 0),
            ("p-1", 15, 1),
            ("", 0, 0),
        ] {
            let id = naming.id(text);
            assert_eq!((id.as_str().len(), id.as_str().matches('-').count()), (len, hyphens), "{id}");
            assert_eq!(id, naming.id(&text.to_uppercase()));
            assert!(text.is_empty() || id.as_str() != text);
        }
        let id = naming.id("0b29c7a1-0000-4000-8000-00000000abcd");
        let parsed: reinstall_core::id::InstanceId = id.as_str().parse().unwrap();
        assert_eq!(parsed.to_string(), id.as_str());
        assert_ne!(id, self::naming(2).id("0b29c7a1-0000-4000-8000-00000000abcd"), "another recording");
    }

    #[test]
    fn addresses_and_markers_keep_their_kind() {
        let mut naming = naming(1);
        let v4 = naming.address("192.168.0.17");
        assert!(v4.as_str().starts_with("10.") && v4.as_str().parse::<Ipv4Addr>().is_ok(), "{v4}");
        let v6 = naming.address("2001:db8::17");
        assert!(v6.as_str().starts_with("fd00:") && v6.as_str().parse::<Ipv6Addr>().is_ok(), "{v6}");
        assert!(naming.address("fa:16:3e:00:00:17").as_str().starts_with("address-"));
        let uuid = "0b29c7a1-0000-4000-8000-00000000abcd";
        assert_eq!(naming.marker(uuid), naming.id(uuid), "so that a marker that is an id shows as one");
        for (marker, start) in [("200", "200"), ("https://a.example/x", "address-"), ("eyJhbGciOi", "marker-")] {
            assert!(naming.marker(marker).as_str().starts_with(start), "{marker}");
        }
    }

    #[test]
    fn what_was_renamed_is_known_again() {
        let mut naming = naming(1);
        let name = naming.name("name", "Build server gateway-7");
        assert!(name.as_str().starts_with("name-"), "{name}");
        for (word, known) in [
            ("build", true),
            ("GATEWAY", true),
            ("Build server gateway-7", true),
            ("server", false),
            ("7", false),
            ("other", false),
        ] {
            assert_eq!(naming.knows(word), known, "{word}");
        }
        assert_eq!(naming.name("name", "").as_str(), "");
    }

    #[test]
    fn salts_are_random_and_hidden() {
        let [one, other] = [Salt::random().unwrap(), Salt::random().unwrap()];
        assert_ne!(*one.0, *other.0);
        assert_eq!(format!("{one:?}"), "Salt(hidden)");
    }
}
