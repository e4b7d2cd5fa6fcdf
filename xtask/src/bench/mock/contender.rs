//! The servers that are measured: which they are, what they need, and how each is started.

mod node;

use std::fs;
use std::path::{Path, PathBuf};

pub(super) use self::node::version as node_version;
use super::running::{Address, Recipe};
use super::sample::{INSTANCES, PROJECT, Sample, first_page};
use crate::host::{self, Workspace};
use crate::interop::venv;
use crate::task::Failure;

/// A project of Rust servers, of its own.
const PEERS: &str = "xtask/bench/peers";
/// moto and how it is started.
const MOTO: &str = "xtask/bench/moto";
const NEEDS_PYTHON: &str = "Python 3.10 or later with venv (Debian: apt-get install python3-venv), and PyPI";
const NEEDS_CRATES: &str = "crates.io, to build the servers that ours is compared with";
/// What opens ours.
const TOKEN: &str = "X-Auth-Token: t";
/// What tells moto which of its services is meant; it looks no further.
const TO_EC2: &str = "Authorization: AWS4-HMAC-SHA256 Credential=mock/20260101/us-east-1/ec2/aws4_request, \
                      SignedHeaders=host, Signature=0";

/// A server to be measured, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Contender {
    /// Our mock server, with its request log and 100,000 instances.
    Ours,
    /// A bare axum handler, the practical limit.
    Axum,
    /// The crate httpmock.
    Httpmock,
    /// The crate wiremock.
    Wiremock,
    /// Prism, from npm.
    Prism,
    /// Mockoon's command line, from npm.
    Mockoon,
    /// moto's server, from PyPI.
    Moto,
}

/// Where things are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) workspace: &'a Workspace,
    /// Where everything goes that the bench makes.
    pub(super) folder: &'a Path,
}

impl Contender {
    /// Whether it cannot be left out for a lack on this machine.
    pub(super) const fn is_needed(self) -> bool {
        match self {
            Self::Ours | Self::Axum => true,
            Self::Httpmock | Self::Wiremock | Self::Prism | Self::Mockoon | Self::Moto => false,
        }
    }

    /// What it is called where it could not even be made ready.
    pub(super) const fn plain_name(self) -> &'static str {
        match self {
            Self::Ours => "reinstall-mock-server",
            Self::Axum => "bare axum",
            Self::Httpmock => "httpmock",
            Self::Wiremock => "wiremock",
            Self::Prism => "Prism",
            Self::Mockoon => "Mockoon",
            Self::Moto => "moto",
        }
    }

    /// Builds or installs it, and tells how it is started.
    pub(super) fn ready(self, ground: Ground<'_>, sample: &Sample) -> Result<Recipe, Failure> {
        match self {
            Self::Ours => ours(ground).map(|recipe| Recipe {
                first: sample.one_target.clone(),
                targets: sample.statuses.clone(),
                lists: Some(sample.lists.clone()),
                ..recipe
            }),
            Self::Axum => {
                peer(ground, "axum", [text(&sample.status_file), text(&sample.list_file)], sample).map(|recipe| {
                    Recipe {
                        name: format!("bare {}", recipe.name),
                        targets: sample.statuses.clone(),
                        lists: Some(sample.lists.clone()),
                        ..recipe
                    }
                })
            }
            Self::Httpmock => peer(ground, "httpmock", [text(&sample.status_file), sample.one_target.clone()], sample),
            Self::Wiremock => peer(ground, "wiremock", [text(&sample.status_file), sample.one_target.clone()], sample),
            Self::Prism => node::prism(ground, sample),
            Self::Mockoon => node::mockoon(ground, sample),
            Self::Moto => moto(ground),
        }
    }
}

