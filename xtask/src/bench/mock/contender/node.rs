//! The servers from npm.

use std::path::PathBuf;
use std::process::Command;
use std::{fs, io};

use serde_json::Value;

use super::{Ground, TOKEN, read, text};
use crate::bench::mock::running::{Address, Recipe};
use crate::bench::mock::sample::Sample;
use crate::host;
use crate::task::Failure;

/// What is installed, and what the servers are told, from the root.
const FOLDER: &str = "xtask/bench/node";
const NEEDS_NODE: &str = "node, which is missing (Debian: apt-get install nodejs npm)";
const NEEDS_NPM: &str = "npm (Debian: apt-get install npm) and its registry";

/// Prism answers with the example of an OpenAPI document.
pub(super) fn prism(ground: Ground<'_>, sample: &Sample) -> Result<Recipe, Failure> {
    let example =
        "/paths/~1v1~1{project_id}~1instances~1{id}~1status/get/responses/200/content/application~1json/example";
    let answer = serde_json::from_str(&sample.status_answer)
        .map_err(|_| Failure::Output { command: "reinstall-mock-server".to_owned(), expected: "a status" })?;
    let file = filled(ground, "prism.json", example, answer)?;
    let args = ["mock", "--host", "127.0.0.1", &file].map(str::to_owned);
    recipe(ground, sample, ("Prism", "@stoplight/prism-cli", "dist/index.js"), &args)
}

/// Mockoon has a file format of its own.
pub(super) fn mockoon(ground: Ground<'_>, sample: &Sample) -> Result<Recipe, Failure> {
    let file =
        filled(ground, "mockoon.json", "/routes/0/responses/0/body", Value::from(sample.status_answer.as_str()))?;
    let args = ["start", "--disable-log-to-file", "--hostname", "127.0.0.1", "--data", &file].map(str::to_owned);
    recipe(ground, sample, ("Mockoon", "@mockoon/cli", "bin/run.js"), &args)
}

/// A server by its name, package and script, with its arguments. Node runs the script itself: the process that is started is
/// the one that serves.
fn recipe(
    ground: Ground<'_>,
    sample: &Sample,
    (name, package, script): (&str, &str, &str),
    args: &[String],
) -> Result<Recipe, Failure> {
    let modules = installed(ground)?;
    let list: Value = serde_json::from_str(&read(ground.workspace.root.join(FOLDER).join("package.json"))?)
        .map_err(|_| Failure::Output { command: "package.json".to_owned(), expected: "JSON" })?;
    let version = list["dependencies"][package].as_str().unwrap_or("of unknown version");
    let script = modules.join(package).join(script);
    Ok(Recipe {
        name: format!("{name} {version}"),
        program: "node".into(),
        args: std::iter::once(text(&script)).chain(args.iter().cloned()).collect(),
        address: Address::Given,
        header: Some(TOKEN),
        first: sample.one_target.clone(),
        setup: None,
        targets: sample.statuses.clone(),
        lists: None,
    })
}

/// The version of node.
pub(in crate::bench::mock) fn version() -> Result<String, Failure> {
    host::version(Command::new("node").arg("--version"))
        .map_err(|failure| Failure::Needed { needed: NEEDS_NODE, source: Box::new(failure) })
}

/// The folder with exactly the packages of the lock file: installed once, and again when that changes.
fn installed(ground: Ground<'_>) -> Result<PathBuf, Failure> {
    let node = version()?;
    let source = ground.workspace.root.join(FOLDER);
    let (list, lock) = (read(source.join("package.json"))?, read(source.join("package-lock.json"))?);
    let folder = ground.folder.join("node");
    let stamp_file = folder.join("stamp");
    let stamp = format!("{node}\n{lock}");
    let modules = folder.join("node_modules");
    if fs::read_to_string(&stamp_file).is_ok_and(|found| found == stamp) && modules.exists() {
        return Ok(modules);
    }
    host::say(format_args!("the packages of {FOLDER} are installed into {}", folder.display()));
    let write = |path: PathBuf, text: &str| fs::write(&path, text).map_err(|source| Failure::Write { path, source });
    match fs::remove_file(&stamp_file) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            return Err(Failure::Remove { path: stamp_file, source });
        }
        Err(_) | Ok(()) => {}
    }
    fs::create_dir_all(&folder).map_err(|source| Failure::Write { path: folder.clone(), source })?;
    write(folder.join("package.json"), &list)?;
    write(folder.join("package-lock.json"), &lock)?;
    let mut npm = Command::new("npm");
    // No package gets to run anything while it is installed.
    npm.current_dir(&folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    host::run(&mut npm).map_err(|failure| Failure::Needed { needed: NEEDS_NPM, source: Box::new(failure) })?;
    // Last: what is not whole has no stamp.
    write(stamp_file, &stamp)?;
    Ok(modules)
}

/// A document of the folder with what ours answers put in its place, in a file of its own.
fn filled(ground: Ground<'_>, name: &str, place: &str, answer: Value) -> Result<String, Failure> {
    let lacking = || Failure::Output { command: name.to_owned(), expected: "JSON with a place for the answer" };
    let document = read(ground.workspace.root.join(FOLDER).join(name))?;
    let mut document: Value = serde_json::from_str(&document).map_err(|_| lacking())?;
    *document.pointer_mut(place).ok_or_else(lacking)? = answer;
    let path = ground.folder.join(name);
    fs::write(&path, document.to_string()).map_err(|source| Failure::Write { path: path.clone(), source })?;
    Ok(text(&path))
}
