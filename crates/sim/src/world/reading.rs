//! The client reads: core's [`Observation`] says which calls to make, and what their answers say.

use std::time::Duration;

use reinstall_core::action::Answer;
use reinstall_core::fault::Fault;
use reinstall_core::id::{InstanceId, Ticket};
use reinstall_core::observation::{Call, CallId, Observation, Reply};
use reinstall_core::retry::ReadRetries;

use super::{Happening, World};
use crate::network::latency;

/// A call that reads, as part of an observation.
#[derive(Debug, Clone)]
pub(super) struct Read {
    id: CallId,
    pub(super) call: Call,
    /// Which try this is, from 1.
    tries: u32,
}

impl World {
    /// The client is asked to observe instances.
    pub(super) fn want_look(&mut self, ticket: Ticket, ids: &[InstanceId]) {
        self.observing.insert(ticket, Observation::new(ids, &self.knowledge));
        self.read_on(ticket);
    }

    /// Makes the calls that are to be made now, or tells what came of all of them.
    fn read_on(&mut self, ticket: Ticket) {
        while let Some((id, call)) = self.observing.get_mut(&ticket).and_then(Observation::poll_call) {
            self.want_read(ticket, Read { id, call, tries: 1 });
        }
        if self.observing.get(&ticket).is_some_and(Observation::is_finished)
            && let Some(observation) = self.observing.remove(&ticket)
        {
            let answer = observation.into_looks().map_or_else(Answer::Failed, Answer::Looked);
            self.answer_after(Duration::ZERO, ticket, answer);
        }
    }

    /// A call reaches the cloud.
    pub(super) fn is_read(&mut self, ticket: Ticket, read: Read) {
        let reply = match self.gateway.pass(self.now) {
            Ok(()) => self.reply(&read.call),
            Err(refused) => Err(refused),
        };
        let way = latency(&mut self.row);
        self.enqueue(way, Happening::Replies(self.life, ticket, read, reply));
    }

    /// A call is answered, or failed: it is tried again, or the observation continues.
    pub(super) fn read_answered(&mut self, ticket: Ticket, read: Read, reply: Result<Reply, Fault>) {
        let reply = reply.map_err(|fault| self.cooled_down(fault));
        match &reply {
            Ok(_) => self.client.answered(self.clock.wall(self.now)),
            Err(fault) => {
                let dice = self.row.throw();
                if let Some(pause) = ReadRetries::default().pause(fault, read.tries, dice) {
                    self.enqueue(
                        pause,
                        Happening::ReadsAgain(self.life, ticket, Read { tries: read.tries + 1, ..read }),
                    );
                    return;
                }
            }
        }
        if let Some(observation) = self.observing.get_mut(&ticket) {
            observation.completed(read.id, reply, &mut self.knowledge);
            self.read_on(ticket);
        }
    }
}