/// Ours, before anybody knows an id.
pub(super) fn ours(ground: Ground<'_>) -> Result<Recipe, Failure> {
    let mut build = host::cargo(ground.workspace);
    host::run(build.args(["build", "--quiet", "--release", "--package", "reinstall-mock-server", "--locked"]))?;
    let args = ["--listen", "127.0.0.1:0", "--project-id", PROJECT, "--token", "t", "--instances"];
    Ok(Recipe {
        name: format!("reinstall-mock-server {}", ground.workspace.version),
        program: ground.workspace.target_dir.join("release/reinstall-mock-server"),
        args: args.map(str::to_owned).into_iter().chain([INSTANCES.to_string()]).collect(),
        address: Address::Printed,
        header: Some(TOKEN),
        first: first_page(),
        setup: None,
        targets: PathBuf::new(),
        lists: None,
    })
}

/// One of the Rust servers, with its two arguments; asked for one path, unless told otherwise.
fn peer(ground: Ground<'_>, krate: &str, args: [String; 2], sample: &Sample) -> Result<Recipe, Failure> {
    let project = ground.workspace.root.join(PEERS);
    let mut build = host::cargo(ground.workspace);
    build.args(["build", "--quiet", "--release", "--locked", "--manifest-path"]).arg(project.join("Cargo.toml"));
    host::run(build.arg("--target-dir").arg(ground.folder.join("peers")))
        .map_err(|failure| Failure::Needed { needed: NEEDS_CRATES, source: Box::new(failure) })?;
    let lock = read(project.join("Cargo.lock"))?;
    Ok(Recipe {
        name: format!("{krate} {}", locked_version(&lock, krate).unwrap_or("of unknown version")),
        program: ground.folder.join(format!("peers/release/{krate}-peer")),
        args: args.into(),
        address: Address::Printed,
        // Nobody asks for it, but a request should be as long for all.
        header: Some(TOKEN),
        first: sample.one_target.clone(),
        setup: None,
        targets: sample.one.clone(),
        lists: None,
    })
}

/// moto answers for another cloud: what comes next to a status read there is asked of it, of one instance.
fn moto(ground: Ground<'_>) -> Result<Recipe, Failure> {
    let folder = ground.workspace.root.join(MOTO);
    let python = venv::ready(&ground.folder.join("moto"), &folder.join("requirements.txt"))
        .map_err(|failure| Failure::Needed { needed: NEEDS_PYTHON, source: Box::new(failure) })?;
    let command = python.run(&folder.join("serve.py"));
    let args = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    let listed = read(folder.join("requirements.in"))?;
    let version = listed.lines().find_map(|line| line.strip_prefix("moto[server]=="));
    let action = |action: &str| format!("/?Version=2016-11-15&Action={action}");
    let target = action("DescribeInstanceStatus");
    let targets = ground.folder.join("moto.txt");
    fs::write(&targets, &target).map_err(|source| Failure::Write { path: targets.clone(), source })?;
    Ok(Recipe {
        name: format!("moto {}", version.unwrap_or("of unknown version")),
        program: command.get_program().into(),
        args: args.chain(["--host".to_owned(), "127.0.0.1".to_owned()]).collect(),
        address: Address::Given,
        header: Some(TO_EC2),
        first: target,
        setup: Some(action("RunInstances&ImageId=ami-12c6146b&MinCount=1&MaxCount=1")),
        targets,
        lists: None,
    })
}

fn read(path: PathBuf) -> Result<String, Failure> {
    fs::read_to_string(&path).map_err(|source| Failure::Read { path, source })
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The version of a package in a Cargo.lock.
fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let (_, rest) = lock.split_once(&format!("\nname = \"{package}\"\nversion = \""))?;
    rest.split_once('"').map(|(version, _)| version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_lock_file() {
        let lock = "[[package]]\nname = \"axum-core\"\nversion = \"0.5.6\"\n\n[[package]]\nname = \"axum\"\nversion = \"0.8.9\"\n";
        assert_eq!(locked_version(lock, "axum"), Some("0.8.9"));
        assert_eq!(locked_version(lock, "core"), None);
    }
}
