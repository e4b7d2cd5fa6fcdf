//! A duration that is not always the same, drawn from a hash and not from a stream of dice.

use std::f64::consts::TAU;
use std::time::Duration;

use reinstall_core::time::{deserialize_duration, parse_duration, serialize_duration};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::draw::mix;
use crate::shape::DurationText;

/// How long something takes.
///
/// As JSON: `"60s"`, `{"uniform": {"low": "1s", "high": "3s"}}`, `{"triangular": {"low": "4m", "mode": "6m", "high": "20m"}}`,
/// `{"lognormal": {"median": "10m", "sigma": 0.4, "max": "40m"}}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Spread {
    /// Always the same.
    Fixed(
        #[serde(with = "as_text")]
        #[schemars(with = "DurationText")]
        Duration,
    ),
    /// Drawn.
    Drawn(Distribution),
}

/// How it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Distribution {
    /// Evenly from one to the other.
    Uniform {
        /// The shortest.
        #[serde(with = "as_text")]
        #[schemars(with = "DurationText")]
        low: Duration,
        /// The longest.
        #[serde(with = "as_text")]
        #[schemars(with = "DurationText")]
        high: Duration,
    },
    /// From one to the other, most often near the mode.
    Triangular {
        /// The shortest.
        #[serde(with = "as_text")]
        #[schemars(with = "DurationText")]
        low: Duration,
        /// The most frequent.
        #[serde(with = "as_text")]
        #[schemars(with = "DurationText")]
        mode: Duration,
        /// The longest.
        #[serde(with = "as_text")]
        #[schemars(with = "DurationText")]
        high: Duration,
    },
    /// Half of them shorter than the median, and a long tail, as most waits have. What is longer than `max` is drawn again.
    Lognormal {
        /// The median.
        #[serde(with = "as_text")]
        #[schemars(with = "DurationText")]
        median: Duration,
        /// How wide it is: 0 for always the median, 0.4 for two thirds within 1.5 times of it; at most
        /// [`Distribution::SIGMA_MAX`].
        #[schemars(range(min = 0, max = 4))]
        sigma: f64,
        /// The longest.
        #[serde(with = "as_text")]
        #[schemars(with = "DurationText")]
        max: Duration,
    },
}

impl<'de> Deserialize<'de> for Spread {
    /// By hand, since a derived choice between two forms does not tell what is wrong with either.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl<'de> de::Visitor<'de> for Written {
            type Value = Spread;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(
                    "a duration such as `60s`, or one of `uniform`, `triangular` and `lognormal` with its bounds",
                )
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Spread, E> {
                parse_duration(text).map(Spread::Fixed).map_err(E::custom)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Spread, A::Error> {
                Distribution::deserialize(de::value::MapAccessDeserializer::new(map)).map(Spread::Drawn)
            }
        }

        deserializer.deserialize_any(Written)
    }
}

/// A duration as people write it; for `#[serde(with)]`.
mod as_text {
    pub(super) use super::{deserialize_duration as deserialize, serialize_duration as serialize};
}

impl Distribution {
    /// The widest that is sensible.
    pub const SIGMA_MAX: f64 = 4.0;
    /// How often is drawn again before the longest is taken.
    const DRAWS_MAX: u64 = 16;
}

impl From<Duration> for Spread {
    fn from(duration: Duration) -> Self {
        Self::Fixed(duration)
    }
}

impl Spread {
    /// Why nothing can be drawn from this, if so.
    #[must_use]
    pub fn objection(&self) -> Option<&'static str> {
        match self {
            Self::Fixed(_) => None,
            Self::Drawn(Distribution::Uniform { low, high }) => (low > high).then_some("`low` is above `high`"),
            Self::Drawn(Distribution::Triangular { low, mode, high }) => {
                (low > mode || mode > high).then_some("`low`, `mode` and `high` are not in this order")
            }
            Self::Drawn(Distribution::Lognormal { median, sigma, max }) => {
                if !(0.0..=Distribution::SIGMA_MAX).contains(sigma) {
                    return Some("`sigma` must be from 0 to 4");
                }
                (median > max).then_some("`median` is above `max`")
            }
        }
    }

    /// The duration for this draw; the same draw gives the same.
    #[must_use]
    pub fn draw(&self, draw: u64) -> Duration {
        match *self {
            Self::Fixed(duration) => duration,
            Self::Drawn(Distribution::Uniform { low, high }) => low + high.saturating_sub(low).mul_f64(share(draw)),
            Self::Drawn(Distribution::Triangular { low, mode, high }) => triangular(low, mode, high, share(draw)),
            Self::Drawn(Distribution::Lognormal { median, sigma, max }) => {
                let drawn = (0..Distribution::DRAWS_MAX).map(|again| {
                    let draw = mix(draw ^ again);
                    lognormal(median, sigma, share(draw), share(mix(draw)))
                });
                drawn.into_iter().find(|drawn| *drawn <= max).unwrap_or(max)
            }
        }
    }
}

