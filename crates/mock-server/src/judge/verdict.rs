//! The verdict: what was found so far, and what only the end shows.

use std::collections::BTreeMap;

use reinstall_core::id::InstanceId;
use reinstall_core::time::Timestamp;
use serde::Serialize;

use super::Judge;
use super::case::{CASES_MAX, Case, Cases, ExcuseKind, ViolationKind};
use super::record::{Blame, Record};

/// What the judge says of the client.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Whether nothing speaks against the client: no violation was found, and nothing went unjudged.
    pub acquitted: bool,
    /// Whether the client was said to be done.
    pub is_over: bool,
    /// How many violations there were of each kind.
    pub counts: BTreeMap<ViolationKind, u64>,
    /// The first [`CASES_MAX`] of them.
    pub violations: Vec<Case<ViolationKind>>,
    /// How many violations are only counted.
    pub violations_left_out: u64,
    /// How many things of each kind happened that look like violations and are not.
    pub excuses: BTreeMap<ExcuseKind, u64>,
    /// The first [`CASES_MAX`] of them.
    pub not_the_clients_doing: Vec<Case<ExcuseKind>>,
    /// How many of them are only counted.
    pub not_the_clients_doing_left_out: u64,
    /// Whose reinstall the client began and has not seen through so far; nobody once it is done.
    pub open: Roll,
    /// Whose reinstall had not ended when the client was done. It is not blamed for that.
    pub unfinished: Roll,
    /// How many requests or instances there was no room to judge. The client is not acquitted if there are any.
    pub unjudged: u64,
}

/// Some instances.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Roll {
    /// How many.
    pub count: u64,
    /// The first [`CASES_MAX`] of them, in the order of the ids.
    pub instances: Vec<InstanceId>,
}

impl Roll {
    fn add(&mut self, id: InstanceId) {
        self.count += 1;
        if self.instances.len() < CASES_MAX {
            self.instances.push(id);
        }
    }
}

impl Judge {
    /// What can be said at `real_now`, by this machine's clock. Nothing is changed by it.
    ///
    /// `is_over` says that the client is done: then it should have seen through what it began. `ended` says whether the
    /// reinstall of this number of an instance has truly ended, well or badly.
    #[must_use]
    pub fn verdict(&self, real_now: Timestamp, is_over: bool, ended: impl Fn(InstanceId, u32) -> bool) -> Verdict {
        let (mut violations, mut excuses) = (self.violations.clone(), self.excuses.clone());
        self.judge_standing_overlaps(real_now, &mut violations);
        let (mut open, mut unfinished) = (Roll::default(), Roll::default());
        for (id, record) in self.not_seen_through() {
            if !is_over {
                open.add(id);
            } else if ended(id, record.own) {
                self.judge_end(id, record, &mut violations, &mut excuses);
            } else {
                unfinished.add(id);
            }
        }
        let (violations, counts, violations_left_out) = violations.tell();
        let (not_the_clients_doing, excuses, not_the_clients_doing_left_out) = excuses.tell();
        Verdict {
            acquitted: counts.is_empty() && self.unjudged == 0,
            is_over,
            counts,
            violations,
            violations_left_out,
            excuses,
            not_the_clients_doing,
            not_the_clients_doing_left_out,
            open,
            unfinished,
            unjudged: self.unjudged,
        }
    }

    /// In the order of the ids.
    fn not_seen_through(&self) -> Vec<(InstanceId, &Record)> {
        let unseen = self.records.iter().filter(|(_, record)| !record.is_seen_through());
        let mut unseen: Vec<_> = unseen.map(|(id, record)| (*id, record)).collect();
        unseen.sort_unstable_by_key(|(id, _)| *id);
        unseen
    }

    /// A reinstall ended, and the client was done without having seen that.
    fn judge_end(
        &self,
        id: InstanceId,
        record: &Record,
        violations: &mut Cases<ViolationKind>,
        excuses: &mut Cases<ExcuseKind>,
    ) {
        let at = record.begun_by.as_ref().map_or(Timestamp::from_millis(0), |exchange| exchange.at);
        let own = record.own;
        let (kind, why) = match record.blame_at_the_end(self.blind_look) {
            Some(Blame::Client) => {
                violations.note(ViolationKind::NotSeenThrough, Some(id), at, || {
                    let words = format!(
                        "Reinstall {own} of {id} has ended, and the client was done without an answer that showed its end. \
                         Look at each instance until its end shows."
                    );
                    (words, record.proof())
                });
                return;
            }
            Some(Blame::LiedTo) => (ExcuseKind::LiedTo, "an answer had said that it was not started"),
            Some(Blame::Misled | Blame::Network) => (ExcuseKind::Misled, "no look had shown that it had begun"),
            None => (ExcuseKind::KeptFromSeeing, "the last look at it failed, was altered, or showed the past"),
        };
        excuses.note(kind, Some(id), at, || {
            let words = format!("The client was done without having seen the end of reinstall {own} of {id}: {why}.");
            (words, record.proof())
        });
    }
}
