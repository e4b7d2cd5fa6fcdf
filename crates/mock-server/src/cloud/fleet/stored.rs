//! A fleet that was read from somewhere, kept small: some ninety bytes an instance.

use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;

use reinstall_core::id::{ImageId, InstanceId};
use reinstall_core::instance::OsFamily;
use reinstall_core::time::Timestamp;

use super::table::{Column, Texts};
use super::{Image, Place, tags};
use crate::cloud::config::Start;
use crate::cloud::row::Tags;

/// Instances as a file describes them. What it leaves out is made up, as for a generated fleet.
///
/// Made by [`fleet_file::read`](crate::fleet_file::read), never changed, and meant to be shared.
///
/// Rows are counted from 0 in the order of the file; only the places are in the order of the ids.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StoredFleet {
    pub(super) places: Arc<Vec<Place>>,
    /// Empty where there is none.
    pub(super) names: Texts,
    /// `NO_IMAGE`, `SOME_LINUX`, `SOME_WINDOWS`, or `FIRST_IMAGE` and on, which are those of `images`.
    pub(super) image_numbers: Column<u32>,
    pub(super) images: Vec<Image>,
    /// Indices of `images`, in the order of the images' ids, one for each id.
    pub(super) images_by_id: Vec<u32>,
    pub(super) start_numbers: Column<u32>,
    pub(super) starts: Vec<Start>,
    pub(super) vpc_numbers: Column<u32>,
    pub(super) subnet_numbers: Column<u32>,
    pub(super) networks: Texts,
    /// 0.0.0.0 where there is none.
    pub(super) addresses: Column<u32>,
    pub(super) tag_numbers: Column<u32>,
    pub(super) tags: Texts,
    /// In milliseconds since 1970, 0 where there is none.
    pub(super) created: Column<u64>,
    /// The bits of the id, 0 where there is none.
    pub(super) servers: Column<u128>,
    /// Indices of `places` that have a server, in the order of the servers' ids.
    pub(super) by_server: Vec<u32>,
}

/// What is known of the image of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GivenImage<'a> {
    /// Nothing.
    Any,
    /// Only the family.
    Family(OsFamily),
    /// All.
    This(&'a Image),
}

pub(super) const NO_IMAGE: u32 = 0;
pub(super) const SOME_LINUX: u32 = 1;
pub(super) const SOME_WINDOWS: u32 = 2;
pub(super) const FIRST_IMAGE: u32 = 3;

impl StoredFleet {
    /// How many instances there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none. What comes from a file has at least one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(super) fn name(&self, row: usize) -> Option<&str> {
        Some(self.names.get(row)).filter(|name| !name.is_empty())
    }

    pub(super) fn image(&self, row: usize) -> GivenImage<'_> {
        match self.image_numbers.get(row) {
            NO_IMAGE => GivenImage::Any,
            SOME_LINUX => GivenImage::Family(OsFamily::Linux),
            SOME_WINDOWS => GivenImage::Family(OsFamily::Windows),
            number => {
                let image = self.images.get((number - FIRST_IMAGE) as usize);
                image.map_or(GivenImage::Any, GivenImage::This)
            }
        }
    }

    pub(super) fn image_of(&self, id: ImageId) -> Option<&Image> {
        let image = |index: &u32| &self.images[*index as usize];
        let found = self.images_by_id.binary_search_by_key(&id, |index| image(index).id).ok()?;
        Some(image(&self.images_by_id[found]))
    }

    pub(super) fn start(&self, row: usize) -> Option<&Start> {
        self.starts.get(numbered(self.start_numbers.get(row))?)
    }

    pub(super) fn vpc(&self, row: usize) -> Option<&str> {
        numbered(self.vpc_numbers.get(row)).map(|index| self.networks.get(index))
    }

    pub(super) fn subnet(&self, row: usize) -> Option<&str> {
        numbered(self.subnet_numbers.get(row)).map(|index| self.networks.get(index))
    }

    pub(super) fn address(&self, row: usize) -> Option<Ipv4Addr> {
        Some(self.addresses.get(row)).filter(|bits| *bits != 0).map(Ipv4Addr::from_bits)
    }

    pub(super) fn tags(&self, row: usize) -> Option<Tags> {
        numbered(self.tag_numbers.get(row)).map(|index| tags::split(self.tags.get(index)))
    }

    pub(super) fn created_at(&self, row: usize) -> Option<Timestamp> {
        Some(self.created.get(row)).filter(|millis| *millis != 0).map(Timestamp::from_millis)
    }

    pub(super) fn server(&self, row: usize) -> Option<InstanceId> {
        Some(self.servers.get(row)).filter(|bits| *bits != 0).map(InstanceId::from_bits)
    }

    /// The instances that say they are on this server.
    pub(super) fn on_server(&self, server: InstanceId) -> impl Iterator<Item = InstanceId> {
        let server = server.to_bits();
        let place = |index: &u32| self.places[*index as usize];
        let server_of = move |index: &u32| self.servers.get(place(index).index as usize);
        let from = self.by_server.partition_point(|index| server_of(index) < server);
        let here = self.by_server[from..].iter().take_while(move |index| server_of(index) == server);
        here.map(move |index| place(index).id)
    }
}

/// The index of what a number from 1 stands for.
fn numbered(number: u32) -> Option<usize> {
    Some(number.checked_sub(1)? as usize)
}

impl fmt::Debug for StoredFleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredFleet").field("len", &self.len()).finish_non_exhaustive()
    }
}
