//! Who made out a certificate, and until when it holds: for people, read after the TLS library has trusted it. Pure.
//!
//! No more of DER is known here than the way to these two fields (RFC 5280, 4.1). What does not read is left out.

use reinstall_core::text::CloudText;
use reinstall_core::time::Timestamp;

/// What is told of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The name of whoever made it out: the common name, else the organisation.
    pub issuer: CloudText,
    /// The moment after which nobody accepts it.
    pub expires_at: Timestamp,
}

const INTEGER: u8 = 0x02;
const OBJECT_ID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// `[0]`, explicit: the version, which may be missing.
const VERSION: u8 = 0xa0;

/// `id-at-commonName` and `id-at-organizationName`.
const NAMES: [&[u8]; 2] = [&[0x55, 0x04, 0x03], &[0x55, 0x04, 0x0a]];

impl Certificate {
    /// Reads a certificate in DER form.
    #[must_use]
    pub fn read(der: &[u8]) -> Option<Self> {
        let mut outer = Der(der);
        let mut signed = Der(Der(outer.expect(SEQUENCE)?).expect(SEQUENCE)?);
        if signed.0.first() == Some(&VERSION) {
            signed.expect(VERSION)?;
        }
        signed.expect(INTEGER)?;
        signed.expect(SEQUENCE)?;
        let issuer = signed.expect(SEQUENCE)?;
        let mut validity = Der(signed.expect(SEQUENCE)?);
        validity.next()?;
        let (kind, until) = validity.next()?;
        Some(Self { issuer: name(issuer)?, expires_at: moment(kind, until)? })
    }
}

/// What is left to read.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next value with its tag.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let mut len = usize::from(first);
        if first >= 0x80 {
            let count = usize::from(first & 0x7f);
            // Two bytes of length are 64 kB: longer than any certificate.
            let digits = rest.get(..count).filter(|_| (1..=2).contains(&count))?;
            len = digits.iter().fold(0, |len, digit| len << 8 | usize::from(*digit));
            rest = &rest[count..];
        }
        let value = rest.get(..len)?;
        self.0 = &rest[len..];
        Some((tag, value))
    }

    fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, value)| value)
    }
}

fn name(issuer: &[u8]) -> Option<CloudText> {
    let named = |id: &&[u8]| {
        let mut sets = Der(issuer);
        while let Some(set) = sets.expect(SET) {
            let mut pair = Der(Der(set).expect(SEQUENCE)?);
            let is_it = pair.expect(OBJECT_ID)? == *id;
            let (_, text) = pair.next()?;
            if is_it {
                return Some(String::from_utf8_lossy(text).as_ref().into());
            }
        }
        None
    };
    NAMES.iter().find_map(named)
}

/// A time in one of its two forms, which differ in how many digits a year has.
fn moment(kind: u8, text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    let text = match kind {
        // Years below 50 are of this century (RFC 5280, 4.1.2.5.1).
        UTC_TIME if text.get(..2)?.parse::<u8>().ok()? < 50 => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let at = jiff::civil::DateTime::strptime("%Y%m%d%H%M%SZ", text)
        .ok()?
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()?
        .timestamp();
    u64::try_from(at.as_millisecond()).ok().map(Timestamp::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made out by a common name within an organisation, until a moment in the two-digit form.
    const SHORT: &str = "\
        308201483081ee020101300a06082a8648ce3d04030230303118301606035504030c0f4578616d706c6520526f6f7420434131143012\
        060355040a0c0b4578616d706c65204f7267301e170d3236303130313030303030305a170d3236313233313233353935395a30303118\
        301606035504030c0f4578616d706c6520526f6f7420434131143012060355040a0c0b4578616d706c65204f72673059301306072a86\
        48ce3d020106082a8648ce3d03010703420004076b403abb9aa4e5c3598afbf5567cdd0a30ca039aff4ade9e404faf63943dea81405b\
        0139771a0ce9d68a66303c615c15448820e98bb5f7928269db6a77ee45300a06082a8648ce3d04030203490030460221008931f281cf\
        ede0792bea47d35295d754b19ff198212e35656dc40c8c000d2d3a022100878ff766ee886c60c908e5e6db7d77b87dd8b8afc99e7f64\
        ee9577f87ae8405b";

    /// Made out by an organisation, until a moment in the four-digit form.
    const LATE: &str = "\
        308201163081bc020101300a06082a8648ce3d040302301631143012060355040a0c0b4578616d706c65204f72673020170d32363031\
        30313030303030305a180f32303531303130313030303030305a301631143012060355040a0c0b4578616d706c65204f726730593013\
        06072a8648ce3d020106082a8648ce3d03010703420004076b403abb9aa4e5c3598afbf5567cdd0a30ca039aff4ade9e404faf63943d\
        ea81405b0139771a0ce9d68a66303c615c15448820e98bb5f7928269db6a77ee45300a06082a8648ce3d0403020349003046022100f1\
        c4782f1a37d546c46dcc2214c1edcf18e282a33cebe03561d903a405a0f6a1022100886d74ea0426cfa758ca2b21d15c92b6e03d60bd\
        87dc280ec2f1efc662d3f8c8";

    #[test]
    fn issuer_and_end_are_read() {
        for (der, issuer, expires_at) in
            [(SHORT, "Example Root CA", "2026-12-31T23:59:59.000Z"), (LATE, "Example Org", "2051-01-01T00:00:00.000Z")]
        {
            let read = Certificate::read(&hex::decode(der).unwrap()).unwrap();
            assert_eq!((read.issuer.as_str(), read.expires_at.to_string().as_str()), (issuer, expires_at));
        }
    }

    #[test]
    fn what_is_cut_or_flipped_is_no_certificate_or_another_one_but_no_panic() {
        let whole = hex::decode(SHORT).unwrap();
        let mut unread = 0;
        for end in 0..whole.len() {
            unread += usize::from(Certificate::read(&whole[..end]).is_none());
        }
        assert_eq!(unread, whole.len(), "nothing cut off is whole");
        for index in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[index] ^= 0x80;
            unread -= usize::from(Certificate::read(&flipped).is_some());
        }
        assert!(unread > 0, "some byte that is flipped makes it unreadable");
    }
}
