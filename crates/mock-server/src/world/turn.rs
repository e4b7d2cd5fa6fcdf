//! What fault rules do to a call, sorted by what has to be done about it.

use std::time::Duration;

use reinstall_core::time::Timestamp;

use super::Canned;
use crate::clock::Skew;
use crate::cloud::wipe::Ending;
use crate::delivery::{Delivery, Sent};
use crate::fault::{At, Effect, Omit, RuleId, Strike, When};

/// What is to become of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The rules that hit it: its receipts.
    pub(super) rules: Vec<RuleId>,
    /// Whether it is carried out at all.
    pub(super) takes_hold: bool,
    pub(super) canned: Option<Canned>,
    pub(super) delivery: Delivery,
    pub(super) omit: Option<(Omit, bool)>,
    pub(super) adds_stranger: bool,
    pub(super) stale_by: Duration,
    pub(super) ending: Option<Ending>,
    /// How long it waits before it is carried out, in real time.
    pub(crate) wait_before: Duration,
    /// How long its answer waits then.
    pub(super) wait_after: Duration,
    /// How long after this it arrives another time.
    pub(super) again_after: Option<Duration>,
    /// Whether the token that it carries is revoked first.
    pub(crate) kills_token: bool,
    /// How far the clock is off that its signature is held against.
    pub(crate) skew: Skew,
}

impl Turn {
    /// Nothing happens to it.
    pub const UNHARMED: Self = Self {
        rules: Vec::new(),
        takes_hold: true,
        canned: None,
        delivery: Delivery::Whole,
        omit: None,
        adds_stranger: false,
        stale_by: Duration::ZERO,
        ending: None,
        wait_before: Duration::ZERO,
        wait_after: Duration::ZERO,
        again_after: None,
        kills_token: false,
        skew: Skew::Ahead(Duration::ZERO),
    };

    /// The same, with what these do to it.
    pub(super) fn struck(self, strikes: Vec<Strike>) -> Self {
        strikes.into_iter().fold(self, Self::hit)
    }

    fn hit(mut self, strike: Strike) -> Self {
        self.rules.push(strike.rule);
        match strike.effect {
            Effect::Answer { when, status, body, retry_after } => {
                self.takes_hold = when == When::After;
                self.canned = Some(Canned { status, body, retry_after });
            }
            Effect::Break { at, how } => {
                self.takes_hold = !matches!(at, At::BeforeRead | At::BeforeCommit);
                let after = match at {
                    At::BeforeRead | At::BeforeCommit | At::AfterCommit => Sent::Nothing,
                    At::AfterHead => Sent::Head,
                    At::AfterBody(bytes) => Sent::Body(bytes),
                };
                self.delivery = Delivery::Broken { after, how };
            }
            Effect::Drip { piece_bytes, every } => self.delivery = Delivery::Dripped { piece_bytes, every },
            Effect::MalformedChunk { body_bytes } => self.delivery = Delivery::Malformed { body_bytes },
            Effect::Delay { when, by } => {
                let wait = by.draw(strike.dice);
                match when {
                    When::Before => self.wait_before += wait,
                    When::After => self.wait_after += wait,
                }
            }
            Effect::Partial { omit, omitted_started } => self.omit = Some((omit, omitted_started)),
            Effect::Stranger => self.adds_stranger = true,
            Effect::Stale { by } => self.stale_by = by,
            Effect::Ending { ending } => self.ending = Some(ending),
            Effect::TokenDeath => self.kills_token = true,
            Effect::Skew { by } => self.skew = by,
            Effect::Repeat { gap } => self.again_after = Some(gap),
            Effect::Late { by, how } => {
                self.takes_hold = false;
                self.delivery = Delivery::Broken { after: Sent::Nothing, how };
                self.again_after = Some(by);
            }
        }
        self
    }

    /// The same for a look, which is answered as of when it came, however long its answer takes: it waits first.
    pub(crate) fn of_look(mut self) -> Self {
        self.wait_before += std::mem::take(&mut self.wait_after);
        self
    }

    /// The same for a look that has waited so long by the world's clock.
    pub(crate) fn aged(mut self, by: Duration) -> Self {
        self.stale_by += by;
        self
    }

    /// The same for a call whose client has left: whatever is said, nobody hears it.
    pub(crate) fn unheard(self) -> Self {
        Self { delivery: Delivery::CLOSED, ..self }
    }

    /// How its answer is delivered.
    pub(crate) const fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// The rules that hit it.
    pub(crate) fn rules(&self) -> &[RuleId] {
        &self.rules
    }

    /// Whether the connection breaks off before the body is read.
    pub(crate) fn ends_early(&self) -> bool {
        !self.takes_hold
    }

    /// The moment that a look is answered as of.
    pub(super) fn as_of(&self, now: Timestamp) -> Timestamp {
        now - self.stale_by
    }
}
