//! A cloud together with who may use it, its clock, what goes wrong around it, and what happened: calls in, and out comes what
//! was said and whether it arrives.
//!
//! IAM is part of it, since tokens can get lost on their way like everything else. Pure, like its parts. Over HTTP the
//! [`pipeline`](crate::app) turns [`Served`] into bytes and socket faults; a simulation turns it into answers and silences.

mod carry;
mod served;
mod turn;
mod wish;

use std::time::Duration;

use reinstall_core::id::InstanceId;
use reinstall_core::rate::Rate;
use reinstall_core::time::Timestamp;

use crate::clock::{ClockMode, Skew, WorldClock};
use crate::cloud::Cloud;
use crate::exchange::{Exchange, Ids};
use crate::fault::{FaultRule, FaultRules, RuleId, Stage, Struck};
use crate::iam::{Iam, IamConfig};
use crate::judge::{self, Closing, Judge, Verdict};
use crate::limit::{Limit, Limiter};
use crate::log::{Log, LogBounds};
use crate::operation::ApiOperation;

pub use self::served::{Arrival, Canned, Said, Served, TurnedAway};
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
                match turn.canned {
                    // What was done stays done, and nothing of it is told.
                    Some(canned) => (Said::Canned(canned), facts.untold()),
                    None => (said, facts),
                }
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
            Wish::List(query) => Ids::of(query.known_ids()),
            Wish::Reinstall(_)
            | Wish::ChangePassword(_)
            | Wish::CreateTags(_)
            | Wish::DeleteTags(_)
            | Wish::CreateToken(_)
            | Wish::ValidateToken(_)
            | Wish::ListProjects(..)
            | Wish::ListDomains(_)
            | Wish::ListVersions
            | Wish::ShowVersion => Ids::of(&wish.ids()),
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
