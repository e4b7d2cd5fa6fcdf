//! A cloud together with who may use it, its clock, what goes wrong around it, and what happened: calls in, and out comes what
//! was said and whether it arrives.
//!
//! IAM is part of it, since tokens can get lost on their way like everything else. Pure, like its parts. Over HTTP the
//! [`pipeline`](crate::app) turns [`Served`] into bytes and socket faults; a simulation turns it into answers and silences.

mod carry;
mod turn;
mod wish;

use std::net::IpAddr;
use std::time::Duration;

use reinstall_core::id::InstanceId;
use reinstall_core::rate::Rate;
use reinstall_core::time::Timestamp;

use crate::clock::{ClockMode, Skew, WorldClock};
use crate::cloud::Cloud;
use crate::cloud::refusal::Refusal;
use crate::delivery::Delivery;
use crate::exchange::{Caller, Exchange, Ids, RequestName, Unread};
use crate::fault::{FaultRule, FaultRules, RuleId, Stage, Struck};
use crate::iam::{Iam, IamConfig, IamRefusal};
use crate::judge::{self, Closing, Judge, Verdict};
use crate::limit::{Limit, Limiter, Throttled};
use crate::log::{Log, LogBounds};
use crate::operation::ApiOperation;

pub use self::turn::Turn;
pub use self::wish::{Answer, Wish};

/// One cloud, who may use it, its clock, its fault rules and its limits.
#[derive(Debug, Clone)]
pub struct World {
    /// The cloud. What is asked of it directly meets no fault.
    pub cloud: Cloud,
    /// Who may use it. What is asked of it directly meets no fault and is not counted.
    pub iam: Iam,
    /// The rules.
    pub faults: FaultRules,
    /// What time it is.
    pub clock: WorldClock,
    /// How many calls are let through.
    pub limiter: Limiter,
    /// What was asked, and what became of it.
    pub log: Log,
    /// What that says of the client.
    pub judge: Judge,
    allowed: Option<Vec<InstanceId>>,
    rate_max: Option<Rate>,
}

/// When a request came, and from whom: what every call has beside its own wish.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// When, by the world's clock.
    pub now: Timestamp,
    /// When, by this machine's.
    pub real: Timestamp,
    /// Its name.
    pub name: RequestName,
    /// Who sent it.
    pub caller: Caller,
    /// From where.
    pub peer: Option<IpAddr>,
    /// What it carried that nothing reads.
    pub unread: Vec<Unread>,
    /// The exchange that it repeats.
    pub repeats: Option<u64>,
    /// Whether it was held back before it was carried out.
    pub held_back: bool,
}

impl Arrival {
    /// A request that came at this moment of both clocks, from nobody in particular.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            real: now,
            name: RequestName(0),
            caller: Caller::Unknown,
            peer: None,
            unread: Vec::new(),
            repeats: None,
            held_back: false,
        }
    }
}

/// What was said to a call, and how it is delivered.
#[derive(Debug, Clone)]
pub struct Served {
    /// Its number in the log.
    pub nth: u64,
    /// What was said.
    pub said: Said,
    /// Whether it arrives.
    pub delivery: Delivery,
    /// The fault rules that altered it.
    pub rules: Vec<RuleId>,
    /// How long it waits before it is delivered, in real time.
    pub wait: Duration,
    /// How long after this the call arrives another time.
    pub again_after: Option<Duration>,
}

/// What was said to a call.
#[derive(Debug, Clone)]
pub enum Said {
    /// The success.
    Done(Answer),
    /// A documented refusal of CloudDC's.
    Refused(Refusal),
    /// A refusal of IAM's.
    IamRefused(IamRefusal),
    /// What a fault rule put in its place.
    Canned(Canned),
    /// Nothing: a fault rule stopped the call before it took hold, and no answer is on its way.
    Nothing,
}

/// A status and body of a fault rule's choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canned {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
    /// How long `Retry-After` asks to wait.
    pub retry_after: Option<Duration>,
}

impl Said {
    /// The HTTP status, if anything is said.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Done(answer) => Some(answer.status()),
            Self::Refused(refusal) => Some(refusal.status()),
            Self::IamRefused(refusal) => Some(refusal.status()),
            Self::Canned(canned) => Some(canned.status),
            Self::Nothing => None,
        }
    }

    /// The `error_code`. IAM's codes are numbers, and the same as the status.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::Refused(refusal) => Some(refusal.code()),
            Self::Done(_) | Self::IamRefused(_) | Self::Canned(_) | Self::Nothing => None,
        }
    }
}

impl Served {
    /// Nothing came of it, since the server is about to stop.
    pub(crate) const fn lost() -> Self {
        Self {
            nth: 0,
            said: Said::Nothing,
            delivery: Delivery::CLOSED,
            rules: Vec::new(),
            wait: Duration::ZERO,
            again_after: None,
        }
    }

