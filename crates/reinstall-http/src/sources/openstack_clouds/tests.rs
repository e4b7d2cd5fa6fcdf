use crate::sources::Asked;
use crate::sources::Source::OpenStackClouds;
use crate::sources::testing::{UNREADABLE, check, check_asked};

const CLOUDS: &str = r"
clouds:
  prod:
    profile: ignored
    region_name: cn-east-3
    identity_api_version: 3
    auth: &auth
      auth_url: https://iam.cn-east-3.myhuaweicloud.com/v3
      username: ann
      password: canary
      user_domain_name: acme
      project_name: cn-east-3
  digits:
    auth: { <<: *auth, password: 0123456 }
  token:
    auth_type: v3token
    auth: { token: canary-t, auth-url: https://iam.example.com, project-id: p1 }
  old:
    auth: { auth_url: https://iam.example.com/v2.0, username: ann, password: canary, user_domain_name: acme }
  bare:
    auth:
      auth_url: https://iam.example.com
  half:
    auth:
      username: ann
      auth_url: https://iam.example.com
  strange:
    auth: [canary]
";

const PATH: &str = "/h/.config/openstack/clouds.yaml";

fn check_cloud(cloud: &'static str, told: &str) {
    check(OpenStackClouds, &[("OS_CLOUD", cloud)], &[(PATH, CLOUDS)], told);
}

#[test]
fn the_named_cloud_is_read() {
    let prod =
        "user ann canary of acme project_name=cn-east-3 region=cn-east-3 iam=https://iam.cn-east-3.myhuaweicloud.com";
    check_cloud("prod", prod);
    check_cloud("token", "token canary-t project_id=p1 iam=https://iam.example.com");
    check_cloud(
        "digits",
        "user ann 0123456 of acme project_name=cn-east-3 iam=https://iam.cn-east-3.myhuaweicloud.com",
    );
    let asked = Asked { cloud: Some("prod"), ..Asked::default() };
    check_asked(OpenStackClouds, &asked, &[("OS_CLOUD", "token")], &[(PATH, CLOUDS)], prod);
}

#[test]
fn files_are_looked_for_where_openstacks_clients_do() {
    let one = "clouds: { x: { auth: { token: canary1 } } }";
    let two = r#"{"clouds": {"x": {"auth": {"token": "canary2"}}}}"#;
    let cloud = ("OS_CLOUD", "x");
    for (variables, files, told) in [
        (vec![cloud], vec![("clouds.yaml", one), (PATH, two)], "token canary1"),
        (vec![cloud], vec![("/etc/openstack/clouds.json", one), (PATH, two)], "token canary2"),
        (vec![cloud], vec![("/etc/openstack/clouds.yml", one)], "token canary1"),
        (vec![cloud, ("OS_CLIENT_CONFIG_FILE", "/x.json")], vec![("/x.json", two), (PATH, one)], "token canary2"),
        (
            vec![cloud, ("OS_CLIENT_CONFIG_FILE", "/none")],
            vec![(PATH, one)],
            "broken: /none: not there, though OS_CLIENT_CONFIG_FILE names it",
        ),
        (
            vec![cloud],
            vec![],
            "broken: cloud `x` is asked for, and there is no clouds.yaml; looked for: clouds.yaml, clouds.yml, clouds.json, \
             /h/.config/openstack/clouds.yaml, /h/.config/openstack/clouds.yml, /h/.config/openstack/clouds.json, \
             /etc/openstack/clouds.yaml, /etc/openstack/clouds.yml, /etc/openstack/clouds.json",
        ),
        (vec![("OS_CLOUD", "")], vec![(PATH, one)], "absent: not set: OS_CLOUD"),
    ] {
        check(OpenStackClouds, &variables, &files, told);
    }
}

#[test]
fn the_secure_file_wins_field_by_field() {
    let open = "clouds:\n  x:\n    auth: { auth_url: https://iam.example.com, username: ann, password: canary-old, \
                user_domain_name: acme }\n";
    let secure = "clouds:\n  x:\n    auth:\n      password: canary-new\n  y:\n    auth: { token: canary-y }\n";
    let at = "/h/.config/openstack/secure.yaml";
    let told = "user ann canary-new of acme iam=https://iam.example.com";
    check(OpenStackClouds, &[("OS_CLOUD", "x")], &[(PATH, open), (at, secure)], told);
    check(OpenStackClouds, &[("OS_CLOUD", "y")], &[(PATH, open), (at, secure)], "token canary-y");
    let named = [("OS_CLOUD", "x"), ("OS_CLIENT_SECURE_FILE", "/s.yaml")];
    check(OpenStackClouds, &named, &[(PATH, open), ("/s.yaml", secure)], told);
    let strange = "clouds: { x: { auth: { password: [canary] } } }";
    let told =
        format!("broken: {at}:1: not of the form of a clouds.yaml: `clouds:`, a name, and below it `auth:` with texts");
    check(OpenStackClouds, &[("OS_CLOUD", "x")], &[(PATH, open), (at, strange)], &told);
}

#[test]
fn what_is_broken_is_told_with_its_line() {
    let old = "version 2 of the identity API is not spoken; give the address of version 3, ending in /v3";
    let shape = "not of the form of a clouds.yaml: `clouds:`, a name, and below it `auth:` with texts";
    for (cloud, told) in [
        ("old", format!("broken: {PATH}:19: auth.auth_url: {old}")),
        (
            "bare",
            format!(
                "broken: {PATH}: cloud `bare` is set, and its auth.token or auth.username is not; they go together"
            ),
        ),
        ("half", format!("broken: {PATH}:25: auth.username is set, and auth.password is not; they go together")),
        ("strange", format!("broken: {PATH}:28: {shape}")),
        ("prd", format!("broken: {PATH}: has no cloud `prd`; did you mean `prod`?")),
        ("mars", format!("broken: {PATH}: has no cloud `mars`; it has 7 of other names")),
    ] {
        check_cloud(cloud, &told);
    }
    for (text, told) in [
        ("clouds:\n  x: {auth: {token: canary}\n", format!("{PATH}:2: {shape}")),
        ("- canary\n", format!("{PATH}:1: {shape}")),
        ("clouds: canary\n", format!("{PATH}:1: {shape}")),
        ("", format!("{PATH}: has no cloud `x`; it has none at all")),
        ("clouds:\n", format!("{PATH}: has no cloud `x`; it has none at all")),
        (UNREADABLE, format!("{PATH}: cannot be read: permission denied")),
    ] {
        check(OpenStackClouds, &[("OS_CLOUD", "x")], &[(PATH, text)], &format!("broken: {told}"));
    }
}
