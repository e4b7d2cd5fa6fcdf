use proptest::prelude::*;

use super::*;
use crate::fault::{Fault, FaultKind};

const START: Timestamp = Timestamp::from_millis(1_795_433_416_042);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn at(millis: u64) -> Timestamp {
    START + ms(millis)
}

fn per_second(requests: f64) -> Rate {
    Rate::per_second(requests).unwrap()
}

fn asked(seconds: u64) -> Hint {
    Hint { retry_after: Some(Duration::from_secs(seconds)), limit: None }
}

const NO_HINT: Hint = Hint { retry_after: None, limit: None };

fn limit(count: u32, seconds: u64) -> Hint {
    Hint { retry_after: None, limit: Some(Rate::of(count, Duration::from_secs(seconds)).unwrap()) }
}

/// How many leave at once, at this moment.
fn leave(pace: &mut Pace, rate: Rate, now: Timestamp, urgency: Urgency) -> usize {
    (0..20_000).take_while(|_| pace.ask(rate, now, urgency) == Turn::Now).count()
}

#[test]
fn rates_are_read_and_written_as_people_do() {
    for (text, written, interval, burst, reserve) in [
        ("20", "20/s", Duration::from_millis(50), 20, 4),
        (" 1 ", "1/s", Duration::from_secs(1), 1, 0),
        ("2", "2/s", Duration::from_millis(500), 2, 1),
        ("3", "3/s", Duration::from_nanos(333_333_334), 3, 1),
        ("0.5", "0.5/s", Duration::from_secs(2), 1, 0),
        ("2.75", "2.75/s", Duration::from_nanos(363_636_364), 2, 1),
        ("0.1", "0.1/s", Duration::from_secs(10), 1, 0),
        ("1e4", "10000/s", Duration::from_micros(100), 10_000, 2_000),
    ] {
        let rate: Rate = text.parse().unwrap();
        let told = (rate.to_string(), rate.interval(), rate.burst(), rate.reserve());
        assert_eq!(told, (written.to_owned(), interval, burst, reserve), "{text}");
    }
    for wrong in ["", "0", "-1", "0.09", "10001", "NaN", "inf", "1e400", "20/s", "many"] {
        let refused = wrong.parse::<Rate>().unwrap_err().to_string();
        assert!(refused.starts_with(&format!("`{wrong}` is not a rate")), "{refused}");
    }
}

#[test]
fn limits_count_over_any_time_within_reason() {
    for (count, seconds, written) in [
        (200, 300, Some("200 in 5m")),
        (600, 60, Some("10/s")),
        (50, 60, Some("50 in 1m")),
        (1, 300, Some("1 in 5m")),
        (288, 86_400, Some("288 in 24h")),
        (0, 60, None),
        (1, 0, None),
        (1, 301, None),
        (287, 86_400, None),
        (1_000, 86_401, None),
        (10_001, 1, None),
        (u32::MAX, 86_400, None),
    ] {
        let rate = Rate::of(count, Duration::from_secs(seconds)).ok();
        assert_eq!(rate.map(|rate| rate.to_string()).as_deref(), written, "{count} in {seconds} s");
    }
}

#[test]
fn a_burst_leaves_at_once_and_the_rest_one_by_one() {
    let (mut pace, rate) = (Pace::new(), per_second(20.0));
    assert_eq!(leave(&mut pace, rate, at(0), Urgency::Submit), 20);
    assert_eq!(pace.ask(rate, at(0), Urgency::Submit), Turn::At(at(50)));
    assert_eq!(pace.ask(rate, at(49), Urgency::Submit), Turn::At(at(50)));
    assert_eq!(pace.ask(rate, at(50), Urgency::Submit), Turn::Now);
    assert_eq!(pace.ask(rate, at(50), Urgency::Submit), Turn::At(at(100)));
    assert_eq!(leave(&mut pace, rate, at(10_000), Urgency::Submit), 20, "no more after a long pause");
}

