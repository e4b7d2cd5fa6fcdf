mod model;
mod script;

use self::script::{Story, id, set};
use super::*;

/// Tells each story to a judge, and compares what it finds.
fn check(stories: &[(&str, &str)]) {
    for (story, findings) in stories {
        assert_eq!(Story::of(Judge::new(50), story).findings(), *findings, "{story}");
    }
}

#[test]
fn a_second_wipe_needs_the_end_of_the_first() {
    check(&[
        ("put a; look a=underway; look a=ended; put a; look a=ended", ""),
        ("put a; look a=ended; put a; look a=ended; put a; look a=ended", ""),
        // Told that the first was accepted, and never looked; looked, and saw it on its way; saw the past.
        ("put a; put a", "wiped_twice a 0 1, open a"),
        ("put a; look a=underway; put a", "wiped_twice a 0 1 2, open a"),
        ("put a; look a=untouched; put a", "wiped_twice a 0 2, open a"),
        ("put a; look a=ended; put a; look a=ended1; put a", "wiped_twice a 2 4, open a"),
        // An end that did not arrive.
        ("put a; look a=ended -> lost; put a", "wiped_twice a 0 2, open a"),
        ("put a; look a=ended -> cut; put a", "wiped_twice a 0 2, open a"),
        ("put a; look a=ended -> 500; put a", "wiped_twice a 0 2, open a"),
        // Gone is no end.
        ("put a; look a=absent; put a", "wiped_twice a 0 2, open a"),
        // Looked before the answer came that said "accepted".
        ("put a slow; look a=ended; close 0; put a; look a=ended", ""),
        // Only one of two.
        ("put a b; look a=ended b=underway; put a b", "wiped_twice b 0 1 2, open ab"),
        // An end is an end, whatever is shown of the past afterwards.
        ("put a; look a=ended; look a=underway; put a; look a=ended", ""),
        // In an answer to everybody, or as one of many.
        ("put a; look a=ended b=untouched all; put a; look b=untouched a=ended", ""),
        // A third wipe is another one.
        ("put a; put a; put a", "wiped_twice a 0 1, wiped_twice a 1 2, open a"),
    ]);
}

#[test]
fn after_doubt_comes_a_look() {
    check(&[
        // The classic one: the answer got lost, and the request was sent again.
        ("put a -> lost; put a", "submitted_in_doubt a 0 1, wiped_twice a 0 1, open a"),
        ("put a -> lost; put a -> busy", "submitted_in_doubt a 0 1, open a"),
        ("put a -> lost began:none; put a", "submitted_in_doubt a 0 1, open a"),
        ("put a -> lost; put a -> 429", "submitted_in_doubt a 0 1, open a"),
        // All other answers that leave it open.
        ("put a -> cut; put a -> busy", "submitted_in_doubt a 0 1, open a"),
        ("put a -> hang; leave 0; put a -> busy", "submitted_in_doubt a 0 1, open a"),
        ("put a -> 500; put a", "submitted_in_doubt a 0 1, open a"),
        ("put a -> 500 began:a; put a -> busy", "submitted_in_doubt a 0 1, open a"),
        ("put a -> 302; put a", "submitted_in_doubt a 0 1, open a"),
        ("put a -> 418; put a", "submitted_in_doubt a 0 1, open a"),
        ("put a b -> 202 named:b; put a -> busy", "submitted_in_doubt a 0 1, open ab"),
        ("put a -> 202 named:none; put a -> busy", "submitted_in_doubt a 0 1, open a"),
        ("put a -> 200 named:z; put a -> busy", "submitted_in_doubt a 0 1"),
        // A look between; whatever it showed, it was made.
        ("put a -> lost; look a=underway; look a=ended; put a; look a=ended", ""),
        ("put a -> lost began:none; look a=untouched; put a; look a=ended", ""),
        ("put a -> lost began:none; look a=unsaid; put a; look a=ended", ""),
        ("put a -> lost began:none; look a=untouched all; put a; look a=ended", ""),
        ("put a -> lost began:none; look a=absent -> 404; put a -> 404", ""),
        // One that did not arrive, showed others, or came before.
        ("put a -> lost; look a=underway -> lost; put a -> busy", "submitted_in_doubt a 0 2, open a"),
        ("put a -> lost; look a=underway -> 503; put a -> busy", "submitted_in_doubt a 0 2, open a"),
        ("put a -> lost; look b=untouched; put a -> busy", "submitted_in_doubt a 0 2, open a"),
        ("look a=untouched; put a -> lost; put a -> busy", "submitted_in_doubt a 1 2, open a"),
        // Refusals that the documents have are no doubt. Their status line is enough.
        ("put a -> 400; put a; look a=ended", ""),
        ("put a -> 401; put a -> 403; put a -> 404; put a -> 409; put a -> 413; put a -> 429; put a; look a=ended", ""),
        ("put a -> 429 short; put a; look a=ended", ""),
        ("put a -> 429 unseen; put a; look a=ended", "submitted_in_doubt a 0 1"),
        // Doubt is not settled by a refusal of another request.
        ("put a -> lost; put a -> 429; put a -> 429", "submitted_in_doubt a 0 1, submitted_in_doubt a 0 2, open a"),
        // It is by a 202 that names it.
        ("put a -> lost began:none; put a; look a=ended; put a; look a=ended", "submitted_in_doubt a 0 1"),
        (
            "put a -> lost began:none; put a; put a -> busy; look a=ended",
            "submitted_in_doubt a 0 1, asked_while_underway a 1 2",
        ),
    ]);
}

