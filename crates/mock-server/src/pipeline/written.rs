//! Instances and pages that were written before, to be sent again as long as they are shown alike.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use bytes::Bytes;
use reinstall_core::id::InstanceId;

use crate::cloud::{QuietStamp, RowStamp};

/// The instances and pages of one world that were written last, each with what it was written from.
#[derive(Debug, Default)]
pub(crate) struct WrittenRows {
    /// By the query that asked for them.
    pages: HashMap<Box<str>, (QuietStamp, Bytes)>,
    page_bytes: usize,
    rows: HashMap<InstanceId, (RowStamp, Box<[u8]>), BuildHasherDefault<IdHasher>>,
    bytes: usize,
}

/// Takes some of an id's bits for its hash: they are random, and those who pick the ids of a fleet harm nobody but themselves.
#[derive(Debug, Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl WrittenRows {
    /// The most bytes that are kept: some hundred thousand instances. Where there are more, all are forgotten, and it begins anew.
    const BYTES_MAX: usize = 64 * 1024 * 1024;
    /// The most bytes of pages that are kept.
    const PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
    /// About what an entry takes beside its bytes.
    const ENTRY_BYTES: usize = 80;

    /// What was written of an instance, if it is still shown so.
    pub(super) fn get(&self, id: InstanceId, stamp: RowStamp) -> Option<&[u8]> {
        self.rows.get(&id).filter(|(known, _)| *known == stamp).map(|(_, bytes)| &**bytes)
    }

    /// Remembers it.
    pub(super) fn put(&mut self, id: InstanceId, stamp: RowStamp, bytes: &[u8]) {
        if self.bytes + bytes.len() + Self::ENTRY_BYTES > Self::BYTES_MAX {
            self.clear();
        }
        self.bytes += bytes.len() + Self::ENTRY_BYTES;
        if let Some((_, old)) = self.rows.insert(id, (stamp, bytes.into())) {
            self.bytes -= old.len() + Self::ENTRY_BYTES;
        }
    }

    /// The page that was written for a query, if nothing of it has changed.
    pub(super) fn page(&self, query: &str, stamp: QuietStamp) -> Option<Bytes> {
        self.pages.get(query).filter(|(known, _)| *known == stamp).map(|(_, bytes)| bytes.clone())
    }

    /// Remembers it.
    pub(super) fn put_page(&mut self, query: &str, stamp: QuietStamp, bytes: &Bytes) {
        let takes = |page: &Bytes| page.len() + query.len() + Self::ENTRY_BYTES;
        if self.page_bytes + takes(bytes) > Self::PAGE_BYTES_MAX {
            (self.pages, self.page_bytes) = (HashMap::new(), 0);
        }
        self.page_bytes += takes(bytes);
        if let Some((_, old)) = self.pages.insert(query.into(), (stamp, bytes.clone())) {
            self.page_bytes -= takes(&old);
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reinstall_core::lifecycle::LifeCycle;
    use reinstall_core::time::Timestamp;

    use super::*;
    use crate::cloud::Cloud;
    use crate::cloud::config::CloudConfig;
    use crate::cloud::request::ReinstallRequest;
    use crate::cloud::wipe::Ending;

    /// Whatever changes a row changes its stamp.
    #[test]
    fn a_row_is_written_anew_when_it_is_shown_otherwise() {
        for life_cycle in LifeCycle::ALL {
            for ending in [Ending::Succeeds, Ending::fails("c", "m"), Ending::Never, Ending::Dies, Ending::GoesBack] {
                let config = CloudConfig { life_cycle, ..CloudConfig::generated("p1".parse().unwrap(), 2) };
                let mut cloud = Cloud::new(config);
                let id = cloud.ids().next().unwrap();
                cloud.set_ending(id, ending.clone());
                let mut last = None;
                for second in 0..200_u64 {
                    let now = Timestamp::from_millis(1_800_000_000_000) + Duration::from_secs(second);
                    match second {
                        5 | 100 => drop(cloud.reinstall(now, &ReinstallRequest::of(&[id], None, "Abcdef1!"))),
                        80 => cloud.set_tags(id, vec![("a".to_owned(), None)]),
                        _ => {}
                    }
                    let stamps = (cloud.row_stamp(now, id), cloud.quiet_stamp(now));
                    let shown = (stamps, cloud.row(now, id).unwrap());
                    if let Some(((stamp, quiet), row)) = last.replace(shown.clone()) {
                        let is_alike = stamp == stamps.0 || (quiet.is_some() && quiet == stamps.1);
                        assert!(!is_alike || row == shown.1, "{life_cycle} {ending:?} after {second} s");
                    }
                }
            }
        }
    }

    #[test]
    fn only_so_much_is_kept() {
        let cloud = Cloud::new(CloudConfig::generated("p1".parse().unwrap(), 1));
        let stamp = cloud.row_stamp(Timestamp::from_millis(0), InstanceId::from_bits(0));
        let mut written = WrittenRows::default();
        let row = vec![b'x'; 1024 * 1024];
        for bits in 0..200 {
            written.put(InstanceId::from_bits(bits), stamp, &row);
            written.put(InstanceId::from_bits(bits), stamp, &row);
            assert_eq!(written.get(InstanceId::from_bits(bits), stamp), Some(&*row));
            assert!(written.bytes <= WrittenRows::BYTES_MAX);
        }
        let quiet = cloud.quiet_stamp(Timestamp::from_millis(0)).unwrap();
        for nth in 0..50 {
            written.put_page(&nth.to_string(), quiet, &Bytes::from(row.clone()));
            assert_eq!(written.page(&nth.to_string(), quiet).as_deref(), Some(&*row));
            assert!(written.page_bytes <= WrittenRows::PAGE_BYTES_MAX);
        }
        assert!(written.rows.len() < 64 && written.get(InstanceId::from_bits(0), stamp).is_none());
    }
}
