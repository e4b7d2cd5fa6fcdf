//! The way of a submission: to the cloud, which is the moment that wipes, and back.

use std::time::Duration;

use reinstall_core::action::{Answer, Submission};
use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::id::{InstanceId, Ticket};
use reinstall_core::record::Scribe;
use reinstall_mock_server::cloud::refusal::Refusal;
use reinstall_mock_server::cloud::request::ReinstallRequest;

use super::{Happening, Sent, World};
use crate::network::{CALL_MAX, Fate, fault, latency};
use crate::strangers::Meddling;
use crate::worse::refusal;

/// Any allowed password does: the cloud only checks it.
pub(super) const PASSWORD: &str = "Simulated+Login-77";

impl World {
    /// The client is asked to submit.
    pub(super) fn want_submission(&mut self, ticket: Ticket, submission: Submission) {
        let ids = submission.ids.as_slice();
        let unfit = ids.iter().copied().find(|id| !self.seen.get(id).is_some_and(super::is_fit));
        let sent = Sent {
            at: self.rollout().now(),
            is_on_record: self.is_on_record(ticket, &submission),
            after_halt: self.halted,
            tally: self.rollout().tally(),
            canary: self.rollout().tallies().first().copied().unwrap_or_default(),
            overlaps: None,
            unfit,
            submission,
        };
        self.decided = Some(sent.clone());
        self.want_to_send(ticket, sent);
    }

    /// It leaves.
    pub(super) fn send(&mut self, ticket: Ticket, mut sent: Sent) {
        let submission = sent.submission.clone();
        sent.at = self.clock.read(self.now);
        sent.after_halt = self.halted;
        sent.tally = self.rollout().tally();
        sent.canary = self.rollout().tallies().first().copied().unwrap_or_default();
        sent.overlaps = submission.ids.as_slice().iter().copied().find(|id| self.in_the_air.contains_key(id));
        self.sent.push(sent);
        self.strangers_come(&submission);
        let fate = if self.row.chance(self.scene.worse.refuses_after) {
            Fate::RefusedAfter { wholly: self.row.chance(60) }
        } else {
            Fate::draw(&mut self.row, self.scene.weather, self.scene.late_max)
        };
        let way = latency(&mut self.row);
        match fate {
            Fate::NotSent => self.fail(ticket, way, FaultKind::Unreachable),
            Fate::LostBefore(kind) => self.fail(ticket, give_up(kind, way), kind),
            Fate::Throttled(retry_after) => {
                let throttled = Fault { retry_after, ..fault(FaultKind::Throttled) };
                self.answer_after(way, ticket, Answer::Failed(throttled));
            }
            Fate::Late(way) => {
                self.fail(ticket, CALL_MAX, FaultKind::TimedOut);
                self.depart(way, ticket, submission, fate);
            }
            Fate::Fine | Fate::LostAfter(_) | Fate::Partial { .. } | Fate::Strange | Fate::RefusedAfter { .. } => {
                self.depart(way, ticket, submission, fate);
            }
        }
    }

    fn depart(&mut self, way: Duration, ticket: Ticket, submission: Submission, fate: Fate) {
        for &id in submission.ids.as_slice() {
            *self.in_the_air.entry(id).or_default() += 1;
        }
        self.enqueue(way, Happening::Arrives(self.life, ticket, submission, fate));
    }

    /// Strangers do not know that somebody is about to reinstall.
    fn strangers_come(&mut self, submission: &Submission) {
        for &id in submission.ids.as_slice() {
            if self.row.chance(self.scene.strangers) {
                self.stranger_comes(id, CALL_MAX * 8);
            }
        }
    }

    /// Some of them come before anybody else.
    pub(super) fn expect_strangers(&mut self, within: Duration) {
        for id in self.scene.plan.targets().collect::<Vec<_>>() {
            if self.row.chance(self.scene.strangers) {
                self.stranger_comes(id, within);
            }
        }
    }

