//! What one request shows.

use http::header::{HeaderValue, InvalidHeaderValue};
use reinstall_core::redact::Role;
use reinstall_core::secret::SessionToken;

use crate::sign::key::AccessKey;
use crate::sign::sensitive;

/// A token, ready to be sent, or a key to sign with.
#[derive(Debug)]
pub(crate) enum Proof {
    /// Sent as it is.
    Token {
        /// Marked as sensitive; the HTTP library shares its bytes.
        header: HeaderValue,
        token: SessionToken,
    },
    /// Signs each request anew.
    Keys(AccessKey),
}

impl Proof {
    pub(crate) fn token(token: SessionToken) -> Result<Self, InvalidHeaderValue> {
        Ok(Self::Token { header: sensitive(token.expose())?, token })
    }

    /// The texts in it that nobody may read, to be taken out of answers that echo them.
    pub(crate) fn secrets(&self) -> Vec<(Role, &str)> {
        match self {
            Self::Token { token, .. } => vec![(Role::SessionToken, token.expose())],
            Self::Keys(key) => {
                let security_token = key.security_token().map(|token| (Role::SecurityToken, token.expose()));
                security_token.into_iter().chain([(Role::SecretKey, key.secret().expose())]).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use reinstall_core::secret::SecurityToken;

    use super::*;

    #[test]
    fn debug_and_secrets_are_two_sides() {
        let key = AccessKey::parse_pair("AK1:canary-sk").unwrap();
        let token = SecurityToken::parse("canary-token").unwrap();
        for (proof, secrets) in [
            (Proof::token(SessionToken::parse("canary").unwrap()).unwrap(), vec!["canary"]),
            (Proof::Keys(key.clone()), vec!["canary-sk"]),
            (Proof::Keys(key.with_security_token(token)), vec!["canary-token", "canary-sk"]),
        ] {
            assert_eq!(proof.secrets().into_iter().map(|(_, secret)| secret).collect::<Vec<_>>(), secrets);
            let shown = format!("{proof:?}");
            assert!(!shown.contains("canary"), "{shown}");
        }
    }

    /// HTTP libraries log headers, and compress them with tables that outlive the request; a sensitive one is spared both.
    #[test]
    fn a_token_is_marked_as_sensitive() {
        let proof = Proof::token(SessionToken::parse("canary").unwrap()).unwrap();
        let Proof::Token { header, .. } = proof else { panic!("a token") };
        assert_eq!((format!("{header:?}").as_str(), header.as_bytes()), ("Sensitive", &b"canary"[..]));
    }
}
