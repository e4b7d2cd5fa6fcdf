//! What a rollout tells people while it goes on. Nothing in here can hold a secret.

use serde::Serialize;

use crate::fault::Fault;
use crate::id::{ImageId, InstanceId, RequestId};
use crate::summary::{HaltCause, Outcome, Reason};
use crate::text::CloudText;
use crate::time::Timestamp;

/// Something worth telling, with its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// When it happened.
    pub at: Timestamp,
    /// What the cloud calls the instance that it is about, if it is about one whose name is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<CloudText>,
    /// What happened.
    #[serde(flatten)]
    pub news: News,
}

/// What happened. Waves and batches count from 1, batches through the whole plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum News {
    /// A wave may now start; its gate is open.
    WaveOpened {
        /// Which.
        wave: usize,
        /// How many targets it has.
        targets: usize,
    },
    /// A reinstall request is about to leave.
    Submitting {
        /// For which batch of the plan.
        batch: usize,
        /// How many instances it names.
        instances: usize,
        /// Which go at them it is.
        attempt: u32,
    },
    /// A request was accepted.
    Accepted {
        /// For which batch.
        batch: usize,
        /// How many of its instances the cloud named.
        instances: usize,
        /// How many it left out; they are in doubt.
        left_out: usize,
        /// The cloud's name for the request.
        request_id: Option<RequestId>,
    },
    /// The cloud said that it accepted instances nobody asked for. A person should look.
    Strangers {
        /// For which batch.
        batch: usize,
        /// Which instances.
        ids: Vec<InstanceId>,
    },
    /// Nothing was started, and the batch will be tried again.
    Postponed {
        /// Which batch.
        batch: usize,
        /// Why.
        fault: Fault,
        /// Not before this moment.
        until: Timestamp,
    },
    /// A request was refused for good; nothing was started.
    Refused {
        /// For which batch.
        batch: usize,
        /// Why.
        fault: Fault,
    },
    /// A request was refused because of some of its instances, and nothing was started. The others are tried again, without
    /// those that were named, or in smaller requests until those at fault are alone.
    Split {
        /// Which batch.
        batch: usize,
        /// How many instances the request named.
        instances: usize,
        /// How many the next request may name.
        next_max: usize,
        /// Why.
        fault: Fault,
    },
    /// A request got no answer that tells whether it took hold. Its instances are watched.
    Doubted {
        /// For which batch.
        batch: usize,
        /// How many instances are in doubt.
        instances: usize,
        /// What went wrong.
        fault: Fault,
    },
    /// A look failed; it will be repeated.
    LookFailed {
        /// How many instances were to be looked at.
        instances: usize,
        /// What went wrong.
        fault: Fault,
    },
    /// A target was seen to be on its way.
    Installing {
        /// Which.
        id: InstanceId,
    },
    /// A target whose submission was in doubt is shown not to have started; it will be submitted again.
    Retrying {
        /// Which.
        id: InstanceId,
    },
    /// A target came to a good end, but the cloud names another image than the one asked for. Nobody has watched yet on the
    /// real service when that changes, so it decides nothing. A person should look.
    ImageDiffers {
        /// Which.
        id: InstanceId,
        /// What the cloud names.
        image: ImageId,
    },
    /// A target has its outcome.
    Ended {
        /// Which.
        id: InstanceId,
        /// How.
        outcome: Outcome,
        /// Why, unless it succeeded.
        reason: Option<Reason>,
        /// When its last submission left.
        submitted_at: Option<Timestamp>,
    },
    /// Nothing new will be started.
    Halted(HaltCause),
    /// Every target has its outcome.
    Finished,
}

impl News {
    /// The one target that it is about, if it is about one. The cause of a halt names its canary itself.
    #[must_use]
    pub const fn instance(&self) -> Option<InstanceId> {
        match self {
            Self::Installing { id }
            | Self::Retrying { id }
            | Self::ImageDiffers { id, .. }
            | Self::Ended { id, .. } => Some(*id),
            Self::WaveOpened { .. }
            | Self::Submitting { .. }
            | Self::Accepted { .. }
            | Self::Strangers { .. }
            | Self::Postponed { .. }
            | Self::Refused { .. }
            | Self::Split { .. }
            | Self::Doubted { .. }
            | Self::LookFailed { .. }
            | Self::Halted(_)
            | Self::Finished => None,
        }
    }
}

/// Where the targets of a wave, or of the whole plan, stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Not touched yet, or about to be looked at.
    pub waiting: usize,
    /// Looked at, or with a request under way.
    pub submitting: usize,
    /// Submitted, and nobody knows whether it took hold.
    pub doubtful: usize,
    /// Accepted, and no movement seen yet.
    pub accepted: usize,
    /// Seen to be on their way.
    pub installing: usize,
    /// Ended well.
    pub succeeded: usize,
    /// Ended badly.
    pub failed: usize,
    /// Left alone.
    pub skipped: usize,
    /// Ended in doubt.
    pub unresolved: usize,
    /// Ended untouched.
    pub not_started: usize,
}

impl Tally {
    /// How many have their outcome.
    #[must_use]
    pub fn done(&self) -> usize {
        self.succeeded + self.failed + self.skipped + self.unresolved + self.not_started
    }

    /// How many there are.
    #[must_use]
    pub fn targets(&self) -> usize {
        self.waiting + self.submitting + self.doubtful + self.accepted + self.installing + self.done()
    }
}
