//! Terminals and pipes that are not read, are full, cannot be drawn on or are to be given back; and what they are spared.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pty::OpenptFlags;
use rustix::termios::LocalModes;
use serde_json::Value;

use crate::bench::{Bench, ID};
use crate::world::{SPED_UP, World, signal, world, world_where};

/// A terminal; `master` is the side that a person sits at.
struct Pty {
    master: File,
    slave: std::ffi::CString,
}

impl Pty {
    fn new() -> Self {
        let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        rustix::pty::grantpt(&master).unwrap();
        rustix::pty::unlockpt(&master).unwrap();
        let slave = rustix::pty::ptsname(&master, Vec::new()).unwrap();
        Self { master: File::from(master), slave }
    }

    /// A terminal that takes nothing more, as after Ctrl-S.
    fn full() -> Self {
        let pty = Self::new();
        let slave = pty.open(OFlags::NONBLOCK);
        // What it took is passed on inside it, after which it may take a little more.
        let moment = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        while rustix::event::poll(&mut [PollFd::new(&slave, PollFlags::OUT)], Some(&moment)).unwrap() > 0 {
            fill(&slave);
        }
        pty
    }

    fn open(&self, flags: OFlags) -> OwnedFd {
        rustix::fs::open(&self.slave, OFlags::RDWR | OFlags::NOCTTY | flags, Mode::empty()).unwrap()
    }

    fn stdio(&self) -> Stdio {
        self.open(OFlags::empty()).into()
    }

    fn echoes(&self) -> bool {
        let modes = rustix::termios::tcgetattr(self.open(OFlags::empty())).unwrap().local_modes;
        modes.contains(LocalModes::ECHO) && modes.contains(LocalModes::ICANON) && modes.contains(LocalModes::ISIG)
    }

    /// Reads until `word` was shown or nobody writes any more, and returns all of it.
    fn read_until(&mut self, word: &str) -> String {
        let mut shown = Vec::new();
        let mut piece = [0; 512];
        while !String::from_utf8_lossy(&shown).contains(word) {
            let Ok(count) = self.master.read(&mut piece) else { break };
            shown.extend_from_slice(&piece[..count]);
        }
        String::from_utf8_lossy(&shown).into_owned()
    }
}

/// Writes until nothing more is taken.
fn fill(into: &OwnedFd) {
    loop {
        match rustix::io::write(into, b"x") {
            Ok(_) => {}
            Err(Errno::AGAIN) => return,
            Err(other) => panic!("{other}"),
        }
    }
}

/// A run of everybody, sped up.
fn run(world: &World, args: &[&str]) -> Command {
    world.list_everybody();
    world.command(&[&["run", "--yes", "--targets", "fleet.txt"], &SPED_UP[..], args].concat())
}

fn told(child: &mut Child) -> String {
    let mut told = String::new();
    child.stdout.take().unwrap().read_to_string(&mut told).unwrap();
    told
}

#[test]
fn a_terminal_that_takes_nothing_stops_no_rollout() {
    for (term, verbose) in [("xterm", &[][..]), ("dumb", &[]), ("xterm", &["-vvv"])] {
        let (world, pty) = (world(5, crate::bench::TOKEN), Pty::full());
        let mut command = run(&world, &[&["--output", "json"], verbose].concat());
        let mut child = command.env("TERM", term).stdout(Stdio::piped()).stderr(pty.stdio()).spawn().unwrap();
        let report: Value = serde_json::from_str(&told(&mut child)).unwrap();
        assert_eq!((child.wait().unwrap().code(), &report["counts"]["succeeded"]), (Some(0), &5.into()), "{report}");
    }
}

#[test]
fn signals_act_though_a_terminal_takes_nothing() {
    let (world, pty) = (world_where(5, crate::bench::TOKEN, Duration::from_secs(600)), Pty::full());
    let mut command = run(&world, &["--output", "ndjson"]);
    let mut child = command.env("TERM", "xterm").stdout(Stdio::piped()).stderr(pty.stdio()).spawn().unwrap();
    let mut events = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    for (cue, name) in [("installing", "TERM"), ("halted", "INT")] {
        assert!(events.any(|event| event.contains(&format!("\"event\":\"{cue}\""))), "{cue}");
        signal(&child, name);
    }
    assert!(events.last().unwrap().contains("\"event\":\"summary\""));
    assert_eq!(child.wait().unwrap().code(), Some(4));
}

