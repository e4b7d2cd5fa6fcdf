//! Notices that a scenario's file was changed, by looking now and then: that works on every system and in every container, and
//! costs one question to the file system.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use reinstall_core::id::InstanceId;
use reinstall_core::time::Timestamp;
use reinstall_http::clock::Clock;

use super::{Draft, Renewal, Scenario};
use crate::worlds::{Place, Worlds};

/// How often to look.
pub const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A file that is looked at, and what it said last.
#[derive(Debug, Clone)]
pub struct Watched {
    path: PathBuf,
    /// Whatever flags said: it wins over every version of the file.
    flags: Scenario,
    seen: Option<Stamp>,
    /// What the last look saw, if that was new: somebody may have been in the middle of writing.
    unsettled: Option<Stamp>,
    /// What the worlds go by.
    current: Scenario,
}

/// By what one notices that a file was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
}

/// What a look at the file showed.
#[derive(Debug, Clone, PartialEq)]
pub enum Look {
    /// Nothing new.
    Same,
    /// It was changed, and this is to be taken over.
    Renewed(Renewal),
    /// It was changed, and cannot be obeyed, for these reasons. What was before goes on.
    Refused(String),
}

impl Watched {
    /// A file that was read as `current`, which has everything that `flags` say. A change between that reading and this call is
    /// found by the first look.
    #[must_use]
    pub fn new(path: &Path, flags: Scenario, current: Scenario) -> Self {
        Self { path: path.to_owned(), flags, seen: None, unsettled: None, current }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks at the file. A change counts once two looks have seen the same of it: half a file may be sound, and an empty one is.
    /// `is_there` tells of an instance whether it is in the fleet.
    pub fn look(&mut self, is_there: &dyn Fn(InstanceId) -> bool) -> Look {
        // An editor may put a new file in the place of the old one: a moment without any is no change.
        let Some(stamp) = stamp(&self.path) else { return Look::Same };
        if self.seen == Some(stamp) || self.unsettled.replace(stamp) != Some(stamp) {
            return Look::Same;
        }
        self.seen = Some(stamp);
        let draft = match Draft::read(&self.path) {
            Ok(draft) => draft,
            Err(error) => return Look::Refused(error.to_string()),
        };
        let new = match draft.check(Some(is_there)) {
            Ok(scenario) => scenario.clone().overruled_by(self.flags.clone()),
            Err(objections) => return Look::Refused(objections.to_string()),
        };
        let renewal = Renewal::between(&self.current, &new);
        if renewal.is_empty() && renewal.for_restart.is_empty() {
            return Look::Same;
        }
        self.current = new;
        Look::Renewed(renewal)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some(Stamp { modified: metadata.modified().ok(), bytes: metadata.len() })
}

/// Looks at the file until it is dropped, and lets the worlds take over what was changed.
pub async fn watch(mut watched: Watched, worlds: &Worlds, clock: &Clock) {
    loop {
        clock.sleep(LOOK_EVERY).await;
        let place = worlds.first();
        let look = watched.look(&|id| is_there(place, id));
        follow(&look, &watched.path, worlds);
    }
}

/// Whether an instance is in the fleet; at what moment does not matter.
fn is_there(place: &Place, id: InstanceId) -> bool {
    place.with(|world| world.cloud.glimpse(Timestamp::from_millis(0), id).is_some())
}

/// Lets the worlds take over what a look showed, those that are made later included, and says so.
fn follow(look: &Look, path: &Path, worlds: &Worlds) {
    let path = path.display();
    let renewal = match look {
        Look::Same => return,
        Look::Refused(why) => {
            tracing::warn!("{path} was changed and cannot be obeyed; what was before goes on\n{why}");
            return;
        }
        Look::Renewed(renewal) => renewal,
    };
    if !renewal.is_empty() {
        worlds.renew_plan(|plan| renewal.apply_to_plan(plan));
        let places = worlds.all();
        for place in &places {
            place.renew(|world| renewal.apply(world));
        }
        let count = |list: Option<usize>| list.map_or("as before".to_owned(), |len| len.to_string());
        let faults = count(renewal.faults.as_ref().map(Vec::len));
        let limits = count(renewal.limits.as_ref().map(Vec::len));
        tracing::info!(worlds = places.len(), %faults, %limits, "{path} was changed and is obeyed");
    }
    if !renewal.for_restart.is_empty() {
        tracing::warn!("{path} was changed, and takes effect after a restart: {}", renewal.for_restart.join(", "));
    }
}
