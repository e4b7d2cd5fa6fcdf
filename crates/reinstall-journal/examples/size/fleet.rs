//! A made-up cloud without faults, with a clock of its own, for the real rollout and any journal.

use std::collections::BTreeMap;
use std::error::Error;
use std::ops::Range;
use std::time::Duration;

use reinstall_core::action::{Action, Answer, Event, Look};
use reinstall_core::id::{ImageId, InstanceId};
use reinstall_core::instance::{InstanceState, OperationState, OsFamily};
use reinstall_core::journal::Journal;
use reinstall_core::plan::Plan;
use reinstall_core::policy::Policy;
use reinstall_core::recorded::Recorded;
use reinstall_core::sighting::Sighting;
use reinstall_core::spec::{ReinstallSpec, TargetSpec};
use reinstall_core::time::Timestamp;

/// When everything begins: 2026-11-23.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_795_433_416_042);

/// How long an answer takes.
const LATENCY: Duration = Duration::from_millis(300);

/// How long a reinstall takes.
const REINSTALL: Duration = Duration::from_secs(20 * 60);

/// A plan for the instances with these numbers. Numbers that are close come as ids that are far from each other, as real ones.
pub(crate) fn plan(numbers: Range<u64>, in_flight_max: usize) -> Result<Plan, Box<dyn Error>> {
    let instances = numbers.map(|number| TargetSpec::of(instance(number))).collect();
    let image_id = Some(ImageId::from_bits(9).to_string());
    let spec = ReinstallSpec { instances, image_id, policy: Policy { in_flight_max, ..Policy::default() } };
    Ok(Plan::draw(&spec.check()?, "0d0466b0b8d44bd1a5a1d7f0c2b1f2ab".parse()?))
}

/// The id of the instance with this number.
pub(crate) fn instance(number: u64) -> InstanceId {
    let half = |n: u64| u128::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29));
    InstanceId::from_bits((half(number + 1) << 64) | half(number + 77))
}

/// The cloud, and the answers that are on their way.
#[derive(Debug, Default)]
pub(crate) struct Fleet {
    on_its_way: BTreeMap<(Timestamp, u64), Action>,
    sent: u64,
    wiped_at: BTreeMap<InstanceId, Timestamp>,
}

impl Fleet {
    /// Tells a rollout what happens next, at most `events_max` times. Returns whether it is finished.
    pub(crate) fn drive<J: Journal>(&mut self, recorded: &mut Recorded<J>, events_max: u64) -> bool {
        for _ in 0..events_max {
            while let Some(action) = recorded.poll_action() {
                self.sent += 1;
                self.on_its_way.insert((recorded.rollout().now() + LATENCY, self.sent), action);
            }
            while recorded.poll_notice().is_some() {}
            if recorded.rollout().is_finished() {
                return true;
            }
            let due = recorded.rollout().next_deadline().map(|(at, _)| at);
            let answer = self.on_its_way.first_entry().filter(|first| due.is_none_or(|due| first.key().0 <= due));
            match (answer.map(|first| first.remove_entry()), due) {
                (Some(((at, _), action)), _) => {
                    let event = self.answer(&action, at);
                    recorded.handle(at, event);
                }
                (None, Some(due)) => recorded.handle(due, Event::Tick),
                (None, None) => return false,
            }
        }
        false
    }

    /// Forgets what is on its way, as when the program ends.
    #[cfg_attr(not(test), expect(dead_code, reason = "only the tests end the program early"))]
    pub(crate) fn lose_answers(&mut self) {
        self.on_its_way.clear();
    }

    fn answer(&mut self, action: &Action, now: Timestamp) -> Event {
        match action {
            Action::Look(ticket, ids) => {
                let looks = ids.iter().map(|id| (*id, Look::Seen(self.sighting(*id, now)))).collect();
                Event::Answered(*ticket, Answer::Looked(looks))
            }
            Action::Submit(ticket, submission) => {
                let ids = submission.ids.as_slice().to_vec();
                self.wiped_at.extend(ids.iter().map(|id| (*id, now)));
                Event::Answered(*ticket, Answer::Accepted { ids, request_id: None })
            }
        }
    }

    fn sighting(&self, id: InstanceId, now: Timestamp) -> Sighting {
        let wiped_at = self.wiped_at.get(&id).copied();
        let (operation, updated_at) = match wiped_at {
            None => ("install-succeed", START),
            Some(at) if now.since(at) < REINSTALL => ("reinstall-processing", at),
            Some(at) => ("reinstall-succeed", at + REINSTALL),
        };
        Sighting {
            state: Some(InstanceState::from_word("running")),
            operation: Some(OperationState::from_word(operation)),
            image: Some(ImageId::from_bits(9)),
            os: OsFamily::from_word("Linux"),
            name: Some(format!("bms-{:.13}", id).as_str().into()),
            updated_at: Some(updated_at.to_string().as_str().into()),
            launched_at: Some(START.to_string().as_str().into()),
            ..Sighting::default()
        }
    }
}
