//! A recorded rollout over a made-up cloud, in which every second request gets no answer.

use std::collections::VecDeque;

use super::Recorded;
use crate::action::{Action, Answer, Event, Look};
use crate::fault::{Fault, FaultKind};
use crate::id::{ImageId, InstanceId};
use crate::journal::{Journal, Keep, MemoryJournal};
use crate::plan::Plan;
use crate::policy::Policy;
use crate::record::{Entry, Line, Opening, Replay, ReplayError, SCHEMA};
use crate::rollout::Rollout;
use crate::sighting::Sighting;
use crate::spec::CheckedSpec;
use crate::summary::{HaltCause, Outcome, Summary};
use crate::testing::sighting;
use crate::time::Timestamp;

const START: Timestamp = Timestamp::from_millis(1_000_000_000);
const SEED: u64 = 11;

fn plan(targets: u128) -> Plan {
    let instances = (0..targets).map(InstanceId::from_bits).collect();
    let spec = CheckedSpec { instances, image: Some(ImageId::from_bits(9)), policy: Policy::default() };
    Plan::draw(&spec, "project".parse().unwrap())
}

fn begin<J: Journal>(targets: u128, journal: J) -> Recorded<J> {
    Recorded::new(Rollout::new(plan(targets), SEED, START), journal)
}

/// What the made-up cloud answers. A request shows at the third look after it.
fn answer(action: &Action, turn: u32) -> Answer {
    match action {
        Action::Look(_, ids) => {
            let text = ["running/install-succeed", "running/reinstall-processing", "running/reinstall-succeed"];
            let look = |id: &InstanceId| {
                let name = Some(format!("web-{:?}", id.to_bits()).as_str().into());
                Look::Seen(Sighting { name, ..sighting(text[(turn as usize / 7) % 3]) })
            };
            Answer::Looked(ids.iter().map(|id| (*id, look(id))).collect())
        }
        Action::Submit(_, submission) if turn.is_multiple_of(2) => {
            Answer::Accepted { ids: submission.ids.as_slice().to_vec(), request_id: None }
        }
        Action::Submit(..) => Answer::Failed(Fault::new(FaultKind::TimedOut, "no answer")),
    }
}

/// Drives a rollout to its end. `each` sees every action before it is carried out, and the rollout before every event.
fn drive<J: Journal>(mut recorded: Recorded<J>, mut each: impl FnMut(&Recorded<J>, Option<&Action>)) -> Recorded<J> {
    let mut out = VecDeque::new();
    for turn in 0..10_000 {
        while let Some(action) = recorded.poll_action() {
            each(&recorded, Some(&action));
            out.push_back(action);
        }
        while recorded.poll_notice().is_some() {}
        each(&recorded, None);
        if recorded.rollout().is_finished() {
            return recorded;
        }
        let now = recorded.rollout().now();
        match out.pop_front() {
            Some(action) => {
                let (Action::Look(ticket, _) | Action::Submit(ticket, _)) = &action;
                recorded.handle(now, Event::Answered(*ticket, answer(&action, turn)));
            }
            None => {
                let (at, _) = recorded.rollout().next_deadline().expect("something is due");
                recorded.handle(at, Event::Tick);
            }
        }
    }
    panic!("it goes on and on: {:?}", recorded.rollout().tally());
}

fn summary<J: Journal>(recorded: Recorded<J>) -> Summary {
    recorded.into_parts().0.into_summary()
}

fn replay(lines: &[Line]) -> Result<Rollout, ReplayError> {
    let mut replay = Replay::new(Opening::new(&plan(30), SEED, START))?;
    lines.iter().try_for_each(|line| replay.line(line.clone()))?;
    Ok(replay.into_rollout())
}

#[test]
fn no_request_comes_out_before_its_intent_is_written() {
    let mut submits = 0;
    drive(begin(30, MemoryJournal::default()), |recorded, action| {
        if let Some(Action::Submit(ticket, submission)) = action {
            let last = recorded.journal().lines().last().expect("a line");
            assert!(
                matches!(&last.entry, Entry::Intent { ticket: t, ids, .. } if t == ticket && *ids == submission.ids)
            );
            submits += 1;
        }
    });
    assert!(submits >= 3, "{submits}");
}

