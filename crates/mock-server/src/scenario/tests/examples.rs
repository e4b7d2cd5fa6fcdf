use std::collections::BTreeSet;
use std::fs;

use reinstall_core::id::InstanceId;
use serde_json::Value;

use super::super::{Draft, Scenario, json_schema};
use super::schema::{file, refusal};
use super::world_of;
use crate::cloud::images;
use crate::fault::Effect;

/// The files that are shipped, by name.
fn shipped() -> Vec<(String, String)> {
    let folder = fs::read_dir(file("crates/mock-server/scenarios")).unwrap();
    let mut files: Vec<_> = folder
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    files.sort_unstable();
    files
}

fn document() -> String {
    fs::read_to_string(file("docs/scenarios.md")).unwrap()
}

/// The scenarios in the document, each with the line that it begins after.
fn documented() -> Vec<(String, String)> {
    let document = document();
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in (1..).zip(document.lines()) {
        match (&mut open, line) {
            (None, "```yaml") => open = Some((number, String::new())),
            (Some(_), "```") => blocks.extend(open.take().map(|(number, text)| (format!("line {number}"), text))),
            (Some((_, text)), line) => *text += &format!("{line}\n"),
            (None, _) => {}
        }
    }
    blocks
}

/// It is sound, the schema says so, too, and it names no instance or image that is not there.
fn check(name: &str, text: &str) -> Scenario {
    let draft = Draft::parse(text, name);
    let world = world_of(draft.scenario());
    let is_there = |id: InstanceId| world.cloud.ids().any(|known| known == id);
    let said = draft.check(Some(&is_there)).map_err(|objections| objections.to_string());
    let scenario = said.unwrap_or_else(|objections| panic!("{objections}")).clone();
    assert_eq!(refusal(text), None, "{name}");
    for image in scenario.prospects.iter().filter_map(|prospect| prospect.image) {
        assert!(images().any(|known| known.id == image), "{name}: no instance starts with {image}");
    }
    scenario
}

#[test]
fn what_is_shipped_is_sound_seeded_and_explained() {
    let shipped = shipped();
    assert!(shipped.len() >= 6);
    let document = document();
    for (name, text) in &shipped {
        let scenario = check(name, text);
        assert!(scenario.about.is_some() && scenario.seed.is_some(), "{name}");
        assert!(scenario.faults.iter().all(|rule| rule.name.is_some()), "{name}: a rule without a name");
        assert!(text.starts_with("# yaml-language-server: $schema=../../../docs/scenario.schema.json\n"), "{name}");
        assert!(document.contains(&format!("(../crates/mock-server/scenarios/{name})")), "{name} is not documented");
    }
}

#[test]
fn what_the_document_shows_is_sound() {
    let blocks = documented();
    assert_eq!(blocks.len(), 3);
    let mut kinds = BTreeSet::new();
    for (line, text) in &blocks {
        let scenario = check(line, text);
        let effects = scenario.faults.iter().map(|rule| serde_json::to_value(&rule.effect).unwrap());
        kinds.extend(effects.map(|effect| effect["kind"].as_str().unwrap().to_owned()));
    }
    assert_eq!(kinds, effect_kinds(), "each effect is shown");
}

#[test]
fn the_document_has_every_key_and_every_effect() {
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    let document = document();
    let rows: Vec<&str> = document.lines().filter(|line| line.starts_with("| `")).collect();
    let keys = |schema: &Value| schema["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let rule_keys = keys(&schema["$defs"]["FaultRule"]);
    for name in keys(&schema).into_iter().chain(rule_keys).chain(effect_kinds()).filter(|name| name != "effect") {
        let is_first = |row: &&str| row.split('|').nth(1).is_some_and(|cell| cell.contains(&format!("`{name}`")));
        assert!(rows.iter().any(is_first), "{name} is in no table of docs/scenarios.md");
    }
}

/// The `kind` of every effect.
fn effect_kinds() -> BTreeSet<String> {
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    let effects = schema["$defs"]["Effect"]["oneOf"].as_array().unwrap();
    let kinds: BTreeSet<String> =
        effects.iter().map(|effect| effect["properties"]["kind"]["const"].as_str().unwrap().to_owned()).collect();
    // Read as what they say they are.
    assert!(kinds.contains(serde_json::to_value(Effect::Stranger).unwrap()["kind"].as_str().unwrap()));
    kinds
}
