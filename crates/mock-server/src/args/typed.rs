//! A secret as it was typed.

use std::fmt;

/// A secret as it was typed, not yet looked at: the parser of the command line would quote one that it refuses.
#[derive(Clone)]
pub struct Typed(String);

impl Typed {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Typed {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Typed(hidden)")
    }
}