/// The doubt begins when nobody waits for the answer any more, and looks before that settle nothing.
#[test]
fn a_look_while_waiting_is_none_after_the_doubt_began() {
    check(&[
        // Looked long before it gave up; right before that was noticed; right after.
        ("put a -> hang; look a=untouched; +10s leave 0; put a -> busy", "submitted_in_doubt a 0 2, open a"),
        ("put a -> hang; +10s look a=untouched; +10ms leave 0; put a -> busy", "open a"),
        ("put a -> hang; leave 0; look a=untouched; put a -> busy", "open a"),
        // The answer breaks off after the look.
        ("put a -> lost slow; look a=untouched; +10ms close 0; put a -> busy", "submitted_in_doubt a 0 2, open a"),
        ("put a -> lost slow; close 0; look a=untouched; put a -> busy", "open a"),
        // It would have been answered, but the client did not wait.
        ("put a slow; leave 0; put a -> busy", "submitted_in_doubt a 0 1, open a"),
        ("put a slow; leave 0; put a", "submitted_in_doubt a 0 1, wiped_twice a 0 1, open a"),
        ("put a slow; leave 0; look a=untouched; put a -> busy", "open a"),
        ("put a slow -> 429; leave 0; put a; look a=ended", "submitted_in_doubt a 0 1"),
    ]);
}

#[test]
fn two_at_once_means_that_the_first_was_still_open() {
    check(&[
        ("put a slow; put a -> busy; close 0", "two_at_once a 0 1, open a"),
        ("put a slow; put a -> 429; close 0", "two_at_once a 0 1, open a"),
        ("put a b slow; put b c -> busy; close 0", "two_at_once b 0 1, open ab"),
        ("put a slow; put a; close 0", "wiped_twice a 0 1, two_at_once a 0 1, open a"),
        // Others, or one after the other.
        ("put a slow; put b; close 0; look a=ended b=ended", ""),
        ("put a slow; close 0; put a -> 429; look a=ended", ""),
        // Still open when the verdict is asked for.
        ("put a -> hang; put a -> busy; end a", "submitted_in_doubt a 0 1, two_at_once a 0 1, open a"),
        ("put a slow; put a -> busy; close 1; end a", "two_at_once a 0 1, open a"),
        // That it had left was noticed late: then it sent one after the other, without a look, or with one.
        ("put a -> hang; put a -> busy; +10ms leave 0", "submitted_in_doubt a 0 1, open a"),
        ("put a slow; put a -> busy; +10ms leave 0", "submitted_in_doubt a 0 1, open a"),
        ("put a slow; look a=untouched; put a -> busy; +10ms leave 0", "open a"),
        ("put a slow; put a -> busy; +300ms leave 0", "two_at_once a 0 1, open a"),
        // Twice in one list is one request.
        ("put a a; look a=ended", ""),
    ]);
}

