//! How a rollout is to go about it: sizes, budgets and clocks. Every number that bounds something stands here.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::instance::InstanceState;
use crate::instance_set::InstanceSet;
use crate::spec::Objection;
use crate::text::CloudText;
use crate::time::{Plain, Timestamp, deserialize_duration, serialize_duration};

/// A number of targets, as such or as a part of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Share {
    /// So many.
    Count(usize),
    /// So many of a hundred; rounded down.
    Percent(u8),
}

impl Share {
    /// How many of `total` that is; percentages are rounded down.
    #[must_use]
    pub fn of(self, total: usize) -> usize {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => total / 100 * usize::from(percent) + total % 100 * usize::from(percent) / 100,
        }
    }
}

/// Why a piece of text is not a share.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a number of targets: write a count, as in `5`, or a part, as in `10%` (0% to 100%)")]
pub struct ShareError {
    given: CloudText,
}

impl FromStr for Share {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Self, ShareError> {
        let wrong = || ShareError { given: text.into() };
        match text.trim().strip_suffix('%') {
            Some(percent) => match percent.parse() {
                Ok(percent @ 0..=100) => Ok(Self::Percent(percent)),
                Ok(_) | Err(_) => Err(wrong()),
            },
            None => text.trim().parse().map(Self::Count).map_err(|_| wrong()),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl serde::Serialize for Share {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Share {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The sizes of the waves, in order; the last one repeats until every target is in a wave.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Vec<Share>")]
pub struct WaveSizes(Vec<Share>);

impl WaveSizes {
    /// The most sizes that may be listed.
    pub const LEN_MAX: usize = 100;

    /// The number of targets in each wave of a rollout over `total` targets. A wave is never empty.
    #[must_use]
    pub fn split(&self, total: usize) -> Vec<usize> {
        let mut sizes = Vec::new();
        let mut left = total;
        let mut listed = self.0.iter();
        let mut size = Share::Count(total);
        while left > 0 {
            size = listed.next().copied().unwrap_or(size);
            let taken = size.of(total).clamp(1, left);
            sizes.push(taken);
            left -= taken;
        }
        sizes
    }
}

/// Why a piece of text is not a list of wave sizes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WaveSizesError {
    /// One of the sizes is not a share.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// A wave of nobody.
    #[error("wave {wave} is empty; a wave has at least one target")]
    Empty {
        /// Which, counted from 1.
        wave: usize,
    },
    /// Too long a list, or none.
    #[error("{0} waves are listed; 1 to {max} may be", max = WaveSizes::LEN_MAX)]
    Count(usize),
}

impl FromStr for WaveSizes {
    type Err = WaveSizesError;

    fn from_str(text: &str) -> Result<Self, WaveSizesError> {
        text.split(',').map(str::parse).collect::<Result<Vec<Share>, _>>()?.try_into()
    }
}

impl TryFrom<Vec<Share>> for WaveSizes {
    type Error = WaveSizesError;

    fn try_from(sizes: Vec<Share>) -> Result<Self, WaveSizesError> {
        if sizes.is_empty() || sizes.len() > Self::LEN_MAX {
            return Err(WaveSizesError::Count(sizes.len()));
        }
        match sizes.iter().position(|size| matches!(size, Share::Count(0) | Share::Percent(0))) {
            Some(index) => Err(WaveSizesError::Empty { wave: index + 1 }),
            None => Ok(Self(sizes)),
        }
    }
}

impl fmt::Display for WaveSizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(Share::to_string).collect::<Vec<_>>().join(","))
    }
}

/// How a rollout is to go about it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The most instances in one request: 1 to [`InstanceSet::LEN_MAX`].
    pub batch_max: usize,
    /// The sizes of the waves; the first is the canary.
    pub waves: WaveSizes,
    /// The most instances that may be on their way at once, those in doubt included.
    pub in_flight_max: usize,
    /// The most failures that are put up with: one more halts the rollout. Unresolved targets count as failures, skipped
    /// ones do not. A failure in the canary always halts.
    pub failures_max: Share,
    /// How often each instance on its way is looked at.
    #[serde(serialize_with = "serialize_duration", deserialize_with = "deserialize_duration")]
    pub poll_every: Duration,
    /// How long an unanswered or unacknowledged submission is watched before it counts as not started.
    #[serde(serialize_with = "serialize_duration", deserialize_with = "deserialize_duration")]
    pub settle_after: Duration,
    /// How far behind the truth a read may be while a request is in doubt; see [`read_lag`](Self::read_lag).
    #[serde(serialize_with = "serialize_duration", deserialize_with = "deserialize_duration")]
    pub read_lag: Duration,
    /// How long the client waits for the answer to a reinstall request: until then it may still be carried out.
    #[serde(serialize_with = "serialize_duration", deserialize_with = "deserialize_duration")]
    pub call_timeout: Duration,
    /// How long an accepted submission may show no movement.
    #[serde(serialize_with = "serialize_duration", deserialize_with = "deserialize_duration")]
    pub start_within: Duration,
    /// How long one target may take from its submission to its end.
    #[serde(serialize_with = "serialize_duration", deserialize_with = "deserialize_duration")]
    pub finish_within: Duration,
    /// How long a batch that was never accepted, throttled for example, is tried.
    #[serde(serialize_with = "serialize_duration", deserialize_with = "deserialize_duration")]
    pub submit_within: Duration,
    /// The most goes at one instance; a further one only if it was shown that the one before did not start.
    pub attempts_max: u32,
    /// The shortest time in which a reinstall can begin and end. A longer gap between reads may miss one, and no end is believed
    /// earlier than so long after the request was carried out. No replica lags by more than that behind an accepted request.
    #[serde(serialize_with = "serialize_duration", deserialize_with = "deserialize_duration")]
    pub shortest: Duration,
    /// The states an instance may be reinstalled from; in any other it is skipped.
    pub start_states: BTreeSet<InstanceState>,
    /// The most targets that may be unavailable at once: on their way, ended badly, or down before it began. A part of all
    /// is rounded down, but to no less than one. `None`: no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<Share>,
    /// Nothing new is started at or after this moment. `None`: never too late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<Timestamp>,
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

impl Default for Policy {
    fn default() -> Self {
        Self {
            batch_max: InstanceSet::LEN_MAX,
            waves: WaveSizes(vec![Share::Count(1), Share::Percent(10), Share::Percent(100)]),
            in_flight_max: 200,
            failures_max: Share::Percent(10),
            poll_every: 15 * SECOND,
            settle_after: 2 * MINUTE,
            read_lag: 15 * SECOND,
            call_timeout: 30 * SECOND,
            start_within: 10 * MINUTE,
            finish_within: 90 * MINUTE,
            submit_within: 15 * MINUTE,
            attempts_max: 2,
            shortest: 2 * MINUTE,
            start_states: BTreeSet::from([InstanceState::Running]),
            max_unavailable: None,
            closes_at: None,
        }
    }
}

impl Policy {
    /// The most attempts that may be asked for.
    pub const ATTEMPTS_MAX: u32 = 10;
    /// The shortest interval between looks; a shorter one would only burn the request quota.
    pub const POLL_EVERY_MIN: Duration = Duration::from_millis(10);
    /// The longest any of the clocks may run.
    pub const CLOCK_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// How far behind the truth a read is assumed to be at most while a request is in doubt: never less than the interval between
    /// reads.
    #[must_use]
    pub fn read_lag(&self) -> Duration {
        self.read_lag.max(self.poll_every)
    }

