//! A journal as the product is to keep one: all that the rollout was told. Before a request leaves it is on disk; what came
//! after the last request may be lost when the program ends.

use reinstall_core::action::{Event, Order};
use reinstall_core::plan::Plan;
use reinstall_core::rollout::Rollout;
use reinstall_core::time::Timestamp;

use crate::world::START;

/// What a rollout is brought back from.
#[derive(Debug)]
pub(crate) struct Journal {
    plan: Plan,
    seed: u64,
    inputs: Vec<(Timestamp, Event)>,
    /// How many of the inputs are on disk for certain.
    synced: usize,
}

impl Journal {
    pub(crate) fn new(plan: Plan, seed: u64) -> Self {
        Self { plan, seed, inputs: vec![], synced: 0 }
    }

    pub(crate) fn write(&mut self, at: Timestamp, event: Event) {
        let must_last = matches!(event, Event::Ordered(Order::Halt) | Event::Resumed);
        self.inputs.push((at, event));
        if must_last {
            self.sync();
        }
    }

    /// Everything written so far is on disk.
    pub(crate) fn sync(&mut self) {
        self.synced = self.inputs.len();
    }

    /// Brings the rollout back. `torn` tells which part of what was not synced is left, `0.0..1.0`; all of it if `None`.
    pub(crate) fn read(&mut self, torn: Option<f64>) -> Rollout {
        let unsynced = self.inputs.len() - self.synced;
        let kept = torn.map_or(unsynced, |part| (unsynced as f64 * part) as usize);
        self.inputs.truncate(self.synced + kept);
        self.sync();
        Rollout::replay(self.plan.clone(), self.seed, START, self.inputs.iter().cloned())
    }
}
