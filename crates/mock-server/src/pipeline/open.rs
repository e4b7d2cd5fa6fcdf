//! A submission whose answer has not left yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::app::AppState;
use crate::judge::Closing;
use crate::worlds::Place;

/// Held as long as the answer to a submission is on its way; dropped with the answer, or with the connection of a client that
/// left. The judge is told then: two requests at once are two answers on their way.
#[derive(Debug, Clone)]
pub(crate) struct OpenSubmission(Arc<Waiting>);

/// Somebody waits for an answer.
#[derive(Debug)]
struct Waiting {
    state: Arc<AppState>,
    place: Arc<Place>,
    nth: u64,
    /// Whether the answer leaves, rather than the client.
    leaves: AtomicBool,
}

impl OpenSubmission {
    pub(super) fn new(state: Arc<AppState>, place: Arc<Place>, nth: u64) -> Self {
        Self(Arc::new(Waiting { state, place, nth, leaves: AtomicBool::new(false) }))
    }

    /// From now on it is the answer that ends the waiting, be it whole or broken off.
    pub(super) fn leaves(&self) {
        self.0.leaves.store(true, Ordering::Relaxed);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let closing = match self.leaves.load(Ordering::Relaxed) {
            true => Closing::Answer,
            false => Closing::Client(self.state.real_now()),
        };
        self.place.with(|world| world.close(self.nth, closing));
    }
}