    /// Everything that speaks against these numbers, each with the name of its flag.
    #[must_use]
    pub fn objections(&self) -> Vec<Objection> {
        let mut objections = Vec::new();
        let mut object = |field: &str, broken: bool, rule: &'static str, message: String| {
            if broken {
                objections.push(Objection::new(format!("policy.{field}"), rule, message));
            }
        };
        object(
            "batch_max",
            !(1..=InstanceSet::LEN_MAX).contains(&self.batch_max),
            "range",
            format!("a request names 1 to {} instances, not {}", InstanceSet::LEN_MAX, self.batch_max),
        );
        object(
            "in_flight_max",
            self.in_flight_max == 0,
            "range",
            "at least one instance must be allowed on its way".into(),
        );
        object(
            "attempts_max",
            !(1..=Self::ATTEMPTS_MAX).contains(&self.attempts_max),
            "range",
            format!("1 to {} attempts are possible, not {}", Self::ATTEMPTS_MAX, self.attempts_max),
        );
        object(
            "start_states",
            self.start_states.is_empty(),
            "empty",
            "name at least one state to reinstall from".into(),
        );
        object(
            "max_unavailable",
            matches!(self.max_unavailable, Some(Share::Count(0) | Share::Percent(0))),
            "range",
            "at least one target must be allowed to be unavailable: whoever is reinstalled is".into(),
        );
        self.object_to_clocks(&mut object);
        objections
    }

