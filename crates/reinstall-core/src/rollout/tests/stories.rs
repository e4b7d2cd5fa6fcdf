//! What becomes of one target, as a table: what the cloud shows and answers, and the verdict.

use crate::action::{Action, Answer, Look};
use crate::fault::{Fault, FaultKind};
use crate::id::InstanceId;
use crate::policy::Policy;
use crate::sighting::{Sighting, Via};
use crate::survey::Surveyed;

use super::play::{Play, START, fault, outcomes, plan};
use crate::testing::sighting;

/// Plays a story for one target and tells how it ended: `outcome reason attempts`.
///
/// Steps answer the next action, whatever time it takes to come. For looks: `see:STATE/OPERATION/CODE`, `gone`, `unread`,
/// `mute` (an answer without the target), `denied`. For submissions: `accept`, `leave-out`, and `lost`, `reset`, `refused`,
/// `throttled`, `forbidden`, `bare`, `down`, `unreachable`, `garbled`, `moved`. A `*` repeats a step for as long as it fits.
fn play(policy: Policy, story: &str) -> String {
    let mut play = Play::new(1, policy);
    let mut submissions = 0;
    let mut pending = play.next_action();
    for step in story.split_whitespace() {
        let (step, repeated) = step.strip_suffix('*').map_or((step, false), |step| (step, true));
        let mut played = 0;
        while let Some(action) = &pending {
            let id = match action {
                Action::Look(_, ids) => ids[0],
                Action::Submit(_, submission) => submission.ids.as_slice()[0],
            };
            let of_look = |look| Answer::Looked(vec![(id, look)]);
            let (wants_look, answer) = match step {
                "gone" => (true, of_look(Look::Gone(fault(FaultKind::NotFound)))),
                "unread" => (true, of_look(Look::Unread(fault(FaultKind::ServerFailed)))),
                "mute" => (true, Answer::Looked(vec![])),
                "denied" => (true, Answer::Failed(fault(FaultKind::Forbidden))),
                "accept" => (false, Answer::Accepted { ids: vec![id], request_id: None }),
                "leave-out" => (false, Answer::Accepted { ids: vec![], request_id: None }),
                "lost" => (false, Answer::Failed(fault(FaultKind::TimedOut))),
                "reset" => (false, Answer::Failed(fault(FaultKind::Broken))),
                "refused" => (false, Answer::Failed(fault(FaultKind::Rejected))),
                "throttled" => (false, Answer::Failed(fault(FaultKind::Throttled))),
                "forbidden" => (false, Answer::Failed(fault(FaultKind::Forbidden))),
                "bare" => {
                    let bare = Fault { status: Some(403), ..Fault::new(FaultKind::Forbidden, "<html>") };
                    (false, Answer::Failed(bare))
                }
                "down" => (false, Answer::Failed(fault(FaultKind::ServerFailed))),
                "unreachable" => (false, Answer::Failed(fault(FaultKind::Unreachable))),
                "garbled" => (false, Answer::Failed(fault(FaultKind::Unreadable))),
                "moved" => (false, Answer::Failed(fault(FaultKind::Redirected))),
                see => (true, of_look(Look::Seen(sighting(see.strip_prefix("see:").expect("a step"))))),
            };
            let (ticket, fits) = match action {
                Action::Look(ticket, _) => (*ticket, wants_look),
                Action::Submit(ticket, _) => (*ticket, !wants_look),
            };
            if !fits || (played > 0 && !repeated) {
                break;
            }
            submissions += usize::from(!wants_look);
            play.answer(ticket, answer);
            pending = play.next_action();
            played += 1;
        }
        assert!(played > 0, "`{step}` does not answer {pending:?} in: {story}");
    }
    assert!(play.rollout.is_finished(), "unfinished, {pending:?} is next, in: {story}");
    let report = play.rollout.into_summary().reports.remove(0);
    let reason = report.reason.map_or_else(|| "-".to_owned(), |reason| reason.code.to_string());
    format!("{} {reason} {}/{submissions}", report.outcome, report.attempts)
}

#[track_caller]
fn check(stories: &[(&str, &str)]) {
    for (story, end) in stories {
        assert_eq!(play(Policy::default(), story), *end, "{story}");
    }
}

