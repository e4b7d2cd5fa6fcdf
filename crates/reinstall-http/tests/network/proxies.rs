//! Who is reached through a proxy, and what it gets to see.
//!
//! This machine is never reached through one, so that the server goes by a name here that the proxy alone knows.

use std::time::Duration;

use http::{Method, Version};
use reinstall_http::network::{self, Network, Timeouts};

use crate::authority::{Authority, VERSIONS};
use crate::client::{assert_silent, assert_unreachable, client, far, look, reinstall, trusting};
use crate::cloud::Cloud;
use crate::proxy::{Manner, Proxy};

const NAME: &str = "clouddc.test.example";

/// A proxy that knows the way to the server, whose certificate is by `ours`.
async fn pair(ours: &Authority) -> (Cloud, Proxy) {
    let cloud = Cloud::start(ours.certify(NAME).config(VERSIONS, &["h2", "http/1.1"])).await;
    let way = [(format!("{NAME}:443"), cloud.port), (format!("{NAME}:8443"), cloud.port)];
    let proxy = Proxy::start(Manner::Connects(way.into())).await;
    (cloud, proxy)
}

/// Goes through the proxy on this port, but not to `except`.
fn through(network: Network, user: &str, port: u16, except: &str) -> Network {
    let proxy = network::Proxy::parse(&format!("http://{user}127.0.0.1:{port}"), except).expect("a proxy");
    Network { proxy: Some(proxy), ..network }
}

#[tokio::test]
async fn a_proxy_sees_where_we_go_and_nothing_else() {
    let ours = Authority::new();
    for (user, authorization) in [
        ("", None),
        // What stands before the colon and after it, in base64.
        ("ann:canary-pw@", Some("Proxy-Authorization: Basic YW5uOmNhbmFyeS1wdw==")),
        ("ann%40corp:canary%3apw@", Some("Proxy-Authorization: Basic YW5uQGNvcnA6Y2FuYXJ5OnB3")),
    ] {
        for (base, asked_for) in [("", ":443"), (":8443", ":8443")] {
            let (cloud, proxy) = pair(&ours).await;
            let network = through(trusting(ours.pem()), user, proxy.port, "");
            let client = client(&format!("https://{NAME}{base}"), network);
            look(&client).await.expect("an answer");
            reinstall(&client).await.expect("accepted");
            let seen = cloud.seen().into_iter().map(|seen| (seen.method, seen.version)).collect::<Vec<_>>();
            assert_eq!(seen, [(Method::GET, Version::HTTP_2), (Method::PUT, Version::HTTP_11)]);
            assert_eq!(proxy.asked().len(), 2, "one for the looks, one for the reinstall");
            for asked in proxy.asked() {
                assert!(asked.starts_with(&format!("CONNECT {NAME}{asked_for} HTTP/1.1\r\n")), "{asked}");
                let lower = asked.to_lowercase();
                assert!(!lower.contains("canary") && !lower.contains("x-auth-token"), "{asked}");
                let authorized = lower.contains("proxy-authorization");
                let sent = asked.lines().find(|line| line.to_lowercase().starts_with("proxy-authorization"));
                let fits = sent.map(str::to_lowercase) == authorization.map(str::to_lowercase);
                assert!(fits && authorized == authorization.is_some(), "{asked}");
            }
        }
    }
}

/// Its certificate has to be as good as the cloud's; TLS to the cloud goes through that to the proxy.
#[tokio::test]
async fn a_proxy_may_be_spoken_to_over_tls() {
    let ours = Authority::new();
    let cloud = Cloud::start(ours.certify(NAME).config(VERSIONS, &["h2", "http/1.1"])).await;
    let way = Manner::Connects([(format!("{NAME}:443"), cloud.port)].into());
    let proxy = Proxy::start_tls(way, ours.certify("localhost").config(VERSIONS, &[])).await;
    let address = format!("https://ann:canary-pw@localhost:{}", proxy.port);
    let network = |ca: Network| Network { proxy: Some(network::Proxy::parse(&address, "").expect("a proxy")), ..ca };
    let words = format!("no connection to {NAME} through the proxy localhost:{}: {}", proxy.port, network::UNTRUSTED);
    assert_unreachable(&client(&format!("https://{NAME}"), network(Network::default())), &words).await;
    assert_eq!(proxy.asked(), [] as [String; 0], "no password for a stranger");
    let client = client(&format!("https://{NAME}"), network(trusting(ours.pem())));
    look(&client).await.expect("an answer");
    reinstall(&client).await.expect("accepted");
    let versions = cloud.seen().into_iter().map(|seen| seen.version).collect::<Vec<_>>();
    assert_eq!((versions, proxy.asked().len()), (vec![Version::HTTP_2, Version::HTTP_11], 2));
}

