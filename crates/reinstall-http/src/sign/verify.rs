//! The other side of a signature: what a gateway looks at.

use std::fmt;
use std::time::Duration;

use http::header::AUTHORIZATION;
use reinstall_core::time::Timestamp;
use subtle::ConstantTimeEq as _;

use super::canonical::{CanonicalRequest, seen_payload};
use super::key::AccessKey;
use super::{ALGORITHM, Message, SDK_DATE, SECURITY_TOKEN, date, signature, string_to_sign};

/// How far the time of signing may be from the verifier's, in either direction (api-facts 5.2, step 1).
pub const SKEW_MAX: Duration = Duration::from_secs(15 * 60);

/// Why a signature is not accepted. `Display` has the words of the provider's gateway, as seen in the wild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// There is no signature of this algorithm, or one that cannot be read.
    Malformed(&'static str),
    /// No such key.
    UnknownKey(String),
    /// The time of signing is too far off.
    Expired {
        /// When it was signed.
        signed: Timestamp,
        /// When it was looked at.
        now: Timestamp,
    },
    /// The key is a temporary one, and this is not its token.
    SecurityToken,
    /// The signature is that of another request, or made with another secret.
    Mismatch(CanonicalRequest),
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => f.write_str(why),
            Self::UnknownKey(id) => write!(f, "ak {id} not exist"),
            Self::Expired { signed, now } => {
                let [signed, now] = [signed, now].map(|at| date::write(*at).unwrap_or_default());
                write!(f, "calc aksk signature fail:signature expired, signature time:{signed},server time:{now}")
            }
            Self::SecurityToken => f.write_str("decrypt token fail"),
            Self::Mismatch(canonical) => {
                write!(f, "verify aksk signature fail, canonicalRequest:{}", *canonical.on_one_line())
            }
        }
    }
}

impl std::error::Error for Denial {}

/// Whether a request claims to be signed by this algorithm.
#[must_use]
pub fn claims_signature(message: &Message<'_>) -> bool {
    let authorization = message.headers.get(AUTHORIZATION);
    authorization.is_some_and(|value| value.as_bytes().starts_with(ALGORITHM.as_bytes()))
}

/// Finds the key that `message` was signed with, at about `now`.
///
/// Any set of signed headers will do that has `x-sdk-date` in it: the provider's own clients do not agree on more. The body
/// is always looked at, unless it is said to be unsigned. Signatures and tokens are compared in constant time; whether
/// there is a key of a name is no secret.
///
/// # Errors
/// [`Denial`].
pub fn verify<'k>(
    message: &Message<'_>,
    now: Timestamp,
    keys: impl IntoIterator<Item = &'k AccessKey>,
) -> Result<&'k AccessKey, Denial> {
    let claim = Claim::read(message)?;
    let date = message.headers.get(SDK_DATE).and_then(|value| value.to_str().ok()).map(str::trim);
    let (date, signed) = date
        .and_then(|text| Some((text, date::read(text)?)))
        .ok_or(Denial::Malformed("header X-Sdk-Date is missing or not of the form YYYYMMDDTHHMMSSZ"))?;
    let mut keys = keys.into_iter();
    let key = keys.find(|key| key.id() == claim.id).ok_or_else(|| Denial::UnknownKey(claim.id.to_owned()))?;
    if now.since(signed).max(signed.since(now)) > SKEW_MAX {
        return Err(Denial::Expired { signed, now });
    }
    let all_there = claim.signed_headers.iter().all(|name| message.headers.contains_key(*name));
    let canonical = CanonicalRequest::new(message, claim.signed_headers, &seen_payload(message.headers, message.body));
    let ours = signature(key.secret(), &string_to_sign(date, &canonical));
    let is_ours = bool::from(ours.as_bytes().ct_eq(claim.signature.as_bytes()));
    // A signed header that got lost is not the same as an empty one.
    if !(is_ours && all_there) {
        return Err(Denial::Mismatch(canonical));
    }
    if let Some(token) = key.security_token() {
        let given = message.headers.get(SECURITY_TOKEN).map_or(&b""[..], |value| value.as_bytes().trim_ascii());
        if !bool::from(given.ct_eq(token.expose().as_bytes())) {
            return Err(Denial::SecurityToken);
        }
    }
    Ok(key)
}

/// What `Authorization` says. No `Debug`: who swaps id and secret sends the secret as the id.
pub struct Claim<'a> {
    /// Which key it is said to be.
    pub id: &'a str,
    /// The names of the headers, in the order and spelling in which they came.
    pub signed_headers: Vec<&'a str>,
    /// The signature.
    pub signature: &'a str,
}

impl<'a> Claim<'a> {
    fn read(message: &Message<'a>) -> Result<Self, Denial> {
        let text = message.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let text = text.ok_or(Denial::Malformed("header Authorization is missing"))?;
        let claim = Self::parse(text).ok_or(Denial::Malformed("header Authorization cannot be read"))?;
        if !claim.signed_headers.contains(&SDK_DATE.as_str()) {
            return Err(Denial::Malformed("header X-Sdk-Date is not signed"));
        }
        Ok(claim)
    }

    /// Reads `SDK-HMAC-SHA256 Access=.., SignedHeaders=..;.., Signature=..`; `None` if it is written in any other way.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let fields = text.strip_prefix(ALGORITHM)?.strip_prefix(' ')?;
        let mut fields = fields.split(',').map(str::trim);
        let claim = Self {
            id: fields.next()?.strip_prefix("Access=")?,
            signed_headers: fields.next()?.strip_prefix("SignedHeaders=")?.split(';').collect(),
            signature: fields.next()?.strip_prefix("Signature=")?,
        };
        fields.next().is_none().then_some(claim)
    }
}
