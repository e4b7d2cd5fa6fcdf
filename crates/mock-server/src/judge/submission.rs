//! What reinstall requests do, and whether they should have been sent.

use std::collections::BTreeSet;
use std::sync::Arc;

use reinstall_core::id::InstanceId;
use reinstall_core::time::Timestamp;

use super::case::{ExcuseKind, ViolationKind};
use super::record::{Beginning, Blame, Record};
use super::told::{Closing, Outcome, Told};
use super::{Judge, OPEN_MAX, with};
use crate::exchange::Exchange;

/// A reinstall request whose answer has not left yet.
#[derive(Debug, Clone)]
pub(super) struct Submission {
    pub(super) exchange: Arc<Exchange>,
    ids: Vec<InstanceId>,
    /// Whose reinstall the answer says was accepted, and its number.
    accepted: Vec<(InstanceId, u32)>,
}

impl Judge {
    /// A reinstall request has come, and is held back before it is carried out: by a rule that delays it, say. To be told only
    /// then, so that looks at these instances are remembered from now on; the client may give up and look meanwhile. To be
    /// followed by [`Judge::note`] with [`Told::held_back`], also if the client has left. `real` is when the request came.
    pub fn hold_back(&mut self, ids: &BTreeSet<InstanceId>, real: Timestamp) {
        for &id in ids {
            if let Some(record) = self.record(id) {
                record.hold_back(real);
            }
        }
    }

    /// A reinstall request was carried out, or refused.
    pub(super) fn submitted(&mut self, exchange: &Exchange, told: &Told<'_>) {
        let exchange = &Arc::new(exchange.clone());
        let ids = told.concerned(exchange);
        if let Some(original) = exchange.repeats {
            self.repeated(exchange, original, &ids, told);
            return;
        }
        self.judge_list(exchange, told, &ids);
        self.judge_overlaps(exchange, &ids);
        let mut accepted = Vec::new();
        for &id in &ids {
            let Some(record) = self.record(id) else { continue };
            if told.held_back {
                record.let_go();
            }
            let outcome = Outcome::of(exchange, told, id);
            let begun = told.begun_of(id);
            accepted.extend(begun.filter(|_| outcome == Outcome::Accepted).map(|attempt| (id, attempt)));
            if record.has_overtaken(exchange) {
                self.overtaken(exchange, id, begun);
                continue;
            }
            self.judge_one(exchange, told, id, begun);
            let Some(record) = self.records.get_mut(&id) else { continue };
            if let Some(attempt) = begun {
                record.begin(attempt, exchange, Beginning::Client(outcome));
            }
            record.submit(exchange, outcome);
        }
        if ids.is_empty() {
            // Nobody read whom it names, or it names nobody: there is nobody to wait for.
            return;
        }
        let submission = Submission { exchange: Arc::clone(exchange), ids, accepted };
        if self.open.len() >= OPEN_MAX {
            self.unjudged += 1;
            self.close(&submission, Closing::Answer);
        } else {
            self.open.insert(exchange.nth, submission);
        }
    }

    /// Nobody waits for the answer to the reinstall request of this number any more. Until then the client counts as waiting
    /// for it. Of other requests, and of repeats by the network, nothing need be said, and nothing comes of it.
    pub fn closed(&mut self, nth: u64, closing: Closing) {
        if let Some(submission) = self.open.remove(&nth) {
            self.close(&submission, closing);
        }
    }

    fn close(&mut self, submission: &Submission, closing: Closing) {
        let exchange = &submission.exchange;
        self.settle_overlaps(exchange.nth, closing);
        for &id in &submission.ids {
            let accepted =
                submission.accepted.iter().find(|(accepted, _)| *accepted == id).map(|(_, attempt)| *attempt);
            if let Some(record) = self.records.get_mut(&id) {
                record.close(exchange, accepted, closing);
                self.forget_if_settled(id);
            }
        }
    }

    /// What a request does wrong that needs no memory.
    fn judge_list(&mut self, exchange: &Arc<Exchange>, told: &Told<'_>, ids: &[InstanceId]) {
        let (nth, at) = (exchange.nth, exchange.at);
        match told.asked.map(|asked| asked.len) {
            Some(0) => self.violations.note(ViolationKind::NobodyNamed, None, at, || {
                let words = format!(
                    "Reinstall request {nth} named no instance. What an absent or empty list does is not documented: \
                     never send one."
                );
                (words, vec![Arc::clone(exchange)])
            }),
            Some(len) if len > self.cap => self.violations.note(ViolationKind::OverCap, None, at, || {
                let words = format!(
                    "Reinstall request {nth} named {len} instances, and {} is the most. Split the list.",
                    self.cap
                );
                (words, vec![Arc::clone(exchange)])
            }),
            Some(_) | None => {}
        }
        let Some(allowed) = &self.allowed else { return };
        for &id in ids.iter().filter(|id| !allowed.contains(id)) {
            self.violations.note(ViolationKind::OutsideAllowed, Some(id), at, || {
                let words = format!(
                    "Reinstall request {nth} named {id}, which is not among those that may be reinstalled. \
                     Check where the client has its list from."
                );
                (words, vec![Arc::clone(exchange)])
            });
        }
    }

