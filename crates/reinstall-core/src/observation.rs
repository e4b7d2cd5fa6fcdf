//! Which calls show a set of instances, and what the answers say of each instance. Without any I/O: the client carries the calls
//! out, and so does the simulation.
//!
//! One list call shows a hundred instances. But it needs a permission of its own, older services lack it, its rows may lack
//! `operation_state`, and an instance that it does not show need not be gone. So what the list does not tell is asked for one
//! by one, by the status call.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::action::Look;
use crate::comparison::is_more_worrying;
use crate::fault::{Fault, FaultKind, Repeat, Verdict, is_known_code, verdict};
use crate::id::InstanceId;
use crate::mutant::{Mutant, planted};
use crate::sighting::Sighting;

/// A call that reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// ListInstances, for these ids: 1 to [`Call::LIST_IDS_MAX`], no repeats.
    List(Vec<InstanceId>),
    /// ShowInstanceStatus.
    Status(InstanceId),
}

impl Call {
    /// The most ids that one list call takes (the page ListInstances: `instance_id`, up to 100, comma separated).
    pub const LIST_IDS_MAX: usize = 100;
}

/// What a call answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The rows of the list, in order, as they came: some may be missing, there twice, or not asked for.
    Rows(Vec<(InstanceId, Sighting)>),
    /// The status of the one instance asked for.
    Status(Sighting),
}

/// Under which name a call's completion is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(u32);

/// What was learned of the two calls. It outlives one observation and is kept for as long as the program speaks to one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallKnowledge {
    /// Whether the list call is not permitted, not there, or tells less than the status call.
    pub list_unavailable: bool,
    /// Whether the list was ever seen with an `operation_state`: then a row without one is no reason to leave it.
    list_has_words: bool,
    /// How often the status call was asked whether it tells more than the list.
    status_probes: u32,
}

impl CallKnowledge {
    /// The most times the status call is asked whether it tells more than the list: before a canary, and while that is in
    /// progress.
    pub const STATUS_PROBES_MAX: u32 = 5;
}

/// An observation of some instances, call by call.
///
/// Poll [`poll_call`](Self::poll_call) until it gives `None`, carry the calls out in any order, report each by
/// [`completed`](Self::completed), and poll again, until [`is_finished`](Self::is_finished).
#[derive(Debug, Clone)]
pub struct Observation {
    ids: Vec<InstanceId>,
    step: Step,
    queued: VecDeque<Call>,
    pending: BTreeMap<CallId, Call>,
    calls: u32,
    found: BTreeMap<InstanceId, Look>,
    /// Why a list call failed, in a way that leaves its instances unread.
    list_fault: Option<Fault>,
    /// The first status call that was denied, as long as no other status call had another end.
    denied: Option<Fault>,
    all_denied: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Lists,
    Probe,
    Singles,
    Finished,
}

impl Observation {
    /// The most list calls at once.
    pub const LISTS_IN_FLIGHT_MAX: usize = 2;
    /// The most status calls at once.
    pub const STATUS_IN_FLIGHT_MAX: usize = 8;

    /// Begins to observe `ids`; repeats count once.
    #[must_use]
    pub fn new(ids: &[InstanceId], knowledge: &CallKnowledge) -> Self {
        let mut named = BTreeSet::new();
        let ids: Vec<InstanceId> = ids.iter().copied().filter(|id| named.insert(*id)).collect();
        let mut observation = Self {
            step: Step::Lists,
            queued: VecDeque::new(),
            pending: BTreeMap::new(),
            calls: 0,
            found: BTreeMap::new(),
            list_fault: None,
            denied: None,
            all_denied: true,
            ids,
        };
        if knowledge.list_unavailable {
            observation.ask_singles();
        } else {
            let chunks = observation.ids.chunks(Call::LIST_IDS_MAX).map(|chunk| Call::List(chunk.to_vec()));
            observation.queued = chunks.collect();
        }
        if observation.queued.is_empty() {
            observation.step = Step::Finished;
        }
        observation
    }

    /// The next call to carry out; `None` if as many are under way as may be, or none is left.
    pub fn poll_call(&mut self) -> Option<(CallId, Call)> {
        let in_flight_max = match self.step {
            Step::Lists => Self::LISTS_IN_FLIGHT_MAX,
            Step::Probe | Step::Singles => Self::STATUS_IN_FLIGHT_MAX,
            Step::Finished => 0,
        };
        if self.pending.len() >= in_flight_max {
            return None;
        }
        let call = self.queued.pop_front()?;
        let id = CallId(self.calls);
        self.calls += 1;
        self.pending.insert(id, call.clone());
        Some((id, call))
    }

    /// A call was answered, or failed. A completion under a name that is not open is ignored.
    pub fn completed(&mut self, id: CallId, reply: Result<Reply, Fault>, knowledge: &mut CallKnowledge) {
        let Some(call) = self.pending.remove(&id) else { return };
        match (call, reply) {
            (Call::List(asked), Ok(Reply::Rows(rows))) => {
                knowledge.list_has_words |= rows.iter().any(|(_, seen)| seen.operation.is_some());
                self.note_rows(&asked, rows);
            }
            (Call::List(asked), Err(fault)) => self.note_list_fault(&asked, fault, knowledge),
            (Call::Status(id), Ok(Reply::Status(seen))) if self.step == Step::Probe => {
                self.note_probe(id, seen, knowledge)
            }
            (Call::Status(_), _) if self.step == Step::Probe => {}
            (Call::Status(id), Ok(Reply::Status(seen))) => self.note_single(id, Ok(seen)),
            (Call::Status(id), Err(fault)) => self.note_single(id, Err(fault)),
            (Call::List(_), Ok(Reply::Status(_))) | (Call::Status(_), Ok(Reply::Rows(_))) => {}
        }
        if self.pending.is_empty() && self.queued.is_empty() {
            self.next_step(knowledge);
        }
    }

