//! The chain as a whole.

use proptest::prelude::*;

use super::miss::Miss;
use super::testing::{safe, with_surroundings};
use super::{Asked, Source, find, look};

const SDK_FILE: (&str, &str) = ("/h/.huaweicloud/credentials", "[basic]\nak = AK3\nsk = canary\nproject_id = p3\n");
const CLOUDS: (&str, &str) = ("clouds.yaml", "clouds: { x: { auth: { token: canary } } }");
const KOO_CLI: (&str, &str) = (
    "/h/.hcloud/config.json",
    r#"{"current": "p", "profiles": [{"name": "p", "accessKeyId": "AK7", "secretAccessKey": "canary"}]}"#,
);

/// Variables of every source that has any.
const ALL: [(&str, &str); 8] = [
    ("REINSTALL_TOKEN", "canary"),
    ("HUAWEICLOUD_SDK_AK", "AK2"),
    ("HUAWEICLOUD_SDK_SK", "canary"),
    ("OS_TOKEN", "canary"),
    ("OS_CLOUD", "x"),
    ("HW_ACCESS_KEY", "AK6"),
    ("HW_SECRET_KEY", "canary"),
    ("HW_REGION_NAME", "cn-east-3"),
];

fn first(variables: &[(&str, &str)], files: &[(&str, &str)], asked: &Asked<'_>) -> Result<Source, String> {
    with_surroundings(variables, files, |surroundings| match find(surroundings, asked) {
        Ok(found) => {
            assert!(!format!("{found:?}").contains("canary"), "{found:?}");
            Ok(found.source)
        }
        Err(none) => {
            safe(format!("{none:?}"));
            Err(safe(none.to_string()))
        }
    })
}

#[test]
fn sources_are_asked_in_their_order() {
    let metadata = Asked { metadata: true, ..Asked::default() };
    let mut variables = ALL.to_vec();
    let mut files = vec![SDK_FILE, CLOUDS, KOO_CLI];
    for source in Source::CHAIN {
        assert_eq!(first(&variables, &files, &metadata), Ok(source));
        match source {
            Source::Own => variables.retain(|(name, _)| !name.starts_with("REINSTALL")),
            Source::SdkVariables => variables.retain(|(name, _)| !name.starts_with("HUAWEICLOUD")),
            Source::SdkFile => files.retain(|file| *file != SDK_FILE),
            Source::OpenStackVariables => variables.retain(|(name, _)| *name != "OS_TOKEN"),
            Source::OpenStackClouds => variables.retain(|(name, _)| *name != "OS_CLOUD"),
            Source::Terraform => variables.retain(|(name, _)| !name.starts_with("HW_")),
            Source::KooCli => files.retain(|file| *file != KOO_CLI),
            Source::Metadata => {}
        }
    }
}

