//! The time of signing, as it is written: `YYYYMMDDTHHMMSSZ`, in UTC and whole seconds.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use reinstall_core::time::Timestamp;

const FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// Writes a moment, without what it has of a second; `None` after the year 9999.
#[must_use]
pub fn write(at: Timestamp) -> Option<String> {
    let millis = i64::try_from(at.as_millis()).ok()?;
    Some(jiff::Timestamp::from_millisecond(millis).ok()?.strftime(FORMAT).to_string())
}

/// Reads a moment; `None` if it is written in any other way, or before 1970.
#[must_use]
pub fn read(text: &str) -> Option<Timestamp> {
    let moment = DateTime::strptime(FORMAT, text).ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let at = Timestamp::from_millis(u64::try_from(moment.as_millisecond()).ok()?);
    // The parser is lenient with digits and white space; a signature is not.
    (write(at)? == text).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_they_are_written_and_in_no_other_way() {
        let at = Timestamp::from_millis(1_795_418_100_999);
        assert_eq!(write(at).as_deref(), Some("20261123T071500Z"));
        assert_eq!(read("20261123T071500Z"), Some(Timestamp::from_millis(1_795_418_100_000)));
        assert_eq!(write(Timestamp::from_millis(u64::MAX)), None);
        for wrong in [
            "",
            "20261123",
            "20261123T071500",
            "20261123T071500z",
            " 20261123T071500Z",
            "20261123T071500Z ",
            "2026-11-23T07:15:00Z",
            "20261123T71500Z",
            "20261323T071500Z",
            "20260230T071500Z",
            "20261123T071560Z",
            "19691123T071500Z",
        ] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
