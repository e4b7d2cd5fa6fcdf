//! The client between the rollout and the network, which keeps a pace, and the gateway behind it, which has a limit of its own.

use std::collections::VecDeque;
use std::time::Duration;

use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::rate::{Pace, Rate, Turn, Urgency, WAIT_MAX};
use reinstall_core::time::Timestamp;

use crate::dice::Row;
use crate::network::fault;

/// How fast requests may leave and arrive, if there is any limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The client's own rate; in a world without one requests leave when the rollout wants them to.
    pub rate: Option<Rate>,
    /// The gateway's.
    pub gateway: Option<(Rate, Says)>,
}

/// What a gateway says of its limit when it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// Not a word.
    Nothing,
    /// The limit, in its text.
    Limit,
    /// How long to wait, of at most so long.
    RetryAfter(Duration),
}

impl Limits {
    /// The limits of a seed, from a row of their own.
    pub(crate) fn of(seed: u64) -> Self {
        const SECOND: Duration = Duration::from_secs(1);
        let mut row = Row::new(seed ^ 0x0011_417e);
        let rates = [(1, 2), (1, 1), (2, 1), (5, 1), (20, 1)];
        let limits = [(30, 60), (1, 1), (200, 300), (3, 1), (10, 1)];
        let says = [Says::Nothing, Says::Limit, Says::RetryAfter(SECOND), Says::RetryAfter(60 * SECOND)];
        let rate = row.chance(30).then(|| rate(*row.pick(&rates)));
        let gateway = (rate.is_some() && row.chance(60)).then(|| (self::rate(*row.pick(&limits)), *row.pick(&says)));
        Self { rate, gateway }
    }
}

fn rate((count, seconds): (u32, u64)) -> Rate {
    match Rate::of(count, Duration::from_secs(seconds)) {
        Ok(rate) => rate,
        Err(error) => unreachable!("{error}"),
    }
}

/// A client, and what is known of the requests that it let go.
#[derive(Debug)]
pub struct Client {
    rate: Option<Rate>,
    /// It is in a file that outlives the program.
    pace: Pace,
    row: Row,
    /// When the last requests left, in true time, since somebody set the clock.
    left: VecDeque<Timestamp>,
    /// When the pause is over that refusals have asked for in so many words, in true time.
    quiet_until: Timestamp,
    /// A request that left nevertheless.
    broke_quiet: Option<Timestamp>,
}

impl Client {
    /// How many departures are remembered: three bursts of the fastest rate.
    const LEFT_MAX: usize = 64;

    pub(crate) fn new(limits: Limits, seed: u64, now: Timestamp) -> Self {
        Self {
            rate: limits.rate,
            pace: Pace::new(),
            row: Row::new(seed ^ 0x0c11_e417),
            left: VecDeque::new(),
            quiet_until: now,
            broke_quiet: None,
        }
    }

    /// Whether it keeps a pace at all.
    pub(crate) const fn is_paced(&self) -> bool {
        self.rate.is_some()
    }

    /// Whether a request may leave; `wall` is what the wall clock says.
    pub(crate) fn ask(&mut self, wall: Timestamp, urgency: Urgency) -> Turn {
        self.rate.map_or(Turn::Now, |rate| self.pace.ask(rate, wall, urgency))
    }

    /// A request leaves.
    pub(crate) fn lets_go(&mut self, now: Timestamp) {
        if self.is_paced() {
            self.left.push_back(now);
            self.left.drain(..self.left.len().saturating_sub(Self::LEFT_MAX));
            self.broke_quiet = self.broke_quiet.or((now < self.quiet_until).then_some(now));
        }
    }

    /// A request was answered by something that did not mind its pace.
    pub(crate) fn answered(&mut self, wall: Timestamp) {
        if self.is_paced() {
            self.pace.answered(wall);
        }
    }

