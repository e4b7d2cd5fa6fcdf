//! Site policies as written, and what they have against plans.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::instance::Tag;
use crate::policy::WaveSizes;
use crate::spec::CheckedSpec;

fn site(written: Value) -> SitePolicy {
    serde_json::from_value::<SiteSpec>(written).unwrap().check().unwrap()
}

/// A plan for instances 0, 1, 2..
fn plan(targets: u128, policy: Policy) -> Plan {
    let instances = (0..targets).map(InstanceId::from_bits).collect();
    Plan::draw(&CheckedSpec { instances, image: None, policy }, "p".parse().unwrap())
}

fn known(name: Option<&str>, tags: Option<&[(&str, Option<&str>)]>) -> Known {
    let tag = |&(key, value): &(&str, Option<&str>)| Tag { key: key.into(), value: value.map(Into::into) };
    Known { name: name.map(Into::into), tags: tags.map(|tags| tags.iter().map(tag).collect()) }
}

const TUESDAY_NOON: LocalMoment = LocalMoment { weekday: Weekday::Tuesday, minute_of_day: 12 * 60 };

/// `field (rule)` of each objection to a plan by default for so many instances, of which instance 0 is known to be `who`.
fn complaints(site: &SitePolicy, targets: u128, who: Known) -> Vec<String> {
    let plan = plan(targets, Policy::default());
    let known = BTreeMap::from([(InstanceId::from_bits(0), who)]);
    let ask = Ask { plan: &plan, known: &known, submitted_in_last_day: 0, moment: Some(TUESDAY_NOON) };
    site.objections(&ask).iter().map(|one| format!("{} ({})", one.field(), one.rule())).collect()
}

#[test]
fn a_site_without_rules_allows_everything() {
    let nobody_known = BTreeMap::new();
    let plan = plan(1_000, Policy::default());
    let ask = Ask { plan: &plan, known: &nobody_known, submitted_in_last_day: usize::MAX, moment: None };
    assert_eq!(SitePolicy::default().objections(&ask), []);
    assert_eq!(site(json!({})), SitePolicy::default());
    assert!(!SitePolicy::default().asks_who_they_are());
}

#[test]
fn everything_unsound_is_named_at_once() {
    let spec: SiteSpec = serde_json::from_value(json!({
        "instances_per_run_max": 0,
        "instances_per_day_max": 0,
        "in_flight_max": 0,
        "max_unavailable": "0%",
        "allowed_hours": ["22:00-06:00", "always"],
        "protected": [
            {"reason": "nobody"},
            {"ids": ["i-1"], "names": [""], "tags": ["=x", "ro*le=db", " "]},
            {"names": ["db-*"], "reason": " \n"},
            {"names": ["db-*"], "reason": "x".repeat(301)},
        ],
    }))
    .unwrap();
    let objections = spec.check().unwrap_err();
    let named: Vec<String> =
        objections.as_slice().iter().map(|one| format!("{} ({})", one.field(), one.rule())).collect();
    assert_eq!(
        named,
        [
            "instances_per_run_max (range)",
            "instances_per_day_max (range)",
            "in_flight_max (range)",
            "max_unavailable (range)",
            "allowed_hours[1] (window)",
            "time_zone (required)",
            "protected[0] (empty)",
            "protected[1].ids[0] (uuid)",
            "protected[1].names[0] (glob)",
            "protected[1].tags[0] (tag)",
            "protected[1].tags[1] (tag)",
            "protected[1].tags[2] (tag)",
            "protected[1].reason (required)",
            "protected[2].reason (required)",
            "protected[3].reason (length)",
        ]
    );
    for (written, named) in [
        (json!({"time_zone": "UTC"}), "time_zone (needless)"),
        (json!({"time_zone": "UTC", "allowed_hours": []}), "allowed_hours (empty)"),
    ] {
        let objections = serde_json::from_value::<SiteSpec>(written).unwrap().check().unwrap_err();
        let [one] = objections.as_slice() else { panic!("{objections}") };
        assert_eq!(format!("{} ({})", one.field(), one.rule()), named);
    }
}

