//! The JSON Schema of scenarios, for editors.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use serde_json::Value;

use super::Scenario;

/// The schema (draft 2020-12), as text that ends with a line break. It refuses unknown keys, as the reader does; what depends on
/// more than one place, such as a rule behind another, only the reader knows.
#[must_use]
pub fn json_schema() -> String {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Scenario>();
    RecursiveTransform(for_people).transform(&mut schema);
    // A schema is made of maps, lists and text, all of which can be written.
    let mut text = serde_json::to_string_pretty(schema.as_value()).unwrap_or_default();
    text.push('\n');
    text
}

/// What is said of the code to those who read it, as those need it who write scenarios.
fn for_people(schema: &mut Schema) {
    // How wide Rust's numbers are; the bounds are told by themselves.
    schema.remove("format");
    if schema.get("default") == Some(&Value::Null) {
        schema.remove("default");
    }
    let Some(Value::String(text)) = schema.get_mut("description") else { return };
    // Links to items of the code, and references to notes that are not part of the documents.
    *text = text.replace("[`", "`").replace("`]", "`");
    while let Some(from) = text.find(" (api-facts ")
        && let Some(len) = text[from..].find(')')
    {
        text.replace_range(from..=from + len, "");
    }
    let paragraphs = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
    *text = paragraphs.collect::<Vec<_>>().join("\n\n");
}
