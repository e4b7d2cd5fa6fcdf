//! `reinstall doctor`: what it finds, what it advises, and that it touches nothing.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use reinstall_core::secret::SessionToken;
use reinstall_http::sign::key::AccessKey;
use reinstall_mock_server::iam::IamUser;
use reinstall_mock_server::operation::ApiOperation;
use reinstall_mock_server::serve::{MockServer, MockServerBuilder};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::bench::{Bench, PROJECT, Shot, TOKEN, set_mode};

type Variables<'a> = &'a [(&'a str, &'a str)];

const WITH_TOKEN: Variables<'static> = &[("REINSTALL_TOKEN", TOKEN)];
const WITH_KEYS: Variables<'static> = &[("REINSTALL_ACCESS_KEY", "AK1"), ("REINSTALL_SECRET_KEY", "canary-secret-1")];
const WITH_USER: Variables<'static> =
    &[("REINSTALL_IAM_USER", "ann"), ("REINSTALL_IAM_PASSWORD", "canary-login-7"), ("REINSTALL_IAM_DOMAIN", "acme")];

/// What must never be shown.
const SECRETS: [&str; 4] = [TOKEN, "canary-secret-1", "canary-login-7", "canary-wrong-9"];

/// A mock cloud, and somebody who asks the doctor about it.
struct Practice {
    server: MockServer,
    bench: Bench,
    _runtime: Runtime,
}

fn practice(change: impl FnOnce(MockServerBuilder) -> MockServerBuilder) -> Practice {
    let runtime = Runtime::new().unwrap();
    let builder = MockServer::builder()
        .instances(3)
        .token(SessionToken::parse(TOKEN).unwrap())
        .access_key(AccessKey::parse_pair("AK1:canary-secret-1").unwrap())
        .iam_user(IamUser::parse("ann:canary-login-7@acme").unwrap());
    let server = runtime.block_on(change(builder).start()).unwrap();
    let bench = Bench::at(&server.base_url());
    Practice { server, bench, _runtime: runtime }
}

impl Practice {
    /// Asks the doctor, who touches nothing.
    fn ask(&self, args: &[&str], variables: Variables<'_>) -> Found {
        let found = ask(&self.bench, args, variables);
        let truth = self.server.truth();
        let reinstalls = truth.requests.get(&ApiOperation::ReinstallOs);
        assert_eq!((reinstalls, truth.wipes_count), (None, 0), "{}", found.shot);
        found
    }
}

/// What the doctor said, as JSON.
struct Found {
    shot: Shot,
    said: Value,
}

/// Asks about the bench's endpoint and the usual project.
fn ask(bench: &Bench, args: &[&str], variables: Variables<'_>) -> Found {
    let usual = ["doctor", "--output", "json", "--endpoint", bench.endpoint(), "--project-id", PROJECT];
    ask_plainly(bench, &[&usual, args].concat(), variables)
}

fn ask_plainly(bench: &Bench, args: &[&str], variables: Variables<'_>) -> Found {
    let shot = bench.run_with(args, "", variables);
    let said: Value = serde_json::from_str(&shot.stdout).unwrap_or_else(|error| panic!("{error}: {shot}"));
    for secret in SECRETS {
        assert!(!shot.to_string().contains(secret), "{secret} in {shot}");
    }
    Found { shot, said }
}

impl Found {
    fn check(&self, name: &str) -> &Value {
        let checks = self.said["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name}: {}", self.shot))
    }

    /// Asserts what came of a check, with words of what was seen and of what to do.
    fn assert(&self, name: &str, verdict: &str, seen: &str, advice: &str) -> &Self {
        let check = self.check(name);
        let text = |field: &str| check[field].as_str().unwrap_or_default();
        assert_eq!(text("verdict"), verdict, "{name}: {}", self.shot);
        assert!(text("seen").contains(seen), "`{seen}` in {check}");
        assert!(text("advice").contains(advice), "`{advice}` in {check}");
        assert_eq!(check["advice"].is_null(), matches!(verdict, "ok" | "skipped"), "{check}");
        self
    }

    fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.shot.code, Some(code), "{}", self.shot);
        self
    }

    /// The names of the checks that came to this.
    fn named(&self, verdict: &str) -> Vec<&str> {
        let checks = self.said["checks"].as_array().unwrap().iter();
        checks.filter(|check| check["verdict"] == verdict).filter_map(|check| check["name"].as_str()).collect()
    }
}

