//! kill -9 at seeded moments, until nothing is left to kill.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::time::Duration;

use reinstall_core::retry::Dice;
use reinstall_mock_server::cloud::wipe::Ending;
use serde_json::Value;

use crate::bench::TOKEN;
use crate::world::{World, signal, world_where};

/// How many instances a rollout has.
const INSTANCES: u32 = 300;
/// How many rollouts are tormented, side by side.
const ROLLOUTS: u64 = 6;
/// How often programs are killed, at least, in all.
const KILLS_MIN: u32 = 50;
/// How often each is killed, at most. Killed more often, it would come to no end in the time of a test.
const KILLS_PER_ROLLOUT: u32 = 10;
/// How long a reinstall takes. Long enough that nobody is away for a whole one: what was in doubt would then rightly be called
/// unresolved.
const TAKES: Duration = Duration::from_secs(12);
/// The most notices that a program may still tell before it is killed.
const NOTICES_MAX: f64 = 40.0;

/// Clocks that suit reinstalls of a few seconds.
const POLICY: [&str; 20] = [
    "--waves",
    "1,20%,100%",
    "--batch-max",
    "20",
    "--in-flight-max",
    "120",
    "--failures-max",
    "20%",
    "--attempts",
    "10",
    "--poll-every",
    "100ms",
    "--shortest",
    "10s",
    "--settle-after",
    "2s",
    "--read-lag",
    "100ms",
    "--call-timeout",
    "1500ms",
];
const COMMON: [&str; 7] = ["--yes", "--requests-per-second", "500", "--password-file", "pw", "--output", "ndjson"];

/// Lets a program tell so many notices, and a little more, and kills it; or lets it come to its end. Whether it did.
fn let_run(child: &mut Child, notices: Option<u64>, spins: u64) -> bool {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = 0;
    while notices.is_none_or(|notices| told < notices) {
        match lines.next() {
            Some(line) => told += u64::from(!line.unwrap().is_empty()),
            None => break,
        }
    }
    // So that it is not always killed right behind a notice.
    (0..spins).for_each(|_| std::hint::spin_loop());
    // It may have ended meanwhile.
    child.kill().ok();
    let status = child.wait().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(matches!(status.code(), None | Some(0 | 1)), "{status}: {said}");
    status.code().is_some()
}

/// Kills one rollout again and again, and brings it to its end. How often it was killed.
fn torment(seed: u64, world: &World) -> u32 {
    let dice = Dice::new(seed);
    let mut args = [&["run", "--targets", "fleet.txt"], &POLICY[..], &COMMON[..]].concat();
    for kills in 0.. {
        let notices = (dice.throw(&[0, u64::from(kills)]) * NOTICES_MAX) as u64;
        let spins = (dice.throw(&[1, u64::from(kills)]) * 3_000_000.0) as u64;
        let mut child = world.spawn(&args);
        if let_run(&mut child, (kills < KILLS_PER_ROLLOUT).then_some(notices), spins) {
            return kills;
        }
        let rows: Value = serde_json::from_str(&world.bench.run(&["rollouts", "--output", "json"], "").stdout).unwrap();
        match rows[0]["state"].as_str() {
            // Killed before it began.
            None => {}
            // Killed when all was done.
            Some("finished") => return kills + 1,
            Some(_) => args = [&["resume"], &COMMON[..]].concat(),
        }
    }
    unreachable!("the last one is not killed")
}

/// Every instance was wiped once, and every verdict is what happened.
fn check(seed: u64, world: &World, failing: &[usize]) {
    let rows: Value = serde_json::from_str(&world.bench.run(&["rollouts", "--output", "json"], "").stdout).unwrap();
    let id = rows[0]["rollout"].as_str().unwrap();
    assert_eq!((rows.as_array().unwrap().len(), rows[0]["state"].as_str()), (1, Some("finished")), "seed {seed}");
    let shown = world.bench.run(&["show", id, "--output", "json"], "");
    let report: Value = serde_json::from_str(&shown.stdout).unwrap();
    let ids: Vec<String> = world.server.ids().iter().map(ToString::to_string).collect();
    for instance in report["instances"].as_array().unwrap() {
        let place = ids.iter().position(|id| instance["id"] == id.as_str()).unwrap();
        let expected = if failing.contains(&place) { "failed" } else { "succeeded" };
        assert_eq!(instance["outcome"], expected, "seed {seed}: {instance:#}");
    }
    let wipes = world.wipes();
    assert_eq!(wipes, vec![1; ids.len()], "seed {seed}");
    assert_eq!(world.server.truth().violations_count, 0, "seed {seed}");
    let exported = world.bench.run(&["export", id], "");
    assert!(exported.stdout.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "seed {seed}");
    assert!(!exported.stdout.contains(TOKEN) && !exported.stdout.contains(crate::bench::PASSWORD), "a secret");
}

