//! Many targets: waves, gates, budgets, limits and orders.

use std::iter::repeat_n;
use std::time::Duration;

use crate::action::{Action, Answer, Look};
use crate::fault::{Fault, FaultKind};
use crate::id::{ImageId, InstanceId};
use crate::notice::News;
use crate::policy::{Policy, Share};
use crate::sighting::Sighting;
use crate::summary::{Conclusion, HaltCause, Outcome};

use super::play::{Play, START, count, fault, numbers, outcomes};
use crate::testing::sighting;

/// Looks, every 15 s, until one may believe that an instance that looks as before is at its end: 2 min after it moved, and
/// one more.
const RESTS: usize = 9;

fn waves(sizes: &str) -> Policy {
    Policy { waves: sizes.parse().unwrap(), ..Policy::default() }
}

/// What a look shows of an instance that is reinstalled at once.
fn quick(_: InstanceId, submitted: bool) -> String {
    if submitted { "running/reinstall-succeed".into() } else { "running/install-succeed".into() }
}

#[test]
fn every_target_is_submitted_once_in_the_order_of_the_plan() {
    let mut play = Play::new(120, Policy::default());
    let submissions = play.run_with(quick);
    let sizes: Vec<usize> = submissions.iter().map(|submission| submission.ids.len()).collect();
    assert_eq!(sizes, [1, 12, 50, 50, 7]);
    let sent: Vec<u128> = submissions.iter().flat_map(|submission| numbers(submission.ids.as_slice())).collect();
    assert_eq!(sent, (0..120).collect::<Vec<_>>());
    let summary = play.summary();
    assert_eq!(count(&summary, Outcome::Succeeded), 120);
    assert_eq!(summary.conclusion(), Conclusion::AllSucceeded);
}

#[test]
fn a_wave_starts_only_after_the_one_before_is_done() {
    let mut play = Play::new(3, waves("1,100%"));
    let (ticket, ids) = play.next_look();
    play.show(ticket, &ids, "running");
    let (ticket, submission) = play.next_submit();
    assert_eq!(numbers(submission.ids.as_slice()), [0]);
    play.accept(ticket, submission.ids.as_slice());
    let (ticket, ids) = play.next_look();
    play.show(ticket, &ids, "pending");
    for rest in repeat_n("running", RESTS) {
        assert_eq!(play.rollout.tallies()[1].waiting, 2, "wave 2 waits");
        let (ticket, ids) = play.next_look();
        assert_eq!(numbers(&ids), [0]);
        play.show(ticket, &ids, rest);
    }
    let (_, ids) = play.next_look();
    assert_eq!(numbers(&ids), [1, 2], "the baselines of wave 2");
    assert_eq!(play.told(|news| matches!(news, News::WaveOpened { .. })), 2);
}

#[test]
fn a_failed_canary_halts() {
    let mut play = Play::new(20, Policy { failures_max: Share::Percent(100), ..Policy::default() });
    let submissions = play
        .run_with(|id, submitted| if submitted { "error/reinstall-failed/X.1".into() } else { quick(id, submitted) });
    assert_eq!(submissions.len(), 1);
    let summary = play.summary();
    assert_eq!(summary.halted, Some(HaltCause::CanaryFailed { id: InstanceId::from_bits(0), name: None }));
    assert_eq!((count(&summary, Outcome::Failed), count(&summary, Outcome::NotStarted)), (1, 19));
    assert_eq!(summary.conclusion(), Conclusion::Halted);
}

#[test]
fn a_skipped_canary_proves_nothing() {
    let mut play = Play::new(3, waves("1,100%"));
    let submissions =
        play.run_with(|id, submitted| if id.to_bits() == 0 { "stopped".into() } else { quick(id, submitted) });
    assert_eq!(submissions, []);
    let summary = play.summary();
    assert_eq!(summary.halted, Some(HaltCause::CanaryUnproven));
    assert_eq!(outcomes(&summary.reports), "skipped not_started not_started");
    assert_eq!(summary.conclusion(), Conclusion::Halted);
}

