//! Where requests are passed on to.

use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, HOST};
use reinstall_http::endpoint::Endpoint;
use reinstall_http::network::Network;
use reinstall_http::sign::verify::Claim;

use super::permit::Writes;
use super::route::is_of_iam;

/// The real services, and what may be asked of them.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// CloudDC.
    pub cloud: Endpoint,
    /// IAM, where requests for tokens and projects go; to CloudDC's endpoint if there is none.
    pub iam: Option<Endpoint>,
    /// Whether more than reads is passed on.
    pub writes: Writes,
    /// How connections are made. A call may take as long as a `reinstall` of it.
    pub network: Network,
}

impl Upstream {
    /// CloudDC alone, and reads alone.
    #[must_use]
    pub fn new(cloud: Endpoint) -> Self {
        Self { cloud, iam: None, writes: Writes::Refused, network: Network::default() }
    }

    /// Who serves this path.
    pub(super) fn endpoint(&self, path: &str) -> &Endpoint {
        self.iam.as_ref().filter(|_| is_of_iam(path)).unwrap_or(&self.cloud)
    }
}

/// What a request says of the headers that its signature covers; nothing if it has none.
fn signed_headers(headers: &HeaderMap) -> Option<Vec<&str>> {
    Some(Claim::parse(headers.get(AUTHORIZATION)?.to_str().ok()?)?.signed_headers)
}

/// An answer must come in a form that can be looked into. Only where the client signed for another form it stays.
pub(super) fn ask_for_plain(headers: &mut HeaderMap) {
    let is_signed = signed_headers(headers).is_some_and(|names| names.contains(&ACCEPT_ENCODING.as_str()));
    if !is_signed {
        headers.remove(ACCEPT_ENCODING);
    }
}

/// Why the real service may refuse a signature that would have been good had it not come through here, if it looks so.
///
/// `headers` are those that the client sent, `endpoint` is where they went.
pub(super) fn hint(headers: &HeaderMap, endpoint: &Endpoint) -> Option<String> {
    let names = signed_headers(headers)?;
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if names.contains(&HOST.as_str()) && host != endpoint.authority() {
        return Some(format!(
            "the signature is for the host {host}, and {0} was asked: have the client sign for {0}, leave Host unsigned, or use a token",
            endpoint.authority()
        ));
    }
    let lost = ["connection", "content-length", "expect", "te", "transfer-encoding"];
    let lost = names.into_iter().find(|name| lost.contains(name))?;
    Some(format!(
        "the signature covers {lost}, which is said anew on each connection: have the client leave it unsigned"
    ))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use reinstall_http::endpoint::PlainHttp;

    use super::*;

    fn headers(of: &[(&'static str, &'static str)]) -> HeaderMap {
        of.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn iam_has_an_endpoint_of_its_own_if_it_is_given() {
        let parse = |text| Endpoint::parse(text, PlainHttp::Loopback).unwrap();
        let mut upstream = Upstream::new(parse("clouddc.example"));
        assert_eq!(upstream.endpoint("/v3/projects").authority(), "clouddc.example");
        upstream.iam = Some(parse("iam.example"));
        assert_eq!(upstream.endpoint("/v3/projects").authority(), "iam.example");
        assert_eq!(upstream.endpoint("/v1/p/instances").authority(), "clouddc.example");
    }

    #[test]
    fn a_signature_that_this_recorder_spoils_is_explained() {
        let endpoint = Endpoint::parse("clouddc.example", PlainHttp::Loopback).unwrap();
        let signed = |names: &str| -> &'static str {
            format!("SDK-HMAC-SHA256 Access=AK1, SignedHeaders={names}, Signature=0").leak()
        };
        for (names, host, part) in [
            ("host;x-sdk-date", "127.0.0.1:80", Some("sign for clouddc.example")),
            ("host;x-sdk-date", "clouddc.example", None),
            ("x-sdk-date", "127.0.0.1:80", None),
            ("content-length;x-sdk-date", "127.0.0.1:80", Some("content-length")),
        ] {
            let hint = hint(&headers(&[("authorization", signed(names)), ("host", host)]), &endpoint);
            assert_eq!(hint.is_some(), part.is_some(), "{names} {host}: {hint:?}");
            assert!(part.is_none_or(|part| hint.is_some_and(|hint| hint.contains(part))), "{names} {host}");
        }
        assert_eq!(hint(&headers(&[("x-auth-token", "t"), ("host", "127.0.0.1")]), &endpoint), None);
    }

    #[test]
    fn answers_are_asked_for_as_they_are_unless_it_is_signed() {
        for (names, stays) in [("x-sdk-date", false), ("accept-encoding;x-sdk-date", true)] {
            let authorization = format!("SDK-HMAC-SHA256 Access=AK1, SignedHeaders={names}, Signature=0").leak();
            let mut headers = headers(&[("authorization", authorization), ("accept-encoding", "gzip")]);
            ask_for_plain(&mut headers);
            assert_eq!(headers.contains_key("accept-encoding"), stays, "{names}");
        }
    }
}
