//! A site's policy as a person wrote it.

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::policy::Share;
use crate::spec::{Objection, Objections};

use super::SitePolicy;
use super::hours::{Hours, Window};
use super::protected::ProtectedSpec;

/// What stands in the file: raw fields, nothing checked yet. Every field may be left out, and then sets no bound.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteSpec {
    /// The most instances that one run may reinstall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances_per_run_max: Option<usize>,
    /// The most instances that may be submitted in any 24 hours, by one state directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances_per_day_max: Option<usize>,
    /// The ceiling of [`Policy::in_flight_max`](crate::policy::Policy::in_flight_max).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_flight_max: Option<usize>,
    /// The ceiling of [`Policy::max_unavailable`](crate::policy::Policy::max_unavailable): `5` or `"10%"`.
    #[serde(default, deserialize_with = "share", skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<Share>,
    /// Windows such as `Mon-Fri 22:00-06:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_hours: Option<Vec<String>>,
    /// Where the clock hangs that they are read by, such as `Europe/Berlin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Instances that are left alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protected: Vec<ProtectedSpec>,
}

/// Reads a share from text, or from a whole number, as which people write a count.
fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Share>, D::Error> {
    struct Written;

    impl de::Visitor<'_> for Written {
        type Value = Share;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a number of targets, as in 5 or \"10%\"")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Share, E> {
            text.parse().map_err(E::custom)
        }

        fn visit_u64<E: de::Error>(self, count: u64) -> Result<Share, E> {
            usize::try_from(count).map(Share::Count).map_err(E::custom)
        }

        fn visit_i64<E: de::Error>(self, count: i64) -> Result<Share, E> {
            match u64::try_from(count) {
                Ok(count) => self.visit_u64(count),
                Err(_) => Err(E::invalid_value(de::Unexpected::Signed(count), &self)),
            }
        }
    }

    deserializer.deserialize_any(Written).map(Some)
}

impl SiteSpec {
    /// Lets the policy through if nothing speaks against it.
    ///
    /// # Errors
    /// Every objection at once, each with the path of its field.
    pub fn check(&self) -> Result<SitePolicy, Objections> {
        let mut objections = Vec::new();
        for (field, number) in [
            ("instances_per_run_max", self.instances_per_run_max),
            ("instances_per_day_max", self.instances_per_day_max),
            ("in_flight_max", self.in_flight_max),
            ("max_unavailable", self.max_unavailable.map(at_hundred)),
        ] {
            if number == Some(0) {
                let message = "with 0 nothing could ever be reinstalled; write 1 or more";
                objections.push(Objection::new(field, "range", message));
            }
        }
        let hours = self.check_hours(&mut objections);
        let entries = self.protected.iter().enumerate();
        let protected =
            entries.map(|(index, entry)| entry.check(&format!("protected[{index}]"), &mut objections)).collect();
        match Objections::of(objections) {
            Some(objections) => Err(objections),
            None => Ok(SitePolicy {
                instances_per_run_max: self.instances_per_run_max,
                instances_per_day_max: self.instances_per_day_max,
                in_flight_max: self.in_flight_max,
                max_unavailable: self.max_unavailable,
                hours,
                protected,
            }),
        }
    }

    fn check_hours(&self, objections: &mut Vec<Objection>) -> Option<Hours> {
        let mut object = |field: &str, rule: &str, message: &str| objections.push(Objection::new(field, rule, message));
        let Some(written) = &self.allowed_hours else {
            if self.time_zone.is_some() {
                object("time_zone", "needless", "it is there for `allowed_hours`, and that is missing");
            }
            return None;
        };
        if written.is_empty() {
            object("allowed_hours", "empty", "list at least one window, or leave the field out for any time");
        }
        let mut windows = Vec::with_capacity(written.len());
        for (index, text) in written.iter().enumerate() {
            match text.parse::<Window>() {
                Ok(window) => windows.push(window),
                Err(error) => object(&format!("allowed_hours[{index}]"), "window", &error.to_string()),
            }
        }
        match self.time_zone.as_deref().map(str::trim) {
            Some(zone) if !zone.is_empty() => Some(Hours { time_zone: zone.into(), windows }),
            Some(_) | None => {
                object("time_zone", "required", "`allowed_hours` need the name of a time zone, such as Europe/Berlin");
                None
            }
        }
    }
}

/// Of a hundred, so that 1% is one and only 0 is none.
fn at_hundred(share: Share) -> usize {
    share.of(100)
}
