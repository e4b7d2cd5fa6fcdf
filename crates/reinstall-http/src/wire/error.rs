//! What a refusal says: every body shape known from the provider's services and gateways (api-facts 7).

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::id::{InstanceId, RequestId};
use reinstall_core::rate::Rate;
use reinstall_core::redact::Redactor;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::code::GATEWAY_PREFIXES;
use super::said;

/// The header that carries the cloud's name for a request.
pub const REQUEST_ID: &str = "x-request-id";

/// The same of IAM's answers.
pub const IAM_TRACE_ID: &str = "x-iam-trace-id";

/// How long a wait the cloud may ask for; more is taken as this much.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// A longer body is no error object; only its beginning is looked at.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// How deep an error object may be wrapped in others.
const DEPTH_MAX: u32 = 8;

/// The pairs of keys that hold code and message. A pair must be complete; the first complete one is believed.
const KEY_PAIRS: [(&str, &str); 3] = [("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message")];

/// The documented error body, as a server writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// Such as `iMetal.0200`.
    pub error_code: String,
    /// In words.
    pub error_msg: String,
    /// In a gateway's bodies only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl ErrorBody {
    /// A body with a code and words.
    #[must_use]
    pub fn new(code: &str, message: &str) -> Self {
        Self { error_code: code.to_owned(), error_msg: message.to_owned(), request_id: None }
    }
}

/// Reduces an answer that is not the expected success to a fault.
///
/// `redactor` knows the secrets that the cloud was told: a body that echoes one is shown without it.
#[must_use]
pub fn fault(status: StatusCode, headers: &HeaderMap, body: &[u8], redactor: &Redactor) -> Fault {
    let words = words(status, headers, body);
    let code = words.code.as_deref().map(|code| redactor.redact(code));
    let message = redactor.redact(&words.message);
    let in_body = || RequestId::new(&redactor.redact(words.request_id.as_deref()?));
    let kind = kind(status, code.as_deref());
    Fault {
        kind,
        status: Some(status.as_u16()),
        code: code.as_deref().map(Into::into),
        message: (&*message).into(),
        request_id: request_id(headers, redactor).or_else(in_body),
        retry_after: retry_after(headers),
        limit: named_limit(&words.message).filter(|_| kind == FaultKind::Throttled),
        named: InstanceId::all_in(&message),
        never_left: false,
    }
}

/// The cloud's name for the request that this answers, without any secret.
#[must_use]
pub fn request_id(headers: &HeaderMap, redactor: &Redactor) -> Option<RequestId> {
    let shown = |name| RequestId::new(&redactor.redact(headers.get(name)?.to_str().ok()?));
    [REQUEST_ID, IAM_TRACE_ID].into_iter().find_map(shown)
}

fn kind(status: StatusCode, code: Option<&str>) -> FaultKind {
    let from_gateway = code.is_some_and(|code| GATEWAY_PREFIXES.iter().any(|prefix| code.starts_with(prefix)));
    match status.as_u16() {
        400 => FaultKind::Rejected,
        401 => FaultKind::Unauthorized,
        403 => FaultKind::Forbidden,
        404 if from_gateway => FaultKind::NoSuchCall,
        404 => FaultKind::NotFound,
        429 => FaultKind::Throttled,
        300..=399 => FaultKind::Redirected,
        500..=599 => FaultKind::ServerFailed,
        _ => FaultKind::Unexpected,
    }
}

/// What an answer says, before it is made safe to show.
#[derive(Debug, Default, PartialEq, Eq)]
struct Words {
    code: Option<String>,
    message: String,
    request_id: Option<String>,
}

impl Words {
    fn plain(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }
}

