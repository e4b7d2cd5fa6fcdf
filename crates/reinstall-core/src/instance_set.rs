//! The only thing a reinstall request can name instances with.

use crate::id::InstanceId;

/// A set of instances for one request: never empty, no repeats, at most [`InstanceSet::LEN_MAX`].
///
/// What the service does with an absent or empty list is not documented (api-facts 1): it might mean every instance.
/// This type cannot hold one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Vec<InstanceId>")]
pub struct InstanceSet(Vec<InstanceId>);

impl TryFrom<Vec<InstanceId>> for InstanceSet {
    type Error = InstanceSetError;

    fn try_from(ids: Vec<InstanceId>) -> Result<Self, InstanceSetError> {
        Self::new(ids)
    }
}

/// Why ids cannot go into one request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstanceSetError {
    /// Nobody is named.
    #[error("a request must name at least one instance")]
    Empty,
    /// More than the documented cap.
    #[error("a request may name at most {max} instances, not {0}", max = InstanceSet::LEN_MAX)]
    TooMany(usize),
    /// The same instance twice.
    #[error("instance {0} is named twice")]
    Repeated(InstanceId),
}

impl InstanceSet {
    /// The most instances one request may name (api-facts 1; SDK models say 10, the pages of the API say 50).
    pub const LEN_MAX: usize = 50;

    /// Takes the ids, in their order.
    ///
    /// # Errors
    /// [`InstanceSetError`] if there are none, too many, or repeats.
    pub fn new(ids: Vec<InstanceId>) -> Result<Self, InstanceSetError> {
        if ids.is_empty() {
            return Err(InstanceSetError::Empty);
        }
        if ids.len() > Self::LEN_MAX {
            return Err(InstanceSetError::TooMany(ids.len()));
        }
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        match sorted.array_windows().find(|[one, next]| one == next) {
            Some([repeated, _]) => Err(InstanceSetError::Repeated(*repeated)),
            None => Ok(Self(ids)),
        }
    }

    /// The set of ids that are known to be distinct, because they come from a checked list.
    ///
    /// # Panics
    /// If there are none or too many: the plan that cut them is wrong, and nothing may be sent by it.
    pub(crate) fn of_distinct(ids: &[InstanceId]) -> Self {
        assert!((1..=Self::LEN_MAX).contains(&ids.len()), "a batch of {} instances", ids.len());
        Self(ids.to_vec())
    }

    /// The ids, in the order they were given; never empty.
    #[must_use]
    pub fn as_slice(&self) -> &[InstanceId] {
        &self.0
    }

    /// How many there are: 1 to [`InstanceSet::LEN_MAX`].
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(range: std::ops::Range<u128>) -> Vec<InstanceId> {
        range.map(InstanceId::from_bits).collect()
    }

    #[test]
    fn holds_one_to_fifty_without_repeats() {
        assert_eq!(InstanceSet::new(ids(0..1)).unwrap().len(), 1);
        assert_eq!(InstanceSet::new(ids(0..50)).unwrap().as_slice(), ids(0..50));
        assert_eq!(InstanceSet::new(vec![]), Err(InstanceSetError::Empty));
        assert_eq!(InstanceSet::new(ids(0..51)), Err(InstanceSetError::TooMany(51)));
        let twice = InstanceId::from_bits(7);
        assert_eq!(
            InstanceSet::new(vec![twice, InstanceId::from_bits(1), twice]),
            Err(InstanceSetError::Repeated(twice))
        );
    }
}
