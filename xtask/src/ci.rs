//! `cargo xtask ci`: all that a change must pass.

use crate::conformance::Extent;
use crate::host::{self, Workspace};
use crate::task::{Failure, MUTANT_SEEDS, Task};

/// So much that a minute is enough. The same cases each time, so that the gate says the same of the same tree: others are for
/// whoever runs `cargo xtask conformance`. With these a duration was shown once that the document had no words for.
const CONFORMANCE: Extent = Extent { cases: 400, seed: Some(90_419), contract: false, write: false };

/// The steps: the quick and frequent offenders first, the ones that build less later.
const STEPS: [Task; 14] = [
    Task::Fmt,
    Task::Clippy,
    Task::Test,
    Task::Interop { args: Vec::new() },
    Task::Conformance(CONFORMANCE),
    Task::Page { args: Vec::new() },
    Task::Sim { args: Vec::new() },
    Task::Mutants { seeds: MUTANT_SEEDS },
    Task::Docs { write: false },
    Task::Doc,
    Task::Purity,
    Task::Deny,
    Task::Links,
    Task::Tidy,
];

/// Runs the steps up to the first failure, but for those of the names in `without`.
pub(crate) fn run(workspace: &Workspace, without: &[String]) -> Result<(), Failure> {
    let steps = but(without)?;
    let names = steps.iter().map(Task::name).collect::<Vec<_>>().join(", ");
    let (began, count) = (host::now(), steps.len());
    for (number, step) in (1..).zip(steps) {
        let name = step.name();
        host::say(format_args!("== {number}/{count} {name}"));
        let step_began = host::now();
        let result = step.run(workspace);
        let seconds = step_began.elapsed().as_secs_f64();
        if let Err(failure) = result {
            return Err(Failure::Step { step: name, seconds, source: Box::new(failure) });
        }
        host::say(format_args!("== {name} passed in {seconds:.1} s"));
    }
    let seconds = began.elapsed().as_secs_f64();
    match without {
        [] => host::say(format_args!("ci: all {count} steps passed in {seconds:.1} s: {names}")),
        without => {
            let without = without.join(", ");
            host::say(format_args!("ci: {count} steps passed in {seconds:.1} s: {names}; LEFT OUT: {without}"));
        }
    }
    Ok(())
}

/// The steps that are left; a name that none has is a mistake.
fn but(without: &[String]) -> Result<Vec<Task>, Failure> {
    if let Some(name) = without.iter().find(|name| STEPS.iter().all(|step| step.name() != name.as_str())) {
        return Err(Failure::NoSuchStep { name: name.clone() });
    }
    Ok(STEPS.into_iter().filter(|step| without.iter().all(|name| step.name() != name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_steps_that_exist_are_left_out() {
        let names = |without: &[&str]| {
            let without: Vec<String> = without.iter().map(ToString::to_string).collect();
            but(&without).map(|steps| steps.iter().map(Task::name).collect::<Vec<_>>())
        };
        let all = names(&[]).unwrap();
        assert_eq!(all.len(), STEPS.len());
        let fewer = names(&["interop", "sim"]).unwrap();
        assert_eq!(fewer, all.into_iter().filter(|name| !["interop", "sim"].contains(name)).collect::<Vec<_>>());
        assert!(matches!(names(&["interop", "none"]), Err(Failure::NoSuchStep { name }) if name == "none"));
    }
}