fn words(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Words {
    if status.is_redirection() {
        return Words::plain(format!("redirected to {}, which is not followed", target_host(headers)));
    }
    if status.is_success() {
        return Words::plain("a success of another kind than the documents have for this call");
    }
    if let Some(words) = object_words(body) {
        return words;
    }
    let text = String::from_utf8_lossy(&body[..body.len().min(BODY_BYTES_MAX)]);
    match text.trim() {
        "" => Words::plain(format!(
            "{}, and not a word with it",
            status.canonical_reason().unwrap_or("an unknown status")
        )),
        html if html.starts_with('<') => Words::plain(html_title(html).unwrap_or(html)),
        text => Words::plain(text),
    }
}

/// The words of a JSON object in one of the known shapes.
fn object_words(body: &[u8]) -> Option<Words> {
    if body.len() > BODY_BYTES_MAX {
        return None;
    }
    let object: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let mut words = pair_within(&object, 0)?;
    let request_id: Option<String> = object.get("request_id").and_then(scalar);
    words.request_id = said(request_id.as_ref()).map(str::to_owned);
    Some(words)
}

/// The first complete pair of code and message, here or in the objects within.
fn pair_within(object: &Map<String, Value>, depth: u32) -> Option<Words> {
    let pair = |&(code, message): &(&str, &str)| {
        Some(Words { code: Some(scalar(object.get(code)?)?), message: scalar(object.get(message)?)?, request_id: None })
    };
    if let Some(words) = KEY_PAIRS.iter().find_map(pair) {
        return Some(words);
    }
    if depth == DEPTH_MAX {
        return None;
    }
    let mut within = object.values().filter_map(Value::as_object);
    within.find_map(|object| pair_within(object, depth + 1))
}

/// A string as it is, a number in digits: IAM's codes are numbers.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What a proxy's error page is called.
fn html_title(html: &str) -> Option<&str> {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let len = lower[start..].find("</title>")?;
    Some(html[start..start + len].trim()).filter(|title| !title.is_empty())
}

/// Where a redirect points: the host alone, since the rest of an address may hold anything.
fn target_host(headers: &HeaderMap) -> String {
    let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
    let uri: Option<http::Uri> = location.and_then(|text| text.parse().ok());
    match uri {
        None => "nowhere in particular".to_owned(),
        Some(uri) => uri.host().unwrap_or("another path").to_owned(),
    }
}

/// All that an error object says in words, neither cut nor made safe to show.
pub(crate) fn whole_message(body: &[u8]) -> Option<String> {
    object_words(body).map(|words| words.message)
}

/// `Retry-After`, in seconds or as a date, at most [`RETRY_AFTER_MAX`]. What makes no sense is ignored.
///
/// A date is read against the `Date` of the same answer, so that a wrong clock on our side does not matter.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit are a long time all the same.
        let seconds = text.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let date = httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()?;
    let wait = until.duration_since(date).unwrap_or_default();
    Some(wait.min(RETRY_AFTER_MAX))
}

/// The units that a gateway's text counts a limit over (api-facts 7), in seconds.
const LIMIT_UNITS: [(&str, u64); 4] = [("second", 1), ("minute", 60), ("hour", 60 * 60), ("day", 24 * 60 * 60)];

/// The first limit that a text names in full, as `limit:200,time:5 minute`. A count alone, as in `limit:10`, is none; nor is
/// what makes no [`Rate`].
fn named_limit(text: &str) -> Option<Rate> {
    let lower = text.to_ascii_lowercase();
    lower.match_indices("limit").find_map(|(start, limit)| limit_at(&lower[start + limit.len()..]))
}

/// Reads `:200,time:5 minute`, with white space anywhere.
fn limit_at(text: &str) -> Option<Rate> {
    let (count, rest) = number_after(text, ":")?;
    let rest = rest.trim_start().strip_prefix(',')?.trim_start().strip_prefix("time")?;
    let (times, rest) = number_after(rest, ":")?;
    let rest = rest.trim_start();
    let unit = rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let is_unit = |name: &str| unit.strip_prefix(name).is_some_and(|rest| matches!(rest, "" | "s"));
    let &(_, seconds) = LIMIT_UNITS.iter().find(|(name, _)| is_unit(name))?;
    Rate::of(count, Duration::from_secs(seconds.checked_mul(u64::from(times))?)).ok()
}

