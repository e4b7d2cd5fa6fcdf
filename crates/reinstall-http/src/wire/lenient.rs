//! Reading what is not quite as documented. A surprise in one field must not cost the sight of a hundred instances.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::Value;

/// Text; a number or a truth value counts as its text ("codes may be numbers", api-facts 7), all else as absent.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    })
}

/// A value of the documented shape; any other counts as absent.
pub(super) fn or_absent<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

/// A list; an entry of another shape stands in it as one that says nothing.
pub(super) fn entries<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let Value::Array(values) = Value::deserialize(deserializer)? else { return Ok(None) };
    Ok(Some(values.into_iter().map(|value| serde_json::from_value(value).unwrap_or_default()).collect()))
}

#[cfg(test)]
mod tests {
    use crate::wire::list::ListReply;
    use crate::wire::status::StatusReply;
    use reinstall_core::sighting::Sighting;

    const ID: &str = "0b29c7a1-0000-4000-8000-00000000000a";

    #[test]
    fn a_surprise_in_one_field_costs_that_field() {
        for field in [
            r#""server_id": 3"#,
            r#""created_at": 5"#,
            r#""image": "x""#,
            r#""image": {"id": 7}"#,
            r#""error": "x""#,
            r#""name": ["x"]"#,
            r#""updated_at": {}"#,
        ] {
            let body = format!(
                r#"{{"count": "2", "page_info": "x", "instances": [{{"id": "{ID}", "state": "running", {field}}}]}}"#
            );
            let reply: ListReply = serde_json::from_str(&body).unwrap();
            let seen = reply.sightings();
            assert_eq!(seen.len(), 1, "{field}");
            assert_eq!(seen[0].1.state.as_ref().unwrap().as_word(), "running", "{field}");
        }
    }

    #[test]
    fn one_odd_row_leaves_the_others_readable() {
        let body = format!(r#"{{"instances": [null, 5, {{"id": 5}}, {{"id": "{ID}", "state": "pending"}}]}}"#);
        let reply: ListReply = serde_json::from_str(&body).unwrap();
        assert_eq!(reply.instances.as_ref().unwrap().len(), 4);
        assert_eq!(reply.sightings().len(), 1);
    }

    #[test]
    fn codes_may_be_numbers() {
        let body = r#"{"state": "error", "error": {"error_code": 99, "error_msg": "disk", "error_type": null}}"#;
        let seen = Sighting::from(&serde_json::from_str::<StatusReply>(body).unwrap());
        assert_eq!(seen.fault.unwrap().code.as_str(), "99");
    }
}
