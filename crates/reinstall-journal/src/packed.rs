//! Long texts, packed: a look at a hundred instances says nearly the same of each.
//!
//! The rollout of a hundred thousand instances, each seen thrice with its name and times, comes to 46 MB this way, and to 112 MB
//! in clear (`examples/size`).
//!
//! Short ones stay as they are, so that most lines can be read with any SQLite shell; an export has all of them in clear.

use std::borrow::Cow;
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

/// How long a text is at least that gets packed, in bytes.
const PACKED_MIN: usize = 512;

/// The most bytes that are unpacked. The opening of a hundred thousand surveyed instances has about twenty million; what
/// claims to be more is no text of ours.
const UNPACKED_MAX: u64 = 1 << 30;

/// A text as it goes into a column.
pub(crate) fn pack(text: &str) -> rusqlite::Result<ToSqlOutput<'_>> {
    if text.len() < PACKED_MIN {
        return Ok(text.into());
    }
    let failed = |error: std::io::Error| rusqlite::Error::ToSqlConversionFailure(error.into());
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(text.as_bytes()).map_err(failed)?;
    Ok(ToSqlOutput::Owned(Value::Blob(packer.finish().map_err(failed)?)))
}

/// The text of a column; `None` if it is none.
pub(crate) fn unpack(stored: ValueRef<'_>) -> Option<Cow<'_, str>> {
    if let Ok(text) = stored.as_str() {
        return Some(text.into());
    }
    let packed = stored.as_blob().ok()?;
    let mut text = String::new();
    DeflateDecoder::new(packed).take(UNPACKED_MAX).read_to_string(&mut text).ok()?;
    Some(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_length_come_back() {
        for len in [0, 1, PACKED_MIN - 1, PACKED_MIN, 100_000] {
            let text = "ab\u{fc}c".chars().cycle().take(len).collect::<String>();
            let ToSqlOutput::Owned(Value::Blob(packed)) = pack(&text).unwrap() else {
                assert!(text.len() < PACKED_MIN, "{len}");
                assert_eq!(unpack(ValueRef::Text(text.as_bytes())).unwrap(), text);
                continue;
            };
            assert!(packed.len() < text.len(), "{len}");
            assert_eq!(unpack(ValueRef::Blob(&packed)).unwrap(), text);
            assert_eq!(unpack(ValueRef::Blob(&packed[..packed.len() / 2])), None, "half of it");
        }
        assert_eq!(unpack(ValueRef::Null), None);
    }
}
