//! How many calls the gateway lets through, as a value: asked with the time, it says yes, or until when no.
//!
//! Windows are fixed and begin with the world's clock, as the provider's seem to: so many a minute, and with the next minute all
//! is forgotten. What is refused counts, too (api-facts 7).

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use reinstall_core::rate::Rate;
use reinstall_core::time::{Plain, Timestamp, parse_duration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exchange::Caller;
use crate::operation::ApiOperation;
use crate::shape::RateText;

/// So many calls in each window, of each who is counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// How many in how long: `10/m`, `20/s`, `100/5m`.
    #[schemars(with = "RateText")]
    pub rate: LimitRate,
    /// Who is counted.
    #[serde(default)]
    pub of: Counted,
    /// Calls of this operation only; if absent, any call of CloudDC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<ApiOperation>,
    /// Whether `Retry-After` tells how long the window goes on. The provider does not document one for 429 (api-facts 7).
    #[serde(default)]
    pub retry_after: bool,
    /// In whose words is refused.
    #[serde(default)]
    pub words: Words,
}

/// Who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Each user or access key.
    #[default]
    Account,
    /// Each address that calls come from.
    Address,
    /// All together.
    Everybody,
}

/// In whose words a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Words {
    /// The gateway's: JSON with `APIGW.0308`.
    #[default]
    Gateway,
    /// The service's: a plain string, as its pages have it (api-facts 1).
    Plain,
}

/// How many in how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitRate(pub Rate);

/// Why a piece of text is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate is written as `10/m`, `20/s` or `100/5m`: a count, a slash and a stretch of time of at most a day")]
pub struct LimitRateError;

impl FromStr for LimitRate {
    type Err = LimitRateError;

    fn from_str(text: &str) -> Result<Self, LimitRateError> {
        let (count, per) = text.trim().split_once('/').ok_or(LimitRateError)?;
        let count = count.trim().parse().map_err(|_| LimitRateError)?;
        let per = per.trim();
        let per = if per.starts_with(|c: char| c.is_ascii_digit()) { per.to_owned() } else { format!("1{per}") };
        let per = parse_duration(&per).map_err(|_| LimitRateError)?;
        Rate::of(count, per).map(Self).map_err(|_| LimitRateError)
    }
}

impl fmt::Display for LimitRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.count(), Plain(self.0.per()))
    }
}

impl Serialize for LimitRate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LimitRate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A call that was over a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttled {
    /// When the window ends.
    pub until: Timestamp,
    /// How long that is from now.
    pub wait: Duration,
    /// How many the limit lets through.
    pub count: u32,
    /// Whether the answer tells how long to wait.
    pub retry_after: bool,
    /// In whose words it is said.
    pub words: Words,
}

/// The limits of one world, and what has been counted.
#[derive(Debug, Clone, Default)]
pub struct Limiter {
    limits: Vec<Limit>,
    windows: HashMap<(usize, Key), Window>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Caller(Caller),
    Address(Option<IpAddr>),
    Everybody,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    ends_at: Timestamp,
    calls: u32,
}

impl Limiter {
    /// For how many callers is counted at the same time.
    const WINDOWS_MAX: usize = 100_000;