#[test]
fn looks_leave_a_part_of_the_burst_to_submissions() {
    for (requests, looks, submissions) in [(20.0, 16, 4), (5.0, 4, 1), (2.0, 1, 1), (1.0, 1, 0), (0.5, 1, 0)] {
        let (mut pace, rate) = (Pace::new(), per_second(requests));
        assert_eq!(leave(&mut pace, rate, at(0), Urgency::Look), looks, "{rate}");
        assert_eq!(leave(&mut pace, rate, at(0), Urgency::Submit), submissions, "{rate}");
    }
}

#[test]
fn a_submission_never_queues_behind_looks() {
    for requests in [20.0, 5.0, 2.0, 1.0, 0.5] {
        let (mut pace, rate) = (Pace::new(), per_second(requests));
        leave(&mut pace, rate, at(0), Urgency::Submit);
        let told = |pace: &mut Pace, now, urgency| match pace.ask(rate, now, urgency) {
            Turn::At(at) => at,
            Turn::Now => panic!("{rate}: the burst is spent"),
        };
        let mut now = at(0);
        for _ in 0..10 {
            let [look, submission] = [Urgency::Look, Urgency::Submit].map(|urgency| told(&mut pace, now, urgency));
            assert!(submission < look, "{rate}: whoever wakes at its own moment wakes first");
            now = submission;
            assert_eq!(pace.ask(rate, now, Urgency::Submit), Turn::Now, "{rate}");
        }
    }
}

#[test]
fn a_refusal_cools_everything_down() {
    // The hint, the die, and for how many milliseconds nothing leaves after the first, second, .. refusal in a row.
    let cases: [(Hint, f64, &[u64]); 8] = [
        (asked(7), 0.5, &[7_000, 7_000, 7_000, 7_000]),
        (asked(3_600), 0.5, &[300_000, 300_000]),
        (asked(0), 0.5, &[0, 500, 1_000, 2_000]),
        (asked(1), 0.999_999, &[1_000, 1_000, 2_000, 4_000]),
        (NO_HINT, 0.5, &[500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]),
        (NO_HINT, f64::NAN, &[1_000, 2_000]),
        (limit(200, 300), 0.5, &[1_500, 3_000, 6_000, 12_000, 24_000, 48_000, 96_000, 192_000, 300_000, 300_000]),
        (limit(10, 1), 0.5, &[100, 200, 400, 800, 1_000, 1_000]),
    ];
    for (hint, dice, waits) in cases {
        let (mut pace, rate, mut now) = (Pace::new(), per_second(20.0), START);
        for (index, &wait) in waits.iter().enumerate() {
            assert_eq!(pace.throttled(now, hint, dice), ms(wait), "{hint:?}, refusal {}", index + 1);
            if wait > 0 {
                let turns = [Urgency::Look, Urgency::Submit].map(|urgency| pace.ask(rate, now + ms(wait - 1), urgency));
                assert_eq!(turns, [Turn::At(now + ms(wait)); 2], "{hint:?}");
            }
            assert_eq!(pace.ask(rate, now + ms(wait), Urgency::Submit), Turn::Now, "{hint:?}");
            // The next refusal is of a request that was sent after the pause, and took its time.
            now = now + ms(wait) + ms(2_000);
        }
    }
}

#[test]
fn refusals_of_one_moment_count_as_one() {
    for hint in [NO_HINT, asked(0), asked(5), limit(200, 300)] {
        let mut pace = Pace::new();
        for late in 0..64 {
            pace.throttled(at(late * 10), hint, 0.0);
        }
        let next = pace.throttled(at(20_000), NO_HINT, 1.0);
        assert_eq!(next, Duration::from_secs(2), "{hint:?}: the second in a row");
    }
}

