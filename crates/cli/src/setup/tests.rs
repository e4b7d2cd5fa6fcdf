use super::*;
use crate::env::Variables;

type Settings = &'static [(&'static str, &'static str)];

fn environment(endpoint: Option<&str>, project: Option<&str>, credentials: Settings) -> Environment {
    Environment {
        endpoint: endpoint.map(Into::into),
        project_id: project.map(Into::into),
        credentials: Variables::Given(credentials),
        ..Environment::default()
    }
}

fn with<R>(args: &ConnectionArgs, environment: &Environment, work: impl FnOnce(&Setup<'_>) -> R) -> R {
    work(&Setup { args, state: &StateArgs::default(), environment })
}

const TOKEN: Settings = &[("REINSTALL_TOKEN", "tok\n")];
const KEYS: Settings = &[("HUAWEICLOUD_SDK_AK", "AK1"), ("HUAWEICLOUD_SDK_SK", "canary-sk")];

#[test]
fn everything_missing_is_told_at_once() {
    let nothing = environment(None, None, &[]);
    let both = vec![Missing::Endpoint, Missing::ProjectId];
    let refused = with(&ConnectionArgs::default(), &nothing, |setup| setup.access()).unwrap_err();
    let Failure::Unset { missing, tried: Some(tried) } = &refused else { panic!("{refused:?}") };
    assert_eq!((missing, tried.passed().len()), (&both, Source::CHAIN.len()));
    let shown = refused.to_string();
    for words in [
        "--region NAME",
        "--project-id ID",
        "REINSTALL_TOKEN",
        "~/.huaweicloud/credentials",
        "clouds.yaml",
        "HW_ACCESS_KEY",
    ] {
        assert!(shown.contains(words), "{words} in {shown}");
    }
    // With a region, the project is looked up.
    let args = ConnectionArgs { region: Some("cn-east-3".into()), ..ConnectionArgs::default() };
    let refused = with(&args, &nothing, |setup| setup.access()).unwrap_err();
    assert!(matches!(&refused, Failure::Unset { missing, tried: Some(_) } if missing.is_empty()), "{refused:?}");
    // A plan needs no credential where all else is said.
    let account =
        with(&ConnectionArgs::default(), &environment(Some("a.example"), Some("p1"), &[]), |setup| setup.account());
    assert_eq!(account.unwrap().project.as_str(), "p1");
}

#[test]
fn flags_win_over_the_environment() {
    let args = ConnectionArgs { endpoint: Some("flag.example".into()), ..ConnectionArgs::default() };
    let access = with(&args, &environment(Some("env.example"), Some("p1"), TOKEN), |setup| setup.access()).unwrap();
    assert_eq!(access.account.endpoint.to_string(), "https://flag.example");
    assert!(matches!(&access.credential, Credential::Token(token) if token.expose() == "tok"));
    let args = ConnectionArgs { region: Some("cn-south-1".into()), ..ConnectionArgs::default() };
    let access = with(&args, &environment(Some("env.example"), Some("p1"), KEYS), |setup| setup.access()).unwrap();
    assert_eq!(access.account.endpoint.region(), Some("cn-south-1"));
    assert_eq!(access.who.to_string(), format!("access key AK1 ({})", Source::SdkVariables));
    assert!(!format!("{access:?}").contains("canary"), "{access:?}");
}

#[test]
fn a_source_brings_its_region_and_project_along() {
    let terraform: Settings = &[
        ("HW_ACCESS_KEY", "AK2"),
        ("HW_SECRET_KEY", "canary-sk"),
        ("HW_REGION_NAME", "cn-east-3"),
        ("HW_PROJECT_ID", "p2"),
    ];
    for account in [
        with(&ConnectionArgs::default(), &environment(None, None, terraform), |setup| setup.account()),
        with(&ConnectionArgs::default(), &environment(None, None, terraform), |setup| {
            setup.access().map(|it| it.account)
        }),
    ] {
        let account = account.unwrap();
        assert_eq!((account.endpoint.region(), account.project.as_str()), (Some("cn-east-3"), "p2"));
    }
    let elsewhere =
        with(&ConnectionArgs::default(), &environment(Some("env.example"), Some("p1"), terraform), |setup| {
            setup.access()
        });
    let elsewhere = elsewhere.unwrap().account;
    assert_eq!((elsewhere.endpoint.to_string().as_str(), elsewhere.project.as_str()), ("https://env.example", "p1"));
}

#[test]
fn what_is_broken_stops_the_search() {
    let half: Settings = &[("HUAWEICLOUD_SDK_AK", "AK1"), ("HW_ACCESS_KEY", "AK2"), ("HW_SECRET_KEY", "canary-sk")];
    let refused =
        with(&ConnectionArgs::default(), &environment(Some("a.example"), Some("p1"), half), |setup| setup.access());
    let refused = refused.unwrap_err();
    assert!(matches!(&refused, Failure::Credential(_)), "{refused:?}");
    assert!(refused.to_string().contains("HUAWEICLOUD_SDK_SK is not"), "{refused}");
}

#[test]
fn a_record_is_about_one_endpoint_and_project() {
    let project = "p1".parse().unwrap();
    let recorded = "https://a.example";
    for (args, endpoint, ok) in [
        (ConnectionArgs::default(), None, true),
        (ConnectionArgs::default(), Some("a.example"), true),
        (ConnectionArgs::default(), Some("b.example"), false),
        (ConnectionArgs { region: Some("cn-east-3".into()), ..ConnectionArgs::default() }, None, false),
        (ConnectionArgs { project_id: Some("p2".into()), ..ConnectionArgs::default() }, None, false),
    ] {
        let access = with(&args, &environment(endpoint, None, TOKEN), |setup| setup.access_to(recorded, &project));
        match (access, ok) {
            (Ok(access), true) => assert_eq!(access.account.endpoint.to_string(), recorded),
            (Err(Failure::Elsewhere { .. }), false) => {}
            (other, _) => panic!("{args:?}: {other:?}"),
        }
    }
}
