//! Takes secrets out of text from outside, in whatever usual spelling they come.
//!
//! A service may repeat what it was sent, and it may spell it in its own way: escaped for JSON, for an address or for HTML,
//! or encoded as base64 or hexadecimal digits. So a text is decoded before it is searched, see [`Redactor::redact`].

mod spelling;

use std::borrow::Cow;
use std::fmt;

use zeroize::Zeroizing;

use crate::instance::{InstanceState, OperationState};

/// What a secret is for. This is all that may be told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Opens the new system.
    AdminPassword,
    /// Proves to the API who is asking.
    SessionToken,
    /// Signs requests.
    SecretKey,
    /// Makes an access key a temporary one.
    SecurityToken,
    /// Opens an account of IAM.
    UserPassword,
    /// Not told.
    Unnamed,
}

impl Role {
    /// In words, as in `the admin password`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AdminPassword => "the admin password",
            Self::SessionToken => "a session token",
            Self::SecretKey => "the secret key",
            Self::SecurityToken => "a security token",
            Self::UserPassword => "the IAM password",
            Self::Unnamed => "a secret",
        }
    }
}

/// The secrets that must not get into any text that is kept or shown. Its `Debug` prints their roles.
#[derive(Clone, Default)]
pub struct Redactor(Vec<Secret>);

#[derive(Clone)]
struct Secret {
    role: Role,
    text: Zeroizing<String>,
    /// See [`folded`].
    folded: Zeroizing<Vec<u8>>,
    /// The same, with all that looks like an escape in it decoded, since that is done to the searched text as well.
    unescaped: Zeroizing<Vec<u8>>,
}

/// A shorter secret is found only where no letter or digit stands beside it: it would be found in any text.
const WITHIN_WORDS_BYTES_MIN: usize = 4;

/// A text that ends in the beginning of a secret was cut off within it, if that beginning is as long as this.
const CUT_BYTES_MIN: usize = 8;

/// How often a text is unescaped, and how often what was decoded is decoded again.
const UNESCAPED_MAX: u32 = 8;
const DECODED_MAX: u32 = 2;

impl Redactor {
    /// Knows no secret, and changes no text.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Takes out `secret` as well. An empty one is none.
    #[must_use]
    pub fn with(mut self, role: Role, secret: &str) -> Self {
        if !secret.is_empty() && self.0.iter().all(|known| *known.text != secret) {
            let mut unescaped = Zeroizing::new(secret.as_bytes().to_vec());
            for _ in 0..UNESCAPED_MAX {
                let Some(next) = spelling::unescaped(&unescaped) else { break };
                unescaped = Zeroizing::new(next);
            }
            self.0.push(Secret {
                role,
                text: Zeroizing::new(secret.to_owned()),
                folded: Zeroizing::new(folded(secret.as_bytes())),
                unescaped: Zeroizing::new(folded(&unescaped)),
            });
        }
        self
    }

    /// `text` without any secret.
    ///
    /// A secret that stands there as it is gives way to a mark that names its role. A text that holds one in any other
    /// spelling is replaced as a whole, since what a decoder makes of a part of it cannot be told. Searched are: the text
    /// itself, with the case of ASCII letters ignored, and `+` the same as a space; what it says with the escapes of JSON, of addresses (`%2F`) and
    /// of HTML decoded, up to eight times; and what all runs of base64 (both alphabets, at any offset, white space between)
    /// and of hexadecimal digits in these decode to, up to twice. A text that ends in the first 8 bytes or more of a secret
    /// was cut off within it, and is replaced, too.
    ///
    /// Left as they are: words of the service that the documents have, such as `running`, and where the secret has fewer than
    /// 8 bytes, UUIDs. A secret of fewer than 4 bytes is found only where no letter or digit stands beside it.
    ///
    /// To be called before a text is cut or escaped for a terminal.
    #[must_use]
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.0.is_empty() || is_documented(text) {
            return Cow::Borrowed(text);
        }
        let mut shown = Cow::Borrowed(text);
        for secret in &self.0 {
            if secret.len() >= WITHIN_WORDS_BYTES_MIN && !secret.ignores(text) && shown.contains(&**secret.text) {
                let mark = self.mark("", secret.role);
                shown = shown.replace(&**secret.text, &mark).into();
            }
        }
        let stands = |part: &[u8]| self.0.iter().find(|secret| !secret.ignores(text) && secret.stands_in(part));
        match self.search(shown.as_bytes(), (UNESCAPED_MAX, DECODED_MAX), &stands) {
            Some(secret) => self.mark("contains ", secret.role).into(),
            None => shown,
        }
    }

    /// Whether [`redact`](Self::redact) may change any text within `body`, such as the strings of a JSON document. It looks for
    /// the beginnings of all secrets at once, which takes far less time than to redact each text.
    #[must_use]
    pub fn may_be_in(&self, body: &[u8]) -> bool {
        let mut begins = [false; 256];
        let leads = || self.0.iter().flat_map(Secret::leads);
        leads().for_each(|lead| begins[usize::from(lead[0])] = true);
        let stands = |part: &[u8]| {
            let starts = part.iter().enumerate().filter(|(_, byte)| begins[usize::from(**byte)]);
            let is_here =
                |at: usize| self.0.iter().find(|secret| secret.leads().any(|lead| part[at..].starts_with(lead)));
            starts.map(|(at, _)| at).find_map(is_here)
        };
        // The strings of a document are escaped once more than what they say.
        self.search(body, (UNESCAPED_MAX + 1, DECODED_MAX), &stands).is_some()
    }

    /// The secret that `stands` finds in `text`, or in what that comes to unescaped and decoded so often. What it is shown is
    /// folded.
    fn search<'a>(
        &'a self,
        text: &[u8],
        (unescape, decode): (u32, u32),
        stands: &dyn Fn(&[u8]) -> Option<&'a Secret>,
    ) -> Option<&'a Secret> {
        // No spelling is shorter than the secret, or than the part of it that counts.
        let len_min = self.0.iter().map(|secret| secret.len().min(CUT_BYTES_MIN)).min()?;
        if text.len() < len_min {
            return None;
        }
        if let Some(found) = stands(&folded(text)) {
            return Some(found);
        }
        let unescaped = if unescape > 0 { spelling::unescaped(text) } else { None };
        if let Some(found) = unescaped.and_then(|text| self.search(&text, (unescape - 1, decode), stands)) {
            return Some(found);
        }
        if decode == 0 {
            return None;
        }
        spelling::decoded(text, len_min).find_map(|bytes| {
            // By far the most of what is decoded was no encoding: it has no longer piece that could be text.
            let pieces = || bytes.split(|byte| !is_text(*byte)).filter(|piece| piece.len() >= len_min);
            let within = || pieces().find_map(|piece| self.search(piece, (unescape, decode - 1), stands));
            stands(&folded(&bytes)).or_else(within)
        })
    }

    /// Stands for a secret of this role. There is a shorter one for the case that the words of the long one are a secret.
    fn mark(&self, contains: &str, role: Role) -> String {
        let mark = format!("[redacted: {contains}{}]", role.as_str());
        if self.0.iter().any(|secret| secret.stands_in(&folded(mark.as_bytes()))) { "***".to_owned() } else { mark }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")?;
        f.debug_list().entries(self.0.iter().map(|secret| secret.role)).finish()
    }
}

