//! An IAM user: who asks for a token with a password.

use reinstall_core::secret::UserPassword;

/// A user of an account, with the password (api-facts 5.1). A HUAWEI ID is none: it cannot get a token by itself.
///
/// Its `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct IamUser {
    name: Box<str>,
    password: UserPassword,
    domain: Box<str>,
}

impl IamUser {
    /// The user `name` of the account `domain`.
    #[must_use]
    pub fn new(name: &str, password: UserPassword, domain: &str) -> Self {
        Self { name: name.into(), password, domain: domain.into() }
    }

    /// The user's name, unique within the account.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What IAM is shown, and nobody else.
    #[must_use]
    pub fn password(&self) -> &UserPassword {
        &self.password
    }

    /// The account's name. IAM calls an account a domain.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_password() {
        let user = IamUser::new("ann", UserPassword::new("canary".to_owned().into()).unwrap(), "acme");
        assert_eq!(format!("{user:?}"), "IamUser { name: \"ann\", password: UserPassword(hidden), domain: \"acme\" }");
        assert_eq!((user.name(), user.password().expose(), user.domain()), ("ann", "canary", "acme"));
    }
}