/// Whoever is an exception is looked for directly, and not found.
#[tokio::test]
async fn exceptions_go_without_it() {
    let ours = Authority::new();
    for (except, is_exception) in [
        ("", false),
        ("other.example, test.example.org", false),
        ("clouddc.test.example", true),
        ("test.example", true),
        (".example", true),
        ("a.example, CLOUDDC.test.example", true),
        ("st.example", false),
        ("*", true),
    ] {
        let (cloud, proxy) = pair(&ours).await;
        let client = client(&format!("https://{NAME}"), through(trusting(ours.pem()), "", proxy.port, except));
        let reached = look(&client).await;
        assert_eq!(reached.is_err(), is_exception, "{except}: {reached:?}");
        if let Err(error) = reached {
            assert!(error.to_string().contains(&format!("no connection to {NAME}: ")), "names no proxy: {error}");
        }
        assert_eq!((proxy.asked().is_empty(), cloud.seen().is_empty()), (is_exception, is_exception), "{except}");
    }
}

/// A network among the exceptions covers addresses, which name no host to a proxy.
#[tokio::test]
async fn addresses_are_compared_with_networks() {
    for (host, except, is_asked) in [
        ("192.0.2.7", "", true),
        ("192.0.2.7", "198.51.100.0/24", true),
        ("[2001:db8::7]", "192.0.2.0/24", true),
        // These would be tried directly. They lead nowhere, which takes no time where the limit is none.
        ("192.0.2.7", "192.0.2.0/24", false),
        ("192.0.2.7", "192.0.2.7", false),
        ("[2001:db8::7]", "2001:db8::/32", false),
    ] {
        let proxy = Proxy::start(Manner::Says("HTTP/1.1 503 No\r\n\r\n")).await;
        let connect = if is_asked { far().connect } else { Duration::from_millis(1) };
        let network = Network { timeouts: Timeouts { connect, ..far() }, ..Network::default() };
        let client = client(&format!("https://{host}"), through(network, "", proxy.port, except));
        let error = look(&client).await.expect_err("leads nowhere");
        assert_eq!(proxy.asked().len(), usize::from(is_asked), "{host} {except}: {error}");
        assert_eq!(error.to_string().contains("through the proxy"), is_asked, "{error}");
    }
}

#[tokio::test]
async fn this_machine_and_plain_http_go_without_it() {
    let ours = Authority::new();
    let proxy = Proxy::start(Manner::Says("HTTP/1.1 503 No\r\n\r\n")).await;
    for name in ["localhost", "127.0.0.1"] {
        let cloud = Cloud::start(ours.certify(name).config(VERSIONS, &["h2", "http/1.1"])).await;
        let network = through(trusting(ours.pem()), "", proxy.port, "other.example");
        let client = client(&format!("https://{name}:{}", cloud.port), network);
        look(&client).await.expect("an answer");
        reinstall(&client).await.expect("accepted");
    }
    let server = reinstall_mock_server::serve::MockServer::builder().start().await.expect("a server");
    let client = client(&server.base_url(), through(Network::default(), "", proxy.port, ""));
    look(&client).await.expect_err("an answer that refuses the token");
    assert_eq!(proxy.asked(), [] as [String; 0]);
}

#[tokio::test]
async fn a_proxy_that_does_not_help_is_named() {
    let says = |words| (Manner::Says(words), far().connect);
    for ((manner, connect), words) in [
        (says("HTTP/1.1 407 Who are you?\r\n\r\n"), "it wants another user and password"),
        (says("HTTP/1.1 503 Not today\r\n\r\n"), "it refused to connect"),
        (says("HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n"), "it refused to connect"),
        (says("canary\r\n\r\n"), "it refused to connect"),
        (says(""), "it closed the connection without an answer"),
        ((Manner::Hangs, Duration::from_millis(20)), "it took too long (at most 20ms)"),
    ] {
        let proxy = Proxy::start(manner).await;
        let network = Network { timeouts: Timeouts { connect, ..far() }, ..Network::default() };
        let client = client(&format!("https://{NAME}"), through(network, "ann:canary-pw@", proxy.port, ""));
        let words = format!("no connection to {NAME} through the proxy 127.0.0.1:{}: {words}", proxy.port);
        assert_unreachable(&client, &words).await;
        assert!(proxy.asked().iter().all(|asked| asked.starts_with("CONNECT ")), "nothing was sent past it");
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let client = client(&format!("https://{NAME}"), through(Network::default(), "ann:canary-pw@", port, ""));
    assert_unreachable(&client, &format!("through the proxy 127.0.0.1:{port}: Connection refused")).await;
    assert_silent(&look(&client).await.expect_err("nobody there"));
}
