//! Rollouts on record: left and resumed, refused, halted from elsewhere, begun anew, exported and forgotten.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use reinstall_mock_server::cloud::wipe::Ending;
use serde_json::Value;

use crate::bench::{PASSWORD, Shot, TOKEN};
use crate::world::{SPED_UP, World, world, world_where};

impl World {
    /// Runs a command about what is on record, and reads the JSON it prints.
    fn told(&self, args: &[&str]) -> Value {
        let shot = self.bench.run(&[args, &["--output", "json"]].concat(), "");
        assert_eq!(shot.code, Some(0), "{args:?}: {shot}");
        serde_json::from_str(&shot.stdout).unwrap()
    }

    /// The id of the newest rollout.
    pub(crate) fn newest(&self) -> String {
        self.told(&["rollouts"])[0]["rollout"].as_str().unwrap().to_owned()
    }

    fn resume(&self, args: &[&str]) -> Shot {
        let base = ["resume", "--yes", "--requests-per-second", "500", "--password-file", "pw", "--output", "json"];
        self.bench.run(&[&base[..], args].concat(), "")
    }

    fn save_plan(&self) {
        self.list_everybody();
        let shot = self.bench.run(
            &["plan", "--targets", "fleet.txt", "--save", "plan.json", "--poll-every", "20ms", "--shortest", "5s"],
            "",
        );
        assert_eq!(shot.code, Some(0), "{shot}");
    }

    fn apply(&self) -> Shot {
        self.bench.run(&["run", "--plan", "plan.json", "--yes", "--password-file", "pw", "--output", "json"], "")
    }
}

#[test]
fn a_finished_rollout_is_shown_as_it_was_reported() {
    let world = world(5, TOKEN);
    let ended = world.run(&["--output", "json"]);
    let ended: Value = serde_json::from_str(&ended.stdout).unwrap();
    let id = world.newest();
    let mut shown = world.told(&["show", &id[..13]]);
    assert_eq!(ended["requests"].as_object().unwrap().len(), 3);
    shown["requests"] = ended["requests"].clone();
    assert_eq!(shown, ended);
    let rows = world.told(&["rollouts"]);
    assert_eq!((&rows[0]["state"], &rows[0]["counts"]["succeeded"]), (&"finished".into(), &5.into()));
    let refused = world.resume(&[&id]);
    assert_eq!(refused.code, Some(2), "{refused}");
    assert!(refused.stderr.contains("ended at") && !refused.stderr.contains("--only"), "nothing is left: {refused}");
    let nothing = world.resume(&[]);
    assert!(nothing.code == Some(2) && nothing.stderr.contains("hint: what is on record"), "{nothing}");
}

#[cfg(unix)]
#[test]
fn a_rollout_that_was_left_goes_on_where_it_was() {
    let world = world_where(5, TOKEN, Duration::from_secs(3));
    let (code, report) = world.run_and_interrupt(&["1 installing", "halted by operator"]);
    assert_eq!((code, report["state"].as_str()), (Some(4), Some("left")), "{report}");
    let id = world.newest();
    let shown = world.bench.run(&["show", &id], "");
    for told in ["left before its end", "installing, requested at", "seen in progress"] {
        assert!(shown.stdout.contains(told), "{told}: {shown}");
    }
    assert!(shown.stderr.contains(&format!("reinstall resume {id}")), "{shown}");
    let mut object = world.told(&["show", &id]);
    for differs in ["requests", "endpoint"] {
        object[differs] = report[differs].clone();
    }
    assert_eq!(object, report, "the program that left it told the same");
    let canary = &object["instances"][0];
    assert_eq!((&canary["outcome"], &canary["phase"]), (&Value::Null, &"installing".into()), "{canary}");
    assert!(canary["name"].as_str().is_some_and(|name| shown.stdout.contains(&format!("{name} ("))), "{canary}");
    // It was halted before it was left, and it stays so: it can be resumed without a password, and names what it watches.
    let resumed = world.bench.run(&["resume", "--yes", "--requests-per-second", "500", "--output", "json"], "");
    for told in [&*id, "requested    1", "finished     4", "in progress  1", "Password     not needed"] {
        assert!(resumed.stderr.contains(told), "{told}: {resumed}");
    }
    let report: Value = serde_json::from_str(&resumed.stdout).unwrap();
    assert_eq!(resumed.code, Some(4), "{resumed}");
    assert_eq!((&report["counts"]["succeeded"], &report["counts"]["not_started"]), (&1.into(), &4.into()), "{report}");
    for code in [0, 2] {
        let again = world.resume(&[&id, "--only", "not-started"]);
        assert_eq!(again.code, Some(code), "{again}");
        assert_eq!(world.wipes(), [1; 5], "typed twice, it wipes once");
    }
    let rows = world.told(&["rollouts"]);
    assert_eq!((rows.as_array().unwrap().len(), &rows[0]["continues"]), (2, &rows[1]["rollout"]));
}

