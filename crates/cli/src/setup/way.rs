//! The way to the cloud: timeouts, certificates, proxy.

use std::path::Path;

use reinstall_http::network::{Network, Proxy, Timeouts};
use reinstall_http::transport::check_certificates;

use crate::args::connection::WayArgs;
use crate::env::{Environment, HTTPS_PROXY};
use crate::failure::Failure;
use crate::input;

/// More than any bundle of certificates.
const CERTIFICATES_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What `--proxy` says to have none.
const NONE: &str = "none";

pub(super) fn network(args: &WayArgs, environment: &Environment) -> Result<Network, Failure> {
    let usual = Timeouts::default();
    let timeouts = Timeouts {
        connect: args.connect_timeout.unwrap_or(usual.connect),
        read: args.read_timeout.unwrap_or(usual.read),
        look: args.call_timeout.unwrap_or(usual.look),
        reinstall: args.call_timeout.unwrap_or(usual.reinstall),
    };
    let ca_certificates = args.ca_cert.iter().map(|path| certificates(path)).collect::<Result<_, _>>()?;
    Ok(Network { timeouts, ca_certificates, proxy: proxy(args, environment)? })
}

/// The certificates in a file, each of which can be trusted.
fn certificates(path: &Path) -> Result<Vec<u8>, Failure> {
    let pem = input::read_file(path, CERTIFICATES_BYTES_MAX)?.as_bytes().to_vec();
    check_certificates(&pem).map_err(|error| Failure::CaCert { path: path.to_owned(), error })?;
    Ok(pem)
}

fn proxy(args: &WayArgs, environment: &Environment) -> Result<Option<Proxy>, Failure> {
    let except = environment.no_proxy.as_deref().unwrap_or_default();
    let (text, by) = match (&args.proxy, &environment.https_proxy) {
        (Some(text), _) if text == NONE => return Ok(None),
        (Some(text), _) if text.contains('@') => return Err(Failure::ProxyPassword),
        (Some(text), _) => (text, "--proxy"),
        (None, Some(text)) => (&**text, HTTPS_PROXY),
        (None, None) => return Ok(None),
    };
    Proxy::parse(text, except).map(Some).map_err(|error| Failure::Proxy { by, error })
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn the_proxy_is_the_one_typed_else_the_environments() {
        let environment = |proxy: Option<&str>| Environment {
            https_proxy: proxy.map(|proxy| Zeroizing::new(proxy.to_owned())),
            ..Environment::default()
        };
        for (typed, variable, expected) in [
            (None, None, Ok(None)),
            (None, Some("http://ann:canary@p.example:1"), Ok(Some("p.example:1"))),
            (Some("q.example:2"), Some("p.example:1"), Ok(Some("q.example:2"))),
            (Some("none"), Some("p.example:1"), Ok(None)),
            (Some("http://ann:canary@q.example"), None, Err("the proxy's password")),
            (None, Some("socks5://canary"), Err("HTTPS_PROXY: only http")),
        ] {
            let args = WayArgs { proxy: typed.map(Into::into), ..WayArgs::default() };
            let network = network(&args, &environment(variable));
            match (network, expected) {
                (Ok(network), Ok(expected)) => {
                    assert_eq!(network.proxy.map(|proxy| proxy.to_string()).as_deref(), expected);
                }
                (Err(failure), Err(words)) => {
                    let shown = format!("{failure}");
                    assert!(shown.contains(words) && !shown.contains("canary"), "{shown}");
                }
                (network, expected) => panic!("{network:?}, {expected:?}"),
            }
        }
    }
}