#[test]
fn one_failure_more_than_the_budget_halts() {
    for (failures_max, submitted) in [(0, 2), (1, 3), (2, 4), (3, 5)] {
        let policy = Policy { failures_max: Share::Count(failures_max), ..waves("1") };
        let mut play = Play::new(5, policy);
        let submissions =
            play.run_with(
                |id, submitted| {
                    if submitted && id.to_bits() > 0 { "error".into() } else { quick(id, submitted) }
                },
            );
        assert_eq!(submissions.len(), submitted, "budget {failures_max}");
    }
}

/// When the budget was spent nobody waited, so that there was nothing to halt. Then a doubt is settled: that target would
/// be sent again, were it not for the budget.
#[test]
fn a_spent_budget_forbids_the_retry_of_what_was_on_its_way() {
    let policy = Policy { failures_max: Share::Count(0), batch_max: 1, ..waves("1,100%") };
    let mut play = Play::new(3, policy);
    let mut sent = vec![];
    while let Some(action) = play.next_action() {
        match action {
            Action::Look(ticket, ids) => {
                // The canary takes its time, or what can be missed between two looks would be too short.
                let is_over = play.now.since(START) > Duration::from_secs(600);
                let look = |id: &InstanceId| {
                    let text = match (id.to_bits(), sent.contains(&id.to_bits())) {
                        (0, true) if !is_over => "running/reinstall-processing",
                        (0, true) => "running/reinstall-succeed",
                        (2, true) => "running/reinstall-failed",
                        _ => "running/install-succeed",
                    };
                    (*id, Look::Seen(sighting(text)))
                };
                let looks = ids.iter().map(look).collect();
                play.answer(ticket, Answer::Looked(looks));
            }
            Action::Submit(ticket, submission) => {
                let id = submission.ids.as_slice()[0];
                sent.push(id.to_bits());
                match id.to_bits() {
                    1 => play.answer(ticket, Answer::Failed(fault(FaultKind::TimedOut))),
                    _ => play.accept(ticket, &[id]),
                }
            }
        }
    }
    assert_eq!(sent, [0, 1, 2]);
    let summary = play.summary();
    assert_eq!(outcomes(&summary.reports), "succeeded not_started failed");
    assert_eq!(summary.halted, Some(HaltCause::BudgetSpent { failures: 1, failures_max: 0 }));
}

#[test]
fn the_budget_counts_what_is_unresolved_and_spares_what_was_skipped() {
    let policy = Policy { failures_max: Share::Count(0), ..waves("1,1,1") };
    let mut play = Play::new(4, policy);
    let submissions = play.run_with(|id, submitted| match (id.to_bits(), submitted) {
        (1, false) => "stopped".into(),
        (2, true) => "running/install-succeed".into(),
        _ => quick(id, submitted),
    });
    assert_eq!(submissions.len(), 2);
    let summary = play.summary();
    assert_eq!(outcomes(&summary.reports), "succeeded skipped unresolved not_started");
    assert_eq!(summary.halted, Some(HaltCause::BudgetSpent { failures: 1, failures_max: 0 }));
}

#[test]
fn no_more_are_in_flight_than_allowed() {
    let policy = Policy { in_flight_max: 4, batch_max: 3, ..waves("100%") };
    let mut play = Play::new(8, policy);
    let mut sizes = vec![];
    for _ in 0..40 {
        let tally = play.rollout.tally();
        let in_flight = tally.submitting + tally.doubtful + tally.accepted + tally.installing;
        assert!(in_flight <= 4, "{tally:?}");
        match play.next_action() {
            Some(Action::Look(ticket, ids)) => {
                let looks = ids.iter().map(|id| {
                    let known = play.rollout.targets[usize::try_from(id.to_bits()).unwrap()].submitted_at.is_some();
                    (*id, Look::Seen(sighting(&quick(*id, known))))
                });
                let looks = looks.collect();
                play.answer(ticket, Answer::Looked(looks));
            }
            Some(Action::Submit(ticket, submission)) => {
                sizes.push(submission.ids.len());
                play.accept(ticket, submission.ids.as_slice());
            }
            None => break,
        }
    }
    assert_eq!(sizes, [3, 3, 2]);
    assert_eq!(count(&play.summary(), Outcome::Succeeded), 8);
}