#[test]
fn the_lines_bring_back_the_same_rollout_at_every_moment() {
    let mut moments = 0;
    let finished = drive(begin(30, MemoryJournal::default()), |recorded, action| {
        if action.is_none() {
            let back = replay(recorded.journal().lines()).unwrap();
            let live = recorded.rollout();
            assert_eq!(
                (back.tallies(), back.next_deadline(), back.now()),
                (live.tallies(), live.next_deadline(), live.now())
            );
            moments += 1;
        }
    });
    assert!(moments > 30, "{moments}");
    let back = replay(finished.journal().lines()).unwrap();
    assert_eq!(back.into_summary(), summary(finished));
}

#[test]
fn lines_survive_being_text_and_repeated_looks_cost_little() {
    let finished = drive(begin(30, MemoryJournal::default()), |_, _| ());
    let mut same = 0;
    for line in finished.journal().lines() {
        let json = serde_json::to_string(line).unwrap();
        assert_eq!(&serde_json::from_str::<Line>(&json).unwrap(), line, "{json}");
        if let Entry::Looked { seen, gone, unread, .. } = &line.entry
            && seen.is_empty()
        {
            assert!(gone.is_empty() && unread.is_empty() && json.len() < 80, "{json}");
            same += 1;
        }
    }
    assert!(same > 5, "{same}");
}

/// Fails at the given append, and would be glad of no other after that.
#[derive(Debug)]
struct Full {
    left: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("the disk is full")]
struct DiskFull;

impl Journal for Full {
    type Error = DiskFull;

    fn append(&mut self, _: &Line, _: Keep) -> Result<(), DiskFull> {
        self.left = self.left.checked_sub(1).ok_or(DiskFull)?;
        Ok(())
    }
}

#[test]
fn what_cannot_be_written_down_is_not_sent() {
    for left in 0..60 {
        let ended = drive(begin(30, Full { left }), |recorded, action| {
            let is_lost = recorded.failure().is_some();
            assert!(!(is_lost && matches!(action, Some(Action::Submit(..)))), "sent after {left} lines");
        });
        if ended.failure().is_none() {
            assert!(left > 30, "{left} lines were enough");
            continue;
        }
        let summary = summary(ended);
        assert_eq!(summary.halted, Some(HaltCause::Unrecorded { message: "the disk is full".into() }));
        let is_seen_through = |outcome| matches!(outcome, Outcome::Succeeded | Outcome::NotStarted);
        assert!(summary.reports.iter().all(|report| is_seen_through(report.outcome)), "{summary:?}");
    }
}

#[test]
fn a_journal_that_was_changed_is_refused() {
    let lines = drive(begin(30, MemoryJournal::default()), |_, _| ()).into_parts().1.lines().to_vec();
    let is_intent = |line: &Line| matches!(line.entry, Entry::Intent { .. });
    let first = lines.iter().position(is_intent).unwrap();
    let told = |edit: &dyn Fn(&mut Vec<Line>)| {
        let mut edited = lines.clone();
        edit(&mut edited);
        replay(&edited).unwrap_err().to_string()
    };

    let without_intent = told(&|lines| drop(lines.remove(first)));
    assert!(without_intent.contains("does not follow"), "{without_intent}");
    let another = told(&|lines| {
        if let Entry::Intent { ids, .. } = &mut lines[first].entry {
            *ids = vec![InstanceId::from_bits(29)].try_into().unwrap();
        }
    });
    assert!(another.contains(&format!("line {}", first + 1)), "{another}");
    let without_look = told(&|lines| drop(lines.remove(0)));
    assert!(without_look.contains("damaged") || without_look.contains("does not follow"), "{without_look}");

    let newer = Opening { schema: SCHEMA + 1, program: "9.9.9".into(), ..Opening::new(&plan(1), 0, START) };
    let refused = Replay::new(newer).unwrap_err().to_string();
    assert!(refused.contains("9.9.9") && refused.contains("up to 1"), "{refused}");
}
