//! By which names a server may be called: a page of a foreign site must not reach it by a name of its own that leads here (DNS
//! rebinding).

use std::net::IpAddr;

/// By which names a server may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hosts {
    /// By any: it is not on a loopback address, or not on a socket at all.
    Any,
    /// By the names of this machine's loopback, and by these.
    Loopback(Vec<String>),
}

impl Hosts {
    /// Whether it may be called so; `host` is as the header has it, with or without a port.
    #[must_use]
    pub fn permits(&self, host: Option<&[u8]>) -> bool {
        let Self::Loopback(others) = self else {
            return true;
        };
        let Some(name) = host.and_then(|host| std::str::from_utf8(host).ok()).map(without_port) else {
            // HTTP/1.0 has no such header, and no browser speaks it.
            return host.is_none();
        };
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        is("127.0.0.1")
            || is("localhost")
            || name.to_ascii_lowercase().ends_with(".localhost")
            || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            || others.iter().any(|other| is(other))
    }
}

/// The name alone.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => name,
        Some(_) | None => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_names_are_not_answered_to() {
        let hosts = Hosts::Loopback(vec!["mock.test".to_owned()]);
        for (host, permitted) in [
            ("127.0.0.1:8080", true),
            ("127.0.0.1", true),
            ("127.8.9.1:1", true),
            ("localhost:1", true),
            ("LocalHost", true),
            ("api.localhost:80", true),
            ("[::1]:8080", true),
            ("[::1]", true),
            ("mock.test:81", true),
            ("Mock.Test", true),
            ("evil.example:8080", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.evil.example", false),
            ("192.0.2.1", false),
            ("[2001:db8::1]:80", false),
            ("", false),
            (":80", false),
        ] {
            assert_eq!(hosts.permits(Some(host.as_bytes())), permitted, "{host}");
            assert!(Hosts::Any.permits(Some(host.as_bytes())));
        }
        assert!(!hosts.permits(Some(b"\xff")));
        assert!(hosts.permits(None));
    }
}