#[test]
fn a_halt_starts_nothing_and_watches_to_the_end() {
    let mut play = Play::new(4, Policy { batch_max: 2, in_flight_max: 2, ..waves("100%") });
    let (ticket, ids) = play.next_look();
    play.show(ticket, &ids, "running");
    let (ticket, submission) = play.next_submit();
    play.halt();
    play.accept(ticket, submission.ids.as_slice());
    for shown in std::iter::once("pending").chain(repeat_n("running", RESTS)) {
        let (ticket, ids) = play.next_look();
        assert_eq!(numbers(&ids), [0, 1]);
        play.show(ticket, &ids, shown);
    }
    let summary = play.summary();
    assert_eq!(outcomes(&summary.reports), "succeeded succeeded not_started not_started");
    assert_eq!(summary.conclusion(), Conclusion::Halted);
}

#[test]
fn a_halt_between_baseline_and_request_sends_nothing() {
    let mut play = Play::new(2, waves("100%"));
    let (ticket, ids) = play.next_look();
    play.halt();
    play.show(ticket, &ids, "running");
    assert_eq!(play.take_actions(), []);
    assert_eq!(outcomes(&play.summary().reports), "not_started not_started");
}

#[test]
fn a_halt_while_in_doubt_sends_nothing_again() {
    let mut play = Play::new(1, waves("1"));
    let (ticket, ids) = play.next_look();
    play.show(ticket, &ids, "running/install-succeed");
    let (ticket, _) = play.next_submit();
    play.answer(ticket, Answer::Failed(fault(FaultKind::TimedOut)));
    play.halt();
    while let Some(action) = play.next_action() {
        let Action::Look(ticket, ids) = action else { panic!("sent again after a halt") };
        play.show(ticket, &ids, "running/install-succeed");
    }
    assert_eq!(outcomes(&play.summary().reports), "not_started");
}

/// One member that cannot be read any more spends the canary's patience in the same answer in which the others look fit.
#[test]
fn a_halt_in_the_middle_of_a_batch_stops_the_whole_batch() {
    let mut play = Play::new(3, waves("2,1"));
    let deadline = START + Policy::default().submit_within;
    loop {
        let (ticket, ids) = play.next_look();
        let looks = ids.iter().map(|&id| (id, Look::Unread(fault(FaultKind::ServerFailed)))).collect();
        if play.now >= deadline {
            let fit = (ids[0], Look::Seen(sighting("running")));
            let unread = (ids[1], Look::Unread(fault(FaultKind::ServerFailed)));
            play.answer(ticket, Answer::Looked(vec![fit, unread]));
            break;
        }
        play.answer(ticket, Answer::Looked(looks));
    }
    assert_eq!(play.take_actions(), [], "the canary failed, so nothing may be sent");
    assert_eq!(outcomes(&play.summary().reports), "not_started not_started not_started");
}

#[test]
fn a_refusal_that_concerns_all_halts_at_once() {
    let mut play = Play::new(30, Policy::default());
    let (ticket, ids) = play.next_look();
    play.show(ticket, &ids, "running");
    let (ticket, _) = play.next_submit();
    play.answer(ticket, Answer::Failed(fault(FaultKind::Unauthorized)));
    assert!(play.rollout.halted().is_some(), "nothing new is started");
    assert_eq!(play.rollout.tally().doubtful, 1, "the one it was about is watched");
    play.show_all("running");
    let summary = play.summary();
    assert_eq!(count(&summary, Outcome::NotStarted), 30);
    assert_eq!(summary.reports[29].reason.as_ref().unwrap().message.as_str(), "the cloud's words");
    assert_eq!(summary.conclusion(), Conclusion::NothingStarted);
}