    fn stranger_comes(&mut self, id: InstanceId, within: Duration) {
        let after = self.row.between(Duration::ZERO, within);
        let lasts = self.row.between(CALL_MAX / 3, CALL_MAX * 6);
        let reboots = self.scene.worse.strangers_reboot && self.row.chance(50);
        let what = if reboots { Meddling::Reboots } else { *self.row.pick(&Meddling::ALL) };
        self.enqueue(after, Happening::Meddles(id, what, lasts));
    }

    /// Whether the last thing that the disk has for certain is the intent of this submission.
    fn is_on_record(&self, ticket: Ticket, submission: &Submission) -> bool {
        let last = self.recorded.journal().last_certain();
        last.is_some_and(|line| line.entry == Scribe::intent(ticket, submission))
    }

    /// A submission reaches the cloud: this is the moment that wipes.
    pub(super) fn arrive(&mut self, life: u32, ticket: Ticket, submission: &Submission, fate: Fate) {
        let all = submission.ids.as_slice();
        for id in all {
            if let Some(count) = self.in_the_air.get_mut(id).filter(|count| **count > 1) {
                *count -= 1;
            } else {
                self.in_the_air.remove(id);
            }
        }
        let named = match fate {
            Fate::Partial { .. } | Fate::RefusedAfter { wholly: false } => &all[..all.len() / 2],
            Fate::Fine
            | Fate::NotSent
            | Fate::LostBefore(_)
            | Fate::LostAfter(_)
            | Fate::Late(_)
            | Fate::Throttled(_)
            | Fate::RefusedAfter { wholly: true }
            | Fate::Strange => all,
        };
        let takes_part = matches!(fate, Fate::Partial { all_took_hold: false } | Fate::RefusedAfter { wholly: false });
        let seized = if takes_part { named } else { all };
        let answer = match self.seize(submission, seized) {
            Err(fault) => Answer::Failed(fault),
            Ok(()) => {
                let stranger = matches!(fate, Fate::Strange).then(|| InstanceId::from_bits(u128::MAX));
                Answer::Accepted { ids: named.iter().copied().chain(stranger).collect(), request_id: None }
            }
        };
        if life != self.life {
            return;
        }
        match fate {
            Fate::Late(_) => {}
            Fate::LostAfter(kind) => {
                let way = latency(&mut self.row);
                self.fail(ticket, give_up(kind, way), kind);
            }
            Fate::RefusedAfter { .. } => {
                let refused = refusal(&mut self.row, all);
                self.answer_later(ticket, Answer::Failed(refused));
            }
            Fate::Fine
            | Fate::NotSent
            | Fate::LostBefore(_)
            | Fate::Throttled(_)
            | Fate::Partial { .. }
            | Fate::Strange => self.answer_later(ticket, answer),
        }
    }

    /// The cloud takes hold of some of those whom a submission names, or refuses.
    fn seize(&mut self, submission: &Submission, seized: &[InstanceId]) -> Result<(), Fault> {
        self.gateway.pass(self.now)?;
        let ids = submission.ids.as_slice();
        let poisoned: Vec<InstanceId> = ids.iter().copied().filter(|id| self.scene.poisoned.contains(id)).collect();
        if !poisoned.is_empty() {
            let named = if self.scene.names_poisoned { poisoned } else { vec![] };
            return Err(Fault { named, ..fault(FaultKind::NotFound) });
        }
        if ids.iter().any(|id| self.strangers.holds(self.now, *id)) {
            return Err(fault(FaultKind::Rejected));
        }
        // An empty list cannot take hold of anybody, and the mock would refuse it.
        if seized.is_empty() {
            return Ok(());
        }
        let request = ReinstallRequest::of(seized, submission.image, PASSWORD);
        self.cloud.reinstall(self.now, &request).map_err(|refusal| fault(kind_of(&refusal)))?;
        self.seized = seized.to_vec();
        Ok(())
    }
}

/// A client that got no answer finds out when its time is up; all else it hears of at once.
fn give_up(kind: FaultKind, way: Duration) -> Duration {
    if kind == FaultKind::TimedOut { CALL_MAX } else { way }
}

fn kind_of(refusal: &Refusal) -> FaultKind {
    match refusal.status() {
        404 => FaultKind::NotFound,
        403 => FaultKind::Forbidden,
        _ => FaultKind::Rejected,
    }
}