#[test]
fn a_refusal_prolongs_the_pause_and_never_shortens_it() {
    let mut pace = Pace::new();
    assert_eq!(pace.throttled(at(0), asked(10), 0.0), ms(10_000));
    assert_eq!(pace.throttled(at(100), asked(1), 0.0), ms(9_900));
    assert_eq!(pace.throttled(at(200), NO_HINT, 1.0), ms(9_800));
    assert_eq!(pace.throttled(at(300), asked(20), 0.0), ms(20_000));
    assert_eq!(pace.ask(per_second(20.0), at(20_299), Urgency::Submit), Turn::At(at(20_300)));
}

#[test]
fn only_an_answer_to_a_later_request_ends_the_row() {
    // When the answer comes after a refusal with a pause of 2 s, and what the next refusal counts as.
    for (answered, ceiling) in [(None, 2), (Some(50), 2), (Some(1_999), 2), (Some(2_000), 1), (Some(9_000), 1)] {
        let mut pace = Pace::new();
        pace.throttled(at(0), asked(2), 0.0);
        if let Some(answered) = answered {
            pace.answered(at(answered));
        }
        assert_eq!(pace.throttled(at(10_000), NO_HINT, 1.0), Duration::from_secs(ceiling), "{answered:?}");
    }
}

#[test]
fn a_named_limit_is_obeyed_until_its_time_has_passed_without_a_refusal() {
    let (mut pace, rate) = (Pace::new(), per_second(20.0));
    pace.throttled(at(0), limit(30, 60), 0.0);
    assert_eq!(leave(&mut pace, rate, at(2_000), Urgency::Look), 1, "one slot in 2 s, and no burst");
    assert_eq!(pace.ask(rate, at(2_000), Urgency::Submit), Turn::At(at(4_000)));
    // Another refusal, which names none: the minute begins anew.
    pace.throttled(at(50_000), asked(0), 0.0);
    assert_eq!(leave(&mut pace, rate, at(109_999), Urgency::Submit), 1);
    assert_eq!(leave(&mut pace, rate, at(112_000), Urgency::Submit), 20);
    // Of two limits the slower one; and never faster than one's own rate.
    pace.throttled(at(200_000), limit(30, 60), 0.0);
    pace.throttled(at(200_000), limit(600, 60), 0.0);
    assert_eq!(leave(&mut pace, rate, at(210_000), Urgency::Submit), 1);
    pace = Pace::new();
    pace.throttled(at(0), limit(600, 60), 0.0);
    assert_eq!(leave(&mut pace, per_second(0.5), at(5_000), Urgency::Submit), 1);
}

#[test]
fn a_clock_that_was_set_back_holds_nobody_up() {
    let rate = per_second(20.0);
    let (mut pace, before) = (Pace::new(), START - Duration::from_secs(7 * 86_400));
    leave(&mut pace, rate, START, Urgency::Submit);
    assert_eq!(pace.ask(rate, before, Urgency::Submit), Turn::At(before + ms(50)), "as after a burst");
    pace.throttled(START, asked(300), 0.0);
    assert_eq!(pace.ask(rate, before, Urgency::Submit), Turn::At(before + WAIT_MAX), "no longer than ever");
    let mut pace = Pace::new();
    pace.throttled(START, limit(30, 60), 0.0);
    pace.ask(rate, before, Urgency::Submit);
    assert_eq!(leave(&mut pace, rate, before + ms(62_000), Urgency::Submit), 20, "and slow for no longer either");
}

/// Whoever asks again when it was told to gets its turn within the time of one burst, however far the clock was set back, and
/// whatever the last burst or an earlier pause left behind.
#[test]
fn a_clock_that_was_set_back_costs_a_second_at_most() {
    let cases = [600_000, 1_000, 501, 500, 400].map(ms);
    for (set_back, urgency) in cases.into_iter().flat_map(|back| [(back, Urgency::Look), (back, Urgency::Submit)]) {
        for paused in [false, true] {
            let (rate, mut pace) = (per_second(20.0), Pace::new());
            if paused {
                pace.throttled(START, asked(60), 0.0);
                pace.answered(at(61_000));
            }
            leave(&mut pace, rate, at(90_000), Urgency::Submit);
            let back = at(90_000) - set_back;
            let mut next = |mut now: Timestamp| {
                while let Turn::At(later) = pace.ask(rate, now, urgency) {
                    now = later;
                }
                now
            };
            let first = next(back);
            let told = format!("{set_back:?} {urgency:?} {paused}");
            assert!(first.since(back) <= Duration::from_secs(1), "{told}: {first}");
            let twentieth = (1..20).fold(first, |now, _| next(now));
            assert!(twentieth.since(first) == ms(950), "one by one, and no second burst: {told}");
        }
    }
}