#[test]
fn a_throttled_request_pauses_every_batch() {
    let mut play = Play::new(6, Policy { batch_max: 2, ..waves("100%") });
    let looks = play.take_actions();
    assert_eq!(looks.len(), 3, "three batches take their baselines side by side");
    for look in &looks {
        let Action::Look(ticket, ids) = look else { panic!("{look:?}") };
        play.show(*ticket, ids, "running");
        if let Some(Action::Submit(ticket, _)) = play.take_actions().pop() {
            let slow = Fault { retry_after: Some(Duration::from_secs(40)), ..fault(FaultKind::Throttled) };
            play.answer(ticket, Answer::Failed(slow));
            let (ticket, ids) = play.next_look();
            play.show(ticket, &ids, "running");
        }
    }
    assert_eq!(play.take_actions(), [], "nothing leaves while the cloud cools down");
    while play.now < START + Duration::from_secs(39) {
        play.wait(Duration::from_secs(1));
        for action in play.take_actions() {
            let Action::Look(ticket, ids) = action else { panic!("{action:?}") };
            assert_eq!(numbers(&ids), [0, 1], "only those of the refused request are watched");
            play.show(ticket, &ids, "running");
        }
    }
    play.wait(Duration::from_secs(1));
    assert_eq!(play.take_actions().len(), 3, "fresh baselines for all three");
}

#[test]
fn a_throttled_batch_is_not_tried_for_ever() {
    let mut play = Play::new(1, Policy::default());
    let mut tries = 0;
    while let Some(action) = play.next_action() {
        match action {
            Action::Look(ticket, ids) => play.show(ticket, &ids, "running"),
            Action::Submit(ticket, _) => {
                tries += 1;
                play.answer(ticket, Answer::Failed(fault(FaultKind::Throttled)));
            }
        }
    }
    let give_up_at = START + Policy::default().submit_within;
    let wait = Policy::default().poll_every * 3;
    assert!(play.now <= give_up_at + wait && play.now + wait > give_up_at, "as long as one more can show");
    assert!((15..60).contains(&tries), "{tries} tries in a quarter of an hour");
    let summary = play.summary();
    assert_eq!(outcomes(&summary.reports), "not_started");
    assert_eq!((summary.reports[0].attempts, summary.conclusion()), (0, Conclusion::NothingStarted));
}

/// A gateway that answers 429 or 401 may have passed the request on all the same: its targets are watched before anything else.
#[test]
fn after_a_refusal_its_targets_are_watched() {
    for kind in [FaultKind::Throttled, FaultKind::Lapsed, FaultKind::Rejected, FaultKind::Forbidden] {
        let mut play = Play::new(1, Policy::default());
        let (ticket, ids) = play.next_look();
        play.show(ticket, &ids, "running/install-succeed");
        let (ticket, _) = play.next_submit();
        play.answer(ticket, Answer::Failed(fault(kind)));
        while let Some(action) = play.next_action() {
            let Action::Look(ticket, ids) = action else { panic!("sent again after {kind:?}: {action:?}") };
            let is_over = play.now.since(START) > Duration::from_secs(60);
            play.show(ticket, &ids, if is_over { "running/reinstall-succeed" } else { "running/reinstall-processing" });
        }
        let summary = play.summary();
        assert_eq!(outcomes(&summary.reports), "succeeded", "{kind:?}");
        let facts: Vec<&str> = summary.reports[0].evidence.iter().map(|evidence| evidence.fact.name()).collect();
        assert!(facts.contains(&"refused") && facts.ends_with(&["moving", "rested"]), "{kind:?}: {facts:?}");
    }
}

#[test]
fn a_wait_beyond_the_patience_is_not_waited_for() {
    let mut play = Play::new(1, Policy::default());
    let (ticket, ids) = play.next_look();
    play.show(ticket, &ids, "running");
    let (ticket, _) = play.next_submit();
    let slow = Fault { retry_after: Some(Duration::from_secs(3_600)), ..fault(FaultKind::Throttled) };
    play.answer(ticket, Answer::Failed(slow));
    play.show_all("running");
    assert!(play.now < START + Duration::from_secs(60));
    assert_eq!(outcomes(&play.summary().reports), "not_started");
}

#[test]
fn one_unreadable_instance_does_not_hold_the_others_up() {
    let mut play = Play::new(3, waves("100%"));
    let (ticket, ids) = play.next_look();
    let looks = vec![
        (ids[0], Look::Seen(sighting("running"))),
        (ids[1], Look::Unread(fault(FaultKind::TimedOut))),
        (ids[2], Look::Seen(sighting("running"))),
    ];
    play.answer(ticket, Answer::Looked(looks));
    let (_, submission) = play.next_submit();
    assert_eq!(numbers(submission.ids.as_slice()), [0, 2]);
    let (ticket, ids) = play.next_look();
    assert_eq!(numbers(&ids), [1]);
    play.show(ticket, &ids, "running");
    let (_, submission) = play.next_submit();
    assert_eq!((numbers(submission.ids.as_slice()), submission.attempt), (vec![1], 1));
}

