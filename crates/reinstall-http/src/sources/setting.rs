//! One setting of a source, and what settings together make. Every refusal names the setting, none repeats it.

use std::borrow::Cow;
use std::path::PathBuf;

use reinstall_core::id::ProjectId;
use reinstall_core::secret::{SecretKey, SecurityToken, SessionToken, UserPassword};
use zeroize::Zeroizing;

use super::Surroundings;
use super::miss::{Broken, Defect, ValueRule};
use crate::iam_user::IamUser;
use crate::sign::key::{AccessKey, AccessKeyError};

/// A variable, or a field of a file: what it is called, where it stands, and what it says, if it says anything.
#[derive(Clone)]
pub(super) struct Setting {
    name: Cow<'static, str>,
    file: Option<PathBuf>,
    line: Option<u64>,
    text: Option<Zeroizing<String>>,
}

impl Setting {
    pub(super) fn variable(surroundings: &Surroundings<'_>, name: &'static str) -> Self {
        Self { name: name.into(), file: None, line: None, text: surroundings.variable(name) }
    }

    /// A field of a file. An empty one counts as none.
    pub(super) fn field(
        name: impl Into<Cow<'static, str>>,
        file: PathBuf,
        line: Option<u64>,
        text: Option<Zeroizing<String>>,
    ) -> Self {
        Self { name: name.into(), file: Some(file), line, text: text.filter(|text| !text.is_empty()) }
    }

    pub(super) fn text(&self) -> Option<&str> {
        self.text.as_ref().map(|text| text.as_str())
    }

    pub(super) fn is_set(&self) -> bool {
        self.text.is_some()
    }

    /// The text of a setting that is no secret, without white space around it.
    pub(super) fn plain(&self) -> Option<String> {
        self.text().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// This setting is what breaks its source.
    pub(super) fn broken(&self, rule: impl Into<ValueRule>) -> Broken {
        self.at(Defect::Value { field: self.name.to_string(), rule: rule.into() })
    }

    pub(super) fn unsupported(&self, what: &'static str) -> Broken {
        self.at(Defect::Unsupported { field: self.name.to_string(), what })
    }

    fn at(&self, defect: Defect) -> Broken {
        Broken::at(self.file.clone(), self.line, defect)
    }

    /// This one is set, and `missing` would have to be.
    pub(super) fn without(&self, missing: &Self) -> Broken {
        self.at(Defect::Half { set: self.name.to_string(), missing: missing.name.to_string() })
    }
}

/// An access key, if any of its parts is set. A security token alone is a part of one.
pub(super) fn access_key(id: &Setting, secret: &Setting, token: &Setting) -> Result<Option<AccessKey>, Broken> {
    let (id_text, secret_text) = match (id.text(), secret.text()) {
        (Some(id_text), Some(secret_text)) => (id_text, secret_text),
        (Some(_), None) => return Err(id.without(secret)),
        (None, Some(_)) => return Err(secret.without(id)),
        (None, None) if token.is_set() => return Err(token.without(id)),
        (None, None) => return Ok(None),
    };
    let secret_key = SecretKey::parse(secret_text).map_err(|rule| secret.broken(AccessKeyError::from(rule)))?;
    let key = AccessKey::new(id_text, secret_key).map_err(|rule| id.broken(rule))?;
    match token.text() {
        Some(text) => {
            let parsed = SecurityToken::parse(text).map_err(|rule| token.broken(rule))?;
            Ok(Some(key.with_security_token(parsed)))
        }
        None => Ok(Some(key)),
    }
}

/// A user, if a name or a password is set.
pub(super) fn user(name: &Setting, password: &Setting, domain: &Setting) -> Result<Option<IamUser>, Broken> {
    let (name_text, password_text) = match (name.text(), &password.text) {
        (Some(name_text), Some(password_text)) => (name_text, password_text),
        (Some(_), None) => return Err(name.without(password)),
        (None, Some(_)) => return Err(password.without(name)),
        (None, None) => return Ok(None),
    };
    let domain_text = domain.text().ok_or_else(|| name.without(domain))?;
    let parsed = UserPassword::new(password_text.clone()).ok_or_else(|| name.without(password))?;
    Ok(Some(IamUser::new(name_text, parsed, domain_text)))
}

/// A token, if one is set.
pub(super) fn session_token(token: &Setting) -> Result<Option<SessionToken>, Broken> {
    token.text().map(|text| SessionToken::parse(text).map_err(|rule| token.broken(rule))).transpose()
}

/// A project id, if one is set.
pub(super) fn project_id(id: &Setting) -> Result<Option<ProjectId>, Broken> {
    id.text().map(|text| text.trim().parse().map_err(|_| id.broken(ValueRule::Project))).transpose()
}
