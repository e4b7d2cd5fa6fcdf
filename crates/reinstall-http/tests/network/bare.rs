//! A machine without any root certificates: a minimal container.

#![cfg(target_os = "linux")]

use std::process::Command;

use reinstall_core::secret::SessionToken;
use reinstall_http::client::Client;
use reinstall_http::endpoint::{Endpoint, PlainHttp};
use reinstall_http::network::{NOBODY_TRUSTED, Network};
use reinstall_mock_server::cloud::config::CloudConfig;
use reinstall_mock_server::serve::MockServer;

use crate::authority::{Authority, VERSIONS};
use crate::client::{assert_unreachable, client, look, trusting};
use crate::cloud::Cloud;

/// What is trusted is a matter of the environment, which no test can change for itself.
#[test]
fn without_root_certificates_plain_http_to_this_machine_works() {
    let test = "bare::what_works_on_a_bare_machine";
    let child = Command::new(std::env::current_exe().expect("this program"))
        .args([test, "--exact", "--ignored"])
        .env("SSL_CERT_FILE", "/dev/null")
        .env_remove("SSL_CERT_DIR")
        .output()
        .expect("a second run of this program");
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
#[ignore = "the test above runs it, in an environment of its own"]
async fn what_works_on_a_bare_machine() {
    let mock = MockServer::builder().start().await.expect("a server");
    let token = SessionToken::parse(MockServer::TOKEN).expect("a token");
    let endpoint = Endpoint::parse(&mock.base_url(), PlainHttp::Loopback).expect("an endpoint");
    let project = CloudConfig::PROJECT.parse().expect("a project");
    let plain = Client::builder(endpoint, project, token).build().expect("a client");
    plain.list().await.expect("an answer");

    let ours = Authority::new();
    let cloud = Cloud::start(ours.certify("localhost").config(VERSIONS, &["h2", "http/1.1"])).await;
    assert_unreachable(&client(&cloud.base(), Network::default()), NOBODY_TRUSTED).await;
    look(&client(&cloud.base(), trusting(ours.pem()))).await.expect("an answer");
}
