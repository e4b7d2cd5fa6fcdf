//! The last line: the hash of the body. Never quotes the body.

use std::borrow::Cow;

use reinstall_http::sign::{CONTENT_SHA256, UNSIGNED_PAYLOAD, sha256};

use super::trial::Trial;
use super::{Diagnosis, Slip};

pub(super) fn explain(trial: &Trial<'_>) -> Option<Diagnosis> {
    let body = trial.message.body;
    claimed(trial)
        .or_else(|| unsigned(trial))
        .or_else(|| spelled(trial))
        .or_else(|| if body.is_empty() { something_for_nothing(trial) } else { another(trial, body) })
}

/// The hash that `X-Sdk-Content-Sha256` names, where it is not that of the body.
fn claimed(trial: &Trial<'_>) -> Option<Diagnosis> {
    let named = trial.message.headers.get(CONTENT_SHA256)?.as_bytes().trim_ascii();
    if named == UNSIGNED_PAYLOAD.as_bytes() || !signs(trial, named) {
        return None;
    }
    let words = if trial.message.body.is_empty() {
        "there is no body, and what X-Sdk-Content-Sha256 says was signed; of no body sign the hash of nothing, and leave the header \
         out"
    } else {
        "what X-Sdk-Content-Sha256 says was signed, and the body that came has another hash; hash the very bytes that are sent, or \
         leave the header out"
    };
    Some(Diagnosis::new(Slip::BodyHash, words))
}

fn unsigned(trial: &Trial<'_>) -> Option<Diagnosis> {
    signs(trial, UNSIGNED_PAYLOAD.as_bytes()).then(|| {
        let words = "the body was signed as UNSIGNED-PAYLOAD, and nothing says so; sign the hash of the body, or send and sign the \
                     header X-Sdk-Content-Sha256: UNSIGNED-PAYLOAD";
        Diagnosis::new(Slip::BodyUnsigned, words)
    })
}

/// The right hash, or what should have been hashed, in another form.
fn spelled(trial: &Trial<'_>) -> Option<Diagnosis> {
    let hash = String::from_utf8_lossy(&trial.right.payload).into_owned();
    let body = trial.message.body;
    let twice = sha256(hash.as_bytes());
    let ways = [
        ("with its hash in upper case", hash.to_ascii_uppercase().into_bytes()),
        ("as it is, without being hashed", body.to_vec()),
        ("as an empty line", Vec::new()),
        ("with its hash hashed again", twice.into_bytes()),
    ];
    let (how, _) = ways.into_iter().find(|(_, line)| signs(trial, line))?;
    let words = format!(
        "the body was signed {how}; sign the SHA-256 of the bytes that are sent, in lower-case hexadecimal digits, of no body that of \
         nothing"
    );
    Some(Diagnosis::new(Slip::BodyHash, words))
}

/// A body was hashed, and none came.
fn something_for_nothing(trial: &Trial<'_>) -> Option<Diagnosis> {
    let ways: [(&str, &[u8]); 6] = [
        ("`{}`", b"{}"),
        ("`null`", b"null"),
        ("`\"\"`", b"\"\""),
        ("`[]`", b"[]"),
        ("a line break", b"\n"),
        ("a space", b" "),
    ];
    let (what, _) = ways.into_iter().find(|(_, body)| signs(trial, sha256(body).as_bytes()))?;
    let words = format!("{what} was signed as the body, and none came; of no body sign the hash of nothing");
    Some(Diagnosis::new(Slip::BodyHash, words))
}

/// Another body was hashed than came.
fn another(trial: &Trial<'_>, body: &[u8]) -> Option<Diagnosis> {
    if signs(trial, sha256(b"").as_bytes()) {
        let words = "the body was left out: the hash of nothing was signed, and a body came; sign the hash of the bytes that are sent";
        return Some(Diagnosis::new(Slip::BodyMissing, words));
    }
    let ended = |end: &[u8]| [body, end].concat();
    let ways = [
        ("`{}`", b"{}".to_vec()),
        ("`null`", b"null".to_vec()),
        ("the body without white space at its ends", body.trim_ascii().to_vec()),
        ("the body with a line break at its end", ended(b"\n")),
        ("the body with a line break at its end", ended(b"\r\n")),
        ("the body with other line breaks", without_returns(body)),
        ("the body without white space between its parts", spaced(body, "")),
        ("the body with a space after each `,` and `:`", spaced(body, " ")),
        ("the body as a JSON text in a JSON string", within_a_string(body)),
    ];
    let (what, _) = ways.into_iter().find(|(_, body)| signs(trial, sha256(body).as_bytes()))?;
    let words = format!(
        "{what} was signed, and another one came; write the body once, hash those bytes, and send those bytes: a library may write \
         the JSON anew"
    );
    Some(Diagnosis::new(Slip::BodyHash, words))
}

fn without_returns(body: &[u8]) -> Vec<u8> {
    body.iter().copied().filter(|byte| *byte != b'\r').collect()
}

fn within_a_string(body: &[u8]) -> Vec<u8> {
    serde_json::to_vec(&String::from_utf8_lossy(body)).unwrap_or_default()
}

/// A JSON text with `space` after each comma and colon and no other white space but that within strings.
fn spaced(body: &[u8], space: &str) -> Vec<u8> {
    let mut text = Vec::with_capacity(body.len());
    let (mut in_string, mut is_escaped) = (false, false);
    for byte in body {
        if !in_string && byte.is_ascii_whitespace() {
            continue;
        }
        text.push(*byte);
        if !in_string && matches!(byte, b',' | b':') {
            text.extend_from_slice(space.as_bytes());
        }
        in_string ^= *byte == b'"' && !is_escaped;
        is_escaped = in_string && *byte == b'\\' && !is_escaped;
    }
    text
}

fn signs(trial: &Trial<'_>, payload: &[u8]) -> bool {
    trial.fits(|pieces| pieces.payload = Cow::Owned(payload.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_spaced_outside_of_strings_alone() {
        for (body, tight, loose) in [
            (
                r#"{ "a" : [1,2 ],"b":"x , y : \" z" }"#,
                r#"{"a":[1,2],"b":"x , y : \" z"}"#,
                r#"{"a": [1, 2], "b": "x , y : \" z"}"#,
            ),
            ("{\n\t\"a\\\\\":\"b\"\n}", r#"{"a\\":"b"}"#, r#"{"a\\": "b"}"#),
            ("no json", "nojson", "nojson"),
        ] {
            assert_eq!(String::from_utf8(spaced(body.as_bytes(), "")).unwrap(), tight);
            assert_eq!(String::from_utf8(spaced(body.as_bytes(), " ")).unwrap(), loose);
        }
    }
}
