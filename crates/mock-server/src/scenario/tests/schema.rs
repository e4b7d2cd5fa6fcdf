use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::tree::Node;
use super::super::{Draft, json_schema};

/// A file of the project.
pub(super) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Why a text is not what the schema asks for, if so.
pub(super) fn refusal(text: &str) -> Option<String> {
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    holds(&schema, &schema, &Node::parse(text).unwrap().value()).err()
}

/// Holds a value against a schema made of the keywords that ours is made of. Patterns are left to editors.
fn holds(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let refuse = |why: &dyn std::fmt::Display| Err(format!("{value} is refused: {why}"));
    for (keyword, wanted) in schema.as_object().unwrap() {
        let is_fine = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "default" | "pattern" => true,
            "$ref" => {
                let target = root.pointer(wanted.as_str().unwrap().trim_start_matches('#')).unwrap();
                holds(root, target, value)?;
                true
            }
            "type" => wanted
                .as_array()
                .map_or_else(|| is_of(wanted, value), |types| types.iter().any(|wanted| is_of(wanted, value))),
            "const" => wanted == value,
            "enum" => wanted.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
            "exclusiveMinimum" => value.as_f64().is_none_or(|number| number > wanted.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= wanted.as_f64().unwrap()),
            "required" => value.as_object().is_none_or(|fields| {
                wanted.as_array().unwrap().iter().all(|key| fields.contains_key(key.as_str().unwrap()))
            }),
            "properties" => {
                for (key, field) in value.as_object().into_iter().flatten() {
                    if let Some(wanted) = wanted.get(key) {
                        holds(root, wanted, field)?;
                    }
                }
                true
            }
            "additionalProperties" => {
                assert_eq!(wanted, &Value::Bool(false));
                let known = &schema["properties"];
                value.as_object().is_none_or(|fields| fields.keys().all(|key| known.get(key).is_some()))
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    holds(root, wanted, item)?;
                }
                true
            }
            "oneOf" | "anyOf" => {
                let choices = wanted.as_array().unwrap();
                let fitting = choices.iter().filter(|choice| holds(root, choice, value).is_ok()).count();
                if keyword == "oneOf" { fitting == 1 } else { fitting > 0 }
            }
            keyword => panic!("a keyword that this test does not know: {keyword}"),
        };
        if !is_fine {
            return refuse(&format_args!("{keyword} {wanted}"));
        }
    }
    Ok(())
}

fn is_of(wanted: &Value, value: &Value) -> bool {
    match wanted.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("a type that this test does not know: {other}"),
    }
}

#[test]
fn the_published_schema_is_what_the_code_says() {
    let path = "docs/scenario.schema.json";
    let published = fs::read_to_string(file(path)).unwrap_or_default();
    let renew = "cargo run -p reinstall-mock-server -- scenario schema >";
    assert!(published == json_schema(), "renew it with `{renew} {path}`");
}

#[test]
fn schema_and_reader_agree() {
    for text in [
        "",
        "{}",
        "$schema: x\nabout: y",
        "seed: null\nlimits: null",
        "fleet: {file: x}\nfailing: 3",
        "failing: 10%\ntakes: 3s\nclock: 60x\nskew: {ahead: 1s}",
        "faults: [{times: null, effect: {kind: stranger}}]",
        "prospects: [{takes: {lognormal: {median: 1s, sigma: 1, max: 9s}}}]",
        "prospects: [{branches: [{weight: 1, ending: {fails: {code: c, message: m, type: t}}}]}]",
        "faults: [{effect: {kind: break, at: {after_body: 1}, how: close}}, {effect: {kind: partial, omit: {last: 1}}}]",
    ] {
        assert_eq!(
            Draft::parse(text, "s").check(None).map_err(|objections| objections.to_string()).err(),
            None,
            "{text}"
        );
        let text = if text.is_empty() { "{}" } else { text };
        assert_eq!(refusal(text), None, "{text}");
    }
    for text in [
        "[]",
        "sede: 1",
        "seed: -1",
        "seed: x",
        "batch_cap: 0",
        "fleet: {instances: 10000001}",
        "fleet: {instances: 1, file: x}",
        "fleet: {}",
        "lifecycle: prosa",
        "takes: 60",
        "takes: {uniform: {low: 1s}}",
        "takes: {lognormal: {median: 1s, sigma: 5, max: 9s}}",
        "takes: {uniform: {low: 1s, high: 2s}, triangular: {low: 1s, mode: 1s, high: 2s}}",
        "iam: {users: []}",
        "faults: [{}]",
        "faults: {}",
        "faults: [{chance: 0, effect: {kind: stranger}}]",
        "faults: [{times: 0, effect: {kind: stranger}}]",
        "faults: [{effect: {kind: stranger, by: 1s}}]",
        "faults: [{effect: {kind: token_death, by: 1s}}]",
        "faults: [{effect: {kind: answer, when: before, status: 600}}]",
        "faults: [{effect: {kind: drip, piece_bytes: 0, every: 1s}}]",
        "faults: [{effect: {kind: stale, by: 1s, bye: 1}}]",
        "limits: [{rate: 1/s, burst: 1}]",
        "prospects: [{branches: [{weight: 1, ending: later}]}]",
        "skew: {ahead: 1s, behind: 1s}",
        "worlds: many",
    ] {
        assert!(Draft::parse(text, "s").check(None).is_err(), "{text}");
        assert!(refusal(text).is_some(), "{text}");
    }
}
