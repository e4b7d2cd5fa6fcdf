//! Where the API and IAM are: what somebody says, in the order in which it counts, else what the provider documents.
//!
//! Pure: variables and files are handed in ([`Surroundings`]), nothing is asked.

mod file;
mod table;

use std::fmt;
use std::path::PathBuf;

use reinstall_core::text::CloudText;

use crate::endpoint::{Endpoint, EndpointError, PlainHttp};
use crate::nearest::nearest;
use crate::sources::miss::Broken;
use crate::sources::{Found, IAM_ENDPOINT, Source, Surroundings, without_version};
use table::{CLOUDDC_REGIONS, IAM_REGIONS, PUBLIC_DOMAIN};

/// The variable of the official SDKs that says where CloudDC is in one region, up to the region's name (api-facts 6).
const CLOUDDC_VARIABLE: &str = "HUAWEICLOUD_SDK_REGION_CLOUDDC_";

/// What somebody says about a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said<'a> {
    /// Its address. It counts before everything else.
    pub address: Option<&'a str>,
    /// The region, such as `cn-east-3`.
    pub region: Option<&'a str>,
    /// Where plain HTTP may go.
    pub plain: PlainHttp,
}

/// An address, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The address.
    pub endpoint: Endpoint,
    /// Who says so.
    pub by: By,
}

/// Who says where something is. Its `Display` names what to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// Whoever gave an address.
    Address,
    /// A variable. Of several addresses in it the first one counts; the others would be for when that has no answer,
    /// and a reinstall request is not sent to a second place.
    Variable {
        /// Which one.
        name: String,
        /// How many addresses are in it.
        addresses: usize,
    },
    /// A file of regions, in which the same holds.
    File {
        /// Which one.
        path: PathBuf,
        /// How many addresses it has for the region.
        addresses: usize,
    },
    /// Where the credential came from.
    Source(Source),
    /// The provider's documentation, for the region.
    Region,
    /// The provider's documentation, for the region that the API's address has in it.
    EndpointRegion,
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first =
            |addresses: usize| if addresses > 1 { format!(" (the first of {addresses})") } else { String::new() };
        match self {
            Self::Address => f.write_str("the address that was given"),
            Self::Variable { name, addresses } => write!(f, "variable {name}{}", first(*addresses)),
            Self::File { path, addresses } => write!(f, "{}{}", path.display(), first(*addresses)),
            Self::Source(source) => write!(f, "{source}"),
            Self::Region => f.write_str("the region"),
            Self::EndpointRegion => f.write_str("the region in the API's address"),
        }
    }
}

/// Why nobody can say where something is.
#[derive(Debug, thiserror::Error)]
pub enum RegionError {
    /// Neither an address nor a region.
    #[error("neither an address nor a region is given; CloudDC is in {}", CLOUDDC_REGIONS.join(", "))]
    Unset,
    /// CloudDC is not known to be there.
    #[error(
        "CloudDC is not known in region `{given}`{}; it is in {}; where it is elsewhere, give its address",
        nearest.map(|region| format!(", did you mean {region}?")).unwrap_or_default(),
        CLOUDDC_REGIONS.join(", ")
    )]
    Unknown {
        /// The region.
        given: CloudText,
        /// What it most likely meant.
        nearest: Option<&'static str>,
    },
    /// An address that is none.
    #[error("{by}: {error}")]
    Address {
        /// Who says so.
        by: By,
        /// What is the matter.
        #[source]
        error: EndpointError,
    },
    /// The file of regions cannot be used.
    #[error(transparent)]
    File(#[from] Broken),
    /// A password goes to no place that nobody named.
    #[error("where IAM is cannot be told from {0}; give IAM's address")]
    IamUnset(Endpoint),
}

