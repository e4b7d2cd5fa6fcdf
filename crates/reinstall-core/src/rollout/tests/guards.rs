//! What a site asks for: enough that stay available, and nothing new out of hours.

use std::time::Duration;

use crate::action::{Action, Answer};
use crate::fault::FaultKind;
use crate::id::InstanceId;
use crate::instance::InstanceState;
use crate::policy::{Policy, Share};
use crate::rollout::Wake;
use crate::summary::{Conclusion, HaltCause, Outcome};
use crate::survey::{Survey, Surveyed};

use super::play::{Play, START, count, fault, numbers, outcomes, plan};

const MINUTE: Duration = Duration::from_secs(60);

/// One wave of everybody, of whom so many may be unavailable, and any may fail.
fn at_most(unavailable: usize) -> Policy {
    Policy {
        waves: "100%".parse().unwrap(),
        max_unavailable: Some(Share::Count(unavailable)),
        failures_max: Share::Percent(100),
        ..Policy::default()
    }
}

/// A play of so many targets, of whom some are down and known to be.
fn play_with_down(targets: u128, down: &[u128], policy: Policy) -> Play {
    let surveyed = |bits: u128| {
        let state = if down.contains(&bits) { InstanceState::Stopped } else { InstanceState::Running };
        (InstanceId::from_bits(bits), Surveyed { state: Some(state), ..Surveyed::default() })
    };
    let survey: Survey = (0..targets).map(surveyed).collect();
    Play::of(plan(targets, policy, None).bound_to(survey))
}

#[test]
fn those_that_were_down_before_take_room() {
    let from_running = at_most(4);
    let from_stopped = Policy { start_states: [InstanceState::Running, InstanceState::Stopped].into(), ..at_most(4) };
    let too_few = |unavailable| Some(HaltCause::TooFewAvailable { unavailable, unavailable_max: 4 });
    for (down, policy, requests, halted) in [
        (&[][..], &from_running, vec![4, 4, 2], None),
        // Left alone, they stay down.
        (&[8, 9], &from_running, vec![2, 2, 2, 2], None),
        (&[0, 9], &from_running, vec![2, 1, 2, 2, 1], None),
        (&[6, 7, 8, 9], &from_running, vec![], too_few(4)),
        (&[5, 6, 7, 8, 9], &from_running, vec![], too_few(5)),
        // Reinstalled, they are up again, and count but once meanwhile.
        (&[0, 1], &from_stopped, vec![4, 4, 2], None),
        (&[0, 1, 2, 3], &from_stopped, vec![4, 4, 2], None),
        (&[0, 1, 2, 3, 4], &from_stopped, vec![], too_few(5)),
    ] {
        let mut play = play_with_down(10, down, policy.clone());
        let submissions = play.run_with(|id, submitted| match (submitted, down.contains(&id.to_bits())) {
            (true, _) => "running/reinstall-succeed".into(),
            (false, true) => "stopped/install-succeed".into(),
            (false, false) => "running/install-succeed".into(),
        });
        let sizes: Vec<usize> = submissions.iter().map(|submission| submission.ids.len()).collect();
        let mut once: Vec<u128> = submissions.iter().flat_map(|sent| numbers(sent.ids.as_slice())).collect();
        once.dedup();
        assert_eq!((sizes.iter().sum::<usize>(), sizes), (once.len(), requests), "{down:?} were down");
        let summary = play.summary();
        assert_eq!(summary.halted, halted, "{down:?} were down");
        if halted.is_some() {
            assert_eq!(summary.conclusion(), Conclusion::Halted);
            assert_eq!(summary.reports[9].reason.as_ref().unwrap().code.as_str(), "too_few_available");
        }
    }
}

/// Whoever failed stays unavailable, so that requests become smaller until there is no room at all.
#[test]
fn those_that_failed_take_room_until_there_is_none() {
    let mut play = Play::new(12, Policy { waves: "1,100%".parse().unwrap(), ..at_most(3) });
    let submissions = play.run_with(|id, submitted| match (submitted, id.to_bits()) {
        (true, 2 | 5 | 6) => "error/reinstall-failed".into(),
        (true, _) => "running/reinstall-succeed".into(),
        (false, _) => "running/install-succeed".into(),
    });
    let sent: Vec<Vec<u128>> = submissions.iter().map(|submission| numbers(submission.ids.as_slice())).collect();
    assert_eq!(sent, [vec![0], vec![1, 2, 3], vec![4, 5], vec![6]]);
    let summary = play.summary();
    assert_eq!(summary.halted, Some(HaltCause::TooFewAvailable { unavailable: 3, unavailable_max: 3 }));
    assert_eq!((count(&summary, Outcome::Failed), count(&summary, Outcome::NotStarted)), (3, 5));
}

