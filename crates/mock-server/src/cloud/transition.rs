//! What changes by itself as time goes by: asked for by those who move a clock.
//!
//! States are worked out and not stored, so nothing has to be moved along: the changes of a stretch of time are computed from
//! the reinstalls that were accepted.

use reinstall_core::id::InstanceId;
use reinstall_core::time::Timestamp;
use serde::Serialize;

use super::Cloud;
use super::wipe::Wipe;

/// An instance that is shown otherwise from a moment on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transition {
    /// From when on.
    pub at: Timestamp,
    /// Which instance.
    pub instance: InstanceId,
    /// What it was: `state`, and behind a slash `operation_state` where it is sent.
    pub from: String,
    /// What it is.
    pub to: String,
}

impl Cloud {
    /// Every change after `from` and up to `to`, in the order of time.
    #[must_use]
    pub fn transitions(&self, from: Timestamp, to: Timestamp) -> Vec<Transition> {
        let moments = self
            .wiped()
            .flat_map(|(id, wipes)| wipes.iter().flat_map(move |wipe| self.moments(wipe).map(move |at| (at, id))));
        let mut moments: Vec<_> = moments.filter(|(at, _)| *at > from && *at <= to).collect();
        moments.sort_unstable();
        moments.dedup();
        moments.into_iter().filter_map(|(at, id)| self.transition(at, id)).collect()
    }

    /// The moment of the next change after `now`; `None` if nothing changes by itself any more.
    #[must_use]
    pub fn next_transition(&self, now: Timestamp) -> Option<Timestamp> {
        let moments = self
            .wiped()
            .flat_map(|(id, wipes)| wipes.iter().flat_map(move |wipe| self.moments(wipe).map(move |at| (at, id))));
        let later = moments.filter(|(at, _)| *at > now);
        later.filter(|(at, id)| self.transition(*at, *id).is_some()).map(|(at, _)| at).min()
    }

    /// The moment after which nothing changes by itself any more; `None` if that is over.
    #[must_use]
    pub fn last_transition(&self, now: Timestamp) -> Option<Timestamp> {
        let ends = self.wiped().flat_map(|(_, wipes)| wipes.iter().filter_map(Wipe::ends_at));
        ends.filter(|end| *end > now).max()
    }

    /// How many reinstalls are underway, those that never end included.
    #[must_use]
    pub fn underway_count(&self, now: Timestamp) -> usize {
        self.wiped().filter(|(_, wipes)| wipes.last().is_some_and(|wipe| !wipe.has_ended(now))).count()
    }

    /// When a reinstall may be shown otherwise.
    fn moments(&self, wipe: &Wipe) -> impl Iterator<Item = Timestamp> {
        let legs = self.config.life_cycle.course().underway;
        let (start, takes) = (wipe.accepted_at, wipe.takes);
        // Rounded up, as a leg begins with the first moment that has reached its share.
        let legs = legs.iter().map(move |leg| start + takes.saturating_mul(u32::from(leg.from_percent)) / 100);
        legs.chain(wipe.ends_at())
    }

    fn transition(&self, at: Timestamp, id: InstanceId) -> Option<Transition> {
        let before = Timestamp::from_millis(at.as_millis().saturating_sub(1));
        let [from, to] = [before, at].map(|moment| self.glimpse(moment, id));
        let (from, to) = (from?, to?);
        (from != to).then(|| Transition { at, instance: id, from: from.words(), to: to.words() })
    }
}
