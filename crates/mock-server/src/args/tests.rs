use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use reinstall_core::id::InstanceId;
use reinstall_core::lifecycle::LifeCycle;
use reinstall_http::sign::key::AccessKeyError;

use super::{Args, Command, Settings, SettingsError, Tape, TlsSource, VerdictWish, command};
use crate::clock::{ClockMode, Skew};
use crate::cloud::config::{Failing, FleetConfig};
use crate::hosts::Hosts;
use crate::iam::{IamConfig, IamUserError};

fn parse(line: &str) -> Result<Args, clap::Error> {
    // What has a space in it is written with `_`.
    let words = line.split_whitespace().map(|word| word.replace('_', " "));
    Args::try_parse_from(std::iter::once("reinstall-mock-server".to_owned()).chain(words))
}

fn load(path: &Path) -> Result<FleetConfig, String> {
    match path.file_name().and_then(|name| name.to_str()) {
        Some("fleet.csv") => Ok(FleetConfig::Listed(vec![InstanceId::from_bits(5)])),
        _ => Err(format!("{}:3: no id", path.display())),
    }
}

fn settings(line: &str) -> Settings {
    parse(line).unwrap().settings(&load).unwrap()
}

fn refusal(line: &str) -> String {
    parse(line).unwrap().settings(&load).unwrap_err().to_string()
}

#[test]
fn the_definition_is_sound() {
    command().debug_assert();
}

#[test]
fn the_help_fits_into_80_columns() {
    for long in [true, false] {
        let mut command = command().term_width(80);
        let text = if long { command.render_long_help() } else { command.render_help() };
        let text = text.to_string();
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        for heading in ["Scenario:", "Cloud:", "Time:", "Who may call:", "Rate limits:", "Network:", "Real endpoint:"] {
            assert!(text.lines().any(|line| line == heading), "{heading}");
        }
    }
}

#[test]
fn only_loopback_is_listened_on_unasked_and_without_a_token() {
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "made-up\n").unwrap();
    let file = format!("--admin-token-file {}", token.path().display());
    let public = "can be reached from other machines; if that is meant, add --listen-public";
    let bare = "could arm faults and read the log; write a made-up token into a file, and add --admin-token-file FILE";
    for (line, objection) in [
        ("", None),
        ("--listen 127.0.0.1:8080", None),
        ("--listen [::1]:0", None),
        ("--listen 127.0.0.1:8080 --admin-listen 127.0.0.1:8081", None),
        ("--listen 0.0.0.0:0", Some(public)),
        ("--listen [::]:0", Some(public)),
        ("--listen 192.0.2.1:80", Some(public)),
        ("--admin-listen 192.0.2.1:80", Some("--admin-listen: 192.0.2.1:80 can be reached")),
        ("--listen 0.0.0.0:0 --listen-public", Some(bare)),
        ("--admin-listen 0.0.0.0:0 --listen-public", Some(bare)),
        ("--listen 0.0.0.0:0 --listen-public TOKEN", None),
        ("--listen 0.0.0.0:0 TOKEN", Some(public)),
        ("--listen-public", None),
    ] {
        let args = parse(&line.replace("TOKEN", &file)).unwrap();
        let said = args.network.objection();
        assert_eq!(said.is_some(), objection.is_some(), "{line}: {said:?}");
        assert!(said.unwrap_or_default().contains(objection.unwrap_or_default()), "{line}");
    }
    assert_eq!(settings(&file).admin_token.unwrap().expose(), "made-up");
    assert!(settings("").admin_token.is_none());
    std::fs::write(token.path(), "made up: canary").unwrap();
    let said = refusal(&file);
    assert!(said.contains("--admin-token-file") && !said.contains("canary"), "{said}");
    assert!(refusal("--admin-token-file /nowhere").contains("/nowhere"));
}

