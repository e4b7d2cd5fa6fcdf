//! Requests wait for their turn: looks as long as it takes, submissions for a moment.

use std::time::Duration;

use reinstall_core::action::Answer;
use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::id::{InstanceId, Ticket};
use reinstall_core::rate::{HELD_MAX, Turn, Urgency};
use reinstall_core::time::Timestamp;

use super::{Happening, Sent, World};
use crate::client::Client;
use crate::network::{fault, latency};

/// A request that wants to leave.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// A look.
    Look(Vec<InstanceId>),
    /// A submission, and since when it wants to.
    Submit(Box<Sent>, Timestamp),
}

/// A look that was asked for and is not answered yet.
#[derive(Debug, Clone)]
pub(super) struct Looking {
    ids: Vec<InstanceId>,
    tries: u32,
}

impl World {
    /// The client is asked to look.
    pub(super) fn want_look(&mut self, ticket: Ticket, ids: Vec<InstanceId>) {
        if self.client.is_paced() {
            self.looking.insert(ticket, Looking { ids: ids.clone(), tries: 1 });
        }
        self.want(ticket, Wanted::Look(ids));
    }

    /// A request leaves if it is its turn, and asks again later if not.
    pub(super) fn want(&mut self, ticket: Ticket, wanted: Wanted) {
        let wall = self.clock.wall(self.now);
        let now = self.clock.read(self.now);
        let may_leave = self.rollout().may_leave_until().is_some_and(|until| now < until);
        if matches!(wanted, Wanted::Submit(..)) && !may_leave {
            self.answer_after(Duration::ZERO, ticket, Answer::Failed(fault(FaultKind::HeldBack)));
            return;
        }
        let urgency = match wanted {
            Wanted::Look(_) => Urgency::Look,
            Wanted::Submit(..) => Urgency::Submit,
        };
        match (self.client.ask(wall, urgency), wanted) {
            (Turn::Now, wanted) => {
                self.client.lets_go(self.now);
                match wanted {
                    Wanted::Look(ids) => {
                        let way = latency(&mut self.row);
                        self.enqueue(way, Happening::IsRead(self.life, ticket, ids));
                    }
                    Wanted::Submit(sent, _) => self.send(ticket, *sent),
                }
            }
            // It cannot be its turn in time, so that there is nothing to wait for.
            (Turn::At(at), Wanted::Submit(_, since)) if self.now + at.since(wall) > since + HELD_MAX => {
                let held = Fault { retry_after: Some(at.since(wall)), ..fault(FaultKind::HeldBack) };
                self.answer_after(Duration::ZERO, ticket, Answer::Failed(held));
            }
            (Turn::At(at), wanted) => self.enqueue(at.since(wall), Happening::Asks(self.life, ticket, wanted)),
        }
    }

    /// An answer comes back: what the client makes of it, and whether the rollout hears of it. A look that was refused with
    /// 429 is asked for again.
    pub(super) fn client_hears(&mut self, ticket: Ticket, answer: &Answer) -> bool {
        let wall = self.clock.wall(self.now);
        self.client.hears(self.now, wall, answer);
        let Some(mut looking) = self.looking.remove(&ticket) else { return true };
        let is_refused = matches!(answer, Answer::Failed(fault) if fault.kind == FaultKind::Throttled);
        if !is_refused || looking.tries == Client::TRIES_MAX {
            return true;
        }
        looking.tries += 1;
        let ids = looking.ids.clone();
        self.looking.insert(ticket, looking);
        self.want(ticket, Wanted::Look(ids));
        false
    }
}
