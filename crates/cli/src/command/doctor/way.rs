//! The way to the API: proxy, connection, TLS, an answer, and how far the clocks are off.

use std::time::Duration;

use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::time::{Plain, Timestamp};
use reinstall_http::endpoint::{Endpoint, PlainHttp};
use reinstall_http::network::Network;
use reinstall_http::probe::knock::{Answer, Connected, Knock, NotConnected, Tls, knock, proxy_for};
use reinstall_http::probe::skew::{SIGNATURE_SKEW_MAX, Skew};
use reinstall_http::sources::Given;

use super::{Case, Told, advice, local};
use crate::failure::{Cause, Failure};
use crate::render::doctor::Check;
use crate::render::plan::counted;
use crate::render::report::whole_seconds;

const PROXY: &str = "proxy";
const CONNECTION: &str = "connection";
const TLS: &str = "tls";
const ANSWER: &str = "answer";
const CLOCK: &str = "clock";

/// A certificate that ends sooner is worth a word.
const EXPIRY_NEAR: Duration = Duration::from_secs(14 * 24 * 3_600);

/// A clock that is further off is worth a word, long before signatures are refused.
const SKEW_NOTED: Duration = Duration::from_secs(60);

/// Whether the API answers.
pub(super) struct Way {
    pub(super) is_open: bool,
}

/// Goes the way once, and tells each step.
pub(super) async fn examine(case: &Case<'_>, told: &mut Told) -> Result<Way, Failure> {
    let endpoint = case.located.as_ref().ok().and_then(|located| located.as_ref()).map(|located| &located.endpoint);
    let (Some(endpoint), Ok(network)) = (endpoint, &case.network) else {
        told.tell(match &case.network {
            Err(failure) if local::is_about_proxy(failure) => {
                let advice = failure.hint().unwrap_or_else(|| "correct it, or switch it off: --proxy none".into());
                Check::failed(PROXY, Cause::Settings, failure.to_string(), advice)
            }
            Ok(_) | Err(_) => Check::skipped(PROXY, "the settings (above)"),
        })?;
        for name in [CONNECTION, TLS, ANSWER, CLOCK] {
            told.tell(Check::skipped(name, "the settings (above)"))?;
        }
        return Ok(Way { is_open: false });
    };
    let found = knock(endpoint, network, &case.clock).await;
    let now = case.clock.wall();
    told.tell(proxy(endpoint, network, &found))?;
    told.tell(connection(&found))?;
    told.tell(tls(endpoint, &found, now))?;
    let is_open = told.tell(answer(&found))?;
    let given = local::given(case).map(|found| &found.given);
    told.tell(clock(&found, given))?;
    Ok(Way { is_open })
}

fn proxy(endpoint: &Endpoint, network: &Network, found: &Knock) -> Check {
    match (&network.proxy, proxy_for(network, endpoint)) {
        (None, _) => Check::ok(PROXY, "none"),
        (Some(proxy), None) => Check::ok(PROXY, format!("{proxy}, but not on the way to {}", endpoint.authority())),
        (Some(_), Some(proxy)) => match refusal(found).filter(|fault| is_of_the_tunnel(fault)) {
            None => Check::ok(PROXY, proxy.to_string()),
            Some(fault) => Check::failed(
                PROXY,
                Cause::Cloud,
                fault.message.to_string(),
                format!(
                    "ask who runs {proxy} to let {} through; user and password of a proxy go into HTTPS_PROXY",
                    endpoint.authority()
                ),
            ),
        },
    }
}

/// Why the request for nothing did not leave, though somebody took the connection.
fn refusal(found: &Knock) -> Option<&Fault> {
    let fault = found.answered.as_ref()?.as_ref().err()?;
    (fault.kind == FaultKind::Unreachable).then_some(fault)
}

/// Whether a proxy would not open the way: what is said of a connection through one, and is not about TLS behind it.
fn is_of_the_tunnel(fault: &Fault) -> bool {
    let why = cause(fault);
    let is_of_tls = why.contains("certificate") || why.starts_with("TLS failed");
    fault.message.as_str().contains(" through the proxy ") && !is_of_tls
}

/// What follows the name of the host, which may have any word in it.
fn cause(fault: &Fault) -> &str {
    let words = fault.message.as_str();
    words.split_once(": ").map_or(words, |(_, why)| why)
}