#[test]
fn the_three_life_cycles() {
    check(&[
        ("see:running accept see:pending see:pending see:running*", "succeeded - 1/1"),
        ("see:running accept see:pending see:error/-/X.1*", "failed X.1 1/1"),
        ("see:running accept see:stopping see:stopped see:reinstalling see:running*", "succeeded - 1/1"),
        ("see:running accept see:reinstalling see:failed*", "failed failed 1/1"),
        (
            "see:running/install-succeed accept see:running/reinstall-processing see:running/reinstall-processing see:running/reinstall-succeed*",
            "succeeded - 1/1",
        ),
        (
            "see:running/install-succeed accept see:running/reinstall-processing see:running/reinstall-failed/X.1*",
            "failed X.1 1/1",
        ),
    ]);
}

#[test]
fn running_after_a_202_is_no_success() {
    check(&[
        ("see:running accept see:running*", "unresolved no_movement 1/1"),
        ("see:running accept see:running see:running see:pending see:running*", "succeeded - 1/1"),
    ]);
}

#[test]
fn left_overs_prove_nothing() {
    check(&[
        ("see:running/reinstall-succeed accept see:running/reinstall-succeed*", "unresolved no_movement 1/1"),
        (
            "see:running/reinstall-succeed accept see:running/reinstall-processing see:running/reinstall-succeed*",
            "succeeded - 1/1",
        ),
        ("see:running/reinstall-failed/X.1 accept see:running/reinstall-failed/X.1*", "unresolved no_movement 1/1"),
        ("see:running/reinstall-failed/X.1 accept see:running/reinstall-failed/X.2*", "failed X.2 1/1"),
        ("see:running/reinstall-failed accept see:running/reinstall-succeed*", "succeeded - 1/1"),
    ]);
}

/// Machines whose last reinstall failed are those that operators reinstall.
#[test]
fn a_failure_that_comes_back_after_movement_is_a_new_one() {
    let failed = "see:running/reinstall-failed";
    for (story, end) in [
        (format!("{failed} accept see:running/reinstall-processing {failed}*"), "failed reinstall-failed 1/1"),
        // A reboot brings the word of before back as well.
        (format!("{failed} accept see:pending/reinstall-failed {failed}*"), "unresolved no_success_word 1/1"),
        // A replica that lags shows the old failure once.
        (
            format!("{failed} accept see:running/reinstall-processing {failed} see:running/reinstall-succeed*"),
            "succeeded - 1/1",
        ),
        ("see:running/-/X.1 accept see:pending see:running/-/X.1*".into(), "unresolved error_remains 1/1"),
        ("see:running/-/X.1 accept see:pending/-/X.1 see:running/-/X.1*".into(), "unresolved error_remains 1/1"),
        ("see:running/-/X.1 accept see:pending/-/X.1 see:running*".into(), "succeeded - 1/1"),
        (
            "see:running/install-succeed accept see:running/reinstall-succeed/X.1*".into(),
            "unresolved error_remains 1/1",
        ),
    ] {
        assert_eq!(play(Policy::default(), &story), end, "{story}");
    }
}

/// A look that does not tell the state is no look, so time without one is a gap.
#[test]
fn an_answer_without_a_state_is_no_watch() {
    check(&[
        (
            "see:running/install-succeed lost see:-/install-succeed see:-/install-succeed see:-/install-succeed \
             see:-/install-succeed see:-/install-succeed see:-/install-succeed see:-/install-succeed \
             see:-/install-succeed see:-/install-succeed see:running/install-succeed*",
            "unresolved gap 1/1",
        ),
        ("see:running accept see:-*", "unresolved unreadable_answer 1/1"),
    ]);
}

#[test]
fn an_old_sighting_after_movement_is_looked_at_twice() {
    check(&[
        // A replica that lags shows the old state once; the failure comes after.
        ("see:running accept see:pending see:running see:pending see:error*", "failed error 1/1"),
        ("see:running accept see:pending see:running see:- see:running*", "succeeded - 1/1"),
    ]);
}

/// A replica that lags by several looks shows the state of before the request in a row, once it has shown the movement.
#[test]
fn a_lag_of_many_looks_is_no_end() {
    let old = "see:running";
    for (lag, end) in [
        ("see:running", "see:error*"),
        ("see:running see:running", "see:error*"),
        // As much as `shortest`, less one look.
        (
            concat!("see:running see:running see:running see:running ", "see:running see:running see:running"),
            "see:error*",
        ),
    ] {
        let story = format!("{old} accept see:pending {lag} see:pending {end}");
        assert_eq!(play(Policy::default(), &story), "failed error 1/1", "{story}");
    }
    // What a stranger did just before the request is old, too, and differs from the baseline.
    let lag = "see:modifyIping/modify-ip-processing see:running/modify-ip-succeed see:running/modify-ip-succeed";
    let moved = "see:running/reinstall-processing";
    let story = format!("see:running/install-succeed accept {moved} {lag} {moved} see:running/reinstall-failed*");
    assert_eq!(play(Policy::default(), &story), "failed reinstall-failed 1/1", "{story}");
    // One that stands still shows it once, after that; those that lag did before.
    let lag = [old; 8].join(" ");
    let story = format!("{old} accept see:pending {lag} see:pending see:error*");
    assert_eq!(play(Policy::default(), &story), "failed error 1/1", "{story}");
    // Begun late: it is the movement that counts, not the request.
    let story =
        format!("{old} accept {} see:pending see:running see:running see:pending see:error*", [old; 20].join(" "));
    assert_eq!(play(Policy::default(), &story), "failed error 1/1", "{story}");
}

