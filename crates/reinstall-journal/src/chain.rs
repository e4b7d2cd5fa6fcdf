//! Hashes that chain the lines of a rollout to what it began with.
//!
//! They tell rot, and lines that are missing or changed places, from what was written. Against somebody who may write to the
//! database they are no help: whoever can change a line can change its hash.

use sha2::{Digest as _, Sha256};

/// The state of a chain: 64 bits, as SQLite keeps whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chain(pub(crate) i64);

impl Chain {
    /// The chain that begins with these parts.
    pub(crate) fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        parts.into_iter().fold(Self(0), Self::then)
    }

    /// The chain with one more text.
    #[must_use]
    pub(crate) fn then(self, text: &str) -> Self {
        let digest = Sha256::new().chain_update(self.0.to_be_bytes()).chain_update(text).finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Self(i64::from_be_bytes(first))
    }
}
