//! One `clouds.yaml` or `secure.yaml`, as far as one cloud is concerned. What other clouds hold is passed over unread,
//! so that nothing strange in them stands in the way.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_saphyr::Spanned;

use crate::sources::miss::{Broken, Defect};
use crate::sources::openstack::Identity;
use crate::sources::setting::Setting;
use crate::sources::surroundings::ReadFile;
use crate::sources::text::Text;

const SHAPE_RULE: &str = "not of the form of a clouds.yaml: `clouds:`, a name, and below it `auth:` with texts";

/// What a file has of one cloud.
pub(super) struct CloudFile {
    pub(super) path: PathBuf,
    /// Every cloud's name.
    pub(super) names: Vec<String>,
    pub(super) cloud: Option<Cloud>,
}

impl CloudFile {
    /// JSON is read as YAML, which it is.
    pub(super) fn read(file: ReadFile, cloud: &str) -> Result<Self, Broken> {
        let ReadFile { path, text } = file;
        let read = serde_saphyr::with_deserializer_from_str(&text, |deserializer| {
            DocumentSeed { cloud, path: &path }.deserialize(deserializer)
        });
        match read {
            Ok((names, cloud)) => Ok(Self { path, names, cloud }),
            Err(error) => {
                let line = error.location().map(|location| location.line().max(1));
                Err(Broken::in_file(path, line, Defect::Malformed(SHAPE_RULE)))
            }
        }
    }
}

/// The fields of one cloud, each knowing where it stands.
#[derive(Default)]
pub(super) struct Cloud {
    auth_type: Option<Setting>,
    api_version: Option<Setting>,
    region_name: Option<Setting>,
    auth_url: Option<Setting>,
    token: Option<Setting>,
    username: Option<Setting>,
    password: Option<Setting>,
    user_domain_name: Option<Setting>,
    project_name: Option<Setting>,
    project_id: Option<Setting>,
}

impl Cloud {
    /// This cloud with the fields of `other` where it has them.
    pub(super) fn overridden_by(self, other: Self) -> Self {
        Self {
            auth_type: other.auth_type.or(self.auth_type),
            api_version: other.api_version.or(self.api_version),
            region_name: other.region_name.or(self.region_name),
            auth_url: other.auth_url.or(self.auth_url),
            token: other.token.or(self.token),
            username: other.username.or(self.username),
            password: other.password.or(self.password),
            user_domain_name: other.user_domain_name.or(self.user_domain_name),
            project_name: other.project_name.or(self.project_name),
            project_id: other.project_id.or(self.project_id),
        }
    }

    /// Its fields as settings; those that are nowhere are missing from `path`.
    pub(super) fn identity(self, path: &Path) -> Identity {
        let or_unset = |setting: Option<Setting>, name: &'static str| {
            setting.unwrap_or_else(|| Setting::field(name, path.to_owned(), None, None))
        };
        Identity {
            auth_type: or_unset(self.auth_type, "auth_type"),
            api_version: or_unset(self.api_version, "identity_api_version"),
            auth_url: or_unset(self.auth_url, "auth.auth_url"),
            token: or_unset(self.token, "auth.token"),
            username: or_unset(self.username, "auth.username"),
            password: or_unset(self.password, "auth.password"),
            user_domain_name: or_unset(self.user_domain_name, "auth.user_domain_name"),
            project_name: or_unset(self.project_name, "auth.project_name"),
            project_id: or_unset(self.project_id, "auth.project_id"),
            region_name: or_unset(self.region_name, "region_name"),
        }
    }
}

type Field = Option<Spanned<Text>>;

/// A cloud as the file spells it. Names with hyphens mean the same, as for OpenStack's clients.
#[derive(serde::Deserialize)]
struct CloudShape {
    #[serde(default)]
    auth: Option<AuthShape>,
    #[serde(default, alias = "auth-type")]
    auth_type: Field,
    #[serde(default, alias = "identity-api-version")]
    identity_api_version: Field,
    #[serde(default, alias = "region-name")]
    region_name: Field,
}

#[derive(Default, serde::Deserialize)]
struct AuthShape {
    #[serde(default, alias = "auth-url")]
    auth_url: Field,
    #[serde(default)]
    token: Field,
    #[serde(default)]
    username: Field,
    #[serde(default)]
    password: Field,
    #[serde(default, alias = "user-domain-name")]
    user_domain_name: Field,
    #[serde(default, alias = "project-name")]
    project_name: Field,
    #[serde(default, alias = "project-id")]
    project_id: Field,
}

impl CloudShape {
    fn settings(self, path: &Path) -> Cloud {
        let auth = self.auth.unwrap_or_default();
        let setting = |name: &'static str, field: Field| {
            let spanned = field?;
            let line = spanned.referenced.line();
            let setting = Setting::field(name, path.to_owned(), Some(line), Some(spanned.value.0));
            setting.is_set().then_some(setting)
        };
        Cloud {
            auth_type: setting("auth_type", self.auth_type),
            api_version: setting("identity_api_version", self.identity_api_version),
            region_name: setting("region_name", self.region_name),
            auth_url: setting("auth.auth_url", auth.auth_url),
            token: setting("auth.token", auth.token),
            username: setting("auth.username", auth.username),
            password: setting("auth.password", auth.password),
            user_domain_name: setting("auth.user_domain_name", auth.user_domain_name),
            project_name: setting("auth.project_name", auth.project_name),
            project_id: setting("auth.project_id", auth.project_id),
        }
    }
}

type Read = (Vec<String>, Option<Cloud>);

/// The whole document: what matters stands under `clouds`.
struct DocumentSeed<'a> {
    cloud: &'a str,
    path: &'a Path,
}

impl<'de> DeserializeSeed<'de> for DocumentSeed<'_> {
    type Value = Read;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Read, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for DocumentSeed<'_> {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `clouds`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Read, A::Error> {
        let mut read = Read::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == "clouds" {
                read = map.next_value_seed(CloudsSeed { cloud: self.cloud, path: self.path })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(read)
    }

    fn visit_none<E>(self) -> Result<Read, E> {
        Ok(Read::default())
    }

    fn visit_unit<E>(self) -> Result<Read, E> {
        Ok(Read::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Read, D::Error> {
        deserializer.deserialize_map(self)
    }
}

/// What stands under `clouds`: names, each with its fields.
struct CloudsSeed<'a> {
    cloud: &'a str,
    path: &'a Path,
}

impl<'de> DeserializeSeed<'de> for CloudsSeed<'_> {
    type Value = Read;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Read, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for CloudsSeed<'_> {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("clouds by their names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Read, A::Error> {
        let (mut names, mut cloud) = Read::default();
        while let Some(name) = map.next_key::<String>()? {
            if name == self.cloud {
                cloud = Some(map.next_value::<CloudShape>()?.settings(self.path));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            names.push(name);
        }
        Ok((names, cloud))
    }

    fn visit_none<E>(self) -> Result<Read, E> {
        Ok(Read::default())
    }

    fn visit_unit<E>(self) -> Result<Read, E> {
        Ok(Read::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Read, D::Error> {
        deserializer.deserialize_map(self)
    }
}
