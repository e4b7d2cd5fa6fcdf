//! A duration in JSON as people write it, or `null`; for `#[serde(with)]`.

use std::time::Duration;

use reinstall_core::time::{Plain, parse_duration};
use serde::{Deserialize, Serialize};

#[expect(clippy::ref_option, reason = "serde gives a reference to the field")]
pub(crate) fn serialize<S: serde::Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| Plain(duration).to_string()).serialize(serializer)
}

pub(crate) fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| parse_duration(&text).map_err(serde::de::Error::custom)).transpose()
}
