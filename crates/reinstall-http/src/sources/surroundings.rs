//! What a program hands in of its surroundings.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::miss::{Absent, Broken, Defect, Miss};

/// The environment and the files, as far as a program lets them be read.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The value of an environment variable. An empty one counts as none.
    pub variable: &'a dyn Fn(&str) -> Option<Zeroizing<String>>,
    /// What is in a file: `NotFound` where there is none. Any other error is shown to people, and has nothing of the
    /// file in it.
    pub file: &'a dyn Fn(&Path) -> io::Result<Zeroizing<String>>,
    /// The user's own folder; without one, no file in it is looked for.
    pub home: Option<&'a Path>,
}

impl fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings").field("home", &self.home).finish_non_exhaustive()
    }
}

/// A file that was there.
pub(crate) struct ReadFile {
    pub(crate) path: PathBuf,
    pub(crate) text: Zeroizing<String>,
}

impl Surroundings<'_> {
    /// The value of a variable, unless it is empty.
    pub(crate) fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// A file, if it is there.
    pub(crate) fn read(&self, path: PathBuf) -> Result<Option<ReadFile>, Broken> {
        match (self.file)(&path) {
            Ok(text) => Ok(Some(ReadFile { path, text })),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(Broken::in_file(path, None, Defect::Unreadable(error))),
        }
    }

    /// A file that has to be there, since a variable names it.
    pub(crate) fn read_named(&self, path: &str, by: &'static str) -> Result<ReadFile, Broken> {
        let path = PathBuf::from(path);
        let missing = || Broken::in_file(path.clone(), None, Defect::NotThere { by });
        self.read(path.clone())?.ok_or_else(missing)
    }

    /// The file that the variable `by` names, else the one at `usual` beneath the home folder.
    pub(crate) fn read_named_or_at_home(&self, by: &'static str, usual: &'static str) -> Result<ReadFile, Miss> {
        if let Some(path) = self.variable(by) {
            return Ok(self.read_named(&path, by)?);
        }
        self.read_at_home(usual)
    }

    /// The file at `usual` beneath the home folder.
    pub(crate) fn read_at_home(&self, usual: &'static str) -> Result<ReadFile, Miss> {
        let path = self.home.ok_or(Absent::NoHome { usual })?.join(usual);
        self.read(path.clone())?.ok_or_else(|| Absent::NoFile(vec![path]).into())
    }
}
