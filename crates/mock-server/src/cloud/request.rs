//! Requests that change something, as they came, and the checks that need nothing but the request.

use std::fmt;

use reinstall_core::id::{ImageId, InstanceId};
use zeroize::Zeroizing;

use super::refusal::Refusal;
use super::row::Tags;

/// The fields of a reinstall request as they came, unchecked. Its `Debug` does not have the password.
#[derive(Clone, Default)]
pub struct ReinstallRequest {
    /// `instance_id_set`
    pub instance_ids: Option<Vec<String>>,
    /// `image_id`; empty means the current image, as absent does (api-facts 1).
    pub image_id: Option<String>,
    /// `password`
    pub password: Option<Zeroizing<String>>,
}

impl ReinstallRequest {
    /// The request that a client makes for these instances.
    #[must_use]
    pub fn of(ids: &[InstanceId], image: Option<ImageId>, password: &str) -> Self {
        Self {
            instance_ids: Some(ids.iter().map(InstanceId::to_string).collect()),
            image_id: image.map(|id| id.to_string()),
            password: Some(Zeroizing::new(password.to_owned())),
        }
    }

    /// The ids among those named that are ids at all; for the log and for fault rules.
    pub(crate) fn known_ids(&self) -> Vec<InstanceId> {
        known(self.instance_ids.as_deref())
    }

    pub(crate) fn image(&self) -> Result<Option<ImageId>, Refusal> {
        match self.image_id.as_deref() {
            None | Some("") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| Refusal::Invalid("image_id must be a UUID".into())),
        }
    }

    /// The ids, if there are 1 to `len_max`, all of them ids and none twice.
    ///
    /// What the service does with an absent or empty list is not documented (api-facts 1). This one refuses both: a
    /// stand-in that took them for every instance would do harm, and one that ignored them would hide a client's bug.
    pub(crate) fn ids(&self, len_max: usize) -> Result<Vec<InstanceId>, Refusal> {
        checked(self.instance_ids.as_deref(), len_max)
    }

    pub(crate) fn password(&self) -> Result<&str, Refusal> {
        self.password.as_ref().map(|text| text.as_str()).ok_or(Refusal::Missing("password"))
    }
}

impl fmt::Debug for ReinstallRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReinstallRequest")
            .field("instance_ids", &self.instance_ids)
            .field("image_id", &self.image_id)
            .finish_non_exhaustive()
    }
}

/// A request for another password, as it came. Its `Debug` does not have the password.
#[derive(Clone, Default)]
pub struct PasswordRequest {
    /// `instance_id_set`
    pub instance_ids: Option<Vec<String>>,
    /// `new_password`
    pub password: Option<Zeroizing<String>>,
}

impl PasswordRequest {
    /// The ids among those named that are ids at all; for the log and for fault rules.
    pub(crate) fn known_ids(&self) -> Vec<InstanceId> {
        known(self.instance_ids.as_deref())
    }

    pub(crate) fn ids(&self, len_max: usize) -> Result<Vec<InstanceId>, Refusal> {
        checked(self.instance_ids.as_deref(), len_max)
    }

    pub(crate) fn check_password(&self) -> Result<(), Refusal> {
        self.password.as_ref().map(drop).ok_or(Refusal::Missing("new_password"))
    }
}

impl fmt::Debug for PasswordRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordRequest").field("instance_ids", &self.instance_ids).finish_non_exhaustive()
    }
}

/// A request to set labels or to take them off, as it came.
#[derive(Debug, Clone, Default)]
pub struct TagsRequest {
    /// `resource_type`, of the path.
    pub resource_type: String,
    /// `resource_id`, of the path.
    pub resource_id: String,
    /// `tags`
    pub tags: Option<Tags>,
}

impl TagsRequest {
    /// The most labels of one request; not documented, and more than any instance has use for.
    pub(crate) const LEN_MAX: usize = 20;

    /// The instance, if it is one; for the log and for fault rules.
    pub(crate) fn known_id(&self) -> Option<InstanceId> {
        self.resource_id.parse().ok()
    }
}

fn known(named: Option<&[String]>) -> Vec<InstanceId> {
    named.into_iter().flatten().filter_map(|text| text.parse().ok()).collect()
}

fn checked(named: Option<&[String]>, len_max: usize) -> Result<Vec<InstanceId>, Refusal> {
    let named = named.ok_or(Refusal::Missing("instance_id_set"))?;
    if named.is_empty() {
        return Err(Refusal::Invalid("instance_id_set is empty".into()));
    }
    if named.len() > len_max {
        let len = named.len();
        return Err(Refusal::Invalid(format!("instance_id_set has {len} ids, at most {len_max} are allowed")));
    }
    let mut ids = Vec::with_capacity(named.len());
    for (index, text) in named.iter().enumerate() {
        let id = text
            .parse::<InstanceId>()
            .map_err(|_| Refusal::Invalid(format!("instance_id_set[{index}] must be a UUID")))?;
        if ids.contains(&id) {
            return Err(Refusal::Invalid(format!("instance_id_set[{index}] is a repeat")));
        }
        ids.push(id);
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_has_no_password() {
        let request = ReinstallRequest::of(&[InstanceId::from_bits(1)], None, "Canary-9931-x");
        assert!(!format!("{request:#?}").contains("Canary"));
    }
}
