//! Requests wait for their turn, as the client lets them: what waits and for how long is decided by core's [`Queued`].

use std::time::Duration;

use reinstall_core::action::Answer;
use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::id::Ticket;
use reinstall_core::rate::{Next, Queued};
use reinstall_core::retry::ReadRetries;

use super::reading::Read;
use super::{Happening, Sent, World};
use crate::network::latency;

/// A request that wants to leave.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    request: Request,
    queued: Queued,
}

/// What it asks for.
#[derive(Debug, Clone)]
enum Request {
    /// A call that reads.
    Read(Read),
    /// A submission.
    Submit(Box<Sent>),
}

impl World {
    /// A call that reads wants to leave.
    pub(super) fn want_read(&mut self, ticket: Ticket, read: Read) {
        let queued = Queued::read(self.clock.read(self.now), ReadRetries::default().pause_max);
        self.want(ticket, Wanted { request: Request::Read(read), queued });
    }

    /// A submission wants to leave that was decided on now.
    pub(super) fn want_to_send(&mut self, ticket: Ticket, sent: Sent) {
        let queued = Queued::reinstall(self.clock.read(self.now));
        self.want(ticket, Wanted { request: Request::Submit(Box::new(sent)), queued });
    }

    /// A request leaves if it is its turn, and asks again later if not.
    pub(super) fn want(&mut self, ticket: Ticket, mut wanted: Wanted) {
        let (wall, now) = (self.clock.wall(self.now), self.clock.read(self.now));
        let may_leave = self.rollout().may_leave_until().is_some_and(|until| now < until);
        let client = &mut self.client;
        match wanted.queued.poll(now, wall, may_leave, |urgency| client.ask(wall, urgency)) {
            Next::Send => {
                self.client.lets_go(self.now);
                match wanted.request {
                    Request::Read(read) => {
                        let way = latency(&mut self.row);
                        self.enqueue(way, Happening::IsRead(self.life, ticket, read));
                    }
                    Request::Submit(sent) => self.send(ticket, *sent),
                }
            }
            Next::Sleep(wait) => self.enqueue(wait, Happening::Asks(self.life, ticket, wanted)),
            Next::GiveUp(fault) => match wanted.request {
                Request::Read(read) => self.read_answered(ticket, read, Err(fault)),
                Request::Submit(_) => self.answer_after(Duration::ZERO, ticket, Answer::Failed(fault)),
            },
        }
    }

    /// What the client makes of a refusal: all programs that keep the same pace wait for as long as it says.
    pub(super) fn cooled_down(&mut self, fault: Fault) -> Fault {
        if fault.kind != FaultKind::Throttled {
            return fault;
        }
        let pause = self.client.throttled(self.now, self.clock.wall(self.now), &fault);
        Fault { retry_after: pause.or(fault.retry_after), ..fault }
    }
}
