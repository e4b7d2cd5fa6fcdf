use std::time::Duration;

use reinstall_core::id::{ImageId, InstanceId};
use reinstall_core::time::Timestamp;

use super::{At, Effect, FaultRule, FaultRules, Omit, RuleId, Stage, Struck};
use crate::delivery::Break;
use crate::operation::ApiOperation;

const REINSTALL: ApiOperation = ApiOperation::ReinstallOs;
const LIST: ApiOperation = ApiOperation::ListInstances;
const LOOK: ApiOperation = ApiOperation::ShowInstanceStatus;
const EARLY: Effect = Effect::Break { at: At::BeforeRead, how: Break::Reset };
const TOKEN: ApiOperation = ApiOperation::KeystoneCreateUserTokenByPassword;

/// The rule and the effect that hit a call, of those of which there is but one.
fn strike(
    rules: &mut FaultRules,
    now: Timestamp,
    operation: ApiOperation,
    ids: &[InstanceId],
) -> Option<(RuleId, Effect)> {
    let call = Struck { operation, ids, image: None };
    let mut strikes = rules.strike(now, &call, Stage::Head);
    strikes.extend(rules.strike(now, &call, Stage::Whole));
    assert!(strikes.len() <= 1, "{strikes:?}");
    strikes.pop().map(|strike| (strike.rule, strike.effect))
}

/// Which of ten calls, one a second, a single rule hits: `x` for a hit, `.` for none.
fn pattern(rule: FaultRule) -> String {
    let mut rules = FaultRules::default();
    let id = rules.arm(rule);
    let calls = (0..10).map(|second| {
        let now = Timestamp::from_millis(second * 1_000);
        strike(&mut rules, now, REINSTALL, &[InstanceId::from_bits(u128::from(second))])
    });
    let pattern: String = calls.map(|hit| if hit.is_some() { 'x' } else { '.' }).collect();
    assert_eq!(rules.hits(id) as usize, pattern.matches('x').count());
    pattern
}

#[test]
fn rules_are_counted() {
    let rule = || FaultRule::on(REINSTALL, Effect::lose_answer());
    for (rule, hits) in [
        (rule(), "x........."),
        (rule().skip(2), "..x......."),
        (rule().skip(2).times(3), "..xxx....."),
        (rule().always(), "xxxxxxxxxx"),
        (rule().always().skip(4).lasting(Duration::from_secs(3)), "....xxx..."),
        (rule().times(2).lasting(Duration::from_secs(30)), "xx........"),
        (rule().instance(InstanceId::from_bits(6)), "......x..."),
        (rule().always().instance(InstanceId::from_bits(60)), ".........."),
        (FaultRule::on(LIST, Effect::lose_answer()), ".........."),
        (FaultRule::any(Effect::lose_answer()), "x........."),
        (rule().always().chance(1.0), "xxxxxxxxxx"),
        (rule().always().chance(1e-9), ".........."),
        (rule().always().chance(0.5), "xx.xx...xx"),
        (rule().times(2).chance(0.5).skip(2), "...xx....."),
        (FaultRule::any(Effect::Stale { by: Duration::from_secs(1) }), ".........."),
    ] {
        assert_eq!(pattern(rule.clone()), hits, "{rule:?}");
    }
}

#[test]
fn the_first_rule_that_is_not_spent_has_the_call() {
    let mut rules = FaultRules::default();
    let first = rules.arm(FaultRule::on(REINSTALL, Effect::lose_answer()).skip(1));
    let second = rules.arm(FaultRule::any(Effect::garble()).times(2));
    let mut hit = || strike(&mut rules, Timestamp::from_millis(0), REINSTALL, &[]).map(|(id, _)| id);
    assert_eq!([hit(), hit(), hit(), hit()], [Some(second), Some(first), Some(second), None]);
}

