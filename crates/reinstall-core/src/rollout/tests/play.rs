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
use crate::time::Timestamp;

/// The moment every play begins.
pub(super) const START: Timestamp = Timestamp::from_millis(1_000_000_000);

/// A fault such as the client makes of this status.
pub(super) fn fault(kind: FaultKind) -> Fault {
    Fault { request_id: RequestId::new("req-1"), ..Fault::new(kind, "the cloud's words") }
}

/// A rollout under way, with the moment it is and the actions nobody has answered yet.
pub(super) struct Play {
    pub(super) rollout: Rollout,
    pub(super) now: Timestamp,
    actions: VecDeque<Action>,
    pub(super) notices: Vec<Notice>,
}

impl Play {
    /// Targets 0, 1, 2.. under this policy.
    pub(super) fn new(targets: u128, policy: Policy) -> Self {
        Self::with_image(targets, policy, None)
    }

    /// The same, with an image to install.
    pub(super) fn with_image(targets: u128, policy: Policy, image: Option<ImageId>) -> Self {
        assert_eq!(policy.objections(), [], "a play needs a policy that a spec could have");
        let instances = (0..targets).map(InstanceId::from_bits).collect();
        let plan = Plan::draw(&CheckedSpec { instances, image, policy }, "project".parse().unwrap());
        let rollout = Rollout::new(plan, 7, START);
        let mut play = Self { rollout, now: START, actions: VecDeque::new(), notices: vec![] };
        play.drain();
        play
    }

    fn drain(&mut self) {
        self.actions.extend(std::iter::from_fn(|| self.rollout.poll_action()));
        self.notices.extend(std::iter::from_fn(|| self.rollout.poll_notice()));
    }

    pub(super) fn handle(&mut self, event: Event) {
        self.rollout.handle(self.now, event);
        self.drain();
    }

    pub(super) fn answer(&mut self, ticket: Ticket, answer: Answer) {
        self.handle(Event::Answered(ticket, answer));
    }

    pub(super) fn halt(&mut self) {
        self.handle(Event::Ordered(Order::Halt));
    }

    /// Lets time go by, with one tick at the end.
    pub(super) fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
        self.handle(Event::Tick);
    }

    /// The next action nobody has answered; waits for the deadlines on the way. `None` once all is over, or if only an
    /// answer can move things on.
    pub(super) fn next_action(&mut self) -> Option<Action> {
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
    pub(super) fn take_actions(&mut self) -> Vec<Action> {
        self.actions.drain(..).collect()
    }

    pub(super) fn next_look(&mut self) -> (Ticket, Vec<InstanceId>) {
        match self.next_action() {
            Some(Action::Look(ticket, ids)) => (ticket, ids),
            other => panic!("expected a look, got {other:?}"),
        }
    }

    pub(super) fn next_submit(&mut self) -> (Ticket, Submission) {
        match self.next_action() {
            Some(Action::Submit(ticket, submission)) => (ticket, submission),
            other => panic!("expected a submission, got {other:?}"),
        }
    }

    /// Answers a look: every instance looks like this.
    pub(super) fn show(&mut self, ticket: Ticket, ids: &[InstanceId], text: &str) {
        let looks = ids.iter().map(|&id| (id, Look::Seen(sighting(text)))).collect();
        self.answer(ticket, Answer::Looked(looks));
    }

    /// Answers a submission: accepted, these named.
    pub(super) fn accept(&mut self, ticket: Ticket, ids: &[InstanceId]) {
        self.answer(ticket, Answer::Accepted { ids: ids.to_vec(), request_id: RequestId::new("req-1") });
    }

    /// Answers every look with `text`, accepts every submission, until nothing happens any more. Gives the submissions.
    pub(super) fn run_with(&mut self, mut text: impl FnMut(InstanceId, bool) -> String) -> Vec<Submission> {
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

    pub(super) fn summary(self) -> Summary {
        assert!(self.rollout.is_finished(), "{:?}", self.rollout.tally());
        self.rollout.into_summary()
    }

    pub(super) fn told(&self, wanted: impl Fn(&News) -> bool) -> usize {
        self.notices.iter().filter(|notice| wanted(&notice.news)).count()
    }
}

/// The numbers of instances, for short comparisons.
pub(super) fn numbers(ids: &[InstanceId]) -> Vec<u128> {
    ids.iter().map(|id| id.to_bits()).collect()
}

/// `succeeded succeeded failed`
pub(super) fn outcomes(reports: &[Report]) -> String {
    reports.iter().map(|report| report.outcome.word()).collect::<Vec<_>>().join(" ")
}

/// How many of the reports have this outcome.
pub(super) fn count(summary: &Summary, outcome: Outcome) -> usize {
    summary.counts()[&outcome]
}