#[test]
fn strangers_at_work_are_no_reinstall() {
    check(&[
        // Switched off and on, nothing else.
        ("see:running accept see:stopping see:stopped see:running*", "unresolved no_movement 1/1"),
        (
            "see:running accept see:running/modify-ip-processing see:running/modify-ip-succeed*",
            "unresolved no_movement 1/1",
        ),
        // While in doubt, it may have been the reinstall all the same: never sent again.
        ("see:running/install-succeed lost see:stopped see:running/install-succeed*", "unresolved unclear 1/1"),
        ("see:running/install-succeed lost see:stopping see:stopped* ", "unresolved finish_timeout 1/1"),
        ("see:running/install-succeed lost see:modifyIping see:running/install-succeed*", "unresolved unclear 1/1"),
    ]);
}

#[test]
fn a_lost_answer_is_looked_into_before_anything_else() {
    let (shown, moved) = ("see:running/install-succeed", "see:running/reinstall-processing");
    for lost in ["lost", "reset", "down", "garbled", "leave-out", "moved"] {
        // It had taken hold: never sent again.
        let story = format!("{shown} {lost} {moved} {moved} see:running/reinstall-succeed*");
        assert_eq!(play(Policy::default(), &story), "succeeded - 1/1", "{story}");
        let story = format!("{shown} {lost} {moved} {moved} see:running/reinstall-failed*");
        assert_eq!(play(Policy::default(), &story), "failed reinstall-failed 1/1", "{story}");
        // It had not: sent again after the watch, but not for ever.
        let story = format!("{shown} {lost} {shown}* accept {moved} see:running/reinstall-succeed*");
        assert_eq!(play(Policy::default(), &story), "succeeded - 2/2", "{story}");
        let story = format!("{shown} {lost} {shown}* {lost} {shown}*");
        assert_eq!(play(Policy::default(), &story), "not_started not_started 2/2", "{story}");
    }
}

#[test]
fn a_service_that_shows_nothing_proves_nothing() {
    check(&[("see:running lost see:running*", "unresolved nothing_shown 1/1")]);
}

#[test]
fn whoever_could_not_look_cannot_tell() {
    check(&[
        // Eight looks a quarter of a minute apart fail: two minutes without a look.
        (
            "see:running/install-succeed lost unread unread unread unread unread unread unread unread unread \
             see:running/install-succeed*",
            "unresolved gap 1/1",
        ),
        ("see:running/install-succeed lost unread*", "unresolved server_failed 1/1"),
        ("see:running accept unread*", "unresolved server_failed 1/1"),
        ("see:running accept see:pending gone*", "unresolved iMetal.0200 1/1"),
        ("see:running accept see:pending see:pending*", "unresolved finish_timeout 1/1"),
    ]);
}

/// Each refusal costs a wait in which the instance has to look as before; the next baseline is compared with the first one.
#[test]
fn refusals_are_held_until_nothing_is_shown_to_have_started() {
    let (shown, moved) = ("see:running/install-succeed", "see:running/reinstall-processing");
    let done = "see:running/reinstall-succeed*";
    for (story, end) in [
        (format!("{shown} refused {shown} {shown}*"), "failed iMetal.0201 1/1"),
        (format!("{shown} forbidden {shown} {shown}*"), "not_started iMetal.0004 0/1"),
        (format!("{shown} throttled {shown}* throttled {shown}* accept {moved} {done}"), "succeeded - 1/3"),
        (format!("{shown} unreachable {shown} accept {moved} {done}"), "succeeded - 1/2"),
        // The request was carried out all the same, and its second copy was refused.
        (format!("{shown} refused {shown} {moved} {done}"), "succeeded - 1/1"),
        (format!("{shown} throttled {moved} {moved} {done}"), "succeeded - 0/1"),
        (format!("{shown} forbidden {shown} {moved} see:running/reinstall-failed*"), "failed reinstall-failed 0/1"),
        (format!("{shown} refused {done}"), "succeeded - 1/1"),
        // A refusal without a code of the cloud is no answer.
        (format!("{shown} bare {shown} {shown}* accept {moved} {done}"), "succeeded - 2/2"),
        (format!("{shown} bare {shown}* bare {shown}*"), "not_started not_started 2/2"),
    ] {
        assert_eq!(play(Policy::default(), &story), end, "{story}");
    }
}

