//! A made-up service answers the calls; what is told of each instance is written as one letter: `l`isted, by `s`tatus, `g`one,
//! `u`nread.

use super::*;
use crate::sighting::Via;
use crate::testing::sighting;

fn ids(numbers: std::ops::Range<u128>) -> Vec<InstanceId> {
    numbers.map(InstanceId::from_bits).collect()
}

fn failed(kind: FaultKind, status: u16, code: Option<&str>) -> Fault {
    Fault { status: Some(status), code: code.map(Into::into), ..Fault::new(kind, "the cloud's words") }
}

/// What came of an observation.
type Observed = Result<Vec<(InstanceId, Look)>, Fault>;

/// Carries an observation out, and counts the calls: lists, then statuses.
fn observe(
    asked: &[InstanceId],
    knowledge: &mut CallKnowledge,
    answer: impl Fn(&Call) -> Result<Reply, Fault>,
) -> (Observed, (u32, u32)) {
    let mut observation = Observation::new(asked, knowledge);
    let mut calls = (0, 0);
    while !observation.is_finished() {
        let polled: Vec<_> = std::iter::from_fn(|| observation.poll_call()).collect();
        assert!(!polled.is_empty(), "nothing is under way, and it is not finished");
        for (id, call) in polled.into_iter().rev() {
            match &call {
                Call::List(ids) => {
                    assert!((1..=Call::LIST_IDS_MAX).contains(&ids.len()));
                    calls.0 += 1;
                }
                Call::Status(_) => calls.1 += 1,
            }
            observation.completed(id, answer(&call), knowledge);
        }
    }
    (observation.into_looks(), calls)
}

fn letters(looks: &[(InstanceId, Look)]) -> String {
    let letter = |look: &Look| match look {
        Look::Seen(Sighting { via: Via::List, .. }) => 'l',
        Look::Seen(_) => 's',
        Look::Gone(_) => 'g',
        Look::Unread(_) => 'u',
    };
    looks.iter().map(|(_, look)| letter(look)).collect()
}

fn status(text: &str) -> Result<Reply, Fault> {
    Ok(Reply::Status(Sighting { via: Via::Status, ..sighting(text) }))
}

fn rows(ids: &[InstanceId], text: &str) -> Result<Reply, Fault> {
    Ok(Reply::Rows(ids.iter().map(|id| (*id, sighting(text))).collect()))
}

#[test]
fn a_hundred_instances_cost_one_call() {
    let mut knowledge = CallKnowledge::default();
    let (looks, calls) = observe(&ids(0..250), &mut knowledge, |call| match call {
        Call::List(ids) => rows(ids, "running/install-succeed"),
        Call::Status(_) => panic!("{call:?}"),
    });
    let looks = looks.unwrap();
    assert_eq!(looks.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ids(0..250));
    assert_eq!((letters(&looks), calls), ("l".repeat(250), (3, 0)));
    let (looks, calls) = observe(&[], &mut knowledge, |call| panic!("{call:?}"));
    assert_eq!((looks.unwrap(), calls), (vec![], (0, 0)));
}

#[test]
fn what_the_list_leaves_out_is_asked_for_one_by_one() {
    let answer = |call: &Call| match call {
        Call::List(ids) => rows(&ids.iter().copied().filter(|id| id.to_bits() < 2).collect::<Vec<_>>(), "running/x"),
        Call::Status(id) => match id.to_bits() {
            2 => status("pending"),
            3 => Err(failed(FaultKind::NotFound, 404, Some("iMetal.0200"))),
            4 => Err(failed(FaultKind::NotFound, 404, None)),
            5 => Err(failed(FaultKind::ServerFailed, 500, None)),
            _ => Err(failed(FaultKind::Forbidden, 403, Some("iMetal.0004"))),
        },
    };
    let asked = [0, 6, 1, 5, 2, 4, 3, 0, 6].map(InstanceId::from_bits);
    let mut knowledge = CallKnowledge::default();
    let (looks, calls) = observe(&asked, &mut knowledge, answer);
    assert_eq!((letters(&looks.unwrap()), calls), ("lulusug".into(), (1, 5)));
    assert!(!knowledge.list_unavailable);
}

#[test]
fn a_list_call_that_is_not_to_be_had_is_not_asked_again() {
    for (status_code, code, is_closed) in [
        (403, Some("iMetal.0004"), true),
        (404, Some("APIGW.0101"), true),
        (405, Some("APIGW.0104"), true),
        // A proxy's words of this moment.
        (403, None, false),
        (404, Some("404"), false),
    ] {
        let mut knowledge = CallKnowledge::default();
        let (looks, calls) = observe(&ids(0..3), &mut knowledge, |call| match call {
            Call::List(_) => Err(failed(FaultKind::Forbidden, status_code, code)),
            Call::Status(_) => status("running/install-succeed"),
        });
        assert_eq!((letters(&looks.unwrap()), calls), ("sss".into(), (1, 3)), "{status_code} {code:?}");
        assert_eq!(knowledge.list_unavailable, is_closed, "{status_code} {code:?}");
    }
}