#[test]
fn whoever_knows_that_one_is_underway_does_not_ask_for_another() {
    check(&[
        ("put a; put a -> busy", "asked_while_underway a 0 1, open a"),
        ("put a; look a=underway; put a -> busy", "asked_while_underway a 0 1 2, open a"),
        ("put a -> lost; look a=underway; put a -> busy", "asked_while_underway a 0 1 2, open a"),
        // Could not know: it was shown the past, or told that nothing was started, or another client did it.
        ("put a -> lost; look a=untouched; put a -> busy", "open a"),
        ("put a -> 429 began:a; put a -> busy", "open a"),
        ("put a -> busy; look a=untouched; put a -> busy", ""),
        // Was not there to hear it.
        ("put a slow; leave 0; look a=untouched; put a -> busy", "open a"),
        // Saw the end before it was told of the beginning.
        ("put a slow; look a=ended; put a repeat:0 -> lost; close 0; put a -> busy", "~network a 0 2"),
        // Refused for another reason.
        ("put a; put a -> 429; look a=ended", ""),
        ("put a; look a=ended; put a -> busy", ""),
    ]);
}

#[test]
fn what_the_mock_did_is_not_held_against_the_client() {
    check(&[
        // The network delivered it twice: the first had ended meanwhile, or never arrived, or the client saw it all.
        ("put a; end a; put a repeat:0 -> lost; look a=ended", "~network a 0 1"),
        ("put a; look a=ended; put a repeat:0 -> lost; look a=ended", "~network a 2"),
        ("put a -> lost began:none; put a repeat:0 -> lost; look a=ended; put a; look a=ended", ""),
        ("put a; put a repeat:0 -> busy; look a=ended", ""),
        ("put a; look a=ended; put a repeat:0 -> lost; put a", "~network a 2, ~network a 2 3, open a"),
        // It saw the second move, and then the end of the first: no reinstall carries a number.
        (
            "put a; end a; put a repeat:0 -> lost; look a=underway; look a=ended1; end a; put a; look a=ended",
            "~network a 0 1, ~network a 1 4",
        ),
        (
            "put a; look a=ended; put a repeat:0 -> lost; look a=underway; put a -> busy",
            "asked_while_underway a 2 3 4, ~network a 2",
        ),
        // Nobody is to blame for a repeat of a wrong request but the one who sent it.
        ("put a -> lost; put a -> busy; put a repeat:1 -> busy", "submitted_in_doubt a 0 1, open a"),
        ("put -> 400 len:60; put repeat:0 -> 400 len:60", "over_cap 0"),
        // If the second answer arrived, it may have been taken for the first.
        ("put a -> lost began:none; put a repeat:0; put a -> busy", ""),
        ("put a -> lost; look a=underway repeat:9; put a -> busy", "open a"),
        // "Nothing was started", it said.
        ("put a -> 429 began:a; end a; put a; look a=ended", "~lied_to a 0 1"),
        ("put a -> 401 began:a; look a=untouched; end a; put a; look a=ended", "~lied_to a 0 2"),
        ("put a -> 429 began:a; look a=underway; end a; put a; look a=ended", "wiped_twice a 0 1 2"),
        // It looked, and saw the past.
        ("put a -> lost; look a=untouched; end a; put a; look a=ended", "~misled a 0 2"),
        ("put a -> 500 began:a; look a=unsaid; end a; put a; look a=ended", "~misled a 0 2"),
        ("put a; look a=ended; put a -> lost; look a=ended1; put a; look a=ended", "~misled a 2 4"),
        // It saw one move, and then come to rest as before, or so it seemed.
        ("put a; look a=underway; look a=untouched; end a; put a; look a=ended", "~misled a 0 3"),
        ("put a; look a=ended; put a; look a=underway; look a=ended1; put a -> busy; look a=ended", ""),
        (
            "put a; look a=underway; look a=untouched; look a=underway; put a -> busy",
            "asked_while_underway a 0 3 4, open a",
        ),
        // A stranger in the 202.
        ("put a -> 202 named:az; look a=ended; put z; look z=ended", ""),
    ]);
}

