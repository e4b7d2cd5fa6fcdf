//! The canonical request: what both sides make of a request before they compare anything.

use std::fmt;

use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};
use percent_encoding::{percent_decode_str, percent_encode_byte};
use zeroize::Zeroizing;

use super::{CONTENT_SHA256, EMPTY_SHA256, Message, UNSIGNED_PAYLOAD, sha256};

/// The bytes that stand for themselves in a segment, a name or a value (api-facts 5.2, step 3).
const UNRESERVED: Plain = plain(b"-._~");

/// The bytes that stand for themselves in a path.
const PLAIN_IN_PATH: Plain = plain(b"-._~/");

/// For each byte whether it stands for itself.
type Plain = [bool; 256];

/// How many bytes an escaped byte takes.
const ESCAPED_LEN: usize = "%XX".len();

/// A request in the one form that is signed. It holds every signed header, and so a temporary key's security token: it is
/// wiped when dropped, and its `Debug` shows none of it.
///
/// It is made of bytes, since headers are.
#[derive(Clone, PartialEq, Eq)]
pub struct CanonicalRequest {
    bytes: Zeroizing<Vec<u8>>,
    signed_headers: String,
}

impl fmt::Debug for CanonicalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CanonicalRequest").field("signed_headers", &self.signed_headers).finish_non_exhaustive()
    }
}

impl CanonicalRequest {
    /// The form of `message` with these headers signed, named in lower case, and with `payload` for its body.
    ///
    /// A header that is not there counts as an empty one. One that came more than once counts as one with the values
    /// joined by commas, as HTTP has it; the provider does not say, and no client sends one twice.
    pub(super) fn new(message: &Message<'_>, mut names: Vec<&str>, payload: &str) -> Self {
        names.sort_unstable();
        let signed_headers = names.join(";");
        let mut bytes = Zeroizing::new(Vec::with_capacity(room(message, &signed_headers, payload)));
        bytes.extend_from_slice(message.method.as_str().to_ascii_uppercase().as_bytes());
        bytes.push(b'\n');
        push_path(&mut bytes, message.path);
        bytes.push(b'\n');
        push_query(&mut bytes, message.query.unwrap_or_default());
        bytes.push(b'\n');
        for name in names {
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(b':');
            push_header_value(&mut bytes, message.headers, name);
            bytes.push(b'\n');
        }
        bytes.push(b'\n');
        bytes.extend_from_slice(signed_headers.as_bytes());
        bytes.push(b'\n');
        bytes.extend_from_slice(payload.as_bytes());
        Self { bytes, signed_headers }
    }

    /// All of it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The names of the signed headers, joined by `;`.
    #[must_use]
    pub fn signed_headers(&self) -> &str {
        &self.signed_headers
    }

    /// On one line, as the gateway shows it: with `|` for line breaks.
    #[must_use]
    pub fn on_one_line(&self) -> Zeroizing<String> {
        Zeroizing::new(String::from_utf8_lossy(&self.bytes).replace('\n', "|"))
    }
}

/// Enough bytes for all of it, so that no copy with a token in it is left behind while it grows.
fn room(message: &Message<'_>, signed_headers: &str, payload: &str) -> usize {
    let query = message.query.unwrap_or_default();
    let escaped_len = ESCAPED_LEN * (message.path.len() + query.len());
    let values_len: usize = message.headers.values().map(HeaderValue::len).sum();
    // Single bytes: a `=` for each parameter, a `,` for each header value, `:` and a line break for each name, and the
    // slash and line breaks of the rest.
    let parameters = query.split('&').count();
    let names = signed_headers.split(';').count();
    let singles = parameters + message.headers.len() + 2 * names + 8;
    message.method.as_str().len() + escaped_len + values_len + 2 * signed_headers.len() + payload.len() + singles
}

/// The path with the slash at its end that only the canonical form has. Dots and double slashes are left alone. An escaped
/// slash counts as a slash, as in the provider's Python signer.
fn push_path(bytes: &mut Vec<u8>, path: &str) {
    push_respelled(bytes, path, &PLAIN_IN_PATH);
    if bytes.last() != Some(&b'/') {
        bytes.push(b'/');
    }
}

