//! The only serialised shape of a plan, of what a rollout was told, and of what it meant to do.
//!
//! A rollout is a function of its [`Opening`] and of the [`Line`]s that follow it. What can be brought back is what is
//! written down here and nothing else; no field can hold a password. What is shown to people and programs has shapes of its
//! own, so that one can change without the other.
//!
//! The parts, in reading order:

mod plan;

mod plan_file;

mod shape;

mod spans;

mod scribe;

mod reader;

mod replay;

use serde::{Deserialize, Serialize};

use crate::id::{ImageId, InstanceId, RequestId, Ticket};
use crate::instance_set::InstanceSet;
use crate::plan::Plan;
use crate::time::{Timestamp, millis};

pub use plan::{PlanError, PlanRecord};
pub use plan_file::PlanFile;
pub use reader::RecordError;
pub use replay::{Replay, ReplayError};
pub use scribe::Scribe;
pub use shape::{FaultRecord, SightingRecord};
pub use spans::Spans;

/// The version of the shapes in this module. It goes up when an older program could no longer read what this one writes.
pub const SCHEMA: u32 = 1;

/// What a rollout began with. Written once, before anything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// [`SCHEMA`] of the program that wrote it.
    pub schema: u32,
    /// The version of that program.
    pub program: String,
    /// When the rollout began.
    #[serde(with = "millis")]
    pub started_at: Timestamp,
    /// What its dice were thrown with.
    pub seed: u64,
    /// What it carries out.
    pub plan: PlanRecord,
}

impl Opening {
    /// The opening of a rollout that begins now.
    #[must_use]
    pub fn new(plan: &Plan, seed: u64, started_at: Timestamp) -> Self {
        let program = env!("CARGO_PKG_VERSION").to_owned();
        Self { schema: SCHEMA, program, started_at, seed, plan: plan.into() }
    }
}

/// One thing that happened to a rollout, or that it was about to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// When.
    #[serde(with = "millis")]
    pub at: Timestamp,
    /// What.
    pub entry: Entry,
}

/// What a [`Line`] says. Places are positions in the order of the plan, from 0: an instance that was looked at a hundred
/// times is named once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Entry {
    /// Time went by.
    Tick,
    /// A person ordered a halt.
    Halt,
    /// The program was started again.
    Resumed,
    /// A reinstall request is about to leave. It leaves only when this line is on disk.
    Intent {
        /// Under which its answer will come.
        ticket: Ticket,
        /// Whom it names.
        ids: InstanceSet,
        /// What it installs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image: Option<ImageId>,
        /// Which go at them it is.
        attempt: u32,
    },
    /// A look came back.
    Looked {
        /// Which.
        ticket: Ticket,
        /// Whom it showed just as the last look that is on record did.
        #[serde(default, skip_serializing_if = "Spans::is_empty")]
        same: Spans,
        /// What else it showed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        seen: Vec<(Spans, SightingRecord)>,
        /// Who is not there any more, with the cloud's words.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        gone: Vec<(Spans, FaultRecord)>,
        /// Who could not be read.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unread: Vec<(Spans, FaultRecord)>,
    },
    /// A reinstall request was accepted.
    Accepted {
        /// Which.
        ticket: Ticket,
        /// Whom the answer named.
        ids: Vec<InstanceId>,
        /// The cloud's name for the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<RequestId>,
    },
    /// A request failed.
    Failed {
        /// Which.
        ticket: Ticket,
        /// How.
        fault: FaultRecord,
    },
}