#[test]
fn what_is_not_a_site_policy_is_not_read_as_one() {
    for (written, complaint) in [
        (json!({"in_flight": 5}), "unknown field `in_flight`"),
        (json!({"protected": [{"id": "x", "reason": "y"}]}), "unknown field `id`"),
        (json!({"in_flight_max": -1}), "invalid value: integer `-1`"),
        (json!({"max_unavailable": -1}), "invalid value: integer `-1`"),
        (json!({"max_unavailable": "half"}), "`half` is not a number of targets"),
        (json!({"max_unavailable": 1.5}), "invalid type: floating point"),
    ] {
        let refused = serde_json::from_value::<SiteSpec>(written.clone()).unwrap_err().to_string();
        assert!(refused.contains(complaint), "{written}: {refused}");
    }
    for (written, share) in
        [(json!(7), Share::Count(7)), (json!("7"), Share::Count(7)), (json!("7%"), Share::Percent(7))]
    {
        assert_eq!(site(json!({"max_unavailable": written})).max_unavailable, Some(share));
    }
}

#[test]
fn ceilings_bound_what_is_asked_for() {
    let asked = |in_flight_max, max_unavailable| Policy { in_flight_max, max_unavailable, ..Policy::default() };
    let ten = asked(10, Some(Share::Count(10)));
    for (written, targets, policy, before, message) in [
        (json!({"instances_per_run_max": 100}), 100, &ten, 0, None),
        (
            json!({"instances_per_run_max": 100}),
            101,
            &ten,
            0,
            Some(
                "site.instances_per_run_max: 101 instances would be reinstalled, and at most 100 may be in one run (ceiling)",
            ),
        ),
        (json!({"instances_per_day_max": 100}), 40, &ten, 60, None),
        (
            json!({"instances_per_day_max": 100}),
            40,
            &ten,
            61,
            Some(
                "site.instances_per_day_max: 61 instances were submitted in the last 24 hours, 40 more make 101, and at \
                 most 100 may be (ceiling)",
            ),
        ),
        (json!({"instances_per_day_max": 100}), 1, &ten, usize::MAX, Some("site.instances_per_day_max: ")),
        (json!({"in_flight_max": 10}), 40, &ten, 0, None),
        (
            json!({"in_flight_max": 9}),
            40,
            &ten,
            0,
            Some("policy.in_flight_max: 10 is more than the 9 of site.in_flight_max (ceiling)"),
        ),
        (json!({"max_unavailable": "25%"}), 40, &ten, 0, None),
        (
            json!({"max_unavailable": "20%"}),
            40,
            &ten,
            0,
            Some("policy.max_unavailable: 10 (10) is more than the 20% (8) of site.max_unavailable (ceiling)"),
        ),
        (
            json!({"max_unavailable": 5}),
            40,
            &asked(10, None),
            0,
            Some("policy.max_unavailable: there is no bound, and site.max_unavailable asks for 5 (5) (ceiling)"),
        ),
        // Both mean one at least.
        (json!({"max_unavailable": "1%"}), 3, &asked(10, Some(Share::Percent(9))), 0, None),
    ] {
        let plan = plan(targets, policy.clone());
        let known = BTreeMap::new();
        let ask = Ask { plan: &plan, known: &known, submitted_in_last_day: before, moment: Some(TUESDAY_NOON) };
        let found: Vec<String> = site(written.clone()).objections(&ask).iter().map(ToString::to_string).collect();
        match message {
            None => assert_eq!(found, [""; 0], "{written}"),
            Some(message) => assert!(found.len() == 1 && found[0].starts_with(message), "{written}: {found:?}"),
        }
    }
}

