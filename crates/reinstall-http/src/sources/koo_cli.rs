//! The profiles of `hcloud`, Huawei Cloud's own command line (api-facts 6). It encrypts them unless told not to.

use std::path::Path;

use reinstall_core::text::CloudText;

use super::miss::{Absent, Broken, Defect, Miss};
use super::openstack_clouds::unknown;
use super::setting::{Setting, access_key, project_id};
use super::surroundings::ReadFile;
use super::text::Text;
use super::{Found, Given, Source, Surroundings};
use crate::sign::key::AccessKey;

/// Where the file is beneath the home folder.
const USUAL: &str = ".hcloud/config.json";
const SHAPE_RULE: &str = "not of the form of an hcloud config.json: an object with `profiles`, whose fields are texts";

/// The file, as far as it matters.
#[derive(serde::Deserialize)]
struct Config {
    /// `"true"` or `"false"`, written since 5.2.7.
    #[serde(default, rename = "authEncrypt")]
    auth_encrypt: serde_json::Value,
    #[serde(default)]
    current: Option<String>,
    #[serde(default)]
    profiles: Vec<Profile>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    #[serde(default)]
    name: String,
    #[serde(default)]
    mode: Option<String>,
    #[serde(default)]
    access_key_id: Option<Text>,
    #[serde(default)]
    secret_access_key: Option<Text>,
    #[serde(default)]
    security_token: Option<Text>,
    #[serde(default)]
    region: Option<Text>,
    #[serde(default)]
    project_id: Option<Text>,
    #[serde(default)]
    domain_id: Option<Text>,
    #[serde(default)]
    agency_name: Option<Text>,
    #[serde(default)]
    sso_auth: Option<SsoAuth>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct SsoAuth {
    #[serde(default)]
    sts_token: StsToken,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct StsToken {
    #[serde(default)]
    access_key_id: Option<Text>,
    #[serde(default)]
    secret_access_key: Option<Text>,
    #[serde(default)]
    security_token: Option<Text>,
}

impl Config {
    fn read(path: &Path, text: &str) -> Result<Self, Broken> {
        serde_json::from_str(text).map_err(|error| {
            let line = u64::try_from(error.line()).ok();
            Broken::in_file(path.to_owned(), line, Defect::Malformed(SHAPE_RULE))
        })
    }

    fn is_encrypted(&self) -> bool {
        self.auth_encrypt == true || self.auth_encrypt.as_str().is_some_and(|word| word.eq_ignore_ascii_case("true"))
    }

    /// Whether the file says nothing of encryption. Then its keys tell.
    fn is_silent(&self) -> bool {
        self.auth_encrypt.is_null()
    }
}

pub(super) fn look(surroundings: &Surroundings<'_>, asked: Option<&str>) -> Result<Found, Miss> {
    let file = surroundings.read_at_home(USUAL);
    let ReadFile { path, text } = match (file, asked) {
        (Err(Miss::Absent(why)), Some(asked)) => {
            let defect = Defect::NoProfiles { profile: asked.into(), why };
            return Err(Broken::at(None, None, defect).into());
        }
        (file, _) => file?,
    };
    let config = Config::read(&path, &text)?;
    let Some(name) = asked.or(config.current.as_deref()).filter(|name| !name.is_empty()) else {
        return Err(Absent::NotInFile { path, what: "current profile" }.into());
    };
    let Some(profile) = config.profiles.iter().find(|profile| profile.name == name) else {
        let known: Vec<String> = config.profiles.iter().map(|profile| profile.name.clone()).collect();
        return Err(Broken::in_file(path, None, unknown("profile", name, &known)).into());
    };
    profile.found(&path, &config, asked.is_some())
}

impl Profile {
    fn found(&self, path: &Path, config: &Config, is_asked_for: bool) -> Result<Found, Miss> {
        let key = self.key(path, config, is_asked_for)?;
        let agency = self.setting(path, "agencyName", &self.agency_name);
        if agency.is_set() {
            // Another account is meant, and other machines.
            let what = "agencies are not assumed here; give the temporary key of the agency";
            return Err(agency.unsupported(what).into());
        }
        Ok(Found {
            project_id: project_id(&self.setting(path, "projectId", &self.project_id))?,
            domain_id: self.setting(path, "domainId", &self.domain_id).plain(),
            region: self.setting(path, "region", &self.region).plain(),
            ..Found::new(Source::KooCli, Given::Keys(key))
        })
    }

    fn key(&self, path: &Path, config: &Config, is_asked_for: bool) -> Result<AccessKey, Miss> {
        let profile = CloudText::new(&self.name);
        let broken = |defect| Broken::in_file(path.to_owned(), None, defect);
        let (id, secret, token) = match self.mode.as_deref().unwrap_or_default() {
            "" | "AKSK" => (&self.access_key_id, &self.secret_access_key, &self.security_token),
            "SSO" => {
                let sso = self.sso_auth.as_ref().ok_or_else(|| nothing(path, is_asked_for, &profile))?;
                (&sso.sts_token.access_key_id, &sso.sts_token.secret_access_key, &sso.sts_token.security_token)
            }
            "ecsAgency" => return Err(Absent::ElsewhereMetadata { path: path.to_owned(), profile }.into()),
            _ => {
                let what = "only the modes AKSK, SSO and ecsAgency are known here";
                return Err(broken(Defect::Unsupported { field: format!("profile `{profile}`: mode"), what }).into());
            }
        };
        let (id, secret) = (self.setting(path, "accessKeyId", id), self.setting(path, "secretAccessKey", secret));
        if config.is_encrypted() && (id.is_set() || secret.is_set()) {
            return Err(broken(Defect::Encrypted { profile }).into());
        }
        match access_key(&id, &secret, &self.setting(path, "securityToken", token)) {
            // No key is spelled so; what encryption makes of one is.
            Err(why) if config.is_silent() && matches!(why.defect(), Defect::Value { .. }) => {
                Err(broken(Defect::Encrypted { profile }).into())
            }
            key => key?.ok_or_else(|| nothing(path, is_asked_for, &profile)),
        }
    }

    fn setting(&self, path: &Path, field: &'static str, text: &Option<Text>) -> Setting {
        let name = format!("profile `{}`: {field}", CloudText::new(&self.name));
        Setting::field(name, path.to_owned(), None, text.as_ref().map(|text| text.0.clone()))
    }
}

/// A profile without keys: nothing to use if it is merely the current one, an error if somebody asks for it.
fn nothing(path: &Path, is_asked_for: bool, profile: &CloudText) -> Miss {
    let why = Absent::NotInFile { path: path.to_owned(), what: "keys in the profile" };
    match is_asked_for {
        true => Broken::at(None, None, Defect::NoProfiles { profile: profile.clone(), why }).into(),
        false => why.into(),
    }
}

#[cfg(test)]
mod tests;