#[test]
fn paces_are_kept_in_bytes() {
    let mut slow = Pace::new();
    slow.throttled(START, limit(200, 300), 0.0);
    slow.ask(per_second(20.0), at(1_500), Urgency::Look);
    let mut quick = Pace::new();
    quick.ask(per_second(20.0), START, Urgency::Look);
    for pace in [Pace::new(), quick, slow] {
        assert_eq!(Pace::from_bytes(&pace.to_bytes()), Some(pace));
    }
    let mut bytes = slow.to_bytes();
    bytes[24..32].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_eq!(Pace::from_bytes(&bytes), None, "a limit over 584 years");
}

#[test]
fn of_two_paces_the_more_careful_one_holds() {
    let rate = per_second(1.0);
    let (mut one, mut other) = (Pace::new(), Pace::new());
    one.ask(rate, at(0), Urgency::Look);
    one.throttled(at(0), limit(30, 60), 0.0);
    other.throttled(at(100), asked(3), 0.0);
    other.throttled(at(5_000), asked(3), 0.0);
    for mut joined in [one.joined(other), other.joined(one)] {
        assert_eq!(joined.ask(rate, at(6_000), Urgency::Look), Turn::At(at(8_000)));
        assert_eq!(leave(&mut joined, rate, at(8_000), Urgency::Look), 1);
        assert_eq!(
            joined.ask(rate, at(8_000), Urgency::Look),
            Turn::At(at(10_200)),
            "one in 2 s, and a tenth of it later"
        );
        assert_eq!(joined.throttled(at(10_000), NO_HINT, 1.0), Duration::from_secs(4), "the third in a row");
    }
}

#[test]
fn one_process_has_a_pace_of_its_own() {
    let pacer = OwnPace::new(per_second(2.0));
    assert_eq!([0, 0, 0].map(|now| pacer.ask(at(now), Urgency::Submit)), [Turn::Now, Turn::Now, Turn::At(at(500))]);
    let fault = Fault { retry_after: Some(ms(4_000)), ..Fault::new(FaultKind::Throttled, "") };
    assert_eq!(pacer.throttled(at(600), fault.hint(), 0.0), ms(4_000));
    assert_eq!(pacer.ask(at(700), Urgency::Submit), Turn::At(at(4_600)));
    pacer.answered(at(5_000));
    assert_eq!(pacer.throttled(at(9_000), NO_HINT, 1.0), ms(1_000), "the first in a row");
}

/// What one of several callers does next: after how long a pause it asks, and for what.
fn callers() -> impl Strategy<Value = Vec<(u64, bool, u8)>> {
    let pause = prop_oneof![3 => Just(0_u64), 5 => 0..60_u64, 1 => 0..3_000_u64];
    prop::collection::vec((pause, any::<bool>(), any::<u8>()), 1..400)
}

fn rates() -> impl Strategy<Value = Rate> {
    let per_second = (1..40_000_u32).prop_map(|thousandths| f64::from(thousandths) / 1_000.0);
    let own = per_second.prop_filter_map("too slow", |requests| Rate::per_second(requests).ok());
    prop_oneof![
        own,
        (1..500_u32, 1..300_u64).prop_filter_map("too slow or fast", |(count, seconds)| {
            Rate::of(count, Duration::from_secs(seconds)).ok()
        })
    ]
}

