use reinstall_core::id::InstanceId;

use super::*;
use crate::cloud::config::CloudConfig;

const REINSTALL: ApiOperation = ApiOperation::ReinstallOs;

fn world(count: u32) -> (World, Vec<InstanceId>) {
    let cloud = Cloud::new(CloudConfig::generated("p1".parse().unwrap(), count));
    let ids = cloud.ids().collect();
    (World::new(cloud), ids)
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + seconds * 1_000)
}

fn request(ids: &[InstanceId]) -> ReinstallRequest {
    ReinstallRequest::of(ids, None, "Abcdef1!")
}

/// Which of the instances were wiped, by place.
fn wiped(world: &World, ids: &[InstanceId]) -> String {
    let marks = ids.iter().map(|id| match world.cloud.wipes(*id).len() {
        0 => '.',
        1 => 'w',
        _ => '!',
    });
    marks.collect()
}

/// What was said, in short: the places of the accepted ids, or the status.
fn said(served: &Served<Vec<InstanceId>>, ids: &[InstanceId]) -> String {
    match &served.said {
        Said::Done(accepted) => accepted
            .iter()
            .map(|id| ids.iter().position(|known| known == id).map_or("?".to_owned(), |place| place.to_string()))
            .collect(),
        Said::Refused(refusal) => refusal.code().to_owned(),
        Said::Canned(canned) => canned.status.to_string(),
        Said::Nothing => "-".to_owned(),
    }
}

#[test]
fn each_effect_says_takes_hold_and_arrives_as_it_should() {
    use Delivery::Whole;
    const CUT: Delivery = Delivery::Broken { after: Sent::Body(9), how: Break::Close };
    let partial = |omit, omitted_started| Effect::Partial { omit, omitted_started };
    let lose = |when, reset| Effect::Lose { when, reset };
    for (effect, says, delivery, holds) in [
        (Effect::throttle(None), "429", Whole, "....."),
        (Effect::refuse(503), "503", Whole, "....."),
        (Effect::fail_after(), "500", Whole, "wwwww"),
        (Effect::garble(), "202", Whole, "wwwww"),
        (lose(When::Before, false), "-", Delivery::CLOSED, "....."),
        (lose(When::After, false), "01234", Delivery::CLOSED, "wwwww"),
        (lose(When::Before, true), "-", Delivery::RESET, "....."),
        (lose(When::After, true), "01234", Delivery::RESET, "wwwww"),
        (Effect::Hang { when: When::Before }, "-", Delivery::NEVER, "....."),
        (Effect::Hang { when: When::After }, "01234", Delivery::NEVER, "wwwww"),
        (Effect::Truncate { body_bytes: 9 }, "01234", CUT, "wwwww"),
        (partial(Omit::EverySecond, true), "024", Whole, "wwwww"),
        (partial(Omit::EverySecond, false), "024", Whole, "w.w.w"),
        (partial(Omit::Last(2), true), "012", Whole, "wwwww"),
        (partial(Omit::Last(2), false), "012", Whole, "www.."),
        (partial(Omit::Last(9), true), "", Whole, "wwwww"),
        (Effect::Stranger, "01234?", Whole, "wwwww"),
    ] {
        let (mut world, ids) = world(5);
        let rule = world.arm(FaultRule::on(REINSTALL, effect.clone()));
        let served = world.reinstall(at(0), &request(&ids));
        assert_eq!(said(&served, &ids), says, "{effect:?}");
        assert_eq!(served.delivery, delivery, "{effect:?}");
        assert_eq!(served.rule, Some(rule));
        assert_eq!(wiped(&world, &ids), holds, "{effect:?}");
        assert_eq!(served.arrived().is_some(), delivery == Whole);
        assert_eq!(world.faults.hits(rule), 1);
        assert_eq!(world.cloud.ledger().requests_of(REINSTALL), 1, "counted once, whatever happened");
        let call = world.cloud.ledger().log().last().unwrap();
        assert_eq!(call.rule, Some(rule));
        assert_eq!(call.status.is_some(), matches!(delivery, Whole | CUT), "{effect:?}");
    }
}

#[test]
fn a_call_that_no_rule_hits_is_as_it_is() {
    let (mut world, ids) = world(5);
    world.arm(FaultRule::on(REINSTALL, Effect::lose_answer()).skip(1));
    let served = world.reinstall(at(0), &request(&ids));
    assert_eq!((said(&served, &ids).as_str(), served.delivery, served.rule), ("01234", Delivery::Whole, None));
}

#[test]
fn a_refusal_stays_one_when_its_answer_is_lost() {
    let (mut world, ids) = world(5);
    world.arm(FaultRule::on(REINSTALL, Effect::lose_answer()));
    let served = world.reinstall(at(0), &request(&[]));
    assert_eq!((said(&served, &ids).as_str(), served.delivery), ("iMetal.0001", Delivery::CLOSED));
}

#[test]
fn looks_can_be_out_of_date_for_a_while() {
    let (mut world, ids) = world(1);
    let stale = Effect::Stale { by: Duration::from_secs(30) };
    let rule = FaultRule::any(stale).always().lasting(Duration::from_secs(60));
    world.arm(rule);
    let _ = world.reinstall(at(0), &request(&ids));
    let state = |served: Served<Glimpse>| match served.said {
        Said::Done(glimpse) => glimpse.state.to_string(),
        other @ (Said::Refused(_) | Said::Canned(_) | Said::Nothing) => panic!("{other:?}"),
    };
    for (seconds, word) in [
        (0, "running"),
        (29, "running"),
        (30, "pending"),
        // Over since 60; the rule is, too: it hit first at 0.
        (59, "pending"),
        (60, "running"),
    ] {
        assert_eq!(state(world.status(at(seconds), ids[0])), word, "{seconds}");
    }
}

#[test]
fn a_list_can_be_spoilt_too() {
    for (effect, rows) in [
        (Effect::Partial { omit: Omit::EverySecond, omitted_started: false }, Some(2)),
        (Effect::Stale { by: Duration::from_secs(5) }, Some(4)),
        (Effect::refuse(403), None),
        (Effect::lose_request(), None),
    ] {
        let (mut world, ids) = world(4);
        world.arm(FaultRule::on(ApiOperation::ListInstances, effect.clone()));
        let served = world.list(at(0), &ListQuery::of(&ids));
        let got = match &served.said {
            Said::Done(page) => Some(page.rows.len()),
            Said::Refused(_) | Said::Canned(_) | Said::Nothing => None,
        };
        assert_eq!(got, rows, "{effect:?}");
        let again = world.list(at(0), &ListQuery::of(&ids));
        assert!(matches!(again.arrived(), Some(Said::Done(page)) if page.rows.len() == 4), "once only");
    }
}
