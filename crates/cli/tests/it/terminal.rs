//! Questions on the controlling terminal, with standard error in a pipe. `script` of util-linux provides the terminal.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use crate::bench::{PROJECT, TOKEN};
use crate::world::{SPED_UP, world};

/// As `reinstall run ... 2>&1 | tee run.log`: the plan and the question are seen, and what is typed counts.
#[test]
fn what_is_piped_through_tee_is_confirmed_at_the_terminal() {
    if Command::new("script").arg("--version").output().is_err() {
        println!("skipped: there is no `script` here");
        return;
    }
    for (types, code, wiped) in [("the hash", "0", [1, 1, 1]), ("something else", "2", [0, 0, 0])] {
        let world = world(3, TOKEN);
        world.list_everybody();
        let run = format!(
            "({} run --targets fleet.txt {} 2>&1; echo $? > code) | cat > run.log",
            env!("CARGO_BIN_EXE_reinstall"),
            SPED_UP.join(" ")
        );
        let mut child = Command::new("script")
            .args(["-q", "-e", "-c", &run, "/dev/null"])
            .env("REINSTALL_TOKEN", TOKEN)
            .env("REINSTALL_ENDPOINT", world.bench.endpoint())
            .env("REINSTALL_PROJECT_ID", PROJECT)
            .env("REINSTALL_STATE_DIR", world.bench.path("state"))
            .current_dir(world.bench.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut shown = String::new();
        let (mut out, mut keys) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        let mut buffer = [0; 4_096];
        while !shown.ends_with("to leave: ") {
            let len = out.read(&mut buffer).unwrap();
            assert_ne!(len, 0, "no question came: {shown}");
            shown.push_str(&String::from_utf8_lossy(&buffer[..len]));
        }
        let hash = shown.rsplit("Type ").next().unwrap().split(' ').next().unwrap();
        let typed = if types == "the hash" { hash } else { "yes" };
        keys.write_all(format!("{typed}\n").as_bytes()).unwrap();
        child.wait().unwrap();
        let logged = std::fs::read_to_string(world.bench.path("run.log")).unwrap();
        assert_eq!(std::fs::read_to_string(world.bench.path("code")).unwrap().trim(), code, "{shown}\n{logged}");
        assert_eq!(world.wipes(), wiped, "{shown}\n{logged}");
        assert!(shown.contains("wipes the system disk") && !logged.contains("to leave"), "{shown}\n{logged}");
    }
}