proptest! {
    /// In any stretch of time: a burst, and what the rate has in that time.
    #[test]
    fn no_stretch_of_time_holds_more_than_it_may(rate in rates(), callers in callers()) {
        let (mut pace, mut now, mut left) = (Pace::new(), START, Vec::new());
        for (pause, is_look, _) in callers {
            now = now + ms(pause);
            let urgency = if is_look { Urgency::Look } else { Urgency::Submit };
            match pace.ask(rate, now, urgency) {
                Turn::Now => left.push(now),
                Turn::At(at) => prop_assert!(at > now),
            }
        }
        for (first, from) in left.iter().enumerate() {
            for (more, to) in left[first..].iter().enumerate() {
                let worth = to.since(*from).as_nanos() / rate.interval().as_nanos();
                prop_assert!((more as u128) < u128::from(rate.burst()) + worth, "{more} more from {from} to {to}");
            }
        }
    }

    /// Nothing leaves before a pause is over, whatever else is heard meanwhile, and nobody waits longer than is ever needed.
    #[test]
    fn nothing_leaves_during_a_pause(rate in rates(), callers in callers()) {
        let (mut pace, mut now, mut quiet_until) = (Pace::new(), START, START);
        for (pause, is_look, what) in callers {
            now = now + ms(pause);
            match what {
                0..60 => {
                    let hint = [NO_HINT, asked(0), asked(u64::from(what)), limit(1 + u32::from(what), 60)][usize::from(what % 4)];
                    let wait = pace.throttled(now, hint, f64::from(what) / 60.0);
                    prop_assert!(now + wait >= quiet_until && wait <= WAIT_MAX);
                    prop_assert!(wait >= hint.retry_after.unwrap_or_default());
                    quiet_until = now + wait;
                }
                60..80 => pace.answered(now),
                80.. => {
                    let urgency = if is_look { Urgency::Look } else { Urgency::Submit };
                    match pace.ask(rate, now, urgency) {
                        Turn::Now => prop_assert!(now >= quiet_until),
                        Turn::At(at) => prop_assert!(at > now && at <= now + WAIT_MAX),
                    }
                }
            }
        }
    }

    /// Whoever asks again when it was told to gets through, and those who wait with it do one after the other.
    #[test]
    fn whoever_asks_again_gets_through(rate in rates(), callers in 1..50_u32, is_look: bool) {
        let (mut pace, mut now, mut left) = (Pace::new(), START, 0);
        let urgency = if is_look { Urgency::Look } else { Urgency::Submit };
        pace.throttled(now, asked(2), 0.5);
        let mut rounds = 0;
        while left < callers {
            let turns: Vec<Turn> = (left..callers).map(|_| pace.ask(rate, now, urgency)).collect();
            left += turns.iter().filter(|turn| **turn == Turn::Now).count() as u32;
            let next = turns.iter().find_map(|turn| if let Turn::At(at) = turn { Some(*at) } else { None });
            now = next.unwrap_or(now);
            rounds += 1;
            prop_assert!(rounds <= callers + 1, "each round lets at least one through");
        }
        let fair = Duration::from_secs(2) + (rate.interval() * 11 / 10 + ms(1)) * callers;
        prop_assert!(now.since(START) <= fair, "{now} after {START}");
    }

    /// Whatever bytes are read, nobody waits longer than is ever needed.
    #[test]
    fn foreign_bytes_hold_nobody_up(bytes: [u8; Pace::BYTES], rate in rates()) {
        if let Some(mut pace) = Pace::from_bytes(&bytes) {
            prop_assert_eq!(Pace::from_bytes(&pace.to_bytes()).map(|pace| pace.to_bytes()), Some(pace.to_bytes()));
            match pace.ask(rate, START, Urgency::Look) {
                Turn::Now => {}
                Turn::At(at) => prop_assert!(at > START && at <= START + WAIT_MAX),
            }
            prop_assert!(pace.throttled(START, NO_HINT, 0.5) <= WAIT_MAX);
        }
    }
}