#[test]
fn instances_that_nobody_asked_for_are_reported_and_left_alone() {
    let mut play = Play::new(1, Policy::default());
    let (ticket, ids) = play.next_look();
    play.show(ticket, &ids, "running");
    let (ticket, _) = play.next_submit();
    let stranger = InstanceId::from_bits(99);
    play.accept(ticket, &[ids[0], stranger]);
    assert_eq!(play.told(|news| matches!(news, News::Strangers { ids, .. } if ids == &[stranger])), 1);
    assert_eq!(play.rollout.tally().accepted, 1);
}

#[test]
fn an_answer_that_comes_twice_does_no_harm() {
    let mut play = Play::new(1, Policy::default());
    let (look, ids) = play.next_look();
    play.show(look, &ids, "running");
    let (submit, _) = play.next_submit();
    play.accept(submit, &ids);
    let before = play.rollout.tally();
    play.show(look, &ids, "running");
    play.accept(submit, &ids);
    play.answer(submit, Answer::Failed(fault(FaultKind::Rejected)));
    assert_eq!(play.take_actions(), []);
    assert_eq!(play.rollout.tally(), before);
}

#[test]
fn looks_are_bulk_and_no_more_often_than_asked() {
    let policy = Policy {
        in_flight_max: 1_000,
        poll_every: Duration::from_secs(5),
        shortest: Duration::from_secs(60),
        ..Policy::default()
    };
    let mut play = Play::new(1_000, policy);
    let mut requests = 0;
    let mut submitted = std::collections::BTreeMap::new();
    while let Some(action) = play.next_action() {
        requests += 1;
        match action {
            Action::Look(ticket, ids) => {
                assert!(ids.len() <= Action::LOOK_IDS_MAX);
                let now = play.now;
                let shown = |id| match submitted.get(id) {
                    None => "running",
                    Some(&at) if now.since(at) < Duration::from_secs(60) => "running/reinstall-processing",
                    Some(_) => "running/reinstall-succeed",
                };
                let looks = ids.iter().map(|id| (*id, Look::Seen(sighting(shown(id))))).collect();
                play.answer(ticket, Answer::Looked(looks));
            }
            Action::Submit(ticket, submission) => {
                submitted.extend(submission.ids.as_slice().iter().map(|&id| (id, play.now)));
                play.accept(ticket, submission.ids.as_slice());
            }
        }
    }
    assert_eq!(count(&play.summary(), Outcome::Succeeded), 1_000);
    assert!(requests <= 200, "{requests} requests for 1,000 instances");
}

#[test]
fn time_that_goes_back_does_no_harm() {
    let mut play = Play::new(1, Policy::default());
    let (ticket, ids) = play.next_look();
    play.show(ticket, &ids, "running");
    let (ticket, _) = play.next_submit();
    play.accept(ticket, &ids);
    let deadline = play.rollout.next_deadline();
    play.now = START;
    play.wait(Duration::ZERO);
    assert_eq!(play.rollout.next_deadline(), deadline);
    assert_eq!(play.take_actions(), []);
}

#[test]
fn leaving_early_tells_what_is_known() {
    let mut play = Play::new(3, waves("2,1"));
    let (ticket, ids) = play.next_look();
    play.show(ticket, &ids, "running");
    let (ticket, _) = play.next_submit();
    play.accept(ticket, &ids[..1]);
    let summary = play.rollout.into_summary();
    assert_eq!(outcomes(&summary.reports), "unresolved unresolved not_started");
    assert!(summary.abandoned);
    assert_eq!(summary.conclusion(), Conclusion::Halted);
}