#[test]
fn every_flag_reaches_the_cloud() {
    let line = "--instances 7 --project-id p1 --project-name eu-1 --reinstall-takes 4s --seed 9 --lifecycle diagram-2025 \
                --no-operation-state --no-list --batch-cap 10 --failing 3 --lenient --worlds auto";
    let settings_of = settings;
    let settings = settings_of(line);
    let cloud = &settings.plan.cloud;
    assert_eq!(cloud.fleet, FleetConfig::Generated(7));
    assert_eq!((cloud.project.as_str(), settings.plan.iam.project_name.as_str()), ("p1", "eu-1"));
    assert_eq!(cloud.reinstall_takes, Duration::from_secs(4));
    assert_eq!((cloud.seed, cloud.batch_len_max), (9, 10));
    assert_eq!(cloud.life_cycle, LifeCycle::Diagram2025);
    assert_eq!([cloud.sends_operation_state, cloud.permits_list, cloud.is_strict], [false; 3]);
    assert_eq!(cloud.failing, Failing::Count(3));
    assert!(settings.makes_worlds);
    let settings = settings_of("");
    let cloud = &settings.plan.cloud;
    assert_eq!((cloud.failing, &cloud.fleet), (Failing::Nobody, &FleetConfig::Generated(100)));
    assert_eq!([cloud.sends_operation_state, cloud.permits_list, cloud.is_strict], [true; 3]);
    assert!(!settings.makes_worlds && settings.watched.is_none());
    assert_eq!(
        settings_of("--fleet x/fleet.csv").plan.cloud.fleet,
        FleetConfig::Listed(vec![InstanceId::from_bits(5)])
    );
    assert_eq!(refusal("--fleet x.csv"), "--fleet: x.csv:3: no id");
    assert_eq!(settings_of("--failing 10%").plan.cloud.failing, Failing::Percent(10));
}

#[test]
fn how_long_a_reinstall_takes_is_a_duration_or_a_spread() {
    let spread = r#"{"uniform":{"low":"1s","high":"3s"}}"#;
    assert_eq!(settings("--takes 5s").plan.cloud.reinstall_takes, Duration::from_secs(5));
    let prospects = settings(&format!("--takes {spread}")).plan.cloud.prospects;
    assert_eq!(serde_json::to_string(&prospects[0].takes).unwrap(), spread);
    for wrong in ["5", "{}", r#"{"uniform":{"low":"3s","high":"1s"}}"#, r#"{"uniform":{"low":"3s","hihg":"1s"}}"#] {
        assert!(parse(&format!("--takes {wrong}")).is_err(), "{wrong}");
    }
}

#[test]
fn time_goes_by_as_it_is_told() {
    for (line, clock, skew) in [
        ("", ClockMode::Real, Skew::default()),
        ("--clock 60x", ClockMode::Speed(60), Skew::default()),
        ("--speed 60", ClockMode::Speed(60), Skew::default()),
        ("--speed 1", ClockMode::Real, Skew::default()),
        ("--clock manual", ClockMode::Manual, Skew::default()),
        ("--clock step_30s", ClockMode::Step(Duration::from_secs(30)), Skew::default()),
        ("--clock-ahead 20m", ClockMode::Real, Skew::Ahead(Duration::from_secs(1_200))),
        ("--clock-behind 1s", ClockMode::Real, Skew::Behind(Duration::from_secs(1))),
    ] {
        let plan = settings(line).plan;
        assert_eq!((plan.clock, plan.skew), (clock, skew), "{line}");
    }
}

