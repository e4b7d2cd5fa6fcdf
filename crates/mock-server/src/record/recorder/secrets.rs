//! The last look before a line is written: whether a secret of this very exchange is in it after all.

use http::HeaderMap;
use reinstall_http::sign::verify::Claim;
use serde_json::Value;
use zeroize::Zeroizing;

use super::super::kept::Exchange;

/// A shorter one would be found in innocent words.
const BYTES_MIN: usize = 6;

/// Headers whose values are secrets, whole.
const HEADERS: [&str; 8] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-auth-token",
    "x-security-token",
    "x-subject-token",
    "x-metadata-token",
];

/// Fields of a body whose values are secrets, whatever they stand in.
const FIELDS: [&str; 7] = ["adminPass", "new_password", "password", "passcode", "secret", "token", "user_data"];

/// What was sent and what came back that nobody else may see.
pub(super) struct Secrets(Vec<Zeroizing<String>>);

impl Secrets {
    pub(super) fn of(sent: &HeaderMap, body: &[u8], came: Option<&HeaderMap>) -> Self {
        let mut secrets = Self(Vec::new());
        for headers in [Some(sent), came].into_iter().flatten() {
            for name in HEADERS {
                for value in headers.get_all(name).iter().filter_map(|value| value.to_str().ok()) {
                    secrets.add(value);
                    if let Some(claim) = Claim::parse(value) {
                        secrets.add(claim.id);
                        secrets.add(claim.signature);
                    }
                }
            }
        }
        if let Ok(value) = serde_json::from_slice::<Value>(body) {
            secrets.add_fields(&value, false);
        }
        secrets
    }

    fn add(&mut self, secret: &str) {
        if secret.len() >= BYTES_MIN {
            self.0.push(Zeroizing::new(secret.to_owned()));
        }
    }

    /// Every text that is a secret, and the `id` within a secret: that of a token is the token itself.
    fn add_fields(&mut self, value: &Value, within: bool) {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            Value::Array(values) => values.iter().for_each(|value| self.add_fields(value, false)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    let is_secret = FIELDS.contains(&name.as_str());
                    match value {
                        Value::String(text) if is_secret || within && name == "id" => self.add(text),
                        Value::Null
                        | Value::Bool(_)
                        | Value::Number(_)
                        | Value::String(_)
                        | Value::Array(_)
                        | Value::Object(_) => self.add_fields(value, is_secret),
                    }
                }
            }
        }
    }

    /// Whether one of them stands in what would be kept, as it is or as JSON spells it.
    pub(super) fn are_in(&self, exchange: &Exchange) -> bool {
        let Ok(line) = serde_json::to_string(exchange) else { return true };
        self.0.iter().any(|secret| {
            let spelled = serde_json::to_string(secret.as_str()).unwrap_or_default();
            line.contains(secret.as_str()) || line.contains(spelled.trim_matches('"'))
        })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use reinstall_core::time::Timestamp;
    use reinstall_http::wire::iam::SUBJECT_TOKEN;

    use super::super::super::kept::{Asked, KeptAnswer, KeptBody, KeptHeaders};
    use super::super::super::safe::SafeText;
    use super::*;

    fn saying(text: &str) -> Exchange {
        let asked = Asked {
            method: SafeText::own("GET"),
            operation: None,
            path: SafeText::own("/"),
            places: vec![],
            query: vec![],
        };
        let body = KeptBody::Text(SafeText::made_up(text.to_owned()));
        let answer = KeptAnswer { status: 200, headers: KeptHeaders::default(), body };
        let at = Timestamp::from_millis(0);
        Exchange { at, took_ms: 0, asked, request: None, answer: Some(answer), failed: None }
    }

    #[test]
    fn a_secret_is_found_wherever_it_came_from() {
        let header = |name: &'static str, value: &'static str| {
            HeaderMap::from_iter([(http::HeaderName::from_static(name), HeaderValue::from_static(value))])
        };
        let sent = header("x-auth-token", "canary-1");
        let signed =
            header("authorization", "SDK-HMAC-SHA256 Access=canary-2, SignedHeaders=x-sdk-date, Signature=canary-3");
        let came = header(SUBJECT_TOKEN, "canary-4");
        let body = r#"{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"annabel","password":"canary\"5"}}}}}"#;
        let by_token = r#"{"auth":{"identity":{"methods":["token"],"token":{"id":"canary-6"}}}}"#;
        for (secrets, text, found) in [
            (Secrets::of(&sent, b"", None), "says canary-1 twice", true),
            (Secrets::of(&signed, b"", None), "canary-2", true),
            (Secrets::of(&signed, b"", None), "canary-3", true),
            (Secrets::of(&sent, b"", Some(&came)), "canary-4", true),
            (Secrets::of(&HeaderMap::new(), body.as_bytes(), None), "canary\"5", true),
            (Secrets::of(&HeaderMap::new(), body.as_bytes(), None), "password annabel", false),
            (Secrets::of(&HeaderMap::new(), by_token.as_bytes(), None), "canary-6", true),
            (Secrets::of(&HeaderMap::new(), b"{\"password\":\"short\"}", None), "short", false),
            (Secrets::of(&HeaderMap::new(), b"canary", None), "canary", false),
        ] {
            assert_eq!(secrets.are_in(&saying(text)), found, "{text}");
        }
    }
}
