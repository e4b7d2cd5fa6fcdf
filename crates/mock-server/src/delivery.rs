//! How an answer is delivered: as it is, late, or not as it should be. What the socket does about it is [`serve`](crate::serve)'s
//! part.

use std::time::Duration;

/// How an answer is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Delivery {
    /// As it is.
    #[default]
    Whole,
    /// It breaks off.
    Broken {
        /// How much of it is sent before.
        after: Sent,
        /// How it breaks off.
        how: Break,
    },
    /// It is sent in pieces: so many bytes, head included, then a pause, and so on to its end.
    Dripped {
        /// How many bytes a piece has; 0 counts as 1.
        piece_bytes: usize,
        /// The pause between two pieces.
        #[serde(serialize_with = "crate::delivery::as_text")]
        every: Duration,
    },
    /// The body is sent in chunks, and after so many of its bytes stands a chunk whose length is no number. Then the
    /// connection closes.
    Malformed {
        /// How many bytes of the body come in good order before.
        body_bytes: usize,
    },
}

/// How much of an answer is sent before it breaks off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// Not a byte.
    Nothing,
    /// The head, with the length of a body that does not come.
    Head,
    /// The head and so many bytes of the body; the head tells the true length.
    Body(usize),
}

/// How an answer breaks off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Break {
    /// The connection closes (FIN).
    Close,
    /// The connection is reset (RST).
    Reset,
    /// Nothing more comes, and the connection stays open until the client leaves or the server stops.
    Hang,
}

impl Delivery {
    /// The connection closes before the first byte.
    pub const CLOSED: Self = Self::Broken { after: Sent::Nothing, how: Break::Close };
    /// The connection is reset before the first byte.
    pub const RESET: Self = Self::Broken { after: Sent::Nothing, how: Break::Reset };
    /// Nothing ever comes, the connection stays open.
    pub const NEVER: Self = Self::Broken { after: Sent::Nothing, how: Break::Hang };

    /// Whether a client that waits long enough gets to read all of the answer.
    #[must_use]
    pub const fn arrives(self) -> bool {
        match self {
            Self::Whole | Self::Dripped { .. } => true,
            Self::Broken { .. } | Self::Malformed { .. } => false,
        }
    }

    /// Whether the connection stays open, with nothing more to come.
    #[must_use]
    pub const fn hangs(self) -> bool {
        matches!(self, Self::Broken { how: Break::Hang, .. })
    }

    /// Whether a client gets to read the head of the answer, and with it the status.
    #[must_use]
    pub const fn shows_status(self) -> bool {
        !matches!(self, Self::Broken { after: Sent::Nothing, .. })
    }
}

/// A duration as people write it.
pub(crate) fn as_text<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&reinstall_core::time::Plain(*duration))
}
