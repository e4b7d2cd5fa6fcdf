//! `Debug` of every public type that holds a secret: it is what ends up in logs and panics by accident.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

use std::fmt::Debug;
use std::io;
use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use reinstall_core::action::Submission;
use reinstall_core::id::{InstanceId, ProjectId};
use reinstall_core::instance_set::InstanceSet;
use reinstall_core::login::PasswordPolicy;
use reinstall_core::redact::{Redactor, Role};
use reinstall_core::secret::{SecretKey, SecurityToken, SessionToken, UserPassword};
use reinstall_core::time::Timestamp;
use reinstall_http::client::Client;
use reinstall_http::clock::Clock;
use reinstall_http::credential::Credential;
use reinstall_http::driver::Driver;
use reinstall_http::endpoint::{Endpoint, PlainHttp};
use reinstall_http::iam::Iam;
use reinstall_http::iam_user::IamUser;
use reinstall_http::network::{Network, Proxy};
use reinstall_http::operation::Reply;
use reinstall_http::ops::{create_token, metadata, reinstall_os};
use reinstall_http::sign::key::AccessKey;
use reinstall_http::sign::{self, Message};
use reinstall_http::sources::{self, Asked, Surroundings};
use reinstall_http::wire::iam::ScopeProject;
use zeroize::Zeroizing;

const CANARY: &str = "Canary-9931-pw";

fn endpoint() -> Endpoint {
    Endpoint::parse("a.example", PlainHttp::Loopback).expect("an endpoint")
}

fn token() -> SessionToken {
    SessionToken::parse(CANARY).expect("a token")
}

fn key() -> AccessKey {
    let key = AccessKey::new("AK1", SecretKey::parse(CANARY).expect("a secret")).expect("a key");
    key.with_security_token(SecurityToken::parse(CANARY).expect("a token"))
}

fn user() -> IamUser {
    IamUser::new("ann", UserPassword::new(CANARY.to_owned().into()).expect("a password"), "acme")
}

fn hides(what: &dyn Debug, name: &str) {
    for shown in [format!("{what:?}"), format!("{what:#?}")] {
        assert!(!shown.contains(CANARY) && !shown.contains("anary"), "{name}: {shown}");
    }
}

#[test]
fn whoever_holds_a_secret_shows_none() {
    let project: ProjectId = "p-1".parse().expect("a project");
    let password = PasswordPolicy::for_os(None).admit(CANARY.to_owned().into()).expect("an allowed password");
    hides(&password, "AdminPassword");
    hides(&token(), "SessionToken");
    hides(key().secret(), "SecretKey");
    hides(&key().security_token(), "SecurityToken");
    hides(user().password(), "UserPassword");
    hides(&key(), "AccessKey");
    hides(&user(), "IamUser");
    hides(&Redactor::new().with(Role::AdminPassword, CANARY), "Redactor");

    let credentials =
        [Credential::Token(token()), Credential::Keys(key()), Credential::User { iam: endpoint(), user: user() }];
    let proxy = Proxy::parse(&format!("http://ann:{CANARY}@proxy.example"), "").expect("a proxy");
    let network = Network { proxy: Some(proxy), ..Network::default() };
    hides(&network, "Network");
    for credential in credentials {
        hides(&credential, "Credential");
        let builder = || Client::builder(endpoint(), project.clone(), credential.clone()).network(network.clone());
        hides(&builder(), "ClientBuilder");
        let client = builder().build().expect("a client");
        hides(&client, "Client");
        hides(&Driver::new(client, Clock::start(), password.clone()), "Driver");
        hides(&Iam::new(endpoint(), credential, "cn-east-3", &network, Clock::start()).expect("a client"), "Iam");
    }

    let submission =
        Submission { ids: InstanceSet::new(vec![InstanceId::from_bits(1)]).expect("one"), image: None, attempt: 1 };
    hides(&reinstall_os::request(&project, &submission, &password).expect("a request"), "Request");
    hides(&create_token::request(&user(), ScopeProject::Id("p-1")).expect("a request"), "Request for a token");
    hides(&metadata::keys(Some(&token())).expect("a request"), "Request for keys");
}

#[test]
fn answers_and_signatures_show_none() {
    let headers =
        HeaderMap::from_iter([(http::HeaderName::from_static("x-subject-token"), CANARY.parse().expect("a value"))]);
    let body = Bytes::from_static(br#"{"token":{}}"#);
    let reply = Reply { status: StatusCode::CREATED, headers, body, cut: None };
    hides(&reply, "Reply");
    hides(&create_token::reply(&reply, &Redactor::new()).expect("a token"), "IssuedToken");
    let keys = format!(r#"{{"credential":{{"access":"AK1","secret":"{CANARY}","securitytoken":"{CANARY}"}}}}"#);
    let reply = Reply { status: StatusCode::OK, headers: HeaderMap::new(), body: keys.into(), cut: None };
    hides(&metadata::keys_reply(&reply, &Redactor::new()).expect("keys"), "TemporaryKeys");

    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("a.example"));
    let message = Message { method: &Method::GET, path: "/", query: None, headers: &headers, body: b"" };
    let signed = sign::sign(&message, &key(), Timestamp::from_millis(0)).expect("a signature");
    hides(&signed, "Signed");
    hides(&signed.canonical, "CanonicalRequest");
}

/// Whatever a source has, and whatever is the matter with it.
#[test]
fn what_was_found_and_what_was_not_show_none() {
    let whole =
        [("HUAWEICLOUD_SDK_AK", "AK1"), ("HUAWEICLOUD_SDK_SK", CANARY), ("HUAWEICLOUD_SDK_SECURITY_TOKEN", CANARY)];
    let user = [("REINSTALL_IAM_USER", "ann"), ("REINSTALL_IAM_PASSWORD", CANARY), ("REINSTALL_IAM_DOMAIN", "acme")];
    let half = [("HUAWEICLOUD_SDK_SK", CANARY)];
    let odd = [("REINSTALL_TOKEN", "Canary 9931")];
    for (variables, is_found) in [(&whole[..], true), (&user, true), (&half, false), (&odd, false), (&[], false)] {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| Zeroizing::new((*value).to_owned()))
        };
        let file = |_: &Path| Err(io::ErrorKind::NotFound.into());
        let surroundings = Surroundings { variable: &variable, file: &file, home: None };
        hides(&surroundings, "Surroundings");
        match sources::find(&surroundings, &Asked::default()) {
            Ok(found) => {
                assert!(is_found, "{found:?}");
                hides(&found, "Found");
            }
            Err(error) => {
                assert!(!is_found, "{error}");
                hides(&error, "NoCredential");
                assert!(!error.to_string().contains("anary"), "{error}");
            }
        }
    }
}