#[test]
fn rules_that_cannot_hit_are_objected_to() {
    let stale = Effect::Stale { by: Duration::ZERO };
    for (rule, objected) in [
        (FaultRule::on(REINSTALL, stale.clone()), true),
        (FaultRule::on(LIST, stale.clone()), false),
        (FaultRule::any(stale), false),
        (FaultRule::on(LIST, Effect::Stranger), true),
        (FaultRule::any(Effect::refuse(199)), true),
        (FaultRule::any(Effect::refuse(600)), true),
        (FaultRule::any(Effect::refuse(503)), false),
        (FaultRule::any(Effect::garble()).times(0), true),
        (FaultRule::on(TOKEN, Effect::refuse(503)), false),
        (FaultRule::on(TOKEN, Effect::refuse(503)).instance(InstanceId::from_bits(1)), true),
        (FaultRule::on(TOKEN, Effect::Partial { omit: Omit::Last(1), omitted_started: false }), true),
        (FaultRule::any(Effect::garble()).chance(0.0), true),
        (FaultRule::any(Effect::garble()).chance(-0.1), true),
        (FaultRule::any(Effect::garble()).chance(1.1), true),
        (FaultRule::any(Effect::garble()).chance(f64::NAN), true),
        (FaultRule::any(Effect::garble()).chance(0.1), false),
        (FaultRule::any(Effect::garble()).chance(1.0), false),
        (FaultRule::on(REINSTALL, EARLY).instance(InstanceId::from_bits(1)), true),
        (FaultRule::on(LOOK, EARLY).instance(InstanceId::from_bits(1)), false),
        (FaultRule::on(REINSTALL, EARLY), false),
        (FaultRule::on(TOKEN, Effect::refuse(503)).per_instance(), true),
        (FaultRule::on(LIST, Effect::refuse(503)).image(ImageId::from_bits(1)), true),
        (FaultRule::on(REINSTALL, Effect::refuse(503)).image(ImageId::from_bits(1)), false),
        (FaultRule::on(TOKEN, Effect::TokenDeath), true),
        (FaultRule::on(LIST, Effect::Repeat { gap: Duration::ZERO }), true),
        (FaultRule::on(REINSTALL, Effect::Repeat { gap: Duration::from_secs(3_601) }), true),
        (FaultRule::on(REINSTALL, Effect::Drip { piece_bytes: 0, every: Duration::ZERO }), true),
    ] {
        assert_eq!(rule.objection().is_some(), objected, "{rule:?}");
    }
}

#[test]
fn the_documented_json_is_read_and_written_back() {
    let documented: String = include_str!("../fault.rs")
        .lines()
        .skip_while(|line| *line != "//! ```json")
        .skip(1)
        .take_while(|line| *line != "//! ```")
        .map(|line| line.trim_start_matches("//!"))
        .collect();
    let rules: Vec<FaultRule> = serde_json::from_str(&documented).unwrap();
    assert_eq!(rules.len(), 20);
    assert_eq!(rules[0], FaultRule::on(REINSTALL, Effect::lose_answer()));
    assert_eq!((rules[1].skip, rules[1].times), (1, Some(3)));
    assert_eq!(rules[2].times, None);
    assert_eq!(rules[8].lasting, Some(Duration::from_secs(10)));
    assert_eq!(rules[9].chance, Some(0.1));
    assert_eq!(rules[10].on, Some(TOKEN));
    assert_eq!(rules.iter().find_map(FaultRule::objection), None);
    let text = serde_json::to_string(&rules).unwrap();
    assert_eq!(serde_json::from_str::<Vec<FaultRule>>(&text).unwrap(), rules);
}

#[test]
fn unknown_keys_are_refused() {
    for text in [
        r#"{"effect":{"kind":"stranger"},"probability":1}"#,
        r#"{"effect":{"kind":"break","at":"after_commit","how":"close","gently":true}}"#,
        r#"{"effect":{"kind":"stranger","by":"1s"}}"#,
        r#"{"effect":{"kind":"token_death","when":"before"}}"#,
        r#"{"effect":{"kind":"explode"}}"#,
        r#"{"effect":{"kind":"stale","by":"30"}}"#,
        r#"{"on":"DeleteEverything","effect":{"kind":"stranger"}}"#,
        "{}",
    ] {
        assert!(serde_json::from_str::<FaultRule>(text).is_err(), "{text}");
    }
}

#[test]
fn a_rule_for_any_call_leaves_iam_alone() {
    let mut rules = FaultRules::default();
    let any = rules.arm(FaultRule::any(Effect::refuse(503)).always());
    assert_eq!(strike(&mut rules, Timestamp::from_millis(0), TOKEN, &[]), None);
    assert_eq!((rules.as_slice()[0].seen, rules.hits(any)), (0, 0));
    let named = rules.arm(FaultRule::on(TOKEN, Effect::refuse(503)));
    let struck = strike(&mut rules, Timestamp::from_millis(0), TOKEN, &[]);
    assert_eq!(struck, Some((named, Effect::refuse(503))));
}

/// Which of a thousand calls a rule at some place hits, given that it hits a tenth.
fn drawn(seed: u64, before: usize) -> Vec<bool> {
    let mut rules = FaultRules::new(seed);
    for _ in 0..before {
        rules.arm(FaultRule::on(LIST, Effect::garble()));
    }
    rules.arm(FaultRule::any(Effect::refuse(429)).always().chance(0.1));
    (0..1_000).map(|_| strike(&mut rules, Timestamp::from_millis(0), REINSTALL, &[]).is_some()).collect()
}

