//! What is seen of a server between its start and its end, once in each round.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use super::Plan;
use super::load::{Asked, Flood, Generators, Paced};
use super::running::{Memory, Recipe, Running};
use crate::bench::grouped;
use crate::task::Failure;

/// One visit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit {
    pub(super) first_answer: Duration,
    /// Bytes: after the first answer, and after status reads as fast as they go and at the fixed rate.
    pub(super) memory_before: u64,
    pub(super) memory_after: Memory,
    pub(super) status: Rush,
    pub(super) paced: Paced,
    /// List reads, where those are measured.
    pub(super) list: Option<Rush>,
}

/// Reads as fast as they go, with what they cost the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rush {
    pub(super) flood: Flood,
    /// Of all cores together.
    pub(super) processor_time: Duration,
}

impl Rush {
    pub(super) fn processor_micros_a_read(&self) -> f64 {
        self.processor_time.as_secs_f64() * 1e6 / self.flood.reads.max(1.0)
    }
}

/// Starts the server, loads it, and ends it.
pub(super) fn pay(generators: &Generators, recipe: &Recipe, plan: Plan, folder: &Path) -> Result<Visit, Failure> {
    let running = Running::start(recipe, folder)?;
    let rush = |targets: &Path| {
        let asked = Asked { targets, header: recipe.header };
        generators.flood(&running, asked, plan.warm_seconds)?;
        let before = running.processor_time()?;
        let flood = generators.flood(&running, asked, plan.load_seconds)?;
        Ok(Rush { flood, processor_time: running.processor_time()?.saturating_sub(before) })
    };
    let memory_before = running.memory()?.now;
    let status = rush(&recipe.targets)?;
    let asked = Asked { targets: &recipe.targets, header: recipe.header };
    let paced = generators.pace(&running, asked, plan.load_seconds)?;
    let memory_after = running.memory()?;
    let list = recipe.lists.as_deref().map(rush).transpose()?;
    Ok(Visit { first_answer: running.first_answer, memory_before, memory_after, status, paced, list })
}

impl fmt::Display for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per_second = |rush: &Rush| grouped(rush.flood.per_second as u64);
        write!(f, "{} status reads a second", per_second(&self.status))?;
        match &self.list {
            Some(list) => write!(f, ", {} list reads", per_second(list)),
            None => Ok(()),
        }
    }
}
