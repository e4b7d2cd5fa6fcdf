//! What truly happened to one instance, and what the client has been told of it.

use std::sync::Arc;

use reinstall_core::time::Timestamp;

use super::clearly_after;
use super::told::{Closing, Outcome};
use crate::exchange::{Exchange, Shown};

/// One instance that the client has submitted and not seen through. There is none for any other, so that a look at those
/// costs nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    /// The number of the latest reinstall that truly began; 0 if none did.
    pub(super) latest: u32,
    /// By which request.
    pub(super) begun_by: Option<Arc<Exchange>>,
    /// Whether the network began it, by delivering a request twice, or too late.
    by_network: bool,
    /// Whether the answer said that nothing was started.
    lied: bool,
    /// The number of the latest reinstall that the client began.
    pub(super) own: u32,
    /// The answer that said that a reinstall was accepted, and the look that first showed one underway, as long as the client
    /// has seen no end since.
    told_by: Option<Arc<Exchange>>,
    seen_by: Option<Arc<Exchange>>,
    /// The number of the latest reinstall that a look showed ended.
    seen_ended: u32,
    /// The number of the reinstall whose end is no news to the client, since it may have seen it before it began its own.
    stale_end: u32,
    /// Whether a look since said that there is no such instance.
    gone: bool,
    /// The latest look since the latest reinstall began.
    look: Option<LatestLook>,
    /// When the latest look came whose answer arrived.
    looked_at: Option<Timestamp>,
    /// The latest submission of the client's own.
    pub(super) submitted: Option<Arc<Exchange>>,
    /// The latest submission that the client may be waiting for.
    pub(super) waiting: Option<Waiting>,
    /// A submission of which the client does not know whether it took hold, and since which it has not looked.
    doubt: Option<Arc<Exchange>>,
    /// How many submissions have come and are held back, and when the latest came.
    held: u32,
    held_since: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy)]
struct LatestLook {
    nth: u64,
    /// Whether it failed, was altered by a rule, or showed the past.
    is_spoiled: bool,
}

/// A submission whose answer has not left yet.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) exchange: Arc<Exchange>,
    /// What the answer will tell.
    outcome: Outcome,
    /// When a look came meanwhile. It is one after the doubt if the client had given up by then.
    looked_at: Option<Timestamp>,
}

impl Waiting {
    /// Whether the client would be in doubt without a look, if it turns out that it has left before the answer came.
    pub(super) fn is_doubt_if_left(&self) -> bool {
        self.outcome != Outcome::Doubtful && self.looked_at.is_none()
    }
}

/// By whom a reinstall began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beginning {
    /// By the client, whom this was answered.
    Client(Outcome),
    /// By the network: the client did not send that, or not any more.
    Network,
}

/// Who answers for a reinstall that began, or was left, although the end of the one before was not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blame {
    /// The client: it knew, or did not care to know.
    Client,
    /// The network delivered a request twice, or too late.
    Network,
    /// The answer had said that nothing was started.
    LiedTo,
    /// It looked, and was not shown what had begun.
    Misled,
}

impl Record {
    /// Whether the client had been told, or shown, when it sent this, that a reinstall began whose end it has not seen. A
    /// request that was held back may be carried out after it has learned more.
    pub(super) fn knew(&self, exchange: &Exchange) -> bool {
        [&self.told_by, &self.seen_by].into_iter().flatten().any(|by| by.real_at <= exchange.real_at)
    }

    /// The submission that is in doubt, if the client has not looked since.
    pub(super) fn in_doubt(&self) -> Option<&Arc<Exchange>> {
        // Who sends another while it waits for one that it will never hear of is in doubt, whether it has given up or not.
        let awaited =
            self.waiting.as_ref().filter(|waiting| waiting.outcome == Outcome::Doubtful && waiting.looked_at.is_none());
        self.doubt.as_ref().or(awaited.map(|waiting| &waiting.exchange))
    }