/// A request that is held up on its way is carried out after what the client did meanwhile.
#[test]
fn what_the_network_holds_up_is_not_held_against_the_client() {
    check(&[
        // Gave up, looked, and sent another, which comes second; or comes first, and then the late one is refused, or begins.
        ("hold a; look a=untouched; put a held:2s -> lost slow; leave 1 ago:2500ms; put a -> busy", "open a"),
        ("hold a; look a=untouched; put a; put a held:3s -> busy slow; leave 2 ago:3s; look a=ended", ""),
        (
            "hold a; look a=untouched; put a; end a; put a held:4s -> lost; look a=ended",
            "two_at_once a 2 1, ~network a 1 2",
        ),
        (
            "hold a; look a=untouched; put a; end a; put a held:4s -> lost slow; leave 2 ago:4s; look a=ended",
            "~network a 1 2",
        ),
        // Did not look: in doubt, or two at once.
        ("hold a; +3s put a held:3s -> lost slow; leave 0 ago:2s; put a -> busy", "submitted_in_doubt a 0 1, open a"),
        ("hold a; put a; put a held:2s -> busy slow; leave 1 ago:2s; look a=ended", "submitted_in_doubt a 0"),
        ("hold a; put a; put a held:2s -> busy; look a=ended", "submitted_in_doubt a 0, two_at_once a 1 0"),
        // Learned only afterwards that one was underway.
        (
            "put a -> lost; look a=untouched; hold a; look a=underway; end a; put a held:3s -> lost slow; leave 3 ago:2s; \
             look a=ended",
            "~misled a 0 2 3",
        ),
        // It alone, and nothing else happened.
        ("hold a; put a held:1s; look a=ended", ""),
        ("hold a; put a held:1s -> 429; put a; look a=ended", ""),
        // One came before it was held back, and is carried out meanwhile.
        ("hold a; put a came:2s -> 400; put a held:2s -> 400", ""),
    ]);
}

#[test]
fn lists_are_held_to_the_cap_and_to_the_allowed_set() {
    let mut judge = Judge::new(2);
    judge.allow(Some(set("abc")));
    for (story, findings) in [
        ("put a b; look a=ended b=ended", ""),
        ("put a b c -> 400", "over_cap 0"),
        ("put a len:3 -> 400", "over_cap 0"),
        ("put -> 400", "nobody_named 0"),
        // Nobody read it, so nobody knows.
        ("put unread -> 401", ""),
        // Submitted, whether or not it took hold.
        ("put a x; look a=ended x=ended", "outside_allowed x 0"),
        ("put x y z -> 401", "over_cap 0, outside_allowed x 0, outside_allowed y 0, outside_allowed z 0"),
        ("put x -> lost began:none; look x=untouched", "outside_allowed x 0"),
        ("look x=untouched", ""),
    ] {
        assert_eq!(Story::of(judge.clone(), story).findings(), findings, "{story}");
    }
    judge.allow(None);
    assert_eq!(Story::of(judge, "put x -> 401").findings(), "");
}

