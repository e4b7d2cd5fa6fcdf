//! Reading files and standard input: bounded, as text, and secrets only from files that nobody else can read.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// The longest list of targets: about 1.7 million plain ids.
pub(crate) const TARGETS_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The longest secret: tokens have several kilobytes at times.
/// A file of settings is not longer than this.
const SETTING_BYTES_MAX: usize = 1024 * 1024;

pub(crate) const SECRET_BYTES_MAX: usize = 64 * 1024;

/// Why something could not be read. Never holds any of what was read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// The file is missing, a folder, not ours, or broken.
    #[error("cannot read {name}: {source}")]
    Unreadable {
        /// The file, or standard input.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// Longer than the bound.
    #[error("{name} is longer than {max} bytes")]
    TooLong {
        /// The file, or standard input.
        name: String,
        /// The bound.
        max: usize,
    },
    /// Not text.
    #[error("{name}:{line}: the line is not UTF-8 text")]
    NotUtf8 {
        /// The file, or standard input.
        name: String,
        /// Where, counted from 1.
        line: usize,
    },
    /// A secret that others can read.
    #[error("{} holds a secret, and others can read it (its mode is {mode:03o})", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

/// The name of standard input in messages.
pub(crate) const STDIN: &str = "standard input";

/// What is in a file.
pub(crate) fn read_file(path: &Path, bytes_max: usize) -> Result<Zeroizing<String>, InputError> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|source| InputError::Unreadable { name: name.clone(), source })?;
    read_text(file, &name, bytes_max)
}

/// What is in a file that only its owner may be able to read.
pub(crate) fn read_secret_file(path: &Path) -> Result<Zeroizing<String>, InputError> {
    let name = path.display().to_string();
    let unreadable = |source| InputError::Unreadable { name: name.clone(), source };
    let file = File::open(path).map_err(unreadable)?;
    if let Some(mode) = mode_open_to_others(&file).map_err(unreadable)? {
        return Err(InputError::OpenToOthers { path: path.to_owned(), mode });
    }
    read_text(file, &name, SECRET_BYTES_MAX)
}

/// What is in a file of settings, in which there may be a secret. Other programs write these files, and choose who can read
/// them.
pub(crate) fn read_setting(path: &Path) -> io::Result<Zeroizing<String>> {
    // Asked before it is opened: opening a pipe waits for somebody to write.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
    }
    let file = File::open(path)?;
    if let Some(mode) = mode_open_to_others(&file)? {
        tracing::warn!(path = %path.display(), mode = format_args!("{mode:o}"), "others can read these credentials; chmod 600");
    }
    read_text(file, "the file", SETTING_BYTES_MAX).map_err(|error| match error {
        InputError::Unreadable { source, .. } => source,
        InputError::TooLong { .. } | InputError::NotUtf8 { .. } | InputError::OpenToOthers { .. } => {
            io::Error::new(io::ErrorKind::InvalidData, error.to_string())
        }
    })
}

/// The permission bits of a file that others can get at. The open file is asked and not the path, which may meanwhile mean
/// another one. Pipes and the like have no readers to fear.
#[cfg(unix)]
fn mode_open_to_others(file: &File) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata()?;
    let mode = metadata.permissions().mode() & 0o777;
    Ok((metadata.is_file() && mode & 0o077 != 0).then_some(mode))
}

#[cfg(not(unix))]
fn mode_open_to_others(_: &File) -> io::Result<Option<u32>> {
    Ok(None)
}

/// Everything that `from` has, if it is text and not too long. A byte order mark at its beginning is dropped.
pub(crate) fn read_text(from: impl Read, name: &str, bytes_max: usize) -> Result<Zeroizing<String>, InputError> {
    // Reserved in one piece where it may be a secret, since a vector that grows leaves copies behind.
    let reserved = if bytes_max <= SECRET_BYTES_MAX { bytes_max + 64 } else { 0 };
    let mut bytes = Zeroizing::new(Vec::with_capacity(reserved));
    from.take(bytes_max as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| InputError::Unreadable { name: name.into(), source })?;
    if bytes.len() > bytes_max {
        return Err(InputError::TooLong { name: name.into(), max: bytes_max });
    }
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => {
            let before = &bytes[..error.valid_up_to()];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            return Err(InputError::NotUtf8 { name: name.into(), line });
        }
    };
    Ok(Zeroizing::new(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_bounded_and_utf8() {
        let read =
            |bytes: &[u8]| read_text(bytes, "x.txt", 8).map(|text| text.to_string()).map_err(|error| error.to_string());
        for (bytes, text) in [
            (&b"12345678"[..], Ok("12345678")),
            (b"123456789", Err("x.txt is longer than 8 bytes")),
            (b"\xef\xbb\xbfab", Ok("ab")),
            (b"a\nb\n\xff", Err("x.txt:3: the line is not UTF-8 text")),
            (b"", Ok("")),
        ] {
            assert_eq!(read(bytes), text.map(str::to_owned).map_err(str::to_owned));
        }
    }

    #[cfg(unix)]
    #[test]
    fn secrets_that_others_can_read_are_refused() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "canary").unwrap();
        for (mode, refused) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true), (0o644, true)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            let read = read_secret_file(file.path());
            assert_eq!(matches!(read, Err(InputError::OpenToOthers { .. })), refused, "{mode:o}");
        }
    }
}