/// Text with what changes from run to run made words, and broken lines put together again.
fn settled(text: &str, bench: &Bench) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match lines.last_mut() {
            Some(last) if line.starts_with(&" ".repeat(26)) => *last += &format!(" {}", line.trim_start()),
            Some(_) | None => lines.push(line.to_owned()),
        }
    }
    let state = bench.path("state").display().to_string();
    let is_time = |word: &str| {
        let digits = word.trim_end_matches(',').trim_end_matches("ms").trim_end_matches('s');
        digits.len() < word.trim_end_matches(',').len() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let line = |line: &String| {
        let words: Vec<&str> = line.split(' ').map(|word| if is_time(word) { "(time)" } else { word }).collect();
        words.join(" ").replace("(time) (time)", "(time)").replace(&state, "(state)")
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_healthy_world_has_nothing_to_mend() {
    let practice = practice(|server| server);
    let args = ["doctor", "--endpoint", practice.bench.endpoint(), "--project-id", PROJECT];
    let shot = practice.bench.run_with(&args, "", WITH_TOKEN);
    assert_eq!((shot.code, shot.stderr.as_str()), (Some(0), ""), "{shot}");
    assert!(shot.stdout.is_ascii() && shot.stdout.lines().all(|line| line.len() <= 80), "{shot}");
    insta::assert_snapshot!(settled(&shot.stdout, &practice.bench));
    // Nothing is kept but the rate.
    let kept = std::fs::read_dir(practice.bench.path("state")).unwrap();
    let kept: Vec<String> = kept.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!kept.is_empty() && kept.iter().all(|name| name.starts_with("pace-")), "{kept:?}");
    let found = practice.ask(&[], WITH_TOKEN);
    assert_eq!(found.said["verdict"], "ok");
    let names: Vec<&Value> = found.said["checks"].as_array().unwrap().iter().map(|check| &check["name"]).collect();
    let documented = "settings credentials state_directory proxy connection tls answer clock iam project list status \
                      batch life_cycle";
    assert_eq!(names, documented.split_whitespace().collect::<Vec<_>>());
    // Line by line, the same checks.
    let lines = practice.bench.run_with(&[&args[..], &["--output", "ndjson"]].concat(), "", WITH_TOKEN);
    let lines: Vec<Value> = lines.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|check| &check["name"]).collect::<Vec<_>>(), names);
}

#[test]
fn every_kind_of_credential_is_examined() {
    let practice = practice(|server| server);
    practice.ask(&[], WITH_KEYS).assert_code(0).assert(
        "credentials",
        "ok",
        "access key AK1 (REINSTALL_ACCESS_KEY)",
        "",
    );
    let by_name = ["doctor", "--output", "json", "--endpoint", practice.bench.endpoint(), "--region", "cn-east-3"];
    let by_name = [&by_name[..], &["--iam-endpoint", practice.bench.endpoint()]].concat();
    for variables in [WITH_KEYS, WITH_USER, WITH_TOKEN] {
        let found = ask_plainly(&practice.bench, &by_name, variables);
        found.assert_code(0).assert("project", "ok", &format!("{PROJECT}, looked up by the name cn-east-3"), "");
        found.assert("list", "ok", "3 instances of 3", "");
    }
    let user = practice.ask(&["--iam-endpoint", practice.bench.endpoint()], WITH_USER);
    user.assert("credentials", "ok", "user ann of acme", "").assert("iam", "ok", "a token, good for 24h", "");
    let nowhere = ["doctor", "--output", "json", "--endpoint", practice.bench.endpoint(), "--region", "mars"];
    let nowhere = [&nowhere[..], &["--iam-endpoint", practice.bench.endpoint()]].concat();
    let nowhere = ask_plainly(&practice.bench, &nowhere, WITH_TOKEN);
    nowhere.assert_code(3).assert("project", "failed", "knows no project named mars", "--project-id");
    nowhere.assert("list", "skipped", "project", "");
}

