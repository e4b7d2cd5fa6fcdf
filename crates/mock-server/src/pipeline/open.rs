//! A submission whose answer has not left yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::app::AppState;
use crate::judge::Closing;
use crate::worlds::Place;

/// Held as long as a client waits for the answer to a submission: until that leaves, or the client does. The judge is told then:
/// two requests at once are two answers that are waited for.
#[derive(Debug, Clone)]
pub(crate) struct OpenSubmission(Arc<Waiting>);

/// Somebody waits for an answer.
#[derive(Debug)]
struct Waiting {
    state: Arc<AppState>,
    place: Arc<Place>,
    nth: u64,
    /// Whether the answer has left.
    has_left: AtomicBool,
}

impl OpenSubmission {
    pub(super) fn new(state: Arc<AppState>, place: Arc<Place>, nth: u64) -> Self {
        Self(Arc::new(Waiting { state, place, nth, has_left: AtomicBool::new(false) }))
    }

    /// The answer leaves now, be it whole or broken off.
    pub(super) fn leaves(&self) {
        if !self.0.has_left.swap(true, Ordering::Relaxed) {
            self.0.place.with(|world| world.close(self.0.nth, Closing::Answer));
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.has_left.load(Ordering::Relaxed) {
            let real = self.state.real_now();
            self.place.with(|world| world.close(self.nth, Closing::Client(real)));
        }
    }
}
