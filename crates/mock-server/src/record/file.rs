//! The file that a recording is written to: one line for what it is, and one for each exchange.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use reinstall_core::time::Timestamp;
use reinstall_http::sign::date;
use serde::Serialize;

use super::kept::Head;

/// The most bytes of a recording. What comes later is passed on and not kept.
pub const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The most bytes of one line. The longest answer has 12 MiB, and a made-up text may be longer than the real one.
pub(super) const LINE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// How many recordings may begin within one second.
const SAME_NAME_MAX: u32 = 100;

/// A recording that is being written.
#[derive(Debug)]
pub(super) struct RecordingFile {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl RecordingFile {
    /// A new file in `dir`, which is made if it is not there. Nobody else on this machine may read it.
    pub(super) fn create(dir: &Path, head: &Head) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let (path, file) = create_new(dir, head.began)?;
        let mut recording = Self { path, file, bytes: 0 };
        recording.append(head)?;
        Ok(recording)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line.
    ///
    /// # Errors
    /// [`io::ErrorKind::FileTooLarge`] if the recording or the line would be longer than it may be, else the file's own.
    pub(super) fn append(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        let after = self.bytes.saturating_add(bytes.len() as u64);
        if after > FILE_BYTES_MAX || bytes.len() > LINE_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        // In one go: whoever reads along sees whole lines, and a crash leaves half a line at the end at worst.
        self.file.write_all(&bytes)?;
        self.bytes = after;
        Ok(())
    }
}

/// Opens a file that is not there yet, named after the time.
fn create_new(dir: &Path, began: Timestamp) -> io::Result<(PathBuf, File)> {
    let name = date::write(began).unwrap_or_else(|| began.as_millis().to_string());
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    for nth in 1..=SAME_NAME_MAX {
        let more = if nth == 1 { String::new() } else { format!("-{nth}") };
        let path = dir.join(format!("recording-{name}{more}.jsonl"));
        match options.open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::super::kept::SCHEMA;
    use super::*;

    #[test]
    fn each_recording_has_a_file_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let began = Timestamp::from_millis(1_795_418_100_000);
        let head = Head { recording: SCHEMA, began, region: None, writes: false };
        let dir = dir.path().join("not/there");
        let mut files = [(), ()].map(|()| RecordingFile::create(&dir, &head).unwrap());
        let names = files.each_ref().map(|file| file.path().file_name().unwrap().to_str().unwrap().to_owned());
        assert_eq!(names, ["recording-20261123T071500Z.jsonl", "recording-20261123T071500Z-2.jsonl"]);
        files[1].append(&7).unwrap();
        let text = fs::read_to_string(files[1].path()).unwrap();
        assert_eq!(
            text,
            "{\"recording\":1,\"began\":\"2026-11-23T07:15:00.000Z\",\"region\":null,\"writes\":false}\n7\n"
        );
        files[0].bytes = FILE_BYTES_MAX;
        assert_eq!(files[0].append(&7).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(files[1].path()).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
