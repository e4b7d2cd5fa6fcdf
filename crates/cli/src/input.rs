//! Reading files and standard input: bounded, as text, and secrets only from files that nobody else can read.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use encoding_rs::{Encoding, UTF_8};
use zeroize::Zeroizing;

/// The longest list of targets: about 1.7 million plain ids.
pub(crate) const TARGETS_BYTES_MAX: usize = 64 * 1024 * 1024;
/// A file of settings is not longer than this.
const SETTING_BYTES_MAX: usize = 1024 * 1024;
/// The longest secret: tokens have several kilobytes at times.
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
    /// Not text in the encoding that its first bytes announce.
    #[error("{name} begins as {encoding} does, and is no text in it")]
    NotInEncoding {
        /// The file, or standard input.
        name: String,
        /// The encoding.
        encoding: &'static str,
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

/// Opens a file.
pub(crate) fn open(path: &Path) -> Result<File, InputError> {
    File::open(path).map_err(|source| InputError::Unreadable { name: path.display().to_string(), source })
}

/// What is in a file.
pub(crate) fn read_file(path: &Path, bytes_max: usize) -> Result<Zeroizing<String>, InputError> {
    read_text(open(path)?, &path.display().to_string(), bytes_max)
}

/// Everything that `from` has, if it is text in UTF-8, or in UTF-16 with a byte order mark, as spreadsheets write it.
pub(crate) fn read_list(from: impl Read, name: &str, bytes_max: usize) -> Result<Zeroizing<String>, InputError> {
    let bytes = read_bytes(from, name, bytes_max)?;
    match Encoding::for_bom(&bytes) {
        Some((encoding, mark_len)) if encoding != UTF_8 => {
            let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark_len..]);
            let broken = || InputError::NotInEncoding { name: name.into(), encoding: encoding.name() };
            Ok(Zeroizing::new(text.ok_or_else(broken)?.into_owned()))
        }
        Some(_) | None => utf8(&bytes, name),
    }
}

/// What is in a file that only its owner may be able to read.
pub(crate) fn read_secret_file(path: &Path) -> Result<Zeroizing<String>, InputError> {
    let name = path.display().to_string();
    let unreadable = |source| InputError::Unreadable { name: name.clone(), source };
    let file = open(path)?;
    if let Some(mode) = mode_open_to_others(&file).map_err(unreadable)? {
        if !is_mode_given(&file, mode).map_err(unreadable)? {
            return Err(InputError::OpenToOthers { path: path.to_owned(), mode });
        }
        tracing::warn!(path = name, mode = format_args!("{mode:o}"), "others can read this secret, as it was mounted");
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
        InputError::TooLong { .. }
        | InputError::NotUtf8 { .. }
        | InputError::NotInEncoding { .. }
        | InputError::OpenToOthers { .. } => io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
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

/// Whether the mode of an open file is another's choice, and cannot be ours: a secret that is mounted into a container belongs to
/// root, or stands on a file system that cannot be written to. Nothing excuses a file that others can write to.
#[cfg(unix)]
fn is_mode_given(file: &File, mode: u32) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (ours, owner) = (rustix::process::geteuid().as_raw(), file.metadata()?.uid());
    let is_read_only = rustix::fs::fstatvfs(file)?.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY);
    Ok(is_given(mode, owner, ours, is_read_only))
}

#[cfg(not(unix))]
fn is_mode_given(_: &File, _: u32) -> io::Result<bool> {
    Ok(true)
}

#[cfg_attr(not(unix), expect(dead_code, reason = "there are no modes"))]
fn is_given(mode: u32, owner: u32, ours: u32, is_read_only: bool) -> bool {
    mode & 0o022 == 0 && (is_read_only || (owner == 0 && ours != 0))
}

#[cfg(not(unix))]
fn mode_open_to_others(_: &File) -> io::Result<Option<u32>> {
    Ok(None)
}

/// Everything that `from` has, if it is text and not too long. A byte order mark at its beginning is dropped.
pub(crate) fn read_text(from: impl Read, name: &str, bytes_max: usize) -> Result<Zeroizing<String>, InputError> {
    utf8(&read_bytes(from, name, bytes_max)?, name)
}

fn read_bytes(from: impl Read, name: &str, bytes_max: usize) -> Result<Zeroizing<Vec<u8>>, InputError> {
    // Reserved in one piece where it may be a secret, since a vector that grows leaves copies behind.
    let reserved = if bytes_max <= SECRET_BYTES_MAX { bytes_max + 64 } else { 0 };
    let mut bytes = Zeroizing::new(Vec::with_capacity(reserved));
    from.take(bytes_max as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| InputError::Unreadable { name: name.into(), source })?;
    if bytes.len() > bytes_max {
        return Err(InputError::TooLong { name: name.into(), max: bytes_max });
    }
    Ok(bytes)
}

