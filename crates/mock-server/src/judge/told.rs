//! What the mock knows of a request beyond what the log keeps: what it truly began, and what its answer told.

use reinstall_core::id::InstanceId;
use reinstall_core::rate::Rate;
use reinstall_core::time::Timestamp;

use crate::exchange::{Exchange, Shown};

/// What a request truly did, and what its answer told if it arrived. Whoever serves the request says it; nothing here is
/// taken from what the client claims.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told<'a> {
    /// What a reinstall asked for; `None` for every other request, and where nobody could read whom it named.
    pub asked: Option<Asked<'a>>,
    /// Whose reinstall truly began by this request, and its number among those of the instance, from 1.
    pub begun: &'a [(InstanceId, u32)],
    /// Whom a 2xx to a reinstall named, as it was sent: without those that a fault rule left out.
    pub confirmed: &'a [InstanceId],
    /// Whom of those asked for the reinstall was refused because one is underway (`iMetal.0201`). Not those that are down
    /// for other reasons, and nobody if the request was stopped before that was looked at.
    pub underway: &'a [InstanceId],
    /// How the answer to a look showed each instance in it, stale ones as stale. [`Shown::Underway`] and [`Shown::Ended`]
    /// only where a reader could tell: an answer that looks the same as before any reinstall is [`Shown::Untouched`].
    pub shown: &'a [(InstanceId, Shown)],
    /// If the answer is a 429: what it said.
    pub throttled: Option<Throttled>,
    /// Whether this is a reinstall that was held back before it was carried out, see
    /// [`Judge::hold_back`](super::Judge::hold_back).
    pub held_back: bool,
}

/// Who is the cause that nobody waits for an answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// The mock: it sends the answer, or breaks it off. Said before the last byte leaves or the connection is closed, so that
    /// whatever comes afterwards may come because of it, and nothing before.
    Answer,
    /// The client: it went away before, which was noticed at this moment by this machine's clock, a little after it was so. Also
    /// if it had left already when the request was carried out; then this is when it had.
    Client(Timestamp),
}

/// Whom a reinstall request asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Those of the list that are ids, all of them: an [`Exchange`] keeps the first hundred only.
    pub ids: &'a [InstanceId],
    /// How many entries the list has, whatever they are; 0 if it is empty or not there.
    pub len: usize,
}

/// What a 429 said.
#[derive(Debug, Clone, Copy)]
pub struct Throttled {
    /// When requests may come again, by the world's clock: when `Retry-After` is over, or the window of the limit.
    pub until: Timestamp,
    /// The same by this machine's clock, for clients that cannot know how the world's goes.
    pub real_until: Timestamp,
    /// When the answer has left by this machine's clock: later than the request came where a rule delays it.
    pub told_at: Timestamp,
    /// Whether `Retry-After` was sent.
    pub retry_after_sent: bool,
    /// Whether the rate limiter refused it, not a fault rule.
    pub limiter: bool,
    /// The limit, if the answer's text names it with the time that it is for.
    pub limit: Option<Rate>,
}

impl Told<'_> {
    /// Whom a reinstall names or began, each once.
    pub(super) fn concerned(&self, exchange: &Exchange) -> Vec<InstanceId> {
        let named = self.asked.map_or(exchange.ids.as_slice(), |asked| asked.ids);
        let mut ids: Vec<_> = named.iter().copied().chain(self.begun.iter().map(|(id, _)| *id)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The number of the reinstall of this instance that began.
    pub(super) fn begun_of(&self, id: InstanceId) -> Option<u32> {
        self.begun.iter().find(|(begun, _)| *begun == id).map(|(_, attempt)| *attempt)
    }
}

/// What the answer to a reinstall meant for one instance, to a client that believes the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was accepted.
    Accepted,
    /// It was refused, and nothing was started.
    Refused,
    /// The client cannot tell.
    Doubtful,
}

impl Outcome {
    /// What the client learned from the answer.
    ///
    /// A status that refuses for certain need not come with a whole body: whoever has read the status line has been told.
    /// A success must, since only its body tells whom it is about.
    pub(super) fn of(exchange: &Exchange, told: &Told<'_>, id: InstanceId) -> Self {
        if exchange.succeeded() && told.confirmed.contains(&id) {
            return Self::Accepted;
        }
        // 409 and 413 are not documented for this call, but nobody reads them as "it was started" (api-facts 7 for the rest).
        match exchange.seen() {
            Some(400 | 401 | 403 | 404 | 409 | 413 | 429) => Self::Refused,
            Some(_) | None => Self::Doubtful,
        }
    }
}

/// Whether the answer to a look told the client anything: it came whole, and was a success or said that there is no such
/// instance.
pub(super) fn tells(exchange: &Exchange) -> bool {
    exchange.succeeded() || (exchange.delivery.arrives() && exchange.answered == Some(404))
}
