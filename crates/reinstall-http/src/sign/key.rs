//! Access keys: a name that is sent, and a secret that is not.

use reinstall_core::secret::{SecretKey, SecretKeyError, SecurityToken};

/// An access key (AK) with its secret (SK), permanent or temporary.
///
/// Its id is no secret: it stands in every request. Its `Debug` shows the id alone.
#[derive(Debug, Clone)]
pub struct AccessKey {
    id: Box<str>,
    secret: SecretKey,
    security_token: Option<SecurityToken>,
}

/// Why something is no access key. Never says what the secret was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessKeyError {
    /// The id is not of the form they all have.
    #[error("the access key id must be 1 to {} letters, digits, hyphens or underscores", AccessKey::ID_LEN_MAX)]
    Id,
    /// The secret.
    #[error(transparent)]
    Secret(#[from] SecretKeyError),
    /// There are no two parts.
    #[error("an access key is written as its id, a colon and its secret: AK:SK")]
    Colon,
}

impl AccessKey {
    /// The most characters of an id.
    pub const ID_LEN_MAX: usize = 128;

    /// A permanent key.
    ///
    /// # Errors
    /// [`AccessKeyError::Id`], since the id stands in a header beside other words.
    pub fn new(id: &str, secret: SecretKey) -> Result<Self, AccessKeyError> {
        let id = id.trim();
        let fits = (1..=Self::ID_LEN_MAX).contains(&id.len());
        if fits && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Ok(Self { id: id.into(), secret, security_token: None });
        }
        Err(AccessKeyError::Id)
    }

    /// The same key as a temporary one, which is of no use without its token.
    #[must_use]
    pub fn with_security_token(self, token: SecurityToken) -> Self {
        Self { security_token: Some(token), ..self }
    }

    /// Reads `AK:SK`, a permanent key.
    ///
    /// # Errors
    /// [`AccessKeyError`], without the text.
    pub fn parse_pair(text: &str) -> Result<Self, AccessKeyError> {
        let (id, secret) = text.split_once(':').ok_or(AccessKeyError::Colon)?;
        Self::new(id, SecretKey::parse(secret)?)
    }

    /// The key's name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it signs with.
    #[must_use]
    pub fn secret(&self) -> &SecretKey {
        &self.secret
    }

    /// What a temporary key sends beside its signature.
    #[must_use]
    pub fn security_token(&self) -> Option<&SecurityToken> {
        self.security_token.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_and_what_is_none_is_not_quoted() {
        let key = AccessKey::parse_pair("AK-1:s:k/+=").unwrap();
        assert_eq!((key.id(), key.secret().expose()), ("AK-1", "s:k/+="));
        for (text, refused) in [
            ("canary", AccessKeyError::Colon),
            (":canary", AccessKeyError::Id),
            ("A K:canary", AccessKeyError::Id),
            ("A,K:canary", AccessKeyError::Id),
            ("AK:", SecretKeyError::Empty.into()),
            ("AK:can ary", SecretKeyError::Character { at: 4 }.into()),
        ] {
            let error = AccessKey::parse_pair(text).unwrap_err();
            assert_eq!(error, refused, "{text}");
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }

    #[test]
    fn debug_shows_the_id_alone() {
        let key = AccessKey::parse_pair("AK1:canary-sk").unwrap();
        let key = key.with_security_token(SecurityToken::parse("canary-token").unwrap());
        assert_eq!(
            format!("{key:?}"),
            "AccessKey { id: \"AK1\", secret: SecretKey(hidden), security_token: Some(SecurityToken(hidden)) }"
        );
    }
}
