//! The official SDKs' file of regions: under each service's name a list of regions with an `id` and `endpoint` or
//! `endpoints` (api-facts 6).

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::sources::Surroundings;
use crate::sources::miss::{Broken, Defect, Miss};

/// Names another file.
const FILE: &str = "HUAWEICLOUD_SDK_REGIONS_FILE";
/// Where the file is beneath the home folder.
const USUAL: &str = ".huaweicloud/regions.yaml";
const SHAPE_RULE: &str =
    "not of the form of a regions.yaml: under each service a list of regions with `id` and `endpoint` or `endpoints`";

#[derive(serde::Deserialize)]
struct Region {
    #[serde(default)]
    id: String,
    #[serde(default)]
    endpoint: Option<String>,
    #[serde(default)]
    endpoints: Option<Vec<String>>,
}

/// The addresses that the file has for CloudDC in `region`, those of `endpoints` first, as the SDKs take them.
pub(super) fn clouddc(surroundings: &Surroundings<'_>, region: &str) -> Result<Option<(PathBuf, Vec<String>)>, Broken> {
    let file = match surroundings.read_named_or_at_home(FILE, USUAL) {
        Ok(file) => file,
        Err(Miss::Absent(_)) => return Ok(None),
        Err(Miss::Broken(why)) => return Err(why),
    };
    let services: Option<BTreeMap<String, Option<Vec<Region>>>> =
        serde_saphyr::from_str(&file.text).map_err(|error| {
            let line = error.location().map(|location| location.line().max(1));
            Broken::in_file(file.path.clone(), line, Defect::Malformed(SHAPE_RULE))
        })?;
    let ours = services.into_iter().flatten().filter(|(service, _)| service.eq_ignore_ascii_case("clouddc"));
    let regions = ours.flat_map(|(_, regions)| regions.unwrap_or_default()).filter(|entry| entry.id == region);
    let addresses = regions.flat_map(|entry| entry.endpoints.unwrap_or_default().into_iter().chain(entry.endpoint));
    Ok(Some((file.path, addresses.collect())))
}