#[test]
fn limits_count_whom_they_are_told_to() {
    let limits = settings("--rate-limit 10/m --rate-limit 2/s --rate-limit-of address --retry-after").plan.limits;
    let limits: Vec<_> = limits.iter().map(|limit| serde_json::to_string(limit).unwrap()).collect();
    let told = |rate: &str| format!(r#"{{"rate":"{rate}","of":"address","retry_after":true,"words":"gateway"}}"#);
    assert_eq!(limits, [told("10/1m"), told("2/1s")]);
    assert!(settings("").plan.limits.is_empty(), "none unless asked for");
}

#[test]
fn access_keys_are_repeatable_and_read_late() {
    let keys = settings("--access-key AK1:s1 --access-key AK2:s:2").access_keys;
    let keys: Vec<_> = keys.iter().map(|key| (key.id(), key.secret().expose())).collect();
    assert_eq!(keys, [("AK1", "s1"), ("AK2", "s:2")]);
    assert_eq!(refusal("--access-key AK1"), format!("--access-key: {}", AccessKeyError::Colon));
}

#[test]
fn users_are_repeatable_and_read_late() {
    let users = settings("--iam-user ann:p:w@acme --iam-user bob:p@w@other").plan.iam.users;
    let users: Vec<_> = users.iter().map(|user| (user.name.as_str(), user.password.expose())).collect();
    assert_eq!(users, [("ann", "p:w"), ("bob", "p@w")]);
    assert_eq!(settings("").plan.iam.users.len(), 1, "the server knows one by itself");
    assert_eq!(refusal("--iam-user ann"), format!("--iam-user: {IamUserError}"));
    let iam = settings("--token-life 2s --token-dies-after 1s").plan.iam;
    assert_eq!((iam.token_life, iam.token_dies_after), (Duration::from_secs(2), Some(Duration::from_secs(1))));
    let iam = settings("").plan.iam;
    assert_eq!((iam.token_life, iam.token_dies_after), (IamConfig::TOKEN_LIFE, None));
}

#[test]
fn doors_are_open_to_whom_they_are_told() {
    let names = |names: &[&str]| Hosts::Loopback(names.iter().map(|name| (*name).to_owned()).collect());
    let files = TlsSource::Files { certificate: "c.pem".into(), key: "k.pem".into() };
    for (line, hosts, tls) in [
        ("", names(&[]), None),
        ("--allow-host mock.test --allow-host b", names(&["mock.test", "b"]), None),
        ("--listen 0.0.0.0:0", Hosts::Any, None),
        ("--listen 0.0.0.0:0 --allow-host mock.test", names(&["mock.test"]), None),
        ("--tls", names(&[]), Some(TlsSource::Generated)),
        ("--tls-cert c.pem --tls-key k.pem", names(&[]), Some(files)),
    ] {
        let doors = parse(line).unwrap().network.doors();
        assert_eq!((doors.hosts, doors.tls), (hosts, tls), "{line}");
    }
}

#[test]
fn the_end_and_a_real_endpoint_are_settled_beforehand() {
    let wish = |fails, file: Option<&str>| Some(VerdictWish { fails, file: file.map(PathBuf::from) });
    for (line, told) in [
        ("", None),
        ("--fail-on-violation", wish(true, None)),
        ("--fail-on-violation --verdict v.json", wish(true, Some("v.json"))),
        ("--verdict v.json", wish(false, Some("v.json"))),
    ] {
        assert_eq!(settings(line).verdict, told, "{line}");
    }
    let upstream = "https://bms.example.com".parse().unwrap();
    let record = |allows_writes| Tape::Record {
        folder: "d".into(),
        upstream: http::Uri::clone(&upstream),
        iam: None,
        allows_writes,
    };
    for (line, told) in [
        ("", None),
        ("--record d --upstream https://bms.example.com", Some(record(false))),
        ("--record d --upstream https://bms.example.com --allow-writes", Some(record(true))),
        ("--replay d", Some(Tape::Replay { path: "d".into() })),
    ] {
        assert_eq!(settings(line).tape, told, "{line}");
    }
    let log = settings("--log-entries 10 --log-bytes 1000").log;
    assert_eq!((log.entries, log.bytes), (Some(10), Some(1_000)));
}

#[test]
fn debug_hides_what_was_typed() {
    let line = "--token canary-1 --access-key AK1:canary-2 --iam-user a:canary-3@b";
    let shown = format!("{:?} {:?}", parse(line).unwrap(), settings(line));
    assert!(!shown.contains("canary") && shown.contains("access_key: [Typed(hidden)]"), "{shown}");
}

#[test]
fn nonsense_is_refused() {
    for line in [
        "--batch-cap 0",
        "--lifecycle 2027",
        "--reinstall-takes 5",
        "--project-id a/b",
        "--listen here",
        "--instances 10000001",
        "--instances 5 --fleet f.csv",
        "--takes 5s --reinstall-takes 5s",
        "--failing 101%",
        "--worlds many",
        "--clock fast",
        "--speed 0",
        "--speed 100001",
        "--speed 2 --clock manual",
        "--clock-ahead 20m --clock-behind 20m",
        "--rate-limit 10",
        "--rate-limit-of account",
        "--rate-limit 1/s --rate-limit-of nobody",
        "--retry-after",
        "--watch",
        "--tls --tls-cert c --tls-key k",
        "--tls-cert c",
        "--tls-key k",
        "--log-entries 0",
        "--log-bytes 0",
        "--record d",
        "--upstream https://bms.example.com",
        "--allow-writes",
        "--replay d --record d --upstream https://bms.example.com",
        "scenario",
        "scenario check",
        "--seed 1 scenario schema",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
    for wrong in [
        "ftp://b.example",
        "b.example",
        "https://b.example?x=1",
        "https://b.example/#x",
        "https://ann:canary@b.example",
    ] {
        let said = refusal(&format!("--record d --upstream {wrong}"));
        assert!(said.starts_with("--upstream: write scheme and host") && !said.contains("canary"), "{wrong}: {said}");
    }
}

#[test]
fn what_was_typed_wins_over_the_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.yaml");
    let file = |text: &str| {
        std::fs::write(&path, text).unwrap();
        format!("--scenario {} ", path.display())
    };
    let scenario = file("seed: 1\nlist: false\nworlds: auto\nlimits: [{rate: 1/s}]\nfleet: {file: fleet.csv}\n");
    let told = settings(&format!("{scenario} --seed 2 --rate-limit 9/s --watch"));
    assert_eq!((told.plan.cloud.seed, told.plan.cloud.permits_list, told.makes_worlds), (2, false, true));
    assert_eq!(told.plan.limits[0].rate.to_string(), "9/1s");
    assert_eq!(told.plan.cloud.fleet, FleetConfig::Listed(vec![InstanceId::from_bits(5)]), "beside the scenario");
    assert_eq!(told.watched.unwrap().path(), path);
    assert!(settings(&scenario).watched.is_none());
    // Who is there is asked of the fleet that is served in the end.
    let scenario = file(
        "fleet: {file: x.csv}\nallowed: [00000000-0000-0000-0000-000000000005]\nfaults: [{times: 0, effect: {kind: stranger}}]\n",
    );
    let at = path.display();
    let told = refusal(&scenario);
    let why = format!("{at}:1:15: fleet.file: {}:3: no id", folder.path().join("x.csv").display());
    assert_eq!(told, format!("{why}\n{at}:3:10: faults[0]: `times` is 0, so it would never hit"));
    let told = refusal(&format!("{scenario} --fleet fleet.csv"));
    assert_eq!(told, format!("{at}:3:10: faults[0]: `times` is 0, so it would never hit"));
    let told = refusal(&format!("{scenario} --instances 3"));
    assert!(told.starts_with(&format!("{at}:2:11: allowed[0]: there is no such instance in the fleet\n")), "{told}");
    assert!(matches!(parse("--scenario /nowhere").unwrap().settings(&load), Err(SettingsError::Unreadable(_))));
}

#[test]
fn scenarios_are_checked_a_line_each() {
    let folder = tempfile::tempdir().unwrap();
    let [sound, unsound] = ["a.yaml", "b.yaml"].map(|name| folder.path().join(name));
    std::fs::write(&sound, "seed: 7\nlimits: [{rate: 1/s}]\n").unwrap();
    std::fs::write(&unsound, "sede: 7\nlimit: []\n").unwrap();
    let run = |line: &str| {
        let Some(Command::Scenario(command)) = parse(line).unwrap().command else { panic!("{line} serves") };
        let (mut out, mut objections) = (Vec::new(), Vec::new());
        let all_is_well = command.run(&load, &mut out, &mut objections).unwrap();
        (all_is_well, String::from_utf8(out).unwrap(), String::from_utf8(objections).unwrap())
    };
    let [sound, unsound] = [sound, unsound].map(|path| path.display().to_string());
    let summary = format!("{sound}: sound: 0 fault rules, 0 prospects, 1 limit, seed 7\n");
    assert_eq!(run(&format!("scenario check {sound}")), (true, summary.clone(), String::new()));
    let (all_is_well, out, objections) = run(&format!("scenario check {unsound} /nowhere {sound}"));
    assert_eq!((all_is_well, out), (false, summary));
    assert_eq!(objections.lines().count(), 3, "{objections}");
    assert!(objections.starts_with(&format!("{unsound}:1:1: sede: there is no key `sede` here")), "{objections}");
    let (all_is_well, schema, _) = run("scenario schema");
    assert!(all_is_well && schema == crate::scenario::json_schema());
}
