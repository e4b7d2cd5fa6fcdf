//! An instance as people read it: its name first, its id beside it.

use std::fmt;

use crate::id::InstanceId;
use crate::text::CloudText;

/// Writes `web-1 (0b29c7a1-…)`, or the id alone where the name is not known.
///
/// The name is the cloud's and names need not be unique. The id decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<'a> {
    /// Which instance.
    pub id: InstanceId,
    /// What the cloud calls it.
    pub name: Option<&'a CloudText>,
}

impl<'a> Named<'a> {
    /// An instance and its name.
    #[must_use]
    pub fn new(id: InstanceId, name: Option<&'a CloudText>) -> Self {
        Self { id, name: name.filter(|name| !name.is_empty()) }
    }
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => write!(f, "{name} ({})", self.id),
            None => write!(f, "{}", self.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_comes_first_and_cannot_steer_a_terminal() {
        let id = InstanceId::from_bits(10);
        let shown = |name: Option<&str>| Named::new(id, name.map(CloudText::from).as_ref()).to_string();
        for (name, expected) in [
            (Some("web-1"), format!("web-1 ({id})")),
            (Some(""), id.to_string()),
            (None, id.to_string()),
            (Some("\u{1b}[2Jweb"), format!("\\u{{1b}}[2Jweb ({id})")),
        ] {
            assert_eq!(shown(name), expected, "{name:?}");
        }
    }
}
