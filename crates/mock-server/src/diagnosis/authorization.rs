//! An `Authorization` or an `X-Sdk-Date` that cannot be read, and which part of it. Quotes nothing but names that are known:
//! whatever stands in `Authorization` may be a secret.

use http::header::AUTHORIZATION;
use reinstall_http::sign::verify::Claim;
use reinstall_http::sign::{ALGORITHM, Message, SDK_DATE};

use super::{Diagnosis, Slip, quoted};

/// How it should be.
const FORM: &str = "write `SDK-HMAC-SHA256 Access={id}, SignedHeaders={name;name}, Signature={hex}`";

/// The fields, in their order.
const FIELDS: [&str; 3] = ["Access=", "SignedHeaders=", "Signature="];

/// Algorithms that are known by name, and what there is to know.
const ALGORITHMS: [(&str, &str); 12] = [
    ("V11-HMAC-SHA256", "the key derived from date, region and service (V11)"),
    ("SDK-HMAC-SM3", "the hash SM3"),
    ("SDK-ECDSA-P256-SHA256", "an elliptic curve"),
    ("SDK-SM2-SM3", "the curve SM2 and the hash SM3"),
    ("AWS4-HMAC-SHA256", "another provider's signature"),
    ("AWS4-HMAC-SHA512", "another provider's signature"),
    ("HMAC-SHA256", "another signature"),
    ("SDK-HMAC-SHA1", "another hash"),
    ("SDK-HMAC-SHA512", "another hash"),
    ("Basic", "a user and a password"),
    ("Bearer", "a token, for which this service has X-Auth-Token"),
    ("Digest", "a user and a password"),
];

/// What keeps this request from being read as a signed one.
pub(super) fn explain(message: &Message<'_>) -> Diagnosis {
    let Some(value) = message.headers.get(AUTHORIZATION) else {
        let words = format!("there is no header Authorization; {FORM}");
        return Diagnosis::new(Slip::NoAuthorization, words);
    };
    let Ok(text) = value.to_str() else {
        return form("has characters that are not plain ASCII");
    };
    let Some(claim) = Claim::parse(text) else {
        return algorithm(text).unwrap_or_else(|| form(&broken(text)));
    };
    if !claim.signed_headers.contains(&SDK_DATE.as_str()) {
        return date_unsigned(&claim);
    }
    date(message)
}

fn form(what: &str) -> Diagnosis {
    Diagnosis::new(Slip::AuthorizationForm, format!("Authorization {what}; {FORM}"))
}

/// Another algorithm than the one that is served.
fn algorithm(text: &str) -> Option<Diagnosis> {
    let name = text.split([' ', ',', '\t']).next().unwrap_or_default();
    if name == ALGORITHM {
        return None;
    }
    let what = if name.eq_ignore_ascii_case(ALGORITHM) {
        format!("names its algorithm in another letter case; write {ALGORITHM}")
    } else if let Some((name, what)) = ALGORITHMS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        format!("begins with {name}: {what}, which is not checked here; sign with {ALGORITHM}")
    } else {
        format!("does not begin with the name of the algorithm; {FORM}")
    };
    Some(Diagnosis::new(Slip::Algorithm, format!("Authorization {what}")))
}

/// What is the matter with an `Authorization` of the right algorithm that cannot be read.
fn broken(text: &str) -> String {
    let rest = text.strip_prefix(ALGORITHM).unwrap_or(text);
    if rest.trim_start().starts_with(',') {
        return "has a comma after the algorithm, where a space belongs".to_owned();
    }
    let Some(fields) = rest.strip_prefix(' ') else {
        return "has no space after the algorithm".to_owned();
    };
    for (derived, own) in [("Credential=", FIELDS[0]), ("AccessKey=", FIELDS[0]), ("AccessKeyId=", FIELDS[0])] {
        if fields.contains(derived) && !fields.contains(own) {
            return format!("has `{derived}` where `{own}` belongs");
        }
    }
    for field in FIELDS {
        if !fields.contains(field) {
            let bare = field.trim_end_matches('=');
            let lower = fields.to_ascii_lowercase();
            let has_other_case = lower.contains(&field.to_ascii_lowercase());
            let has_space = lower.contains(&format!("{} =", bare.to_ascii_lowercase()));
            return match (has_other_case, has_space) {
                (true, _) => format!("spells `{field}` in another letter case"),
                (false, true) => format!("has a space before the `=` of `{field}`"),
                (false, false) => format!("has no `{field}`"),
            };
        }
    }
    let places = FIELDS.map(|field| fields.find(field));
    if !places.is_sorted() {
        return "has its fields in another order".to_owned();
    }
    let parts: Vec<_> = fields.split(',').map(str::trim).collect();
    if parts.len() < FIELDS.len() {
        return "has no commas between its fields".to_owned();
    }
    if parts.iter().any(|part| part.is_empty()) {
        return "has a comma too much".to_owned();
    }
    if parts.get(2).is_some_and(|part| !part.starts_with(FIELDS[2])) {
        return "has commas within SignedHeaders, where semicolons belong".to_owned();
    }
    "has something beside its three fields".to_owned()
}

fn date_unsigned(claim: &Claim<'_>) -> Diagnosis {
    let is_date = |name: &&str| name.trim().eq_ignore_ascii_case(SDK_DATE.as_str());
    let how = if claim.signed_headers.iter().any(is_date) {
        "SignedHeaders has it in another letter case, or with a space beside it; write the names in lower case, joined by `;` alone"
    } else if claim.signed_headers.iter().any(|name| name.contains(' ')) {
        "SignedHeaders has spaces between its names, where semicolons belong"
    } else {
        "sign it, and name it in SignedHeaders: it is the one header that must be signed"
    };
    Diagnosis::new(Slip::DateUnsigned, format!("`x-sdk-date` is not among the signed headers; {how}"))
}

/// A time that is missing or cannot be read.
fn date(message: &Message<'_>) -> Diagnosis {
    const ADVICE: &str = "write the time in UTC as `YYYYMMDDTHHMMSSZ`, as in `20261123T071500Z`";
    let value = message.headers.get(SDK_DATE);
    let Some(value) = value else {
        let other = ["x-amz-date", "date", "x-date"].into_iter().find(|name| message.headers.contains_key(*name));
        let other = other.map(|name| format!(", though {name} came")).unwrap_or_default();
        return Diagnosis::new(Slip::DateForm, format!("X-Sdk-Date is missing{other}; {ADVICE}"));
    };
    let text = String::from_utf8_lossy(value.as_bytes().trim_ascii()).into_owned();
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let how = if text.is_empty() {
        "is empty"
    } else if text.ends_with("GMT") {
        "is written as HTTP has it"
    } else if is_digits {
        "is a number of seconds or milliseconds"
    } else if text.contains('-') && text.contains(':') {
        "has hyphens or colons in it"
    } else if text.contains(['+', '-']) {
        "has an offset from UTC in it"
    } else if text.contains('.') {
        "has fractions of a second"
    } else if !text.ends_with('Z') {
        "lacks the Z at its end"
    } else {
        "is no time of this form"
    };
    Diagnosis::new(Slip::DateForm, format!("X-Sdk-Date {how}: {}; {ADVICE}", quoted(text.as_bytes())))
}
