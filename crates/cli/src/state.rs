//! The folder in which rollouts are on record, and who asks for it.

use std::path::PathBuf;

use reinstall_core::id::RolloutId;
use reinstall_core::time::Timestamp;
use reinstall_http::clock::Clock;
use reinstall_journal::error::FindError;
use reinstall_journal::owner::Owner;
use reinstall_journal::row::RolloutRow;
use reinstall_journal::store::Store;

use crate::args::rollouts::StateArgs;
use crate::env::Environment;
use crate::failure::Failure;

/// The records, opened.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) owner: Owner,
    /// When it was opened.
    pub(crate) now: Timestamp,
}

/// Opens the records; makes the folder if there is none.
pub(crate) fn open(args: &StateArgs, environment: &Environment) -> Result<State, Failure> {
    let folder = folder(args, environment).ok_or(Failure::NoStateDir)?;
    let owner = Owner::here(environment.user.clone().unwrap_or_else(|| "somebody".into()));
    Ok(State { store: Store::open(&folder)?, owner, now: Clock::start().now() })
}

/// The folder: as typed, as the environment says, or where this platform keeps a user's state.
pub(crate) fn folder(args: &StateArgs, environment: &Environment) -> Option<PathBuf> {
    let platform = || {
        if cfg!(windows) {
            return Some(environment.local_app_data.as_ref()?.join("reinstall").join("state"));
        }
        if cfg!(target_os = "macos") {
            return Some(environment.home.as_ref()?.join("Library/Application Support/reinstall"));
        }
        // The specification has relative paths ignored.
        let xdg = environment.xdg_state_home.as_ref().filter(|path| path.is_absolute());
        let base = xdg.cloned().or_else(|| Some(environment.home.as_ref()?.join(".local/state")))?;
        Some(base.join("reinstall"))
    };
    args.state_dir.clone().or_else(|| environment.state_dir.clone()).or_else(platform)
}

impl State {
    /// How many instances were submitted since then, or may yet be by rollouts that are not finished.
    pub(crate) fn committed_since(&self, since: Timestamp, but_for: Option<RolloutId>) -> Result<u64, Failure> {
        Ok(self.store.committed_since(since, but_for)?)
    }

    /// The rollout that is meant: the one named, or the only one that is not finished.
    pub(crate) fn which(&self, typed: Option<&str>) -> Result<RolloutRow, Failure> {
        if let Some(prefix) = typed {
            // As from a variable that is not set: it begins every id.
            if prefix.is_empty() {
                return Err(FindError::None(String::new()).into());
            }
            return Ok(self.store.find(prefix)?);
        }
        let mut unfinished = self.store.unfinished()?;
        match unfinished.len() {
            0 => Err(Failure::NothingUnfinished { latest: None, steps: Vec::new() }),
            1 => Ok(unfinished.remove(0)),
            _ => Err(Failure::SeveralUnfinished(unfinished.iter().map(|row| row.id).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn the_folder_is_found_in_order() {
        let path = |text: &str| Some(PathBuf::from(text));
        let typed = |text: Option<&str>| StateArgs { state_dir: text.map(PathBuf::from) };
        let home = || Environment { home: path("/users/a"), ..Environment::default() };
        let xdg = |text| Environment { xdg_state_home: path(text), ..home() };
        let all = || Environment { state_dir: path("/s"), ..xdg("/x") };
        for (args, environment, found) in [
            (typed(Some("/t")), all(), path("/t")),
            (typed(None), all(), path("/s")),
            (typed(None), xdg("/x"), path("/x/reinstall")),
            (typed(None), xdg("relative"), path("/users/a/.local/state/reinstall")),
            (typed(None), home(), path("/users/a/.local/state/reinstall")),
            (typed(None), Environment::default(), None),
        ] {
            assert_eq!(folder(&args, &environment), found);
        }
    }
}
