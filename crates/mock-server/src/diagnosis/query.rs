//! The third line: the query.

use std::borrow::Cow;

use super::spelling::Spelling;
use super::trial::Trial;
use super::{Diagnosis, Slip, quoted};

/// How a query may be spelled other than right.
const SPELLINGS: [Spelling; 8] = [
    Spelling::Plus,
    Spelling::PlusForSpace,
    Spelling::Unescaped,
    Spelling::AsSent,
    Spelling::Twice,
    Spelling::JavaScript,
    Spelling::SlashKept,
    Spelling::LowerCase,
];

const ADVICE: &str = "names and values escaped once, in upper case, but for letters, digits and `-._~`; a space is `%20`; sorted by \
                      name, then by value, before escaping";

pub(super) fn explain(trial: &Trial<'_>) -> Option<Diagnosis> {
    let sent = trial.message.query.unwrap_or_default();
    if sent.is_empty() {
        return signs(trial, b"?")
            .then(|| told(trial, Slip::QuerySpelling, "as a lone `?`", b"?"))
            .or_else(|| signs(trial, b"=").then(|| told(trial, Slip::QuerySpelling, "as a lone `=`", b"=")));
    }
    if signs(trial, b"") {
        return Some(told(trial, Slip::QueryMissing, "as nothing", b""));
    }
    let pairs = pairs(sent);
    order(trial, &pairs).or_else(|| spelling(trial, &pairs)).or_else(|| rest(trial, &pairs, sent))
}

/// A parameter as it was sent: its name, and its value if it has a `=`.
type Pair<'a> = (&'a str, Option<&'a str>);

fn pairs(sent: &str) -> Vec<Pair<'_>> {
    let parameters = sent.split('&').filter(|parameter| !parameter.is_empty());
    parameters
        .map(|parameter| parameter.split_once('=').map_or((parameter, None), |(name, value)| (name, Some(value))))
        .collect()
}

/// By what each stands for, as it should be.
fn sorted<'a>(pairs: &[Pair<'a>]) -> Vec<Pair<'a>> {
    let mut sorted = pairs.to_vec();
    let meant = |pair: &Pair<'_>| [pair.0, pair.1.unwrap_or_default()].map(|text| Spelling::Unescaped.of(text));
    sorted.sort_by_cached_key(meant);
    sorted
}

fn written(pairs: &[Pair<'_>], spelling: Spelling) -> Vec<u8> {
    let pair = |pair: &Pair<'_>| {
        let [name, value] = [pair.0, pair.1.unwrap_or_default()].map(|text| spelling.of(text));
        [name.as_slice(), b"=", &value].concat()
    };
    pairs.iter().map(pair).collect::<Vec<_>>().join(&b'&')
}

/// Queries that are spelled right.
fn order(trial: &Trial<'_>, pairs: &[Pair<'_>]) -> Option<Diagnosis> {
    let mut by_name = pairs.to_vec();
    by_name.sort_by_cached_key(|pair| Spelling::Unescaped.of(pair.0));
    let mut escaped_first = pairs.to_vec();
    escaped_first.sort_by_cached_key(|pair| [pair.0, pair.1.unwrap_or_default()].map(|text| Spelling::Right.of(text)));
    let mut backwards = sorted(pairs);
    backwards.reverse();
    let orders = [
        (pairs.to_vec(), "in the order of the request line"),
        (by_name, "sorted by name alone"),
        (escaped_first, "sorted after escaping"),
        (backwards, "sorted backwards"),
    ];
    orders.into_iter().find_map(|(pairs, how)| {
        let query = written(&pairs, Spelling::Right);
        signs(trial, &query).then(|| told(trial, Slip::QueryOrder, how, &query))
    })
}

/// Queries that are spelled wrong, sorted or not.
fn spelling(trial: &Trial<'_>, pairs: &[Pair<'_>]) -> Option<Diagnosis> {
    let orders = [sorted(pairs), pairs.to_vec()];
    SPELLINGS.into_iter().find_map(|spelling| {
        let query = orders.iter().map(|pairs| written(pairs, spelling)).find(|query| signs(trial, query))?;
        let slip = match spelling {
            Spelling::Plus | Spelling::PlusForSpace => Slip::QueryPlus,
            Spelling::Right
            | Spelling::AsSent
            | Spelling::Unescaped
            | Spelling::Twice
            | Spelling::JavaScript
            | Spelling::LowerCase
            | Spelling::SlashKept => Slip::QuerySpelling,
        };
        Some(told(trial, slip, spelling.words(), &query))
    })
}

/// Whatever else a query may look like.
fn rest(trial: &Trial<'_>, pairs: &[Pair<'_>], sent: &str) -> Option<Diagnosis> {
    let bare = |pairs: &[Pair<'_>]| {
        let parameters: Vec<_> = pairs
            .iter()
            .map(|(name, value)| match value.unwrap_or_default() {
                "" => Spelling::Right.of(name),
                value => [Spelling::Right.of(name), Spelling::Right.of(value)].join(&b'='),
            })
            .collect();
        parameters.join(&b'&')
    };
    let candidates = [
        ("as it stands in the request line", sent.as_bytes().to_vec()),
        ("with the `?` before it", [b"?", &*trial.right.query].concat()),
        ("with the `?` before it, as it stands in the request line", [b"?", sent.as_bytes()].concat()),
        ("without `=` where there is no value", bare(&sorted(pairs))),
        ("without `=` where there is no value", bare(pairs)),
        ("with a `&` at its end", [&*trial.right.query, b"&"].concat()),
    ];
    let (how, query) = candidates.into_iter().find(|(_, query)| signs(trial, query))?;
    Some(told(trial, Slip::QuerySpelling, how, &query))
}

fn signs(trial: &Trial<'_>, query: &[u8]) -> bool {
    trial.fits(|pieces| pieces.query = Cow::Owned(query.to_vec()))
}

fn told(trial: &Trial<'_>, slip: Slip, how: &str, signed: &[u8]) -> Diagnosis {
    let as_what = if signed.is_empty() { String::new() } else { format!(", as {}", quoted(signed)) };
    let right = quoted(&trial.right.query);
    Diagnosis::new(slip, format!("the query was signed {how}{as_what}; sign {right}: {ADVICE}"))
}