#[test]
fn a_share_of_the_calls_is_drawn_from_seed_and_rule() {
    let hits = |drawn: &[bool]| drawn.iter().filter(|hit| **hit).count();
    let one = drawn(7, 0);
    assert!((70..130).contains(&hits(&one)), "{}", hits(&one));
    assert_eq!(one, drawn(7, 0), "again");
    assert_ne!(one, drawn(8, 0), "another seed");
    assert_ne!(one, drawn(7, 1), "another rule");
}

#[test]
fn a_call_that_the_dice_spare_is_the_next_rules() {
    let mut rules = FaultRules::default();
    rules.arm(FaultRule::any(Effect::garble()).always().chance(1e-9));
    rules.arm(FaultRule::any(Effect::refuse(500)));
    let struck = strike(&mut rules, Timestamp::from_millis(0), REINSTALL, &[]);
    assert_eq!(struck.map(|(id, _)| id), Some(RuleId(1)));
}

#[test]
fn calls_are_counted_for_each_instance_alone_where_that_is_asked_for() {
    let [a, b] = [1, 2].map(InstanceId::from_bits);
    // The same calls of each instance, in two orders.
    let orders = [[a, a, a, b, b, b], [a, b, b, a, b, a]];
    let hits = orders.map(|order| {
        let mut rules = FaultRules::default();
        rules.arm(FaultRule::on(REINSTALL, Effect::refuse(500)).per_instance().skip(1).times(1));
        let mut hits = [String::new(), String::new()];
        for id in order {
            let hit = strike(&mut rules, Timestamp::from_millis(0), REINSTALL, &[id]).is_some();
            hits[usize::from(id == b)].push(if hit { 'x' } else { '.' });
        }
        hits
    });
    assert_eq!(hits, [[".x.".to_owned(), ".x.".to_owned()], [".x.".to_owned(), ".x.".to_owned()]]);
}

#[test]
fn delays_come_on_top_of_whatever_else_hits() {
    let mut rules = FaultRules::default();
    let delay = || Effect::Delay { when: super::When::After, by: Duration::from_millis(1).into() };
    let [first, other, last] =
        [delay(), Effect::garble(), delay()].map(|effect| rules.arm(FaultRule::any(effect).always()));
    let call = Struck { operation: REINSTALL, ids: &[], image: None };
    let strikes = rules.strike(Timestamp::from_millis(0), &call, Stage::Whole);
    let hit: Vec<_> = strikes.into_iter().map(|strike| strike.rule).collect();
    assert_eq!(hit, [first, other, last]);
}

#[test]
fn a_rule_is_named_apart_for_ever() {
    let mut rules = FaultRules::default();
    let first = rules.arm(FaultRule::any(Effect::garble()));
    assert!(rules.disarm(first) && !rules.disarm(first));
    let second = rules.arm(FaultRule::any(Effect::garble()));
    rules.clear();
    let third = rules.arm(FaultRule::any(Effect::garble()));
    assert!(first != second && second != third && first != third);
}

#[test]
fn rules_behind_one_that_takes_every_call_are_seen() {
    let all = || FaultRule::any(Effect::refuse(500)).always();
    let reinstall = || FaultRule::on(REINSTALL, Effect::lose_answer());
    let id = InstanceId::from_bits(1);
    for (earlier, later, shadowed) in [
        (all(), reinstall(), true),
        (all(), FaultRule::any(Effect::garble()), true),
        (all(), reinstall().instance(id), true),
        (all().instance(id), reinstall().instance(id), true),
        (all().instance(id), reinstall(), false),
        (all().times(5), reinstall(), false),
        (all().skip(1), reinstall(), false),
        (all().chance(0.5), reinstall(), false),
        (all().lasting(Duration::from_secs(1)), reinstall(), false),
        (all(), FaultRule::on(TOKEN, Effect::refuse(503)), false),
        (all(), FaultRule::on(LOOK, EARLY), false),
        (FaultRule::on(LOOK, EARLY).always(), FaultRule::on(LOOK, Effect::refuse(500)), true),
        (FaultRule::any(Effect::Stale { by: Duration::ZERO }).always(), reinstall(), false),
        (FaultRule::any(Effect::Stale { by: Duration::ZERO }).always(), FaultRule::on(LIST, Effect::garble()), true),
        (all(), FaultRule::any(Effect::TokenDeath), false),
    ] {
        assert_eq!(later.is_shadowed_by(&earlier), shadowed, "{earlier:?} before {later:?}");
    }
}
