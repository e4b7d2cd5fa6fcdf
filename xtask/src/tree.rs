//! The project's files as texts, so that the checks are pure.

use std::collections::BTreeMap;
use std::process::Command;
use std::{fs, io};

use crate::host::{self, Workspace};
use crate::task::Failure;

/// Path from the root, with `/` between its parts, to text. Bytes that are not UTF-8 are replaced.
pub(crate) type Tree = BTreeMap<String, String>;

/// Reads every file that git tracks or would track.
pub(crate) fn read(workspace: &Workspace) -> Result<Tree, Failure> {
    let mut git = Command::new("git");
    git.current_dir(&workspace.root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let mut tree = Tree::new();
    for path in host::output(&mut git)?.split_terminator('\0') {
        let full = workspace.root.join(path);
        match fs::read(&full) {
            Ok(bytes) => {
                tree.insert(path.to_owned(), String::from_utf8_lossy(&bytes).into_owned());
            }
            // Deleted, but not yet committed so.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(Failure::Read { path: full, source }),
        }
    }
    Ok(tree)
}
