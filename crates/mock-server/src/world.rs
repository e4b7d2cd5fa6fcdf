//! A cloud together with what goes wrong around it: calls in, and out comes what was said and whether it arrives.
//!
//! IAM is part of it, since tokens can get lost on their way like everything else. Pure, like its parts. Over HTTP the
//! routes turn [`Served`] into bytes and socket faults; a simulation turns it into answers and silences.

mod iam;

use std::time::Duration;

use reinstall_core::id::{ImageId, InstanceId};
use reinstall_core::time::Timestamp;

use crate::cloud::Cloud;
use crate::cloud::ledger::Call;
use crate::cloud::list::{ListQuery, Page};
use crate::cloud::refusal::Refusal;
use crate::cloud::request::ReinstallRequest;
use crate::cloud::row::Glimpse;
use crate::delivery::{Break, Delivery, Sent};
use crate::fault::{Effect, FaultRule, FaultRules, Omit, RuleId, STRANGER_BITS, When};
use crate::iam::{Iam, IamConfig};
use crate::operation::ApiOperation;

/// One cloud, who may use it, and its fault rules.
#[derive(Debug, Clone)]
pub struct World {
    /// The cloud. What is asked of it directly meets no fault.
    pub cloud: Cloud,
    /// Who may use it. What is asked of it directly meets no fault and is not counted.
    pub iam: Iam,
    /// The rules.
    pub faults: FaultRules,
}

/// What was said to a call, and how it is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served<T, R = Refusal> {
    /// What was said.
    pub said: Said<T, R>,
    /// Whether it arrives.
    pub delivery: Delivery,
    /// The fault rule that altered it.
    pub rule: Option<RuleId>,
}

/// What was said to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said<T, R = Refusal> {
    /// The success: 202 for a reinstall, 201 for a token, 200 for a look.
    Done(T),
    /// A documented refusal, [`Refusal`] or [`IamRefusal`](crate::iam::IamRefusal).
    Refused(R),
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

impl<T, R> Served<T, R> {
    /// What the client gets to read; `None` if the answer does not arrive, or not whole.
    #[must_use]
    pub fn arrived(&self) -> Option<&Said<T, R>> {
        self.delivery.arrives().then_some(&self.said)
    }
}

/// What a rule does to a call, sorted by what has to be done about it.
struct Turn {
    rule: Option<RuleId>,
    /// Whether the call is carried out at all.
    takes_hold: bool,
    canned: Option<Canned>,
    delivery: Delivery,
    omit: Option<(Omit, bool)>,
    adds_stranger: bool,
    stale_by: Duration,
}

impl Turn {
    const UNHARMED: Self = Self {
        rule: None,
        takes_hold: true,
        canned: None,
        delivery: Delivery::Whole,
        omit: None,
        adds_stranger: false,
        stale_by: Duration::ZERO,
    };

    fn of(struck: Option<(RuleId, Effect)>) -> Self {
        let Some((rule, effect)) = struck else {
            return Self::UNHARMED;
        };
        let mut turn = Self { rule: Some(rule), ..Self::UNHARMED };
        match effect {
            Effect::Answer { when, status, body, retry_after } => {
                turn.takes_hold = when == When::After;
                turn.canned = Some(Canned { status, body, retry_after });
            }
            Effect::Lose { when, reset } => {
                turn.takes_hold = when == When::After;
                turn.delivery = if reset { Delivery::RESET } else { Delivery::CLOSED };
            }
            Effect::Hang { when } => {
                turn.takes_hold = when == When::After;
                turn.delivery = Delivery::NEVER;
            }
            Effect::Truncate { body_bytes } => {
                turn.delivery = Delivery::Broken { after: Sent::Body(body_bytes), how: Break::Close };
            }
            Effect::Partial { omit, omitted_started } => turn.omit = Some((omit, omitted_started)),
            Effect::Stranger => turn.adds_stranger = true,
            Effect::Stale { by } => turn.stale_by = by,
        }
        turn
    }

    /// The moment that a look is answered as of.
    fn as_of(&self, now: Timestamp) -> Timestamp {
        let by = u64::try_from(self.stale_by.as_millis()).unwrap_or(u64::MAX);
        Timestamp::from_millis(now.as_millis().saturating_sub(by))
    }
}

impl World {
    /// A world in which nothing goes wrong yet, with one user.
    #[must_use]
    pub fn new(cloud: Cloud) -> Self {
        let iam = Iam::new(IamConfig::default(), cloud.project(), cloud.seed());
        Self { iam, faults: FaultRules::new(cloud.seed()), cloud }
    }

    /// The same with other users and tokens.
    #[must_use]
    pub fn with_iam(self, config: IamConfig) -> Self {
        Self { iam: Iam::new(config, self.cloud.project(), self.cloud.seed()), ..self }
    }

