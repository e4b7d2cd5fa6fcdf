//! A signature that came, and what it is tried against.

use reinstall_http::sign::key::AccessKey;
use reinstall_http::sign::verify::Claim;
use reinstall_http::sign::{ALGORITHM, Message, SDK_DATE, hmac, sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::pieces::Pieces;

/// One refused request. Whatever is tried differs from what should have been signed in one thing.
pub(super) struct Trial<'a> {
    pub(super) message: &'a Message<'a>,
    /// What should have been signed.
    pub(super) right: Pieces<'a>,
    /// What `Authorization` says.
    pub(super) claim: Claim<'a>,
    /// What `X-Sdk-Date` says.
    pub(super) date: &'a str,
    /// The key that `Authorization` names.
    pub(super) key: &'a AccessKey,
    /// In lower case, whatever came.
    signature: String,
    /// The right parts, put together.
    right_whole: Zeroizing<Vec<u8>>,
    right_hash: String,
}

impl<'a> Trial<'a> {
    /// `None` if the request does not claim to be signed in the right form with a known key.
    pub(super) fn new(message: &'a Message<'a>, canonical: &'a [u8], keys: &'a [AccessKey]) -> Option<Self> {
        let claim = Claim::parse(message.headers.get(http::header::AUTHORIZATION)?.to_str().ok()?)?;
        let right = Pieces::of(canonical)?;
        let right_whole = right.to_bytes();
        Some(Self {
            message,
            right_hash: sha256(&right_whole),
            right,
            right_whole,
            date: message.headers.get(SDK_DATE)?.to_str().ok()?.trim(),
            key: keys.iter().find(|key| key.id() == claim.id)?,
            signature: claim.signature.to_ascii_lowercase(),
            claim,
        })
    }

    /// Whether the client signed the right parts but for this change.
    pub(super) fn fits(&self, change: impl FnOnce(&mut Pieces<'a>)) -> bool {
        let mut pieces = self.right.clone();
        change(&mut pieces);
        let whole = pieces.to_bytes();
        // Many changes change nothing, such as one of the query where there is none. What is right was not signed.
        *whole != *self.right_whole && self.fits_whole(&whole)
    }

    /// Whether the client signed this canonical request.
    pub(super) fn fits_whole(&self, canonical: &[u8]) -> bool {
        self.fits_string(&string_to_sign(self.date, &sha256(canonical)))
    }

    /// Whether the client signed this string.
    pub(super) fn fits_string(&self, string_to_sign: &str) -> bool {
        self.fits_key(self.key.secret().expose().as_bytes(), string_to_sign)
    }

    /// Whether the client signed what it should, with this key.
    pub(super) fn fits_secret(&self, secret: &[u8]) -> bool {
        self.fits_key(secret, &string_to_sign(self.date, &self.right_hash))
    }

    /// What should have been signed.
    pub(super) fn right_whole(&self) -> &[u8] {
        &self.right_whole
    }

    /// The hash of what should have been signed.
    pub(super) fn right_hash(&self) -> &str {
        &self.right_hash
    }

    fn fits_key(&self, key: &[u8], string_to_sign: &str) -> bool {
        let signature = hmac(key, string_to_sign.as_bytes());
        bool::from(signature.as_bytes().ct_eq(self.signature.as_bytes()))
    }
}

/// What the signature is the HMAC of (api-facts 5.2, step 8).
pub(super) fn string_to_sign(date: &str, hash: &str) -> String {
    format!("{ALGORITHM}\n{date}\n{hash}")
}
