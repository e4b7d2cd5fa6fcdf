//! The way to the cloud: how long its parts may take, whom to trust, and who stands in between.

use std::fmt;
use std::time::Duration;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use zeroize::Zeroizing;

use crate::endpoint::Endpoint;

/// What a fault says of a server whose certificate is signed by nobody known here. Whoever reads it may know who that is.
pub const UNTRUSTED: &str = "its certificate is signed by nobody whom this machine trusts";

/// What a fault says of any server, where the platform has no root certificates and none were given.
pub const NOBODY_TRUSTED: &str = "this machine has no root certificates, so that it trusts nobody";

/// Whom no proxy can help to reach: this machine.
const NEVER_BY_PROXY: &str = "localhost,127.0.0.0/8,::1";

/// How connections are made. The default: the platform's root certificates, no proxy, [`Timeouts::default`].
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// How long the parts of a call may take.
    pub timeouts: Timeouts,
    /// Certificates in PEM form that are trusted beside the platform's.
    pub ca_certificates: Vec<Vec<u8>>,
    /// Who stands in between.
    pub proxy: Option<Proxy>,
}

/// How long the parts of a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Finding the host, connecting, the way through a proxy, and TLS; see [`Timeouts::connect_within`].
    pub connect: Duration,
    /// Waiting for the beginning of an answer, counted from that of the call, and then for its next bytes.
    pub read: Duration,
    /// A whole try of a call that looks.
    pub look: Duration,
    /// The whole of a reinstall call. A rollout counts nobody as having looked for this long, so it should stay well below
    /// the shortest plausible reinstall.
    pub reinstall: Duration,
}

impl Timeouts {
    /// How long a call of at most `call_max` may take to connect: no longer than half of the time it has for an answer.
    ///
    /// A call that has no connection yet when its time is up would count as one that may have been sent. For a reinstall that
    /// is far worse than one that is known not to have been.
    #[must_use]
    pub fn connect_within(&self, call_max: Duration) -> Duration {
        self.connect.min(self.read / 2).min(call_max / 2)
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            look: Duration::from_secs(60),
            reinstall: Duration::from_secs(30),
        }
    }
}

/// A proxy that HTTPS requests go through. It sees host names and sizes, no contents: TLS goes through it whole.
///
/// Plain HTTP never does: it is for this machine, or for whom it was allowed to explicitly, and a proxy would read it.
#[derive(Clone)]
pub struct Proxy {
    url: Zeroizing<String>,
    /// `host[:port]`, without user and password.
    shown: String,
    except: String,
}

/// Why a piece of text is not the address of a proxy. Does not quote it: there may be a password in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// Not an address at all.
    #[error("a proxy is written like http://proxy.example:3128")]
    Malformed,
    /// A kind of proxy that is not known here.
    #[error("only http:// and https:// proxies are known here")]
    Scheme,
    /// A character in user or password that would end them.
    #[error(
        "there is a character in the proxy's user or password that means something else in an address: percent-encode it, \
         as in %40 for @, %2F for /, %23 for #, %3F for ? and %25 for %"
    )]
    Escape,
}