/// Whether the documents have this word for a state: it tells nothing of a secret, and a rollout depends on it.
fn is_documented(text: &str) -> bool {
    !matches!(InstanceState::from_word(text), InstanceState::Unknown(_))
        || !matches!(OperationState::from_word(text), OperationState::Unknown(_))
}

impl Secret {
    fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether `text` may hold a few letters that are like a short secret by chance.
    fn ignores(&self, text: &str) -> bool {
        self.len() < CUT_BYTES_MIN && text.len() == uuid::fmt::Hyphenated::LENGTH && uuid::Uuid::try_parse(text).is_ok()
    }

    /// How it begins in a folded text: by this much at least, if it is there at all.
    fn leads(&self) -> impl Iterator<Item = &[u8]> {
        let lead = |text: &'_ Zeroizing<Vec<u8>>| text.len().min(CUT_BYTES_MIN);
        let leads = [&self.folded[..lead(&self.folded)], &self.unescaped[..lead(&self.unescaped)]];
        leads.into_iter().filter(|lead| !lead.is_empty())
    }

    /// Whether it stands in a folded text letter by letter, or its beginning does at the end.
    fn stands_in(&self, text: &[u8]) -> bool {
        [&self.folded, &self.unescaped].into_iter().any(|secret| {
            let whole = || {
                find(text, secret).any(|at| secret.len() >= WITHIN_WORDS_BYTES_MIN || is_apart(text, at, secret.len()))
            };
            !secret.is_empty() && (whole() || is_cut_within(text, secret))
        })
    }
}

/// In small letters, as a service may change their case; and with spaces for plus signs, as an address may have one for the
/// other.
fn folded(text: &[u8]) -> Vec<u8> {
    text.iter().map(|byte| if *byte == b'+' { b' ' } else { byte.to_ascii_lowercase() }).collect()
}

/// Where `part` begins in `text`.
fn find<'a>(text: &'a [u8], part: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let first = part.first().copied();
    let starts = text.iter().enumerate().filter(move |(_, byte)| Some(**byte) == first).map(|(at, _)| at);
    starts.filter(move |at| text[*at..].starts_with(part))
}

/// Whether no letter or digit stands beside these bytes.
fn is_apart(text: &[u8], at: usize, len: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| text.get(at));
    [before, text.get(at + len)].into_iter().flatten().all(|byte| !byte.is_ascii_alphanumeric())
}

/// Whether `text` was cut off within `secret`.
fn is_cut_within(text: &[u8], secret: &[u8]) -> bool {
    let end = text.trim_ascii_end();
    let end = end.strip_suffix("…".as_bytes()).or_else(|| end.strip_suffix(b"...")).unwrap_or(end);
    let lens = CUT_BYTES_MIN..=end.len().min(secret.len());
    lens.into_iter().any(|len| end.ends_with(&secret[..len]))
}

fn is_text(byte: u8) -> bool {
    byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t' | b'\r' | b'\n') || !byte.is_ascii()
}

#[cfg(test)]
mod tests;
