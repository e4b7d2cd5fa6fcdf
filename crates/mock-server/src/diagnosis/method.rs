//! The first line: the method.

use std::borrow::Cow;

use super::trial::Trial;
use super::{Diagnosis, Slip, quoted};

/// What a client may have signed in place of the one that it sent.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

pub(super) fn explain(trial: &Trial<'_>) -> Option<Diagnosis> {
    let right = String::from_utf8_lossy(&trial.right.method).into_owned();
    let others = METHODS.iter().filter(|method| **method != right).map(|method| (*method).to_owned());
    let spellings = [right.to_ascii_lowercase(), title(&right)].into_iter();
    let signed = spellings
        .chain(others)
        .find(|method| trial.fits(|pieces| pieces.method = Cow::Owned(method.as_bytes().to_vec())))?;
    let [signed, right] = [signed, right].map(|method| quoted(method.as_bytes()));
    Some(Diagnosis::new(
        Slip::Method,
        format!("the method was signed as {signed}, and the request came as {right}; sign {right}, in upper case"),
    ))
}

/// `PUT` as `Put`.
fn title(method: &str) -> String {
    let (first, rest) = method.split_at_checked(1).unwrap_or((method, ""));
    format!("{first}{}", rest.to_ascii_lowercase())
}