#[test]
fn a_list_that_tells_less_than_the_status_call_is_left() {
    for (operation, calls) in [("/reinstall-processing", (1, 3)), ("", (1, 1))] {
        let mut knowledge = CallKnowledge::default();
        let answer = |call: &Call| match call {
            Call::List(ids) => rows(ids, "running"),
            Call::Status(_) => status(&format!("running{operation}")),
        };
        let (looks, counted) = observe(&ids(1..4), &mut knowledge, answer);
        let letter = if operation.is_empty() { "lll" } else { "sss" };
        assert_eq!((letters(&looks.unwrap()), counted), (letter.into(), calls));
        assert_eq!(knowledge.list_unavailable, !operation.is_empty());
        for _ in 0..9 {
            let _ = observe(&ids(1..4), &mut knowledge, answer);
        }
        let (_, counted) = observe(&ids(1..4), &mut knowledge, answer);
        assert_eq!(counted, if operation.is_empty() { (1, 0) } else { (0, 3) }, "asked a few times only");
    }
}

/// One row without the field, by a replica that lags or by chance, says nothing of the whole list.
#[test]
fn a_list_that_was_seen_with_words_is_not_left() {
    let mut knowledge = CallKnowledge::default();
    for (listed, calls) in [("running/install-succeed", (1, 0)), ("running", (1, 0))] {
        let (_, counted) = observe(&ids(1..2), &mut knowledge, |call| match call {
            Call::List(ids) => rows(ids, listed),
            Call::Status(_) => status("running/reinstall-processing"),
        });
        assert_eq!((counted, knowledge.list_unavailable), (calls, false), "{listed}");
    }
}

#[test]
fn of_two_rows_the_more_worrying_one_counts() {
    let id = InstanceId::from_bits(0);
    for (first, second, shown) in [
        ("running/install-succeed", "running/reinstall-processing", Some("running/reinstall-processing")),
        ("running/reinstall-processing", "running/install-succeed", Some("running/reinstall-processing")),
        ("running/install-succeed", "running/install-succeed", Some("running/install-succeed")),
        ("running/install-succeed", "running/reinstall-succeed", None),
    ] {
        let two = vec![(id, sighting(first)), (id, sighting(second))];
        let (looks, _) = observe(&[id], &mut CallKnowledge::default(), |_| Ok(Reply::Rows(two.clone())));
        match (looks.unwrap().remove(0).1, shown) {
            (Look::Seen(seen), Some(shown)) => assert_eq!(seen, sighting(shown), "{first}, {second}"),
            (Look::Unread(_), None) => {}
            (look, _) => panic!("{first}, {second}: {look:?}"),
        }
    }
}

#[test]
fn rows_that_were_not_asked_for_or_tell_nothing_do_not_count() {
    let (looks, calls) = observe(&ids(0..2), &mut CallKnowledge::default(), |call| match call {
        Call::List(_) => Ok(Reply::Rows(vec![
            (InstanceId::from_bits(9), sighting("running/x")),
            (InstanceId::from_bits(0), sighting("-")),
            (InstanceId::from_bits(1), sighting("running/x")),
        ])),
        Call::Status(_) => Err(failed(FaultKind::TimedOut, 504, None)),
    });
    assert_eq!((letters(&looks.unwrap()), calls), ("ul".into(), (1, 1)));
}

#[test]
fn what_fails_as_a_whole_is_told_as_a_whole() {
    let denied = || Err(failed(FaultKind::Unauthorized, 401, Some("APIGW.0301")));
    let (looks, _) = observe(&ids(0..2), &mut CallKnowledge::default(), |call| match call {
        Call::List(_) => Err(failed(FaultKind::Forbidden, 403, Some("iMetal.0004"))),
        Call::Status(_) => denied(),
    });
    assert_eq!(looks.unwrap_err().kind, FaultKind::Unauthorized);
    let (looks, calls) = observe(&ids(0..150), &mut CallKnowledge::default(), |call| match call {
        Call::List(ids) if ids.len() == 100 => Err(failed(FaultKind::TimedOut, 504, None)),
        Call::List(ids) => rows(ids, "running/x"),
        Call::Status(_) => panic!("{call:?}"),
    });
    assert_eq!((letters(&looks.unwrap()), calls), ("u".repeat(100) + &"l".repeat(50), (2, 0)));
    let (looks, _) = observe(&ids(0..150), &mut CallKnowledge::default(), |_| denied());
    assert_eq!(looks.unwrap_err().kind, FaultKind::Unauthorized);
}