fn triangular(low: Duration, mode: Duration, high: Duration, share: f64) -> Duration {
    let width = high.saturating_sub(low).as_secs_f64();
    if width <= 0.0 {
        return low;
    }
    let (left, right) = (mode.saturating_sub(low).as_secs_f64(), high.saturating_sub(mode).as_secs_f64());
    let offset = if share < left / width {
        (share * width * left).sqrt()
    } else {
        width - ((1.0 - share) * width * right).sqrt()
    };
    low + seconds(offset)
}

/// Box and Muller's way from two even draws to a normal one.
fn lognormal(median: Duration, sigma: f64, one: f64, other: f64) -> Duration {
    // Never the logarithm of 0.
    let normal = (-2.0 * (1.0 - one).ln()).sqrt() * (TAU * other).cos();
    seconds(median.as_secs_f64() * (sigma * normal).exp())
}

/// Whatever floating point made of it, a duration; to a microsecond, so that the last bits of another machine's arithmetic do
/// not show.
fn seconds(seconds: f64) -> Duration {
    const YEAR_SECONDS: f64 = 31_536_000.0;
    Duration::from_micros((seconds.clamp(0.0, YEAR_SECONDS) * 1e6).round() as u64)
}

/// A share from 0 up to, but not including, 1.
pub(crate) fn share(draw: u64) -> f64 {
    // As many bits as the fraction of an `f64` holds exactly.
    const BITS: u32 = 53;
    (draw >> (u64::BITS - BITS)) as f64 / (1_u64 << BITS) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::draw::draw_nth;

    fn read(text: &str) -> Spread {
        serde_json::from_str(text).unwrap()
    }

    /// The shortest, the median and the longest of a thousand, in milliseconds.
    fn sample(spread: &Spread) -> [u128; 3] {
        let mut drawn: Vec<_> = (0..1_000).map(|nth| spread.draw(draw_nth(5, nth, "sample")).as_millis()).collect();
        drawn.sort_unstable();
        [drawn[0], drawn[500], drawn[999]]
    }

    #[test]
    fn each_way_of_drawing_keeps_its_bounds_and_its_middle() {
        for (text, low, middle, high) in [
            (r#""60s""#, 60_000..=60_000, 60_000..=60_000, 60_000..=60_000),
            (r#"{"uniform":{"low":"1s","high":"3s"}}"#, 1_000..=1_010, 1_900..=2_100, 2_990..=3_000),
            (r#"{"triangular":{"low":"0ms","mode":"1s","high":"4s"}}"#, 0..=100, 1_400..=1_650, 3_700..=4_000),
            (r#"{"triangular":{"low":"1s","mode":"1s","high":"1s"}}"#, 1_000..=1_000, 1_000..=1_000, 1_000..=1_000),
            (
                r#"{"lognormal":{"median":"10s","sigma":0.5,"max":"20s"}}"#,
                1_000..=3_500,
                9_000..=10_000,
                19_000..=20_000,
            ),
            (
                r#"{"lognormal":{"median":"10s","sigma":0.0,"max":"20s"}}"#,
                10_000..=10_000,
                10_000..=10_000,
                10_000..=10_000,
            ),
        ] {
            let spread = read(text);
            assert_eq!(spread.objection(), None, "{text}");
            let [shortest, median, longest] = sample(&spread);
            assert!(low.contains(&shortest), "{text}: {shortest}");
            assert!(middle.contains(&median), "{text}: {median}");
            assert!(high.contains(&longest), "{text}: {longest}");
            assert_eq!(serde_json::from_str::<Spread>(&serde_json::to_string(&spread).unwrap()).unwrap(), spread);
        }
    }

    #[test]
    fn what_cannot_be_drawn_from_is_objected_to() {
        for text in [
            r#"{"uniform":{"low":"3s","high":"1s"}}"#,
            r#"{"triangular":{"low":"1s","mode":"5s","high":"4s"}}"#,
            r#"{"lognormal":{"median":"1s","sigma":-1.0,"max":"4s"}}"#,
            r#"{"lognormal":{"median":"1s","sigma":9.0,"max":"4s"}}"#,
            r#"{"lognormal":{"median":"5s","sigma":0.1,"max":"4s"}}"#,
        ] {
            let spread = read(text);
            assert!(spread.objection().is_some(), "{text}");
            let _ = sample(&spread);
        }
        for text in ["60", r#"{"uniform":{"low":"1s"}}"#, r#"{"normal":{}}"#] {
            assert!(serde_json::from_str::<Spread>(text).is_err(), "{text}");
        }
    }
}
