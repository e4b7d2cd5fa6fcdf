//! `reinstall-sim`: runs many seeds, or one, and tells what came of them.

use std::io::{self, Write as _};
use std::ops::Range;
use std::process::{Command, ExitCode};

use clap::Parser;
use reinstall_sim::exhaustive::{Extent, search_all};
use reinstall_sim::run::run;
use reinstall_sim::stopwatch::Stopwatch;
use reinstall_sim::totals::Totals;
use reinstall_sim::workers::each_in_order;
use reinstall_sim::{corpus, moves, scale};

/// Runs the rollout in simulated worlds and checks its properties after each step.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// How many seeds to run, after those of the corpus.
    #[arg(long, default_value_t = Totals::WORLDS_ENOUGH, value_name = "N")]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0, value_name = "S")]
    from: u64,
    /// Run this seed alone.
    #[arg(long, value_name = "S", conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// Print the machine's diagram and table of moves, as `docs/rollout.md` has them.
    #[arg(long)]
    moves: bool,
    /// Search small worlds completely instead, up to so many special choices in each.
    #[arg(long, value_name = "SPECIAL", num_args = 0..=1, default_missing_value = "2")]
    exhaustive: Option<usize>,
    /// Measure what the machine costs for each target, at each of these numbers of targets.
    #[arg(long, value_name = "TARGETS", value_delimiter = ',')]
    scale: Vec<usize>,
    /// Plant each fault in turn, and count those of the first N seeds that catch it.
    #[cfg(reinstall_mutants)]
    #[arg(long, value_name = "N")]
    mutants: Option<u64>,
    /// Plant only the faults of these names.
    #[cfg(reinstall_mutants)]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
}

fn main() -> ExitCode {
    match tell(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) | Err(_) => ExitCode::FAILURE,
    }
}

/// Does what was asked for; whether all is well.
fn tell(args: &Args) -> io::Result<bool> {
    // A machine that stops itself is told of as a violation, with its seed.
    std::panic::set_hook(Box::new(|_| {}));
    #[cfg(reinstall_mutants)]
    match (args.mutants, args.exhaustive) {
        (Some(_), Some(special_max)) => return tell_mutants_searched(Extent { special_max, ..Extent::BOUNDED }),
        (Some(counted), None) => return tell_mutants(counted, &args.only),
        (None, _) => {}
    }
    if let Some(special_max) = args.exhaustive {
        return tell_exhaustive(Extent { special_max, ..Extent::BOUNDED });
    }
    if args.moves {
        write!(io::stdout(), "{}", moves::document())?;
        return Ok(true);
    }
    match (args.scale.as_slice(), args.seed) {
        ([], Some(seed)) => tell_seeds(seed..seed.saturating_add(1)),
        ([], None) => Ok(tell_corpus()? & tell_seeds(args.from..args.from.saturating_add(args.seeds))?),
        ([targets], _) => tell_cost(*targets),
        (several, _) => several.iter().try_fold(true, |all_well, targets| {
            // Each in a process of its own, with memory that nobody has used before.
            let status = Command::new(std::env::current_exe()?).args(["--scale", &targets.to_string()]).status()?;
            Ok(all_well & status.success())
        }),
    }
}

/// Searches every small scene completely; whether none shows a violation.
fn tell_exhaustive(extent: Extent) -> io::Result<bool> {
    let (mut worlds, mut scenes, mut violations, mut written) = (0, 0, 0, Ok(()));
    let stopwatch = Stopwatch::start();
    search_all(extent, |searched| {
        (worlds, scenes) = (worlds + searched.worlds, scenes + 1);
        violations += u64::from(searched.violation.is_some());
        written = writeln!(io::stdout(), "{searched}");
        written.is_ok()
    });
    written?;
    let Extent { special_max, choices_max } = extent;
    writeln!(
        io::stdout(),
        "{scenes} small scenes, {worlds} worlds: all with at most {special_max} special choices among the first {choices_max}; \
         {violations} violations, in {:.1} s",
        stopwatch.read().as_secs_f64()
    )?;
    Ok(violations == 0)
}