#[test]
fn room_that_may_come_is_waited_for() {
    let mut play = Play::new(4, Policy { batch_max: 2, ..at_most(3) });
    let (ticket, ids) = play.next_look();
    assert_eq!(numbers(&ids), [0, 1]);
    assert_eq!(play.take_actions(), [], "a second batch would make four");
    play.show(ticket, &ids, "running/install-succeed");
    let (ticket, _) = play.next_submit();
    play.accept(ticket, &ids);
    let (ticket, ids) = play.next_look();
    assert_eq!(numbers(&ids), [0, 1], "no baseline of others yet");
    play.show(ticket, &ids[..1], "running/reinstall-succeed");
    while play.rollout.tally().succeeded == 0 {
        let (ticket, ids) = play.next_look();
        let done = if ids[0].to_bits() == 0 { &ids[..1] } else { &[] };
        play.show(ticket, done, "running/reinstall-succeed");
    }
    let looked_at: Vec<Vec<u128>> = play
        .take_actions()
        .iter()
        .map(|action| match action {
            Action::Look(_, ids) => numbers(ids),
            Action::Submit(..) => panic!("{action:?}"),
        })
        .collect();
    assert_eq!(looked_at, [[2, 3]], "one is back, which makes room for two");
}

#[test]
fn nothing_starts_at_closing_time() {
    let policy = Policy { waves: "100%".parse().unwrap(), batch_max: 2, in_flight_max: 2, ..Policy::default() };
    for (closes_after, wiped, ends) in [
        (Duration::ZERO, 0, "not_started not_started not_started not_started"),
        (MINUTE, 2, "succeeded succeeded not_started not_started"),
        (90 * MINUTE, 4, "succeeded succeeded succeeded succeeded"),
    ] {
        let closes_at = START + closes_after;
        let mut play = Play::new(4, Policy { closes_at: Some(closes_at), ..policy.clone() });
        let mut sent = 0;
        while let Some(action) = play.next_action() {
            match action {
                Action::Look(ticket, ids) => {
                    let is_late = play.now.since(START) > 10 * MINUTE;
                    let text = match (sent, is_late) {
                        (0, _) | (2, true) if ids[0].to_bits() / 2 == sent / 2 => "running/install-succeed",
                        (_, false) => "running/reinstall-processing",
                        (_, true) => "running/reinstall-succeed",
                    };
                    play.show(ticket, &ids, text);
                }
                Action::Submit(ticket, submission) => {
                    assert!(play.now < closes_at);
                    sent += submission.ids.len() as u128;
                    play.accept(ticket, submission.ids.as_slice());
                }
            }
        }
        let summary = play.summary();
        assert_eq!((sent, outcomes(&summary.reports)), (wiped, ends.to_owned()));
        assert_eq!(summary.halted, (wiped < 4).then_some(HaltCause::WindowClosed { at: closes_at }));
        let conclusion = if wiped < 4 { Conclusion::Halted } else { Conclusion::AllSucceeded };
        assert_eq!(summary.conclusion(), conclusion);
    }
}

/// Closing time is a deadline of its own, and a baseline that comes back after it is not acted upon, tick or no tick.
#[test]
fn a_baseline_from_before_closing_time_is_not_used_after_it() {
    for ticks in [true, false] {
        let closes_at = START + MINUTE;
        let mut play = Play::new(1, Policy { closes_at: Some(closes_at), ..Policy::default() });
        let (ticket, ids) = play.next_look();
        assert_eq!(play.rollout.next_deadline(), Some((closes_at, Wake::Close)));
        play.now = closes_at;
        if ticks {
            play.wait(Duration::ZERO);
            assert_eq!(play.rollout.next_deadline(), None, "only the answer can move things on");
        }
        play.show(ticket, &ids, "running/install-succeed");
        assert_eq!(play.take_actions(), []);
        assert_eq!(play.summary().halted, Some(HaltCause::WindowClosed { at: closes_at }));
    }
}

/// What comes back untouched after closing time is not tried again, whatever there was left to start when it closed.
#[test]
fn what_comes_back_after_closing_time_stays() {
    let closes_at = START + MINUTE;
    let mut play = Play::new(1, Policy { closes_at: Some(closes_at), ..Policy::default() });
    let (ticket, ids) = play.next_look();
    play.show(ticket, &ids, "running/install-succeed");
    let (ticket, _) = play.next_submit();
    assert_eq!(play.rollout.next_deadline(), None, "nobody is left whom closing time would keep from starting");
    play.now = closes_at;
    play.answer(ticket, Answer::Failed(fault(FaultKind::Throttled)));
    play.show_all("running/install-succeed");
    let summary = play.summary();
    assert_eq!(outcomes(&summary.reports), "not_started");
    assert_eq!(summary.reports[0].reason.as_ref().unwrap().code.as_str(), "window_closed");
}