/// Whatever is hinted at is typed, just as it stands.
#[test]
fn a_failed_canary_is_followed_by_the_commands_that_work() {
    let world = world(5, TOKEN);
    let bad = world.server.ids()[0];
    world.server.with_cloud(|cloud| cloud.set_ending(bad, Ending::fails("iMetal.0307", "the disk is gone")));
    let ended = world.run(&[]);
    assert_eq!(ended.code, Some(4), "{ended}");
    let id = world.newest();
    let steps = hinted(&ended.stderr);
    for (name, told) in [
        ("resume", world.resume(&[])),
        ("resume with its id", world.resume(&[&id])),
        ("show", world.bench.run(&["show", &id], "")),
    ] {
        assert_eq!(hinted(&told.stderr), steps, "{name}: {told}");
    }
    assert_eq!(steps.len(), 2, "{steps:?}");
    world.server.with_cloud(|cloud| cloud.set_ending(bad, Ending::Succeeds));
    for step in &steps {
        let args: Vec<&str> = step.split_whitespace().skip(2).collect();
        let again = world.resume(&args);
        assert_eq!(again.code, Some(0), "{step}: {again}");
    }
    assert_eq!(world.wipes(), [2, 1, 1, 1, 1]);
    let shown = world.bench.run(&["show", &id], "");
    assert!(shown.stderr.contains("a later rollout"), "{shown}");
}

/// The commands to resume that the hints name.
fn hinted(stderr: &str) -> Vec<String> {
    let hints = stderr.lines().filter(|line| line.starts_with("hint: "));
    hints.filter_map(|line| line.find("reinstall resume").map(|at| line[at..].to_owned())).collect()
}

#[test]
fn those_that_failed_are_tried_again_and_nobody_else() {
    let world = world(6, TOKEN);
    let bad = world.server.ids()[3];
    world.server.with_cloud(|cloud| cloud.set_ending(bad, Ending::fails("iMetal.0307", "the disk is gone")));
    assert_eq!(world.run(&["--failures-max", "1"]).code, Some(1));
    world.server.with_cloud(|cloud| cloud.set_ending(bad, Ending::Succeeds));
    let id = world.newest();
    let nobody = world.resume(&[&id, "--only", "unresolved"]);
    assert!(nobody.code == Some(2) && nobody.stderr.contains("no instance"), "{nobody}");
    let again = world.resume(&[&id, "--only", "failed"]);
    assert_eq!(again.code, Some(0), "it may be in the states of a failure: {again}");
    assert_eq!(world.wipes(), [1, 1, 1, 2, 1, 1], "a new run was asked for");
    let twice = world.resume(&[&id, "--only", "failed"]);
    assert_eq!(twice.code, Some(2), "typed twice, it wipes once: {twice}");
    let later = world.newest();
    assert!(twice.stderr.contains(&format!("a later rollout took them on: {later}")), "{twice}");
    let pruned = world.bench.run(&["prune", &later], "");
    assert_eq!(pruned.code, Some(0), "{pruned}");
    let twice = world.resume(&[&id, "--only", "failed", "--start-from", "running,failed,error"]);
    assert!(twice.code == Some(2) && twice.stderr.contains(&later), "not even once that one is forgotten: {twice}");
    assert_eq!(world.wipes(), [1, 1, 1, 2, 1, 1]);
}

#[test]
fn an_instance_is_in_one_rollout_at_a_time_and_a_halt_comes_from_elsewhere() {
    let world = world_where(5, TOKEN, Duration::from_secs(4));
    world.list_everybody();
    let args = [&["run", "--yes", "--targets", "fleet.txt", "--output", "json"], &SPED_UP[..]].concat();
    let mut child = world.spawn(&args);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("1 installing")));
    let id = world.newest();
    let last = world.server.ids()[4].to_string();
    let refused = world.bench.run(&[&["run", "--yes", &last], &SPED_UP[..]].concat(), "");
    assert_eq!(refused.code, Some(2), "{refused}");
    for told in [&id, &last, "is not finished", "reinstall show"] {
        assert!(refused.stderr.contains(told), "{told}: {refused}");
    }
    let held = world.resume(&[&id, "--take-over"]);
    assert!(held.code == Some(2) && held.stderr.contains("carries this rollout on"), "{held}");
    let halted = world.bench.run(&["halt", &id], "");
    assert!(halted.code == Some(0) && halted.stderr.contains("start nothing new"), "{halted}");
    let rest: Vec<String> = lines.collect();
    let ended = child.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!((ended.status.code(), &report["halted"]["cause"]), (Some(4), &"ordered".into()), "{rest:#?}");
    assert_eq!(&report["counts"]["succeeded"], &1, "what was on its way was watched to its end");
    let free = world.bench.run(&[&["run", "--yes", &last], &SPED_UP[..]].concat(), "");
    assert_eq!(free.code, Some(0), "{free}");
}

