//! Secrets have types. What has such a type cannot be printed, logged, journaled or serialised by accident.

use std::fmt;

use zeroize::Zeroizing;

/// The password that will open the new system: at most one a request, for all its instances.
///
/// It exists only after [`PasswordPolicy::admit`](crate::login::PasswordPolicy::admit) found nothing against it, so a weak
/// one cannot reach a request. It is wiped from memory when dropped, has no `Display`, no `Serialize` and no `PartialEq`,
/// and its `Debug` names only the role.
#[derive(Clone)]
pub struct AdminPassword(Zeroizing<String>);

impl AdminPassword {
    pub(crate) fn admitted(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The password itself. For the one place that writes it into a request body, and the one that seals it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AdminPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminPassword(hidden)")
    }
}

/// What proves to the API who is asking, sent as `X-Auth-Token` (api-facts 5.1). Several kilobytes long at times.
#[derive(Clone)]
pub struct SessionToken(Zeroizing<String>);

/// Why a piece of text cannot be a token. Never says what the text was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nothing, or only white space.
    #[error("the token is empty")]
    Empty,
    /// A character that a header cannot carry.
    #[error(
        "the token has a character that no token has (a space, a line break or a non-ASCII letter) at position {at}"
    )]
    Character {
        /// Which character, counted from 1.
        at: usize,
    },
}

impl SessionToken {
    /// Takes a token as read from a file or variable: white space around it is dropped, visible ASCII is needed within.
    ///
    /// # Errors
    /// [`TokenError`], without the text.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        header_text(text).map(Self)
    }

    /// The token itself. For the one place that writes it into a header.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(hidden)")
    }
}

/// What makes an access key a temporary one, sent as `X-Security-Token` beside the signature (api-facts 5.2).
#[derive(Clone)]
pub struct SecurityToken(Zeroizing<String>);

impl SecurityToken {
    /// Takes a token as read from a file or variable: white space around it is dropped, visible ASCII is needed within.
    ///
    /// # Errors
    /// [`TokenError`], without the text.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        header_text(text).map(Self)
    }

    /// The token itself. For the one place that writes it into a header.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecurityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecurityToken(hidden)")
    }
}

/// Text that a header can carry as it is.
fn header_text(text: &str) -> Result<Zeroizing<String>, TokenError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(TokenError::Empty);
    }
    match text.chars().position(|c| !c.is_ascii_graphic()) {
        Some(index) => Err(TokenError::Character { at: index + 1 }),
        None => Ok(Zeroizing::new(text.to_owned())),
    }
}

/// The secret half of an access key (SK). It signs requests and is never sent (api-facts 5.2).
#[derive(Clone)]
pub struct SecretKey(Zeroizing<String>);

/// Why a piece of text cannot be a secret key. Never says what the text was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretKeyError {
    /// Nothing, or only white space.
    #[error("the secret key is empty")]
    Empty,
    /// A character that no secret key has; most likely it was copied with something else.
    #[error(
        "the secret key has a character that no secret key has (a space, a line break or a non-ASCII letter) at position \
         {at}"
    )]
    Character {
        /// Which character, counted from 1.
        at: usize,
    },
}

impl SecretKey {
    /// Takes a key as read from a file or variable: white space around it is dropped, visible ASCII is needed within.
    ///
    /// # Errors
    /// [`SecretKeyError`], without the text.
    pub fn parse(text: &str) -> Result<Self, SecretKeyError> {
        match header_text(text) {
            Ok(text) => Ok(Self(text)),
            Err(TokenError::Empty) => Err(SecretKeyError::Empty),
            Err(TokenError::Character { at }) => Err(SecretKeyError::Character { at }),
        }
    }

    /// The key itself. For the one place that signs with it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(hidden)")
    }
}

/// The password of an IAM user, sent to IAM alone to get a token with. Unlike an [`AdminPassword`] it opens the cloud, not a
/// machine.
#[derive(Clone)]
pub struct UserPassword(Zeroizing<String>);

impl UserPassword {
    /// Takes a password as it is, white space included; `None` if there is none.
    #[must_use]
    pub fn new(text: Zeroizing<String>) -> Option<Self> {
        (!text.is_empty()).then_some(Self(text))
    }

    /// The password itself. For the one place that writes it into a request body.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UserPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserPassword(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_the_role_and_nothing_else() {
        let password = AdminPassword::admitted(Zeroizing::new("Canary-9931-x".into()));
        let token = SessionToken::parse("gAAAAAcanary").unwrap();
        assert_eq!(format!("{password:?} {token:#?}"), "AdminPassword(hidden) SessionToken(hidden)");
        let (key, token) = (SecretKey::parse("canary").unwrap(), SecurityToken::parse("canary").unwrap());
        assert_eq!(format!("{key:?} {token:#?}"), "SecretKey(hidden) SecurityToken(hidden)");
        let password = UserPassword::new("canary".to_owned().into()).unwrap();
        assert_eq!(format!("{password:#?}"), "UserPassword(hidden)");
        assert!(UserPassword::new(String::new().into()).is_none());
    }

    #[test]
    fn a_token_is_visible_ascii() {
        assert_eq!(SessionToken::parse(" tok\n").unwrap().expose(), "tok");
        assert_eq!(SessionToken::parse(" \n").unwrap_err(), TokenError::Empty);
        assert_eq!(SessionToken::parse("a b").unwrap_err(), TokenError::Character { at: 2 });
        assert_eq!(SessionToken::parse("a\r\nX-Evil: 1").unwrap_err(), TokenError::Character { at: 2 });
    }

    #[test]
    fn keys_are_visible_ascii_too_and_say_what_they_are() {
        assert_eq!(SecretKey::parse(" a/b+c=\n").unwrap().expose(), "a/b+c=");
        assert_eq!(SecurityToken::parse("tok\n").unwrap().expose(), "tok");
        assert_eq!(SecurityToken::parse("").unwrap_err(), TokenError::Empty);
        for (given, at) in [("ca\u{a0}nary", 3), ("canary 2", 7)] {
            let refused = SecretKey::parse(given).unwrap_err();
            assert_eq!(refused, SecretKeyError::Character { at });
            assert!(refused.to_string().starts_with("the secret key has") && !refused.to_string().contains("canary"));
        }
        assert_eq!(SecretKey::parse(" ").unwrap_err().to_string(), "the secret key is empty");
    }
}
