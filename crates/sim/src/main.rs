//! `reinstall-sim`: runs many seeds, or one, and tells what came of them.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser;
use reinstall_core::summary::Outcome;
use reinstall_sim::run::{Tale, run};

/// Runs the rollout in simulated worlds and checks its properties after each step.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// How many seeds to run.
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0, value_name = "S")]
    from: u64,
    /// Run this seed alone.
    #[arg(long, value_name = "S", conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let seeds = match args.seed {
        Some(seed) => seed..seed.saturating_add(1),
        None => args.from..args.from.saturating_add(args.seeds),
    };
    match tell(seeds) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) | Err(_) => ExitCode::FAILURE,
    }
}

/// Runs the seeds and tells of them on standard output; whether none showed a violation.
fn tell(seeds: std::ops::Range<u64>) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    let mut total = Tale::default();
    let mut violations = 0_u64;
    let count = seeds.end - seeds.start;
    for seed in seeds {
        match run(seed) {
            Ok(tale) => {
                total.steps += tale.steps;
                total.submissions += tale.submissions;
                for (outcome, count) in tale.outcomes {
                    *total.outcomes.entry(outcome).or_default() += count;
                }
            }
            Err(violation) => {
                violations += 1;
                writeln!(out, "{violation}\n")?;
            }
        }
    }
    let targets: u64 = total.outcomes.values().sum();
    writeln!(
        out,
        "{count} seeds, {} steps, {} requests, {targets} targets ({}), {violations} violations",
        total.steps,
        total.submissions,
        shares(&total.outcomes, targets)
    )?;
    Ok(violations == 0)
}

fn shares(outcomes: &BTreeMap<Outcome, u64>, targets: u64) -> String {
    let share = |(outcome, count): (&Outcome, &u64)| {
        format!("{outcome} {:.2} %", *count as f64 * 100.0 / targets.max(1) as f64)
    };
    outcomes.iter().map(share).collect::<Vec<_>>().join(", ")
}
