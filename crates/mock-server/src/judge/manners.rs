//! How often a caller asks, and whether it keeps away when it is told to.
//!
//! What a client does not know it is not blamed for. Requests that may have been on their way when a 429 was told are let
//! off ([`GRACE`]). Who was told "wait" is blamed only if the wait is over by neither clock: the world's, because that is what
//! was meant, and this machine's, because a client has no other. A wait of more than
//! [`WAIT_MAX`] counts as that: nobody can be asked to stand still for ever. A hundredth of
//! each wait is forgiven, as two clocks never agree to the last.

mod window;

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use reinstall_core::rate::{Rate, WAIT_MAX};
use reinstall_core::time::{Plain, Timestamp};

use self::window::{Excess, Window};
use super::GRACE;
use super::case::{Cases, ViolationKind};
use super::told::{Throttled, Told};
use crate::exchange::{Caller, Exchange};
use crate::operation::ApiOperation;

/// The most callers that are watched at once. Of those that were told to wait the one whose wait ends first is let off then;
/// of those that are counted, the one that came first.
const CALLERS_MAX: usize = 1_024;

/// The most requests of a caller that are kept as proof of its rate.
const PROOF_MAX: usize = 8;

/// Who is told to wait, and by whom: a 429 of IAM does not speak for CloudDC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    caller: Caller,
    peer: Option<IpAddr>,
    is_iam: bool,
}

/// Who is counted: a caller, or what comes from one address where nobody knows whose it is.
type Counted = (Caller, Option<IpAddr>);

/// What was asked of callers, and how often they come.
#[derive(Debug, Clone, Default)]
pub(super) struct Manners {
    waits: BTreeMap<Line, Waits>,
    rate_max: Option<Rate>,
    counted: BTreeMap<Counted, Visits>,
}

/// The requests of one caller, as far as they are counted.
#[derive(Debug, Clone)]
struct Visits {
    first: u64,
    windows: [Window; 2],
    latest: VecDeque<Exchange>,
}

/// What one caller was told: first, and at last if that ends later. No refusal renews the grace of what was told before.
#[derive(Debug, Clone)]
struct Waits {
    first: Wait,
    last: Option<Wait>,
}

/// One 429 that asks to wait.
#[derive(Debug, Clone)]
struct Wait {
    by: Arc<Exchange>,
    told_at: Timestamp,
    until: Timestamp,
    real_until: Timestamp,
    says_when: bool,
    limiter: bool,
    limit: Option<Rate>,
    /// How many requests the limiter has refused since.
    refused: u32,
}

impl Wait {
    /// What a 429 asks for; `None` if it does not say how long, or of which limit it speaks: then nobody can keep to it.
    fn of(exchange: &Exchange, throttled: Throttled) -> Option<Self> {
        let is_plain = throttled.retry_after_sent || (throttled.limiter && throttled.limit.is_some());
        let arrived = exchange.delivery.arrives() && exchange.answered == Some(429);
        if !is_plain || !arrived {
            return None;
        }
        let wait = throttled.until.since(exchange.at);
        let real_wait = throttled.real_until.since(throttled.told_at).min(WAIT_MAX);
        Some(Self {
            by: Arc::new(exchange.clone()),
            told_at: throttled.told_at,
            until: exchange.at + (wait - wait / 100),
            real_until: throttled.told_at + (real_wait - real_wait / 100),
            says_when: throttled.retry_after_sent,
            limiter: throttled.limiter,
            limit: throttled.limit,
            refused: 0,
        })
    }

    fn is_over(&self, exchange: &Exchange) -> bool {
        exchange.at >= self.until || exchange.real_at >= self.real_until
    }

    /// Whether a request comes too early, and cannot have been on its way when this was told.
    fn is_ignored_by(&self, exchange: &Exchange) -> bool {
        !self.is_over(exchange) && exchange.real_at > self.told_at + GRACE
    }

    fn words_of_refusal(&self, nth: u64) -> String {
        match self.limit.filter(|_| !self.says_when) {
            Some(limit) => format!(
                "The rate limiter refused request {nth}, and with it more than twice as many as its limit allows, {limit}, in \
                 the window in which it had first named it. Slow down when a 429 names its limit."
            ),
            None => format!(
                "The rate limiter refused request {nth} in the same window in which it had said when to come again. \
                 Wait until then."
            ),
        }
    }

    /// Whether the limiter refused so many requests since that the caller cannot even keep to the limit's average. A
    /// client that spaces its requests as the limit asks, after a burst, sends no more than twice the limit in one window.
    fn is_hammered(&mut self) -> bool {
        self.refused = self.refused.saturating_add(1);
        let most = self.limit.map_or(u32::MAX, |limit| limit.count().saturating_mul(2));
        let is_hammered = self.refused > most;
        if is_hammered {
            self.refused = 0;
        }
        is_hammered
    }
}