/// Runs the seeds that once failed; whether none shows a violation.
fn tell_corpus() -> io::Result<bool> {
    let seeds = corpus::seeds();
    let mut all_hold = true;
    for violation in seeds.iter().filter_map(|seed| run(*seed).err()) {
        all_hold = false;
        writeln!(io::stdout(), "{violation}\n")?;
    }
    writeln!(io::stdout(), "corpus: {} seeds, {}", seeds.len(), if all_hold { "all hold" } else { "NOT all hold" })?;
    Ok(all_hold)
}

/// Runs the seeds and tells of them on standard output; whether none showed a violation and the totals are good enough.
fn tell_seeds(seeds: Range<u64>) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    let (mut totals, mut violations, mut written) = (Totals::default(), 0_u64, Ok(()));
    let stopwatch = Stopwatch::start();
    each_in_order(seeds, run, |_, result| {
        match result {
            Ok(tale) => totals.add(tale),
            Err(violation) => {
                violations += 1;
                written = writeln!(out, "{violation}\n");
            }
        }
        written.is_ok()
    });
    written?;
    let seconds = stopwatch.read().as_secs_f64();
    write!(out, "{totals}")?;
    let objections = totals.objections();
    for objection in &objections {
        writeln!(out, "{objection}")?;
    }
    let rate = |count: u64| count as f64 / seconds;
    let (worlds, steps) = (rate(totals.worlds), rate(totals.steps));
    writeln!(out, "{violations} violations, in {seconds:.1} s: {worlds:.0} seeds/s, {steps:.0} steps/s")?;
    Ok(violations == 0 && objections.is_empty())
}

fn tell_cost(targets: usize) -> io::Result<bool> {
    let cost = scale::measure(targets)?;
    let each = |bytes: u64| bytes as f64 / targets as f64;
    let micros = cost.took.as_secs_f64() * 1e6 / targets as f64;
    let (plan, rollout) = (each(cost.plan_bytes), each(cost.rollout_bytes));
    writeln!(
        io::stdout(),
        "{targets} targets: {:.3} s, {micros:.1} us/target; plan {plan:.0} B/target, rollout {rollout:.0} B/target",
        cost.took.as_secs_f64()
    )?;
    // The bound that the machine was built for.
    Ok(rollout < 1024.0)
}

/// Plants each fault, and tells how many worlds of the complete search it takes to catch it. Some need more than small worlds have,
/// so that it is no failure if one is not caught.
#[cfg(reinstall_mutants)]
fn tell_mutants_searched(extent: Extent) -> io::Result<bool> {
    use reinstall_sim::mutants::catch_each_exhaustively;

    let mut written =
        writeln!(io::stdout(), "| wrong idea | caught in world | property that it breaks |\n|---|---|---|");
    catch_each_exhaustively(extent, |mutant, (worlds, property)| {
        let idea = mutant.idea().trim_end_matches('.');
        let line = match property {
            Some(property) => writeln!(io::stdout(), "| {idea} | {worlds} | `{property}` |"),
            None => writeln!(io::stdout(), "| {idea} | in none of {worlds} | |"),
        };
        if written.is_ok() {
            written = line;
        }
    });
    written?;
    Ok(true)
}

/// Plants each fault, and tells what catches it; whether each is caught.
#[cfg(reinstall_mutants)]
fn tell_mutants(counted: u64, only: &[String]) -> io::Result<bool> {
    use reinstall_sim::mutants::{CAUGHT_WITHIN, NOT_SHOWN_YET, catch_each};

    let mut out = io::stdout().lock();
    let (mut all_caught, mut written) = (true, Ok(()));
    writeln!(out, "| wrong idea | first seed | of {counted} | property that it breaks |\n|---|---|---|---|")?;
    catch_each(counted, only, |caught| {
        let idea = caught.mutant.idea().trim_end_matches('.');
        let line = match caught.first {
            Some((seed, property)) => writeln!(out, "| {idea} | {seed} | {} | `{property}` |", caught.failing),
            None if NOT_SHOWN_YET.contains(&caught.mutant) => {
                writeln!(out, "| {idea} | not shown yet, within {CAUGHT_WITHIN} | 0 | |")
            }
            None => {
                all_caught = false;
                writeln!(out, "| {idea} | NOT CAUGHT within {CAUGHT_WITHIN} | 0 | |")
            }
        };
        if written.is_ok() {
            written = line;
        }
    });
    written?;
    Ok(all_caught)
}
