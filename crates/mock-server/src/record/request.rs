//! Reduces a request: what it asks for, and its body.

use std::collections::BTreeMap;

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::kept::{Asked, KeptRequest, PasswordShape, Shape};
use super::naming::Naming;
use super::route::Route;
use super::safe::{SafeText, is_word};

/// The most ids of a request that are kept; of more only how many there are. No permitted call names more (api-facts 3).
const IDS_LEN_MAX: usize = 1_000;

/// The most parameters of a query that are kept.
const PARAMETERS_MAX: usize = 32;

/// Where the names of a request come from.
pub(super) enum Names<'n> {
    /// They are made up, to be kept.
    MadeUp(&'n mut Naming),
    /// They are made up already: the request asks for what a recording has. Nothing of it is kept.
    AsTheyCome,
}

impl Names<'_> {
    fn id(&self, text: &str) -> SafeText {
        match self {
            Self::MadeUp(naming) => naming.id(text),
            Self::AsTheyCome => SafeText::made_up(text.to_lowercase()),
        }
    }

    fn marker(&self, text: &str) -> SafeText {
        match self {
            Self::MadeUp(naming) => naming.marker(text),
            Self::AsTheyCome => SafeText::made_up(text.to_owned()),
        }
    }

    fn name(&mut self, text: &str) -> SafeText {
        match self {
            Self::MadeUp(naming) => naming.name("name", text),
            Self::AsTheyCome => SafeText::made_up(text.to_owned()),
        }
    }

    fn key(&mut self, text: &str) -> SafeText {
        match self {
            Self::MadeUp(naming) => key(naming, text),
            Self::AsTheyCome => SafeText::made_up(text.to_owned()),
        }
    }
}

impl Asked {
    /// What a request asks for.
    pub(super) fn of(mut names: Names<'_>, method: &Method, path: &str, query: Option<&str>) -> Self {
        let route = Route::of(method.as_str(), path);
        let parameters = query.unwrap_or_default().split('&').filter(|parameter| !parameter.is_empty());
        Self {
            method: SafeText::word(method.as_str()),
            operation: route.operation.map(SafeText::own),
            places: route.places.iter().map(|place| names.id(&decoded(place))).collect(),
            path: SafeText::made_up(route.template),
            query: parameters.take(PARAMETERS_MAX).map(|parameter| reduced(&mut names, parameter)).collect(),
        }
    }
}

/// What stands for `text` in an address.
fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// One parameter. A value whose kind is not known is reduced to its length.
fn reduced(names: &mut Names<'_>, parameter: &str) -> (SafeText, SafeText) {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    let [name, value] = [name, value].map(decoded);
    let value = match name.as_str() {
        "limit" | "offset" | "from" | "to" => SafeText::digits(&value),
        "marker" => names.marker(&value),
        "instance_id" | "server_id" | "id" => {
            let ids: Vec<_> = value.split(',').map(|id| names.id(id.trim()).as_str().to_owned()).collect();
            SafeText::made_up(ids.join(","))
        }
        "instance_state" | "manage_state" | "nocatalog" => SafeText::word(&value),
        "name" => names.name(&value),
        _ => SafeText::masked(&value),
    };
    (names.key(&name), value)
}

/// The name of a field or parameter: a word of the API, or one of somebody's choosing.
pub(super) fn key(naming: &mut Naming, name: &str) -> SafeText {
    if is_word(name) { SafeText::word(name) } else { naming.name("key", name) }
}

impl KeptRequest {
    /// What is kept of a body; `None` if there is none.
    pub(super) fn of(naming: &mut Naming, body: &[u8]) -> Option<Self> {
        if body.is_empty() {
            return None;
        }
        let mut kept =
            Self { bytes: body.len(), image_id: None, instance_id_set: None, password: None, rest: Shape::NoJson };
        let Ok(value) = serde_json::from_slice::<Value>(body) else { return Some(kept) };
        let Value::Object(mut fields) = value else {
            return Some(Self { rest: shape(naming, &value), ..kept });
        };
        if let Some(Value::String(id)) = fields.get("image_id") {
            kept.image_id = Some(naming.id(id));
            fields.remove("image_id");
        }
        if let Some(ids) = fields.get("instance_id_set").and_then(|set| ids(naming, set)) {
            kept.instance_id_set = Some(ids);
            fields.remove("instance_id_set");
        }
        for name in ["password", "new_password"] {
            if let Some(Value::String(password)) = fields.get(name) {
                kept.password = Some(PasswordShape::of(password));
                fields.remove(name);
            }
        }
        kept.rest = shape(naming, &Value::Object(fields));
        Some(kept)
    }
}

