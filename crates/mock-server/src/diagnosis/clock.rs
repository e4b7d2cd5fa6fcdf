//! The time of signing.

use std::time::Duration;

use reinstall_core::time::{Plain, Timestamp};
use reinstall_http::sign::date;
use reinstall_http::sign::verify::SKEW_MAX;

use super::trial::{Trial, string_to_sign};
use super::{Diagnosis, Slip};

/// Every time zone is off by a whole number of these.
const QUARTER: Duration = Duration::from_secs(15 * 60);

/// Less than an hour off is no time zone of today, but a clock that is wrong.
const QUARTERS_MIN: u32 = 4;

/// No time zone is further off than fourteen hours.
const QUARTERS_MAX: u32 = 14 * 4;

/// How far a local time may be from a whole number of quarters: clocks are a little off, and requests take a while.
const TOLERANCE: Duration = Duration::from_secs(60);

/// A client that asks for the time twice may sign one and send the other.
const BETWEEN_MAX: u32 = 3;

/// Which way a time is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Ahead,
    Behind,
}

impl Way {
    const BOTH: [Self; 2] = [Self::Ahead, Self::Behind];

    fn move_by(self, at: Timestamp, by: Duration) -> Timestamp {
        match self {
            Self::Ahead => at + by,
            Self::Behind => at - by,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Ahead => "ahead of",
            Self::Behind => "behind",
        }
    }

    const fn sign(self) -> char {
        match self {
            Self::Ahead => '+',
            Self::Behind => '-',
        }
    }
}

/// A request that was signed too long before or after `now`.
pub(super) fn off(signed: Timestamp, now: Timestamp) -> Diagnosis {
    let (way, by) = if signed > now { (Way::Ahead, signed.since(now)) } else { (Way::Behind, now.since(signed)) };
    let [signed, now] = [signed, now].map(|at| date::write(at).unwrap_or_default());
    let (about, way_word) = (Plain(Duration::from_secs(by.as_secs())), way.word());
    let start = format!("X-Sdk-Date says {signed}, which is {about} {way_word} this server's clock ({now})");
    match zone(way, by) {
        Some(zone) => Diagnosis::new(
            Slip::LocalTime,
            format!("{start}: that looks like the local time of {zone} with a Z behind it; write the time in UTC"),
        ),
        None => Diagnosis::new(
            Slip::Clock,
            format!(
                "{start}, and at most {} are allowed; set the clocks, and sign each try anew when it is sent",
                Plain(SKEW_MAX)
            ),
        ),
    }
}

/// The time zone whose local time is so far from UTC, as `UTC+08:00`.
fn zone(way: Way, by: Duration) -> Option<String> {
    let quarters = (QUARTERS_MIN..=QUARTERS_MAX).find(|quarters| by.abs_diff(QUARTER * *quarters) <= TOLERANCE)?;
    Some(format!("UTC{}{:02}:{:02}", way.sign(), quarters / 4, quarters % 4 * 15))
}

/// Another time in the string to sign than in the header.
pub(super) fn other(trial: &Trial<'_>) -> Option<Diagnosis> {
    let sent = date::read(trial.date)?;
    let hash = trial.right_hash();
    let moves =
        |step: Duration, max: u32| Way::BOTH.into_iter().flat_map(move |way| (1..=max).map(move |n| (way, step * n)));
    let mut others = moves(Duration::from_secs(1), BETWEEN_MAX).chain(moves(QUARTER, QUARTERS_MAX));
    let signed = others.find_map(|(way, by)| {
        let signed = date::write(way.move_by(sent, by))?;
        trial.fits_string(&string_to_sign(&signed, hash)).then_some(signed)
    })?;
    let words = format!(
        "the string to sign has the time {signed}, and X-Sdk-Date says {}; ask for the time once, in UTC, and write it in both \
         places",
        trial.date
    );
    Some(Diagnosis::new(Slip::OtherDate, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_quarters_from_an_hour_to_fourteen_are_a_time_zone() {
        for (seconds, way, shown) in [
            (8 * 3_600, Way::Ahead, Some("UTC+08:00")),
            (8 * 3_600 + 59, Way::Ahead, Some("UTC+08:00")),
            (8 * 3_600 - 61, Way::Ahead, None),
            (20_700, Way::Ahead, Some("UTC+05:45")),
            (5 * 3_600, Way::Behind, Some("UTC-05:00")),
            (14 * 3_600, Way::Ahead, Some("UTC+14:00")),
            (14 * 3_600 + 900, Way::Ahead, None),
            (3_600, Way::Behind, Some("UTC-01:00")),
            (2_700, Way::Behind, None),
            (1_200, Way::Behind, None),
        ] {
            assert_eq!(zone(way, Duration::from_secs(seconds)).as_deref(), shown, "{seconds} s {way:?}");
        }
    }
}
