//! The virtual environment with the official clients: made once, and again when what goes into it changes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use crate::host;
use crate::task::Failure;

/// The machine's own Python.
const SYSTEM: &str = if cfg!(windows) { "python" } else { "python3" };
/// Where an environment keeps its own.
const WITHIN: &str = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
/// Fails unless an environment can be made, and tells what it would be made of.
const PROBE: &str = "import sys, venv, ensurepip; assert sys.version_info >= (3, 10); print(sys.version, sys.prefix)";

/// The Python of an environment.
#[derive(Debug)]
pub(crate) struct Python(PathBuf);

impl Python {
    /// Runs a script with it, to be given arguments. Leaves no compiled files beside the script.
    pub(crate) fn run(&self, script: &Path) -> Command {
        let mut command = Command::new(&self.0);
        command.arg("-B").arg(script);
        command
    }
}

/// The environment in `folder` with exactly the packages of the file `requirements`.
pub(crate) fn ready(folder: &Path, requirements: &Path) -> Result<Python, Failure> {
    let system = host::output(Command::new(SYSTEM).args(["-c", PROBE])).map_err(|failure| Failure::Needed {
        needed: "Python 3.10 or later with its venv module (Debian: apt install python3-venv), which the official \
                 clients are written in",
        source: Box::new(failure),
    })?;
    let wanted =
        fs::read_to_string(requirements).map_err(|source| Failure::Read { path: requirements.to_owned(), source })?;
    let stamp = format!("{system}{wanted}");
    let (venv, stamp_file) = (folder.join("venv"), folder.join("stamp"));
    if fs::read_to_string(&stamp_file).is_ok_and(|found| found == stamp) && venv.join(WITHIN).exists() {
        return Ok(Python(venv.join(WITHIN)));
    }
    host::say(format_args!("the packages of {} are installed into {}", requirements.display(), venv.display()));
    remove(&venv)?;
    host::run(Command::new(SYSTEM).args(["-m", "venv"]).arg(&venv))?;
    let python = venv.join(WITHIN);
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
    // Whatever is not listed with its hash is refused, so that everybody gets the same.
    pip.args(["--require-hashes", "--only-binary", ":all:", "--requirement"]).arg(requirements);
    host::run(&mut pip)
        .map_err(|failure| Failure::Needed { needed: "PyPI, or a mirror that pip knows", source: Box::new(failure) })?;
    // Last: an environment that is not whole has no stamp.
    fs::write(&stamp_file, stamp).map_err(|source| Failure::Write { path: stamp_file.clone(), source })?;
    Ok(Python(python))
}

fn remove(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(Failure::Remove { path: folder.to_owned(), source })
        }
        Err(_) | Ok(()) => Ok(()),
    }
}