fn connection(found: &Knock) -> Check {
    match &found.connected {
        Ok(Connected { addresses, to, found_in, connected_in, dead }) => {
            let more = match addresses.len() {
                0 | 1 => String::new(),
                several => format!(" (one of {})", counted(several, "address").replace("addresss", "addresses")),
            };
            let (found_in, connected_in) = (took(*found_in), took(*connected_in));
            let seen = format!("{} at {to}{more}: found in {found_in}, connected in {connected_in}", found.host);
            if dead.is_empty() {
                return Check::ok(CONNECTION, seen);
            }
            let dead: Vec<_> = dead.iter().map(|(address, why)| format!("{address} ({why})")).collect();
            Check::warning(
                CONNECTION,
                format!("{seen}; not at {}", dead.join(", ")),
                "calls work by another address, some of them late: mend the way to these addresses, or take them out of the name's",
            )
        }
        Err(error @ NotConnected::NoAddress { .. }) => Check::failed(
            CONNECTION,
            Cause::Cloud,
            error.to_string(),
            "check the spelling of address and region, and the name server; where only a proxy knows such names: --proxy URL",
        ),
        Err(error @ NotConnected::Refused { .. }) => Check::failed(
            CONNECTION,
            Cause::Cloud,
            format!("{}: {error}", found.host),
            "check address and port, and firewalls in between; where the way out is a proxy: --proxy URL",
        ),
    }
}

/// How long something took, in milliseconds.
fn took(duration: Duration) -> String {
    match duration.as_millis() {
        0 => "1ms".to_owned(),
        _ => Plain(duration).to_string(),
    }
}

fn tls(endpoint: &Endpoint, found: &Knock, now: Timestamp) -> Check {
    let Some(answered) = &found.answered else { return Check::skipped(TLS, "no connection (above)") };
    let address = endpoint.to_string();
    if address.starts_with("http://") {
        return if Endpoint::parse(&address, PlainHttp::Loopback).is_ok() {
            Check::ok(TLS, "none: plain http, and it stays on this machine")
        } else {
            Check::warning(
                TLS,
                "none: everybody on the way can read token and password",
                "write https://, and leave --allow-http out",
            )
        };
    }
    match answered {
        Ok(Answer { tls: Some(tls), .. }) => sealed(tls, now),
        Err(fault) if fault.kind == FaultKind::Unreachable && is_of_the_tunnel(fault) => {
            Check::skipped(TLS, "the proxy (above)")
        }
        Err(fault) if fault.kind == FaultKind::Unreachable => {
            let advice = if cause(fault).contains("certificate") {
                "if the certificate is your own authority's, or that of a proxy that looks inside: --ca-cert FILE; check the \
                 clock of this machine, too"
            } else {
                "check address and port: what answers there speaks no TLS that is accepted here (1.2 or newer)"
            };
            Check::failed(TLS, Cause::Cloud, fault.message.to_string(), advice)
        }
        Ok(_) | Err(_) => Check::ok(TLS, "the connection is sealed, and the certificate trusted"),
    }
}

fn sealed(tls: &Tls, now: Timestamp) -> Check {
    let Some(certificate) = &tls.certificate else { return Check::ok(TLS, tls.version) };
    let day: String = certificate.expires_at.to_string().chars().take("2026-11-23".len()).collect();
    let seen = format!("{}, certificate by {} until {day}", tls.version, certificate.issuer);
    if certificate.expires_at.since(now) < EXPIRY_NEAR {
        return Check::warning(
            TLS,
            seen,
            "it ends soon: whoever runs the endpoint, or a proxy that looks inside, has to renew it",
        );
    }
    Check::ok(TLS, seen)
}

fn answer(found: &Knock) -> Check {
    match &found.answered {
        None => Check::skipped(ANSWER, "no connection (above)"),
        Some(Ok(answer)) => {
            let took = took(answer.answered_at.since(answer.sent_at));
            let seen = format!("{} {} to a request without credentials, in {took}", answer.protocol, answer.status);
            if answer.status >= 500 {
                let advice = "the service, or something in between, is down: try again later, and see what the list says (below)";
                return Check::warning(ANSWER, seen, advice);
            }
            Check::ok(ANSWER, seen)
        }
        Some(Err(fault)) if fault.kind == FaultKind::Unreachable => Check::skipped(ANSWER, "no way to ask (above)"),
        Some(Err(fault)) => Check::failed(
            ANSWER,
            Cause::Cloud,
            advice::seen(fault),
            "check the port, and what stands in between; allow more time with --read-timeout and --call-timeout",
        ),
    }
}

fn clock(found: &Knock, given: Option<&Given>) -> Check {
    let Some(Ok(answer)) = &found.answered else { return Check::skipped(CLOCK, "no answer (above)") };
    let Some(dated) = answer.dated else {
        return Check::warning(
            CLOCK,
            "the answer has no date to compare with",
            "check this machine's clock by other means",
        );
    };
    judge(Skew::of(dated, answer.sent_at, answer.answered_at), given)
}

