//! Which headers, in which order, and how they are named.

use std::borrow::Cow;

use http::HeaderMap;

use super::super::pieces::{Piece, Pieces};
use super::super::trial::Trial;
use super::super::{Diagnosis, Slip, quoted};

pub(super) fn explain(trial: &Trial<'_>) -> Option<Diagnosis> {
    order(trial).or_else(|| case(trial)).or_else(|| line(trial)).or_else(|| unsigned(trial)).or_else(|| unnamed(trial))
}

/// Where a header stands, by its name.
type Place<'p> = &'p dyn Fn(&[u8]) -> Option<usize>;

/// In the order in which `SignedHeaders` has them, in that of the request, or backwards; in one of the places or in both.
fn order(trial: &Trial<'_>) -> Option<Diagnosis> {
    let listed = |name: &[u8]| trial.claim.signed_headers.iter().position(|listed| listed.as_bytes() == name);
    let came = |name: &[u8]| trial.message.headers.keys().position(|key| key.as_str().as_bytes() == name);
    let backwards = |name: &[u8]| trial.right.headers.iter().rev().position(|(right, _)| **right == *name);
    let places: [Place<'_>; 3] = [&listed, &came, &backwards];
    let fits = |place: Place<'_>| {
        let lines = |pieces: &mut Pieces<'_>| pieces.headers.sort_by_key(|(name, _)| place(name));
        let both = |pieces: &mut Pieces<'_>| {
            lines(pieces);
            pieces.name_headers();
        };
        let names = |pieces: &mut Pieces<'_>| {
            let right = pieces.headers.clone();
            both(pieces);
            pieces.headers = right;
        };
        trial.fits(both) || trial.fits(lines) || trial.fits(names)
    };
    places.into_iter().any(fits).then(|| {
        let right = quoted(&trial.right.names);
        let words = format!("the headers were signed in another order; sort them by name, in both places: {right}");
        Diagnosis::new(Slip::HeaderOrder, words)
    })
}

/// With names as they are written in a request.
fn case(trial: &Trial<'_>) -> Option<Diagnosis> {
    let rename = |pieces: &mut Pieces<'_>, spell: fn(&[u8]) -> Vec<u8>| {
        for (name, _) in &mut pieces.headers {
            *name = Cow::Owned(spell(name));
        }
    };
    let spelled = [title as fn(&[u8]) -> Vec<u8>, <[u8]>::to_ascii_uppercase, <[u8]>::to_ascii_lowercase];
    let lines = |spell| trial.fits(|pieces| rename(pieces, spell));
    let both = |spell| {
        trial.fits(|pieces| {
            rename(pieces, spell);
            pieces.name_headers();
        })
    };
    let names = |spell: fn(&[u8]) -> Vec<u8>| trial.fits(|pieces| pieces.names = Cow::Owned(spell(&pieces.names)));
    spelled.into_iter().any(|spell| lines(spell) || both(spell) || names(spell)).then(|| {
        let right = quoted(&trial.right.names);
        let words = format!(
            "the headers were signed under names in another letter case; write them in lower case, in `Authorization` as in what \
             is signed: {}",
            right.to_ascii_lowercase()
        );
        Diagnosis::new(Slip::HeaderCase, words)
    })
}

/// `host;x-sdk-date` as `Host;X-Sdk-Date`.
fn title(names: &[u8]) -> Vec<u8> {
    let mut titled = names.to_vec();
    let mut is_first = true;
    for byte in &mut titled {
        if is_first {
            byte.make_ascii_uppercase();
        }
        is_first = matches!(byte, b'-' | b';');
    }
    titled
}

/// The line of names alone.
fn line(trial: &Trial<'_>) -> Option<Diagnosis> {
    let names = &trial.claim.signed_headers;
    let candidates = [
        ("left out", String::new()),
        ("joined by commas", names.join(",")),
        ("joined by `; `", names.join("; ")),
        ("ended with a `;`", format!("{};", names.join(";"))),
        ("written as `SignedHeaders=…`", format!("SignedHeaders={}", names.join(";"))),
    ];
    let fits = |line: &str| trial.fits(|pieces| pieces.names = Cow::Owned(line.as_bytes().to_vec()));
    let (how, _) = candidates.into_iter().find(|(_, line)| fits(line))?;
    let right = quoted(&trial.right.names);
    let words = format!("the names of the signed headers were {how} in what was signed; write them as {right}");
    Some(Diagnosis::new(Slip::HeaderNames, words))
}

/// Said to be signed, and left out of what was.
fn unsigned(trial: &Trial<'_>) -> Option<Diagnosis> {
    let (name, how) = (0..trial.right.headers.len()).find_map(|index| {
        let line = || without(trial, index, |pieces| drop_line(pieces, index));
        let both = || {
            without(trial, index, |pieces| {
                drop_line(pieces, index);
                pieces.name_headers();
            })
        };
        let name = || {
            without(trial, index, |pieces| {
                let right = pieces.headers.clone();
                drop_line(pieces, index);
                pieces.name_headers();
                pieces.headers = right;
            })
        };
        both()
            .map(|name| (name, ""))
            .or_else(|| line().map(|name| (name, "'s line")))
            .or_else(|| name().map(|name| (name, "'s name in the line of names")))
    })?;
    let words = format!(
        "SignedHeaders names {name}, and {name}{how} was left out of what was signed; sign it, or do not name it: both lists must \
         be the same"
    );
    Some(Diagnosis::new(Slip::HeaderNames, words))
}

fn drop_line(pieces: &mut Pieces<'_>, index: usize) {
    if index < pieces.headers.len() {
        pieces.headers.remove(index);
    }
}

fn without<'a>(trial: &Trial<'a>, index: usize, change: impl FnOnce(&mut Pieces<'a>)) -> Option<String> {
    trial.fits(change).then(|| quoted(&trial.right.headers[index].0))
}

/// Signed, and not said to be.
fn unnamed(trial: &Trial<'_>) -> Option<Diagnosis> {
    let listed = |name: &str| trial.claim.signed_headers.iter().any(|listed| listed.eq_ignore_ascii_case(name));
    let unlisted =
        trial.message.headers.keys().filter(|name| **name != http::header::AUTHORIZATION && !listed(name.as_str()));
    let name = unlisted.map(http::HeaderName::as_str).find(|name| {
        let value = joined(trial.message.headers, name);
        let add = |pieces: &mut Pieces<'_>| {
            pieces.headers.push((Cow::Owned(name.as_bytes().to_vec()), value.clone()));
            pieces.headers.sort_by(|(one, _), (other, _)| one.cmp(other));
        };
        let both = trial.fits(|pieces| {
            add(pieces);
            pieces.name_headers();
        });
        both || trial.fits(add)
    })?;
    let name = quoted(name.as_bytes());
    let words = format!(
        "{name} was signed, and SignedHeaders does not name it; add it there, or leave it out of what is signed: both lists must \
         be the same"
    );
    Some(Diagnosis::new(Slip::HeaderNames, words))
}

fn joined(headers: &HeaderMap, name: &str) -> Piece<'static> {
    let values: Vec<_> = headers.get_all(name).iter().map(|value| value.as_bytes().trim_ascii()).collect();
    Cow::Owned(values.join(&b','))
}