#[test]
fn only_what_nobody_typed_is_lowered() {
    let site = site(json!({"in_flight_max": 50, "max_unavailable": "10%"}));
    let typed = |in_flight_max, max_unavailable| Typed { in_flight_max, max_unavailable };
    for (typed, given, lowered) in [
        (typed(false, false), (200, None), (50, Some(Share::Percent(10)))),
        (typed(true, true), (200, Some(Share::Percent(20))), (200, Some(Share::Percent(20)))),
        (typed(true, false), (30, None), (30, Some(Share::Percent(10)))),
        (typed(false, true), (20, Some(Share::Count(1))), (20, Some(Share::Count(1)))),
    ] {
        let (in_flight_max, max_unavailable) = given;
        let mut policy = Policy { in_flight_max, max_unavailable, ..Policy::default() };
        site.lower(&mut policy, typed);
        assert_eq!((policy.in_flight_max, policy.max_unavailable), lowered, "{typed:?} {given:?}");
    }
    let mut untouched = Policy { waves: "1".parse::<WaveSizes>().unwrap(), ..Policy::default() };
    SitePolicy::default().lower(&mut untouched, Typed::default());
    assert_eq!(untouched, Policy { waves: "1".parse().unwrap(), ..Policy::default() });
}

#[test]
fn out_of_hours_and_without_a_clock_nothing_starts() {
    let night = site(json!({"allowed_hours": ["22:00-06:00"], "time_zone": " Asia/Shanghai "}));
    assert_eq!(night.hours().unwrap().time_zone(), "Asia/Shanghai");
    let plan = plan(1, Policy::default());
    let known = BTreeMap::new();
    for (moment, message) in [
        (Some(LocalMoment { minute_of_day: 23 * 60, ..TUESDAY_NOON }), None),
        (
            Some(TUESDAY_NOON),
            Some(
                "site.allowed_hours: it is Tue 12:00 in Asia/Shanghai, and nothing may be started for 10h; the hours are \
                 22:00-06:00 (closed)",
            ),
        ),
        (None, Some("site.allowed_hours: nobody can tell what time it is in Asia/Shanghai (unknown)")),
    ] {
        let ask = Ask { plan: &plan, known: &known, submitted_in_last_day: 0, moment };
        let found: Vec<String> = night.objections(&ask).iter().map(ToString::to_string).collect();
        assert_eq!(found, message.map(str::to_owned).into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn protected_instances_are_left_alone_with_a_reason() {
    let by = |selector: &str, value: &str| site(json!({"protected": [{selector: [value], "reason": "ask Ada"}]}));
    let zero = InstanceId::from_bits(0).to_string();
    let db: &[(&str, Option<&str>)] = &[("env", Some("production")), ("keep", None)];
    for (policy, name, tags, is_meant) in [
        (by("ids", &zero), None, None, true),
        (by("ids", "0b29c7a1-0000-4000-8000-00000000ABCD"), None, None, false),
        (by("names", "db-*"), Some("db-1"), None, true),
        (by("names", "db-*"), Some("web-1"), None, false),
        (by("names", "DB-*"), Some("db-1"), None, false),
        (by("tags", "env"), None, Some(db), true),
        (by("tags", "env=prod*"), None, Some(db), true),
        (by("tags", "env=staging"), None, Some(db), false),
        (by("tags", "en"), None, Some(db), false),
        (by("tags", "keep"), None, Some(db), true),
        (by("tags", "keep="), None, Some(db), true),
        (by("tags", "keep=*"), None, Some(db), true),
        (by("tags", "keep=?"), None, Some(db), false),
        (by("tags", "keep"), None, Some(&[][..]), false),
    ] {
        let expected = if is_meant { vec!["site.protected[0] (protected)"] } else { vec![] };
        assert_eq!(complaints(&policy, 1, known(name, tags)), expected, "{policy:?}");
    }
}

#[test]
fn a_refusal_shows_the_reason_and_every_entry_has_its_say() {
    let both = site(json!({"protected": [
        {"names": ["db-*"], "reason": "databases are rebuilt by the DBAs"},
        {"ids": [InstanceId::from_bits(0).to_string().to_uppercase()], "reason": "the clock of the hall"},
    ]}));
    assert!(both.asks_who_they_are());
    let plan = plan(1, Policy::default());
    let known = BTreeMap::from([(InstanceId::from_bits(0), known(Some("db-1"), None))]);
    let ask = Ask { plan: &plan, known: &known, submitted_in_last_day: 0, moment: None };
    let found: Vec<String> = both.objections(&ask).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "site.protected[0]: instance 00000000-0000-0000-0000-000000000000 is protected: databases are rebuilt by the \
             DBAs (its name is db-1) (protected)",
            "site.protected[1]: instance 00000000-0000-0000-0000-000000000000 is protected: the clock of the hall (its \
             name is db-1) (protected)",
        ]
    );
}

#[test]
fn who_is_not_known_may_be_protected() {
    let by_name = site(json!({"protected": [{"names": ["db-*"], "reason": "x"}]}));
    let by_tag = site(json!({"protected": [{"tags": ["keep"], "reason": "x"}]}));
    let by_id = site(json!({"protected": [{"ids": ["0b29c7a1-0000-4000-8000-00000000abcd"], "reason": "x"}]}));
    let unknown = vec!["site.protected (unknown)"];
    for (policy, targets, who, expected) in [
        (&by_name, 1, known(Some("web-1"), None), &[][..]),
        (&by_name, 1, known(None, Some(&[])), &unknown),
        (&by_tag, 1, known(None, Some(&[])), &[]),
        (&by_tag, 1, known(Some("web-1"), None), &unknown),
        // Of instance 1 nothing is known.
        (&by_name, 2, known(Some("web-1"), None), &unknown),
        (&by_id, 2, known(None, None), &[]),
    ] {
        assert_eq!(complaints(policy, targets, who), expected, "{policy:?}");
    }
}

#[test]
fn all_objections_come_at_once() {
    let strict = site(json!({
        "instances_per_run_max": 2,
        "instances_per_day_max": 2,
        "in_flight_max": 2,
        "max_unavailable": 1,
        "allowed_hours": ["Sun 00:00-01:00"],
        "time_zone": "UTC",
        "protected": [{"names": ["db-*"], "tags": ["keep"], "reason": "x"}],
    }));
    assert_eq!(
        complaints(&strict, 3, known(Some("db-1"), None)),
        [
            "site.instances_per_run_max (ceiling)",
            "site.instances_per_day_max (ceiling)",
            "policy.in_flight_max (ceiling)",
            "policy.max_unavailable (ceiling)",
            "site.allowed_hours (closed)",
            "site.protected (unknown)",
            "site.protected (unknown)",
            "site.protected[0] (protected)",
        ]
    );
}

/// One rule about names must not switch the others off where nothing is read.
#[test]
fn rules_that_need_no_reading_hold_without_one() {
    let strict = site(json!({
        "instances_per_run_max": 2,
        "in_flight_max": 2,
        "allowed_hours": ["Sun 00:00-01:00"],
        "time_zone": "UTC",
        "protected": [{"names": ["*"], "ids": [InstanceId::from_bits(1).to_string()], "reason": "x"}],
    }));
    let (plan, nothing_read) = (plan(3, Policy::default()), BTreeMap::new());
    let ask = Ask { plan: &plan, known: &nothing_read, submitted_in_last_day: 0, moment: Some(TUESDAY_NOON) };
    let told = strict.objections_without_reading(&ask);
    let told: Vec<String> = told.iter().map(|one| format!("{} ({})", one.field(), one.rule())).collect();
    assert_eq!(
        told,
        [
            "site.instances_per_run_max (ceiling)",
            "policy.in_flight_max (ceiling)",
            "site.allowed_hours (closed)",
            "site.protected[0] (protected)",
        ]
    );
}
