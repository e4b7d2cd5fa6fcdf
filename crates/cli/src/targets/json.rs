//! JSON, strictly: only then is it read again, as the YAML that it also is, to learn the lines.

use reinstall_core::spec::TargetSpec;
use serde::de::IgnoredAny;

use super::{TargetsError, yaml};

pub(super) fn parse(text: &str, name: &str) -> Result<Vec<TargetSpec>, TargetsError> {
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| TargetsError::Malformed {
        name: name.into(),
        line: u64::try_from(error.line()).unwrap_or(u64::MAX).max(1),
        what: format!("this is not JSON: {error}").as_str().into(),
    })?;
    yaml::parse(text, name)
}