    /// Whether nothing is left to ask.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.step == Step::Finished
    }

    /// What was observed of each instance, each once, in the order given. An instance that could not be read is
    /// [`Look::Unread`].
    ///
    /// # Errors
    /// The failure of a list call if nothing at all could be read, or that of a status call if every one was denied and nothing
    /// at all could be read: then no further call would fare better.
    pub fn into_looks(mut self) -> Result<Vec<(InstanceId, Look)>, Fault> {
        let nothing_read = self.found.values().all(|look| matches!(look, Look::Unread(_)));
        if nothing_read && let Some(fault) = self.list_fault.or(self.denied.filter(|_| self.all_denied)) {
            return Err(fault);
        }
        Ok(self.ids.iter().filter_map(|id| self.found.remove_entry(id)).collect())
    }

    fn next_step(&mut self, knowledge: &mut CallKnowledge) {
        match self.step {
            Step::Lists if self.wants_probe(knowledge) => {
                knowledge.status_probes += 1;
                self.step = Step::Probe;
                self.queued.extend(self.ids.iter().find(|id| self.found.contains_key(id)).map(|id| Call::Status(*id)));
            }
            Step::Lists | Step::Probe => {
                self.ask_singles();
                if self.queued.is_empty() {
                    self.step = Step::Finished;
                }
            }
            Step::Singles | Step::Finished => self.step = Step::Finished,
        }
    }

    fn ask_singles(&mut self) {
        self.step = Step::Singles;
        let missing = self.ids.iter().filter(|id| !self.found.contains_key(id)).map(|id| Call::Status(*id));
        self.queued = missing.collect();
    }

    /// Takes what the rows tell. Rows that were not asked for are passed over: a service that does not know the filter shows
    /// every instance. A row without a state of any kind tells nothing.
    fn note_rows(&mut self, asked: &[InstanceId], rows: Vec<(InstanceId, Sighting)>) {
        let asked: BTreeSet<InstanceId> = asked.iter().copied().collect();
        for (id, seen) in rows {
            let tells = seen.state.is_some() || seen.operation.is_some();
            if !tells || !asked.contains(&id) {
                continue;
            }
            let kept = match self.found.get(&id) {
                None => Some(Look::Seen(seen)),
                Some(_) if planted(Mutant::FirstRowCounts) => None,
                Some(Look::Seen(before)) => match is_more_worrying(&seen, before) {
                    Some(true) => Some(Look::Seen(seen)),
                    Some(false) => None,
                    None => Some(Look::Unread(Fault::new(
                        FaultKind::Unreadable,
                        "two rows of the list contradict each other",
                    ))),
                },
                Some(Look::Gone(_) | Look::Unread(_)) => None,
            };
            if let Some(look) = kept {
                self.found.insert(id, look);
            }
        }
    }

    fn note_list_fault(&mut self, asked: &[InstanceId], fault: Fault, knowledge: &mut CallKnowledge) {
        if matches!(fault.status, Some(403..=405)) {
            // Without a code of the cloud it may be any proxy's, and of this moment only.
            knowledge.list_unavailable |= fault.code.as_ref().is_some_and(|code| is_known_code(code.as_str()));
            return;
        }
        for id in asked {
            self.found.insert(*id, Look::Unread(fault.clone()));
        }
        self.list_fault.get_or_insert(fault);
    }

    /// Whether to ask the status call if it has an `operation_state` where the list has none: the field is optional in both, and
    /// in one of the documented life cycles nothing else tells of a reinstall.
    fn wants_probe(&self, knowledge: &CallKnowledge) -> bool {
        let lacks_operation = |look: &Look| matches!(look, Look::Seen(seen) if seen.operation.is_none());
        let seen = || self.found.values().filter(|look| matches!(look, Look::Seen(_)));
        !knowledge.list_has_words
            && knowledge.status_probes < CallKnowledge::STATUS_PROBES_MAX
            && seen().next().is_some()
            && seen().all(lacks_operation)
    }

    fn note_probe(&mut self, id: InstanceId, seen: Sighting, knowledge: &mut CallKnowledge) {
        if seen.operation.is_some() {
            knowledge.list_unavailable = true;
            self.found.clear();
            self.found.insert(id, Look::Seen(seen));
        }
    }

    fn note_single(&mut self, id: InstanceId, result: Result<Sighting, Fault>) {
        let is_denied = result.as_ref().is_err_and(|fault| verdict(fault, Repeat::Safe) == Verdict::Denied);
        self.all_denied &= is_denied;
        let look = match result {
            Ok(seen) => Look::Seen(seen),
            Err(fault) => {
                if is_denied {
                    self.denied.get_or_insert_with(|| fault.clone());
                }
                // Only the service itself can tell that there is no such instance: a bare 404 may be any proxy's.
                let is_gone = fault.kind == FaultKind::NotFound && fault.code.is_some();
                if is_gone { Look::Gone(fault) } else { Look::Unread(fault) }
            }
        };
        self.found.insert(id, look);
    }
}

#[cfg(test)]
mod tests;