/// The number behind `sign`, and what follows it.
fn number_after<'a>(text: &'a str, sign: &str) -> Option<(u32, &'a str)> {
    let text = text.trim_start().strip_prefix(sign)?.trim_start();
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use reinstall_core::redact::Role;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn told(status: u16, body: &str) -> Fault {
        fault(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes(), &Redactor::new())
    }

    #[test]
    fn every_body_shape_is_read() {
        for (body, code, message) in [
            (r#"{"error_code":"iMetal.0002","error_msg":"Missing"}"#, Some("iMetal.0002"), "Missing"),
            (r#"{"errorCode":"X.1","errorMsg":"camel"}"#, Some("X.1"), "camel"),
            (r#"{"code":"X.2","message":"plain"}"#, Some("X.2"), "plain"),
            (r#"{"error":{"code":401,"message":"nested","title":"Unauthorized"}}"#, Some("401"), "nested"),
            (r#"{"badRequest":{"message":"bad","code":400}}"#, Some("400"), "bad"),
            (r#"{"a":{"b":{"error_code":"deep","error_msg":"down"}}}"#, Some("deep"), "down"),
            (r#"{"error_code":null,"error_msg":"x","code":"c","message":"m"}"#, Some("c"), "m"),
            (r#"{"code":"outer","message":"first","error":{"code":"inner","message":"last"}}"#, Some("outer"), "first"),
            // Incomplete pairs, and what is no object at all: the raw text.
            (r#"{"errorCode":"X","errorMessage":"y"}"#, None, r#"{"errorCode":"X","errorMessage":"y"}"#),
            (r#"{"error_code":"X","message":"y"}"#, None, r#"{"error_code":"X","message":"y"}"#),
            (r#"{"error_msg":"no code"}"#, None, r#"{"error_msg":"no code"}"#),
            (r#"["error_code"]"#, None, r#"["error_code"]"#),
            ("slow down", None, "slow down"),
            (r#"{"error_code":"cut o"#, None, r#"{"error_code":"cut o"#),
            // A proxy's page, and silence.
            ("<html><head><TITLE>502 Bad Gateway</TITLE></head><body>..</body></html>", None, "502 Bad Gateway"),
            ("<html>no title</html>", None, "<html>no title</html>"),
            ("", None, "Bad Request, and not a word with it"),
            (" \r\n", None, "Bad Request, and not a word with it"),
        ] {
            let fault = told(400, body);
            assert_eq!(fault.code, code.map(Into::into), "{body}");
            assert_eq!(fault.message.as_str(), message, "{body}");
        }
    }

    #[test]
    fn hostile_bodies_are_bounded_and_shown_safely() {
        let wrap = |depth: usize| {
            format!("{}{}{}", r#"{"e":"#.repeat(depth), r#"{"code":"c","message":"m"}"#, "}".repeat(depth))
        };
        assert_eq!(told(400, &wrap(8)).code, Some("c".into()));
        assert_eq!(told(400, &wrap(9)).code, None);
        assert_eq!(told(400, &wrap(100_000)).code, None);
        let long = told(500, &"x".repeat(1_000_000));
        assert!(long.message.as_str().len() < 600);
        let latin = fault(StatusCode::BAD_REQUEST, &HeaderMap::new(), b"caf\xe9 \x1b[31m", &Redactor::new());
        assert_eq!(latin.message.as_str(), "caf\u{fffd} \\u{1b}[31m");
    }

    #[test]
    fn the_status_says_what_kind_of_fault_it_is() {
        use FaultKind as K;
        for (status, code, kind) in [
            (400, "iMetal.0001", K::Rejected),
            (401, "APIGW.0301", K::Unauthorized),
            (403, "iMetal.0004", K::Forbidden),
            (404, "iMetal.0200", K::NotFound),
            (404, "", K::NotFound),
            (404, "APIGW.0101", K::NoSuchCall),
            (404, "APIG.0101", K::NoSuchCall),
            (404, "APIC.0103", K::NoSuchCall),
            (404, "APIGWX.1", K::NotFound),
            (429, "APIGW.0308", K::Throttled),
            (301, "", K::Redirected),
            (307, "", K::Redirected),
            (500, "iMetal.0099", K::ServerFailed),
            (502, "APIGW.0201", K::ServerFailed),
            (599, "", K::ServerFailed),
            (405, "", K::Unexpected),
            (409, "", K::Unexpected),
            (413, "APIGW.0201", K::Unexpected),
            (494, "APIGW.0201", K::Unexpected),
            (200, "", K::Unexpected),
            (204, "", K::Unexpected),
        ] {
            let body = format!(r#"{{"error_code":"{code}","error_msg":"m"}}"#);
            let fault = told(status, &body);
            assert_eq!((fault.kind, fault.status), (kind, Some(status)), "{status} {code}");
        }
    }

    #[test]
    fn retry_after_is_honoured_within_reason() {
        const DATE: &str = "Mon, 23 Nov 2026 11:30:00 GMT";
        for (retry_after, date, seconds) in [
            ("7", None, Some(7)),
            (" 0 ", None, Some(0)),
            ("301", None, Some(300)),
            ("99999999999999999999999999", None, Some(300)),
            ("Mon, 23 Nov 2026 11:30:20 GMT", Some(DATE), Some(20)),
            ("Mon, 23 Nov 2026 12:30:20 GMT", Some(DATE), Some(300)),
            ("Mon, 23 Nov 2026 11:29:00 GMT", Some(DATE), Some(0)),
            ("Mon, 23 Nov 2026 11:30:20 GMT", None, None),
            ("Mon, 23 Nov 2026 11:30:20 GMT", Some("yesterday"), None),
            ("-1", None, None),
            ("1.5", None, None),
            ("", None, None),
            ("soon", Some(DATE), None),
        ] {
            let mut pairs = vec![("retry-after", retry_after)];
            pairs.extend(date.map(|date| ("date", date)));
            let fault = fault(StatusCode::TOO_MANY_REQUESTS, &headers(&pairs), b"", &Redactor::new());
            assert_eq!(fault.retry_after, seconds.map(Duration::from_secs), "{retry_after:?} {date:?}");
        }
    }

    #[test]
    fn a_limit_is_read_out_of_the_text_of_a_429() {
        const SAID: &str = "The throttling threshold has been reached: policy user over ratelimit";
        for (text, limit) in [
            ("limit:200,time:5 minute", Some((200, 300))),
            ("limit:10,time:1 second", Some((10, 1))),
            ("Limit : 30 , Time : 1  Minutes.", Some((30, 60))),
            ("LIMIT:1000,TIME:1 HOUR)", Some((1_000, 3_600))),
            ("limit:5000,time:1days", Some((5_000, 86_400))),
            ("limit:10; limit:20,time:1 minute", Some((20, 60))),
            ("limit:0,time:1 minute;limit:20,time:1 minute", Some((20, 60))),
            // Not enough to go by.
            ("limit:10", None),
            ("limit:10,time:", None),
            ("limit:10,time:5", None),
            ("limit:10,time:minute", None),
            ("limit:10 time:1 minute", None),
            ("limit:ten,time:1 minute", None),
            ("limit:-1,time:1 minute", None),
            ("limit:1.5,time:1 minute", None),
            ("limit:10,time:1 fortnight", None),
            ("limit:10,time:1 minutess", None),
            ("", None),
            // Nonsense.
            ("limit:10,time:0 second", None),
            ("limit:99999999999,time:1 second", None),
            ("limit:1000000,time:1 second", None),
            ("limit:10,time:99999999999999999999 day", None),
            ("limit:10,time:4294967295 day", None),
            ("limit:1,time:1 day", None),
            ("limit:\u{665},time:\u{661} minute", None),
        ] {
            let expected = limit.map(|(count, seconds)| Rate::of(count, Duration::from_secs(seconds)).unwrap());
            let body =
                serde_json::json!({"error_code": "APIGW.0308", "error_msg": format!("{SAID},{text}")}).to_string();
            for body in [body, format!("{SAID} {text}")] {
                assert_eq!(told(429, &body).limit, expected, "{body}");
                assert_eq!(told(503, &body).limit, None, "{body}");
            }
        }
    }

    #[test]
    fn request_ids_come_from_headers_first() {
        const BODY: &str = r#"{"error_code":"c","error_msg":"m","request_id":"body"}"#;
        for (pairs, body, id) in [
            (vec![("x-request-id", "head"), ("x-iam-trace-id", "iam")], BODY, Some("head")),
            (vec![("x-iam-trace-id", "iam")], BODY, Some("iam")),
            (vec![("x-request-id", "")], BODY, Some("body")),
            (vec![], BODY, Some("body")),
            (vec![], r#"{"error_code":"c","error_msg":"m","request_id":""}"#, None),
            (vec![], "", None),
        ] {
            let fault = fault(StatusCode::BAD_REQUEST, &headers(&pairs), body.as_bytes(), &Redactor::new());
            assert_eq!(fault.request_id.map(|id| id.to_string()).as_deref(), id, "{pairs:?} {body}");
        }
    }

    #[test]
    fn a_redirect_names_the_host_alone() {
        for (location, host) in [
            ("https://user:pw@evil.example:81/path?token=x", "evil.example"),
            ("/v2/instances", "another path"),
            ("", "nowhere in particular"),
        ] {
            let fault =
                fault(StatusCode::TEMPORARY_REDIRECT, &headers(&[("location", location)]), b"", &Redactor::new());
            assert_eq!(fault.message.as_str(), format!("redirected to {host}, which is not followed"));
        }
    }

    #[test]
    fn an_echoed_secret_is_taken_out() {
        for (secret, body) in [
            ("Canary/9931", r#"{"error_code":"iMetal.0001","error_msg":"bad value: Canary/9931"}"#),
            ("Canary/9931", r#"{"error_code":"Canary/9931","error_msg":"m"}"#),
            ("Canary/9931", r#"you sent {"password":"Canary\/9931"}"#),
            ("Canary/9931", "<title>Canary/9931</title>"),
        ] {
            let shown = fault(
                StatusCode::BAD_REQUEST,
                &HeaderMap::new(),
                body.as_bytes(),
                &Redactor::new().with(Role::SecretKey, secret),
            )
            .to_string();
            assert!(!shown.contains("Canary") && shown.contains("[redacted: "), "{shown}");
        }
        // Cut at its bound, the text must not end in half a secret.
        let body = format!("{}Canary/9931", "x".repeat(508));
        let shown = fault(
            StatusCode::BAD_REQUEST,
            &HeaderMap::new(),
            body.as_bytes(),
            &Redactor::new().with(Role::SecretKey, "Canary/9931"),
        )
        .to_string();
        assert!(!shown.contains("Can"), "{shown}");
    }
}