    fn object_to_clocks(&self, mut object: impl FnMut(&str, bool, &'static str, String)) {
        for (field, clock) in [
            ("poll_every", self.poll_every),
            ("settle_after", self.settle_after),
            ("read_lag", self.read_lag),
            ("call_timeout", self.call_timeout),
            ("start_within", self.start_within),
            ("finish_within", self.finish_within),
            ("submit_within", self.submit_within),
            ("shortest", self.shortest),
        ] {
            object(
                field,
                !(Self::POLL_EVERY_MIN..=Self::CLOCK_MAX).contains(&clock),
                "range",
                format!("it must be between {} and {}", Plain(Self::POLL_EVERY_MIN), Plain(Self::CLOCK_MAX)),
            );
        }
        object(
            "poll_every",
            self.poll_every > self.shortest / 2,
            "gap",
            format!(
                "looking every {} could miss a reinstall that takes {} (`shortest`); look at least twice as often",
                Plain(self.poll_every),
                Plain(self.shortest)
            ),
        );
        let settle_after_min = self.call_timeout.saturating_add(self.read_lag());
        object(
            "settle_after",
            self.settle_after < settle_after_min,
            "floor",
            format!(
                "it must be at least {}: a request may be carried out for {} after it was sent (`call_timeout`), and a read may be \
                 {} behind (`read_lag`, `poll_every`)",
                Plain(settle_after_min),
                Plain(self.call_timeout),
                Plain(self.read_lag())
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares() {
        for (text, total, count) in
            [("5", 3, 5), ("0", 9, 0), ("10%", 120, 12), ("10%", 9, 0), ("100%", 7, 7), ("33%", 10, 3), ("0%", 5, 0)]
        {
            assert_eq!(text.parse::<Share>().unwrap().of(total), count, "{text} of {total}");
        }
        for wrong in ["", "%", "101%", "-1", "1.5", "ten", "300%"] {
            assert!(wrong.parse::<Share>().is_err(), "{wrong}");
        }
        assert_eq!(Share::Percent(50).of(usize::MAX), usize::MAX / 2, "no overflow");
    }

    #[test]
    fn waves() {
        for (sizes, total, waves) in [
            ("1,10%,100%", 1_000, vec![1, 100, 899]),
            ("1,10%,100%", 120, vec![1, 12, 107]),
            ("1,10%,100%", 1, vec![1]),
            ("1,10%,100%", 5, vec![1, 1, 3]),
            ("100%", 7, vec![7]),
            ("2", 7, vec![2, 2, 2, 1]),
            ("1,30%", 10, vec![1, 3, 3, 3]),
            ("5", 0, vec![]),
        ] {
            assert_eq!(sizes.parse::<WaveSizes>().unwrap().split(total), waves, "{sizes} of {total}");
        }
        for wrong in ["", "1,,2", "0", "1,0%", "1,x", &["1"; 101].join(",")] {
            assert!(wrong.parse::<WaveSizes>().is_err(), "{wrong}");
        }
        assert_eq!(Policy::default().waves.to_string(), "1,10%,100%");
    }

    #[test]
    fn the_default_is_sound() {
        assert_eq!(Policy::default().objections(), []);
    }

    #[test]
    fn every_unsound_number_is_named() {
        let policy = Policy {
            batch_max: 51,
            in_flight_max: 0,
            attempts_max: 0,
            poll_every: Duration::ZERO,
            settle_after: 44 * SECOND,
            finish_within: Duration::MAX,
            start_states: BTreeSet::new(),
            max_unavailable: Some(Share::Percent(0)),
            ..Policy::default()
        };
        let objections = policy.objections();
        let fields: Vec<&str> = objections.iter().map(Objection::field).collect();
        assert_eq!(
            fields,
            [
                "batch_max",
                "in_flight_max",
                "attempts_max",
                "start_states",
                "max_unavailable",
                "poll_every",
                "finish_within",
                "settle_after"
            ]
            .map(|field| format!("policy.{field}"))
        );
        let lazy = Policy { poll_every: 90 * SECOND, ..Policy::default() };
        assert_eq!(lazy.objections()[0].rule(), "gap");
    }
}
