//! What a row says, as text, and what it comes to.

use std::borrow::Cow;
use std::str::FromStr;

use reinstall_core::instance::{InstanceFault, InstanceState, OperationState, OsFamily};
use reinstall_core::text::CloudText;
use reinstall_core::time::Timestamp;
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::Error as ValueError;

use super::error::Flaw;
use super::names::Field;
use crate::cloud::config::Start;
use crate::cloud::{Described, TagText};

/// What a row says, unchecked. An empty text says nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Given<'a> {
    texts: [Option<Cow<'a, str>>; Field::COUNT],
    tags: Option<TagText>,
    is_unseen: bool,
}

impl<'a> Given<'a> {
    /// Notes what a field says.
    pub(super) fn set(&mut self, field: Field, text: Cow<'a, str>) -> Result<(), Flaw> {
        let place = &mut self.texts[field as usize];
        if place.is_some() {
            return Err(Flaw::Twice(field.name()));
        }
        if !text.is_empty() {
            *place = Some(text);
        }
        Ok(())
    }

    pub(super) fn get(&self, field: Field) -> Option<&str> {
        self.texts[field as usize].as_deref()
    }

    pub(super) fn tags(&self) -> Option<&TagText> {
        self.tags.as_ref()
    }

    pub(super) fn take(&mut self, field: Field) -> Option<String> {
        self.texts[field as usize].take().map(Cow::into_owned)
    }

    /// Notes the tags.
    pub(super) fn set_tags(&mut self, tags: TagText) -> Result<(), Flaw> {
        match self.tags.replace(tags) {
            None => Ok(()),
            Some(_) => Err(Flaw::Twice("tags")),
        }
    }

    /// Notes that nothing was seen of the instance.
    pub(super) fn set_unseen(&mut self) {
        self.is_unseen = true;
    }

    /// What it comes to.
    pub(super) fn check(&self) -> Result<Described<'_>, Flaw> {
        if self.is_unseen {
            return Err(Flaw::Unseen);
        }
        Ok(Described {
            id: self.uuid(Field::Id)?.ok_or(Flaw::NoId)?,
            name: self.get(Field::Name),
            image_id: self.uuid(Field::ImageId)?,
            image_name: self.get(Field::ImageName),
            os: self.value(Field::OsType, "must be Linux or Windows", OsFamily::from_word)?,
            start: self.start(),
            server: self.uuid(Field::ServerId)?,
            vpc: self.get(Field::VpcId),
            subnet: self.get(Field::SubnetId),
            address: self.value(Field::Ipv4Address, "must be four numbers, as in 10.0.0.17", |it| it.parse().ok())?,
            tags: self.tags(),
            created_at: self.value(Field::CreatedAt, "must be a time, as in 2026-11-23T11:30:16Z", moment)?,
        })
    }

    fn uuid<T: FromStr>(&self, field: Field) -> Result<Option<T>, Flaw> {
        self.value(field, "must be a UUID, 8-4-4-4-12 hexadecimal digits with hyphens", |text| text.parse().ok())
    }

    fn value<T>(&self, field: Field, rule: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Flaw> {
        let Some(text) = self.get(field) else { return Ok(None) };
        match read(text) {
            Some(value) => Ok(Some(value)),
            None => {
                Err(Flaw::Value { field: field.name(), what: (&*format!("`{}` {rule}", CloudText::new(text))).into() })
            }
        }
    }

    /// The beginning, if the row says anything of it.
    fn start(&self) -> Option<Start> {
        let error = self.error();
        let (state, operation) = (self.get(Field::State), self.get(Field::OperationState));
        if state.is_none() && operation.is_none() && error.is_none() {
            return None;
        }
        let usual = Start::default();
        Some(Start {
            state: state.map_or(usual.state, InstanceState::from_word),
            operation_state: operation.map(OperationState::from_word).or(usual.operation_state),
            error,
        })
    }

    fn error(&self) -> Option<InstanceFault> {
        let [code, message, kind] = [Field::ErrorCode, Field::ErrorMsg, Field::ErrorType].map(|field| self.get(field));
        code.or(message).or(kind)?;
        let word = |text: Option<&str>| text.unwrap_or_default().into();
        Some(InstanceFault { code: word(code), message: word(message), kind: word(kind) })
    }
}

/// A moment, in UTC unless it says otherwise: the documents do not tell what the cloud writes (api-facts 3).
fn moment(text: &str) -> Option<Timestamp> {
    let read = |text: &str| {
        let text: serde::de::value::StrDeserializer<'_, ValueError> = text.into_deserializer();
        Timestamp::deserialize(text).ok()
    };
    read(text).or_else(|| read(&format!("{text}Z")))
}