#[test]
fn retry_after_is_waited_for() {
    check(&[
        ("look a=unsaid -> 429 after:2s; look a=unsaid", "before_retry_after 0 1"),
        ("look a=unsaid -> 429 after:2s; put a -> 400", "before_retry_after 0 1"),
        ("look a=unsaid -> 429 after:2s; +2s look a=unsaid", ""),
        // Each one too early counts.
        (
            "look a=unsaid -> 429 after:3s; look a=unsaid; look a=unsaid",
            "before_retry_after 0 1, before_retry_after 0 2",
        ),
        // May have been on its way, also after an answer that left late.
        ("look a=unsaid -> 429 after:2s; +250ms look a=unsaid", ""),
        ("look a=unsaid -> 429 after:2s; +251ms look a=unsaid", "before_retry_after 0 1"),
        ("look a=unsaid -> 429 after:2s sent:1s; +1250ms look a=unsaid", ""),
        ("look a=unsaid -> 429 after:2s sent:1s; +1251ms look a=unsaid", "before_retry_after 0 1"),
        // Two clocks do not agree to the last.
        ("look a=unsaid -> 429 after:2s; +1980ms look a=unsaid", ""),
        ("look a=unsaid -> 429 after:2s; +1979ms look a=unsaid", "before_retry_after 0 1"),
        ("look a=unsaid -> 429 after:100s; advance 97s; look a=unsaid", ""),
        ("look a=unsaid -> 429 after:100s; advance 96s; look a=unsaid", "before_retry_after 0 1"),
        // By either clock: the world's may stand still, or leap.
        ("stop; look a=unsaid -> 429 after:9s; +9s look a=unsaid", ""),
        ("stop; look a=unsaid -> 429 after:9s; +5s look a=unsaid", "before_retry_after 0 1"),
        ("look a=unsaid -> 429 after:9s; advance 9s; look a=unsaid", ""),
        // Nobody has to wait for longer than five minutes.
        ("look a=unsaid -> 429 after:2h; +300s look a=unsaid", ""),
        ("look a=unsaid -> 429 after:2h; +290s look a=unsaid", "before_retry_after 0 1"),
        // Others may go on; who was told nothing, or never heard it, may, too.
        ("look a=unsaid -> 429 after:2s; look a=unsaid by:2", ""),
        ("look a=unsaid -> 429 after:2s; look a=unsaid iam", ""),
        ("look a=unsaid -> 429 after:2s iam; look a=unsaid", ""),
        ("look a=unsaid -> 429 after:2s iam; look a=unsaid iam", "before_retry_after 0 1"),
        ("look a=unsaid -> 429; look a=unsaid", ""),
        ("put a -> 429 after:2s repeat:9; look a=unsaid", ""),
        ("look a=unsaid -> 429 after:2s; put a -> 400 repeat:9", ""),
        // Of two that ask, the one that asks for longer; no other shortens that.
        (
            "look a=unsaid -> 429 after:9s; +10ms look a=unsaid -> 429 after:1s; +5s look a=unsaid",
            "before_retry_after 0 2",
        ),
        (
            "look a=unsaid -> 429 after:1s; +10ms look a=unsaid -> 429 after:9s; +5s look a=unsaid",
            "before_retry_after 1 2",
        ),
        ("look a=unsaid -> 429 after:1s; +10ms look a=unsaid -> 429 after:9s; +9s look a=unsaid", ""),
        // Refusals that follow closely do not renew the grace.
        (
            "look a=unsaid -> 429 after:1s; +200ms look a=unsaid -> 429 after:1s; +200ms look a=unsaid -> 429 after:1s",
            "before_retry_after 0 2",
        ),
    ]);
}

#[test]
fn the_limiter_is_obeyed_once_it_has_spoken() {
    let again = |times: usize, how: &str| {
        let first = format!("look a=unsaid -> 429 limiter {how}");
        first + &format!("; +300ms look a=unsaid -> 429 limiter {how}").repeat(times)
    };
    for (story, count) in [
        // It said when to come again.
        (again(1, "after:9s"), 1),
        (again(3, "after:9s"), 3),
        // It named its limit: who spaces requests as it asks is refused a few times, and no more.
        (again(4, "window:60s limit:2/60s"), 0),
        (again(5, "window:60s limit:2/60s"), 1),
        (again(9, "window:60s limit:2/60s"), 1),
        (again(10, "window:60s limit:2/60s"), 2),
        // In the next window it starts anew.
        (again(4, "window:9s limit:2/9s") + "; " + &format!("+9s {}", again(4, "window:9s limit:2/9s")), 0),
        // It said nothing that one could go by.
        (again(50, "window:60s"), 0),
        // A fault rule refused it, not the limiter.
        ("look a=unsaid -> 429 limiter after:9s; look a=unsaid -> 429 rule".to_owned(), 0),
    ] {
        let story = Story::of(Judge::new(50), &story);
        let counts = story.verdict().counts;
        assert_eq!(counts.get(&ViolationKind::OverRate).copied().unwrap_or(0), count, "{counts:?}");
    }
}

#[test]
fn the_declared_rate_is_counted_for_each_caller() {
    let mut judge = Judge::new(50);
    judge.rate_max(Some(Rate::of(3, Duration::from_secs(10)).unwrap()));
    let three = "look a=unsaid; look a=unsaid; look a=unsaid";
    for (story, findings) in [
        (three.to_owned(), ""),
        (format!("{three}; look a=unsaid"), "over_rate 0 1 2 3"),
        (format!("{three}; +8s look a=unsaid; +1s look a=unsaid"), ""),
        (format!("{three}; look a=unsaid by:2"), ""),
        (format!("{three}; put a -> 400 repeat:2"), ""),
        (format!("{three}; put a -> 400"), "over_rate 0 1 2 3"),
        // The next stretch is another one.
        (format!("{three}; look a=unsaid; {three}; look a=unsaid"), "over_rate 0 1 2 3, over_rate 0 1 2 3 4 5 6 7"),
    ] {
        assert_eq!(Story::of(judge.clone(), &story).findings(), findings, "{story}");
    }
    judge.rate_max(None);
    assert_eq!(Story::of(judge, &format!("{three}; look a=unsaid")).findings(), "");
}

