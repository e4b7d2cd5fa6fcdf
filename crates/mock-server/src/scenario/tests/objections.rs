use super::super::Draft;
use super::objections;

/// Texts, and everything that is said against them.
const TABLE: &[(&str, &[&str])] = &[
    ("", &[]),
    ("# nothing but a comment\n", &[]),
    ("{\"$schema\": \"x\", \"seed\": 7}", &[]),
    // What is no scenario at all.
    ("- a\n", &["1:1: a scenario is a map, with keys such as `seed`, `fleet` and `faults`"]),
    ("seed: 7\nseed: 8\n", &["2:1: duplicate mapping key: seed, set DuplicateKeyPolicy in Options if acceptable"]),
    ("faults:\n\t- x\n", &["2:2: tabs disallowed within this context (block indentation)"]),
    ("a: [1\n", &["1:4: unclosed bracket '['"]),
    (
        "seed: 1\n---\nseed: 2\n",
        &["3:1: multiple YAML documents detected; use from_str_multiple or from_str_multiple_with_options"],
    ),
    // Keys that nothing reads, in every depth, all at once.
    (
        "sede: 7\nfaluts:\n  - a\n  - b\nfaults:\n  - on: ReinstallOS\n    tmes: 1\n    efect: {kind: stranger}\n    effect: {kind: stale, by: 1s, bye: 2s}\n",
        &[
            "1:1: sede: there is no key `sede` here; `seed` is meant, perhaps",
            "2:1: faluts: there is no key `faluts` here; `faults` is meant, perhaps",
            "7:5: faults[0].tmes: there is no key `tmes` here; `times` is meant, perhaps",
            "8:5: faults[0].efect: there is no key `efect` here; `effect` is meant, perhaps",
            "9:35: faults[0].effect.bye: there is no key `bye` here; `by` is meant, perhaps",
        ],
    ),
    (
        "faults:\n  - effect:\n      kind: stranger\n      effect: 1\n  - effect: {kind: token_death, when: before}\n",
        &[
            "4:7: faults[0].effect.effect: there is no key `effect` here",
            "5:33: faults[1].effect.when: there is no key `when` here",
        ],
    ),
    (
        "takes: {uniform: {low: 1s, hihg: 2s, high: 3s}}\niam: {token_live: 2h}\nlimits:\n- rate: 1/s\n  burst: 7\n",
        &[
            "1:28: takes.uniform.hihg: there is no key `hihg` here; `high` is meant, perhaps",
            "2:7: iam.token_live: there is no key `token_live` here; `token_life` is meant, perhaps",
            "5:3: limits[0].burst: there is no key `burst` here; known are `rate`, `of`, `on`, `retry_after`, `words`",
        ],
    ),
    // Values that nobody can read, one for each part.
    (
        "seed: -1\nproject_id: a/b\nlifecycle: 2027\noperation_state: yes\nbatch_cap: 0\ntakes: 60\nclock: fast\nrate_max: 20\n",
        &[
            "1:7: seed: invalid value: integer `-1`, expected u64",
            "2:13: project_id: a text of 3 characters (not shown) is not a project id: it must be 1 to 64 letters, digits, hyphens or underscores",
            "3:12: lifecycle: invalid type: integer `2027`, expected a string",
            "4:18: operation_state: invalid type: string \"yes\", expected a boolean",
            "5:12: batch_cap: invalid value: integer `0`, expected a nonzero u32",
            "6:8: takes: invalid type: integer `60`, expected a duration such as `60s`, or one of `uniform`, `triangular` and `lognormal` with its bounds",
            "7:8: clock: a clock is `real`, `manual`, a speed such as `60x` (from 2x to 100000x), or a step such as `step 30s`",
            "8:11: rate_max: invalid type: integer `20`, expected a string",
        ],
    ),
    (
        "fleet: {instance: 5}\nworlds: many\nfailing: 101%\nskew: {ahead: soon}\nseed: [1, 2]\n",
        &[
            "1:9: fleet.instance: `instance` is no word for this; `instances` is meant, perhaps",
            "2:9: worlds: `many` is no word for this; known are `single`, `auto`",
            "3:10: failing: write a number of instances, or a share of all attempts from `0%` to `100%`",
            "4:15: skew.ahead: `soon` is not a duration: write a number with its unit, as in `500ms`, `4s`, `15m` or `1h30m`",
            "5:7: seed: invalid type: sequence, expected u64",
        ],
    ),
    (
        "faults:\n  - on: ReinstalOS\n    effect: {kind: stranger}\n  - effect: {kind: explode}\n  - times: 2\n  - effect: {kind: stale, by: \"30\"}\n  - effect:\n      kind: break\n      at: after_comit\n      how: close\n",
        &[
            "2:9: faults[0].on: `ReinstalOS` is no word for this; `ReinstallOS` is meant, perhaps",
            "4:20: faults[1].effect.kind: `explode` is no word for this; known are",
            "5:5: faults[2]: `effect` is missing",
            "6:31: faults[3].effect.by: `30` is not a duration: write a number with its unit, as in `500ms`, `4s`, `15m` or `1h30m`",
            "9:11: faults[4].effect.at: `after_comit` is no word for this; `after_commit` is meant, perhaps",
        ],
    ),
    (
        "prospects:\n  - branches:\n      - {weight: 1, ending: nevr}\n      - {weight: x, ending: dies}\nallowed:\n  - 00000000-0000-4000-8000-000000000001x\n",
        &[
            "3:29: prospects[0].branches[0].ending: `nevr` is no word for this; `never` is meant, perhaps",
            "6:5: allowed[0]: a text of 37 characters (not shown) is not an instance id: it must be a UUID, 8-4-4-4-12 hexadecimal digits with hyphens",
        ],
    ),
    // What can never come true.
    (
        "faults:\n  - effect: {kind: answer, when: before, status: 700}\n  - on: ListInstances\n    effect: {kind: stranger}\n  - times: 0\n    effect: {kind: stranger}\n  - chance: 1.5\n    effect: {kind: stranger}\n",
        &[
            "2:5: faults[0]: `status` must be from 200 to 599",
            "3:5: faults[1]: this kind of effect never happens to calls of this operation",
            "5:5: faults[2]: `times` is 0, so it would never hit",
            "7:5: faults[3]: `chance` must be above 0 and at most 1",
        ],
    ),
    (
        "faults:\n  - times: null\n    effect: {kind: answer, when: before, status: 500}\n  - {on: ReinstallOS, effect: {kind: answer, when: after, status: 500}}\n  - {effect: {kind: delay, when: after, by: 1s}}\n",
        &["4:5: faults[1]: it never has a call: faults[0] in line 2 takes every one that it is for"],
    ),
    // The index is that in the file, also behind a rule that nobody can read.
    (
        "faults:\n  - {effect: {kind: explode}}\n  - {times: 0, effect: {kind: stranger}}\n",
        &[
            "2:21: faults[0].effect.kind: `explode` is no word for this; known are",
            "3:5: faults[1]: `times` is 0, so it would never hit",
        ],
    ),
    (
        "fleet: {instances: 2}\nfaults:\n  - instance: 00000000-0000-4000-8000-000000000001\n    effect: {kind: stranger}\nprospects:\n  - takes: 1s\n    instance: 00000000-0000-4000-8000-000000000002\nallowed:\n  - 00000000-0000-4000-8000-000000000003\n",
        &[
            "3:15: faults[0].instance: there is no such instance in the fleet",
            "7:15: prospects[0].instance: there is no such instance in the fleet",
            "9:5: allowed[0]: there is no such instance in the fleet",
        ],
    ),
    (
        "prospects:\n  - {}\n  - takes: {uniform: {low: 2s, high: 1s}}\n  - {image: 00000000-0000-4000-8000-000000000001, takes: 1s}\n  - {image: 00000000-0000-4000-8000-000000000001, takes: 2s}\n",
        &[
            "2:5: prospects[0]: neither `takes` nor `branches` is there, so it would change nothing",
            "3:5: prospects[1]: `low` is above `high`",
            "4:5: prospects[2]: it never comes true: prospects[0] in line 2 is for all that it is for",
            "5:5: prospects[3]: it never comes true: prospects[0] in line 2 is for all that it is for",
        ],
    ),
    (
        "takes: 1s\nfailing: 3\nprospects:\n  - takes: 2s\n    branches: [{weight: 1, ending: never}]\n",
        &[
            "1:8: takes: it never decides anything: prospects[0] in line 4 is for every reinstall",
            "2:10: failing: it never decides anything: prospects[0] in line 4 is for every reinstall",
        ],
    ),
    (
        "takes: 1s\nfailing: 3\nprospects:\n  - branches: [{weight: 1, ending: never, takes: 3s}, {weight: 1, ending: dies}]\n",
        &["2:10: failing: it never decides anything: prospects[0] in line 4 is for every reinstall"],
    ),
    (
        "fleet: {instances: 10000001}\nallowed: [00000000-0000-4000-8000-000000000001]\ntakes: {uniform: {low: 2s, high: 1s}}\niam:\n  token_life: 1h\n  token_dies_after: 2h\n",
        &[
            "1:20: fleet.instances: at most 10000000 can be made up",
            "3:8: takes: `low` is above `high`",
            "6:21: iam.token_dies_after: by then they are dead anyway: see `token_life`",
        ],
    ),
];

