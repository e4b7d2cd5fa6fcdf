//! Whose certificate is good enough.

use reinstall_http::client::Client;
use reinstall_http::network::{Network, UNTRUSTED};
use reinstall_http::transport::TransportError;

use crate::authority::{Authority, Identity, VERSIONS};
use crate::client::{assert_unreachable, builder, client, look, reinstall, trusting};
use crate::cloud::Cloud;

async fn cloud(identity: &Identity) -> Cloud {
    Cloud::start(identity.config(VERSIONS, &["h2", "http/1.1"])).await
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_it_is_named_and_only_then() {
    let [ours, other, namesake] = [Authority::new(), Authority::named("another"), Authority::new()];
    let cloud = cloud(&ours.certify("localhost")).await;
    for network in [Network::default(), trusting(other.pem()), trusting(namesake.pem())] {
        assert_unreachable(&client(&cloud.base(), network), UNTRUSTED).await;
    }
    assert!(cloud.seen().is_empty());
    let both = [other.pem(), ours.pem()];
    for network in [trusting(both.concat()), Network { ca_certificates: both.to_vec(), ..Network::default() }] {
        let client = client(&cloud.base(), network);
        look(&client).await.expect("an answer");
        reinstall(&client).await.expect("accepted");
    }
    assert_eq!(cloud.seen().len(), 4);
}

#[tokio::test]
async fn a_certificate_for_others_or_for_another_time_is_refused() {
    let ours = Authority::new();
    for (identity, words) in [
        (ours.certify("other.example"), "its certificate is for other.example, not for localhost"),
        (ours.certify("localhost.other.example"), "its certificate is for localhost.other.example, not for localhost"),
        (ours.certify_until("localhost", 2020), "its certificate ran out "),
        (ours.certify_from("localhost", 2200), "its certificate is not valid for another "),
    ] {
        let cloud = cloud(&identity).await;
        assert_unreachable(&client(&cloud.base(), trusting(ours.pem())), words).await;
        assert!(cloud.seen().is_empty(), "{words}");
    }
}

#[tokio::test]
async fn what_is_no_certificate_is_refused_before_anything_is_sent() {
    let ours = Authority::new();
    let build = |pem: &[u8]| builder("https://localhost", trusting(pem.to_vec()), 1).build();
    let key = ours.certify("localhost").key_pem();
    let cut = &ours.pem()[..100];
    let not_one = b"-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n-----END CERTIFICATE-----\n";
    let no_base64 = b"-----BEGIN CERTIFICATE-----\n!canary!\n-----END CERTIFICATE-----\n";
    type Kind = fn(&TransportError) -> bool;
    let none: Kind = |error| matches!(error, TransportError::NoCertificate);
    let damaged: Kind = |error| matches!(error, TransportError::Pem { entry: 1, .. });
    let unusable: Kind = |error| matches!(error, TransportError::Certificate { entry: 1, .. });
    let cases: [(&[u8], Kind); 7] = [
        (b"", none),
        (b"canary", none),
        (b"\0\xff\n\n", none),
        (&key, none),
        (cut, damaged),
        (not_one, unusable),
        (no_base64, damaged),
    ];
    for (pem, is_right) in cases {
        let error = build(pem).map(drop).expect_err("refused");
        let shown = format!("{error} {error:?}");
        assert!(is_right(&error) && !shown.contains("canary"), "{shown}: {}", String::from_utf8_lossy(pem));
    }
    let with_key = [key, ours.pem()].concat();
    let _: Client = build(&with_key).expect("a key beside a certificate does no harm");
}

/// There is nothing older to be tried: rustls has no TLS 1.1.
#[tokio::test]
async fn either_version_of_tls_will_do() {
    let ours = Authority::new();
    for (version, name) in [(&rustls::version::TLS12, "TLSv1_2"), (&rustls::version::TLS13, "TLSv1_3")] {
        let cloud = Cloud::start(ours.certify("localhost").config(&[version], &["h2", "http/1.1"])).await;
        let client = client(&cloud.base(), trusting(ours.pem()));
        look(&client).await.expect("an answer");
        reinstall(&client).await.expect("accepted");
        let seen = cloud.seen();
        assert!(seen.len() == 2 && seen.iter().all(|seen| seen.tls.contains(name)), "{name}");
    }
}