impl Proxy {
    /// Reads the address of a proxy; without a scheme, `http://` is meant. User and password may stand before an `@`.
    ///
    /// `except` lists hosts that are reached without it, as `NO_PROXY` does: names with all their subdomains, addresses and
    /// networks, separated by commas, `*` for all. This machine is always reached without it.
    ///
    /// # Errors
    /// [`ProxyError`], without the text.
    pub fn parse(text: &str, except: &str) -> Result<Self, ProxyError> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "http" && scheme != "https" {
            return Err(ProxyError::Scheme);
        }
        // The host stands behind the last `@`. What a parser would take for it may be a piece of the password.
        let end = rest.rfind('@').unwrap_or_default();
        if !is_escaped(&rest[..end]) {
            return Err(ProxyError::Escape);
        }
        let url = Zeroizing::new(format!("{scheme}://{rest}"));
        let uri: Uri = url.parse().map_err(|_| ProxyError::Malformed)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(ProxyError::Malformed)?;
        let shown = uri.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Ok(Self { url, shown, except: except.to_owned() })
    }

    /// The whole address, user and password included. For the one place that sets the HTTP library up.
    pub(crate) fn expose(&self) -> &str {
        &self.url
    }

    /// The hosts that are reached without it, as `NO_PROXY` has them.
    pub(crate) fn reached_without(&self) -> String {
        format!("{NEVER_BY_PROXY},{}", self.except)
    }

    /// Whether requests to `endpoint` go through it: by the very matching that the HTTP library does inside, which is told no
    /// password here.
    #[must_use]
    pub fn serves(&self, endpoint: &Endpoint) -> bool {
        let matcher = Matcher::builder().https(self.shown.clone()).no(self.reached_without()).build();
        endpoint.url("/", None).parse().is_ok_and(|uri| matcher.intercept(&uri).is_some())
    }
}

/// Whether user and password can stand in an address as they are.
fn is_escaped(user_and_password: &str) -> bool {
    let mut bytes = user_and_password.bytes();
    while let Some(byte) = bytes.next() {
        let is_fine = match byte {
            b'%' => {
                [bytes.next(), bytes.next()].iter().all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit()))
            }
            b'@' | b'/' | b'?' | b'#' | b'[' | b']' | b'\\' => false,
            byte => byte.is_ascii_graphic(),
        };
        if !is_fine {
            return false;
        }
    }
    true
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.shown)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("host", &self.shown).field("except", &self.except).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connecting_ends_before_the_call_does() {
        let seconds = Duration::from_secs;
        for (connect, read, call_max, within) in [(10, 30, 60, 10), (10, 30, 30, 10), (10, 8, 30, 4), (10, 30, 6, 3)] {
            let timeouts = Timeouts { connect: seconds(connect), read: seconds(read), ..Timeouts::default() };
            assert_eq!(timeouts.connect_within(seconds(call_max)), seconds(within));
        }
    }

    #[test]
    fn a_proxy_is_read_and_its_password_is_not_shown() {
        for (text, url, shown) in [
            ("proxy.example:3128", "http://proxy.example:3128", "proxy.example:3128"),
            (" HTTPS://proxy.example ", "https://proxy.example", "proxy.example"),
            ("http://ann:canary@proxy.example:8080/", "http://ann:canary@proxy.example:8080/", "proxy.example:8080"),
            ("http://[::1]:3128", "http://[::1]:3128", "[::1]:3128"),
            ("http://svc:p%40canary%2Fx@127.0.0.1:3128", "http://svc:p%40canary%2Fx@127.0.0.1:3128", "127.0.0.1:3128"),
        ] {
            let proxy = Proxy::parse(text, "a.example").unwrap();
            assert_eq!((proxy.expose(), proxy.to_string().as_str()), (url, shown));
            let debug = format!("{proxy:?}");
            assert!(!debug.contains("canary") && debug.contains("a.example"), "{debug}");
        }
        for (text, refused) in [
            ("", ProxyError::Malformed),
            ("http://", ProxyError::Malformed),
            ("http://ann:canary@", ProxyError::Malformed),
            ("http://svc:p@canary/x@127.0.0.1:3128", ProxyError::Escape),
            ("http://svc:canary/x@127.0.0.1:3128", ProxyError::Escape),
            ("http://svc:canary#x@127.0.0.1:3128", ProxyError::Escape),
            ("svc:canary?x@127.0.0.1:3128", ProxyError::Escape),
            ("http://svc:canary%x@127.0.0.1:3128", ProxyError::Escape),
            ("http://svc:can ary@127.0.0.1:3128", ProxyError::Escape),
            ("socks5://canary", ProxyError::Scheme),
        ] {
            assert_eq!(Proxy::parse(text, "").unwrap_err(), refused, "{text}");
        }
    }
}
