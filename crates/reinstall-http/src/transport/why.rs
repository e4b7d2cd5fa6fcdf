//! Why there was no connection, or no more: the libraries' words for it, or ours where theirs are for programmers.

use std::error::Error;
use std::io;
use std::time::Duration;

use reinstall_core::time::Plain;
use rustls::CertificateError;

use crate::network::UNTRUSTED;

/// What the HTTP library says, and what it means: of proxies, and of connections that fell silent. It has no types for it
/// that could be named.
const MEANINGS: [(&str, &str); 4] = [
    ("operation timed out", "it gave no sign of life"),
    ("tunnel error: proxy authorization required", "it wants another user and password than it was given, or any"),
    ("tunnel error: unsuccessful", "it refused to connect"),
    ("tunnel error: unexpected end of file", "it closed the connection without an answer"),
];

/// The innermost reason, in which the libraries name neither address nor header.
pub(super) fn why(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    loop {
        if let Some(tls) = of_tls(cause) {
            return tls_words(tls);
        }
        let Some(source) = cause.source() else { break };
        cause = source;
    }
    let words = cause.to_string();
    match MEANINGS.iter().find(|(theirs, _)| *theirs == words) {
        Some((_, ours)) => (*ours).to_owned(),
        None => words,
    }
}

/// An I/O error does not name what it was made from as its source, and the connector makes one of another.
fn of_tls<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    match cause.downcast_ref::<io::Error>() {
        Some(io) => of_tls(io.get_ref()?),
        None => cause.downcast_ref(),
    }
}

fn tls_words(error: &rustls::Error) -> String {
    use CertificateError as E;
    let rustls::Error::InvalidCertificate(refused) = error else { return format!("TLS failed: {error}") };
    let seconds = |from: u64, to: u64| Plain(Duration::from_secs(to.saturating_sub(from)));
    // The last two are signatures by somebody else under the name of one who is trusted: an authority that was set up anew.
    if let E::UnknownIssuer | E::BadSignature | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } = refused {
        UNTRUSTED.to_owned()
    } else if let E::NotValidForNameContext { expected, presented } = refused {
        // They come as `DnsName("a.example")`.
        let names: Vec<_> = presented.iter().map(|name| name.split('"').nth(1).unwrap_or(name)).collect();
        format!("its certificate is for {}, not for {}", names.join(", "), expected.to_str())
    } else if let E::ExpiredContext { time, not_after } = refused {
        let ago = seconds(not_after.as_secs(), time.as_secs());
        format!("its certificate ran out {ago} ago, by this machine's clock")
    } else if let E::NotValidYetContext { time, not_before } = refused {
        let ahead = seconds(time.as_secs(), not_before.as_secs());
        format!("its certificate is not valid for another {ahead}, by this machine's clock")
    } else {
        let raw = format!("{refused:?}");
        match REFUSED.iter().find(|(theirs, _)| raw.contains(theirs)) {
            Some((_, ours)) => (*ours).to_owned(),
            None => format!("its certificate is refused: {refused}"),
        }
    }
}

/// Further reasons to refuse a certificate, as they come in the library's debug output: some are wrapped in types that cannot
/// be named here.
const REFUSED: [(&str, &str); 9] = [
    (
        "CaUsedAsEndEntity",
        "its certificate is one for an authority (CA:TRUE), as `openssl req -x509` makes them, and no server may show that as its \
         own: make the server another one with CA:FALSE (openssl req -x509 -addext basicConstraints=critical,CA:FALSE)",
    ),
    (
        "EndEntityUsedAsCa",
        "its certificate is signed with one that is not for an authority (CA:FALSE): sign it with one that is",
    ),
    ("UnsupportedCertVersion", "its certificate is not of X.509 version 3: make it anew with a subjectAltName"),
    (
        "UnsupportedCriticalExtension",
        "its certificate has a critical extension that is not known here: make it anew without",
    ),
    (
        "UnhandledCriticalExtension",
        "its certificate has a critical extension that is not known here: make it anew without",
    ),
    ("InvalidPurpose", "its certificate is not made for a server: make it anew with extendedKeyUsage=serverAuth"),
    ("Revoked", "its certificate was revoked: the server needs another one"),
    ("BadEncoding", "its certificate is damaged: the server needs another one"),
    ("NotValidForName", "its certificate is for another name: check the address"),
];

#[cfg(test)]
mod tests {
    use rustls::pki_types::UnixTime;

    use super::*;

    #[test]
    fn a_refused_certificate_is_explained() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        for (refused, words) in [
            (CertificateError::UnknownIssuer, UNTRUSTED),
            (CertificateError::BadSignature, UNTRUSTED),
            (
                CertificateError::NotValidForNameContext {
                    expected: "a.example".try_into().unwrap(),
                    presented: vec!["DnsName(\"b.example\")".to_owned(), "IpAddress(192.0.2.1)".to_owned()],
                },
                "its certificate is for b.example, IpAddress(192.0.2.1), not for a.example",
            ),
            (
                CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
                    signature_algorithm_id: vec![6, 8],
                    public_key_algorithm_id: vec![6, 9],
                },
                UNTRUSTED,
            ),
            (
                CertificateError::ExpiredContext { time: at(160), not_after: at(100) },
                "its certificate ran out 1m ago, by this machine's clock",
            ),
            (
                CertificateError::NotValidYetContext { time: at(100), not_before: at(160) },
                "its certificate is not valid for another 1m, by this machine's clock",
            ),
            (CertificateError::Revoked, "its certificate was revoked: the server needs another one"),
            (CertificateError::UnknownRevocationStatus, "its certificate is refused: UnknownRevocationStatus"),
        ] {
            let error = rustls::Error::InvalidCertificate(refused);
            assert_eq!(why(&error), words);
            let error = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, error));
            assert_eq!(why(&error), words, "as the connector hands it on");
        }
        assert_eq!(why(&rustls::Error::HandshakeNotComplete), "TLS failed: handshake not complete");
    }
}