    /// A request was refused because there were too many. For how long none may leave; `None` if it keeps no pace.
    pub(crate) fn throttled(&mut self, now: Timestamp, wall: Timestamp, fault: &Fault) -> Option<Duration> {
        if !self.is_paced() {
            return None;
        }
        let dice = self.row.throw();
        let pause = self.pace.throttled(wall, fault.hint(), dice);
        let slot = fault.limit.map(Rate::interval);
        let asked_for = fault.retry_after.or(slot).unwrap_or_default();
        self.quiet_until = self.quiet_until.max(now + asked_for.min(WAIT_MAX));
        Some(pause)
    }

    /// The wall clock, by which it keeps its pace, tells another time now.
    pub(crate) fn clock_was_set(&mut self, now: Timestamp) {
        self.left.clear();
        self.quiet_until = now;
    }

    /// The stretch of time up to the last departure in which too many requests left.
    #[must_use]
    pub fn too_many(&self) -> Option<String> {
        let (rate, last) = (self.rate?, *self.left.back()?);
        let too_many = |(index, first): (usize, &Timestamp)| {
            let stretch = last.since(*first);
            let most = u128::from(rate.burst()) + stretch.as_nanos() / rate.interval().as_nanos();
            let count = self.left.len() - index;
            (count as u128 > most).then(|| format!("{count} left in {stretch:?}, at {rate}"))
        };
        self.left.iter().enumerate().find_map(too_many)
    }

    /// When a request left before a pause was over that had been asked for.
    #[must_use]
    pub const fn broke_quiet(&self) -> Option<Timestamp> {
        self.broke_quiet
    }
}

/// A gateway that lets no more through than it wants to, by the clock of the cloud.
#[derive(Debug)]
pub(crate) struct Gateway {
    limit: Option<(Rate, Says)>,
    pace: Pace,
    row: Row,
}

impl Gateway {
    pub(crate) fn new(limits: Limits, seed: u64) -> Self {
        Self { limit: limits.gateway, pace: Pace::new(), row: Row::new(seed ^ 0x6a7e_3a71) }
    }

    /// A request arrives; it is let through, or refused before anything is started.
    pub(crate) fn pass(&mut self, now: Timestamp) -> Result<(), Fault> {
        let Some((limit, says)) = self.limit else { return Ok(()) };
        if self.pace.ask(limit, now, Urgency::Look) == Turn::Now {
            return Ok(());
        }
        let refused = fault(FaultKind::Throttled);
        Err(match says {
            Says::Nothing => refused,
            Says::Limit => Fault { limit: Some(limit), ..refused },
            Says::RetryAfter(wait_max) => {
                Fault { retry_after: Some(self.row.between(Duration::ZERO, wait_max)), ..refused }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::START;

    /// A property that cannot fail shows nothing.
    #[test]
    fn what_leaves_too_early_shows() {
        let second = Duration::from_secs;
        let limits = Limits { rate: Some(rate((2, 1))), gateway: None };
        for (after_millis, too_many) in [(&[0, 0, 500, 1_000][..], false), (&[0, 0, 499], true), (&[0, 0, 0], true)] {
            let mut client = Client::new(limits, 1, START);
            for &millis in after_millis {
                client.lets_go(START + Duration::from_millis(millis));
            }
            assert_eq!(client.too_many().is_some(), too_many, "{after_millis:?}");
        }
        let refused = |seconds| Fault { retry_after: Some(second(seconds)), ..fault(FaultKind::Throttled) };
        let mut client = Client::new(limits, 1, START);
        client.throttled(START, START, &refused(9));
        client.throttled(START, START, &refused(2));
        assert_eq!(client.ask(START + second(3), Urgency::Submit), Turn::At(START + second(9)));
        client.lets_go(START + second(9));
        assert_eq!(client.broke_quiet(), None);
        client.throttled(START + second(9), START + second(9), &refused(9));
        client.lets_go(START + second(10));
        assert_eq!(client.broke_quiet(), Some(START + second(10)));
    }
}