    /// What the client gets to read; `None` if the answer does not arrive, or not whole.
    #[must_use]
    pub fn arrived(&self) -> Option<&Said> {
        self.delivery.arrives().then_some(&self.said)
    }
}

/// Why a request was turned away before it reached the cloud.
#[derive(Debug, Clone, Default)]
pub struct TurnedAway {
    /// What was asked for; `None` where no API is at that address.
    pub operation: Option<ApiOperation>,
    /// The instances it named, as far as they were read.
    pub ids: Vec<InstanceId>,
    /// The status it was answered with; `None` if a fault rule broke the connection off.
    pub status: Option<u16>,
    /// The code.
    pub code: Option<&'static str>,
    /// How the answer was delivered.
    pub delivery: Delivery,
    /// The fault rules that altered it.
    pub rules: Vec<RuleId>,
    /// Why its signature was refused.
    pub diagnosis: Option<Box<str>>,
    /// The limit that it was over.
    pub throttled: Option<Throttled>,
}

impl World {
    /// A world in which nothing goes wrong yet, with one user, and with everybody's clock.
    #[must_use]
    pub fn new(cloud: Cloud) -> Self {
        let iam = Iam::new(IamConfig::default(), cloud.project(), cloud.seed());
        let clock = WorldClock::new(ClockMode::Real, Skew::default(), Timestamp::from_millis(0));
        Self {
            iam,
            faults: FaultRules::new(cloud.seed()),
            clock,
            limiter: Limiter::default(),
            log: Log::default(),
            judge: Judge::new(cloud.config().batch_len_max),
            allowed: None,
            rate_max: None,
            cloud,
        }
    }

    /// The same with other users and tokens.
    #[must_use]
    pub fn with_iam(self, config: IamConfig) -> Self {
        Self { iam: Iam::new(config, self.cloud.project(), self.cloud.seed()), ..self }
    }

    /// The same with another clock.
    #[must_use]
    pub fn with_clock(self, clock: WorldClock) -> Self {
        Self { clock, ..self }
    }

    /// The same with limits.
    #[must_use]
    pub fn with_limits(self, limits: Vec<Limit>) -> Self {
        Self { limiter: Limiter::new(limits), ..self }
    }

    /// The same with a log of this size.
    #[must_use]
    pub fn with_log(self, bounds: LogBounds) -> Self {
        Self { log: Log::new(bounds), ..self }
    }

    /// Whom a client may submit from now on, to be acquitted; `None` for everybody.
    pub fn allow(&mut self, allowed: Option<Vec<InstanceId>>) {
        self.judge.allow(allowed.as_ref().map(|ids| ids.iter().copied().collect()));
        self.allowed = allowed;
    }

    /// How many instances a client may submit; `None` for all.
    #[must_use]
    pub fn allowed_count(&self) -> Option<usize> {
        self.allowed.as_ref().map(Vec::len)
    }

    /// How fast a client may send at most from now on, to be acquitted; `None` for as fast as it likes.
    pub fn set_rate_max(&mut self, rate: Option<Rate>) {
        self.judge.rate_max(rate);
        self.rate_max = rate;
    }

    /// The same, as it was set.
    #[must_use]
    pub const fn rate_max(&self) -> Option<Rate> {
        self.rate_max
    }

    /// What the judge says at `real` of this machine's clock; `is_over` where the client is done.
    #[must_use]
    pub fn verdict(&self, real: Timestamp, is_over: bool) -> Verdict {
        let now = self.clock.now(real);
        let ended = |id: InstanceId, attempt: u32| {
            let wipe = (attempt as usize).checked_sub(1).and_then(|index| self.cloud.wipes(id).get(index));
            wipe.is_some_and(|wipe| wipe.has_ended(now))
        };
        self.judge.verdict(real, is_over, ended)
    }

    /// When something changes next by itself: an instance, or a token that dies.
    #[must_use]
    pub fn next_event(&self, now: Timestamp) -> Option<Timestamp> {
        self.cloud.next_transition(now).into_iter().chain(self.iam.deaths(now)).min()
    }

    /// Adds a fault rule after those that are there.
    pub fn arm(&mut self, rule: FaultRule) -> RuleId {
        self.faults.arm(rule)
    }

    /// What happens to a call of which only the head is there.
    pub fn meet_head(&mut self, now: Timestamp, operation: ApiOperation, ids: &[InstanceId]) -> Turn {
        let call = Struck { operation, ids, image: None };
        Turn::UNHARMED.struck(self.faults.strike(now, &call, Stage::Head))
    }

    /// What happens to a call that was admitted, after what happened to its head.
    pub fn meet(&mut self, now: Timestamp, wish: &Wish, turn: Turn) -> Turn {
        if self.faults.as_slice().is_empty() {
            return turn;
        }
        let ids = wish.ids();
        let call = Struck { operation: wish.operation(), ids: &ids, image: wish.image() };
        turn.struck(self.faults.strike(now, &call, Stage::Whole))
    }

