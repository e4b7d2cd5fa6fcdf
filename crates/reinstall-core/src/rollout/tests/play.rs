//! Plays the cloud and the driver for the machine, step by step.

use std::collections::VecDeque;
use std::time::Duration;

use crate::action::{Action, Answer, Event, Look, Order, Submission};
use crate::fault::{Fault, FaultKind};
use crate::id::{ImageId, InstanceId, RequestId, Ticket};
use crate::notice::{News, Notice};
use crate::plan::Plan;
use crate::policy::Policy;
use crate::rollout::Rollout;
use crate::spec::CheckedSpec;
use crate::summary::{Outcome, Report, Summary};
use crate::testing::sighting;
use crate::text::CloudText;
use crate::time::Timestamp;

/// The seed of every play.
const SEED: u64 = 7;

/// The moment every play begins.
pub(in crate::rollout) const START: Timestamp = Timestamp::from_millis(1_000_000_000);

/// A fault such as the client makes of this kind of failure. A refusal carries a code of the service.
pub(in crate::rollout) fn fault(kind: FaultKind) -> Fault {
    Fault { request_id: RequestId::new("req-1"), code: code(kind), ..Fault::new(kind, "the cloud's words") }
}

fn code(kind: FaultKind) -> Option<CloudText> {
    match kind {
        FaultKind::Rejected => Some("iMetal.0201".into()),
        FaultKind::NotFound => Some("iMetal.0200".into()),
        FaultKind::Unauthorized | FaultKind::Lapsed => Some("APIGW.0301".into()),
        FaultKind::Forbidden => Some("iMetal.0004".into()),
        FaultKind::NoSuchCall => Some("APIGW.0101".into()),
        FaultKind::Throttled => Some("APIGW.0308".into()),
        FaultKind::Unreachable
        | FaultKind::HeldBack
        | FaultKind::TimedOut
        | FaultKind::Broken
        | FaultKind::Redirected
        | FaultKind::ServerFailed
        | FaultKind::Unexpected
        | FaultKind::Unreadable => None,
    }
}

/// A plan for targets 0, 1, 2..
pub(in crate::rollout) fn plan(targets: u128, policy: Policy, image: Option<ImageId>) -> Plan {
    assert_eq!(policy.objections(), [], "a play needs a policy that a spec could have");
    let instances = (0..targets).map(InstanceId::from_bits).collect();
    Plan::draw(&CheckedSpec { instances, image, policy }, "project".parse().unwrap())
}

/// A rollout under way, with the moment it is and the actions nobody has answered yet.
pub(in crate::rollout) struct Play {
    pub(in crate::rollout) rollout: Rollout,
    pub(in crate::rollout) now: Timestamp,
    actions: VecDeque<Action>,
    /// All that the rollout was told.
    inputs: Vec<(Timestamp, Event)>,
    pub(in crate::rollout) notices: Vec<Notice>,
}

impl Play {
    /// Targets 0, 1, 2.. under this policy.
    pub(in crate::rollout) fn new(targets: u128, policy: Policy) -> Self {
        Self::with_image(targets, policy, None)
    }

    /// The same, with an image to install.
    pub(in crate::rollout) fn with_image(targets: u128, policy: Policy, image: Option<ImageId>) -> Self {
        Self::of(plan(targets, policy, image))
    }

    /// The play of a plan.
    pub(in crate::rollout) fn of(plan: Plan) -> Self {
        let rollout = Rollout::new(plan, SEED, START);
        let mut play = Self { rollout, now: START, actions: VecDeque::new(), inputs: vec![], notices: vec![] };
        play.drain();
        play
    }

    fn drain(&mut self) {
        self.actions.extend(std::iter::from_fn(|| self.rollout.poll_action()));
        self.notices.extend(std::iter::from_fn(|| self.rollout.poll_notice()));
    }

    pub(in crate::rollout) fn handle(&mut self, event: Event) {
        self.inputs.push((self.now, event.clone()));
        self.rollout.handle(self.now, event);
        self.drain();
    }

    /// The rollout, brought back from what it was told.
    pub(in crate::rollout) fn replayed(&self) -> Rollout {
        let mut back = Rollout::new(self.rollout.plan().clone(), SEED, START);
        for (at, event) in self.inputs.clone() {
            back.handle(at, event);
        }
        while back.poll_action().is_some() {}
        while back.poll_notice().is_some() {}
        back
    }

    /// The program ends here and comes back after a while.
    pub(in crate::rollout) fn resume(&mut self, away: Duration) {
        self.now = self.now + away;
        self.rollout = self.replayed();
        self.actions.clear();
        self.handle(Event::Resumed);
    }