/// Parameters in the order of their unescaped names and values. A `+` is a plus and no space.
fn push_query(bytes: &mut Vec<u8>, query: &str) {
    let parameters = query.split('&').filter(|parameter| !parameter.is_empty());
    let mut pairs: Vec<(&str, &str)> =
        parameters.map(|parameter| parameter.split_once('=').unwrap_or((parameter, ""))).collect();
    // Bytes of UTF-8 sort like the code points they stand for. Only as many are unescaped as it takes to tell two apart.
    pairs.sort_unstable_by(|(name, value), (other_name, other_value)| {
        let names = percent_decode_str(name).cmp(percent_decode_str(other_name));
        names.then_with(|| percent_decode_str(value).cmp(percent_decode_str(other_value)))
    });
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            bytes.push(b'&');
        }
        push_respelled(bytes, name, &UNRESERVED);
        bytes.push(b'=');
        push_respelled(bytes, value, &UNRESERVED);
    }
}

/// Unescapes and escapes again, in one go: `text` may be long, and stretches of it that stay are copied whole.
fn push_respelled(bytes: &mut Vec<u8>, text: &str, plain: &Plain) {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| !plain[usize::from(*byte)]) {
        let (stays, tail) = rest.split_at(at);
        bytes.extend_from_slice(stays);
        let (byte, len) = unescaped(tail).map_or((rest[at], 1), |byte| (byte, ESCAPED_LEN));
        rest = &tail[len..];
        if plain[usize::from(byte)] {
            bytes.push(byte);
        } else {
            bytes.extend_from_slice(percent_encode_byte(byte).as_bytes());
        }
    }
    bytes.extend_from_slice(rest);
}

/// What the escape stands for that `text` begins with. A `%` that begins none is a percent sign.
fn unescaped(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = *text else { return None };
    Some(digit(high)? << 4 | digit(low)?)
}

