//! What comes to a world, and what it answers.

use std::net::IpAddr;
use std::time::Duration;

use reinstall_core::id::InstanceId;
use reinstall_core::time::Timestamp;

use super::wish::Answer;
use crate::cloud::refusal::Refusal;
use crate::delivery::Delivery;
use crate::exchange::{Caller, RequestName, Unread};
use crate::fault::RuleId;
use crate::iam::IamRefusal;
use crate::limit::Throttled;
use crate::operation::ApiOperation;

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