/// The report waits for its reader; the rollout is on record by then, and a signal ends the wait.
#[test]
fn a_report_waits_for_its_reader_and_not_for_a_signal() {
    let world = world(5, crate::bench::TOKEN);
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    rustix::fs::fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    fill(&writer);
    rustix::fs::fcntl_setfl(&writer, OFlags::empty()).unwrap();
    let finished = || world.bench.run(&["rollouts", "--output", "json"], "").stdout.contains("\"finished\"");
    let mut child = run(&world, &[]).stdout(writer.try_clone().unwrap()).stderr(Stdio::piped()).spawn().unwrap();
    while !finished() {}
    signal(&child, "TERM");
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(6), "{said}");
    let hint = format!("hint: it is on record: reinstall show {}", world.newest());
    assert!(said.contains(&hint) && said.contains("does not read"), "{said}");
    // And where the reader comes to it late, it gets all of it.
    let mut child = run(&world, &[]).stdout(writer).stderr(Stdio::null()).spawn().unwrap();
    while world.bench.run(&["rollouts"], "").stdout.matches("5 succeeded").count() < 2 {}
    let mut report = String::new();
    File::from(reader).read_to_string(&mut report).unwrap();
    assert!(report.trim_start_matches('x').contains("5 of 5 reinstalled"), "{report}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_full_pipe_that_does_not_block_gets_everything() {
    let world = world(300, crate::bench::TOKEN);
    let whole = world.bench.run(&["list", "--output", "json"], "").stdout;
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    rustix::fs::fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    let mut command = world.command(&["list", "--output", "json"]);
    let mut child = command.stdout(writer).spawn().unwrap();
    drop(command);
    let mut got = Vec::new();
    let mut reader = File::from(reader);
    let mut piece = [0; 100];
    loop {
        match reader.read(&mut piece).unwrap() {
            0 => break,
            count => got.extend_from_slice(&piece[..count]),
        }
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(got.len() > 65_536 && String::from_utf8(got).unwrap() == whole);
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_has_an_exit_code_of_its_own() {
    let full = || Stdio::from(OpenOptions::new().write(true).open("/dev/full").unwrap());
    let shot = |command: &mut Command| {
        let output = command.stderr(Stdio::piped()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = shot(world(3, crate::bench::TOKEN).command(&["list"]).stdout(full()));
    assert_eq!(
        (code, said.as_str()),
        (Some(6), "error: cannot write the result: No space left on device (os error 28)\n")
    );
    let gone = || Stdio::from(rustix::pipe::pipe().unwrap().1);
    for (output, to) in [("text", full()), ("json", gone()), ("ndjson", full())] {
        let world = world(3, crate::bench::TOKEN);
        let (code, said) = shot(run(&world, &["--output", output]).stdout(to));
        let newest = world.newest();
        assert_eq!(code, Some(6), "{output}: {said}");
        assert!(said.contains(&format!("hint: it is on record: reinstall show {newest}\n")), "{output}: {said}");
        assert_eq!(world.bench.run(&["show", &newest], "").code, Some(0));
    }
}

#[test]
fn a_terminal_that_cannot_be_drawn_on_gets_plain_lines() {
    for (term, draws) in [(Some("dumb"), false), (None, false), (Some("xterm"), true)] {
        let (world, mut pty) = (world(3, crate::bench::TOKEN), Pty::new());
        let mut command = run(&world, &["--output", "json"]);
        if let Some(term) = term {
            command.env("TERM", term);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(pty.stdio()).spawn().unwrap();
        drop(command);
        let shown = pty.read_until("all of it");
        let last = if draws { "waves done: 3 succeeded" } else { "wave 3/3: 1 succeeded" };
        assert!(shown.contains("wave 1 opens: 1 instance") && shown.contains(last), "{term:?}: {shown}");
        assert_eq!(shown.contains('\x1b'), draws, "{term:?}: {shown:?}");
        told(&mut child);
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

/// A check of a password that asks for it on this terminal, in a session of its own: the terminal of whoever tests is not asked.
fn asks(bench: &Bench, pty: &Pty) -> Command {
    let mut command = Command::new("setsid");
    command.args([env!("CARGO_BIN_EXE_reinstall"), "password", "check"]).current_dir(bench.path(""));
    command.stdin(pty.stdio()).stderr(pty.stdio()).stdout(Stdio::piped());
    command
}

#[test]
fn a_key_that_ends_the_password_prompt_gives_the_terminal_back() {
    crate::world::default_signals();
    for (key, sent) in [(b"\x03", 2), (b"\x1c", 3)] {
        let (bench, mut pty) = (Bench::new(), Pty::new());
        let mut child = asks(&bench, &pty).spawn().unwrap();
        pty.read_until("for all instances: ");
        assert!(!pty.echoes());
        pty.master.write_all(b"half").unwrap();
        pty.master.write_all(key).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(sent));
        assert!(pty.echoes());
    }
}

#[test]
fn a_password_is_asked_for_twice_and_not_shown() {
    for (first, again, code) in [("Abcdef1!", "Abcdef1!", 0), ("Abcdefx\x7f1!", "Abcdef1!", 0), ("a", "b", 2)] {
        let (bench, mut pty) = (Bench::new(), Pty::new());
        let mut child = asks(&bench, &pty).spawn().unwrap();
        let mut shown = pty.read_until("for all instances: ");
        pty.master.write_all(format!("{first}\r").as_bytes()).unwrap();
        shown += &pty.read_until("The same again: ");
        pty.master.write_all(format!("{again}\n").as_bytes()).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{first:?} {shown}");
        assert!(!shown.contains("bcd") && pty.echoes(), "{shown}");
    }
}

/// Wherever a name comes from, it steers no terminal.
#[test]
fn names_from_anywhere_are_escaped() {
    const HOSTILE: &str = "a\x1b]0;owned\x07\u{9b}2J\u{202e}\u{e0041}\u{ad}b";
    let bench = Bench::new();
    let name = std::ffi::OsStr::from_bytes(HOSTILE.as_bytes());
    std::fs::write(bench.path("bad.txt"), format!("{HOSTILE}\n")).unwrap();
    bench.file("policy.toml", format!("\"{}\" = 1\n", HOSTILE.replace('\x1b', "\\u001b").replace('\x07', "\\u0007")));
    for args in [
        &["show", HOSTILE][..],
        &["run", HOSTILE, "--yes", "--password-file", "pw"],
        &["plan", "--targets", HOSTILE],
        &["plan", ID, "--policy", "policy.toml"],
        &["plan", ID, "--policy", HOSTILE],
        &["plan", ID, HOSTILE],
        &["rollouts", &format!("--{HOSTILE}")],
        &["list", "--ca-cert", HOSTILE],
        &["plan", ID, "--endpoint", HOSTILE],
        &["plan", ID, "--poll-every", HOSTILE],
        &["rollouts", "--state-dir", "pw", "-vv"],
        &["run", ID, "--plan", HOSTILE],
    ] {
        let shot = bench.run(args, "");
        let is_bad = |c: char| c != '\n' && reinstall_core::text::is_terminal_control(c);
        assert!(!shot.stdout.contains(is_bad) && !shot.stderr.contains(is_bad), "{args:?}: {shot}");
    }
    let shot = bench.run(&[name, "--help".as_ref()].map(|word| word.to_str().unwrap()), "");
    assert!(shot.stderr.contains("\\u{202e}") && !shot.stderr.contains('\x1b'), "{shot}");
}

/// A core dump would hold the password.
#[cfg(target_os = "linux")]
#[test]
fn no_core_is_dumped() {
    let bench = Bench::new();
    let mut command = bench.command(&["list", "--endpoint", bench.endpoint(), "--project-id", "p"]);
    let mut child = command.env("REINSTALL_TOKEN", "t").stderr(Stdio::null()).spawn().unwrap();
    bench.wait_for_a_knock();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let numbers: Vec<&str> = core.split_whitespace().filter(|word| word.parse::<u64>().is_ok()).collect();
    // What is not dumpable belongs to root.
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(format!("/proc/{}", child.id())).unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((numbers, owner), (vec!["0", "0"], 0), "{core}");
}
