//! Keys: which one, with which secret, and with which token. Never quotes either, nor an id that may be a secret.

use reinstall_core::secret::SecurityToken;
use reinstall_http::sign::key::AccessKey;
use reinstall_http::sign::verify::verify;
use reinstall_http::sign::{Message, SDK_DATE, SECURITY_TOKEN, date};
use subtle::ConstantTimeEq as _;

use super::header::REWRITTEN;
use super::trial::Trial;
use super::{Diagnosis, Slip};

/// The most ids of known keys that are listed.
const KNOWN_SHOWN_MAX: usize = 5;

/// `Authorization` names a key that is not known.
pub(super) fn unknown(message: &Message<'_>, id: &str, keys: &[AccessKey]) -> Diagnosis {
    let is = |text: &str, other: &str| bool::from(text.as_bytes().ct_eq(other.as_bytes()));
    if let Some(key) = keys.iter().find(|key| is(key.secret().expose(), id)) {
        let words = format!(
            "`Access=` has the secret of {} in it, not its id: the two are swapped. Swap them back; and as a secret that was sent is \
             none any more, replace a real key",
            key.id()
        );
        return Diagnosis::new(Slip::SwappedKey, words);
    }
    if let Some(key) = keys.iter().find(|key| key.id().eq_ignore_ascii_case(id)) {
        let words = format!("`Access=` names {} in another letter case; write it as it was given out", key.id());
        return Diagnosis::new(Slip::UnknownKey, words);
    }
    let bare = id.trim_matches(['"', '\'', '<', '>', '{', '}', ' ']);
    if let Some(key) = keys.iter().find(|key| key.id() == bare) {
        let words = format!("`Access=` names {} with something around it; write the bare id", key.id());
        return Diagnosis::new(Slip::UnknownKey, words);
    }
    if let Some(key) = keys.iter().find(|key| signed_under(message, id, key)) {
        let words = format!(
            "the signature was made with the secret of {}, and `Access=` names a key that is not known here; name the key whose secret \
             signs",
            key.id()
        );
        return Diagnosis::new(Slip::OtherKey, words);
    }
    let words = match known(keys) {
        None => "no access key is known here; give this server one, or use a token".to_owned(),
        Some(known) => format!("`Access=` names a key that is not known here; known are: {known}"),
    };
    Diagnosis::new(Slip::UnknownKey, words)
}

fn known(keys: &[AccessKey]) -> Option<String> {
    let shown: Vec<_> = keys.iter().take(KNOWN_SHOWN_MAX).map(AccessKey::id).collect();
    let more = if keys.len() > KNOWN_SHOWN_MAX { ", …" } else { "" };
    (!shown.is_empty()).then(|| format!("{}{more}", shown.join(", ")))
}

/// Whether all would be well if the secret of `key` belonged to the key `id`.
fn signed_under(message: &Message<'_>, id: &str, key: &AccessKey) -> bool {
    let Ok(renamed) = AccessKey::new(id, key.secret().clone()) else { return false };
    let signed = message.headers.get(SDK_DATE).and_then(|date| date::read(date.to_str().ok()?.trim()));
    signed.is_some_and(|signed| verify(message, signed, [&renamed]).is_ok())
}

/// The signature is right, and the token of a temporary key is not.
pub(super) fn token(message: &Message<'_>, keys: &[AccessKey]) -> Diagnosis {
    let Some(given) = message.headers.get(SECURITY_TOKEN) else {
        let words = "the key is a temporary one, and X-Security-Token is missing; send and sign the token that was given out with \
                     the key";
        return Diagnosis::new(Slip::SecurityToken, words);
    };
    let is_given = |token: &SecurityToken| bool::from(token.expose().as_bytes().ct_eq(given.as_bytes().trim_ascii()));
    let owner = keys.iter().find(|key| key.security_token().is_some_and(is_given));
    let whose = owner.map_or_else(|| "another token".to_owned(), |key| format!("the token of {}", key.id()));
    let words = format!(
        "the key is a temporary one, and X-Security-Token has {whose}; key, secret and token belong together, and all three are \
         replaced at once"
    );
    Diagnosis::new(Slip::SecurityToken, words)
}

/// What was signed is right, and the secret is one that can be guessed.
pub(super) fn explain(trial: &Trial<'_>, keys: &[AccessKey]) -> Option<Diagnosis> {
    let id = trial.key.id();
    if let Some(key) = keys.iter().find(|key| trial.fits_secret(key.secret().expose().as_bytes())) {
        let words = format!(
            "the signature was made with the secret of {}, and `Access=` names {id}; sign with the secret that belongs to the id",
            key.id()
        );
        return Some(Diagnosis::new(Slip::OtherKey, words));
    }
    if trial.fits_secret(id.as_bytes()) {
        let words = format!("the signature was made with the id {id} in place of its secret; sign with the secret");
        return Some(Diagnosis::new(Slip::SwappedKey, words));
    }
    let secret = trial.key.secret().expose();
    let ways = [
        ("a line break behind it", format!("{secret}\n")),
        ("a line break behind it", format!("{secret}\r\n")),
        ("a space behind it", format!("{secret} ")),
        ("a space before it", format!(" {secret}")),
        ("quotation marks around it", format!("\"{secret}\"")),
        ("quotation marks around it", format!("'{secret}'")),
        ("`AWS4` before it", format!("AWS4{secret}")),
        ("its letters in lower case", secret.to_ascii_lowercase()),
        ("its letters in upper case", secret.to_ascii_uppercase()),
    ];
    let ways = ways.map(|(how, key)| (how, zeroize::Zeroizing::new(key)));
    let (how, _) = ways.iter().find(|(_, key)| trial.fits_secret(key.as_bytes()))?;
    let words = format!(
        "the signature was made with the secret of {id} with {how}; sign with the bare secret, as it was given out"
    );
    Some(Diagnosis::new(Slip::SecretSpelling, words))
}

/// Nothing that is known here fits.
pub(super) fn another(trial: &Trial<'_>) -> Diagnosis {
    let id = trial.key.id();
    let rewritten: Vec<_> = REWRITTEN
        .into_iter()
        .filter(|name| trial.claim.signed_headers.iter().any(|signed| signed.eq_ignore_ascii_case(name)))
        .collect();
    let rewritten = match &rewritten[..] {
        [] => String::new(),
        names => format!(", or a library or a proxy rewrote {} after signing", names.join(" or ")),
    };
    let words = format!(
        "no usual slip gives this signature with the secret of {id}: most likely it was made with another secret; else there is more \
         than one slip{rewritten}; compare the canonical request in the answer with the one that was signed"
    );
    Diagnosis::new(Slip::OtherSecret, words)
}
