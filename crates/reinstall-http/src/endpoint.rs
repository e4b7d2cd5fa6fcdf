//! Where the API is.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use http::Uri;
use reinstall_core::text::CloudText;

/// The base address of the API: scheme, host, perhaps a port and a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `https://host[:port][/path]`, without a slash at the end.
    base: String,
    /// `host[:port]`
    authority: String,
}

/// Where plain HTTP may go. Over it, token and password can be read by everybody on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainHttp {
    /// To this machine only.
    Loopback,
    /// Anywhere, for somebody said so.
    Anywhere,
}

/// Why a piece of text is not an endpoint. What was given is left out where it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not an address at all.
    #[error("`{0}` is not an address: write it like https://clouddc.cn-east-3.myhuaweicloud.com")]
    Malformed(CloudText),
    /// Something other than `http` and `https`.
    #[error("an endpoint is reached over https, not `{0}`")]
    Scheme(CloudText),
    /// `http` to another machine.
    #[error("plain http to {0} would show token and password to everybody on the way; write https://")]
    Plain(CloudText),
    /// `user:password@`
    #[error("an endpoint has no user name or password in it; the token goes elsewhere")]
    UserName,
    /// `?` or `#`
    #[error("an endpoint has no `?` and no `#` in it; give scheme, host, port and path only")]
    Query,
    /// `.` or `..` in the path.
    #[error("an endpoint's path has no `.` or `..` in it")]
    Dots,
}

impl Endpoint {
    /// Reads an address; without a scheme, `https://` is meant.
    ///
    /// # Errors
    /// [`EndpointError`], telling what to write instead.
    pub fn parse(text: &str, plain: PlainHttp) -> Result<Self, EndpointError> {
        let text = text.trim();
        if text.contains('@') {
            return Err(EndpointError::UserName);
        }
        if text.contains(['?', '#']) {
            return Err(EndpointError::Query);
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "https" && scheme != "http" {
            return Err(EndpointError::Scheme(scheme.as_str().into()));
        }
        let malformed = || EndpointError::Malformed(text.into());
        let uri: Uri = format!("{scheme}://{rest}").parse().map_err(|_| malformed())?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(malformed)?;
        let authority = uri.authority().ok_or_else(malformed)?.as_str().to_ascii_lowercase();
        // What follows the host is a port or nothing; `host:` and `host:99999` are neither.
        if authority.len() > host.len() && uri.port_u16().is_none() {
            return Err(malformed());
        }
        if scheme == "http" && plain == PlainHttp::Loopback && !is_loopback(host) {
            return Err(EndpointError::Plain(host.into()));
        }
        let path = uri.path().trim_end_matches('/');
        if path.split('/').any(|segment| segment == "." || segment == "..") {
            return Err(EndpointError::Dots);
        }
        Ok(Self { base: format!("{scheme}://{authority}{path}"), authority })
    }

    /// `host[:port]`, for messages.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The region, where the host is one of the provider's: `clouddc.REGION.myhuaweicloud.com` (api-facts 5).
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        let (service, rest) = self.authority.split_once('.')?;
        let (region, domain) = rest.split_once('.')?;
        (service == "clouddc" && domain.starts_with("myhuaweicloud.")).then_some(region)
    }

    /// The address of `path`, which starts with a slash, and `query` beneath this endpoint.
    #[must_use]
    pub fn url(&self, path: &str, query: Option<&str>) -> String {
        let mark = if query.is_some() { "?" } else { "" };
        format!("{}{path}{mark}{}", self.base, query.unwrap_or_default())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.base)
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback())
        || bare.parse().is_ok_and(|ip: Ipv6Addr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_providers_hosts_name_their_region() {
        for (host, region) in [
            ("clouddc.cn-east-3.myhuaweicloud.com", Some("cn-east-3")),
            ("https://clouddc.eu-west-101.myhuaweicloud.eu:443", Some("eu-west-101")),
            ("clouddc.example.com", None),
            ("http://127.0.0.1:8080", None),
        ] {
            assert_eq!(Endpoint::parse(host, PlainHttp::Loopback).unwrap().region(), region, "{host}");
        }
    }

    #[test]
    fn addresses_are_completed() {
        for (given, shown) in [
            ("clouddc.cn-east-3.myhuaweicloud.com", "https://clouddc.cn-east-3.myhuaweicloud.com"),
            (" https://Example.COM/ \n", "https://example.com"),
            ("HTTPS://example.com:8443/base/", "https://example.com:8443/base"),
            ("example.com:8443", "https://example.com:8443"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.9.9.9", "http://127.9.9.9"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
            ("http://localhost", "http://localhost"),
        ] {
            let endpoint = Endpoint::parse(given, PlainHttp::Loopback).unwrap();
            assert_eq!(endpoint.to_string(), shown);
            assert_eq!(Endpoint::parse(shown, PlainHttp::Loopback), Ok(endpoint), "reads what it writes");
        }
    }

    #[test]
    fn what_would_leak_or_mislead_is_refused() {
        use EndpointError as E;
        for (given, refused) in [
            ("http://example.com", E::Plain("example.com".into())),
            ("http://localhost.example.com", E::Plain("localhost.example.com".into())),
            ("http://128.0.0.1", E::Plain("128.0.0.1".into())),
            ("http://[2001:db8::1]", E::Plain("[2001:db8::1]".into())),
            ("https://user:canary@example.com", E::UserName),
            ("example.com?token=canary", E::Query),
            ("example.com/#x", E::Query),
            ("ftp://example.com", E::Scheme("ftp".into())),
            ("", E::Malformed("".into())),
            ("https://", E::Malformed("https://".into())),
            ("https:///path", E::Malformed("https:///path".into())),
            ("exa mple.com", E::Malformed("exa mple.com".into())),
            ("example.com:99999", E::Malformed("example.com:99999".into())),
            ("example.com:", E::Malformed("example.com:".into())),
            ("example.com/a/../b", E::Dots),
        ] {
            let error = Endpoint::parse(given, PlainHttp::Loopback).unwrap_err();
            assert_eq!(error, refused, "{given}");
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }

    #[test]
    fn plain_http_goes_elsewhere_only_when_told_so() {
        let endpoint = Endpoint::parse("http://mock.lan:80", PlainHttp::Anywhere).unwrap();
        assert_eq!(endpoint.to_string(), "http://mock.lan:80");
    }

    #[test]
    fn paths_are_kept_beneath_the_base() {
        let endpoint = Endpoint::parse("example.com/base", PlainHttp::Loopback).unwrap();
        assert_eq!(endpoint.url("/v1/p", None), "https://example.com/base/v1/p");
        assert_eq!(endpoint.url("/v1/p", Some("a=b")), "https://example.com/base/v1/p?a=b");
        assert_eq!(endpoint.authority(), "example.com");
    }
}