    /// What a request does wrong to one instance, by what the client knew when it sent it.
    fn judge_one(&mut self, exchange: &Arc<Exchange>, told: &Told<'_>, id: InstanceId, begun: Option<u32>) {
        let Some(record) = self.records.get(&id) else { return };
        let (nth, at) = (exchange.nth, exchange.at);
        if let Some(doubted) = record.in_doubt() {
            self.violations.note(ViolationKind::SubmittedInDoubt, Some(id), at, || {
                (in_doubt(id, doubted.nth, nth), vec![Arc::clone(doubted), Arc::clone(exchange)])
            });
        } else if record.is_held_unseen(exchange) && !told.held_back {
            self.violations.note(ViolationKind::SubmittedInDoubt, Some(id), at, || {
                let words = format!(
                    "Request {nth} submitted {id} again, while another request for it was held up on its way, and no look at it \
                     came between. Where no answer comes, look at the instance first."
                );
                (words, vec![Arc::clone(exchange)])
            });
        }
        if told.underway.contains(&id) && record.knew(exchange) {
            self.violations.note(ViolationKind::AskedWhileUnderway, Some(id), at, || {
                let words = format!(
                    "Request {nth} asked for a reinstall of {id} and was refused, as one was underway, which the client had been \
                     told. Wait until a look shows its end."
                );
                (words, with(record.proof(), exchange))
            });
        }
        if let Some(attempt) = begun
            && let Some(blame) = record.blame(exchange)
        {
            let record = record.clone();
            self.judge_second_wipe(&record, exchange, id, attempt, blame);
        }
    }

    fn judge_second_wipe(
        &mut self,
        record: &Record,
        exchange: &Arc<Exchange>,
        id: InstanceId,
        attempt: u32,
        blame: Blame,
    ) {
        let (nth, at, before) = (exchange.nth, exchange.at, record.latest);
        let proof = || with(record.proof(), exchange);
        let excuse = match blame {
            Blame::Client => {
                self.violations.note(ViolationKind::WipedTwice, Some(id), at, || {
                    let words = format!(
                        "Request {nth} began reinstall {attempt} of {id}, although no answer that arrived had shown the end of \
                         reinstall {before}. Send another only after a look has shown that the one before has ended."
                    );
                    (words, proof())
                });
                return;
            }
            Blame::Network => (ExcuseKind::Network, "the network had begun, by a second or late delivery"),
            Blame::LiedTo => (ExcuseKind::LiedTo, "an answer had said was not started"),
            Blame::Misled => (ExcuseKind::Misled, "no look had shown, though the client looked"),
        };
        let (kind, why) = excuse;
        self.excuses.note(kind, Some(id), at, || {
            let words =
                format!("Request {nth} began reinstall {attempt} of {id}, after reinstall {before}, which {why}.");
            (words, proof())
        });
    }

    /// The network delivered a request a second time. What that does is true, and tells the client nothing.
    fn repeated(&mut self, exchange: &Arc<Exchange>, original: u64, ids: &[InstanceId], told: &Told<'_>) {
        for &id in ids {
            if exchange.delivery.arrives()
                && let Some(record) = self.records.get_mut(&id)
            {
                record.answer_repeat(original);
                self.forget_if_settled(id);
            }
            if let Some(attempt) = told.begun_of(id) {
                self.begun_by_network(exchange, id, attempt, "was delivered a second time");
            }
        }
    }

    /// The network held up a request for so long that a later one came before it. The client has given that one up, or waits
    /// for both; the latter is for [`Overlap`](super::overlap::Overlap) to say.
    fn overtaken(&mut self, exchange: &Arc<Exchange>, id: InstanceId, begun: Option<u32>) {
        match begun {
            Some(attempt) => self.begun_by_network(exchange, id, attempt, "was held up, and overtaken by a later one"),
            None => self.forget_if_settled(id),
        }
    }

    fn begun_by_network(&mut self, exchange: &Arc<Exchange>, id: InstanceId, attempt: u32, why: &str) {
        if attempt > 1 {
            self.excuses.note(ExcuseKind::Network, Some(id), exchange.at, || {
                let words = format!("Reinstall {attempt} of {id} began because request {} {why}.", exchange.nth);
                let before = self.records.get(&id).map(Record::proof).unwrap_or_default();
                (words, with(before, exchange))
            });
        }
        if let Some(record) = self.record(id) {
            record.begin(attempt, exchange, Beginning::Network);
        }
    }
}

/// The words for a submission in doubt.
pub(super) fn in_doubt(id: InstanceId, doubted: u64, again: u64) -> String {
    format!(
        "Request {again} submitted {id} again, although the client could not know whether request {doubted} had started its \
         reinstall, and no look at it came between. Where an answer leaves that open, or none comes, look at the instance first."
    )
}
