//! Signing with an access key: `SDK-HMAC-SHA256` (api-facts 5.2).
//!
//! Pure functions of request, key and time. [`sign`](fn@sign) and [`verify`](verify::verify) build the canonical request by
//! the same code, so that what one of them gets wrong the other would get wrong, too; the vectors in `tests/signing.rs` come
//! from the provider's own signer. The provider's other algorithms (SM3, V11, ECDSA, SM2) are not here.

pub mod canonical;
pub mod date;
pub mod difference;
pub mod key;
pub mod verify;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, InvalidHeaderValue};
use http::{HeaderMap, Method};
use reinstall_core::secret::SecretKey;
use reinstall_core::time::Timestamp;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use self::canonical::CanonicalRequest;
use self::key::AccessKey;

/// The algorithm, by its name in `Authorization` and in the string to sign.
pub const ALGORITHM: &str = "SDK-HMAC-SHA256";

/// The header with the time of signing, the only one that must be signed.
pub const SDK_DATE: HeaderName = HeaderName::from_static("x-sdk-date");

/// The header that a temporary access key needs.
pub const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-security-token");

/// The header that says which project is meant.
pub const PROJECT_ID: HeaderName = HeaderName::from_static("x-project-id");

/// The header with the body's hash, or with [`UNSIGNED_PAYLOAD`].
pub const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-sdk-content-sha256");

/// Stands for the hash of a body that is not signed.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// The bodies that are signed begin their `Content-Type` so; the others are sent as [`UNSIGNED_PAYLOAD`].
const SIGNED_CONTENT_TYPES: [&[u8]; 2] = [b"application/json", b"application/bson"];

/// The SHA-256 of nothing, in hexadecimal digits.
const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A request, as far as signatures go: as it stands, or stood, on the wire.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// The method, signed in upper case.
    pub method: &'a Method,
    /// The path, escaped or not: both come to the same.
    pub path: &'a str,
    /// The query without its `?`.
    pub query: Option<&'a str>,
    /// To sign: those to be signed, `Host` among them. To verify: all that came.
    pub headers: &'a HeaderMap,
    /// The body; empty if there is none.
    pub body: &'a [u8],
}

impl std::fmt::Debug for Message<'_> {
    /// Leaves headers and body out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.query)
            .finish_non_exhaustive()
    }
}

/// A signed request.
#[derive(Debug)]
pub struct Signed {
    /// The headers that were given, those that signing adds, and `Authorization`.
    pub headers: HeaderMap,
    /// What was signed, to compare with what the other side read.
    pub canonical: CanonicalRequest,
    /// What the signature is the HMAC of.
    pub string_to_sign: String,
}

/// Why a request cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The time lies in a year of more than four digits.
    #[error("{0} cannot be written as the date of a signature")]
    Date(Timestamp),
    /// What signing adds does not fit into a header. Does not say what it is.
    #[error("the signature does not fit into a header")]
    Header(#[from] InvalidHeaderValue),
}

/// Signs `message` with `key` as of `at`: every header of it whose name has no `_`, and those that are added:
/// `X-Sdk-Date`, `X-Security-Token` if the key is a temporary one, and `X-Sdk-Content-Sha256` if the body is of a kind that
/// is not signed. An `Authorization` that is there is replaced.
///
/// # Errors
/// [`SignError`], which no time before the year 10000 brings about.
pub fn sign(message: &Message<'_>, key: &AccessKey, at: Timestamp) -> Result<Signed, SignError> {
    let date = date::write(at).ok_or(SignError::Date(at))?;
    let mut headers = message.headers.clone();
    headers.remove(AUTHORIZATION);
    headers.insert(SDK_DATE, HeaderValue::from_str(&date)?);
    if let Some(token) = key.security_token() {
        headers.insert(SECURITY_TOKEN, sensitive(token.expose())?);
    }
    let is_signed_kind =
        |value: &HeaderValue| SIGNED_CONTENT_TYPES.iter().any(|kind| value.as_bytes().starts_with(kind));
    if !message.body.is_empty() && !headers.get(CONTENT_TYPE).is_none_or(is_signed_kind) {
        headers.insert(CONTENT_SHA256, HeaderValue::from_static(UNSIGNED_PAYLOAD));
    }
    let names: Vec<&str> = headers.keys().map(HeaderName::as_str).filter(|name| !name.contains('_')).collect();
    let payload = canonical::claimed_payload(&headers, message.body);
    let message = Message { headers: &headers, ..*message };
    let canonical = CanonicalRequest::new(&message, names, &payload);
    let string_to_sign = string_to_sign(&date, &canonical);
    let signature = signature(key.secret(), &string_to_sign);
    let (id, names) = (key.id(), canonical.signed_headers());
    let authorization = format!("{ALGORITHM} Access={id}, SignedHeaders={names}, Signature={signature}");
    headers.insert(AUTHORIZATION, sensitive(&authorization)?);
    Ok(Signed { headers, canonical, string_to_sign })
}

fn string_to_sign(date: &str, canonical: &CanonicalRequest) -> String {
    format!("{ALGORITHM}\n{date}\n{}", sha256(canonical.as_bytes()))
}

/// The key is the secret key as it is: nothing is derived from date, region or the like.
fn signature(secret: &SecretKey, string_to_sign: &str) -> String {
    hmac(secret.expose().as_bytes(), string_to_sign.as_bytes())
}

/// The HMAC-SHA-256 of `bytes` in hexadecimal digits, as a signature is sent: for whoever has to find out what somebody else
/// signed, and with which key.
#[expect(clippy::expect_used, reason = "an HMAC takes a key of any length, so there is no error to hand on")]
#[must_use]
pub fn hmac(key: &[u8], bytes: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(bytes);
    digits(mac.finalize().into_bytes().into())
}

/// The SHA-256 of `bytes` in hexadecimal digits, as it stands in a canonical request and in a string to sign.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    digits(Sha256::digest(bytes).into())
}

/// In hexadecimal digits, as hashes are sent.
fn digits(hash: [u8; 32]) -> String {
    let pairs = hash.map(|byte| [byte >> 4, byte & 0xf].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
    String::from_utf8_lossy(pairs.as_flattened()).into_owned()
}

/// A header that HTTP libraries neither log nor keep in their compression tables; its bytes are wiped when the last
/// reference goes.
pub(crate) fn sensitive(secret: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let bytes = Bytes::from_owner(Zeroizing::new(secret.as_bytes().to_vec()));
    let mut value = HeaderValue::from_maybe_shared(bytes)?;
    value.set_sensitive(true);
    Ok(value)
}
