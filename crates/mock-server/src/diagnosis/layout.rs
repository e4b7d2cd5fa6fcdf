//! How the parts are put together, and how the signature is written.

use reinstall_http::sign::ALGORITHM;

use super::trial::{Trial, string_to_sign};
use super::{Diagnosis, Slip};

/// The digits of a signature.
const SIGNATURE_LEN: usize = 64;

/// A signature that is no signature, or the right one in upper case.
pub(super) fn signature_form(trial: &Trial<'_>) -> Option<Diagnosis> {
    let signature = trial.claim.signature;
    let what = if signature.is_empty() {
        "empty".to_owned()
    } else if signature.len() != SIGNATURE_LEN || !signature.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let base64 = if signature.len() == 44 && signature.ends_with('=') { ", most likely Base64" } else { "" };
        format!("{} characters of another kind{base64}", signature.chars().count())
    } else if trial.fits_whole(trial.right_whole()) {
        "right, but in upper case".to_owned()
    } else {
        return None;
    };
    let words = format!("the signature is {what}; write the HMAC as {SIGNATURE_LEN} lower-case hexadecimal digits");
    Some(Diagnosis::new(Slip::SignatureForm, words))
}

pub(super) fn explain(trial: &Trial<'_>) -> Option<Diagnosis> {
    canonical(trial).or_else(|| string(trial))
}

/// The canonical request with other line breaks.
fn canonical(trial: &Trial<'_>) -> Option<Diagnosis> {
    let text = String::from_utf8_lossy(trial.right_whole());
    // The first blank line, if there is no query, is the query's.
    let (head, names) = text.rsplit_once("\n\n").unwrap_or((&text, ""));
    let ways = [
        ("without the blank line after the headers", format!("{head}\n{names}")),
        ("with two blank lines after the headers", format!("{head}\n\n\n{names}")),
        ("with a line break at its end", format!("{text}\n")),
        ("with line breaks of two characters", text.replace('\n', "\r\n")),
        ("with the line of the query left out", without_query(&text)),
    ];
    let (how, _) = ways.into_iter().find(|(_, whole)| trial.fits_whole(whole.as_bytes()))?;
    let words = format!(
        "the canonical request was put together {how}; it is: method, path, query, a line for each header, a blank line, the names, \
         the hash of the body, joined by single line feeds, none at the end"
    );
    Some(Diagnosis::new(Slip::Layout, words))
}

fn without_query(text: &str) -> String {
    let lines = text.split('\n').enumerate().filter(|(index, _)| *index != 2);
    lines.map(|(_, line)| line).collect::<Vec<_>>().join("\n")
}

/// The string to sign.
fn string(trial: &Trial<'_>) -> Option<Diagnosis> {
    let (text, hash, date) = (String::from_utf8_lossy(trial.right_whole()), trial.right_hash(), trial.date);
    let day = date.get(.."YYYYMMDD".len()).unwrap_or(date);
    let ways = [
        ("with the canonical request in place of its hash", string_to_sign(date, &text)),
        ("as the canonical request alone", text.clone().into_owned()),
        ("as the hash alone", hash.to_owned()),
        ("with the hash in upper case", string_to_sign(date, &hash.to_ascii_uppercase())),
        ("with a line break at its end", format!("{}\n", string_to_sign(date, hash))),
        ("with line breaks of two characters", string_to_sign(date, hash).replace('\n', "\r\n")),
        ("without the time", format!("{ALGORITHM}\n{hash}")),
        ("with the day in place of the time", string_to_sign(day, hash)),
        ("without the algorithm", format!("{date}\n{hash}")),
        ("with another algorithm", format!("HMAC-SHA256\n{date}\n{hash}")),
        ("with the algorithm of a derived key", format!("V11-HMAC-SHA256\n{date}\n{hash}")),
        ("with another algorithm", format!("AWS4-HMAC-SHA256\n{date}\n{hash}")),
    ];
    let (how, _) = ways.into_iter().find(|(_, string)| trial.fits_string(string))?;
    let words = format!(
        "the string to sign was put together {how}; it is `{ALGORITHM}`, what X-Sdk-Date says, and the SHA-256 of the canonical \
         request in lower-case hexadecimal digits, joined by single line feeds"
    );
    Some(Diagnosis::new(Slip::Layout, words))
}