/// What a hexadecimal digit stands for.
const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Letters, digits and `others` stand for themselves.
const fn plain(others: &[u8]) -> Plain {
    let mut plain = [false; 256];
    let mut byte: u8 = 0;
    while byte < 0x80 {
        plain[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut index = 0;
    while index < others.len() {
        plain[others[index] as usize] = true;
        index += 1;
    }
    plain
}

/// White space goes at both ends of a value and stays within.
fn push_header_value(bytes: &mut Vec<u8>, headers: &HeaderMap, name: &str) {
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { return };
    for (index, value) in headers.get_all(name).iter().enumerate() {
        if index > 0 {
            bytes.push(b',');
        }
        bytes.extend_from_slice(value.as_bytes().trim_ascii());
    }
}

/// What a signer says about the body: the hash that the headers name, or that of the body. Of no body it is always the
/// hash.
pub(super) fn claimed_payload(headers: &HeaderMap, body: &[u8]) -> String {
    match named_hash(headers) {
        Some(named) if !body.is_empty() => String::from_utf8_lossy(named).into_owned(),
        Some(_) | None => body_hash(body),
    }
}

/// What a verifier believes about the body: what it can see for itself. Only a body that is said to be unsigned is not
/// looked at.
pub(super) fn seen_payload(headers: &HeaderMap, body: &[u8]) -> String {
    match named_hash(headers) {
        Some(named) if !body.is_empty() && named == UNSIGNED_PAYLOAD.as_bytes() => UNSIGNED_PAYLOAD.to_owned(),
        Some(_) | None => body_hash(body),
    }
}

fn named_hash(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get(CONTENT_SHA256).map(|value| value.as_bytes().trim_ascii())
}

fn body_hash(body: &[u8]) -> String {
    if body.is_empty() { EMPTY_SHA256.to_owned() } else { sha256(body) }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn canonical(path: &str, query: Option<&str>, headers: &HeaderMap, names: Vec<&str>) -> CanonicalRequest {
        CanonicalRequest::new(&Message { method: &Method::GET, path, query, headers, body: b"" }, names, "hash")
    }

    fn lines(path: &str, query: Option<&str>) -> (String, String) {
        let whole = canonical(path, query, &HeaderMap::new(), vec![]).on_one_line();
        let mut lines = whole.split('|').skip(1).map(str::to_owned);
        (lines.next().unwrap(), lines.next().unwrap())
    }

    #[test]
    fn paths_end_in_a_slash_and_are_escaped_once() {
        for (path, line) in [
            ("", "/"),
            ("/", "/"),
            ("/a", "/a/"),
            ("/a/", "/a/"),
            ("//a//", "//a//"),
            ("/a/../b/.", "/a/../b/./"),
            ("/a b", "/a%20b/"),
            ("/a%20b", "/a%20b/"),
            ("/a%2fb", "/a/b/"),
            ("/%E5%AE%9e", "/%E5%AE%9E/"),
            ("/实", "/%E5%AE%9E/"),
            ("/-._~+*", "/-._~%2B%2A/"),
            ("/100%", "/100%25/"),
        ] {
            assert_eq!(lines(path, None).0, line, "{path}");
        }
    }

    #[test]
    fn queries_are_sorted_by_what_they_mean() {
        for (query, line) in [
            (None, ""),
            (Some(""), ""),
            (Some("b=2&a=1"), "a=1&b=2"),
            (Some("a"), "a="),
            (Some("a=&a"), "a=&a="),
            (Some("a=2&a=10&a"), "a=&a=10&a=2"),
            (Some("=x"), "=x"),
            (Some("a=b=c"), "a=b%3Dc"),
            (Some("a=b+c%20d"), "a=b%2Bc%20d"),
            (Some("a&&b"), "a=&b="),
            // Escaped, `%7E` stands before `z`; unescaped, `~` stands after it.
            (Some("%7E=1&z=2"), "z=2&~=1"),
            (Some("é=1&z=2"), "z=2&%C3%A9=1"),
        ] {
            assert_eq!(lines("/", query).1, line, "{query:?}");
        }
    }

    #[test]
    fn headers_are_trimmed_and_sorted_and_none_that_repeats_slips_through() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("x-b", " \t two  words\t"), ("x-a", "1"), ("x-a", " 2 "), ("x-c", "unsigned")] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let whole = canonical("/", None, &headers, vec!["x-b", "x-none", "x-a"]).on_one_line();
        assert_eq!(*whole, "GET|/||x-a:1,2|x-b:two  words|x-none:||x-a;x-b;x-none|hash");
    }

    #[test]
    fn only_a_signer_takes_a_hash_on_trust() {
        let none = HeaderMap::new();
        let naming = |text: &'static str| HeaderMap::from_iter([(CONTENT_SHA256, HeaderValue::from_static(text))]);
        let hash = sha256(b"{}");
        for (headers, body, claimed, seen) in [
            (&none, &b""[..], EMPTY_SHA256, EMPTY_SHA256),
            (&none, b"{}", &hash, &hash),
            (&naming(" told "), b"{}", "told", &hash),
            (&naming("told"), b"", EMPTY_SHA256, EMPTY_SHA256),
            (&naming(UNSIGNED_PAYLOAD), b"{}", UNSIGNED_PAYLOAD, UNSIGNED_PAYLOAD),
            (&naming(UNSIGNED_PAYLOAD), b"", EMPTY_SHA256, EMPTY_SHA256),
        ] {
            assert_eq!(claimed_payload(headers, body), claimed);
            assert_eq!(seen_payload(headers, body), seen);
        }
        assert_eq!(sha256(b""), EMPTY_SHA256);
    }

    #[test]
    fn debug_shows_names_alone() {
        let headers = HeaderMap::from_iter([(super::super::SECURITY_TOKEN, HeaderValue::from_static("canary"))]);
        let shown = format!("{:?}", canonical("/", None, &headers, vec!["x-security-token"]));
        assert_eq!(shown, "CanonicalRequest { signed_headers: \"x-security-token\", .. }");
    }

    /// Growing would leave a copy of the token behind.
    #[test]
    fn there_is_room_for_all_of_it() {
        let mut headers = HeaderMap::new();
        for value in ["canary", "", ""] {
            headers.append(super::super::SECURITY_TOKEN, HeaderValue::from_static(value));
        }
        for (path, query) in [("", None), ("/", Some("&")), ("实 %", Some("é&a=&=&%25+")), ("a", Some("=&=&=&a&b"))] {
            let message = Message { method: &Method::DELETE, path, query, headers: &headers, body: b"" };
            for names in [vec![], vec!["x-security-token"], vec!["a", "b", "x-security-token"]] {
                let whole = CanonicalRequest::new(&message, names, "hash");
                let room = room(&message, whole.signed_headers(), "hash");
                assert!(whole.bytes.len() <= room, "{path} {query:?}: {} > {room}", whole.bytes.len());
            }
        }
    }
}
