//! Signing and verifying, as the provider's own signer has it (the vectors), and as one of our sides sees the other (random
//! requests, and what a flipped bit does to them).

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeMap;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use reinstall_core::secret::{SecretKey, SecurityToken};
use reinstall_core::time::Timestamp;
use reinstall_http::sign::key::AccessKey;
use reinstall_http::sign::verify::{Denial, SKEW_MAX, verify};
use reinstall_http::sign::{Message, date, sign};
use serde::Deserialize;

/// What the provider's Python signer made of a request. A vector of another shape is of a kind that is not known here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    ak: String,
    sk: String,
    security_token: Option<String>,
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: String,
    date: String,
    expected_canonical_request: String,
    expected_string_to_sign: String,
    expected_authorization: String,
    request_target_sent: String,
    #[serde(default, rename = "note")]
    _note: String,
}

fn access_key(id: &str, secret: &str, token: Option<&str>) -> AccessKey {
    let key = AccessKey::new(id, SecretKey::parse(secret).expect("a secret")).expect("an id");
    match token {
        Some(token) => key.with_security_token(SecurityToken::parse(token).expect("a token")),
        None => key,
    }
}

fn header(name: &str, value: &[u8]) -> (HeaderName, HeaderValue) {
    let name = HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
    (name, HeaderValue::from_bytes(value).expect("a header's value"))
}

/// Host, path and query of an address.
fn parts(url: &str) -> (&str, &str, Option<&str>) {
    let (_, rest) = url.split_once("://").expect("an address with a scheme");
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let slash = rest.find('/').expect("an address with a path");
    (&rest[..slash], &rest[slash..], query)
}

impl Vector {
    /// Signs it as we do, compares every step, and verifies it as a gateway does.
    fn run(&self) {
        let name = &self.name;
        let key = access_key(&self.ak, &self.sk, self.security_token.as_deref());
        let (host, path, query) = parts(&self.url);
        let mut headers: HeaderMap = self.headers.iter().map(|(name, value)| header(name, value.as_bytes())).collect();
        headers.entry(HOST).or_insert(HeaderValue::from_str(host).expect("a host"));
        let method = Method::from_bytes(self.method.as_bytes()).expect("a method");
        let message = Message { method: &method, path, query, headers: &headers, body: self.body.as_bytes() };
        let at = date::read(&self.date).expect("a date");
        let signed = sign(&message, &key, at).expect("a signature");
        let canonical = String::from_utf8_lossy(signed.canonical.as_bytes());
        assert_eq!(canonical, self.expected_canonical_request, "{name}");
        assert_eq!(signed.string_to_sign, self.expected_string_to_sign, "{name}");
        assert_eq!(signed.headers[AUTHORIZATION], self.expected_authorization, "{name}");

        // What the provider's signer sends, our verifier reads.
        let (path, query) = self
            .request_target_sent
            .split_once('?')
            .map_or_else(|| (self.request_target_sent.as_str(), None), |(path, query)| (path, Some(query)));
        let sent = Message { path, query, headers: &signed.headers, ..message };
        assert_eq!(verify(&sent, at, [&key]).map(AccessKey::id), Ok(self.ak.as_str()), "{name}");
        let other = access_key(&self.ak, "another", None);
        assert_eq!(verify(&sent, at, [&other]).map(AccessKey::id), Err(Denial::Mismatch(signed.canonical)), "{name}");
    }
}

#[test]
fn every_vector_of_the_providers_signer_is_met() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("data/signing.json")).expect("vectors");
    let mut met = Vec::new();
    let mut left_out: Vec<&str> = Vec::new();
    for vector in &vectors {
        let algorithm = vector.expected_authorization.split(' ').next();
        match algorithm {
            Some("SDK-HMAC-SHA256") => {
                vector.run();
                met.push(&vector.name);
            }
            // Known, and not built (api-facts 5.3).
            Some("SDK-HMAC-SM3" | "V11-HMAC-SHA256" | "SDK-ECDSA-P256-SHA256" | "SDK-SM2-SM3") => {
                left_out.push(&vector.name);
            }
            other => panic!("{}: an algorithm nobody has heard of: {other:?}", vector.name),
        }
    }
    assert_eq!(left_out, [""; 0], "named here, so that nobody believes they were met");
    assert_eq!(met.len(), 17);
}

/// A random request.
#[derive(Debug, Clone)]
struct Given {
    method: String,
    path: String,
    query: Option<String>,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    content_type: Option<&'static str>,
    token: Option<&'static str>,
    at: Timestamp,
}

const SECRET: &str = "exampleSecretKeyForTests";

impl Given {
    fn key(&self) -> AccessKey {
        access_key("AK1", SECRET, self.token)
    }

