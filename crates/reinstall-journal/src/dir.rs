//! The state directory: whose it is, where it is, and that it is there after a power loss.

use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// The name of the database in the state directory.
const DATABASE: &str = "reinstall.db";

/// Makes the directory if it is missing, and returns its path without any symbolic link in it.
///
/// # Errors
/// If others than the owner may do anything in it, or if it is on a network file system.
pub(crate) fn prepare(dir: &Path) -> Result<PathBuf, StoreError> {
    let failed = |error: std::io::Error| StoreError::io(dir, &error);
    if !dir.is_dir() {
        make(dir).map_err(failed)?;
        if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync(parent)?;
        }
    }
    let dir = dir.canonicalize().map_err(failed)?;
    refuse_exposed(&dir)?;
    refuse_network(&dir)?;
    Ok(dir)
}

/// The database's path if it is there, and if it is fit to be opened; the path that it is to have, if it is not there.
///
/// # Errors
/// If something is there that is no database of the owner's alone. An empty file counts as that, too: this program makes
/// none (see [`crate::schema::create`]), so somebody emptied it. The same goes for what a lost database left beside it.
/// SQLite would take both for a new database, and remove the lines that are in the files beside.
pub(crate) fn database(dir: &Path) -> Result<Result<PathBuf, PathBuf>, StoreError> {
    let path = dir.join(DATABASE);
    let found = match fs::symlink_metadata(&path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return match ["-wal", "-journal"].into_iter().find(|suffix| beside(&path, suffix).exists()) {
                Some(suffix) => {
                    Err(StoreError::Damaged { detail: format!("it is missing, and {DATABASE}{suffix} is there"), path })
                }
                None => Ok(Err(path)),
            };
        }
        Err(error) => return Err(StoreError::io(&path, &error)),
    };
    if !found.is_file() {
        return Err(StoreError::NotAFile { path });
    }
    refuse_exposed(&path)?;
    if found.len() == 0 {
        return Err(StoreError::Damaged { path, detail: "it is empty".to_owned() });
    }
    Ok(Ok(path))
}

/// The path of a file that SQLite keeps beside the database.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Makes a directory that only the owner can open, in one that is there, unless it is there already.
pub(crate) fn make_directory(dir: &Path) -> Result<(), StoreError> {
    if dir.is_dir() {
        return Ok(());
    }
    make(dir).map_err(|error| StoreError::io(dir, &error))?;
    dir.parent().map_or(Ok(()), sync)
}

/// Makes sure that the names in a directory are on disk.
pub(crate) fn sync(dir: &Path) -> Result<(), StoreError> {
    // Elsewhere a directory cannot be opened, and the file system sees to it.
    if cfg!(unix) {
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(|error| StoreError::io(dir, &error))?;
    }
    Ok(())
}

#[cfg(unix)]
fn make(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(not(unix))]
fn make(dir: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).create(dir)
}

#[cfg(unix)]
fn refuse_exposed(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let found = fs::symlink_metadata(path).map_err(|error| StoreError::io(path, &error))?;
    let mode = found.permissions().mode() & 0o7777;
    let is_volume = found.is_dir() && is_volume(mode, found.uid(), rustix::process::geteuid().as_raw());
    if mode & 0o077 == 0 || is_volume { Ok(()) } else { Err(StoreError::Exposed { path: path.to_owned(), mode }) }
}

/// Whether a directory is a volume that was mounted for a container: root's, and open to a group that we are in, but to no
/// others. We cannot close it. The files that are made in it are the user's alone.
#[cfg(unix)]
fn is_volume(mode: u32, owner: u32, ours: u32) -> bool {
    mode & 0o007 == 0 && owner == 0 && ours != 0
}

#[cfg(not(unix))]
fn refuse_exposed(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// Makes an empty file that only the owner can open; SQLite gives the files beside it the same mode.
#[cfg(unix)]
pub(crate) fn make_file(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes an empty file.
#[cfg(not(unix))]
pub(crate) fn make_file(path: &Path) -> std::io::Result<File> {
    File::create_new(path)
}

/// The file systems that are refused, by the number that Linux gives them (statfs(2)).
///
/// FUSE is among them: nothing tells sshfs from a local one, and shared memory is left to whoever wrote it.
#[cfg(target_os = "linux")]
const NETWORK: [(u32, &str); 14] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x6573_5546, "a FUSE file system"),
    (0x0102_1997, "9P"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x0bd0_0bd0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x1983_0326, "BeeGFS"),
    (0x786f_4256, "a VirtualBox shared folder"),
];

/// The kind of network file system that a number of statfs(2) stands for, if any.
#[cfg(target_os = "linux")]
fn network(magic: u32) -> Option<&'static str> {
    NETWORK.iter().find(|(number, _)| *number == magic).map(|(_, kind)| *kind)
}

#[cfg(target_os = "linux")]
fn refuse_network(dir: &Path) -> Result<(), StoreError> {
    let found = rustix::fs::statfs(dir).map_err(|error| StoreError::io(dir, &error.into()))?;
    // The field's width and sign differ between machines; the numbers are 32 bits.
    let magic = u32::try_from(i128::from(found.f_type) & 0xffff_ffff).unwrap_or_default();
    match network(magic) {
        Some(kind) => Err(StoreError::NetworkFileSystem { path: dir.to_owned(), kind }),
        None => Ok(()),
    }
}

/// Other systems number them otherwise, or not at all: there it is left to the person.
#[cfg(not(target_os = "linux"))]
fn refuse_network(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn file_systems_that_cross_machines_are_known() {
        for (magic, kind) in [
            (0x6969, Some("NFS")),
            (0xff53_4d42, Some("CIFS")),
            (0x6573_5546, Some("a FUSE file system")),
            (0x1983_0326, Some("BeeGFS")),
            (0xef53, None),
            (0x0102_1994, None),
            (0x9123_683e, None),
        ] {
            assert_eq!(network(magic), kind, "{magic:#x}");
        }
    }
}

/// The number of an open file on its device; `None` where files have no numbers.
#[cfg(unix)]
pub(crate) fn file_number(file: &File) -> std::io::Result<Option<u64>> {
    use std::os::unix::fs::MetadataExt as _;
    file.metadata().map(|metadata| Some(metadata.ino()))
}

/// The number of an open file on its device; `None` where files have no numbers.
#[cfg(not(unix))]
pub(crate) fn file_number(_: &File) -> std::io::Result<Option<u64>> {
    Ok(None)
}

/// Which file is at a path: its device and its number there.
pub(crate) type FileId = (u64, u64);

/// Which file is at `path`; `None` if there is none, or where files have no numbers.
#[cfg(unix)]
pub(crate) fn file_id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = fs::symlink_metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Which file is at `path`; `None` if there is none, or where files have no numbers.
#[cfg(not(unix))]
pub(crate) fn file_id(_: &Path) -> Option<FileId> {
    None
}