/// Where CloudDC is: the address that was given, else for the region `HUAWEICLOUD_SDK_REGION_CLOUDDC_{REGION}`, the
/// file of regions, or the provider's documentation (api-facts 6 and 8).
///
/// # Errors
/// [`RegionError`], telling what to say instead.
pub fn clouddc(said: &Said<'_>, surroundings: &Surroundings<'_>) -> Result<Located, RegionError> {
    if let Some(address) = said.address {
        return located(address, By::Address, said.plain);
    }
    let region = said.region.map(str::trim).filter(|region| !region.is_empty()).ok_or(RegionError::Unset)?;
    // What is no name is part of no name either.
    if !region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(unknown(region));
    }
    let name = format!("{CLOUDDC_VARIABLE}{}", region.replace('-', "_").to_ascii_uppercase());
    if let Some(list) = surroundings.variable(&name) {
        let addresses: Vec<&str> = list.split(',').map(str::trim).filter(|address| !address.is_empty()).collect();
        if let Some(address) = addresses.first() {
            return located(address, By::Variable { name, addresses: addresses.len() }, said.plain);
        }
    }
    if let Some((path, addresses)) = file::clouddc(surroundings, region)?
        && let Some(address) = addresses.first()
    {
        return located(address, By::File { path, addresses: addresses.len() }, said.plain);
    }
    let known = CLOUDDC_REGIONS.contains(&region);
    let address = known.then(|| format!("clouddc.{region}.{PUBLIC_DOMAIN}")).ok_or_else(|| unknown(region))?;
    located(&address, By::Region, said.plain)
}

/// Where IAM is, for a credential that was found and the API at `clouddc`: the address that was given, else
/// `HUAWEICLOUD_SDK_IAM_ENDPOINT`, what the credential's source says, or, for an API in the public cloud, the provider's
/// documentation for the region, or for the one in the API's address. The version at the end of an address is dropped.
///
/// # Errors
/// [`RegionError`], telling what to say instead.
pub fn iam(
    said: &Said<'_>,
    surroundings: &Surroundings<'_>,
    found: &Found,
    clouddc: &Endpoint,
) -> Result<Located, RegionError> {
    let located = |address: &str, by| located(without_version(address), by, said.plain);
    if let Some(address) = said.address {
        return located(address, By::Address);
    }
    if let Some(address) = surroundings.variable(IAM_ENDPOINT) {
        return located(&address, By::Variable { name: IAM_ENDPOINT.to_owned(), addresses: 1 });
    }
    if let Some(address) = &found.iam_endpoint {
        return located(address, By::Source(found.source));
    }
    // A password goes to the public cloud only for an API that is there.
    if !is_public(clouddc) {
        return Err(RegionError::IamUnset(clouddc.clone()));
    }
    if let Some(region) = said.region.map(str::trim).filter(|region| !region.is_empty()) {
        return located(&iam_address(region), By::Region);
    }
    match clouddc.region() {
        Some(region) => located(&iam_address(region), By::EndpointRegion),
        None => Err(RegionError::IamUnset(clouddc.clone())),
    }
}

/// The IAM of a region, or the one for all where a region has none of its own (api-facts 8).
fn iam_address(region: &str) -> String {
    if IAM_REGIONS.contains(&region) { format!("iam.{region}.{PUBLIC_DOMAIN}") } else { format!("iam.{PUBLIC_DOMAIN}") }
}

/// Whether it is in the public cloud and not in one of its own, such as Europe's, which has its own IAM.
fn is_public(endpoint: &Endpoint) -> bool {
    let host = endpoint.authority().split(':').next().unwrap_or_default();
    host.strip_suffix(PUBLIC_DOMAIN).is_some_and(|rest| rest.ends_with('.'))
}

fn located(address: &str, by: By, plain: PlainHttp) -> Result<Located, RegionError> {
    match Endpoint::parse(address, plain) {
        Ok(endpoint) => Ok(Located { endpoint, by }),
        Err(error) => Err(RegionError::Address { by, error }),
    }
}

fn unknown(region: &str) -> RegionError {
    RegionError::Unknown { given: region.into(), nearest: nearest(region, CLOUDDC_REGIONS) }
}

#[cfg(test)]
mod tests;