    /// Whether another submission, which came before this one, is held back, and the client has not looked since it came.
    pub(super) fn is_held_unseen(&self, exchange: &Exchange) -> bool {
        self.held > 0 && self.looked_at <= self.held_since && self.held_since < Some(exchange.real_at)
    }

    /// Whether a submission that came later was carried out before this one.
    pub(super) fn has_overtaken(&self, exchange: &Exchange) -> bool {
        self.submitted.as_ref().is_some_and(|later| later.real_at > exchange.real_at)
    }

    /// Whether there is nothing left to see through.
    pub(super) fn is_settled(&self) -> bool {
        self.waiting.is_none() && self.doubt.is_none() && self.held == 0 && self.seen_ended >= self.latest
    }

    /// Whether the client's own latest reinstall was seen to its end, or the instance was seen to be gone.
    pub(super) fn is_seen_through(&self) -> bool {
        self.seen_ended >= self.own || self.gone
    }

    /// Who answers for it if this request begins another reinstall; `None` if the end of the one before was seen.
    pub(super) fn blame(&self, exchange: &Exchange) -> Option<Blame> {
        if self.seen_ended >= self.latest {
            return None;
        }
        // Either it sends two at once, or it has the answer by now that said "accepted".
        let is_about_to_know = self
            .waiting
            .as_ref()
            .is_some_and(|waiting| waiting.outcome == Outcome::Accepted && waiting.looked_at.is_none());
        let is_guilty = self.knew(exchange) || self.in_doubt().is_some() || is_about_to_know;
        Some(match (is_guilty, self.by_network, self.lied) {
            (true, ..) => Blame::Client,
            (false, true, _) => Blame::Network,
            (false, false, true) => Blame::LiedTo,
            (false, false, false) => Blame::Misled,
        })
    }

    /// Who answers for it that the end of a reinstall which truly ended was never seen; `None` if the last look was spoiled.
    /// `blind_look` is the last look at nobody in particular that was.
    pub(super) fn blame_at_the_end(&self, blind_look: Option<u64>) -> Option<Blame> {
        let is_spoiled = match self.look {
            Some(look) => look.is_spoiled || blind_look > Some(look.nth),
            None => blind_look > self.begun_by.as_ref().map(|exchange| exchange.nth),
        };
        let knows = self.told_by.is_some() || self.seen_by.is_some();
        (!is_spoiled).then(|| match (knows || self.in_doubt().is_some(), self.lied) {
            (true, _) => Blame::Client,
            (false, true) => Blame::LiedTo,
            (false, false) => Blame::Misled,
        })
    }

    /// The requests that show what the client knew, in the order they came.
    pub(super) fn proof(&self) -> Vec<Arc<Exchange>> {
        let known = [&self.begun_by, &self.told_by, &self.seen_by, &self.doubt];
        let mut proof: Vec<_> = known.into_iter().flatten().collect();
        proof.sort_by_key(|exchange| exchange.nth);
        proof.dedup_by_key(|exchange| exchange.nth);
        proof.into_iter().cloned().collect()
    }

    /// A submission came, and is held back.
    pub(super) fn hold_back(&mut self, real: Timestamp) {
        self.held += 1;
        self.held_since = Some(real);
    }

    /// One that was held back is carried out.
    pub(super) fn let_go(&mut self) {
        self.held = self.held.saturating_sub(1);
    }

    /// A reinstall began.
    pub(super) fn begin(&mut self, attempt: u32, exchange: &Arc<Exchange>, by: Beginning) {
        if self.latest == 0 {
            // All before were seen through, or began before anybody judged.
            self.seen_ended = self.seen_ended.max(attempt.saturating_sub(1));
        }
        self.latest = attempt;
        self.begun_by = Some(Arc::clone(exchange));
        self.by_network = by == Beginning::Network;
        self.lied = by == Beginning::Client(Outcome::Refused);
        self.gone = false;
        self.look = None;
        match by {
            Beginning::Client(_) => (self.own, self.stale_end) = (attempt, self.seen_ended),
            Beginning::Network => {}
        }
    }

