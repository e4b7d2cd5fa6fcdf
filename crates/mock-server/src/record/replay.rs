//! Which recorded answer is next to a request.

use std::collections::{BTreeSet, HashMap};

use http::Method;

use super::kept::{Asked, Exchange, KeptBody};
use super::request::Names;
use super::safe::SafeText;

/// A request, as far as replaying goes: what comes to the same is equal.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Question {
    method: SafeText,
    path: SafeText,
    /// Without the project if there is but one.
    places: Vec<SafeText>,
    /// Sorted.
    query: Vec<(SafeText, SafeText)>,
}

/// The answers to one question.
#[derive(Debug, Default)]
struct Track {
    /// Where they are among the exchanges.
    answers: Vec<usize>,
    asked: usize,
}

/// The answers to each question, and how far each has been asked.
#[derive(Debug)]
pub(super) struct Replay {
    tracks: HashMap<Question, Track>,
    one_project: bool,
}

impl Replay {
    pub(super) fn new(exchanges: &[Exchange]) -> Self {
        let projects: BTreeSet<_> = exchanges.iter().filter_map(|exchange| project(&exchange.asked)).collect();
        let mut replay = Self { tracks: HashMap::new(), one_project: projects.len() <= 1 };
        for (index, exchange) in exchanges.iter().enumerate() {
            let is_whole = exchange.answer.as_ref().is_some_and(|answer| !matches!(answer.body, KeptBody::Left { .. }));
            if is_whole {
                let question = replay.question(exchange.asked.clone());
                replay.tracks.entry(question).or_default().answers.push(index);
            }
        }
        replay
    }

    /// The exchange whose answer is next; the last one again where there is no more.
    pub(super) fn next(&mut self, method: &Method, path: &str, query: Option<&str>) -> Option<usize> {
        let question = self.question(Asked::of(Names::AsTheyCome, method, path, query));
        let track = self.tracks.get_mut(&question)?;
        let index = track.answers.get(track.asked).or(track.answers.last()).copied()?;
        track.asked = track.asked.saturating_add(1);
        Some(index)
    }

    fn question(&self, mut asked: Asked) -> Question {
        if self.one_project && project(&asked).is_some() {
            asked.places.remove(0);
        }
        asked.query.sort();
        let Asked { method, operation: _, path, places, query } = asked;
        Question { method, path, places, query }
    }
}

/// The project of a request, under its made-up name.
fn project(asked: &Asked) -> Option<&SafeText> {
    let second = asked.path.as_str().split('/').nth(2);
    asked.places.first().filter(|_| second == Some("{project_id}"))
}