#[test]
fn wrong_credentials_are_told_from_the_rest() {
    let practice = practice(|server| server);
    for (variables, seen, advice) in [
        (&[("REINSTALL_TOKEN", "canary-wrong-9")][..], "401", "get a new token"),
        (
            &[("REINSTALL_ACCESS_KEY", "AK1"), ("REINSTALL_SECRET_KEY", "canary-wrong-9")],
            "signature refused",
            "the secret belongs to it",
        ),
        (
            &[("REINSTALL_ACCESS_KEY", "AK9"), ("REINSTALL_SECRET_KEY", "canary-wrong-9")],
            "401 APIGW.0301",
            "key is active",
        ),
    ] {
        let found = practice.ask(&[], variables);
        found.assert_code(3).assert("list", "failed", seen, advice).assert("status", "skipped", "the list", "");
        assert_eq!((found.named("failed"), &found.check("list")["cause"]), (vec!["list"], &"cloud".into()));
    }
    let wrong = [WITH_USER[0], ("REINSTALL_IAM_PASSWORD", "canary-wrong-9"), WITH_USER[2]];
    let found = practice.ask(&["--iam-endpoint", practice.bench.endpoint()], &wrong);
    found.assert_code(3).assert("iam", "failed", "no token could be had", "lock the user out");
    found.assert("list", "skipped", "nothing to show", "");
    let asked = practice.server.truth().requests[&ApiOperation::KeystoneCreateUserTokenByPassword];
    assert_eq!(asked, 1, "guessing locks users out");
}

#[test]
fn a_list_that_is_forbidden_can_be_lived_without() {
    let practice = practice(|server| server.config(|config| config.permits_list = false));
    let alone = practice.ask(&[], WITH_TOKEN);
    alone.assert_code(3).assert("list", "failed", "403 iMetal.0004", "clouddc:instance:list");
    alone.assert("status", "skipped", "reinstall doctor ID", "").assert("life_cycle", "skipped", "", "");
    let id = practice.server.ids()[1].to_string();
    let named = practice.ask(&[&id], WITH_TOKEN);
    named.assert_code(0).assert("list", "warning", "403 iMetal.0004", "one request an instance");
    named.assert("status", "ok", &id, "").assert("life_cycle", "ok", "", "");
    assert_eq!(named.said["verdict"], "warning");
}

#[test]
fn clocks_that_are_off_matter_to_signatures() {
    let ahead = practice(|server| server.clock_ahead(Duration::from_secs(20 * 60)));
    let keys = ahead.ask(&[], WITH_KEYS);
    keys.assert_code(3).assert("clock", "failed", "behind the cloud's; signatures more than 15m off", "set-ntp");
    keys.assert("list", "failed", "401", "the clock (above)");
    ahead.ask(&[], WITH_TOKEN).assert_code(0).assert("clock", "ok", "a token does not care", "");
    let behind = practice(|server| server.clock_behind(Duration::from_secs(5 * 60)));
    behind.ask(&[], WITH_KEYS).assert_code(0).assert("clock", "warning", "ahead of the cloud's", "set-ntp");
}

#[test]
fn the_first_step_that_fails_is_named() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = ask(&Bench::at(&format!("http://{free}")), &[], WITH_TOKEN);
    nobody.assert_code(3).assert("connection", "failed", "does not take the connection", "firewalls");
    assert_eq!(nobody.named("failed"), ["connection"]);
    for name in ["tls", "answer", "clock", "list", "status"] {
        nobody.assert(name, "skipped", "(above)", "");
    }
    let practice = practice(|server| server);
    let elsewhere = practice.ask(&["--iam-endpoint", &format!("http://{free}")], WITH_USER);
    elsewhere.assert_code(3).assert("iam", "failed", "no token could be had", "--iam-endpoint URL");
    assert_eq!(elsewhere.named("failed"), ["iam"]);
    let sealed = practice.bench.endpoint().replace("http://", "https://");
    let args = ["doctor", "--output", "json", "--endpoint", &sealed, "--project-id", PROJECT];
    let sealed = ask_plainly(&practice.bench, &args, WITH_TOKEN);
    sealed.assert_code(3).assert("connection", "ok", "", "").assert("tls", "failed", "", "speaks no TLS");
    sealed.assert("answer", "skipped", "(above)", "").assert("list", "skipped", "does not answer", "");
}