    pub(in crate::rollout) fn answer(&mut self, ticket: Ticket, answer: Answer) {
        self.handle(Event::Answered(ticket, answer));
    }

    pub(in crate::rollout) fn halt(&mut self) {
        self.handle(Event::Ordered(Order::Halt));
    }

    /// Lets time go by, with one tick at the end.
    pub(in crate::rollout) fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
        self.handle(Event::Tick);
    }

    /// The next action nobody has answered; waits for the deadlines on the way. `None` once all is over, or if only an
    /// answer can move things on.
    pub(in crate::rollout) fn next_action(&mut self) -> Option<Action> {
        for _ in 0..1_000 {
            if let Some(action) = self.actions.pop_front() {
                return Some(action);
            }
            let (deadline, _) = self.rollout.next_deadline()?;
            assert!(deadline > self.now, "a deadline that has passed would spin");
            self.now = deadline;
            self.handle(Event::Tick);
        }
        panic!("a thousand deadlines without an action");
    }

    /// The actions that wait for an answer right now.
    pub(in crate::rollout) fn take_actions(&mut self) -> Vec<Action> {
        self.actions.drain(..).collect()
    }

    pub(in crate::rollout) fn next_look(&mut self) -> (Ticket, Vec<InstanceId>) {
        match self.next_action() {
            Some(Action::Look(ticket, ids)) => (ticket, ids),
            other => panic!("expected a look, got {other:?}"),
        }
    }

    pub(in crate::rollout) fn next_submit(&mut self) -> (Ticket, Submission) {
        match self.next_action() {
            Some(Action::Submit(ticket, submission)) => (ticket, submission),
            other => panic!("expected a submission, got {other:?}"),
        }
    }

    /// Answers a look: every instance looks like this.
    pub(in crate::rollout) fn show(&mut self, ticket: Ticket, ids: &[InstanceId], text: &str) {
        let looks = ids.iter().map(|&id| (id, Look::Seen(sighting(text)))).collect();
        self.answer(ticket, Answer::Looked(looks));
    }

    /// Answers every look like that until nothing happens any more; no submission may come.
    pub(in crate::rollout) fn show_all(&mut self, text: &str) {
        while let Some(action) = self.next_action() {
            let Action::Look(ticket, ids) = action else { panic!("expected no submission, got {action:?}") };
            self.show(ticket, &ids, text);
        }
    }

    /// Answers a submission: accepted, these named.
    pub(in crate::rollout) fn accept(&mut self, ticket: Ticket, ids: &[InstanceId]) {
        self.answer(ticket, Answer::Accepted { ids: ids.to_vec(), request_id: RequestId::new("req-1") });
    }

    /// Answers every look with `text`, accepts every submission, until nothing happens any more. Gives the submissions.
    pub(in crate::rollout) fn run_with(&mut self, mut text: impl FnMut(InstanceId, bool) -> String) -> Vec<Submission> {
        let mut submissions: Vec<Submission> = vec![];
        while let Some(action) = self.next_action() {
            match action {
                Action::Look(ticket, ids) => {
                    let sent = |id: &InstanceId| submissions.iter().any(|s| s.ids.as_slice().contains(id));
                    let looks = ids.iter().map(|id| (*id, Look::Seen(sighting(&text(*id, sent(id)))))).collect();
                    self.answer(ticket, Answer::Looked(looks));
                }
                Action::Submit(ticket, submission) => {
                    self.accept(ticket, submission.ids.as_slice());
                    submissions.push(submission);
                }
            }
        }
        submissions
    }

    pub(in crate::rollout) fn summary(self) -> Summary {
        assert!(self.rollout.is_finished(), "{:?}", self.rollout.tally());
        self.rollout.into_summary()
    }

    pub(in crate::rollout) fn told(&self, wanted: impl Fn(&News) -> bool) -> usize {
        self.notices.iter().filter(|notice| wanted(&notice.news)).count()
    }
}

/// The numbers of instances, for short comparisons.
pub(in crate::rollout) fn numbers(ids: &[InstanceId]) -> Vec<u128> {
    ids.iter().map(|id| id.to_bits()).collect()
}

/// `succeeded succeeded failed`
pub(in crate::rollout) fn outcomes(reports: &[Report]) -> String {
    reports.iter().map(|report| report.outcome.word()).collect::<Vec<_>>().join(" ")
}

/// How many of the reports have this outcome.
pub(in crate::rollout) fn count(summary: &Summary, outcome: Outcome) -> usize {
    summary.counts()[&outcome]
}