/// Between the proof that a request started nothing and the next request the instance looks different.
#[test]
fn a_baseline_that_differs_from_the_first_one_is_a_doubt_again() {
    let (shown, moved) = ("see:running/install-succeed", "see:running/reinstall-processing");
    for (changed, end) in [
        (format!("{moved} {moved} see:running/reinstall-succeed*"), "succeeded - 1/1"),
        ("see:running/reinstall-succeed*".into(), "succeeded - 1/1"),
        (format!("see:stopped/install-succeed {shown}*"), "unresolved unclear 1/1"),
        (format!("gone {shown}*"), "unresolved unclear 1/1"),
    ] {
        // The doubt is settled by two observations from two minutes on: ten in all.
        let story = format!("{shown} lost {} {changed}", [shown; 10].join(" "));
        assert_eq!(play(Policy::default(), &story), end, "{story}");
    }
}

#[test]
fn what_does_not_look_right_is_left_alone() {
    check(&[
        ("gone", "skipped iMetal.0200 0/0"),
        ("see:stopped*", "skipped wrong_state 0/0"),
        ("see:failed*", "skipped wrong_state 0/0"),
        ("see:terminated*", "skipped wrong_state 0/0"),
        ("see:-*", "skipped state_unknown 0/0"),
        ("see:pending*", "skipped busy 0/0"),
        ("see:running/reinstall-processing*", "skipped busy 0/0"),
        ("see:running/modify-ip-processing*", "skipped busy 0/0"),
        ("see:hibernating*", "skipped busy 0/0"),
        ("denied", "not_started iMetal.0004 0/0"),
        ("unread*", "not_started server_failed 0/0"),
        ("mute*", "not_started unreadable_answer 0/0"),
        ("unread mute see:running accept see:pending see:running*", "succeeded - 1/1"),
    ]);
}

#[test]
fn a_retry_from_failed_can_be_asked_for() {
    let policy = Policy {
        start_states: ["running", "failed"].map(crate::instance::InstanceState::from_word).into(),
        ..Policy::default()
    };
    for (story, end) in [
        (
            "see:failed/reinstall-failed/X.1 accept see:reinstalling/reinstall-processing see:running/reinstall-succeed*",
            "succeeded - 1/1",
        ),
        ("see:failed accept see:failed see:running*", "succeeded - 1/1"),
        ("see:failed accept see:reinstalling see:failed*", "failed failed 1/1"),
        (
            "see:failed/reinstall-failed accept see:reinstalling/reinstall-processing see:failed/reinstall-failed*",
            "failed reinstall-failed 1/1",
        ),
        ("see:failed/-/X.1 accept see:failed/-/X.1*", "unresolved no_movement 1/1"),
    ] {
        assert_eq!(play(policy.clone(), story), end, "{story}");
    }
}

/// A plan that is bound to what somebody looked at leaves alone what has changed since.
#[test]
fn what_changed_since_the_survey_is_left_alone() {
    let surveyed = Surveyed { name: Some("web-1".into()), ..Surveyed::from(&sighting("running")) };
    let id = InstanceId::from_bits(0);
    for (name, end) in [(Some("web-1"), "submitted"), (None, "submitted"), (Some("db-1"), "skipped")] {
        let bound = plan(1, Policy::default(), None).bound_to([(id, surveyed.clone())].into());
        let mut play = Play::of(bound);
        let (ticket, _) = play.next_look();
        let seen = Sighting { name: name.map(Into::into), ..sighting("running") };
        play.answer(ticket, Answer::Looked(vec![(id, Look::Seen(seen))]));
        let came_of_it = if play.next_action().is_some() { "submitted" } else { "skipped" };
        assert_eq!(came_of_it, end, "{name:?}");
    }
}

/// Answers a look: each instance so, as this call shows it.
fn show_via(play: &mut Play, via: Via, text: &str) {
    let (ticket, ids) = play.next_look();
    let look = |id: &InstanceId| (*id, Look::Seen(Sighting { via, ..sighting(text) }));
    play.answer(ticket, Answer::Looked(ids.iter().map(look).collect()));
}