    /// Carries a call out, and notes it.
    pub fn act(&mut self, arrival: Arrival, wish: &Wish, turn: Turn) -> Served {
        let operation = wish.operation();
        let (said, mut facts) = match turn.takes_hold {
            true => {
                let (said, facts) = self.carry(arrival.now, wish, &turn);
                (turn.canned.map_or(said, Said::Canned), facts)
            }
            false => {
                self.cloud.ledger_mut().note(operation);
                (turn.canned.map_or(Said::Nothing, Said::Canned), carry::Facts::default())
            }
        };
        facts.held_back = arrival.held_back;
        if let Wish::Reinstall(request) = wish {
            facts.asked = Some((request.known_ids(), wish.named_len()));
        }
        if let Said::Canned(canned) = &said
            && canned.status == 429
        {
            facts.throttled = Some(self.canned_throttle(&arrival, canned, turn.wait_after));
        }
        let ids = match wish {
            Wish::Status(id) => Ids::One(*id),
            wish => Ids::of(&wish.ids()),
        };
        let exchange = Exchange {
            nth: 0,
            name: arrival.name,
            at: arrival.now,
            real_at: arrival.real,
            operation: Some(operation),
            caller: arrival.caller,
            peer: arrival.peer,
            ids,
            image: wish.image(),
            password: wish.password(),
            answered: said.status(),
            code: said.code(),
            took_hold: facts.took_hold,
            delivery: turn.delivery,
            rules: turn.rules.clone(),
            repeats: arrival.repeats,
            unread: arrival.unread,
            diagnosis: None,
        };
        let nth = self.enter(exchange, &facts);
        let (delivery, rules) = (turn.delivery, turn.rules);
        Served { nth, said, delivery, rules, wait: turn.wait_after, again_after: turn.again_after }
    }

    /// The whole of it at once, for those who have no network in between: what happens to the call, and what comes of it. Waits
    /// are told and not waited for.
    pub fn serve(&mut self, arrival: Arrival, wish: &Wish) -> Served {
        let turn = self.meet_head(arrival.now, wish.operation(), &wish.ids());
        let turn = if turn.ends_early() { turn } else { self.meet(arrival.now, wish, turn) };
        self.act(arrival, wish, turn)
    }

    /// Notes a request that was turned away before it reached the cloud.
    pub fn turn_away(&mut self, arrival: Arrival, why: TurnedAway) -> u64 {
        let throttled = why.throttled.map(|throttled| judge::Throttled {
            until: throttled.until,
            real_until: arrival.real + self.clock.real_wait(throttled.wait),
            told_at: arrival.real,
            retry_after_sent: throttled.retry_after,
            limiter: true,
            limit: None,
        });
        let facts = carry::Facts { throttled, ..carry::Facts::default() };
        let exchange = Exchange {
            nth: 0,
            name: arrival.name,
            at: arrival.now,
            real_at: arrival.real,
            operation: why.operation,
            caller: arrival.caller,
            peer: arrival.peer,
            ids: Ids::of(&why.ids),
            image: None,
            password: None,
            answered: why.status,
            code: why.code,
            took_hold: false,
            delivery: why.delivery,
            rules: why.rules,
            repeats: arrival.repeats,
            unread: arrival.unread,
            diagnosis: why.diagnosis,
        };
        self.enter(exchange, &facts)
    }

    /// What a fault rule's 429 says.
    fn canned_throttle(&self, arrival: &Arrival, canned: &Canned, wait_after: Duration) -> judge::Throttled {
        let wait = canned.retry_after.unwrap_or_default();
        judge::Throttled {
            until: arrival.now + wait,
            real_until: arrival.real + self.clock.real_wait(wait),
            told_at: arrival.real + wait_after,
            retry_after_sent: canned.retry_after.is_some(),
            limiter: false,
            limit: None,
        }
    }

    /// Nobody waits for the answer to a submission any more.
    pub(crate) fn close(&mut self, nth: u64, closing: Closing) {
        self.judge.closed(nth, closing);
    }

    /// A call is held back before it is carried out.
    pub(crate) fn hold_back(&mut self, wish: &Wish, real: Timestamp) {
        if let Wish::Reinstall(request) = wish {
            self.judge.hold_back(&request.known_ids().into_iter().collect(), real);
        }
    }

    /// Counts a call that was answered before the cloud was asked.
    pub(crate) fn count(&mut self, operation: ApiOperation) {
        self.cloud.ledger_mut().note(operation);
    }

    fn enter(&mut self, mut exchange: Exchange, facts: &carry::Facts) -> u64 {
        exchange.nth = self.log.next_nth();
        self.judge.note(&exchange, &facts.told());
        self.log.push(exchange)
    }
}

#[cfg(test)]
mod tests;
