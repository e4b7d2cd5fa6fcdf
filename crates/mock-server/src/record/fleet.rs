//! The instances of a recording as they were last seen, as rows of a fleet file in the API's own spelling.

use std::collections::BTreeMap;

use serde::Serialize;

use super::kept::{Exchange, KeptBody};
use super::safe::{SafeJson, SafeText};

/// One row: what ListInstances showed last, with a later look at the instance alone in it. A field that was never shown is
/// absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct FleetRow {
    /// The instance's made-up id.
    pub id: String,
    /// Everything else that a fleet file knows, by the API's names.
    #[serde(flatten)]
    pub fields: BTreeMap<&'static str, SafeJson>,
}

/// What a fleet file knows of an instance, beside its id.
const FIELDS: [&str; 12] = [
    "name",
    "state",
    "operation_state",
    "image",
    "server_id",
    "vpc_id",
    "network_interfaces",
    "tags",
    "created_at",
    "updated_at",
    "launched_at",
    "error",
];

/// What a look at one instance shows. What it does not show is not the case any more.
const LOOKED_AT: [&str; 3] = ["state", "operation_state", "error"];

impl FleetRow {
    /// The row as one line of JSON, without a line break.
    #[must_use]
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What an exchange shows of instances: each with its id, and whether the whole row is there.
pub(super) fn shown(exchange: &Exchange) -> Vec<(&SafeText, &SafeJson)> {
    let Some(answer) = exchange.answer.as_ref().filter(|answer| answer.status == 200) else { return Vec::new() };
    let KeptBody::Json(json) = &answer.body else { return Vec::new() };
    if exchange.asked.is("ListInstances") {
        let rows = json.field("instances").map(SafeJson::entries).unwrap_or_default();
        rows.iter().filter_map(|row| Some((row.field("id")?.text()?, row))).collect()
    } else if exchange.asked.is("ShowInstanceStatus") {
        exchange.asked.places.get(1).map(|id| (id, json)).into_iter().collect()
    } else {
        Vec::new()
    }
}

pub(super) fn rows(exchanges: &[Exchange]) -> Vec<FleetRow> {
    let mut rows: BTreeMap<&SafeText, FleetRow> = BTreeMap::new();
    for exchange in exchanges {
        let fields = if exchange.asked.is("ListInstances") { &FIELDS[..] } else { &LOOKED_AT };
        for (id, seen) in shown(exchange) {
            let row = rows.entry(id).or_insert_with(|| FleetRow { id: id.to_string(), ..FleetRow::default() });
            for field in fields {
                match seen.field(field) {
                    None | Some(SafeJson::Null) => row.fields.remove(field),
                    Some(value) => row.fields.insert(field, value.clone()),
                };
            }
        }
    }
    rows.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::super::recording::Recording;

    #[test]
    fn the_last_look_counts_and_what_it_does_not_show_is_over() {
        let list = |body: &str| {
            format!(
                r#"{{"at":"2026-11-23T07:00:00.000Z","took_ms":1,"asked":{{"method":"GET","operation":"ListInstances","path":"/v1/{{project_id}}/instances","places":["p"]}},"answer":{{"status":200,"headers":{{}},"body":{{"json":{{"instances":{body}}}}}}}}}"#
            )
        };
        let look = |id: &str, status: u16, body: &str| {
            format!(
                r#"{{"at":"2026-11-23T07:00:00.000Z","took_ms":1,"asked":{{"method":"GET","operation":"ShowInstanceStatus","path":"/v1/{{project_id}}/instances/{{id}}/status","places":["p","{id}"]}},"answer":{{"status":{status},"headers":{{}},"body":{{"json":{body}}}}}}}"#
            )
        };
        let lines = [
            r#"{"recording":1,"began":"2026-11-23T07:00:00.000Z","region":null,"writes":false}"#.to_owned(),
            list(
                r#"[{"id":"b","state":"error","error":{"error_code":"x"},"name":"n","slots":0},{"id":"a","state":"running"},{"state":"lost"}]"#,
            ),
            look("b", 200, r#"{"state":"running","operation_state":null,"name":"other"}"#),
            look("c", 200, r#"{"state":"re-imaging"}"#),
            look("a", 500, r#"{"state":"stopped"}"#),
        ];
        let recording = Recording::load(format!("{}\n", lines.join("\n")).as_bytes()).unwrap();
        let rows: Vec<_> = recording.fleet_rows().iter().map(super::FleetRow::to_line).collect();
        assert_eq!(
            rows,
            [
                r#"{"id":"a","state":"running"}"#,
                r#"{"id":"b","name":"n","state":"running"}"#,
                r#"{"id":"c","state":"re-imaging"}"#,
            ]
        );
    }
}
