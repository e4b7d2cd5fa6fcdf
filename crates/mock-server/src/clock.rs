//! The one place of this crate that reads the operating system's clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use reinstall_core::time::Timestamp;

/// A clock that starts at the wall clock's word and goes on steadily.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the crate's clock; everything else takes a Timestamp"
)]
pub(crate) fn steady() -> impl Fn() -> Timestamp + Send + Sync + 'static {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let start = Timestamp::from_millis(0) + wall;
    let steady = Instant::now();
    move || Timestamp::from_millis(start.as_millis() + u64::try_from(steady.elapsed().as_millis()).unwrap_or(0))
}
