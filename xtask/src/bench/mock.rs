//! `cargo xtask bench mock`: our mock server beside a bare axum handler, which is the practical limit, and beside mock
//! servers that others wrote.
//!
//! Every server runs alone, as it comes, and is started anew in each round; the rounds go through all of them in turn, so
//! that a bad minute of the machine hits everybody. The load comes from the same machine: what a fast server is measured at
//! is what it leaves of the cores to wrk, for all alike.

mod contender;
mod http;
mod load;
mod running;
mod sample;
mod soak;
mod table;
mod visit;

use std::fs;

use self::contender::{Contender, Ground, node_version, ours};
use self::load::Generators;
use self::running::{Recipe, Running};
use self::sample::Sample;
use self::table::Report;
use self::visit::Visit;
use super::machine;
use crate::host::{self, Workspace};
use crate::task::Failure;

/// The line before what is measured.
pub(super) const BEGIN: &str = "<!-- made by `cargo xtask bench mock --write` -->\n";

/// How much is measured.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub(crate) struct Scope {
    /// One round, a second for each load: to see where one stands, not to be quoted.
    #[arg(long)]
    quick: bool,
    /// Leave out all but these, with commas between.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<Contender>,
    /// Over how many reads ours is watched for growing; 10,000,000 with --write, none with --quick, else 1,000,000.
    #[arg(long, value_name = "N")]
    soak: Option<u64>,
}

/// How long what takes.
#[derive(Debug, Clone, Copy)]
struct Plan {
    rounds: u32,
    warm_seconds: u32,
    load_seconds: u32,
    soak_reads: u64,
}

impl Plan {
    fn of(scope: &Scope, write: bool) -> Self {
        let soak_reads = match (write, scope.quick) {
            (true, _) => 10_000_000,
            (false, true) => 0,
            (false, false) => 1_000_000,
        };
        let soak_reads = scope.soak.unwrap_or(soak_reads);
        match scope.quick {
            true => Self { rounds: 1, warm_seconds: 1, load_seconds: 1, soak_reads },
            false => Self { rounds: 3, warm_seconds: 2, load_seconds: 5, soak_reads },
        }
    }
}

/// A server with what was seen of it.
#[derive(Debug)]
struct Row {
    contender: Contender,
    name: String,
    visits: Vec<Visit>,
    /// Why it was not measured.
    left_out: Option<String>,
}

/// Measures, and tells it as Markdown.
pub(super) fn run(workspace: &Workspace, scope: &Scope, write: bool) -> Result<String, Failure> {
    let mut facts = machine::facts()?;
    let folder = workspace.target_dir.join("bench");
    fs::create_dir_all(folder.join("home")).map_err(|source| Failure::Write { path: folder.clone(), source })?;
    let ground = Ground { workspace, folder: &folder };
    let generators = Generators::ready(workspace, &folder)?;
    let sample = Sample::take(&Running::start(&ours(ground)?, &folder)?, &folder)?;
    facts.extend([versions(workspace)?, generators.fact.clone()]);

    let wanted = <Contender as clap::ValueEnum>::value_variants().iter().copied();
    let wanted = wanted.filter(|contender| scope.only.is_empty() || scope.only.contains(contender));
    let mut entrants = wanted.map(|contender| entrant(contender, ground, &sample)).collect::<Result<Vec<_>, _>>()?;

    let plan = Plan::of(scope, write);
    for round in 1..=plan.rounds {
        for (row, recipe) in &mut entrants {
            let Some(present) = recipe else { continue };
            match visit::pay(&generators, present, plan, &folder) {
                Ok(visit) => {
                    host::say(format_args!("round {round} of {}: {}: {visit}", plan.rounds, row.name));
                    row.visits.push(visit);
                }
                Err(failure) => {
                    leave_out(row, failure)?;
                    *recipe = None;
                }
            }
        }
    }
    let watched =
        entrants.iter().find(|(row, _)| row.contender == Contender::Ours).and_then(|(_, recipe)| recipe.as_ref());
    let soak = match watched {
        Some(recipe) if plan.soak_reads > 0 => {
            Some(soak::watch(&generators, recipe, &sample, plan.soak_reads, &folder)?)
        }
        Some(_) | None => None,
    };
    let rows = entrants.into_iter().map(|(row, _)| row).collect();
    Ok(Report { plan, rows, soak, list_bytes: sample.list_answer.len(), facts }.to_string())
}

/// A server made ready, or left out.
fn entrant(contender: Contender, ground: Ground<'_>, sample: &Sample) -> Result<(Row, Option<Recipe>), Failure> {
    let name = contender.plain_name().to_owned();
    let mut row = Row { contender, name, visits: Vec::new(), left_out: None };
    match contender.ready(ground, sample) {
        Ok(recipe) => {
            row.name.clone_from(&recipe.name);
            Ok((row, Some(recipe)))
        }
        Err(failure) => {
            leave_out(&mut row, failure)?;
            Ok((row, None))
        }
    }
}

/// Notes why there is nothing to say of a server; without ours and the bare handler there is nothing to say at all.
fn leave_out(row: &mut Row, failure: Failure) -> Result<(), Failure> {
    if row.contender.is_needed() {
        return Err(failure);
    }
    host::say(format_args!("{} is left out: {}", row.name, host::chain(&failure)));
    row.left_out = Some(failure.to_string());
    Ok(())
}

/// Of what the servers are made of and run on.
fn versions(workspace: &Workspace) -> Result<String, Failure> {
    let mut rustc = std::process::Command::new("rustc");
    let rustc = host::output(rustc.arg("--version").current_dir(&workspace.root))?;
    let node = node_version().map_or_else(|_| "no node".to_owned(), |version| format!("node {version}"));
    let mut python = std::process::Command::new("python3");
    let python = host::version(python.arg("--version")).unwrap_or_else(|_| "no Python".to_owned());
    Ok(format!("{}, release profile; {node}; {python}", rustc.trim()))
}