/// What the client began it has to see through, unless it was kept from that.
#[test]
fn the_end_shows_who_was_not_seen_through() {
    check(&[
        ("put a; look a=underway; look a=ended; end a; over", ""),
        // Sent it off and left; left early; left while in doubt.
        ("put a; end a; over", "not_seen_through a 0"),
        ("put a; look a=underway; end a; over", "not_seen_through a 0 1"),
        ("put a -> lost; look a=underway; end a; over", "not_seen_through a 0 1"),
        ("put a -> lost; end a; over", "not_seen_through a 0"),
        ("put a b; look a=ended; end a; end b; over", "not_seen_through b 0"),
        ("put a; look a=ended; put a; look a=ended1; look a=underway; end a; over", "not_seen_through a 2 4"),
        // Has not ended: that is nobody's fault.
        ("put a; over", "unfinished a"),
        ("put a b; end b; look b=ended; over", "unfinished a"),
        // Not over yet.
        ("put a; look a=underway; end a", "open a"),
        // Saw that it is gone.
        ("put a; look a=absent -> 404; end a; over", ""),
        // Its last look failed, was altered, or showed the past; in a look at everybody, too.
        ("put a; end a; look a=ended -> lost; over", "~kept_from_seeing a 0"),
        ("put a; end a; look a=ended -> 503; over", "~kept_from_seeing a 0"),
        ("put a; end a; look a=underway rule; over", "~kept_from_seeing a 0 1"),
        ("put a; end a; look a=untouched; over", "~kept_from_seeing a 0"),
        ("put a; end a; look a=unsaid; over", "~kept_from_seeing a 0"),
        ("put a; end a; look all -> 503; over", "~kept_from_seeing a 0"),
        ("put a; end a; look all rule; over", "~kept_from_seeing a 0"),
        ("put a; look a=underway all; end a; over", "not_seen_through a 0 1"),
        ("look all -> 503; put a; end a; over", "not_seen_through a 1"),
        ("put a; look a=ended -> lost; look a=underway; end a; over", "not_seen_through a 0 2"),
        // Could not know that there was anything to see.
        ("put a -> 403 began:a; end a; over", "~lied_to a 0"),
        ("put a; look a=ended; put a repeat:0 -> lost; end a; over", "~network a 2"),
        ("put a -> lost began:none; over", ""),
        ("put a -> 400; over", ""),
    ]);
}

#[test]
fn a_verdict_reads_well() {
    let story = Story::of(Judge::new(50), "look a=untouched; put a b -> lost; put a -> busy; put b -> 400 len:60");
    let verdict = serde_json::to_value(story.verdict()).unwrap();
    for (pointer, is) in [
        ("/acquitted", serde_json::json!(false)),
        ("/is_over", serde_json::json!(false)),
        ("/counts", serde_json::json!({"submitted_in_doubt": 2, "over_cap": 1})),
        ("/violations/0/kind", serde_json::json!("submitted_in_doubt")),
        ("/violations/0/instance", serde_json::json!(id('a'))),
        ("/violations/0/at", serde_json::json!("1970-01-01T00:16:43.000Z")),
        ("/violations/0/proof/0/nth", serde_json::json!(1)),
        ("/violations/0/proof/0/delivery/kind", serde_json::json!("broken")),
        ("/violations/0/proof/1/code", serde_json::json!("iMetal.0201")),
        ("/violations_left_out", serde_json::json!(0)),
        ("/violations/1/kind", serde_json::json!("over_cap")),
        ("/open/count", serde_json::json!(2)),
        ("/open/instances", serde_json::json!([id('a'), id('b')])),
        ("/unfinished/count", serde_json::json!(0)),
        ("/unjudged", serde_json::json!(0)),
    ] {
        assert_eq!(verdict.pointer(pointer), Some(&is), "{pointer} in {verdict}");
    }
    assert!(verdict.pointer("/violations/1/instance").is_none(), "it is about no single one");
    for violation in verdict["violations"].as_array().unwrap() {
        let says = violation["says"].as_str().unwrap();
        assert!(says.ends_with('.') && says.contains("equest "), "{says}");
    }
    let innocent = serde_json::to_value(Story::of(Judge::new(50), "put a; look a=ended; over").verdict()).unwrap();
    assert_eq!((&innocent["acquitted"], &innocent["counts"]), (&serde_json::json!(true), &serde_json::json!({})));
}