#[test]
fn killed_fifty_times_nobody_is_wiped_twice_and_every_verdict_is_right() {
    let rollout = |seed| {
        let world = world_where(INSTANCES, TOKEN, TAKES);
        let failing = [77, 123, 250];
        for place in failing {
            let id = world.server.ids()[place];
            world.server.with_cloud(|cloud| cloud.set_ending(id, Ending::fails("iMetal.0307", "the disk is gone")));
        }
        world.list_everybody();
        let kills = torment(seed, &world);
        check(seed, &world, &failing);
        kills
    };
    let mut kills = 0;
    // Some come to their end before they are killed as often as they might; then more have to suffer.
    for round in 0.. {
        let seeds = round * ROLLOUTS..(round + 1) * ROLLOUTS;
        kills += std::thread::scope(|scope| {
            let rollouts: Vec<_> = seeds.map(|seed| scope.spawn(move || rollout(seed))).collect();
            rollouts.into_iter().map(|rollout| rollout.join().unwrap()).sum::<u32>()
        });
        if kills >= KILLS_MIN {
            return;
        }
    }
}

/// A terminal that is closed, or a connection that is lost, sends SIGHUP.
#[test]
fn a_hang_up_is_a_crash_and_is_survived() {
    let world = world_where(30, TOKEN, Duration::from_secs(1));
    world.list_everybody();
    let mut child = world.spawn(&[&["run", "--targets", "fleet.txt"], &POLICY[..], &COMMON[..]].concat());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("installing")));
    signal(&child, "HUP");
    assert_eq!(child.wait().unwrap().code(), None, "it was ended by the signal");
    let listed = world.bench.run(&["rollouts"], "");
    assert!(listed.stdout.contains("interrupted"), "{listed}");
    let shown = world.bench.run(&["show", &world.newest()], "");
    assert!(shown.stdout.contains("has ended") && !shown.stdout.contains("--take-over"), "{shown}");
    let resumed = world.bench.run(&[&["resume"], &COMMON[..]].concat(), "");
    assert_eq!(resumed.code, Some(0), "{resumed}");
    assert_eq!(world.wipes(), [1; 30]);
}

/// A program that is stopped, and taken for dead, wakes up after another one has gone on in its place.
#[test]
fn a_program_that_was_taken_over_sends_nothing_any_more() {
    let world = world_where(30, TOKEN, Duration::from_secs(2));
    world.list_everybody();
    let mut sleeper = world.spawn(&[&["run", "--targets", "fleet.txt"], &POLICY[..], &COMMON[..]].concat());
    let mut lines = BufReader::new(sleeper.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("installing")));
    signal(&sleeper, "STOP");
    let held = world.bench.run(&[&["resume", "--take-over"], &COMMON[..]].concat(), "");
    assert!(held.code == Some(2) && held.stderr.contains("carries this rollout on"), "{held}");
    // Half a minute passes.
    let database = rusqlite::Connection::open(world.bench.path("state/reinstall.db")).unwrap();
    database.execute("UPDATE state SET heartbeat_at = heartbeat_at - 31000", []).unwrap();
    let refused = world.bench.run(&[&["resume"], &COMMON[..]].concat(), "");
    assert!(refused.code == Some(2) && refused.stderr.contains("still exists"), "{refused}");
    let listed = world.bench.run(&["rollouts"], "");
    assert!(listed.stdout.contains("running"), "its process is there: {listed}");
    let abandoned = world.bench.run(&["abandon", &world.newest(), "--yes"], "");
    assert!(abandoned.code == Some(2) && abandoned.stderr.contains("carries this rollout on"), "{abandoned}");
    let resumed = world.bench.run(&[&["resume", "--take-over"], &COMMON[..]].concat(), "");
    assert_eq!(resumed.code, Some(0), "{resumed}");

    signal(&sleeper, "CONT");
    drop(lines);
    let mut said = String::new();
    sleeper.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(sleeper.wait().unwrap().code(), Some(5), "{said}");
    assert!(said.contains("took this rollout over") || said.contains("finished or given back"), "{said}");
    assert_eq!(world.wipes(), [1; 30]);
}
