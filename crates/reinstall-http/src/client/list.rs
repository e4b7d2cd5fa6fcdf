//! Listing everything there is, page by page, within bounds.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::id::InstanceId;
use reinstall_core::sighting::Sighting;

use super::Client;
use crate::error::CallError;
use crate::operation::Operation;
use crate::ops::list_instances;

/// What listing everything found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Every instance once, in the order of the pages.
    pub instances: Vec<(InstanceId, Sighting)>,
    /// Whether the last page was reached, and every row could be read.
    pub complete: bool,
}

/// A longer marker is not sent back: it would not fit into an address.
const MARKER_BYTES_MAX: usize = 1_024;

/// So many pages without a row in sequence, each with a marker, lead nowhere.
const EMPTY_PAGES_MAX: usize = 10;

impl Client {
    /// The most pages that listing everything asks for.
    pub const PAGES_MAX: usize = 1_000;

    /// The most rows that it reads: those of [`Client::PAGES_MAX`] pages of the length that is asked for.
    pub const LIST_ROWS_MAX: usize = Self::PAGES_MAX * list_instances::PAGE_ROWS;

    /// The most bytes that all pages together may have: 512 MiB.
    pub const LIST_BYTES_MAX: usize = 512 * 1024 * 1024;

    /// Lists every instance of the project, page by page.
    ///
    /// How pages end is not documented. They do where there is no next marker, or where `count` rows were seen and a page is
    /// empty or its marker was there before. What speaks for rows that were not shown makes the listing incomplete: a row
    /// without an id, a `count` that was not reached, a marker that was there before or is longer than 1,024 bytes, 10 pages
    /// without a row in sequence, or more than [`Client::PAGES_MAX`] pages.
    ///
    /// # Errors
    /// [`CallError`] of the page that failed, after the tries that [`ReadRetries`](super::ReadRetries) allows; and where the
    /// pages have more than [`Client::LIST_ROWS_MAX`] rows or [`Client::LIST_BYTES_MAX`] bytes.
    pub async fn list(&self) -> Result<Listing, CallError> {
        let (mut seen, mut markers) = (BTreeSet::new(), BTreeSet::new());
        let mut instances = Vec::new();
        let mut marker: Option<String> = None;
        let (mut every_row_was_read, mut rows_read, mut empty_pages) = (true, 0, 0);
        let bytes_read = AtomicUsize::new(0);
        for _ in 0..Self::PAGES_MAX {
            let request = list_instances::page(&self.0.project, marker.as_deref());
            let page = self.look_up(&request, |reply, redactor| {
                bytes_read.fetch_add(reply.body.len(), Ordering::Relaxed);
                list_instances::reply(reply, redactor)
            });
            let page = page.await?;
            let rows = page.instances.as_ref().map_or(0, Vec::len);
            rows_read += rows;
            if rows_read > Self::LIST_ROWS_MAX {
                return Err(too_much(&format!("{} rows", Self::LIST_ROWS_MAX)));
            }
            if bytes_read.load(Ordering::Relaxed) > Self::LIST_BYTES_MAX {
                return Err(too_much(&format!("{} MiB", Self::LIST_BYTES_MAX / 1024 / 1024)));
            }
            // An instance that moved between two pages is listed twice.
            let read = page.sightings();
            every_row_was_read &= page.instances.is_some() && read.len() == rows;
            instances.extend(read.into_iter().filter(|(id, _)| seen.insert(*id)));
            let found = u64::try_from(instances.len()).unwrap_or(u64::MAX);
            let ends = |without_count| every_row_was_read && page.count.map_or(without_count, |count| count <= found);
            empty_pages = if rows == 0 { empty_pages + 1 } else { 0 };
            match page.next_marker() {
                None => return Ok(Listing { complete: ends(true), instances }),
                Some(next) if next.len() > MARKER_BYTES_MAX || empty_pages == EMPTY_PAGES_MAX => break,
                Some(next) if markers.insert(next.to_owned()) && !(rows == 0 && ends(false)) => {
                    marker = Some(next.to_owned());
                }
                Some(_) => return Ok(Listing { complete: ends(false), instances }),
            }
        }
        Ok(Listing { instances, complete: false })
    }
}

/// The pages have more than anybody should hold in memory.
fn too_much(bound: &str) -> CallError {
    let words = format!("the list has more than {bound}, which is the most that is read");
    CallError::unsent(Operation::ListInstances, Fault::new(FaultKind::Unreadable, &words))
}