#[test]
fn the_evidence_tells_the_story() {
    let mut play = Play::new(1, Policy::default());
    let (ticket, ids) = play.next_look();
    play.show(ticket, &ids, "running/reinstall-succeed");
    let (ticket, _) = play.next_submit();
    play.accept(ticket, &ids);
    let rests = repeat_n("running/reinstall-succeed", RESTS);
    for shown in std::iter::once("running/reinstall-processing").chain(rests) {
        let (ticket, ids) = play.next_look();
        play.show(ticket, &ids, shown);
    }
    let report = play.summary().reports.remove(0);
    let told: Vec<String> = report.evidence.iter().map(|evidence| evidence.fact.to_string()).collect();
    assert_eq!(
        told,
        [
            "before the request: state running, operation_state reinstall-succeed",
            "request sent, attempt 1",
            "accepted by the cloud (request id req-1)",
            "seen in progress: state running, operation_state reinstall-processing",
            "seen at rest: state running, operation_state reinstall-succeed",
        ]
    );
    assert_eq!(report.submitted_at, Some(START));
    assert_eq!(report.finished_at, Some(START + Duration::from_secs(15 + 120 + 15)));
}

/// The end is believed, but for the image: after a while of that it is no success, whatever the words say.
#[test]
fn another_image_than_the_one_asked_for_is_no_success() {
    let asked = ImageId::from_bits(7);
    for (seen, told, outcome) in
        [(Some(asked), 0, "succeeded"), (Some(ImageId::from_bits(8)), 1, "unresolved"), (None, 0, "succeeded")]
    {
        let mut play = Play::with_image(1, Policy::default(), Some(asked));
        let (ticket, ids) = play.next_look();
        play.show(ticket, &ids, "running/install-succeed");
        let (ticket, submission) = play.next_submit();
        assert_eq!(submission.image, Some(asked));
        play.accept(ticket, &ids);
        let at_rest = Sighting { image: seen, ..sighting("running/reinstall-succeed") };
        while let Some(action) = play.next_action() {
            let Action::Look(ticket, _) = action else { panic!("{action:?}") };
            play.answer(ticket, Answer::Looked(vec![(ids[0], Look::Seen(at_rest.clone()))]));
        }
        assert!(play.now.since(START) < Duration::from_secs(300));
        assert_eq!(play.told(|news| matches!(news, News::ImageDiffers { .. })), told, "{seen:?}");
        assert_eq!(outcomes(&play.summary().reports), outcome, "{seen:?}");
    }
}

/// The policy thinks that a reinstall takes two minutes at least; here one took ten seconds. Then half a minute without a
/// look is long enough to miss one, and looking the same afterwards proves nothing.
#[test]
fn a_quick_service_can_be_missed_in_less() {
    for (canary_takes, outcome) in [(10, "unresolved"), (300, "not_started")] {
        let policy = Policy { attempts_max: 1, poll_every: Duration::from_secs(5), ..waves("1") };
        let mut play = Play::new(2, policy);
        let (ticket, ids) = play.next_look();
        play.show(ticket, &ids, "running/install-succeed");
        let (ticket, _) = play.next_submit();
        play.accept(ticket, &ids);
        while play.rollout.tally().succeeded == 0 {
            let (ticket, ids) = play.next_look();
            let is_over = play.now.since(START) >= Duration::from_secs(canary_takes);
            play.show(ticket, &ids, if is_over { "running/reinstall-succeed" } else { "pending" });
        }
        let (ticket, ids) = play.next_look();
        play.show(ticket, &ids, "running/install-succeed");
        let (ticket, _) = play.next_submit();
        play.now = play.now + Duration::from_secs(30);
        play.answer(ticket, Answer::Failed(fault(FaultKind::TimedOut)));
        while let Some(Action::Look(ticket, ids)) = play.next_action() {
            play.show(ticket, &ids, "running/install-succeed");
        }
        assert_eq!(outcomes(&play.summary().reports), format!("succeeded {outcome}"));
    }
}

