//! A user of IAM, who gets tokens with a password.

use reinstall_core::secret::UserPassword;

/// Who asks IAM for tokens (api-facts 6). Its `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct IamUser {
    name: String,
    password: UserPassword,
    domain: String,
}

impl IamUser {
    /// The user `name` of the account `domain`.
    #[must_use]
    pub fn new(name: impl Into<String>, password: UserPassword, domain: impl Into<String>) -> Self {
        Self { name: name.into(), password, domain: domain.into() }
    }

    /// What the user is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the user logs in with.
    #[must_use]
    pub const fn password(&self) -> &UserPassword {
        &self.password
    }

    /// The account that the user belongs to.
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
        let password = UserPassword::new("canary".to_owned().into()).unwrap();
        let user = IamUser::new("ann", password, "acme");
        assert_eq!(format!("{user:?}"), "IamUser { name: \"ann\", password: UserPassword(hidden), domain: \"acme\" }");
    }
}