#[test]
fn what_is_asked_for_by_name_is_asked_alone() {
    let files = [SDK_FILE, CLOUDS, KOO_CLI];
    let (cloud, profile) =
        (Asked { cloud: Some("x"), ..Asked::default() }, Asked { profile: Some("p"), ..Asked::default() });
    assert_eq!(first(&ALL, &files, &cloud), Ok(Source::OpenStackClouds));
    assert_eq!(first(&ALL, &files, &profile), Ok(Source::KooCli));
    let ecs = [(KOO_CLI.0, r#"{"profiles": [{"name": "p", "mode": "ecsAgency"}]}"#)];
    assert_eq!(first(&ALL, &ecs, &Asked { metadata: true, ..profile }), Ok(Source::Metadata));
    assert_eq!(
        first(&ALL, &ecs, &profile).unwrap_err(),
        "no credential was found; these were asked:\n\
         \x20 ~/.hcloud/config.json: /h/.hcloud/config.json: profile `p` takes its keys from the ECS metadata\n\
         \x20 ECS metadata: not asked, since nobody allowed it"
    );
    let told = first(&ALL, &files, &Asked { cloud: Some("y"), ..Asked::default() }).unwrap_err();
    assert_eq!(
        told,
        "the credential in clouds.yaml (OS_CLOUD) cannot be used: clouds.yaml: has no cloud `y`; it has 1 of other names"
    );
}

#[test]
fn what_is_broken_stops_the_search() {
    let variables = [("OS_USERNAME", "canary"), ("HW_ACCESS_KEY", "AK6"), ("HW_SECRET_KEY", "canary")];
    let told = first(&variables, &[KOO_CLI], &Asked::default()).unwrap_err();
    assert_eq!(
        told,
        "the credential in variables OS_TOKEN, OS_USERNAME and OS_PASSWORD cannot be used: OS_USERNAME is set, and OS_PASSWORD \
         is not; they go together; before it, these had none:\n\
         \x20 variables REINSTALL_TOKEN, REINSTALL_ACCESS_KEY, REINSTALL_IAM_USER: not set\n\
         \x20 variables HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK: not set\n\
         \x20 ~/.huaweicloud/credentials: not there: /h/.huaweicloud/credentials"
    );
    let broken = [("HUAWEICLOUD_SDK_AK", "AK2")];
    assert!(first(&broken, &[SDK_FILE, KOO_CLI], &Asked::default()).unwrap_err().contains("HUAWEICLOUD_SDK_SK is not"));
    assert_eq!(first(&ALL, &[(SDK_FILE.0, "[basic")], &Asked::default()), Ok(Source::Own), "it was not asked");
}

#[test]
fn every_source_is_named_when_none_has_anything() {
    let told = first(&[], &[], &Asked::default()).unwrap_err();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], "no credential was found; these were asked:");
    assert_eq!(lines.len(), 1 + Source::CHAIN.len());
    for (line, source) in lines[1..].iter().zip(Source::CHAIN) {
        assert!(line.starts_with(&format!("  {source}: ")), "{line}");
    }
    assert_eq!(lines[8], "  ECS metadata: not asked, since nobody allowed it");
}

#[test]
fn without_a_home_no_file_in_it_is_looked_for() {
    with_surroundings(&[], &[SDK_FILE, KOO_CLI], |surroundings| {
        let homeless = super::Surroundings { home: None, ..*surroundings };
        for (source, usual) in [(Source::SdkFile, ".huaweicloud/credentials"), (Source::KooCli, ".hcloud/config.json")]
        {
            let Err(Miss::Absent(why)) = look(source, &homeless, &Asked::default()) else { panic!("{source}") };
            assert_eq!(why.to_string(), format!("~/{usual} was not looked for, since the home folder is not known"));
        }
    });
}

#[test]
fn surroundings_do_not_show_what_is_in_them() {
    with_surroundings(&ALL, &[SDK_FILE], |surroundings| {
        assert_eq!(format!("{surroundings:?}"), "Surroundings { home: Some(\"/h\"), .. }");
    });
}

/// `text` with `cut` characters from `at` on replaced by `put`.
fn mangled(text: &str, at: usize, cut: usize, put: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = at % (chars.len() + 1);
    let rest = &chars[(at + cut).min(chars.len())..];
    chars[..at].iter().chain(put.chars().collect::<Vec<_>>().iter()).chain(rest).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever is wrong in a file, nothing of it is repeated.
    #[test]
    fn mangled_files_show_no_secret(
        which in 0_usize..4,
        at in 0_usize..200,
        cut in 0_usize..20,
        put in "[ \\n:=,'\"#\\[\\]{}&*!a-c]{0,3}",
    ) {
        let secure = "clouds:\n  x:\n    auth:\n      password: canary\n      username: ann\n  other: { auth: { token: canary } }\n";
        let files = [SDK_FILE, CLOUDS, ("secure.yaml", secure), KOO_CLI];
        let files: Vec<(&str, String)> = files.iter().enumerate().map(|(index, (path, text))| {
            (*path, if index == which { mangled(text, at, cut, &put) } else { (*text).to_owned() })
        }).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        with_surroundings(&[("OS_CLOUD", "x")], &files, |surroundings| {
            for source in Source::CHAIN {
                let looked = look(source, surroundings, &Asked::default());
                if let Err(miss) = &looked {
                    safe(format!("{miss} {miss:?}"));
                }
            }
        });
    }
}
