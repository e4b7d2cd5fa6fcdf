//! The lines of the headers, and the line with their names.

mod host;
mod names;
mod values;

use super::trial::Trial;
use super::{Diagnosis, Slip};

/// Headers that libraries and proxies add or rewrite after a client has signed.
pub(super) const REWRITTEN: [&str; 6] =
    ["accept", "accept-encoding", "connection", "content-length", "content-type", "user-agent"];

/// Headers that are said to be signed and did not come.
pub(super) fn missing(trial: &Trial<'_>) -> Option<Diagnosis> {
    let mut missing = trial.claim.signed_headers.iter().filter(|name| !trial.message.headers.contains_key(**name));
    let first = missing.next()?;
    let more = missing.count();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let name = super::quoted(first.as_bytes());
    let words = format!(
        "SignedHeaders names {name}{more}, and no such header came; send what is signed, or sign only what arrives: a library or \
         a proxy may drop it"
    );
    Some(Diagnosis::new(Slip::HeaderMissing, words))
}

pub(super) fn explain(trial: &Trial<'_>) -> Option<Diagnosis> {
    host::explain(trial).or_else(|| names::explain(trial)).or_else(|| values::explain(trial))
}
