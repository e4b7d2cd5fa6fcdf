//! What happens to a call that is hit.

use std::time::Duration;

use reinstall_core::time::{deserialize_duration, serialize_duration};
use serde::{Deserialize, Serialize};

use super::optional_duration;
use crate::operation::ApiOperation;

/// Before or after the call has taken hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Nothing is done.
    Before,
    /// All is done, only the answer is wrong.
    After,
}

/// What happens to a call that is hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// It is answered with this status and body, whatever the truth.
    Answer {
        /// Before or after it took hold.
        when: When,
        /// 200 to 599.
        status: u16,
        /// Sent as it stands.
        body: String,
        /// `Retry-After`; sent in whole seconds, rounded up.
        #[serde(default, with = "optional_duration")]
        retry_after: Option<Duration>,
    },
    /// The connection ends without a byte.
    Lose {
        /// Before or after it took hold.
        when: When,
        /// Whether it is reset (RST) rather than closed.
        #[serde(default)]
        reset: bool,
    },
    /// Nothing ever comes.
    Hang {
        /// Before or after it took hold.
        when: When,
    },
    /// It took hold, and the connection closes within the true answer.
    Truncate {
        /// So many bytes of the body arrive.
        body_bytes: usize,
    },
    /// The success leaves out some of the ids: of a reinstall, or rows of a list.
    Partial {
        /// Which.
        omit: Omit,
        /// Whether the reinstalls of those left out were started. A list does not care.
        omitted_started: bool,
    },
    /// The success of a reinstall names [`STRANGER_BITS`] too, whom nobody asked for.
    Stranger,
    /// A status or list of instances is answered as it was a while ago. Nothing else is touched.
    Stale {
        /// How long ago.
        #[serde(serialize_with = "serialize_duration", deserialize_with = "deserialize_duration")]
        by: Duration,
    },
}

/// Which of the ids of a success are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Omit {
    /// The second, the fourth and so on.
    EverySecond,
    /// So many at the end.
    Last(usize),
}

/// The id, as bits, of an instance that is in no fleet.
pub const STRANGER_BITS: u128 = 0x5712_a96e_0000_4000_8000_0000_0000_dead;

impl Effect {
    /// 429 with a plain string, as documented (api-facts 1), before anything is done.
    #[must_use]
    pub fn throttle(retry_after: Option<Duration>) -> Self {
        Self::Answer {
            when: When::Before,
            status: 429,
            body: "The throttling threshold has been reached: policy user over ratelimit,limit:10".to_owned(),
            retry_after,
        }
    }

    /// A status without a word, before anything is done.
    #[must_use]
    pub fn refuse(status: u16) -> Self {
        Self::answer(When::Before, status, "")
    }

    /// 500 `iMetal.0099`, although all was done.
    #[must_use]
    pub fn fail_after() -> Self {
        let body = r#"{"error_code":"iMetal.0099","error_msg":"Internal server error"}"#;
        Self::answer(When::After, 500, body)
    }

    /// A 202 that nobody can read, although all was done.
    #[must_use]
    pub fn garble() -> Self {
        Self::answer(When::After, 202, "{\"instances\": [{\"id\"")
    }

    /// Any status and body.
    #[must_use]
    pub fn answer(when: When, status: u16, body: &str) -> Self {
        Self::Answer { when, status, body: body.to_owned(), retry_after: None }
    }

    /// The connection closes without a byte, although all was done.
    #[must_use]
    pub const fn lose_answer() -> Self {
        Self::Lose { when: When::After, reset: false }
    }

    /// The connection closes without a byte, and nothing was done.
    #[must_use]
    pub const fn lose_request() -> Self {
        Self::Lose { when: When::Before, reset: false }
    }

    pub(super) const fn applies_to(&self, operation: ApiOperation) -> bool {
        match self {
            Self::Answer { .. } | Self::Lose { .. } | Self::Hang { .. } | Self::Truncate { .. } => true,
            Self::Partial { .. } => matches!(operation, ApiOperation::ReinstallOs | ApiOperation::ListInstances),
            Self::Stranger => matches!(operation, ApiOperation::ReinstallOs),
            Self::Stale { .. } => matches!(operation, ApiOperation::ShowInstanceStatus | ApiOperation::ListInstances),
        }
    }
}

impl Omit {
    /// Whether the `index`th of `len` is left out.
    pub(crate) const fn omits(self, index: usize, len: usize) -> bool {
        match self {
            Self::EverySecond => index % 2 == 1,
            Self::Last(count) => index + count >= len,
        }
    }
}
