use crate::sources::Asked;
use crate::sources::Source::KooCli;
use crate::sources::testing::{UNREADABLE, check, check_asked};

const PATH: &str = "/h/.hcloud/config.json";

const CONFIG: &str = r#"{
  "authEncrypt": "false", "language": "en", "current": "main",
  "profiles": [
    {"name": "main", "mode": "AKSK", "accessKeyId": "AK1", "secretAccessKey": "canary", "securityToken": "",
     "region": "cn-east-3", "projectId": "p1", "domainId": "d1", "readTimeout": 10},
    {"name": "temporary", "mode": "AKSK", "accessKeyId": "AK2", "secretAccessKey": "canary", "securityToken": "canary-st",
     "region": null},
    {"name": "sso", "mode": "SSO", "accessKeyId": "", "region": "cn-south-1",
     "ssoAuth": {"stsToken": {"accessKeyId": "AK3", "secretAccessKey": "canary", "securityToken": "canary-st"}}},
    {"name": "logged-out", "mode": "SSO"},
    {"name": "empty", "mode": "AKSK", "accessKeyId": "", "secretAccessKey": ""},
    {"name": "half", "mode": "AKSK", "accessKeyId": "AK4"},
    {"name": "odd", "mode": "AKSK", "accessKeyId": "canary/canary==", "secretAccessKey": "canary"},
    {"name": "ecs", "mode": "ecsAgency"},
    {"name": "agency", "mode": "AKSK", "accessKeyId": "AK5", "secretAccessKey": "canary", "agencyName": "canary"},
    {"name": "new", "mode": "telepathy"}
  ]
}"#;

#[test]
fn the_current_profile_is_read() {
    check(KooCli, &[], &[(PATH, CONFIG)], "keys AK1 canary project_id=p1 domain_id=d1 region=cn-east-3");
}

#[test]
fn a_profile_that_is_asked_for_is_read_or_told() {
    for (profile, told) in [
        ("temporary", "keys AK2 canary canary-st".to_owned()),
        ("sso", "keys AK3 canary canary-st region=cn-south-1".to_owned()),
        ("ecs", format!("absent: {PATH}: profile `ecs` takes its keys from the ECS metadata")),
        ("logged-out", format!("broken: profile `logged-out` is asked for: {PATH} has no keys in the profile")),
        ("empty", format!("broken: profile `empty` is asked for: {PATH} has no keys in the profile")),
        (
            "half",
            format!(
                "broken: {PATH}: profile `half`: accessKeyId is set, and profile `half`: secretAccessKey is not; they go together"
            ),
        ),
        (
            "odd",
            format!(
                "broken: {PATH}: profile `odd`: accessKeyId: the access key id must be 1 to 128 letters, digits, hyphens or \
                 underscores"
            ),
        ),
        (
            "agency",
            format!(
                "broken: {PATH}: profile `agency`: agencyName: agencies are not assumed here; give the temporary key of the agency"
            ),
        ),
        ("new", format!("broken: {PATH}: profile `new`: mode: only the modes AKSK, SSO and ecsAgency are known here")),
        ("mian", format!("broken: {PATH}: has no profile `mian`; did you mean `main`?")),
    ] {
        let asked = Asked { profile: Some(profile), ..Asked::default() };
        check_asked(KooCli, &asked, &[], &[(PATH, CONFIG)], &told);
    }
    let asked = Asked { profile: Some("main"), ..Asked::default() };
    check_asked(KooCli, &asked, &[], &[], &format!("broken: profile `main` is asked for: not there: {PATH}"));
}

#[test]
fn what_hcloud_encrypted_is_recognised() {
    let hint = "is encrypted, and only hcloud itself can read it; run `hcloud configure set --cli-auth-encrypt=false`, or give \
                the keys in another way";
    let profiles = |id: &str| {
        format!(
            r#""current": "p", "profiles": [{{"name": "p", "accessKeyId": "{id}", "secretAccessKey": "canary"}}]}}"#
        )
    };
    for (said, id, told) in [
        (r#""authEncrypt": "true","#, "Q2FuYXJ5canary", format!("broken: {PATH}: profile `p` {hint}")),
        (r#""authEncrypt": true,"#, "Q2FuYXJ5canary", format!("broken: {PATH}: profile `p` {hint}")),
        ("", "Q2FuYXJ5/canary==", format!("broken: {PATH}: profile `p` {hint}")),
        ("", "AK1", "keys AK1 canary".to_owned()),
    ] {
        check(KooCli, &[], &[(PATH, &format!("{{{said}{}", profiles(id)))], &told);
    }
}

#[test]
fn no_file_is_absent_and_a_strange_one_is_broken() {
    check(KooCli, &[], &[], &format!("absent: not there: {PATH}"));
    for (text, told) in [
        (r#"{"profiles": []}"#, format!("absent: {PATH} has no current profile")),
        (r#"{"current": "", "profiles": []}"#, format!("absent: {PATH} has no current profile")),
        (r#"{"current": "p"}"#, format!("broken: {PATH}: has no profile `p`; it has none at all")),
        (
            r#"{"current": "p", "profiles": [{"name": "p", "mode": "AKSK"}]}"#,
            format!("absent: {PATH} has no keys in the profile"),
        ),
        (
            "{\"current\": \"p\",\n\"profiles\": [{\"name\": \"p\", \"accessKeyId\": [\"canary\"]}]}",
            format!(
                "broken: {PATH}:2: not of the form of an hcloud config.json: an object with `profiles`, whose fields are texts"
            ),
        ),
        (
            "canary",
            format!(
                "broken: {PATH}:1: not of the form of an hcloud config.json: an object with `profiles`, whose fields are texts"
            ),
        ),
        (UNREADABLE, format!("broken: {PATH}: cannot be read: permission denied")),
    ] {
        check(KooCli, &[], &[(PATH, text)], &told);
    }
}