/// A server that answers each request with what `script` says of its first line.
fn scripted(script: impl Fn(&str) -> &'static str + Send + 'static) -> Bench {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bench = Bench::at(&format!("http://{}", listener.local_addr().unwrap()));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map(Result::unwrap) {
            let mut request = [0; 8_192];
            let len = stream.read(&mut request).unwrap_or_default();
            let request = String::from_utf8_lossy(&request[..len]).into_owned();
            let body = script(request.lines().next().unwrap_or_default());
            let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all((head + body).as_bytes()).ok();
        }
    });
    bench
}

#[test]
fn words_that_no_document_has_are_named() {
    let bench = scripted(|line| match line {
        line if line.contains("/status") => r#"{"state":"levitating","operation_state":"install-succeed"}"#,
        line if line.contains("/instances?") => {
            r#"{"instances":[{"id":"0b29c7a1-0000-4000-8000-00000000000a","state":"levitating","operation_state":"install-succeed"}]}"#
        }
        _ => "{}",
    });
    let found = ask(&bench, &[], WITH_TOKEN);
    found.assert_code(0).assert("life_cycle", "warning", "no document has levitating", "still in progress");
    assert_eq!(found.check("life_cycle")["details"][0], "state: 1 levitating");
    found.assert("clock", "warning", "no date", "other means");
}

#[test]
fn a_state_directory_that_cannot_be_used_is_told_with_its_own_exit_code() {
    let practice = practice(|server| server);
    std::fs::create_dir(practice.bench.path("state")).unwrap();
    set_mode(&practice.bench.path("state"), 0o755);
    if cfg!(unix) {
        let open = practice.ask(&[], WITH_TOKEN);
        open.assert_code(5).assert("state_directory", "failed", "is open to others", "chmod go-rwx");
        open.assert("list", "ok", "3 instances", "");
    }
    set_mode(&practice.bench.path("state"), 0o700);
    practice.bench.secret_file("state/reinstall.db", "no database at all");
    practice.ask(&[], WITH_TOKEN).assert_code(5).assert("state_directory", "failed", "reinstall.db", "");
}

#[test]
fn settings_that_lack_are_told_with_everything_that_was_tried() {
    let bench = Bench::new();
    let shot = bench.run_with(&["doctor"], "", &[]);
    assert_eq!((shot.code, shot.stderr.as_str()), (Some(2), ""), "{shot}");
    bench.assert_nothing_sent();
    insta::assert_snapshot!(settled(&shot.stdout, &bench));
    for (args, name, seen) in [
        (&["--region", "cn-esat-3"][..], "settings", "did you mean cn-east-3?"),
        (&["--endpoint", "http://192.0.2.1"], "settings", "plain http"),
        (&["--endpoint", "a.invalid", "--ca-cert", "missing.pem"], "settings", "missing.pem"),
        (&["--endpoint", "a.invalid", "--proxy", "socks5://p"], "proxy", "only http"),
        (&["--endpoint", "http://127.0.0.1:1", "--token-file", "missing"], "credentials", "missing"),
    ] {
        let args = [&["doctor", "--output", "json"], args].concat();
        let found = ask_plainly(&bench, &args, &[]);
        found.assert_code(2).assert(name, "failed", seen, "");
        assert_eq!(found.check(name)["cause"], "settings");
    }
}

/// What was left on its way is told, with the command that goes on.
#[cfg(unix)]
#[test]
fn a_rollout_that_was_left_is_told_with_the_command_to_go_on() {
    let world = crate::world::world_where(2, TOKEN, Duration::from_secs(60));
    world.list_everybody();
    let run = [&["run", "--yes", "--targets", "fleet.txt"], &crate::world::SPED_UP[..]].concat();
    let mut child = world.spawn(&run);
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap())).map(Result::unwrap);
    assert!(lines.any(|line| line.contains("1 installing")));
    child.kill().unwrap();
    child.wait().unwrap();
    let wiped = world.wipes();
    let found = ask(&world.bench, &[], WITH_TOKEN);
    found.assert_code(0).assert("state_directory", "warning", "1 left before the end", "named again");
    let command = found.check("state_directory")["details"][0].as_str().unwrap();
    assert_eq!(command, format!("reinstall resume {}", world.newest()));
    assert_eq!(world.wipes(), wiped);
}