/// Plays a cloud that refuses every request which names one of `culprits`, and says who it is or does not.
fn refuse_culprits(targets: u128, culprits: &[u128], names_them: bool) -> (Vec<Vec<u128>>, Play) {
    let policy = Policy { failures_max: Share::Percent(100), ..waves("1,100%") };
    let mut play = Play::new(targets, policy);
    let mut accepted: Vec<Vec<u128>> = vec![];
    while let Some(action) = play.next_action() {
        match action {
            Action::Look(ticket, ids) => {
                let shown = |id: &InstanceId| {
                    let known = accepted.iter().any(|batch| batch.contains(&id.to_bits()));
                    (*id, Look::Seen(sighting(&quick(*id, known))))
                };
                let looks = ids.iter().map(shown).collect();
                play.answer(ticket, Answer::Looked(looks));
            }
            Action::Submit(ticket, submission) => {
                let ids = submission.ids.as_slice();
                let at_fault: Vec<InstanceId> =
                    ids.iter().copied().filter(|id| culprits.contains(&id.to_bits())).collect();
                if at_fault.is_empty() {
                    accepted.push(numbers(ids));
                    play.accept(ticket, ids);
                } else {
                    let named = if names_them { at_fault } else { vec![] };
                    play.answer(ticket, Answer::Failed(Fault { named, ..fault(FaultKind::NotFound) }));
                }
            }
        }
    }
    (accepted, play)
}

#[test]
fn those_whom_the_cloud_names_leave_and_the_rest_goes_on() {
    let (accepted, play) = refuse_culprits(21, &[5, 9], true);
    assert_eq!(accepted.iter().map(Vec::len).collect::<Vec<_>>(), [1, 18], "one request more, not many");
    assert_eq!(play.told(|news| matches!(news, News::Split { instances: 20, next_max: 18, .. })), 1);
    let summary = play.summary();
    assert_eq!((count(&summary, Outcome::Succeeded), count(&summary, Outcome::Failed)), (19, 2));
    for culprit in [5, 9] {
        let report = &summary.reports[culprit];
        assert_eq!((report.outcome, report.attempts), (Outcome::Failed, 1));
        assert_eq!(report.reason.as_ref().unwrap().message.as_str(), "the cloud's words");
    }
    assert_eq!(summary.reports[6].attempts, 1, "a refused try counts only for those it was about");
}

/// Each is then asked for alone, so that a refusal costs one wait for the batch and one for those at fault, however many.
#[test]
fn a_refusal_that_names_no_instance_gives_each_a_request_of_its_own() {
    for culprits in [&[1][..], &[20], &[7, 8], &[1, 5, 20]] {
        let (accepted, play) = refuse_culprits(21, culprits, false);
        let mut reinstalled: Vec<u128> = accepted.concat();
        reinstalled.sort_unstable();
        let good: Vec<u128> = (0..21).filter(|n| !culprits.contains(n)).collect();
        assert_eq!(reinstalled, good, "each exactly once");
        let requests = play.told(|news| matches!(news, News::Submitting { .. }));
        assert_eq!(requests, 1 + 1 + 20, "the canary, the batch, and one for each of it");
        let summary = play.summary();
        assert_eq!(count(&summary, Outcome::Failed), culprits.len());
        let submitted = summary.reports.iter().filter_map(|report| report.submitted_at);
        let took = submitted.max().unwrap().since(summary.reports[1].evidence[0].at);
        assert!(took <= Duration::from_secs(60), "{took:?}: no wait for each of them");
    }
}

/// The canary has an `operation_state` and shows its reinstall in it alone. That says nothing about those that have none.
#[test]
fn what_one_kind_of_row_shows_another_need_not() {
    let mut play = Play::new(2, waves("1"));
    let submissions = std::cell::Cell::new(0);
    while let Some(action) = play.next_action() {
        match action {
            Action::Look(ticket, ids) => {
                let text = match (ids[0].to_bits(), submissions.get()) {
                    (0, 0) => "running/install-succeed",
                    (0, _) if play.now.since(START) < Duration::from_secs(60) => "running/reinstall-processing",
                    (0, _) => "running/reinstall-succeed",
                    _ => "running",
                };
                play.show(ticket, &ids, text);
            }
            Action::Submit(ticket, submission) => {
                submissions.set(submissions.get() + 1);
                if submission.ids.as_slice()[0].to_bits() == 0 {
                    play.accept(ticket, submission.ids.as_slice());
                } else {
                    play.answer(ticket, Answer::Failed(fault(FaultKind::TimedOut)));
                }
            }
        }
    }
    assert_eq!(submissions.get(), 2, "the second is not sent again");
    assert_eq!(outcomes(&play.summary().reports), "succeeded unresolved");
}