#[test]
fn everything_is_objected_to_at_once_with_its_place() {
    for (text, told) in TABLE {
        let said = objections(text);
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), told.len(), "{text}\n{said}");
        for (line, told) in lines.iter().zip(*told) {
            let line = line.strip_prefix("s.yaml:").unwrap();
            // A list of all that is known is long, and not what this is about.
            let is_right = if told.ends_with("known are") { line.starts_with(told) } else { line == *told };
            assert!(is_right, "{text}\nsays {line}\nnot  {told}");
        }
    }
}

#[test]
fn lists_are_bounded() {
    let many = |count: usize, item: &str| item.repeat(count);
    let rule = "- {on: ListInstances, effect: {kind: answer, when: before, status: 500}}\n";
    for (text, told) in [
        (format!("faults:\n{}", many(1_000, rule)), None),
        (format!("faults:\n{}", many(1_001, rule)), Some("faults: there are 1001 of them, at most 1000 may be")),
        (format!("limits:\n{}", many(101, "- rate: 1/s\n")), Some("limits: there are 101 of them, at most 100 may be")),
        (
            format!("prospects:\n{}", many(10_001, "- {}\n")),
            Some("prospects: there are 10001 of them, at most 10000 may be"),
        ),
    ] {
        let said = objections(&text);
        assert_eq!(said.is_empty(), told.is_none(), "{said}");
        assert!(said.contains(told.unwrap_or_default()), "{said}");
    }
    let said = objections(&format!("faults:\n{}", many(1_000, "- {efect: 1}\n")));
    assert_eq!(said.lines().count(), 100, "more is told when these are mended");
}

#[test]
fn what_aliases_make_of_a_text_is_bounded() {
    let mut text = "about: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        text += &format!("k{level}: &a{level} [{}]\n", vec![before; 10].join(", "));
    }
    let said = objections(&text);
    assert!(said.contains("budget"), "{said}");
}

#[test]
fn a_fleet_that_cannot_be_read_is_objected_to_where_it_is_named() {
    let draft = Draft::parse("seed: -1\nfleet:\n  file: fleet.csv\n", "s.yaml");
    let said = draft.without_fleet("fleet.csv:3: the id is missing").to_string();
    let told = [
        "s.yaml:1:7: seed: invalid value: integer `-1`, expected u64",
        "s.yaml:3:9: fleet.file: fleet.csv:3: the id is missing",
    ];
    assert_eq!(said, told.join("\n"));
}