/// Only signatures are dated: a token does not care.
fn judge(skew: Skew, given: Option<&Given>) -> Check {
    let by = skew.size();
    let seen = match skew {
        _ if by < Duration::from_secs(2) => "right, to about a second".to_owned(),
        Skew::Ahead(by) => format!("{} ahead of the cloud's", Plain(whole_seconds(by))),
        Skew::Behind(by) => format!("{} behind the cloud's", Plain(whole_seconds(by))),
    };
    let signs = match given {
        Some(Given::Keys(_) | Given::Metadata) | None => true,
        Some(Given::Token(_) | Given::User(_)) => false,
    };
    let advice = "set this machine's clock, and keep it right: timedatectl set-ntp true";
    match (by > SKEW_NOTED, signs) {
        (false, _) => Check::ok(CLOCK, seen),
        (true, false) => Check::ok(CLOCK, format!("{seen}; a token does not care, signatures would")),
        (true, true) if by > SIGNATURE_SKEW_MAX => {
            let limit = Plain(SIGNATURE_SKEW_MAX);
            Check::failed(CLOCK, Cause::Cloud, format!("{seen}; signatures more than {limit} off are refused"), advice)
        }
        (true, true) => Check::warning(CLOCK, seen, advice),
    }
}

#[cfg(test)]
mod tests {
    use reinstall_core::secret::SessionToken;
    use reinstall_http::probe::certificate::Certificate;
    use reinstall_http::sign::key::AccessKey;

    use super::*;
    use crate::render::doctor::Verdict;

    #[test]
    fn only_signatures_care_for_the_clock() {
        let token = Given::Token(SessionToken::parse("canary").unwrap());
        let key = Given::Keys(AccessKey::parse_pair("AK1:canary").unwrap());
        let failed = Verdict::Failed(Cause::Cloud);
        for (seconds, by_key, by_token) in [
            (1, Verdict::Ok, Verdict::Ok),
            (60, Verdict::Ok, Verdict::Ok),
            (61, Verdict::Warning, Verdict::Ok),
            (900, Verdict::Warning, Verdict::Ok),
            (901, failed, Verdict::Ok),
        ] {
            for skew in [Skew::Ahead(Duration::from_secs(seconds)), Skew::Behind(Duration::from_secs(seconds))] {
                for (given, verdict) in [(Some(&key), by_key), (Some(&token), by_token), (None, by_key)] {
                    let check = judge(skew, given);
                    assert_eq!(check.verdict, verdict, "{skew:?} {check:?}");
                }
            }
        }
        assert_eq!(
            judge(Skew::Behind(Duration::from_secs(1_200)), Some(&token)).seen,
            "20m behind the cloud's; a token does not care, signatures would"
        );
    }

    #[test]
    fn a_certificate_that_ends_soon_is_worth_a_word() {
        let now = Timestamp::from_millis(1_795_433_400_000);
        for (days, verdict) in [(13, Verdict::Warning), (15, Verdict::Ok)] {
            let expires_at = now + Duration::from_secs(days * 24 * 3_600);
            let tls =
                Tls { version: "TLS 1.3", certificate: Some(Certificate { issuer: "Example CA".into(), expires_at }) };
            let check = sealed(&tls, now);
            assert_eq!(check.verdict, verdict);
            assert!(check.seen.starts_with("TLS 1.3, certificate by Example CA until 2026-12-"), "{}", check.seen);
        }
    }

    #[test]
    fn a_proxy_that_opens_no_way_is_told_apart_from_tls() {
        let endpoint = Endpoint::parse("https://proxy.example", PlainHttp::Loopback).unwrap();
        let proxy_given = reinstall_http::network::Proxy::parse("p.example", "").ok();
        let network = Network { proxy: proxy_given, ..Network::default() };
        for (words, proxied, sealed) in [
            (
                "no connection to proxy.example through the proxy p.example: it refused to connect",
                Verdict::Failed(Cause::Cloud),
                Verdict::Skipped,
            ),
            (
                "no connection to proxy.example through the proxy p.example: its certificate is signed by nobody",
                Verdict::Ok,
                Verdict::Failed(Cause::Cloud),
            ),
        ] {
            let to = std::net::Ipv4Addr::LOCALHOST.into();
            let connected = Connected {
                addresses: vec![to],
                to,
                found_in: Duration::ZERO,
                connected_in: Duration::ZERO,
                dead: vec![],
            };
            let answered = Some(Err(Fault::new(FaultKind::Unreachable, words)));
            let found = Knock { host: "p.example".into(), connected: Ok(connected), answered };
            let now = Timestamp::from_millis(0);
            assert_eq!(proxy(&endpoint, &network, &found).verdict, proxied, "{words}");
            assert_eq!(tls(&endpoint, &found, now).verdict, sealed, "{words}");
            assert_eq!(answer(&found).verdict, Verdict::Skipped);
        }
    }
}