/// A rollout whose program is gone, and that had a request in flight: its instances are nobody else's until a resume knows.
#[cfg(unix)]
#[test]
fn what_may_have_a_request_in_flight_is_not_abandoned() {
    let world = world_where(5, TOKEN, Duration::from_secs(3));
    world.list_everybody();
    let mut child = world.spawn(&[&["run", "--yes", "--targets", "fleet.txt"], &SPED_UP[..]].concat());
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("1 installing")));
    child.kill().unwrap();
    child.wait().unwrap();
    let (id, first) = (world.newest(), world.server.ids()[0].to_string());
    let refused = world.bench.run(&["abandon", &id, "--yes"], "");
    assert_eq!(refused.code, Some(2), "{refused}");
    for told in [first.as_str(), "may be in flight for 1 of the instances", "reinstall halt", "--free"] {
        assert!(refused.stderr.contains(told), "{told}: {refused}");
    }
    let claimed = world.run(&[]);
    assert!(claimed.code == Some(2) && claimed.stderr.contains("is not finished"), "{claimed}");
    let stranger = world.bench.run(&["abandon", &id, "--yes", "--free", "0b29c7a1-0000-4000-8000-0000000000aa"], "");
    assert!(stranger.code == Some(2) && stranger.stderr.contains("has no claim on"), "{stranger}");
    let freed = world.bench.run(&["abandon", &id, "--yes", "--free", &first], "");
    assert!(freed.code == Some(0) && freed.stderr.contains("free for other rollouts"), "{freed}");
    assert_eq!(world.told(&["rollouts"])[0]["conclusion"], "abandoned");
}

#[test]
fn a_plan_is_applied_once_and_only_while_nothing_has_changed() {
    let world = world(4, TOKEN);
    world.save_plan();
    let id = world.server.ids()[2];
    world.server.with_cloud(|cloud| cloud.set_start(id, sample_start("stopped")));
    let drifted = world.apply();
    assert_eq!(drifted.code, Some(2), "{drifted}");
    assert!(drifted.stderr.contains("its state was running") && drifted.stderr.contains("stopped now"), "{drifted}");
    world.server.with_cloud(|cloud| cloud.set_start(id, sample_start("running")));
    let applied = world.apply();
    assert_eq!(applied.code, Some(0), "{applied}");
    let again = world.apply();
    assert!(again.code == Some(2) && again.stderr.contains("applied already"), "{again}");
    assert_eq!(world.wipes(), [1; 4]);
    let mixed = world.bench.run(&["run", "--plan", "plan.json", "--waves", "100%"], "");
    assert!(mixed.code == Some(2) && mixed.stderr.contains("cannot be used with"), "{mixed}");
}

fn sample_start(state: &str) -> reinstall_mock_server::cloud::config::Start {
    reinstall_mock_server::cloud::config::Start {
        state: reinstall_core::instance::InstanceState::from_word(state),
        ..reinstall_mock_server::cloud::config::Start::default()
    }
}

#[test]
fn finished_rollouts_can_be_taken_out_and_forgotten() {
    let world = world(3, TOKEN);
    assert_eq!(world.run(&[]).code, Some(0));
    let id = world.newest();
    let exported = world.bench.run(&["export", &id], "");
    let lines: Vec<Value> = exported.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let intents = lines.iter().filter(|line| line["entry"].get("intent").is_some()).count();
    assert_eq!(intents, 3, "one for each wave: {exported}");
    // As from a variable that is not set.
    for command in ["prune", "show", "export", "halt", "abandon"] {
        let refused = world.bench.run(&[command, ""], "");
        assert_eq!(refused.code, Some(2), "{command}: {refused}");
    }
    let kept = world.bench.run(&["prune", "--older-than", "1h"], "");
    assert!(kept.stderr.contains("0 rollouts"), "{kept}");
    let pruned = world.bench.run(&["prune", &id], "");
    assert!(pruned.code == Some(0) && pruned.stderr.contains("1 rollout"), "{pruned}");
    assert_eq!(world.told(&["rollouts"]), Value::Array(vec![]));
}

