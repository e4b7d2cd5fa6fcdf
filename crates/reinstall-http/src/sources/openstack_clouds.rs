//! The `clouds.yaml` of OpenStack's clients, and the `secure.yaml` whose fields win over it.

mod file;

use std::path::PathBuf;

use reinstall_core::text::CloudText;

use self::file::{Cloud, CloudFile};
use super::miss::{Absent, Broken, Defect, Miss};
use super::surroundings::ReadFile;
use super::{Found, Source, Surroundings};
use crate::nearest::nearest;

/// Which cloud is meant.
const CLOUD: &str = "OS_CLOUD";
/// Names another `clouds.yaml`.
const FILE: &str = "OS_CLIENT_CONFIG_FILE";
/// Names another `secure.yaml`.
const SECURE_FILE: &str = "OS_CLIENT_SECURE_FILE";

pub(super) fn look(surroundings: &Surroundings<'_>, asked: Option<&str>) -> Result<Found, Miss> {
    let variable = surroundings.variable(CLOUD);
    // The only cloud of a file is not taken for the one that is meant, as OpenStack's clients do: it may be another
    // provider's.
    let named = variable.as_ref().map(|name| name.trim()).filter(|name| !name.is_empty());
    let name = asked.or(named).ok_or(Absent::NotSet(&[CLOUD]))?;
    let (clouds, looked) = first(surroundings, FILE, "clouds")?;
    let (secure, _) = first(surroundings, SECURE_FILE, "secure")?;
    let mut files = Vec::new();
    for found in [clouds, secure].into_iter().flatten() {
        files.push(CloudFile::read(found, name)?);
    }
    let Some(path) = files.first().map(|file| file.path.clone()) else {
        return Err(Broken::at(None, None, Defect::NoClouds { cloud: name.into(), looked }).into());
    };
    let known: Vec<String> = files.iter().flat_map(|file| file.names.iter().cloned()).collect();
    let cloud = files.into_iter().filter_map(|file| file.cloud).reduce(Cloud::overridden_by);
    let cloud = cloud.ok_or_else(|| Broken::in_file(path.clone(), None, unknown("cloud", name, &known)))?;
    let nobody = || {
        let (set, missing) =
            (format!("cloud `{}`", CloudText::new(name)), "its auth.token or auth.username".to_owned());
        Broken::in_file(path.clone(), None, Defect::Half { set, missing })
    };
    Ok(cloud.identity(&path).found(Source::OpenStackClouds)?.ok_or_else(nobody)?)
}

/// There is nothing of that name.
pub(super) fn unknown(kind: &'static str, name: &str, known: &[String]) -> Defect {
    let nearest = nearest(name, known.iter().map(String::as_str)).map(CloudText::new);
    Defect::Unknown { kind, name: name.into(), nearest, known: known.len() }
}

/// The first file of a kind that is there, in the order of OpenStack's clients, and where else it could have been.
fn first(
    surroundings: &Surroundings<'_>,
    variable: &'static str,
    stem: &str,
) -> Result<(Option<ReadFile>, Vec<PathBuf>), Broken> {
    if let Some(path) = surroundings.variable(variable) {
        return Ok((Some(surroundings.read_named(&path, variable)?), Vec::new()));
    }
    let home = surroundings.home.map(|home| home.join(".config/openstack"));
    let folders = [Some(PathBuf::new()), home, Some(PathBuf::from("/etc/openstack"))];
    let mut looked = Vec::new();
    for folder in folders.into_iter().flatten() {
        for ending in ["yaml", "yml", "json"] {
            let path = folder.join(format!("{stem}.{ending}"));
            if let Some(found) = surroundings.read(path.clone())? {
                return Ok((Some(found), looked));
            }
            looked.push(path);
        }
    }
    Ok((None, looked))
}

#[cfg(test)]
mod tests;
