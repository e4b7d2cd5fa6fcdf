//! Why a signature was refused, in words for whoever writes the client.
//!
//! The gateway shows its canonical request and leaves the comparing to the client. The stand-in knows the secret, so it can
//! do better: it signs what a client with one of the usual slips would have signed, and sees whether that is the signature
//! that came. A slip that is named is thus proven; where none fits, the secret is most likely another one.
//!
//! Pure, and bounded: a few hundred signatures at most, each over one request. Nothing that is said quotes a secret, a token
//! or a body. Only one slip at a time is looked for, but for a wrong time, which hides what comes after it.

mod authorization;
mod body;
mod clock;
mod header;
mod layout;
mod method;
mod path;
mod pieces;
mod query;
mod secret;
mod slip;
mod spelling;
mod trial;

use std::fmt;

use http::{HeaderName, HeaderValue};
use reinstall_core::text::CloudText;
use reinstall_core::time::Timestamp;
use reinstall_http::sign::key::AccessKey;
use reinstall_http::sign::verify::{Denial, verify};
use reinstall_http::sign::{Message, SECURITY_TOKEN};

pub use self::slip::Slip;
use self::trial::Trial;

/// The most characters of a path, a query or a host that are quoted.
const QUOTED_CHARS_MAX: usize = 100;

/// The header that carries a token (api-facts 1).
const AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// A secret shorter than this is not looked for in a text: it would be found in innocent words.
const HIDDEN_BYTES_MIN: usize = 6;

/// What a client did wrong. `Display` tells what was signed, what should have been, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    slip: Slip,
    words: String,
    /// What would be refused next.
    next: Option<Box<Self>>,
}

impl Diagnosis {
    fn new(slip: Slip, words: impl Into<String>) -> Self {
        Self { slip, words: words.into(), next: None }
    }

    /// The kind of the mistake.
    #[must_use]
    pub const fn slip(&self) -> Slip {
        self.slip
    }

    /// What would be refused next, once this is mended; only a wrong time hides something.
    #[must_use]
    pub fn next(&self) -> Option<&Self> {
        self.next.as_deref()
    }

    /// Takes secrets out of what is quoted: a client may have put one anywhere.
    fn hide(&mut self, secrets: &[&str]) {
        let long_enough = secrets.iter().filter(|secret| secret.len() >= HIDDEN_BYTES_MIN);
        self.words =
            long_enough.fold(std::mem::take(&mut self.words), |words, secret| words.replace(secret, "(hidden)"));
        if let Some(next) = &mut self.next {
            next.hide(secrets);
        }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)?;
        match &self.next {
            None => Ok(()),
            Some(next) => write!(f, ". Once that is mended: {next}"),
        }
    }
}

/// Names the cause for which `message` is refused at `now` by a server that knows these keys; `None` if it is not refused.
///
/// Meant for requests that have an `Authorization`, and for those without one that should have it. `message` has all the
/// headers that came.
#[must_use]
pub fn explain(message: &Message<'_>, now: Timestamp, keys: &[AccessKey]) -> Option<Diagnosis> {
    let denial = verify(message, now, keys).err()?;
    let mut diagnosis = match denial {
        Denial::Malformed(_) => authorization::explain(message),
        Denial::UnknownKey(id) => secret::unknown(message, &id, keys),
        Denial::Expired { signed, now } => {
            Diagnosis { next: explain(message, signed, keys).map(Box::new), ..clock::off(signed, now) }
        }
        Denial::SecurityToken => secret::token(message, keys),
        Denial::Mismatch(canonical) => mismatch(message, canonical.as_bytes(), keys),
    };
    let tokens = [SECURITY_TOKEN, AUTH_TOKEN].into_iter().flat_map(|name| message.headers.get_all(name));
    let tokens = tokens.filter_map(|value| HeaderValue::to_str(value).ok());
    let known = keys.iter().flat_map(|key| {
        [Some(key.secret().expose()), key.security_token().map(|token| token.expose())].into_iter().flatten()
    });
    diagnosis.hide(&tokens.chain(known).collect::<Vec<_>>());
    Some(diagnosis)
}

/// What was signed is another request, or the secret is another one.
fn mismatch(message: &Message<'_>, canonical: &[u8], keys: &[AccessKey]) -> Diagnosis {
    let Some(trial) = Trial::new(message, canonical, keys) else {
        return authorization::explain(message);
    };
    header::missing(&trial)
        .or_else(|| layout::signature_form(&trial))
        .or_else(|| method::explain(&trial))
        .or_else(|| path::explain(&trial))
        .or_else(|| query::explain(&trial))
        .or_else(|| header::explain(&trial))
        .or_else(|| body::explain(&trial))
        .or_else(|| layout::explain(&trial))
        .or_else(|| clock::other(&trial))
        .or_else(|| secret::explain(&trial, keys))
        .unwrap_or_else(|| secret::another(&trial))
}

/// A piece of a request between backquotes, made safe to show.
fn quoted(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "nothing".to_owned();
    }
    let text = String::from_utf8_lossy(bytes);
    let shown = CloudText::new(&text);
    match shown.as_str().char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("`{}…`", &shown.as_str()[..end]),
        None => format!("`{shown}`"),
    }
}

#[cfg(test)]
mod tests;
