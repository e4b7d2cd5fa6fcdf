//! The neighbouring calls: labels, and the password of a running system (api-facts 4).

use reinstall_core::id::InstanceId;
use reinstall_core::instance::InstanceState;
use reinstall_core::time::Timestamp;

use super::Cloud;
use super::refusal::Refusal;
use super::request::{PasswordRequest, TagsRequest};
use super::row::Tags;
use crate::operation::ApiOperation;

/// The longest key of a label, in characters.
const KEY_CHARS_MAX: usize = 128;
/// The longest value, in characters.
const VALUE_CHARS_MAX: usize = 255;

impl Cloud {
    /// ChangeInstancePassword: on all instances named or on none, at once. The password may be anything: the documents say that
    /// the service does not check it.
    ///
    /// # Errors
    /// [`Refusal`]; then nothing was changed.
    pub fn change_password(&mut self, now: Timestamp, request: &PasswordRequest) -> Result<Vec<InstanceId>, Refusal> {
        self.ledger.note(ApiOperation::ChangeInstancePassword);
        let ids = request.ids(self.config.batch_len_max)?;
        request.check_password()?;
        let absent: Vec<InstanceId> = ids.iter().copied().filter(|id| !self.fleet.has(*id)).collect();
        if !absent.is_empty() {
            return Err(Refusal::NotFound(absent));
        }
        let is_running =
            |id: &InstanceId| self.glimpse(now, *id).is_some_and(|glimpse| glimpse.state == InstanceState::Running);
        let unready: Vec<InstanceId> = ids.iter().copied().filter(|id| !is_running(id)).collect();
        if !unready.is_empty() {
            return Err(Refusal::WrongState(unready));
        }
        Ok(ids)
    }

    /// BatchCreateTags: sets labels of an instance. One with a key that is there is replaced.
    ///
    /// # Errors
    /// [`Refusal`]; then nothing was changed.
    pub fn create_tags(&mut self, request: &TagsRequest) -> Result<(), Refusal> {
        self.ledger.note(ApiOperation::BatchCreateTags);
        let (id, given) = self.check_tags(request)?;
        let mut tags = self.tags(id);
        for (key, value) in given {
            tags.retain(|(known, _)| *known != key);
            tags.push((key, value));
        }
        self.set_tags(id, tags);
        Ok(())
    }

    /// BatchDeleteTags: takes labels off an instance. Those that it does not have are passed over.
    ///
    /// # Errors
    /// [`Refusal`]; then nothing was changed.
    pub fn delete_tags(&mut self, request: &TagsRequest) -> Result<(), Refusal> {
        self.ledger.note(ApiOperation::BatchDeleteTags);
        let (id, given) = self.check_tags(request)?;
        let mut tags = self.tags(id);
        let is_meant = |(known, had): &(String, Option<String>)| {
            given.iter().any(|(key, value)| key == known && (value.is_none() || value == had))
        };
        tags.retain(|tag| !is_meant(tag));
        self.set_tags(id, tags);
        Ok(())
    }

    fn tags(&self, id: InstanceId) -> Tags {
        let set = self.config.tags.get(&id).cloned();
        set.or_else(|| self.fleet.portrait(id).map(|portrait| portrait.tags)).unwrap_or_default()
    }

    fn check_tags(&self, request: &TagsRequest) -> Result<(InstanceId, Tags), Refusal> {
        if request.resource_type != "instances" {
            return Err(Refusal::Invalid("resource_type must be instances".into()));
        }
        let id: InstanceId =
            request.resource_id.parse().map_err(|_| Refusal::Invalid("resource_id must be a UUID".into()))?;
        let tags = request.tags.as_ref().ok_or(Refusal::Missing("tags"))?;
        if tags.is_empty() {
            return Err(Refusal::Invalid("tags is empty".into()));
        }
        if tags.len() > TagsRequest::LEN_MAX {
            let (len, max) = (tags.len(), TagsRequest::LEN_MAX);
            return Err(Refusal::Invalid(format!("tags has {len} entries, at most {max} are allowed")));
        }
        for (index, (key, value)) in tags.iter().enumerate() {
            if key.is_empty() || key.chars().count() > KEY_CHARS_MAX {
                return Err(Refusal::Invalid(format!("tags[{index}].key must have 1 to {KEY_CHARS_MAX} characters")));
            }
            if value.as_ref().is_some_and(|value| value.chars().count() > VALUE_CHARS_MAX) {
                let max = VALUE_CHARS_MAX;
                return Err(Refusal::Invalid(format!("tags[{index}].value must have at most {max} characters")));
            }
            if tags[..index].iter().any(|(other, _)| other == key) {
                return Err(Refusal::Invalid(format!("tags[{index}].key is a repeat")));
            }
        }
        if !self.fleet.has(id) {
            return Err(Refusal::NotFound(vec![id]));
        }
        Ok((id, tags.clone()))
    }
}