impl Manners {
    /// Sets the most that a caller may send.
    pub(super) fn set_rate_max(&mut self, rate_max: Option<Rate>) {
        self.rate_max = rate_max;
        self.counted.clear();
    }

    /// A request of the client's own came.
    pub(super) fn note(&mut self, exchange: &Exchange, told: &Told<'_>, cases: &mut Cases<ViolationKind>) {
        if let Some(rate) = self.rate_max {
            self.count(exchange, rate, cases);
        }
        if self.waits.is_empty() && told.throttled.is_none() {
            return;
        }
        // Where no API is at an address, nobody was told anything about it.
        let Some(operation) = exchange.operation else { return };
        let line = Line { caller: exchange.caller, peer: exchange.peer, is_iam: ApiOperation::is_iam(operation) };
        self.hold_to_waits(line, exchange, told, cases);
        if let Some(wait) = told.throttled.and_then(|throttled| Wait::of(exchange, throttled)) {
            self.ask_to_wait(line, wait);
        }
    }

    fn hold_to_waits(&mut self, line: Line, exchange: &Exchange, told: &Told<'_>, cases: &mut Cases<ViolationKind>) {
        let Some(waits) = self.waits.get_mut(&line) else { return };
        if waits.first.is_over(exchange) {
            match waits.last.take() {
                Some(last) if !last.is_over(exchange) => waits.first = last,
                Some(_) | None => {
                    self.waits.remove(&line);
                    return;
                }
            }
        }
        let ignored = [Some(&mut waits.first), waits.last.as_mut()];
        let Some(wait) = ignored.into_iter().flatten().find(|wait| wait.is_ignored_by(exchange)) else { return };
        let is_refused = wait.limiter && told.throttled.is_some_and(|throttled| throttled.limiter);
        let is_over_rate = is_refused && (wait.says_when || wait.is_hammered());
        let proof = || vec![Arc::clone(&wait.by), Arc::new(exchange.clone())];
        if wait.says_when {
            cases.note(ViolationKind::BeforeRetryAfter, None, exchange.at, || {
                let words = format!(
                    "Request {} came {} after a 429 that asked to wait with Retry-After, which was not over. \
                     Send nothing to this service until the time it names has passed.",
                    exchange.nth,
                    Plain(exchange.real_at.since(wait.told_at)),
                );
                (words, proof())
            });
        }
        if is_over_rate {
            cases.note(ViolationKind::OverRate, None, exchange.at, || (wait.words_of_refusal(exchange.nth), proof()));
        }
    }

    fn ask_to_wait(&mut self, line: Line, wait: Wait) {
        match self.waits.get_mut(&line) {
            Some(waits) => {
                let until = waits.last.as_ref().unwrap_or(&waits.first).until;
                if wait.until > until {
                    waits.last = Some(wait);
                }
            }
            None => {
                if self.waits.len() >= CALLERS_MAX {
                    let soonest = self.waits.iter().min_by_key(|(_, waits)| waits.first.until).map(|(line, _)| *line);
                    soonest.map(|line| self.waits.remove(&line));
                }
                self.waits.insert(line, Waits { first: wait, last: None });
            }
        }
    }

    fn count(&mut self, exchange: &Exchange, rate: Rate, cases: &mut Cases<ViolationKind>) {
        let counted = match exchange.caller {
            Caller::Unknown => (Caller::Unknown, exchange.peer),
            caller @ (Caller::FixedToken | Caller::IamUser(_) | Caller::AccessKey(_)) => (caller, None),
        };
        if self.counted.len() >= CALLERS_MAX && !self.counted.contains_key(&counted) {
            let oldest = self.counted.iter().min_by_key(|(_, visits)| visits.first).map(|(counted, _)| *counted);
            oldest.map(|counted| self.counted.remove(&counted));
        }
        let visits = self.counted.entry(counted).or_insert_with(|| Visits {
            first: exchange.nth,
            windows: Window::both(rate),
            latest: VecDeque::with_capacity(PROOF_MAX),
        });
        if visits.latest.len() == PROOF_MAX {
            visits.latest.pop_front();
        }
        visits.latest.push_back(exchange.clone());
        let mut excesses = visits.windows.iter_mut().filter_map(|window| window.visit(exchange.nth, exchange.real_at));
        let Some(Excess { visits: count, within, from }) = excesses.next() else { return };
        cases.note(ViolationKind::OverRate, None, exchange.at, || {
            let words = format!(
                "{count} requests of one caller came within {}, from request {from} to request {}, and {rate} is the most that \
                 was declared. Space requests out, over all that is done at once.",
                Plain(within),
                exchange.nth,
            );
            (words, visits.latest.iter().cloned().map(Arc::new).collect())
        });
        visits.windows.iter_mut().for_each(Window::clear);
    }
}
