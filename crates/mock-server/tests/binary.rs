//! The program itself: what it prints, what it refuses, and that it stops when told.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

fn start(args: &[&str]) -> io::Result<Child> {
    Command::new(env!("CARGO_BIN_EXE_reinstall-mock-server"))
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

fn get(base_url: &str, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(base_url.trim_start_matches("http://"))?;
    let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: t-1\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
#[cfg(unix)]
fn it_says_where_it_listens_serves_and_stops_when_told() {
    for signal in ["-TERM", "-INT"] {
        let args =
            ["--instances", "12", "--project-id", "p1", "--project-name", "cn-south-1", "--token", "t-1", "--no-list"];
        let mut child = start(&args).unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let base_url = line.trim_end();
        assert!(base_url.starts_with("http://127.0.0.1:"), "{base_url}");

        assert!(get(base_url, "/_mock/healthz").unwrap().starts_with("HTTP/1.1 200"));
        assert!(get(base_url, "/v3/projects?name=cn-south-1").unwrap().contains(r#""id":"p1""#));
        assert!(get(base_url, "/_mock/truth").unwrap().contains(r#""instances_count":12"#));
        assert!(get(base_url, "/v1/p1/instances").unwrap().starts_with("HTTP/1.1 403"));

        let told = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(told.success());
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{signal}");
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "one line and no more");
    }
}

#[test]
fn wrong_usage_is_told_on_standard_error() {
    for (args, says) in [
        (&["--listen", "0.0.0.0:0"][..], "--listen-public"),
        (&["--listen", "0.0.0.0:0", "--listen-public"], "--admin-token-file"),
        (&["--scenario", "nowhere.yaml"], "--scenario: nowhere.yaml: "),
        (&["--token", "a b"], "--token"),
        (&["--access-key", "canary"], "--access-key: an access key is written as its id, a colon and its secret"),
        (&["--iam-user", "canary@acme"], "--iam-user: a user is written as name, colon, password, at sign and account"),
        (&["--batch-cap", "0"], "--batch-cap"),
        (&["--lifecycle", "2027"], "a life cycle is one of"),
    ] {
        let output = start(args).unwrap().wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(says) && !stderr.contains("canary"), "{stderr}");
    }
}

#[test]
fn scenarios_are_checked_and_unsound_ones_are_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let [sound, unsound] = ["sound.yaml", "unsound.yaml"].map(|name| folder.path().join(name));
    std::fs::write(&sound, "seed: 7\n").unwrap();
    std::fs::write(&unsound, "seed: 7\nfaluts: []\nclock: fast\n").unwrap();
    let [sound, unsound] = [sound, unsound].map(|path| path.display().to_string());
    let run = |args: &[&str]| {
        let output = start(args).unwrap().wait_with_output().unwrap();
        let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        (output.status.code(), stdout, stderr)
    };
    let (code, stdout, stderr) = run(&["scenario", "check", &sound]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.starts_with(&format!("{sound}: sound: ")), "{stdout}");
    for args in [&["scenario", "check", &unsound][..], &["--scenario", &unsound]] {
        let (code, stdout, stderr) = run(args);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{args:?}");
        let lines: Vec<&str> = stderr.lines().collect();
        assert_eq!(lines.len(), 2, "{stderr}");
        assert!(lines[0].starts_with(&format!("{unsound}:2:1: faluts: ")), "{stderr}");
        assert!(lines[1].starts_with(&format!("{unsound}:3:8: clock: ")), "{stderr}");
    }
    let (code, schema, _) = run(&["scenario", "schema"]);
    assert!(code == Some(0) && schema.starts_with('{') && schema.ends_with("}\n"));
}

/// What one request is answered with; the server is to close the connection.
#[cfg(unix)]
fn put(base_url: &str, path: &str, body: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(base_url.trim_start_matches("http://"))?;
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: t-1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
#[cfg(unix)]
fn a_client_that_is_convicted_makes_it_fail() {
    let args =
        ["--instances", "1", "--project-id", "p1", "--token", "t-1", "--reinstall-takes", "1h", "--fail-on-violation"];
    for (lists, code, says) in [(&[][..], 0, "\"acquitted\":true"), (&["[]"][..], 1, "\"nobody_named\"")] {
        let mut child = start(&args).unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        for list in lists {
            let body = format!(r#"{{"password":"Abcdef1!","instance_id_set":{list}}}"#);
            assert!(put(line.trim_end(), "/v1/p1/instances/reinstall", &body).unwrap().starts_with("HTTP/1.1 400"));
        }
        assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{stderr}");
        assert!(stderr.contains(says) && !stderr.contains("Abcdef1!"), "{stderr}");
    }
}
