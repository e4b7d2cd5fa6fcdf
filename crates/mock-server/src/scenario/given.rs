//! Parts of a scenario that are written otherwise than the server has them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::cloud::config::Failing;
use crate::fault::optional_duration;
use crate::shape::DurationText;

/// Which instances there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Fleet")]
pub enum FleetSpec {
    /// So many made-up ones.
    Instances(
        #[serde(deserialize_with = "bounded")]
        #[schemars(range(max = 10_000_000))]
        u32,
    ),
    /// Those in this file; a relative path begins where the scenario is.
    File(PathBuf),
}

impl FleetSpec {
    /// The most instances that are made up.
    pub const INSTANCES_MAX: u32 = 10_000_000;
}

fn bounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let count = u32::deserialize(deserializer)?;
    let too_many = || de::Error::custom(format_args!("at most {} can be made up", FleetSpec::INSTANCES_MAX));
    (count <= FleetSpec::INSTANCES_MAX).then_some(count).ok_or_else(too_many)
}

/// Whether a call for an unknown project makes a world for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Worlds")]
pub enum WorldsSpec {
    /// It does not: there is no such project.
    Single,
    /// It does.
    Auto,
}

/// The tokens of IAM.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Iam")]
pub struct IamSpec {
    /// How long they live, and say they do; `24h` if absent.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<DurationText>")]
    pub token_life: Option<Duration>,
    /// After how long they are revoked, whatever they say; never if absent.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<DurationText>")]
    pub token_dies_after: Option<Duration>,
}

impl IamSpec {
    pub(super) fn overruled(ours: Option<Self>, theirs: Option<Self>) -> Option<Self> {
        let (Some(ours), Some(theirs)) = (&ours, &theirs) else { return theirs.or(ours) };
        Some(Self {
            token_life: theirs.token_life.or(ours.token_life),
            token_dies_after: theirs.token_dies_after.or(ours.token_dies_after),
        })
    }
}

/// Which reinstalls fail, unless something else decides that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailingSpec {
    /// Those of so many instances, whatever is tried on them.
    Count(u32),
    /// So many in a hundred attempts, at most 100.
    Percent(u32),
}

/// Why a piece of text is no percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a number of instances, or a share of all attempts from `0%` to `100%`")]
pub struct PercentError;

impl FailingSpec {
    pub(super) const fn failing(self) -> Failing {
        match self {
            Self::Count(0) | Self::Percent(0) => Failing::Nobody,
            Self::Count(count) => Failing::Count(count),
            Self::Percent(percent) => Failing::Percent(percent),
        }
    }
}

impl FromStr for FailingSpec {
    type Err = PercentError;

    fn from_str(text: &str) -> Result<Self, PercentError> {
        match text.trim().strip_suffix('%') {
            Some(percent) => {
                let percent = percent.trim_end().parse().ok().filter(|percent| *percent <= 100);
                percent.map(Self::Percent).ok_or(PercentError)
            }
            None => text.trim().parse().map(Self::Count).map_err(|_| PercentError),
        }
    }
}

impl fmt::Display for FailingSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl Serialize for FailingSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u32(*count),
            Self::Percent(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for FailingSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl de::Visitor<'_> for Written {
            type Value = FailingSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of instances, or a share of all attempts such as `10%`")
            }

            fn visit_u64<E: de::Error>(self, count: u64) -> Result<FailingSpec, E> {
                u32::try_from(count).map(FailingSpec::Count).map_err(E::custom)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<FailingSpec, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Written)
    }
}

impl JsonSchema for FailingSpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Failing".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "`3`: the reinstalls of three instances. `10%`: a tenth of all attempts.",
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": u32::MAX},
                {"type": "string", "pattern": "^ *([0-9]+|[0-9]{1,2} *%|100 *%) *$"}
            ]
        })
    }
}
