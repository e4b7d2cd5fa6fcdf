//! `cargo xtask ci`: all that a change must pass.

use crate::host::{self, Workspace};
use crate::task::{Failure, MUTANT_SEEDS, Task};

/// The steps: the quick and frequent offenders first, the ones that build less later.
const STEPS: [Task; 10] = [
    Task::Fmt,
    Task::Clippy,
    Task::Test,
    Task::Sim { args: Vec::new() },
    Task::Mutants { seeds: MUTANT_SEEDS },
    Task::Docs { write: false },
    Task::Doc,
    Task::Purity,
    Task::Links,
    Task::Tidy,
];

/// Runs the steps up to the first failure.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let began = host::now();
    for (number, step) in (1..).zip(STEPS) {
        let name = step.name();
        host::say(format_args!("== {number}/{} {name}", STEPS.len()));
        let step_began = host::now();
        let result = step.run(workspace);
        let seconds = step_began.elapsed().as_secs_f64();
        if let Err(failure) = result {
            return Err(Failure::Step { step: name, seconds, source: Box::new(failure) });
        }
        host::say(format_args!("== {name} passed in {seconds:.1} s"));
    }
    let seconds = began.elapsed().as_secs_f64();
    let names = STEPS.each_ref().map(Task::name).join(", ");
    host::say(format_args!("ci: all {} steps passed in {seconds:.1} s: {names}", STEPS.len()));
    Ok(())
}
