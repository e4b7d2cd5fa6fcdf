//! How long the wave under way will take, judged by how long instances took so far.

use std::time::Duration;

use reinstall_core::notice::{News, Notice};
use reinstall_core::summary::Outcome;
use reinstall_core::time::Timestamp;

/// What was seen so far.
#[derive(Debug, Default)]
pub(crate) struct Estimate {
    taken: Duration,
    instances: u32,
    last_submitted_at: Option<Timestamp>,
}

impl Estimate {
    /// Takes note of what a notice says about time.
    pub(crate) fn learn(&mut self, notice: &Notice) {
        match &notice.news {
            News::Submitting { .. } => self.last_submitted_at = Some(notice.at),
            News::Ended { outcome: Outcome::Succeeded, submitted_at: Some(since), .. } => {
                self.taken += notice.at.since(*since);
                self.instances += 1;
            }
            News::WaveOpened { .. }
            | News::Accepted { .. }
            | News::Strangers { .. }
            | News::Postponed { .. }
            | News::Refused { .. }
            | News::Split { .. }
            | News::Doubted { .. }
            | News::LookFailed { .. }
            | News::Installing { .. }
            | News::Retrying { .. }
            | News::ImageDiffers { .. }
            | News::Ended { .. }
            | News::Halted(_)
            | News::Finished => {}
        }
    }

    /// What is left at `now` if the last request takes as long as instances took on average, and then `waiting` instances
    /// go in rounds of `in_flight_max`. `None` until one came to a good end.
    pub(crate) fn left(&self, now: Timestamp, waiting: usize, in_flight_max: usize) -> Option<Duration> {
        let typical = self.taken.checked_div(self.instances)?;
        let since_last = self.last_submitted_at.map_or(Duration::ZERO, |at| now.since(at));
        let rounds = u32::try_from(waiting.div_ceil(in_flight_max.max(1))).unwrap_or(u32::MAX);
        Some(typical.saturating_sub(since_last) + typical.saturating_mul(rounds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{at, id, notice};

    #[test]
    fn the_canary_tells_how_long_the_rest_will_take() {
        let mut estimate = Estimate::default();
        assert_eq!(estimate.left(at(0), 10, 5), None);
        let submitting = News::Submitting { batch: 1, instances: 1, attempt: 1 };
        estimate.learn(&notice(0, submitting.clone()));
        let ended = News::Ended { id: id(1), outcome: Outcome::Succeeded, reason: None, submitted_at: Some(at(0)) };
        estimate.learn(&notice(60, ended));
        estimate.learn(&notice(100, submitting));
        assert_eq!(estimate.left(at(120), 0, 5), Some(Duration::from_secs(40)));
        assert_eq!(estimate.left(at(120), 6, 5), Some(Duration::from_secs(160)), "two more rounds");
        assert_eq!(estimate.left(at(900), 0, 5), Some(Duration::ZERO), "late, but never negative");
    }
}
