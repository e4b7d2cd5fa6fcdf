//! What happens to a call that is hit.

use std::time::Duration;

use reinstall_core::time::{deserialize_duration, serialize_duration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::optional_duration;
use crate::clock::Skew;
use crate::cloud::spread::Spread;
use crate::cloud::wipe::Ending;
use crate::delivery::Break;
use crate::operation::ApiOperation;
use crate::shape::DurationText;

/// Before or after the call has taken hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Nothing is done.
    Before,
    /// All is done, only the answer is wrong.
    After,
}

/// Where in its course a call is broken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// Before its body is read, and before anybody asks who sends it. Nothing is done.
    BeforeRead,
    /// After it was read and admitted, but before it takes hold. Nothing is done.
    BeforeCommit,
    /// After it took hold, and before the first byte of the answer.
    AfterCommit,
    /// After it took hold, and after the head of the answer.
    AfterHead,
    /// After it took hold, and after so many bytes of the body of the answer.
    AfterBody(usize),
}

/// What happens to a call that is hit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// It is answered with this status and body, whatever the truth.
    Answer {
        /// Before or after it took hold.
        when: When,
        /// 200 to 599.
        #[schemars(range(min = 200, max = 599))]
        status: u16,
        /// Sent as it stands; as JSON, HTML or plain text, by how it begins.
        #[serde(default)]
        body: String,
        /// `Retry-After`; sent in whole seconds, rounded up.
        #[serde(default, with = "optional_duration")]
        #[schemars(with = "Option<DurationText>")]
        retry_after: Option<Duration>,
    },
    /// The connection breaks off.
    Break {
        /// Where in the course of the call.
        at: At,
        /// How.
        how: Break,
    },
    /// It took hold, and the answer comes in pieces with pauses.
    Drip {
        /// How many bytes a piece has.
        #[schemars(range(min = 1))]
        piece_bytes: usize,
        /// The pause between two pieces.
        #[serde(deserialize_with = "deserialize_duration", serialize_with = "serialize_duration")]
        #[schemars(with = "DurationText")]
        every: Duration,
    },
    /// It took hold, and the answer comes in chunks, of which one is malformed.
    MalformedChunk {
        /// So many bytes of the body come in good order before.
        body_bytes: usize,
    },
    /// It waits, in real time, and is then carried on with. Other rules may hit the same call.
    Delay {
        /// Before or after it takes hold.
        when: When,
        /// For how long.
        by: Spread,
    },
    /// The success leaves out some of the ids: of a reinstall, or rows of a list.
    Partial {
        /// Which.
        omit: Omit,
        /// Whether the reinstalls of those left out were started. A list does not care.
        #[serde(default)]
        omitted_started: bool,
    },
    /// The 202 names an instance that nobody asked for.
    #[serde(deserialize_with = "nothing_more")]
    Stranger,
    /// The look shows what was so some time ago.
    Stale {
        /// How long ago.
        #[serde(deserialize_with = "deserialize_duration", serialize_with = "serialize_duration")]
        #[schemars(with = "DurationText")]
        by: Duration,
    },
    /// The reinstalls that the call starts end so.
    Ending {
        /// How.
        ending: Ending,
    },
    /// The token that the call carries is revoked before it is looked at. A signature and the token that never dies are not.
    #[serde(deserialize_with = "nothing_more")]
    TokenDeath,
    /// The clock that the signature is held against, and that the answer is dated by, is off.
    Skew {
        /// How far.
        by: Skew,
    },
    /// The network delivers the call a second time. The client hears of the first only.
    Repeat {
        /// How long after the first, in real time.
        #[serde(deserialize_with = "deserialize_duration", serialize_with = "serialize_duration")]
        #[schemars(with = "DurationText")]
        gap: Duration,
    },
    /// The connection breaks off before the call takes hold, and the call arrives all the same, later. Nobody hears of it.
    Late {
        /// How much later, in real time.
        #[serde(deserialize_with = "deserialize_duration", serialize_with = "serialize_duration")]
        #[schemars(with = "DurationText")]
        by: Duration,
        /// How the connection breaks off.
        how: Break,
    },
}

/// Refuses whatever stands beside the `kind` of an effect that has no keys of its own: serde would pass it over.
fn nothing_more<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    Nothing::deserialize(deserializer).map(|Nothing {}| ())
}

/// Which of the ids of a success are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

    /// 502 in HTML, as a proxy on the way says it.
    #[must_use]
    pub fn bad_gateway(when: When) -> Self {
        Self::answer(when, 502, "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>")
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
        Self::Break { at: At::AfterCommit, how: Break::Close }
    }

    /// The connection closes without a byte, and nothing was done.
    #[must_use]
    pub const fn lose_request() -> Self {
        Self::Break { at: At::BeforeCommit, how: Break::Close }
    }

    /// It took hold, and no answer ever comes.
    #[must_use]
    pub const fn hang() -> Self {
        Self::Break { at: At::AfterCommit, how: Break::Hang }
    }

    /// It took hold, and the connection closes within the true answer, so many bytes of the body on.
    #[must_use]
    pub const fn truncate(body_bytes: usize) -> Self {
        Self::Break { at: At::AfterBody(body_bytes), how: Break::Close }
    }

    /// Whether it is decided before the body of a request is read and its sender is known.
    pub(super) const fn is_early(&self) -> bool {
        matches!(self, Self::Break { at: At::BeforeRead, .. } | Self::TokenDeath | Self::Skew { .. })
    }

    /// Whether another rule may hit the same call.
    pub(super) const fn is_additional(&self) -> bool {
        matches!(self, Self::Delay { .. } | Self::TokenDeath | Self::Skew { .. })
    }

    pub(super) const fn applies_to(&self, operation: ApiOperation) -> bool {
        match self {
            Self::Answer { .. }
            | Self::Break { .. }
            | Self::Drip { .. }
            | Self::MalformedChunk { .. }
            | Self::Delay { .. }
            | Self::Skew { .. } => true,
            Self::TokenDeath => !operation.is_iam(),
            Self::Partial { .. } => matches!(operation, ApiOperation::ReinstallOs | ApiOperation::ListInstances),
            Self::Stranger | Self::Ending { .. } => matches!(operation, ApiOperation::ReinstallOs),
            Self::Stale { .. } => operation.is_look(),
            Self::Repeat { .. } | Self::Late { .. } => operation.is_write(),
        }
    }

    /// Why it cannot be done as it is written, if so.
    pub(super) fn objection(&self) -> Option<&'static str> {
        match self {
            Self::Answer { status, .. } => {
                (!(200..=599).contains(status)).then_some("`status` must be from 200 to 599")
            }
            Self::Drip { piece_bytes, every } => {
                if *piece_bytes == 0 {
                    return Some("`piece_bytes` must be at least 1");
                }
                is_too_long(*every).then_some(TOO_LONG)
            }
            Self::Delay { by, .. } => by.objection(),
            Self::Repeat { gap: by } | Self::Late { by, .. } => is_too_long(*by).then_some(TOO_LONG),
            Self::Break { .. }
            | Self::MalformedChunk { .. }
            | Self::Partial { .. }
            | Self::Stranger
            | Self::Stale { .. }
            | Self::Ending { .. }
            | Self::TokenDeath
            | Self::Skew { .. } => None,
        }
    }
}

/// Nothing that passes in real time takes longer.
const WAIT_MAX: Duration = Duration::from_secs(3_600);
const TOO_LONG: &str = "that is longer than an hour of real time";

fn is_too_long(wait: Duration) -> bool {
    wait > WAIT_MAX
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