    /// Nothing has been counted so far.
    #[must_use]
    pub fn new(limits: Vec<Limit>) -> Self {
        Self { limits, windows: HashMap::new() }
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &[Limit] {
        &self.limits
    }

    /// Counts a call; whether it is over a limit, and which of them ends last.
    pub fn ask(
        &mut self,
        now: Timestamp,
        operation: ApiOperation,
        caller: Caller,
        peer: Option<IpAddr>,
    ) -> Option<Throttled> {
        let mut throttled: Option<Throttled> = None;
        for (index, limit) in self.limits.iter().enumerate() {
            if !limit.on.map_or(!operation.is_iam(), |on| on == operation) {
                continue;
            }
            let key = match limit.of {
                Counted::Account => Key::Caller(caller),
                Counted::Address => Key::Address(peer),
                Counted::Everybody => Key::Everybody,
            };
            if self.windows.len() >= Self::WINDOWS_MAX {
                self.windows.retain(|_, window| window.ends_at > now);
            }
            let (ends_at, count) = (limit.window_end(now), limit.rate.0.count());
            let window = self.windows.entry((index, key)).or_insert(Window { ends_at, calls: 0 });
            if window.ends_at != ends_at {
                *window = Window { ends_at, calls: 0 };
            }
            window.calls = window.calls.saturating_add(1);
            if window.calls > count && throttled.is_none_or(|known| known.until < ends_at) {
                let (retry_after, words) = (limit.retry_after, limit.words);
                throttled = Some(Throttled { until: ends_at, wait: ends_at.since(now), count, retry_after, words });
            }
        }
        throttled
    }
}

impl Limit {
    fn window_end(&self, now: Timestamp) -> Timestamp {
        let per = u64::try_from(self.rate.0.per().as_millis()).unwrap_or(u64::MAX).max(1);
        Timestamp::from_millis((now.as_millis() / per).saturating_add(1).saturating_mul(per))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(text: &str) -> Limiter {
        Limiter::new(serde_json::from_str(text).unwrap())
    }

    const LOOK: ApiOperation = ApiOperation::ShowInstanceStatus;
    const KEYS: [Caller; 2] = [Caller::AccessKey(0), Caller::AccessKey(1)];

    #[test]
    fn a_window_lets_so_many_through_and_tells_when_it_ends() {
        let mut limiter = limiter(r#"[{"rate":"2/10s","retry_after":true}]"#);
        let mut ask = |millis, key: usize| {
            let asked = limiter.ask(Timestamp::from_millis(millis), LOOK, KEYS[key], None);
            asked.map(|throttled| throttled.wait.as_millis())
        };
        for (millis, key, wait) in [
            (100_000, 0, None),
            (101_000, 0, None),
            (101_000, 1, None),
            (104_000, 0, Some(6_000)),
            (109_999, 0, Some(1)),
            (110_000, 0, None),
            (110_000, 0, None),
            (110_000, 0, Some(10_000)),
            (110_000, 1, None),
        ] {
            assert_eq!(ask(millis, key), wait, "{millis} {key}");
        }
    }

    #[test]
    fn who_and_what_is_counted_is_for_the_limit_to_say() {
        let now = Timestamp::from_millis(0);
        let address: Option<IpAddr> = Some("127.0.0.2".parse().unwrap());
        let token = ApiOperation::KeystoneCreateUserTokenByPassword;
        for (limit, calls) in [
            (r#"{"rate":"1/s","of":"everybody"}"#, ".xxxx."),
            (r#"{"rate":"1/s"}"#, "..xxx."),
            (r#"{"rate":"1/s","of":"address"}"#, ".x.xx."),
            (r#"{"rate":"1/s","on":"ReinstallOS"}"#, "....x."),
            (r#"{"rate":"1/s","on":"KeystoneCreateUserTokenByPassword","of":"everybody"}"#, "......"),
        ] {
            let mut limiter = limiter(&format!("[{limit}]"));
            let told = [
                (LOOK, KEYS[0], None),
                (LOOK, KEYS[1], None),
                (LOOK, KEYS[0], address),
                (ApiOperation::ReinstallOs, KEYS[1], address),
                (ApiOperation::ReinstallOs, KEYS[1], None),
                (token, Caller::Unknown, None),
            ]
            .map(|(operation, key, peer)| limiter.ask(now, operation, key, peer).map_or('.', |_| 'x'));
            assert_eq!(told.iter().collect::<String>(), calls, "{limit}");
        }
    }

    #[test]
    fn rates_are_read_and_written_back() {
        for (text, written) in [("10/m", "10/1m"), ("20/s", "20/1s"), (" 100 / 5m ", "100/5m"), ("1/h", "-")] {
            let read = text.parse::<LimitRate>().map_or("-".to_owned(), |rate| rate.to_string());
            assert_eq!(read, written, "{text}");
        }
        for wrong in ["", "10", "/m", "10/", "0/m", "x/m", "10/x", "-1/m"] {
            assert!(wrong.parse::<LimitRate>().is_err(), "{wrong:?}");
        }
        assert!(serde_json::from_str::<Limit>(r#"{"rate":"1/s","burst":2}"#).is_err());
    }
}
