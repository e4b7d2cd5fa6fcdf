//! Every change of place that a target may make. The machine makes no other: see the assertion in `Rollout::enter`.

use crate::summary::Outcome;

/// Where a target stands: a phase on the way, or its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Not touched, or shown not to have been.
    Waiting,
    /// Its baseline is being taken.
    Looking,
    /// A request that names it is under way.
    Submitting,
    /// A request may have taken hold of it; nobody knows.
    Doubtful,
    /// The cloud accepted a request that names it.
    Accepted,
    /// It was seen to move.
    Installing,
    /// It has its outcome.
    Done(Outcome),
}

impl Place {
    /// The word that reports and documents use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Looking => "looking",
            Self::Submitting => "submitting",
            Self::Doubtful => "doubtful",
            Self::Accepted => "accepted",
            Self::Installing => "installing",
            Self::Done(outcome) => outcome.word(),
        }
    }
}

/// One allowed move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// From here..
    pub from: Place,
    /// ..to here.
    pub to: Place,
    /// On what occasion, in a few words.
    pub why: &'static str,
}

const fn row(from: Place, to: Place, why: &'static str) -> Move {
    Move { from, to, why }
}

const SUCCEEDED: Place = Place::Done(Outcome::Succeeded);
const FAILED: Place = Place::Done(Outcome::Failed);
const SKIPPED: Place = Place::Done(Outcome::Skipped);
const UNRESOLVED: Place = Place::Done(Outcome::Unresolved);
const NOT_STARTED: Place = Place::Done(Outcome::NotStarted);

/// Every allowed move, in the order of a target's life.
pub const MOVES: [Move; 24] = [
    row(Place::Waiting, Place::Looking, "there is room: its baseline is looked at"),
    row(Place::Waiting, NOT_STARTED, "the rollout halts"),
    row(Place::Looking, Place::Submitting, "it looks fit: the request leaves"),
    row(Place::Looking, Place::Waiting, "it could not be read, or requests are throttled: later again"),
    row(Place::Looking, SKIPPED, "it is busy, gone, changed, or in another state than wanted"),
    row(
        Place::Looking,
        Place::Doubtful,
        "it looks different from before the request that was shown to have started nothing",
    ),
    row(Place::Looking, NOT_STARTED, "it could not be read for too long, or the rollout halted"),
    row(Place::Submitting, Place::Accepted, "a 202 names it"),
    row(Place::Submitting, Place::Doubtful, "any other answer, or none"),
    row(Place::Submitting, Place::Waiting, "the request never left: later again"),
    row(Place::Submitting, NOT_STARTED, "the request never left, and time is up or the rollout halted"),
    row(Place::Doubtful, Place::Installing, "it is seen to move"),
    row(Place::Doubtful, Place::Waiting, "it is shown not to have started: tried again"),
    row(Place::Doubtful, SUCCEEDED, "it is seen at a good end that is news"),
    row(
        Place::Doubtful,
        FAILED,
        "it is seen at a bad end that is news, or is shown not to have started and was refused",
    ),
    row(Place::Doubtful, UNRESOLVED, "reading cannot tell, or time is up"),
    row(Place::Doubtful, NOT_STARTED, "it is shown not to have started, after the last attempt or a halt"),
    row(Place::Accepted, Place::Installing, "it is seen to move"),
    row(Place::Accepted, SUCCEEDED, "it is seen at a good end that is news"),
    row(Place::Accepted, FAILED, "it is seen at a bad end that is news"),
    row(Place::Accepted, UNRESOLVED, "nothing moves, or time is up"),
    row(Place::Installing, SUCCEEDED, "it has come to rest and runs"),
    row(Place::Installing, FAILED, "it has come to rest in a bad state"),
    row(Place::Installing, UNRESOLVED, "its end contradicts what is known, or time is up"),
];

/// The row of [`MOVES`] that allows this move; `None` if none does.
#[must_use]
pub fn find(from: Place, to: Place) -> Option<usize> {
    MOVES.iter().position(|allowed| (allowed.from, allowed.to) == (from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_move_is_listed_once() {
        for (index, listed) in MOVES.iter().enumerate() {
            assert_eq!(find(listed.from, listed.to), Some(index), "{listed:?}");
        }
    }

    #[test]
    fn an_outcome_is_kept() {
        assert!(MOVES.iter().all(|listed| !matches!(listed.from, Place::Done(_))));
    }

    /// What makes a retry safe: only a target whose request is shown to have started nothing goes back.
    #[test]
    fn nothing_that_was_accepted_or_seen_to_move_goes_back() {
        for from in [Place::Accepted, Place::Installing] {
            for to in [Place::Waiting, Place::Looking, Place::Submitting, Place::Doubtful, NOT_STARTED, SKIPPED] {
                assert_eq!(find(from, to), None, "{from:?} -> {to:?}");
            }
        }
    }
}
