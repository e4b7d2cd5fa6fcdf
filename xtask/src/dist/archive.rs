//! The archive's bytes, as a pure function of what goes in.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};

/// One file of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Below the archive's one folder, with `/` between its parts.
    pub(super) path: String,
    /// The permission bits.
    mode: u32,
    pub(super) bytes: Vec<u8>,
}

impl Entry {
    /// A file that all may run.
    pub(super) fn program(path: String, bytes: Vec<u8>) -> Self {
        Self { path, mode: 0o755, bytes }
    }

    /// A file that all may read.
    pub(super) fn document(path: String, bytes: Vec<u8>) -> Self {
        Self { path, mode: 0o644, bytes }
    }
}

/// A tar.gz whose bytes depend on nothing but the arguments: sorted, owned by nobody in particular, all of one time.
///
/// # Errors
/// Only if a path is too long for the format.
pub(super) fn pack(folder: &str, entries: &[Entry], modified: u64) -> io::Result<Vec<u8>> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    // 255 is "unknown system"; the header's time stays unset.
    let gzip = GzBuilder::new().operating_system(255).write(Vec::new(), Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for entry in sorted {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(entry.bytes.len() as u64);
        header.set_mode(entry.mode);
        header.set_mtime(modified);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, format!("{folder}/{}", entry.path), entry.bytes.as_slice())?;
    }
    let mut gzip = tar.into_inner()?;
    gzip.flush()?;
    gzip.finish()
}

/// Lines that `sha256sum --check` reads.
pub(super) fn sums(files: &[(&str, &[u8])]) -> String {
    let line = |(name, bytes): &(&str, &[u8])| {
        let digest = Sha256::digest(bytes);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hex}  {name}\n")
    };
    files.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn entries() -> Vec<Entry> {
        vec![
            Entry::program("reinstall".to_owned(), b"program".to_vec()),
            Entry::document("man/reinstall.1".to_owned(), b"page".to_vec()),
            Entry::document("README.md".to_owned(), b"read me".to_vec()),
        ]
    }

    #[test]
    fn the_archive_holds_what_was_put_in_sorted_and_of_one_time() {
        let bytes = pack("reinstall-0.1.0", &entries(), 1_795_433_416).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().to_string_lossy().into_owned();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let header = entry.header();
            assert_eq!(header.mtime().unwrap(), 1_795_433_416, "{path}");
            assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0), "{path}");
            found.push((path, header.mode().unwrap(), text));
        }
        let expected = [
            ("reinstall-0.1.0/README.md", 0o644, "read me"),
            ("reinstall-0.1.0/man/reinstall.1", 0o644, "page"),
            ("reinstall-0.1.0/reinstall", 0o755, "program"),
        ]
        .map(|(path, mode, text)| (path.to_owned(), mode, text.to_owned()));
        assert_eq!(found, expected);
    }

    #[test]
    fn the_order_of_entries_is_no_part_of_the_archive() {
        let mut reversed = entries();
        reversed.reverse();
        assert_eq!(pack("a", &entries(), 1).unwrap(), pack("a", &reversed, 1).unwrap());
        assert_ne!(pack("a", &entries(), 1).unwrap(), pack("a", &entries(), 2).unwrap());
    }

    #[test]
    fn the_gzip_header_has_no_time_and_no_system() {
        let bytes = pack("a", &entries(), 1).unwrap();
        assert_eq!(bytes[4..8], [0; 4]);
        assert_eq!(bytes[9], 255);
    }

    #[test]
    fn sums_are_those_of_sha256sum() {
        assert_eq!(
            sums(&[("a.tar.gz", b"abc"), ("b", b"")]),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a.tar.gz\n\
             e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b\n"
        );
    }
}
