//! `cargo xtask dist`: the release archive for this machine's target, the same bytes for the same commit and toolchain.

mod archive;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use crate::host::{self, Workspace};
use crate::task::Failure;

use archive::Entry;

/// The programs we ship. The first one writes the completions and man pages of all.
const PROGRAMS: [&str; 2] = ["reinstall", "reinstall-mock-server"];
/// Files of the root that go along.
const DOCUMENTS: [&str; 4] = ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];
/// The folders that `reinstall release-files` fills.
const GENERATED: [&str; 2] = ["completions", "man"];

/// Builds, packs, sums, and tells the sizes.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let target = host::output(Command::new("rustc").args(["--print", "host-tuple"]))?;
    let target = target.trim();
    build(workspace, target)?;

    let entries = collect(workspace, target)?;
    let name = format!("reinstall-{}-{target}", workspace.version);
    let file = format!("{name}.tar.gz");
    let dist = workspace.target_dir.join("dist");
    let written = |source| Failure::Write { path: dist.clone(), source };
    let bytes = archive::pack(&name, &entries, source_date(workspace)?).map_err(written)?;
    let sums = archive::sums(&[(&file, &bytes)]);
    fs::create_dir_all(&dist).map_err(written)?;
    fs::write(dist.join(&file), &bytes).map_err(written)?;
    fs::write(dist.join("SHA256SUMS"), &sums).map_err(written)?;

    for entry in &entries {
        host::say(format_args!("{:>10}  {}", entry.bytes.len(), entry.path));
    }
    host::say(format_args!("{:>10}  {}", bytes.len(), dist.join(&file).display()));
    host::say(format_args!("{}", sums.trim_end()));
    Ok(())
}

/// Builds the programs so that no path of this machine is in them.
fn build(workspace: &Workspace, target: &str) -> Result<(), Failure> {
    let mut remaps = vec![format!("--remap-path-prefix={}=/reinstall", workspace.root.display())];
    if let Some(home) = cargo_home() {
        remaps.push(format!("--remap-path-prefix={}=/cargo", home.display()));
    }
    let mut cargo = host::cargo(workspace);
    cargo.args(["build", "--profile", "dist", "--locked", "--target", target]);
    cargo.args(["-p", "reinstall-cli", "-p", "reinstall-mock-server", "--bins"]);
    // This form outranks every other source of flags and allows spaces in paths.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", remaps.join("\x1f"));
    host::run(&mut cargo)
}

/// Where cargo keeps the sources of dependencies.
fn cargo_home() -> Option<PathBuf> {
    let default = || Some(Path::new(&host::variable("HOME")?).join(".cargo"));
    host::variable("CARGO_HOME").map(PathBuf::from).or_else(default)
}

/// The moment all files of the archive bear, in seconds since 1970: given, or that of the last commit.
fn source_date(workspace: &Workspace) -> Result<u64, Failure> {
    let given = match host::variable("SOURCE_DATE_EPOCH") {
        Some(given) => given,
        None => host::output(Command::new("git").current_dir(&workspace.root).args(["log", "-1", "--format=%ct"]))?,
    };
    let given = given.trim();
    given.parse().map_err(|_| Failure::SourceDate { given: given.to_owned() })
}

/// All that goes into the archive.
fn collect(workspace: &Workspace, target: &str) -> Result<Vec<Entry>, Failure> {
    let built = workspace.target_dir.join(target).join("dist");
    let program = |name: &str| built.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let mut entries = Vec::new();
    for name in PROGRAMS {
        let path = program(name);
        let shown = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        entries.push(Entry::program(shown, read(&path)?));
    }
    for name in DOCUMENTS {
        entries.push(Entry::document(name.to_owned(), read(&workspace.root.join(name))?));
    }

    let made = built.join("release-files");
    match fs::remove_dir_all(&made) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(Failure::Write { path: made, source }),
        Err(_) | Ok(()) => {}
    }
    host::run(Command::new(program(PROGRAMS[0])).arg("release-files").arg(&made))?;
    for folder in GENERATED {
        let files = list(&made.join(folder))?;
        if files.is_empty() {
            return Err(Failure::NoReleaseFiles { folder });
        }
        for (name, path) in files {
            entries.push(Entry::document(format!("{folder}/{name}"), read(&path)?));
        }
    }
    Ok(entries)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|source| Failure::Read { path: path.to_owned(), source })
}

/// The names and paths in a folder; none if there is no such folder.
fn list(folder: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let failed = |source| Failure::Read { path: folder.to_owned(), source };
    let found = match fs::read_dir(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(failed(source)),
    };
    let mut files = Vec::new();
    for file in found {
        let file = file.map_err(failed)?;
        files.push((file.file_name().to_string_lossy().into_owned(), file.path()));
    }
    files.sort();
    Ok(files)
}
