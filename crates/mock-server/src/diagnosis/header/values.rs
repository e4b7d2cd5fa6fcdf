//! What the signed headers say.

use std::borrow::Cow;

use super::super::trial::Trial;
use super::super::{Diagnosis, Slip, quoted};

pub(super) fn explain(trial: &Trial<'_>) -> Option<Diagnosis> {
    content_type(trial).or_else(|| space(trial)).or_else(|| empty(trial))
}

/// Libraries complete the type of the body after signing, with and without a space, in upper and in lower case.
const ENDINGS: [&str; 6] =
    ["; charset=utf-8", "; charset=UTF-8", ";charset=utf-8", ";charset=UTF-8", "; charset=\"utf-8\"", ";"];

/// Other types that may have been signed.
const TYPES: [&str; 4] =
    ["application/json", "text/plain", "application/octet-stream", "application/x-www-form-urlencoded"];

fn content_type(trial: &Trial<'_>) -> Option<Diagnosis> {
    let (_, right) = trial.right.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(b"content-type"))?;
    let right = String::from_utf8_lossy(right).into_owned();
    let bare = right.split(';').next().unwrap_or_default().trim().to_owned();
    let types = std::iter::once(bare.clone()).chain(TYPES.map(str::to_owned));
    let mut types = types.flat_map(|kind| {
        let ended = ENDINGS.map(|ending| format!("{kind}{ending}"));
        std::iter::once(kind).chain(ended)
    });
    let signed = types.find(|kind| signs(trial, b"content-type", kind.as_bytes()))?;
    let [signed, right] = [signed, right].map(|kind| quoted(kind.as_bytes()));
    let words = format!(
        "content-type was signed as {signed}, and the request came with {right}; sign what is sent (libraries complete or replace \
         it after signing), or do not sign it: only x-sdk-date must be signed"
    );
    Some(Diagnosis::new(Slip::ContentType, words))
}

/// Another way to write the value of a header, given its name and value.
type Spell<'s> = &'s dyn Fn(&[u8], &[u8]) -> Vec<u8>;

fn space(trial: &Trial<'_>) -> Option<Diagnosis> {
    let fits = |spell: Spell<'_>| {
        trial.fits(|pieces| {
            for (name, value) in &mut pieces.headers {
                *value = Cow::Owned(spell(name, value));
            }
        })
    };
    let raw = |name: &[u8], trimmed: &[u8]| {
        let value = http::HeaderName::from_bytes(name).ok().and_then(|name| trial.message.headers.get(name));
        value.map_or_else(|| trimmed.to_vec(), |value| value.as_bytes().to_vec())
    };
    let ways: [(&str, Spell<'_>); 5] = [
        ("with a space after the colon", &|_, value| [b" ", value].concat()),
        ("with a space at its end", &|_, value| [value, b" "].concat()),
        ("with white space at its ends", &raw),
        ("with its inner white space made one space", &|_, value| collapsed(value)),
        ("in lower case", &|_, value| value.to_ascii_lowercase()),
    ];
    let (how, _) = ways.into_iter().find(|(_, spell)| fits(*spell))?;
    let words = format!(
        "each header's value was signed {how}; sign `name:value` without a space at the colon, and each value as it is sent but for \
         white space at its ends"
    );
    Some(Diagnosis::new(Slip::HeaderSpace, words))
}

fn collapsed(value: &[u8]) -> Vec<u8> {
    let words: Vec<_> = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    words.join(&b' ')
}

fn empty(trial: &Trial<'_>) -> Option<Diagnosis> {
    let filled = trial.right.headers.iter().filter(|(_, value)| !value.is_empty());
    let name = filled.map(|(name, _)| name).find(|name| signs(trial, name, b""))?;
    let name = quoted(name);
    let words = format!(
        "{name} was signed as an empty header, and it came with a value; sign the value that is sent: a library may set the header \
         only after signing"
    );
    Some(Diagnosis::new(Slip::HeaderEmpty, words))
}

fn signs(trial: &Trial<'_>, header: &[u8], signed: &[u8]) -> bool {
    trial.fits(|pieces| {
        for (name, value) in &mut pieces.headers {
            if name.eq_ignore_ascii_case(header) {
                *value = Cow::Owned(signed.to_vec());
            }
        }
    })
}