/// Every entry of a list of ids; `None` if it is none.
fn ids(naming: &Naming, set: &Value) -> Option<Vec<SafeText>> {
    let set = set.as_array().filter(|set| set.len() <= IDS_LEN_MAX)?;
    set.iter().map(|id| id.as_str().map(|id| naming.id(id))).collect()
}

impl PasswordShape {
    fn of(password: &str) -> Self {
        let has = |is: fn(&char) -> bool| password.chars().any(|c| is(&c));
        Self {
            chars: password.chars().count(),
            upper: has(char::is_ascii_uppercase),
            lower: has(char::is_ascii_lowercase),
            digit: has(char::is_ascii_digit),
            special: has(char::is_ascii_punctuation),
            other: has(|c| !c.is_ascii_graphic()),
        }
    }
}

fn shape(naming: &mut Naming, value: &Value) -> Shape {
    match value {
        Value::Null => Shape::Null,
        Value::Bool(_) => Shape::Boolean,
        Value::Number(_) => Shape::Number,
        Value::String(_) => Shape::Text,
        Value::Array(entries) => Shape::List(entries.len()),
        Value::Object(fields) => {
            let mut shapes = BTreeMap::new();
            for (name, value) in fields {
                shapes.insert(key(naming, name), shape(naming, value));
            }
            Shape::Fields(shapes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::naming::Salt;
    use super::*;

    fn naming() -> Naming {
        Naming::new(Salt::new([3; 32]))
    }

    #[test]
    fn a_query_keeps_what_is_no_secret() {
        let id = "0b29c7a1-0000-4000-8000-00000000abcd";
        let query = format!(
            "limit=100&instance_id={id}%2C{id}&instance_state=new-word&marker={id}&canary-1.x=canary&note=canary"
        );
        let asked = Asked::of(Names::MadeUp(&mut naming()), &Method::GET, "/v1/canary/instances", Some(&query));
        let made_up = naming().id(id);
        let shown: Vec<_> = asked.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(shown[0], "limit=100");
        assert_eq!(shown[1], format!("instance_id={made_up},{made_up}"));
        assert_eq!(shown[2], "instance_state=new-word");
        assert_eq!(shown[3], format!("marker={made_up}"));
        assert!(shown[4].starts_with("key-"), "{shown:?}");
        assert_eq!(shown[5], "note=(text of 6)");
        assert!(!serde_json::to_string(&asked).unwrap().contains("canary"), "{asked:?}");
    }

    #[test]
    fn a_body_keeps_shapes_alone() {
        let made_up = naming().id("0b29c7a1-0000-4000-8000-00000000abcd").to_string();
        for (body, kept) in [
            (
                r#"{"image_id":"","password":"Canary-1","instance_id_set":["0b29c7a1-0000-4000-8000-00000000abcd"]}"#,
                format!(
                    r#""image_id":"","instance_id_set":["{made_up}"],"password":{{"chars":8,"upper":true,"lower":true,"digit":true,"special":true,"other":false}},"rest":{{"fields":{{}}}}"#
                ),
            ),
            (
                r#"{"password":7,"instance_id_set":["a",1],"new_password":"canary é"}"#,
                r#""password":{"chars":8,"upper":false,"lower":true,"digit":false,"special":false,"other":true},"rest":{"fields":{"instance_id_set":{"list":2},"password":"number"}}"#.to_owned(),
            ),
            (
                r#"{"auth":{"identity":{"methods":["password"],"password":{"user":{"password":"canary"}}}}}"#,
                r#""rest":{"fields":{"auth":{"fields":{"identity":{"fields":{"methods":{"list":1},"password":{"fields":{"user":{"fields":{"password":"text"}}}}}}}}}}"#.to_owned(),
            ),
            ("canary", r#""rest":"no_json""#.to_owned()),
            (r#"["canary"]"#, r#""rest":{"list":1}"#.to_owned()),
        ] {
            let request = KeptRequest::of(&mut naming(), body.as_bytes()).unwrap();
            let written = serde_json::to_string(&request).unwrap();
            assert_eq!(written, format!(r#"{{"bytes":{},{kept}}}"#, body.len()));
            assert_eq!(serde_json::from_str::<KeptRequest>(&written).unwrap(), request);
        }
        assert_eq!(KeptRequest::of(&mut naming(), b""), None);
    }
}
