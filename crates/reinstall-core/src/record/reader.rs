//! Reads what a [`Scribe`](super::Scribe) wrote.

use std::collections::BTreeMap;

use crate::action::{Answer, Event, Look, Order, Submission};
use crate::fault::Fault;
use crate::id::{InstanceId, Ticket};
use crate::plan::Plan;
use crate::sighting::Sighting;

use super::{Entry, Spans};

/// Why an entry makes no sense: the journal was damaged or edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It speaks of a target that the plan does not have.
    #[error("place {0} is not in the plan")]
    NoSuchPlace(u32),
    /// It says that a target looks as before, and nothing was said of it before.
    #[error("place {0} is said to look as before, but there is no before")]
    NothingBefore(u32),
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// The rollout was told this.
    Told(Event),
    /// The rollout was about to do this.
    Meant(Ticket, Submission),
}

/// Turns entries back into events.
#[derive(Debug)]
pub(super) struct Reader {
    ids: Vec<InstanceId>,
    told: BTreeMap<u32, Sighting>,
}

impl Reader {
    pub(super) fn new(plan: &Plan) -> Self {
        Self { ids: plan.targets().collect(), told: BTreeMap::new() }
    }

    pub(super) fn read(&mut self, entry: Entry) -> Result<Said, RecordError> {
        Ok(Said::Told(match entry {
            Entry::Tick => Event::Tick,
            Entry::Halt => Event::Ordered(Order::Halt),
            Entry::Resumed => Event::Resumed,
            Entry::Intent { ticket, ids, image, attempt } => {
                return Ok(Said::Meant(ticket, Submission { ids, image, attempt }));
            }
            Entry::Accepted { ticket, ids, request_id } => {
                Event::Answered(ticket, Answer::Accepted { ids, request_id })
            }
            Entry::Failed { ticket, fault } => Event::Answered(ticket, Answer::Failed(fault.into())),
            Entry::Looked { ticket, same, seen, gone, unread } => {
                let mut looks = Vec::new();
                for place in same.places() {
                    let seen = self.told.get(&place).ok_or(RecordError::NothingBefore(place))?;
                    looks.push((self.id(place)?, Look::Seen(seen.clone())));
                }
                for (spans, record) in seen {
                    let seen = Sighting::from(record);
                    for place in spans.places() {
                        looks.push((self.id(place)?, Look::Seen(seen.clone())));
                        self.told.insert(place, seen.clone());
                    }
                }
                self.faults(gone, Look::Gone, &mut looks)?;
                self.faults(unread, Look::Unread, &mut looks)?;
                Event::Answered(ticket, Answer::Looked(looks))
            }
        }))
    }

    fn faults<R: Into<Fault> + Clone>(
        &self,
        groups: Vec<(Spans, R)>,
        look: fn(Fault) -> Look,
        looks: &mut Vec<(InstanceId, Look)>,
    ) -> Result<(), RecordError> {
        for (spans, record) in groups {
            for place in spans.places() {
                looks.push((self.id(place)?, look(record.clone().into())));
            }
        }
        Ok(())
    }

    fn id(&self, place: u32) -> Result<InstanceId, RecordError> {
        usize::try_from(place)
            .ok()
            .and_then(|index| self.ids.get(index))
            .copied()
            .ok_or(RecordError::NoSuchPlace(place))
    }
}