/// After a restart the client may use the list call again for a while, which need not have the `operation_state` that the
/// status call had. It then shows neither that a reinstall is over..
#[test]
fn the_call_that_tells_less_does_not_end_a_reinstall() {
    let mut play = Play::new(1, Policy::default());
    show_via(&mut play, Via::Status, "running/install-succeed");
    let (ticket, submission) = play.next_submit();
    play.accept(ticket, submission.ids.as_slice());
    show_via(&mut play, Via::Status, "running/reinstall-processing");
    for _ in 0..3 {
        show_via(&mut play, Via::List, "running");
        assert!(!play.rollout.is_finished());
    }
    while !play.rollout.is_finished() {
        show_via(&mut play, Via::Status, "running/reinstall-succeed");
    }
    assert_eq!(outcomes(&play.summary().reports), "succeeded");
}

/// ..nor that none began.
#[test]
fn the_call_that_tells_less_does_not_settle_a_doubt() {
    let mut play = Play::new(1, Policy { attempts_max: 1, ..Policy::default() });
    show_via(&mut play, Via::Status, "running/install-succeed");
    let (ticket, _) = play.next_submit();
    play.answer(ticket, Answer::Failed(fault(FaultKind::TimedOut)));
    while !play.rollout.is_finished() {
        show_via(&mut play, Via::List, "running");
    }
    assert_eq!(outcomes(&play.summary().reports), "unresolved");
}

/// What only the status call showed of one target is no promise that the list call will show it of another, whichever call
/// the first one's baseline came from.
#[test]
fn movement_that_only_one_call_shows_is_not_shown_to_all() {
    for (baseline, other, code) in [
        (Via::List, Via::List, "nothing_shown"),
        (Via::Status, Via::List, "nothing_shown"),
        (Via::Status, Via::Status, "not_started"),
    ] {
        let policy = Policy { attempts_max: 1, batch_max: 1, waves: "100%".parse().unwrap(), ..Policy::default() };
        let mut play = Play::new(2, policy);
        while let Some(action) = play.next_action() {
            match action {
                Action::Look(ticket, ids) => {
                    let look = |id: &InstanceId| {
                        let (via, text) = match (id.to_bits(), play.rollout.tally().accepted) {
                            (0, 0) if play.now == START => (baseline, "running"),
                            (0, _) => (Via::Status, "running/reinstall-processing"),
                            _ => (other, "running"),
                        };
                        (*id, Look::Seen(Sighting { via, ..sighting(text) }))
                    };
                    let looks = ids.iter().map(look).collect();
                    play.answer(ticket, Answer::Looked(looks));
                }
                Action::Submit(ticket, submission) if submission.ids.as_slice()[0].to_bits() == 0 => {
                    play.accept(ticket, submission.ids.as_slice());
                }
                Action::Submit(ticket, _) => play.answer(ticket, Answer::Failed(fault(FaultKind::TimedOut))),
            }
        }
        let reports = play.summary().reports;
        let reason = reports[1].reason.as_ref().map(|reason| reason.code.to_string());
        assert_eq!(reason.as_deref(), Some(code), "{baseline:?} {other:?}");
    }
}

/// The baseline comes from the list call and lacks the `operation_state`. What a lagging replica of the status call shows may
/// be as old as the baseline, so that it takes two looks.
#[test]
fn what_the_baseline_could_not_tell_has_to_be_seen_twice() {
    let mut play = Play::new(1, Policy::default());
    show_via(&mut play, Via::List, "running");
    let (ticket, submission) = play.next_submit();
    play.accept(ticket, submission.ids.as_slice());
    for text in ["reinstall-processing", "install-succeed", "reinstall-processing", "reinstall-succeed"] {
        show_via(&mut play, Via::Status, &format!("running/{text}"));
        assert!(!play.rollout.is_finished(), "{text}");
    }
    while !play.rollout.is_finished() {
        show_via(&mut play, Via::Status, "running/reinstall-succeed");
    }
    assert_eq!(outcomes(&play.summary().reports), "succeeded");
}

/// A look that was under way while the machine slept shows what was, and not what is.
#[test]
fn a_baseline_that_took_as_long_as_a_reinstall_is_taken_again() {
    for (minutes, is_taken) in [(1, true), (3, false)] {
        let mut play = Play::new(1, Policy::default());
        let (ticket, ids) = play.next_look();
        play.wait(std::time::Duration::from_secs(minutes * 60));
        play.show(ticket, &ids, "running");
        let submits = matches!(play.next_action(), Some(Action::Submit(..)));
        assert_eq!(submits, is_taken, "after {minutes} min");
    }
}
