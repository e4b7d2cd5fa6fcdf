use super::*;
use crate::cloud::config::CloudConfig;
use crate::cloud::list::ListQuery;
use crate::cloud::request::ReinstallRequest;
use crate::delivery::{Break, Delivery, Sent};
use crate::fault::{At, Effect, Omit, When};

const REINSTALL: ApiOperation = ApiOperation::ReinstallOs;

fn world(count: u32) -> (World, Vec<InstanceId>) {
    let cloud = Cloud::new(CloudConfig::generated("p1".parse().unwrap(), count));
    let ids = cloud.ids().collect();
    (World::new(cloud), ids)
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + seconds * 1_000)
}

fn request(ids: &[InstanceId]) -> Wish {
    Wish::Reinstall(ReinstallRequest::of(ids, None, "Abcdef1!"))
}

impl World {
    fn ask(&mut self, now: Timestamp, wish: &Wish) -> Served {
        self.serve(Arrival::at(now), wish)
    }
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
fn said(served: &Served, ids: &[InstanceId]) -> String {
    match &served.said {
        Said::Done(Answer::Reinstalled(accepted)) => accepted
            .iter()
            .map(|id| ids.iter().position(|known| known == id).map_or("?".to_owned(), |place| place.to_string()))
            .collect(),
        Said::Refused(refusal) => refusal.code().to_owned(),
        Said::Canned(canned) => canned.status.to_string(),
        Said::Nothing => "-".to_owned(),
        other @ (Said::Done(_) | Said::IamRefused(_)) => panic!("{other:?}"),
    }
}

#[test]
fn each_effect_says_takes_hold_and_arrives_as_it_should() {
    use Delivery::Whole;
    let (closed, reset, never) = (Delivery::CLOSED, Delivery::RESET, Delivery::NEVER);
    let cut = |after, how| Delivery::Broken { after, how };
    let partial = |omit, omitted_started| Effect::Partial { omit, omitted_started };
    let breaks = |at, how| Effect::Break { at, how };
    let ms = Duration::from_millis(1);
    for (effect, says, delivery, holds) in [
        (Effect::throttle(None), "429", Whole, "....."),
        (Effect::refuse(503), "503", Whole, "....."),
        (Effect::fail_after(), "500", Whole, "wwwww"),
        (Effect::bad_gateway(When::Before), "502", Whole, "....."),
        (Effect::garble(), "202", Whole, "wwwww"),
        (breaks(At::BeforeRead, Break::Close), "-", closed, "....."),
        (breaks(At::BeforeRead, Break::Hang), "-", never, "....."),
        (breaks(At::BeforeCommit, Break::Close), "-", closed, "....."),
        (breaks(At::BeforeCommit, Break::Reset), "-", reset, "....."),
        (breaks(At::AfterCommit, Break::Close), "01234", closed, "wwwww"),
        (breaks(At::AfterCommit, Break::Reset), "01234", reset, "wwwww"),
        (breaks(At::BeforeCommit, Break::Hang), "-", never, "....."),
        (breaks(At::AfterCommit, Break::Hang), "01234", never, "wwwww"),
        (breaks(At::AfterHead, Break::Reset), "01234", cut(Sent::Head, Break::Reset), "wwwww"),
        (Effect::truncate(9), "01234", cut(Sent::Body(9), Break::Close), "wwwww"),
        (Effect::Drip { piece_bytes: 3, every: ms }, "01234", Delivery::Dripped { piece_bytes: 3, every: ms }, "wwwww"),
        (Effect::MalformedChunk { body_bytes: 3 }, "01234", Delivery::Malformed { body_bytes: 3 }, "wwwww"),
        (Effect::Repeat { gap: ms }, "01234", Whole, "wwwww"),
        (Effect::Late { by: ms, how: Break::Reset }, "-", reset, "....."),
        (Effect::TokenDeath, "01234", Whole, "wwwww"),
        (Effect::Skew { by: Skew::Ahead(ms) }, "01234", Whole, "wwwww"),
        (Effect::Delay { when: When::Before, by: ms.into() }, "01234", Whole, "wwwww"),
        (partial(Omit::EverySecond, true), "024", Whole, "wwwww"),
        (partial(Omit::EverySecond, false), "024", Whole, "w.w.w"),
        (partial(Omit::Last(2), true), "012", Whole, "wwwww"),
        (partial(Omit::Last(2), false), "012", Whole, "www.."),
        (partial(Omit::Last(9), true), "", Whole, "wwwww"),
        (Effect::Stranger, "01234?", Whole, "wwwww"),
    ] {
        let (mut world, ids) = world(5);
        let rule = world.arm(FaultRule::on(REINSTALL, effect.clone()));
        let served = world.ask(at(0), &request(&ids));
        assert_eq!(said(&served, &ids), says, "{effect:?}");
        assert_eq!(served.delivery, delivery, "{effect:?}");
        assert_eq!(served.rules, [rule], "{effect:?}");
        assert_eq!(wiped(&world, &ids), holds, "{effect:?}");
        assert_eq!(served.arrived().is_some(), delivery.arrives());
        assert_eq!(world.faults.hits(rule), 1);
        assert_eq!(world.cloud.ledger().requests_of(REINSTALL), 1, "counted once, whatever happened");
    }
}

#[test]
fn a_call_that_no_rule_hits_is_as_it_is() {
    let (mut world, ids) = world(5);
    world.arm(FaultRule::on(REINSTALL, Effect::lose_answer()).skip(1));
    let served = world.ask(at(0), &request(&ids));
    assert_eq!((said(&served, &ids).as_str(), served.delivery, served.rules.len()), ("01234", Delivery::Whole, 0));
}

#[test]
fn a_refusal_stays_one_when_its_answer_is_lost() {
    let (mut world, ids) = world(5);
    world.arm(FaultRule::on(REINSTALL, Effect::lose_answer()));
    let served = world.ask(at(0), &request(&[]));
    assert_eq!((said(&served, &ids).as_str(), served.delivery), ("iMetal.0001", Delivery::CLOSED));
}

#[test]
fn looks_can_be_out_of_date_for_a_while() {
    let (mut world, ids) = world(1);
    let stale = Effect::Stale { by: Duration::from_secs(30) };
    let rule = FaultRule::any(stale).always().lasting(Duration::from_secs(60));
    world.arm(rule);
    let _ = world.ask(at(0), &request(&ids));
    let state = |served: Served| match served.said {
        Said::Done(Answer::Status(glimpse)) => glimpse.state.to_string(),
        other @ (Said::Done(_) | Said::Refused(_) | Said::IamRefused(_) | Said::Canned(_) | Said::Nothing) => {
            panic!("{other:?}")
        }
    };
    for (seconds, word) in [
        (0, "running"),
        (29, "running"),
        (30, "pending"),
        // Over since 60; the rule is, too: it hit first at 0.
        (59, "pending"),
        (60, "running"),
    ] {
        assert_eq!(state(world.ask(at(seconds), &Wish::Status(ids[0]))), word, "{seconds}");
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
        let served = world.ask(at(0), &Wish::List(ListQuery::of(&ids)));
        let got = match &served.said {
            Said::Done(Answer::Listed(page)) => Some(page.ids.len()),
            Said::Done(_) | Said::Refused(_) | Said::IamRefused(_) | Said::Canned(_) | Said::Nothing => None,
        };
        assert_eq!(got, rows, "{effect:?}");
        let again = world.ask(at(0), &Wish::List(ListQuery::of(&ids)));
        assert!(matches!(again.arrived(), Some(Said::Done(Answer::Listed(page))) if page.ids.len() == 4), "once only");
    }
}
