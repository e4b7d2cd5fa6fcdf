//! Why a signature was not accepted: our canonical request beside the one that the gateway shows in its refusal
//! (api-facts 5.2).

use super::SECURITY_TOKEN;
use super::canonical::CanonicalRequest;

/// What stands before the gateway's canonical request.
const MARK: &str = "canonicalRequest:";

/// The most characters of a line that are shown.
const SHOWN_MAX: usize = 100;

/// Says in a sentence how the canonical request in a refusal's `words` differs from `ours`: it names the first line that
/// does. `None` if there is none in it. `hide` takes secrets out of a text: out of the whole of it, since a secret may have
/// a `|` in it.
#[must_use]
pub fn explain(words: &str, ours: &CanonicalRequest, hide: impl Fn(&str) -> String) -> Option<String> {
    let (_, theirs) = words.split_once(MARK)?;
    let (ours, theirs) = (hide(&ours.on_one_line()), hide(theirs.trim()));
    let (mut our_lines, mut their_lines) = (ours.split('|'), theirs.split('|'));
    let mut place = Place::Method;
    let mut number = 1;
    loop {
        let (our_line, their_line) = match (our_lines.next(), their_lines.next()) {
            (None, None) => return Some(ALL_THE_SAME.to_owned()),
            (ours, theirs) => (ours.unwrap_or_default(), theirs.unwrap_or_default()),
        };
        if our_line != their_line {
            let name = place.name(our_line);
            let is_secret = [our_line, their_line].iter().any(|line| line.starts_with(SECURITY_TOKEN.as_str()));
            return Some(if is_secret {
                format!("line {number} of what was signed differs: {name}")
            } else {
                let [signed, read] = [our_line, their_line].map(shorten);
                format!("line {number} of what was signed differs: {name}; signed `{signed}`, read `{read}`")
            });
        }
        place = place.next(our_line);
        number += 1;
    }
}

const ALL_THE_SAME: &str =
    "the cloud read exactly what was signed, so the secret key is not the one that belongs to the access key";

/// Which line it is.
#[derive(Clone, Copy)]
enum Place {
    Method,
    Path,
    Query,
    Header,
    Names,
    Payload,
}

impl Place {
    fn next(self, line: &str) -> Self {
        match self {
            Self::Method => Self::Path,
            Self::Path => Self::Query,
            Self::Query => Self::Header,
            // A blank line ends the headers.
            Self::Header if line.is_empty() => Self::Names,
            Self::Header => Self::Header,
            Self::Names | Self::Payload => Self::Payload,
        }
    }

    fn name(self, line: &str) -> String {
        match self {
            Self::Method => "the method".to_owned(),
            Self::Path => "the path".to_owned(),
            Self::Query => "the query".to_owned(),
            Self::Header => match line.split_once(':') {
                Some((name, _)) => format!("the header {name}"),
                None => "the end of the headers".to_owned(),
            },
            Self::Names => "the names of the signed headers".to_owned(),
            Self::Payload => "the hash of the body".to_owned(),
        }
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use http::header::HOST;
    use http::{HeaderMap, HeaderValue, Method};

    use super::*;
    use crate::sign::{Message, SDK_DATE};

    fn ours() -> CanonicalRequest {
        let headers = HeaderMap::from_iter([
            (HOST, HeaderValue::from_static("a.example")),
            (SDK_DATE, HeaderValue::from_static("20261123T071500Z")),
            (SECURITY_TOKEN, HeaderValue::from_static("canary-token")),
        ]);
        let message = Message { method: &Method::PUT, path: "/v1/p", query: Some("a=1"), headers: &headers, body: b"" };
        CanonicalRequest::new(&message, vec!["host", "x-sdk-date", "x-security-token"], "hash")
    }

    #[test]
    fn the_first_line_that_differs_is_named() {
        for (from, to, says) in [
            ("PUT", "POST", "line 1 of what was signed differs: the method; signed `PUT`, read `POST`"),
            ("/v1/p/", "/v1/p", "line 2 of what was signed differs: the path; signed `/v1/p/`, read `/v1/p`"),
            ("a=1", "", "line 3 of what was signed differs: the query; signed `a=1`, read ``"),
            (
                "a.example|",
                "a.example:443|",
                "line 4 of what was signed differs: the header host; signed `host:a.example`, read `host:a.example:443`",
            ),
            ("canary-token", "canary", "line 6 of what was signed differs: the header x-security-token"),
            (
                "||host;",
                "||",
                "line 8 of what was signed differs: the names of the signed headers; signed \
                 `host;x-sdk-date;x-security-token`, read `x-sdk-date;x-security-token`",
            ),
            ("|hash", "|other", "line 9 of what was signed differs: the hash of the body; signed `hash`, read `other`"),
            ("|hash", "", "line 9 of what was signed differs: the hash of the body; signed `hash`, read ``"),
            ("|hash", "|hash ", ALL_THE_SAME),
        ] {
            let line = ours().on_one_line().replacen(from, to, 1);
            let words = format!("verify aksk signature fail, canonicalRequest:{line}");
            assert_eq!(explain(&words, &ours(), str::to_owned).as_deref(), Some(says), "{from} -> {to}");
        }
        assert_eq!(explain("ak X not exist", &ours(), str::to_owned), None);
    }

    #[test]
    fn what_the_cloud_echoes_is_hidden_before_it_is_cut() {
        for secret in ["canary-token", "cana|ry"] {
            let words = format!("canonicalRequest:PUT|/{}{secret}", "x".repeat(SHOWN_MAX - 5));
            let shown = explain(&words, &ours(), |text| text.replace(secret, "(hidden)")).unwrap();
            assert!(shown.ends_with("x(hid…`") && !shown.contains("can"), "{shown}");
        }
    }
}