    /// The request with all its headers, signed.
    fn sign(&self) -> Wire {
        let mut headers = HeaderMap::from_iter([header("host", b"a.example:8443")]);
        for (name, value) in self.headers.iter().map(|(name, value)| header(name, value.as_bytes())) {
            headers.append(name, value);
        }
        if let Some(content_type) = self.content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let mut wire = Wire {
            method: self.method.clone().into_bytes(),
            path: self.path.clone().into_bytes(),
            query: self.query.clone().map(String::into_bytes),
            headers,
            body: self.body.clone(),
        };
        wire.headers = wire
            .message(|message| sign(&message, &self.key(), self.at).expect("a signature").headers)
            .expect("a message that can be sent");
        wire
    }
}

/// A request as bytes, some of which may be turned.
#[derive(Debug, Clone)]
struct Wire {
    method: Vec<u8>,
    path: Vec<u8>,
    query: Option<Vec<u8>>,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Wire {
    /// `None` if no server could read so much as the request line.
    fn message<R>(&self, act: impl FnOnce(Message<'_>) -> R) -> Option<R> {
        let method = Method::from_bytes(&self.method).ok()?;
        let path = std::str::from_utf8(&self.path).ok()?;
        let query = self.query.as_deref().map(std::str::from_utf8).transpose().ok()?;
        Some(act(Message { method: &method, path, query, headers: &self.headers, body: &self.body }))
    }

    /// Whether it is accepted; `None` if it cannot be read.
    fn is_accepted(&self, key: &AccessKey, now: Timestamp) -> Option<bool> {
        self.message(|message| verify(&message, now, [key]).is_ok())
    }

    /// What it asks for, however that is spelled: two spellings of one thing have one signature.
    fn meaning(&self) -> impl PartialEq + use<> {
        let decoded = |bytes: &[u8]| -> Vec<u8> { percent_decode_str(&String::from_utf8_lossy(bytes)).collect() };
        let mut parameters: Vec<(Vec<u8>, Vec<u8>)> = self
            .query
            .iter()
            .flat_map(|query| query.split(|byte| *byte == b'&').filter(|parameter| !parameter.is_empty()))
            .map(|parameter| {
                let equals = parameter.iter().position(|byte| *byte == b'=').unwrap_or(parameter.len());
                (decoded(&parameter[..equals]), decoded(parameter.get(equals + 1..).unwrap_or_default()))
            })
            .collect();
        parameters.sort();
        let headers: Vec<(String, Vec<u8>)> = self
            .headers
            .iter()
            .filter(|(name, _)| !name.as_str().contains('_'))
            .map(|(name, value)| (name.to_string(), value.as_bytes().trim_ascii().to_vec()))
            .collect();
        let body_is_signed = self.headers.get("x-sdk-content-sha256").is_none();
        let body = body_is_signed.then(|| self.body.clone());
        (self.method.to_ascii_uppercase(), decoded(&self.path), parameters, headers, body)
    }

    /// Turns one bit of one part; `None` if there is no such bit, or no such header any more.
    fn turned(&self, part: Part, place: usize, bit: u32) -> Option<Self> {
        let mut turned = self.clone();
        let turn = |bytes: &mut [u8]| -> Option<()> {
            let len = bytes.len();
            *bytes.get_mut(place.checked_rem(len)?)? ^= 1 << bit;
            Some(())
        };
        match part {
            Part::Method => turn(&mut turned.method)?,
            Part::Path => turn(&mut turned.path)?,
            Part::Query => turn(turned.query.as_mut()?)?,
            Part::Body => turn(&mut turned.body)?,
            Part::Header(nth) => {
                let value = turned.headers.values_mut().nth(nth.checked_rem(self.headers.len())?)?;
                let mut bytes = value.as_bytes().to_vec();
                turn(&mut bytes)?;
                *value = HeaderValue::from_bytes(&bytes).ok()?;
            }
        }
        Some(turned)
    }
}

#[derive(Debug, Clone, Copy)]
enum Part {
    Method,
    Path,
    Query,
    Body,
    /// Any header, `X-Sdk-Date` and `Authorization` among them.
    Header(usize),
}

/// As it may be written in an address: as it is, or every byte but the plain ones escaped.
fn spelled(text: &str, escaped: bool) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    let escape = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") };
    if escaped { text.bytes().map(escape).collect() } else { text.to_owned() }
}

fn given() -> impl Strategy<Value = Given> {
    let text = "[a-zA-Z0-9 ~*+%=é实😀'._-]{0,6}";
    let parameter = (text, proptest::option::of(text), any::<bool>()).prop_map(|(name, value, escaped)| {
        let [name, value] = [Some(name), value].map(|text| text.map(|text| spelled(&text, escaped)));
        [name, value].into_iter().flatten().collect::<Vec<_>>().join("=")
    });
    let path = proptest::collection::vec((text, any::<bool>()), 0..5).prop_map(|segments| {
        segments.iter().map(|(text, escaped)| format!("/{}", spelled(text, *escaped))).collect::<String>()
    });
    let header = (
        proptest::sample::select(vec!["x-note", "accept-language", "x-project-id", "x_left_out"]),
        "[ \t]{0,3}[a-z|é;:, ]{0,8}[ \t]{0,3}",
    );
    let content_types =
        vec![None, Some("application/json"), Some("application/json;charset=UTF-8"), Some("text/plain")];
    (
        "(GET|PUT|POST|DELETE|patch)",
        path,
        proptest::option::of(proptest::collection::vec(parameter, 0..6).prop_map(|all| all.join("&"))),
        proptest::collection::vec(header, 0..5),
        proptest::collection::vec(any::<u8>(), 0..20),
        proptest::sample::select(content_types),
        proptest::sample::select(vec![None, Some("gQpj+token/with=special")]),
        (0_u64..253_402_300_799_000).prop_map(Timestamp::from_millis),
    )
        .prop_map(|(method, path, query, headers, body, content_type, token, at)| Given {
            method,
            path,
            query,
            headers,
            body,
            content_type,
            token,
            at,
        })
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        Just(Part::Method),
        Just(Part::Path),
        Just(Part::Query),
        Just(Part::Body),
        (0_usize..8).prop_map(Part::Header),
        (0_usize..8).prop_map(Part::Header),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_signed_is_verified(given in given(), skew_ms in 0_u64..=899_000, ahead in any::<bool>()) {
        let at = given.at.as_millis();
        let now = Timestamp::from_millis(if ahead { at + skew_ms } else { at.saturating_sub(skew_ms) });
        prop_assert_eq!(given.sign().is_accepted(&given.key(), now), Some(true));
    }

    /// A request that was tampered with is refused, unless it asks for the same in another spelling.
    #[test]
    fn a_flipped_bit_is_refused(given in given(), part in part(), place in any::<usize>(), bit in 0_u32..8) {
        let wire = given.sign();
        if let Some(turned) = wire.turned(part, place, bit)
            && let Some(accepted) = turned.is_accepted(&given.key(), given.at)
        {
            prop_assert_eq!(accepted, turned.meaning() == wire.meaning(), "{:?}", turned);
        }
    }

    #[test]
    fn a_lost_or_added_value_of_a_signed_header_is_refused(given in given(), nth in any::<usize>(), add in any::<bool>()) {
        let mut wire = given.sign();
        let names: Vec<_> = wire.headers.keys().filter(|name| !name.as_str().contains('_')).cloned().collect();
        let name = &names[nth % names.len()];
        let was = wire.meaning();
        if add {
            wire.headers.append(name, HeaderValue::from_static("more"));
        } else {
            wire.headers.remove(name);
        }
        // `Authorization` is read once, whatever follows it.
        let accepted = wire.is_accepted(&given.key(), given.at);
        prop_assert_eq!(accepted, Some(add && name == AUTHORIZATION || wire.meaning() == was), "{} {:?}", name, wire);
    }
}

#[test]
fn the_time_of_signing_may_be_a_quarter_of_an_hour_off() {
    let key = access_key("AK1", SECRET, None);
    let at = Timestamp::from_millis(1_795_418_100_000);
    let headers = HeaderMap::from_iter([header("host", b"a.example")]);
    let message = Message { method: &Method::GET, path: "/", query: None, headers: &headers, body: b"" };
    let signed = sign(&message, &key, at).expect("a signature").headers;
    let message = Message { headers: &signed, ..message };
    let skew_max = u64::try_from(SKEW_MAX.as_millis()).expect("a short time");
    for (offset, accepted) in [(0, true), (skew_max, true), (skew_max + 1, false), (20 * 60 * 1_000, false)] {
        for now in [at.as_millis() + offset, at.as_millis() - offset].map(Timestamp::from_millis) {
            let outcome = verify(&message, now, [&key]).map(AccessKey::id);
            let denial = Denial::Expired { signed: at, now };
            assert_eq!(outcome, if accepted { Ok("AK1") } else { Err(denial) });
        }
    }
    let late = verify(&message, at + 2 * SKEW_MAX, [&key]).map(AccessKey::id).expect_err("too late");
    assert_eq!(
        late.to_string(),
        "calc aksk signature fail:signature expired, signature time:20261123T071500Z,server time:20261123T074500Z"
    );
}

/// The provider's clients do not agree on what to sign: the Go SDK signs neither host nor content type.
#[test]
fn any_set_of_headers_will_do_that_has_the_date_in_it() {
    let key = access_key("AK1", SECRET, None);
    let at = Timestamp::from_millis(1_795_418_100_000);
    for signed_alone in [&["user-agent", "x-project-id"][..], &["content-type", "host", "user-agent"], &[]] {
        let headers: HeaderMap = signed_alone.iter().map(|name| header(name, b"v")).collect();
        let message = Message { method: &Method::PUT, path: "/v1/p", query: None, headers: &headers, body: b"{}" };
        let mut sent = sign(&message, &key, at).expect("a signature").headers;
        for (name, value) in [header("host", b"a.example"), header("content-type", b"application/json")] {
            sent.entry(name).or_insert(value);
        }
        let outcome = verify(&Message { headers: &sent, ..message }, at, [&key]).map(AccessKey::id);
        assert_eq!(outcome, Ok("AK1"), "{signed_alone:?}");
    }
    let words = |authorization: Option<&str>, date: Option<&str>| {
        let given = [("authorization", authorization), ("x-sdk-date", date)];
        let headers: HeaderMap =
            given.iter().filter_map(|(name, value)| Some(header(name, value.as_ref()?.as_bytes()))).collect();
        let message = Message { method: &Method::GET, path: "/", query: None, headers: &headers, body: b"" };
        verify(&message, at, [&key]).map(AccessKey::id).expect_err("no signature").to_string()
    };
    let now = Some("20261123T071500Z");
    let no_date = "header X-Sdk-Date is missing or not of the form YYYYMMDDTHHMMSSZ";
    for (authorization, date, says) in [
        (None, now, "header Authorization is missing"),
        (Some("Basic eDp5"), now, "header Authorization cannot be read"),
        (Some("SDK-HMAC-SHA256 Access=AK1, SignedHeaders=x-sdk-date"), now, "header Authorization cannot be read"),
        (Some("SDK-HMAC-SHA256 Access=AK1, SignedHeaders=host, Signature=0"), now, "header X-Sdk-Date is not signed"),
        (Some("SDK-HMAC-SHA256 Access=AK1, SignedHeaders=x-sdk-date, Signature=0"), None, no_date),
        (Some("SDK-HMAC-SHA256 Access=AK1, SignedHeaders=x-sdk-date, Signature=0"), Some("now"), no_date),
        (Some("SDK-HMAC-SHA256 Access=AK2, SignedHeaders=x-sdk-date, Signature=0"), now, "ak AK2 not exist"),
        (
            Some("SDK-HMAC-SHA256 Access=AK1, SignedHeaders=x-sdk-date, Signature="),
            now,
            "verify aksk signature fail, canonicalRequest:GET|/||x-sdk-date:20261123T071500Z||x-sdk-date|\
             e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
    ] {
        assert_eq!(words(authorization, date), says);
    }
}

#[test]
fn a_temporary_key_needs_its_token() {
    let at = Timestamp::from_millis(1_795_418_100_000);
    let keys = [None, Some("token-1"), Some("token-2")].map(|token| access_key("AK1", SECRET, token));
    let headers = HeaderMap::from_iter([header("host", b"a.example")]);
    let message = Message { method: &Method::GET, path: "/", query: None, headers: &headers, body: b"" };
    for (signer, accepted) in [(0, false), (1, true), (2, false)] {
        let sent = sign(&message, &keys[signer], at).expect("a signature").headers;
        let outcome = verify(&Message { headers: &sent, ..message }, at, [&keys[1]]).map(AccessKey::id);
        assert_eq!(outcome, if accepted { Ok("AK1") } else { Err(Denial::SecurityToken) }, "{signer}");
    }
}

/// A hash that the sender names goes into the signature; whether it is that of the body is for the receiver to find out.
#[test]
fn a_hash_named_in_a_header_must_be_the_bodys() {
    // Of `{}`.
    const HASH: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let key = access_key("AK1", SECRET, None);
    let at = Timestamp::from_millis(1_795_418_100_000);
    for (named, body, accepted) in [
        (HASH, "{}", true),
        (HASH, "{ }", false),
        (HASH, "", true),
        ("UNSIGNED-PAYLOAD", "{}", true),
        ("unsigned-payload", "{}", false),
    ] {
        let headers = HeaderMap::from_iter([header("x-sdk-content-sha256", named.as_bytes())]);
        let body = body.as_bytes();
        let message = Message { method: &Method::PUT, path: "/v1/p", query: None, headers: &headers, body };
        let sent = sign(&message, &key, at).expect("a signature").headers;
        let outcome = verify(&Message { headers: &sent, ..message }, at, [&key]);
        assert_eq!(outcome.is_ok(), accepted, "{named} {body:?}");
    }
}
