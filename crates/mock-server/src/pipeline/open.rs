//! A submission whose answer has not left yet.

use std::sync::Arc;

use crate::worlds::Place;

/// Held as long as the answer to a submission is on its way; dropped with the answer or with the connection. The judge is told
/// then: two requests at once are two answers on their way.
#[derive(Debug, Clone)]
pub(crate) struct OpenSubmission(#[expect(dead_code, reason = "dropping it is its use")] Arc<Closing>);

#[derive(Debug)]
struct Closing {
    place: Arc<Place>,
    nth: u64,
}

impl OpenSubmission {
    pub(super) fn new(place: Arc<Place>, nth: u64) -> Self {
        Self(Arc::new(Closing { place, nth }))
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.place.with(|world| world.close(self.nth));
    }
}
