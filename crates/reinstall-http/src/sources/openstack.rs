//! Who is asking in the words of OpenStack's clients, whether variables or a file say it. IAM's token calls are those
//! of Keystone's version 3 (api-facts 6).

use super::miss::{Broken, ValueRule};
use super::setting::{Setting, project_id, session_token, user};
use super::{Found, Given, Source};

/// The settings, each as it stands in its source.
pub(super) struct Identity {
    pub(super) auth_type: Setting,
    pub(super) api_version: Setting,
    pub(super) auth_url: Setting,
    pub(super) token: Setting,
    pub(super) username: Setting,
    pub(super) password: Setting,
    pub(super) user_domain_name: Setting,
    pub(super) project_name: Setting,
    pub(super) project_id: Setting,
    pub(super) region_name: Setting,
}

impl Identity {
    /// What these settings give, or `None` if they name nobody.
    pub(super) fn found(&self, source: Source) -> Result<Option<Found>, Broken> {
        if ![&self.token, &self.username, &self.password].iter().any(|setting| setting.is_set()) {
            return Ok(None);
        }
        if self.api_version.plain().is_some_and(|version| version.starts_with('2')) {
            return Err(self.api_version.broken(ValueRule::OldIdentity));
        }
        let given = if self.is_by_token()? { self.by_token()? } else { self.by_password()? };
        Ok(Some(Found {
            project_id: project_id(&self.project_id)?,
            project_name: self.project_name.plain(),
            region: self.region_name.plain(),
            iam_endpoint: iam_address(&self.auth_url)?,
            ..Found::new(source, given)
        }))
    }

    /// A token that is there is meant, unless something else is asked for.
    fn is_by_token(&self) -> Result<bool, Broken> {
        match self.auth_type.plain().as_deref() {
            None => Ok(self.token.is_set()),
            Some("token" | "v3token") => Ok(true),
            Some("password" | "v3password") => Ok(false),
            Some("v2token" | "v2password") => Err(self.auth_type.broken(ValueRule::OldIdentity)),
            Some(_) => Err(self.auth_type.unsupported("only `password` and `token` are known here")),
        }
    }

    fn by_token(&self) -> Result<Given, Broken> {
        let token = session_token(&self.token)?.ok_or_else(|| self.auth_type.without(&self.token))?;
        Ok(Given::Token(token))
    }

    fn by_password(&self) -> Result<Given, Broken> {
        let user = user(&self.username, &self.password, &self.user_domain_name)?;
        let user = user.ok_or_else(|| self.auth_type.without(&self.username))?;
        // A password goes only to where its own source says.
        if !self.auth_url.is_set() {
            return Err(self.username.without(&self.auth_url));
        }
        Ok(Given::User(user))
    }
}

/// An address of the identity service as its setting has it, without the version at its end.
pub(super) fn iam_address(url: &Setting) -> Result<Option<String>, Broken> {
    let Some(text) = url.plain() else { return Ok(None) };
    let is_old = text.trim_end_matches('/').rsplit('/').next().is_some_and(|last| last.starts_with("v2"));
    if is_old { Err(url.broken(ValueRule::OldIdentity)) } else { Ok(Some(without_version(&text).to_owned())) }
}

/// `https://host` of `https://host/v3/`: the paths of IAM's calls begin with their version.
pub(crate) fn without_version(url: &str) -> &str {
    let url = url.trim().trim_end_matches('/');
    url.strip_suffix("/v3").map_or(url, |base| base.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_no_part_of_the_address() {
        for (given, base) in [
            ("https://iam.example.com/v3", "https://iam.example.com"),
            (" https://iam.example.com:5000//v3/ ", "https://iam.example.com:5000"),
            ("https://example.com/identity/v3", "https://example.com/identity"),
            ("https://iam.example.com", "https://iam.example.com"),
        ] {
            assert_eq!(without_version(given), base);
        }
    }
}
