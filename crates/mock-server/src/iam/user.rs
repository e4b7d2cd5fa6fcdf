//! Who may get tokens.

use reinstall_core::secret::UserPassword;

/// A user, with its password and the account that it is in. Its `Debug` hides the password.
#[derive(Debug, Clone)]
pub struct IamUser {
    /// Its name.
    pub name: String,
    /// Its password.
    pub password: UserPassword,
    /// The name of its account.
    pub domain: String,
}

/// Why something is no user. Never says what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IamUserError;

impl std::fmt::Display for IamUserError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a user is written as name, colon, password, at sign and account: NAME:PASSWORD@DOMAIN")
    }
}

impl std::error::Error for IamUserError {}

impl IamUser {
    /// Name, password and account of the user that there is where none is given.
    pub const DEMO: &'static str = "demo";

    /// That user.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a constant, which a test reads")]
    pub fn demo() -> Self {
        Self::parse("demo:demo@demo").expect("a well-formed user")
    }

    /// Reads `NAME:PASSWORD@DOMAIN`. The password may have colons and at signs in it; name and account have none of their own
    /// separator.
    ///
    /// # Errors
    /// [`IamUserError`], without the text.
    pub fn parse(text: &str) -> Result<Self, IamUserError> {
        let (name, rest) = text.split_once(':').ok_or(IamUserError)?;
        let (password, domain) = rest.rsplit_once('@').ok_or(IamUserError)?;
        let password = UserPassword::new(password.to_owned().into()).ok_or(IamUserError)?;
        if name.is_empty() || domain.is_empty() {
            return Err(IamUserError);
        }
        Ok(Self { name: name.to_owned(), password, domain: domain.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_read_and_what_is_none_is_not_quoted() {
        for (text, name, password, domain) in [
            ("demo:demo@demo", "demo", "demo", "demo"),
            ("ann:p:w@1@acme", "ann", "p:w@1", "acme"),
            ("a@b:pw@acme", "a@b", "pw", "acme"),
            ("ann: @acme", "ann", " ", "acme"),
        ] {
            let user = IamUser::parse(text).unwrap();
            assert_eq!((user.name.as_str(), user.password.expose(), user.domain.as_str()), (name, password, domain));
        }
        for text in ["", "canary", "canary@acme", "ann:canary", "ann:@acme", ":canary@acme", "ann:canary@"] {
            let refused = IamUser::parse(text).unwrap_err();
            assert!(!refused.to_string().contains("canary"), "{text}");
        }
        assert_eq!(IamUser::demo().domain, IamUser::DEMO);
    }

    #[test]
    fn debug_hides_the_password() {
        let shown = format!("{:?}", IamUser::parse("ann:canary@acme").unwrap());
        assert_eq!(shown, r#"IamUser { name: "ann", password: UserPassword(hidden), domain: "acme" }"#);
    }
}