    /// Adds a fault rule after those that are there.
    pub fn arm(&mut self, rule: FaultRule) -> RuleId {
        self.faults.arm(rule)
    }

    /// ReinstallOS, as [`Cloud::reinstall`], with the faults.
    pub fn reinstall(&mut self, now: Timestamp, request: &ReinstallRequest) -> Served<Vec<InstanceId>> {
        let ids = request.known_ids();
        let turn = Turn::of(self.faults.strike(now, ApiOperation::ReinstallOs, &ids));
        if !turn.takes_hold {
            let image = request.image().ok().flatten();
            return self.stop(now, ApiOperation::ReinstallOs, ids, image, turn);
        }
        let result = match turn.omit {
            Some((omit, false)) => self.cloud.reinstall(now, &without(request, omit)),
            Some((omit, true)) => self.cloud.reinstall(now, request).map(|ids| kept(ids, omit)),
            None => self.cloud.reinstall(now, request),
        };
        let stranger = turn.adds_stranger.then(|| InstanceId::from_bits(STRANGER_BITS));
        let result = result.map(|ids| ids.into_iter().chain(stranger).collect());
        self.serve(turn, result)
    }

    /// ShowInstanceStatus, as [`Cloud::status`], with the faults.
    pub fn status(&mut self, now: Timestamp, id: InstanceId) -> Served<Glimpse> {
        let turn = Turn::of(self.faults.strike(now, ApiOperation::ShowInstanceStatus, &[id]));
        if !turn.takes_hold {
            return self.stop(now, ApiOperation::ShowInstanceStatus, vec![id], None, turn);
        }
        let result = self.cloud.status_as_of(now, turn.as_of(now), id);
        self.serve(turn, result)
    }

    /// ListInstances, as [`Cloud::list`], with the faults.
    pub fn list(&mut self, now: Timestamp, query: &ListQuery) -> Served<Page> {
        let ids = query.known_ids();
        let turn = Turn::of(self.faults.strike(now, ApiOperation::ListInstances, &ids));
        if !turn.takes_hold {
            return self.stop(now, ApiOperation::ListInstances, ids, None, turn);
        }
        let mut result = self.cloud.list_as_of(now, turn.as_of(now), query);
        if let (Ok(page), Some((omit, _))) = (&mut result, turn.omit) {
            page.rows = kept(std::mem::take(&mut page.rows), omit);
        }
        self.serve(turn, result)
    }

    /// The answer to a call that took hold.
    fn serve<T, R>(&mut self, turn: Turn, result: Result<T, R>) -> Served<T, R> {
        let said = match (turn.canned, result) {
            (Some(canned), _) => Said::Canned(canned),
            (None, Ok(done)) => Said::Done(done),
            (None, Err(refusal)) => Said::Refused(refusal),
        };
        if let Some(rule) = turn.rule {
            let answered = self.cloud.ledger().log().next_back().and_then(|call| call.status);
            let status = match &said {
                _ if !turn.delivery.shows_status() => None,
                Said::Canned(canned) => Some(canned.status),
                Said::Done(_) | Said::Refused(_) | Said::Nothing => answered,
            };
            self.cloud.ledger_mut().altered(rule, status);
        }
        Served { said, delivery: turn.delivery, rule: turn.rule }
    }

    /// The answer to a call that was stopped before it took hold.
    fn stop<T, R>(
        &mut self,
        at: Timestamp,
        operation: ApiOperation,
        ids: Vec<InstanceId>,
        image: Option<ImageId>,
        turn: Turn,
    ) -> Served<T, R> {
        self.cloud.ledger_mut().note(Call {
            at,
            operation,
            ids,
            image,
            status: turn.canned.as_ref().map(|canned| canned.status),
            code: None,
            rule: turn.rule,
        });
        Served { said: turn.canned.map_or(Said::Nothing, Said::Canned), delivery: turn.delivery, rule: turn.rule }
    }
}

fn kept<T>(all: Vec<T>, omit: Omit) -> Vec<T> {
    let len = all.len();
    let kept = all.into_iter().enumerate().filter(|(index, _)| !omit.omits(*index, len));
    kept.map(|(_, item)| item).collect()
}

/// The request as it would be had the client named fewer. If nobody is left, all are named: a 202 for nobody would need
/// a request for nobody, which is refused.
fn without(request: &ReinstallRequest, omit: Omit) -> ReinstallRequest {
    let mut request = request.clone();
    if let Some(ids) = &mut request.instance_ids {
        let fewer = kept(ids.clone(), omit);
        if !fewer.is_empty() {
            *ids = fewer;
        }
    }
    request
}

#[cfg(test)]
mod tests;
