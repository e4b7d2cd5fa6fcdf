//! TLS, as a client sees it.

use tokio::net::TcpStream;

use super::raw::{Client, LOCALHOST, trusting};
use super::{MockServer, Tls, TlsError, get_status};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\n";

#[tokio::test]
async fn a_generated_certificate_is_trusted_by_who_is_told_to() {
    let server = MockServer::builder().instances(1).tls(Tls::generated().unwrap()).start().await.unwrap();
    assert_eq!(server.base_url(), format!("https://{}", server.address()));
    let certificate = server.certificate_pem().unwrap();
    let other = Tls::generated().unwrap();
    for (trusted, name, is_fine) in [
        (certificate, LOCALHOST, true),
        (certificate, "127.0.0.1", true),
        (certificate, "::1", true),
        (certificate, "example.com", false),
        (other.certificate_pem(), LOCALHOST, false),
    ] {
        let tcp = TcpStream::connect(server.address()).await.unwrap();
        let stream = trusting(trusted, &[]).connect(name.try_into().unwrap(), tcp).await;
        assert_eq!(stream.is_ok(), is_fine, "{name}");
        if let Ok(stream) = stream {
            let mut client = Client(Box::new(stream));
            client.send(get_status(server.ids()[0])).await;
            assert_eq!(client.read(OK.len()).await, OK, "{name}");
        }
    }
    server.shutdown().await;
}

/// Faults on the socket need HTTP/1, so nothing else is agreed on.
#[tokio::test]
async fn http_1_is_all_that_is_agreed_on() {
    let server = MockServer::builder().instances(1).tls(Tls::generated().unwrap()).start().await.unwrap();
    for (offered, agreed) in
        [(&[&b"h2"[..], b"http/1.1"][..], Some(Some(&b"http/1.1"[..]))), (&[], Some(None)), (&[b"h2"], None)]
    {
        let tcp = TcpStream::connect(server.address()).await.unwrap();
        let connector = trusting(server.certificate_pem().unwrap(), offered);
        let stream = connector.connect(LOCALHOST.try_into().unwrap(), tcp).await;
        let seen = stream.as_ref().ok().map(|stream| stream.get_ref().1.alpn_protocol());
        assert_eq!(seen, agreed, "{offered:?}");
    }
    server.shutdown().await;
}

#[test]
fn a_given_certificate_must_be_one_and_fit_its_key() {
    let made = || rcgen::generate_simple_self_signed(["mock.example".to_owned()]).unwrap();
    let (one, other) = (made(), made());
    let (certificate, key) = (one.cert.pem(), one.signing_key.serialize_pem());
    let given = Tls::from_pem(&certificate, &key).unwrap();
    assert_eq!(given.certificate_pem(), certificate);
    assert!(!format!("{given:?}").contains("PRIVATE"));
    // The order of the two in one file does not matter.
    Tls::from_pem(&format!("{key}{certificate}"), &format!("{certificate}{key}")).unwrap();
    for (certificate, key, says) in [
        ("", key.as_str(), "no good"),
        (&certificate, "", "the private key is not readable"),
        (&certificate, &other.signing_key.serialize_pem(), "no good"),
        ("-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n", &key, "the certificate is not readable"),
    ] {
        let error: TlsError = Tls::from_pem(certificate, key).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}
