//! Secrets on the command line are refused and not echoed, and none is in what a run prints or leaves behind.

use reinstall_core::secret::{SecretKey, SecurityToken};
use reinstall_http::sign::key::AccessKey;
use reinstall_mock_server::iam::IamUser;

use crate::bench::{Bench, ID, PASSWORD, PROJECT, TOKEN};
use crate::world::{SPED_UP, world_of};

#[test]
fn typed_secrets_are_refused_with_the_right_way() {
    let bench = Bench::new();
    for (name, args) in [
        ("password", &["run", ID, "--password", "hunter2"][..]),
        ("password with equals", &["run", ID, "--password=hunter2"]),
        ("token", &["list", "--token", "hunter2"]),
        ("check", &["password", "check", "hunter2"]),
        ("stdin with value", &["run", ID, "--password-stdin=hunter2"]),
    ] {
        let shot = bench.refused(args, "");
        assert!(!shot.stderr.contains("hunter2"), "{shot}");
        insta::assert_snapshot!(format!("typed {name}"), shot);
    }
    for args in [
        &["run", ID, "--token=hunter2", "--yes"][..],
        &["--password", "hunter2", "plan", ID],
        &["-vvv", "run", ID, "--password", "hunter2"],
        &["run", ID, "--passwd=hunter2"],
        &["password", "generate", "hunter2"],
    ] {
        let shot = bench.refused(args, "");
        assert!(!shot.stderr.contains("hunter2"), "{args:?}: {shot}");
    }
}

const USER_PASSWORD: &str = "canary-user-6632";
const SECRET_KEY: &str = "canary-secret-2208";
const SECURITY_TOKEN: &str = "canary-security-token-9017";

/// A whole run at the highest level of logging, with each kind of credential: neither what it prints nor what it leaves on disk
/// has a secret in it.
#[test]
fn a_full_run_shows_no_secret_whoever_asks() {
    let key = || AccessKey::new("AK1", SecretKey::parse(SECRET_KEY).unwrap()).unwrap();
    let temporary = key().with_security_token(SecurityToken::parse(SECURITY_TOKEN).unwrap());
    let user = IamUser::parse(&format!("ann:{USER_PASSWORD}@acme")).unwrap();
    let token: &[(&str, &str)] = &[("REINSTALL_TOKEN", TOKEN)];
    let keys: &[(&str, &str)] = &[("HUAWEICLOUD_SDK_AK", "AK1"), ("HUAWEICLOUD_SDK_SK", SECRET_KEY)];
    let temporary_keys: &[(&str, &str)] = &[keys[0], keys[1], ("HUAWEICLOUD_SDK_SECURITY_TOKEN", SECURITY_TOKEN)];
    let iam: &[(&str, &str)] =
        &[("REINSTALL_IAM_USER", "ann"), ("REINSTALL_IAM_PASSWORD", USER_PASSWORD), ("REINSTALL_IAM_DOMAIN", "acme")];
    for (name, variables, key) in
        [("token", token, key()), ("keys", keys, key()), ("temporary", temporary_keys, temporary), ("user", iam, key())]
    {
        let world = world_of(|server| server.instances(3).iam_user(user.clone()).access_key(key.clone()), TOKEN);
        world.list_everybody();
        let endpoint = world.bench.endpoint().to_owned();
        let place = [("REINSTALL_ENDPOINT", endpoint.as_str()), ("REINSTALL_PROJECT_ID", PROJECT)];
        let variables = [&place[..], &[("HUAWEICLOUD_SDK_IAM_ENDPOINT", endpoint.as_str())], variables].concat();
        let args = [&["-vvv", "run", "--yes", "--targets", "fleet.txt"], &SPED_UP[..]].concat();
        let shot = world.bench.run_with(&args, "", &variables);
        assert_eq!(shot.code, Some(0), "{name}: {shot}");
        assert!(
            shot.stderr.contains("TRACE") && shot.stderr.contains("ReinstallOS"),
            "{name}: it tells every call: {shot}"
        );
        let exported = world.bench.run_with(&["export", &world.newest()], "", &variables);
        assert!(exported.code == Some(0) && exported.stdout.contains("intent"), "{name}: {exported}");
        for (what, text) in [("run", shot.to_string()), ("export", exported.to_string())] {
            assert_no_secret(&format!("{name}: {what}"), text.as_bytes());
        }
        let folders = ["state", "state/locks"].map(|folder| std::fs::read_dir(world.bench.path(folder)).unwrap());
        let files: Vec<_> =
            folders.into_iter().flatten().map(|file| file.unwrap().path()).filter(|path| path.is_file()).collect();
        assert!(files.len() >= 2, "{name}: the records and the rate: {files:?}");
        for file in files {
            assert_no_secret(&format!("{name}: {}", file.display()), &std::fs::read(&file).unwrap());
        }
    }
}

/// The tokens of the mock's IAM begin like the provider's.
const ISSUED: &str = "MIIT";

fn assert_no_secret(what: &str, bytes: &[u8]) {
    let secrets = [PASSWORD, TOKEN, USER_PASSWORD, SECRET_KEY, SECURITY_TOKEN, ISSUED];
    for secret in secrets {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{what} has {secret}");
    }
}
