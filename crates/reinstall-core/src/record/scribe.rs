//! Writes down what a rollout is told.

use std::collections::BTreeMap;

use crate::action::{Answer, Event, Look, Order, Submission};
use crate::id::{InstanceId, Ticket};
use crate::plan::Plan;
use crate::sighting::Sighting;

use super::{Entry, FaultRecord, Spans};

/// How many sightings are remembered. Only those in flight are looked at, and they are fewer by far.
const REMEMBERED_MAX: usize = 10_000;

/// Turns events into entries. Most looks show what the last one showed; those come to a few bytes.
#[derive(Debug)]
pub struct Scribe {
    places: BTreeMap<InstanceId, u32>,
    /// What the entries so far said of each place last. Whatever is forgotten is written out once more.
    told: BTreeMap<u32, Sighting>,
}

impl Scribe {
    /// A scribe for the rollout of `plan` that has written nothing so far.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self { places: (0..).zip(plan.targets()).map(|(place, id)| (id, place)).collect(), told: BTreeMap::new() }
    }

    /// What is written down of an event.
    pub fn event(&mut self, event: &Event) -> Entry {
        match event {
            Event::Tick => Entry::Tick,
            Event::Ordered(Order::Halt) => Entry::Halt,
            Event::Resumed => Entry::Resumed,
            Event::Answered(ticket, Answer::Looked(looks)) => self.looked(*ticket, looks),
            Event::Answered(ticket, Answer::Accepted { ids, request_id }) => {
                Entry::Accepted { ticket: *ticket, ids: ids.clone(), request_id: request_id.clone() }
            }
            Event::Answered(ticket, Answer::Failed(fault)) => {
                Entry::Failed { ticket: *ticket, fault: fault.clone().into() }
            }
        }
    }

    /// What is written down of a request before it leaves.
    #[must_use]
    pub fn intent(ticket: Ticket, submission: &Submission) -> Entry {
        let Submission { ids, image, attempt } = submission.clone();
        Entry::Intent { ticket, ids, image, attempt }
    }

    fn looked(&mut self, ticket: Ticket, looks: &[(InstanceId, Look)]) -> Entry {
        // As the rollout reads it: whoever is not in the plan is nobody, and of two looks at the same the later counts.
        let by_place: BTreeMap<u32, &Look> =
            looks.iter().filter_map(|(id, look)| Some((*self.places.get(id)?, look))).collect();
        let mut same = Spans::default();
        let (mut seen, mut gone, mut unread) = (vec![], vec![], vec![]);
        for (place, look) in by_place {
            match look {
                Look::Seen(sighting) if self.told.get(&place) == Some(sighting) => same.push(place),
                Look::Seen(sighting) => {
                    self.told.insert(place, sighting.clone());
                    add(&mut seen, place, sighting.clone().into());
                }
                Look::Gone(fault) => add(&mut gone, place, FaultRecord::from(fault.clone())),
                Look::Unread(fault) => add(&mut unread, place, FaultRecord::from(fault.clone())),
            }
        }
        if self.told.len() > REMEMBERED_MAX {
            self.told.clear();
        }
        Entry::Looked { ticket, same, seen, gone, unread }
    }
}

/// Adds a place to the last group if that says the same of it, else to a new one.
fn add<T: PartialEq>(groups: &mut Vec<(Spans, T)>, place: u32, said: T) {
    match groups.last_mut() {
        Some((spans, last)) if *last == said => spans.push(place),
        Some(_) | None => {
            let mut spans = Spans::default();
            spans.push(place);
            groups.push((spans, said));
        }
    }
}
