//! What people do to the instances by other means while the rollout is at it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reinstall_core::id::InstanceId;
use reinstall_core::instance::{InstanceState, Operation, OperationState, Progress};
use reinstall_core::lifecycle::Standing;
use reinstall_core::time::Timestamp;
use reinstall_mock_server::cloud::Cloud;
use reinstall_mock_server::cloud::request::ReinstallRequest;
use reinstall_mock_server::cloud::row::Glimpse;
use reinstall_mock_server::cloud::wipe::Wipe;

/// What a stranger does to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meddling {
    /// Switches it off and on again.
    PowerCycles,
    /// Gives it another address.
    ChangesAddress,
    /// Reinstalls it, with another client.
    Reinstalls,
    /// Reboots it, which a worse service shows as `pending`.
    Reboots,
}

impl Meddling {
    /// Those of every world.
    pub const ALL: [Self; 3] = [Self::PowerCycles, Self::ChangesAddress, Self::Reinstalls];
}

/// Something short that a stranger did.
#[derive(Debug, Clone, Copy)]
struct Episode {
    what: Meddling,
    from: Timestamp,
    until: Timestamp,
}

/// All that strangers did.
#[derive(Debug, Default)]
pub struct Strangers {
    episodes: BTreeMap<InstanceId, Vec<Episode>>,
    /// Which of an instance's wipes are theirs, counted from 0.
    wipes: BTreeSet<(InstanceId, usize)>,
}

impl Strangers {
    /// A stranger does something for so long, if the cloud lets them: the instance must run, with nobody at work on it.
    pub(crate) fn meddle(
        &mut self,
        cloud: &mut Cloud,
        now: Timestamp,
        id: InstanceId,
        (what, lasts): (Meddling, Duration),
        password: &str,
    ) {
        let is_free = self.look(cloud, now, id).is_some_and(|seen| seen.state == InstanceState::Running);
        if !is_free || is_underway(cloud, now, id) {
            return;
        }
        if what != Meddling::Reinstalls {
            self.episodes.entry(id).or_default().push(Episode { what, from: now, until: now + lasts });
        } else if cloud.reinstall(now, &ReinstallRequest::of(&[id], None, password)).is_ok() {
            self.wipes.insert((id, cloud.wipes(id).len() - 1));
        }
    }

    /// Whether a stranger is at work on an instance, so that the cloud would start nothing else.
    pub(crate) fn holds(&self, now: Timestamp, id: InstanceId) -> bool {
        self.episodes.get(&id).and_then(|all| all.last()).is_some_and(|last| last.from <= now && now < last.until)
    }

    /// Whether a stranger ever reinstalled it.
    #[must_use]
    pub fn reinstalled(&self, id: InstanceId) -> bool {
        self.wipes.range((id, 0)..=(id, usize::MAX)).next().is_some()
    }

    /// The wipes of an instance that are ours.
    pub fn ours<'c>(&self, cloud: &'c Cloud, id: InstanceId) -> impl Iterator<Item = &'c Wipe> + use<'c, '_> {
        let wipes = cloud.wipes(id).iter().enumerate();
        wipes.filter(move |(index, _)| !self.wipes.contains(&(id, *index))).map(|(_, wipe)| wipe)
    }

    /// What an instance looks like at a moment.
    pub(crate) fn look(&self, cloud: &Cloud, at: Timestamp, id: InstanceId) -> Option<Glimpse> {
        let mut seen = cloud.glimpse(at, id)?;
        let episodes = || self.episodes.get(&id).into_iter().flatten().rev().filter(|episode| episode.from <= at);
        if let Some(now) = episodes().next().filter(|episode| at < episode.until) {
            let half = now.from + now.until.since(now.from) / 2;
            seen.state = match now.what {
                Meddling::PowerCycles if at < half => InstanceState::Stopping,
                Meddling::PowerCycles => InstanceState::Stopped,
                Meddling::ChangesAddress => InstanceState::ModifyingIp,
                Meddling::Reboots => InstanceState::Pending,
                Meddling::Reinstalls => seen.state,
            };
        }
        // Its operation is the last one until a reinstall is.
        if let Some(change) = episodes().find(|episode| episode.what == Meddling::ChangesAddress) {
            let since = change.until..=at;
            let was_wiped_since = cloud.wipes(id).iter().any(|wipe| since.contains(&wipe.accepted_at));
            if !was_wiped_since && seen.operation_state.is_some() {
                let progress = if at < change.until { Progress::Processing } else { Progress::Succeed };
                seen.operation_state = Some(OperationState::Known(Operation::ModifyIp, progress));
            }
        }
        Some(seen)
    }
}

fn is_underway(cloud: &Cloud, now: Timestamp, id: InstanceId) -> bool {
    cloud.wipes(id).last().is_some_and(|wipe| matches!(wipe.standing(now), Standing::Underway(_)))
}