/// Whoever is seen through, or was never begun, is forgotten, so that memory does not grow with what was done.
#[test]
fn whoever_is_seen_through_is_forgotten() {
    for (story, left) in [
        ("look a=untouched b=untouched", 0),
        ("put a b; look a=ended", 1),
        ("put a b; look a=ended; look b=ended", 0),
        ("put a -> 400; put b -> 429; put c -> 401", 0),
        ("put a -> lost began:none", 1),
        ("put a -> lost began:none; look a=untouched", 0),
        ("put a slow -> 400", 1),
        ("put a slow -> 400; close 0", 0),
        ("hold a; put a held:1s -> 400", 0),
        ("hold a; put a -> 400; put a held:2s -> 400", 0),
    ] {
        let judge = Story::of(Judge::new(50), story).judge;
        assert_eq!(judge.records.len(), left, "{story}");
        assert_eq!(judge.open.len(), usize::from(story.ends_with("slow -> 400")), "{story}");
    }
}

#[test]
fn findings_are_bounded_but_counted() {
    let mut story = Story::new(Judge::new(50));
    for _ in 0..1_100 {
        story.tell("put -> 400");
        story.tell("put a -> 429 began:a");
    }
    let verdict = story.verdict();
    assert_eq!((verdict.violations.len(), verdict.violations_left_out), (CASES_MAX, 100));
    assert_eq!(verdict.counts[&ViolationKind::NobodyNamed], 1_100);
    assert_eq!(story.judge.violations_count(), 1_100);
    assert_eq!((verdict.not_the_clients_doing.len(), verdict.not_the_clients_doing_left_out), (CASES_MAX, 99));
    assert_eq!(verdict.excuses[&ExcuseKind::LiedTo], 1_099);
}

/// Where there is no room to judge, nobody is acquitted.
#[test]
fn what_cannot_be_judged_is_no_acquittal() {
    let mut story = Story::new(Judge::new(50));
    for place in 0..OPEN_MAX as u32 {
        story.tell(&format!("put {} -> 400 slow", char::from_u32(0x4e00 + place).unwrap()));
    }
    assert_eq!((story.judge.open.len(), story.verdict().acquitted), (OPEN_MAX, true));
    story.tell("put a -> 400");
    let verdict = story.verdict();
    assert_eq!((verdict.acquitted, verdict.unjudged, story.judge.open.len()), (false, 1, OPEN_MAX));
    assert!(verdict.counts.is_empty(), "{:?}", verdict.counts);

    let mut story = Story::of(Judge::new(50), &["put b -> 400 slow"; 1_003].join("; "));
    assert_eq!((story.judge.overlaps.len(), story.verdict().unjudged), (1_000, 2));
    story.judge.closed(0, Closing::Answer);
    assert_eq!((story.judge.overlaps.len(), story.judge.violations_count()), (999, 1));
}

/// Who is turned away at the door again and again takes no room: nobody waits for an answer that names nobody.
#[test]
fn refusals_without_a_list_take_no_room() {
    let mut story = Story::new(Judge::new(50));
    for _ in 0..=OPEN_MAX {
        story.tell("put unread -> 401 slow");
    }
    let verdict = story.verdict();
    assert_eq!((verdict.acquitted, verdict.unjudged, story.judge.open.len()), (true, 0, 0));
}

/// A judge is part of a snapshot of its world.
#[test]
fn a_copy_goes_its_own_way() {
    let mut story = Story::of(Judge::new(50), "put a -> lost");
    let copy = story.judge.clone();
    story.tell("put a -> busy");
    assert_eq!((story.judge.violations_count(), copy.violations_count()), (1, 0));
}
