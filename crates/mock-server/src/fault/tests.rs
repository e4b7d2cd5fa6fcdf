use std::time::Duration;

use reinstall_core::id::InstanceId;
use reinstall_core::time::Timestamp;

use super::{Effect, FaultRule, FaultRules, Omit, RuleId};
use crate::operation::ApiOperation;

const REINSTALL: ApiOperation = ApiOperation::ReinstallOs;
const LIST: ApiOperation = ApiOperation::ListInstances;
const TOKEN: ApiOperation = ApiOperation::KeystoneCreateUserTokenByPassword;

/// Which of ten calls, one a second, a single rule hits: `x` for a hit, `.` for none.
fn pattern(rule: FaultRule) -> String {
    let mut rules = FaultRules::default();
    let id = rules.arm(rule);
    let calls = (0..10).map(|second| {
        let now = Timestamp::from_millis(second * 1_000);
        rules.strike(now, REINSTALL, &[InstanceId::from_bits(u128::from(second))])
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
        (rule().always().chance(0.5), "x......xx."),
        (rule().times(2).chance(0.5).skip(2), ".......xx."),
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
    let mut strike = || rules.strike(Timestamp::from_millis(0), REINSTALL, &[]).map(|(id, _)| id);
    assert_eq!([strike(), strike(), strike(), strike()], [Some(second), Some(first), Some(second), None]);
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
    assert_eq!(rules.len(), 11);
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
        r#"{"effect":{"kind":"lose","when":"after","gently":true}}"#,
        r#"{"effect":{"kind":"explode"}}"#,
        r#"{"effect":{"kind":"stale","by":"30"}}"#,
        r#"{"on":"DeleteInstances","effect":{"kind":"stranger"}}"#,
        "{}",
    ] {
        assert!(serde_json::from_str::<FaultRule>(text).is_err(), "{text}");
    }
}

#[test]
fn a_rule_for_any_call_leaves_iam_alone() {
    let mut rules = FaultRules::default();
    let any = rules.arm(FaultRule::any(Effect::refuse(503)).always());
    assert_eq!(rules.strike(Timestamp::from_millis(0), TOKEN, &[]), None);
    assert_eq!((rules.as_slice()[0].seen, rules.hits(any)), (0, 0));
    let named = rules.arm(FaultRule::on(TOKEN, Effect::refuse(503)));
    let struck = rules.strike(Timestamp::from_millis(0), TOKEN, &[]);
    assert_eq!(struck, Some((named, Effect::refuse(503))));
}

/// Which of a thousand calls a rule at some place hits, given that it hits a tenth.
fn drawn(seed: u64, before: usize) -> Vec<bool> {
    let mut rules = FaultRules::new(seed);
    for _ in 0..before {
        rules.arm(FaultRule::on(LIST, Effect::garble()));
    }
    rules.arm(FaultRule::any(Effect::refuse(429)).always().chance(0.1));
    (0..1_000).map(|_| rules.strike(Timestamp::from_millis(0), REINSTALL, &[]).is_some()).collect()
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
    let struck = rules.strike(Timestamp::from_millis(0), REINSTALL, &[]);
    assert_eq!(struck.map(|(id, _)| id), Some(RuleId(1)));
}
