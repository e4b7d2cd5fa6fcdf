//! Brings a rollout back from what is on record of it.

use std::collections::BTreeMap;

use crate::action::{Action, Event, Submission};
use crate::id::Ticket;
use crate::plan::Plan;
use crate::rollout::Rollout;

use super::reader::{Reader, Said};
use super::{Line, Opening, PlanError, RecordError, SCHEMA};

/// Why a rollout cannot be brought back. Nothing was sent, and nothing of the journal was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// A newer program wrote it.
    #[error("it has schema {found}, written by version {program}; this program knows schemas up to {SCHEMA}")]
    Newer {
        /// The schema found.
        found: u32,
        /// The version of the program that wrote it.
        program: String,
    },
    /// Its plan is none.
    #[error("its plan is damaged: {0}")]
    Plan(#[from] PlanError),
    /// An entry makes no sense.
    #[error("line {line} is damaged: {error}")]
    Line {
        /// Which, from 1.
        line: u64,
        /// Why.
        error: RecordError,
    },
    /// It says that the rollout was about to do something else than it would do by now. Either the journal was changed, or
    /// another version of the program with other rules wrote it: what it knew cannot be trusted to be what is known here.
    #[error(
        "line {line} does not follow from the lines before it: the journal was changed, or version {program} decided otherwise \
         than this one"
    )]
    Diverged {
        /// Which, from 1.
        line: u64,
        /// The version of the program that wrote it.
        program: String,
    },
}

/// A rollout on its way back: give it every line, in order.
#[derive(Debug)]
pub struct Replay {
    rollout: Rollout,
    reader: Reader,
    /// What the rollout wants to submit and no intent was read of yet.
    wanted: BTreeMap<Ticket, Submission>,
    lines: u64,
    program: String,
}

impl Replay {
    /// Begins with what the rollout began with.
    ///
    /// # Errors
    /// [`ReplayError::Newer`] and [`ReplayError::Plan`].
    pub fn new(opening: Opening) -> Result<Self, ReplayError> {
        let Opening { schema, program, started_at, seed, plan } = opening;
        if schema > SCHEMA {
            return Err(ReplayError::Newer { found: schema, program });
        }
        let plan = Plan::try_from(plan)?;
        let reader = Reader::new(&plan);
        let rollout = Rollout::new(plan, seed, started_at);
        Ok(Self { rollout, reader, wanted: BTreeMap::new(), lines: 0, program })
    }

    /// Goes on with the next line. Every request that is on record is held against what the rollout, as it is by then, would
    /// send.
    ///
    /// # Errors
    /// [`ReplayError::Line`] and [`ReplayError::Diverged`]. The replay is of no use then.
    pub fn line(&mut self, line: Line) -> Result<(), ReplayError> {
        self.lines += 1;
        let Line { at, entry } = line;
        match self.reader.read(entry).map_err(|error| ReplayError::Line { line: self.lines, error })? {
            Said::Meant(ticket, submission) => {
                self.collect_wanted();
                if self.wanted.remove(&ticket) != Some(submission) {
                    return Err(self.diverged());
                }
            }
            Said::Told(event) => {
                self.collect_wanted();
                // Only the end of a program comes between a decision and its intent.
                if !self.wanted.is_empty() && event != Event::Resumed {
                    return Err(self.diverged());
                }
                self.wanted.clear();
                self.rollout.handle(at, event);
            }
        }
        Ok(())
    }

    /// The rollout as it was. Tell it [`Event::Resumed`] next; see [`Recorded::resume`](crate::recorded::Recorded::resume).
    #[must_use]
    pub fn into_rollout(mut self) -> Rollout {
        // What it wanted to do and tell then is over.
        while self.rollout.poll_action().is_some() {}
        while self.rollout.poll_notice().is_some() {}
        self.rollout
    }

    fn collect_wanted(&mut self) {
        while let Some(action) = self.rollout.poll_action() {
            if let Action::Submit(ticket, submission) = action {
                self.wanted.insert(ticket, submission);
            }
        }
        while self.rollout.poll_notice().is_some() {}
    }

    fn diverged(&self) -> ReplayError {
        ReplayError::Diverged { line: self.lines, program: self.program.clone() }
    }
}