fn utf8(bytes: &[u8], name: &str) -> Result<Zeroizing<String>, InputError> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let before = &bytes[..error.valid_up_to()];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            return Err(InputError::NotUtf8 { name: name.into(), line });
        }
    };
    Ok(Zeroizing::new(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()))
}

/// What a parser says, without the pieces of the text that it quotes: the text may be a file with a secret in it that was
/// named by mistake. What was expected is ours, and is kept.
pub(crate) fn without_values(message: &str) -> String {
    const EXPECTED: &str = ", expected ";
    // As our own types put it: what was given, and then what it may be.
    const IS_NO: &str = "` is not ";
    if let Some(at) = message.rfind(IS_NO).filter(|_| message.starts_with('`')) {
        return format!("(not shown){}", &message[at + 1..]);
    }
    let (said, expected) = match message.rfind(EXPECTED) {
        Some(at) => message.split_at(at),
        None => (message, ""),
    };
    // Fields that are missing or twice there have names of ours; so has an unknown one that is spelt as ours are, and a
    // password is not: it has at least three kinds of characters.
    let is_like_ours =
        |name: &str| name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let named = said.split_once('`').and_then(|(_, rest)| rest.split_once('`'));
    let keeps_name = said.starts_with("missing field `")
        || said.starts_with("duplicate field `")
        || (said.starts_with("unknown field `")
            && named.is_some_and(|(name, after)| after.is_empty() && is_like_ours(name)));
    let said = if keeps_name { said.to_owned() } else { unquoted(&unquoted(said, '"'), '`') };
    format!("{said}{expected}")
}

/// The text without what stands between the first and the last of these quotes, which may be part of what is quoted.
fn unquoted(text: &str, quote: char) -> String {
    match (text.find(quote), text.rfind(quote)) {
        (Some(first), Some(last)) if first < last => {
            format!("{}(not shown){}", &text[..first], &text[last + quote.len_utf8()..])
        }
        _ => text.to_owned(),
    }
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

    #[test]
    fn lists_may_be_in_utf_16() {
        let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        for (bytes, text) in [
            (utf16("\u{feff}id;n\u{e4}me", u16::to_le_bytes), Ok("id;n\u{e4}me")),
            (utf16("\u{feff}id;n\u{e4}me", u16::to_be_bytes), Ok("id;n\u{e4}me")),
            (b"\xef\xbb\xbfid".to_vec(), Ok("id")),
            (b"id".to_vec(), Ok("id")),
            (b"\xff\xfei".to_vec(), Err("x.csv begins as UTF-16LE does, and is no text in it")),
        ] {
            let read =
                read_list(&bytes[..], "x.csv", 64).map(|text| text.to_string()).map_err(|error| error.to_string());
            assert_eq!(read, text.map(str::to_owned).map_err(str::to_owned), "{bytes:?}");
        }
    }

    #[test]
    fn what_parsers_quote_is_left_out() {
        for (said, shown) in [
            ("missing field `hash` at line 1 column 2", "missing field `hash` at line 1 column 2"),
            ("unknown field `projekt_id`, expected `a` or `b`", "unknown field `projekt_id`, expected `a` or `b`"),
            ("unknown field `Canary-7`, expected `a` or `b`", "unknown field (not shown), expected `a` or `b`"),
            ("unknown field `a` b`c`, expected `d`", "unknown field (not shown), expected `d`"),
            (
                "invalid type: string \"Canary, expected \\\"x\", expected a map at line 1 column 9",
                "invalid type: string (not shown), expected a map at line 1 column 9",
            ),
            ("`Canary-7` is not a count: write `5`", "(not shown) is not a count: write `5`"),
            ("no zone is called `Canary-7`", "no zone is called (not shown)"),
            ("expected value at line 1 column 1", "expected value at line 1 column 1"),
        ] {
            assert_eq!(without_values(said), shown);
        }
    }

    #[test]
    fn a_mode_that_cannot_be_changed_is_accepted() {
        for (mode, owner, ours, is_read_only, given) in [
            (0o440, 0, 1_000, false, true),
            (0o444, 0, 1_000, true, true),
            (0o644, 0, 0, true, true),
            (0o644, 0, 0, false, false),
            (0o640, 1_000, 1_000, false, false),
            (0o644, 1_001, 1_000, false, false),
            (0o664, 0, 1_000, true, false),
            (0o646, 0, 1_000, true, false),
        ] {
            assert_eq!(is_given(mode, owner, ours, is_read_only), given, "{mode:o} of {owner} for {ours}");
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