#[test]
fn no_secret_is_on_record_and_only_the_owner_reads_it() {
    let world = world(3, TOKEN);
    assert_eq!(world.run(&[]).code, Some(0));
    let files = ["state", "state/locks"].map(|folder| std::fs::read_dir(world.bench.path(folder)).unwrap());
    let mut count = 0;
    for file in files.into_iter().flatten().map(Result::unwrap).filter(|file| file.path().is_file()) {
        let bytes = std::fs::read(file.path()).unwrap();
        for secret in [PASSWORD, TOKEN] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{:?}", file.path());
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
        }
        count += 1;
    }
    assert!(count > 0);
}

/// Where nothing can be written down, nothing is sent; exit code 5 says why.
#[cfg(target_os = "linux")]
#[test]
fn without_a_journal_nothing_is_sent() {
    let world = world(3, TOKEN);
    world.list_everybody();
    let run = |state_dir: &str| {
        let args = [&["run", "--yes", "--targets", "fleet.txt", "--state-dir", state_dir], &SPED_UP[..]].concat();
        world.bench.run(&args, "")
    };
    world.bench.file("a-file", "not a folder");
    std::fs::create_dir(world.bench.path("rot")).unwrap();
    crate::bench::set_mode(&world.bench.path("rot"), 0o700);
    world.bench.secret_file("rot/reinstall.db", &"not a database ".repeat(100));
    std::fs::create_dir(world.bench.path("open")).unwrap();
    crate::bench::set_mode(&world.bench.path("open"), 0o755);
    for (state_dir, told) in
        [("/proc/reinstall", "/proc/reinstall"), ("a-file", "a-file"), ("rot", "damaged"), ("open", "open to others")]
    {
        let shot = run(state_dir);
        assert_eq!(shot.code, Some(5), "{state_dir}: {shot}");
        assert!(shot.stderr.contains("nothing was sent") && shot.stderr.contains(told), "{state_dir}: {shot}");
    }
    assert_eq!(run("locked").code, Some(0));
    let lock = rusqlite::Connection::open(world.bench.path("locked/reinstall.db")).unwrap();
    lock.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let shot = run("locked");
    assert_eq!(shot.code, Some(5), "{shot}");
    assert!(shot.stderr.contains("locked by another program"), "{shot}");
    assert_eq!(world.wipes(), [1; 3], "by the one run whose folder was good");
}

/// A disk that is full from some moment on: what is on its way is watched, nothing new is sent, and a resume ends it.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_new_requests_and_loses_nothing() {
    use std::process::{Command, Stdio};

    let world = world_where(40, TOKEN, Duration::from_millis(500));
    world.list_everybody();
    let mut ended_full = 0;
    for kib in [0, 60, 100, 140, 200, 300] {
        let state = format!("state-{kib}");
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", kib * 2);
        let before: usize = world.wipes().iter().sum();
        let args = ["run", "--yes", "--targets", "fleet.txt", "--batch-max", "5", "--state-dir", &state];
        let output = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_reinstall")])
            .args([&args[..], &SPED_UP[..]].concat())
            .env("REINSTALL_TOKEN", TOKEN)
            .env("REINSTALL_ENDPOINT", world.bench.endpoint())
            .env("REINSTALL_PROJECT_ID", crate::bench::PROJECT)
            .current_dir(world.bench.path(""))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let wiped = world.wipes().iter().sum::<usize>() - before;
        match output.status.code() {
            Some(0) => assert_eq!(wiped, 40, "{kib} KiB: {told}"),
            Some(5) => {
                ended_full += 1;
                assert!(told.contains("nothing was sent") || told.contains("the journal failed"), "{kib} KiB: {told}");
                assert_eq!(wiped > 0, told.contains("the journal failed"), "{kib} KiB: {told}");
            }
            code => panic!("{kib} KiB: {code:?} {told}"),
        }
        if wiped > 0 && wiped < 40 {
            let resumed = world.resume(&["--state-dir", &state]);
            assert!(matches!(resumed.code, Some(0 | 4)), "{kib} KiB: {resumed}");
            let report: Value = serde_json::from_str(&resumed.stdout).unwrap();
            assert_eq!(report["counts"]["unresolved"], 0, "{kib} KiB: {report}");
        }
    }
    assert!(ended_full > 1, "the bounds are such that some runs meet them");
}
