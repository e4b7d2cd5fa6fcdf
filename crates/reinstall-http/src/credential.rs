//! What a client proves its right with.

use reinstall_core::secret::SessionToken;

use crate::sign::key::AccessKey;

/// A token, or an access key to sign with.
#[derive(Debug, Clone)]
pub enum Credential {
    /// Sent with each request (api-facts 5.1).
    Token(SessionToken),
    /// Signs each request (api-facts 5.2).
    Keys(AccessKey),
}

impl Credential {
    /// The texts in it that nobody may read, to be taken out of answers that echo them.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Token(token) => vec![token.expose()],
            Self::Keys(key) => {
                let security_token = key.security_token().map(|token| token.expose());
                security_token.into_iter().chain([key.secret().expose()]).collect()
            }
        }
    }
}

impl From<SessionToken> for Credential {
    fn from(token: SessionToken) -> Self {
        Self::Token(token)
    }
}

impl From<AccessKey> for Credential {
    fn from(key: AccessKey) -> Self {
        Self::Keys(key)
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
        for (credential, secrets) in [
            (Credential::from(SessionToken::parse("canary").unwrap()), vec!["canary"]),
            (key.clone().into(), vec!["canary-sk"]),
            (key.with_security_token(token).into(), vec!["canary-token", "canary-sk"]),
        ] {
            assert_eq!(credential.secrets(), secrets);
            let shown = format!("{credential:?}");
            assert!(!shown.contains("canary"), "{shown}");
        }
    }
}