    /// A request of the client's own was carried out or refused, and will be answered so, if at all.
    pub(super) fn submit(&mut self, exchange: &Arc<Exchange>, outcome: Outcome) {
        self.submitted = Some(Arc::clone(exchange));
        // If it was held back, the client may have given up and looked meanwhile.
        let looked_at = self.looked_at.filter(|at| *at > exchange.real_at);
        self.waiting = Some(Waiting { exchange: Arc::clone(exchange), outcome, looked_at });
    }

    /// Nobody waits for the answer to a submission any more. `accepted` is the reinstall that the answer says was accepted.
    pub(super) fn close(&mut self, exchange: &Arc<Exchange>, accepted: Option<u32>, closing: Closing) {
        match (closing, accepted) {
            (Closing::Answer, Some(attempt)) if attempt > self.seen_ended => self.told_by = Some(Arc::clone(exchange)),
            (Closing::Answer | Closing::Client(_), Some(_) | None) => {}
        }
        let Some(waiting) = self.waiting.take_if(|waiting| waiting.exchange.nth == exchange.nth) else { return };
        match (closing, waiting.outcome) {
            (Closing::Answer, Outcome::Accepted) => self.doubt = None,
            // An older doubt stays: this answer was about this request.
            (Closing::Answer, Outcome::Refused) => {}
            // Whatever came before this is no look after it.
            (Closing::Answer, Outcome::Doubtful) => self.doubt = Some(waiting.exchange),
            (Closing::Client(left), Outcome::Accepted | Outcome::Refused | Outcome::Doubtful) => {
                // That a client has left is noticed a little later, and it may look at once.
                let has_looked = waiting.looked_at.is_some_and(|looked_at| !clearly_after(looked_at, left));
                self.doubt = (!has_looked).then_some(waiting.exchange);
            }
        }
    }

    /// A repeat by the network was answered, and the answer arrived: lenient, since nobody knows for which of the two the
    /// client takes it.
    pub(super) fn answer_repeat(&mut self, original: u64) {
        self.doubt.take_if(|doubt| doubt.nth == original);
    }

    /// The answer to a look arrived. `share` makes a copy of the look where it becomes a proof.
    pub(super) fn see(&mut self, shown: Shown, exchange: &Exchange, share: impl FnOnce() -> Arc<Exchange>) {
        self.look_at(exchange.real_at);
        let is_past = match shown {
            Shown::Untouched => {
                self.rest(0);
                self.latest > 0
            }
            Shown::Underway(attempt) => {
                // What only a repeat told is held against nobody.
                if self.seen_by.is_none() && exchange.repeats.is_none() {
                    self.seen_by = Some(share());
                }
                attempt < self.latest
            }
            Shown::Ended(attempt) => {
                self.seen_ended = self.seen_ended.max(attempt);
                self.rest(attempt);
                attempt < self.latest
            }
            Shown::Absent => {
                self.gone = self.latest > 0;
                false
            }
        };
        let is_spoiled = is_past || !exchange.rules.is_empty();
        self.look = Some(LatestLook { nth: exchange.nth, is_spoiled });
    }

    /// A look showed it at rest, after so many reinstalls.
    ///
    /// Reinstalls carry no numbers. Once it has been seen moving, any rest is the end as far as the client can tell, also where a
    /// look shows the past; documents have life cycles in which the two look the same (api-facts 2). Before that, only an end
    /// that is news is one.
    fn rest(&mut self, ended: u32) {
        if self.seen_by.is_some() || ended > self.stale_end {
            (self.told_by, self.seen_by) = (None, None);
        }
    }

    /// A look named it, and its answer did not show it, or did not arrive.
    pub(super) fn see_nothing(&mut self, exchange: &Exchange, arrived: bool) {
        if arrived {
            self.look_at(exchange.real_at);
        }
        self.look = Some(LatestLook { nth: exchange.nth, is_spoiled: true });
    }

    fn look_at(&mut self, real: Timestamp) {
        self.looked_at = Some(real);
        self.doubt = None;
        if let Some(waiting) = &mut self.waiting {
            waiting.looked_at = Some(real);
        }
    }
}
