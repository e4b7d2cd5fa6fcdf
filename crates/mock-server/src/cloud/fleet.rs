//! The instances there are, and everything about them that never changes. What was not read from somewhere is made from
//! seed and place, so that nothing but ids is kept of it.

mod builder;
mod stored;
mod table;
mod tags;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use reinstall_core::id::{ImageId, InstanceId};
use reinstall_core::instance::OsFamily;
use reinstall_core::time::Timestamp;

pub(crate) use self::builder::{Described, FleetBuilder, Repeat};
use self::stored::GivenImage;
pub use self::stored::StoredFleet;
pub(crate) use self::table::Full;
pub(crate) use self::tags::TagText;
use super::config::{FleetConfig, Start};
use super::draw::{between, draw, uuid_bits};
use super::row::Tags;

/// An image as the list call shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// `image.id`
    pub id: ImageId,
    /// `image.name`
    pub name: String,
    /// `image.os_type`
    pub os: OsFamily,
}

/// The images that instances start with, one in eight a Windows.
const IMAGES: [(&str, OsFamily); 8] = [
    ("Ubuntu 22.04 server 64bit", OsFamily::Linux),
    ("Ubuntu 24.04 server 64bit", OsFamily::Linux),
    ("Huawei Cloud EulerOS 2.0 64bit", OsFamily::Linux),
    ("Debian 12 64bit", OsFamily::Linux),
    ("Rocky Linux 9.4 64bit", OsFamily::Linux),
    ("openEuler 24.03 64bit", OsFamily::Linux),
    ("SUSE Enterprise 15 SP6 64bit", OsFamily::Linux),
    ("Windows Server 2022 Standard 64bit", OsFamily::Windows),
];

/// 2025-06-01, in milliseconds: no instance is older.
const FOUNDED_MS: u64 = 1_748_736_000_000;
/// How long after that the youngest was made, in days.
const GROWTH_DAYS: u64 = 500;
/// How many instances stand in one rack.
const RACK_LEN: u32 = 16;

/// Turns an instance's id into its server's and back. The bits that make a random UUID what it is are left alone.
const SERVER_MASK: u128 = 0x5a3c_96e1_7b0d_02c4_18d2_4ef6_90a7_3b5d;

/// Where an instance stood among all of them before they were sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    id: InstanceId,
    index: u32,
}

/// What never changes about one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Portrait {
    pub(crate) name: String,
    pub(crate) image: Image,
    pub(crate) server_id: InstanceId,
    pub(crate) vpc_id: String,
    pub(crate) subnet_id: String,
    pub(crate) address: String,
    pub(crate) tags: Tags,
    pub(crate) created_at: Timestamp,
}

/// Clones share what is large.
#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    seed: u64,
    /// In the order of the ids, which is the order of the list call's pages.
    places: Arc<Vec<Place>>,
    /// What is known of them; the rows are the places' indices.
    stored: Option<Arc<StoredFleet>>,
}

impl Fleet {
    pub(crate) fn new(config: &FleetConfig, seed: u64) -> Self {
        let places = match config {
            FleetConfig::Generated(count) => {
                sorted((0..*count).map(|index| Place { id: generated_id(seed, index), index }).collect())
            }
            FleetConfig::Listed(ids) => sorted((0..).zip(ids).map(|(index, &id)| Place { id, index }).collect()),
            FleetConfig::Stored(stored) => {
                return Self { seed, places: Arc::clone(&stored.places), stored: Some(Arc::clone(stored)) };
            }
        };
        Self { seed, places: Arc::new(places), stored: None }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = InstanceId> {
        self.places.iter().map(|place| place.id)
    }

    /// The ids after `id`, in order; all if there is none to begin after.
    pub(crate) fn ids_after(&self, id: Option<InstanceId>) -> impl Iterator<Item = InstanceId> {
        let from = id.map_or(0, |id| self.places.partition_point(|place| place.id <= id));
        self.places[from..].iter().map(|place| place.id)
    }

    pub(crate) fn has(&self, id: InstanceId) -> bool {
        self.index(id).is_some()
    }

    fn index(&self, id: InstanceId) -> Option<u32> {
        let places = &self.places;
        let is_before = |at: usize| places.get(at).is_some_and(|place| place.id < id);
        // Ids are random, so an id stands about where its share of all ids says; from there on in leaps that double. In a fleet
        // of a million that touches three places where halving would touch twenty.
        let guess = ((id.to_bits() >> 64) * places.len() as u128) >> 64;
        let guess = usize::try_from(guess).unwrap_or(0);
        let (mut low, mut high, mut leap) = (guess, guess, 16);
        while low > 0 && !is_before(low) {
            (high, low) = (low, low.saturating_sub(leap));
            leap *= 2;
        }
        while is_before(high) {
            (low, high) = (high, high.saturating_add(leap).min(places.len()));
            leap *= 2;
        }
        let found = low
            + places
                .get(low..high.saturating_add(1).min(places.len()))?
                .binary_search_by_key(&id, |place| place.id)
                .ok()?;
        Some(places[found].index)
    }

    /// The row that something is stored in about an instance.
    fn row(&self, id: InstanceId) -> Option<(&StoredFleet, usize)> {
        let stored = self.stored.as_deref()?;
        Some((stored, self.index(id)? as usize))
    }

    /// The image an instance has before anything is asked of it; `None` if there is no such instance.
    pub(crate) fn first_image(&self, id: InstanceId) -> Option<Image> {
        self.index(id).map(|index| self.image_at(id, index as usize))
    }

    fn image_at(&self, id: InstanceId, row: usize) -> Image {
        match self.stored.as_deref().map_or(GivenImage::Any, |stored| stored.image(row)) {
            GivenImage::Any => self.made_up_image(id, None),
            GivenImage::Family(os) => self.made_up_image(id, Some(os)),
            GivenImage::This(image) => image.clone(),
        }
    }

    /// One of the images that instances start with; of this family, if one is known.
    fn made_up_image(&self, id: InstanceId, family: Option<OsFamily>) -> Image {
        let fitting =
            || (0..).zip(IMAGES).filter(|(_, (_, os))| family.is_none_or(|family| family == *os)).map(|(nth, _)| nth);
        let which = between(draw(self.seed, id, 0, "image"), 0, fitting().count() as u64 - 1);
        nth_image(fitting().nth(which as usize).unwrap_or_default())
    }

    /// The image of this id, if it is one that instances of this fleet start with, or of any fleet.
    pub(crate) fn image(&self, id: ImageId) -> Option<Image> {
        let stored = self.stored.as_ref().and_then(|stored| stored.image_of(id)).cloned();
        stored.or_else(|| images().find(|image| image.id == id))
    }

    /// What an instance is like in the beginning, where that is known.
    pub(crate) fn start(&self, id: InstanceId) -> Option<Start> {
        let (stored, row) = self.row(id)?;
        stored.start(row).cloned()
    }

    /// The instances on a server.
    pub(crate) fn on_server(&self, server: InstanceId) -> impl Iterator<Item = InstanceId> {
        let stored = self.stored.iter().flat_map(move |stored| stored.on_server(server));
        // Its own inverse, which holds for those that do not say where they are.
        let derived = Some(server_of(server)).filter(|id| self.has(*id));
        let says = |id: InstanceId| self.row(id).is_some_and(|(stored, row)| stored.server(row).is_some());
        stored.chain(derived.filter(|id| !says(*id)))
    }

    pub(crate) fn portrait(&self, id: InstanceId) -> Option<Portrait> {
        let index = self.index(id)?;
        let (stored, row) = (self.stored.as_deref(), index as usize);
        let given = |text: Option<&str>| text.map(str::to_owned);
        let (rack, slot) = (index / RACK_LEN + 1, index % RACK_LEN + 1);
        let [_, b, c, d] = index.wrapping_add(10).to_be_bytes();
        let vpc = || InstanceId::from_bits(uuid_bits(self.seed, 0, "vpc")).to_string();
        let subnet = || InstanceId::from_bits(uuid_bits(self.seed, u64::from(b), "subnet")).to_string();
        let tags = || {
            let env = if draw(self.seed, id, 0, "env").is_multiple_of(4) { "staging" } else { "production" };
            vec![("env".into(), Some(env.into())), ("rack".into(), Some(format!("r{rack:03}")))]
        };
        let created_at = || {
            let age = between(draw(self.seed, id, 0, "created"), 0, GROWTH_DAYS * 24 * 3_600);
            Timestamp::from_millis(FOUNDED_MS) + Duration::from_secs(age)
        };
        Some(Portrait {
            name: given(stored.and_then(|it| it.name(row))).unwrap_or_else(|| format!("bm-r{rack:03}-n{slot:02}")),
            image: self.image_at(id, row),
            server_id: stored.and_then(|it| it.server(row)).unwrap_or_else(|| server_of(id)),
            vpc_id: given(stored.and_then(|it| it.vpc(row))).unwrap_or_else(vpc),
            subnet_id: given(stored.and_then(|it| it.subnet(row))).unwrap_or_else(subnet),
            address: stored.and_then(|it| it.address(row)).unwrap_or_else(|| Ipv4Addr::new(10, b, c, d)).to_string(),
            tags: stored.and_then(|it| it.tags(row)).unwrap_or_else(tags),
            created_at: stored.and_then(|it| it.created_at(row)).unwrap_or_else(created_at),
        })
    }
}

fn sorted(mut places: Vec<Place>) -> Vec<Place> {
    places.sort_unstable_by_key(|place| (place.id, place.index));
    places.dedup_by_key(|place| place.id);
    places.shrink_to_fit();
    places
}

/// The id of the `index`th made-up instance of a seed.
#[must_use]
pub fn generated_id(seed: u64, index: u32) -> InstanceId {
    InstanceId::from_bits(uuid_bits(seed, u64::from(index), "instance"))
}

fn nth_image(which: u64) -> Image {
    let (name, os) = IMAGES[which as usize % IMAGES.len()];
    Image {
        // Images are the same whatever the seed, so that tests and examples can name them.
        id: ImageId::from_bits(uuid_bits(0, which, "image")),
        name: name.to_owned(),
        os,
    }
}

/// Every image that instances start with.
pub fn images() -> impl Iterator<Item = Image> {
    (0..IMAGES.len() as u64).map(nth_image)
}

/// The image of this name among them.
fn image_named(name: &str) -> Option<Image> {
    images().find(|image| image.name == name)
}

/// `server_id` of an instance that is not said to be on another.
pub(crate) fn server_of(id: InstanceId) -> InstanceId {
    InstanceId::from_bits(id.to_bits() ^ SERVER_MASK & !(0xf000 << 64 | 0b11 << 62))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fleet_is_made_from_its_seed() {
        let fleet = |seed| Fleet::new(&FleetConfig::Generated(100), seed);
        let ids: Vec<_> = fleet(1).ids().collect();
        assert_eq!(ids, fleet(1).ids().collect::<Vec<_>>());
        assert_ne!(ids, fleet(2).ids().collect::<Vec<_>>());
        assert!(ids.is_sorted());
        assert_eq!(ids.len(), 100);
        let portraits: Vec<_> = ids.iter().map(|id| fleet(1).portrait(*id)).collect();
        assert_eq!(portraits, ids.iter().map(|id| fleet(1).portrait(*id)).collect::<Vec<_>>());
    }

    #[test]
    fn everybody_is_found_and_nobody_else_wherever_ids_stand() {
        let id = InstanceId::from_bits;
        let crowded: Vec<InstanceId> =
            (0..500).map(|n| id((7 << 100) | (n * 3))).chain([id(0), id(u128::MAX)]).collect();
        for config in [FleetConfig::Generated(1), FleetConfig::Generated(777), FleetConfig::Listed(crowded)] {
            let fleet = Fleet::new(&config, 4);
            let ids: Vec<_> = fleet.ids().collect();
            for known in &ids {
                assert!(fleet.has(*known), "{known}");
                for other in [known.to_bits().wrapping_add(1), known.to_bits().wrapping_sub(1)] {
                    assert_eq!(fleet.has(id(other)), ids.binary_search(&id(other)).is_ok(), "{other}");
                }
            }
        }
        assert!(!Fleet::new(&FleetConfig::Generated(0), 4).has(id(5)));
    }

    #[test]
    fn names_and_addresses_are_unique_and_families_mixed() {
        let fleet = Fleet::new(&FleetConfig::Generated(1_000), 3);
        let portraits: Vec<_> = fleet.ids().map(|id| fleet.portrait(id).unwrap()).collect();
        let distinct = |field: fn(&Portrait) -> &str| {
            let values: std::collections::BTreeSet<_> = portraits.iter().map(field).collect();
            values.len()
        };
        assert_eq!(distinct(|p| &p.name), 1_000);
        assert_eq!(distinct(|p| &p.address), 1_000);
        let windows = portraits.iter().filter(|p| p.image.os == OsFamily::Windows).count();
        assert!((80..180).contains(&windows), "{windows} of 1000");
    }

    #[test]
    fn a_listed_fleet_has_no_repeats() {
        let id = InstanceId::from_bits;
        let fleet = Fleet::new(&FleetConfig::Listed(vec![id(9), id(3), id(9)]), 0);
        assert_eq!(fleet.ids().collect::<Vec<_>>(), [id(3), id(9)]);
        assert_eq!(fleet.ids_after(Some(id(3))).collect::<Vec<_>>(), [id(9)]);
        assert_eq!(fleet.ids_after(Some(id(4))).collect::<Vec<_>>(), [id(9)], "the marker's instance may be gone");
        assert!(!fleet.has(id(4)));
    }

    #[test]
    fn servers_and_instances_lead_to_each_other() {
        let id = generated_id(5, 5);
        assert_ne!(server_of(id), id);
        assert_eq!(server_of(server_of(id)), id);
        assert_eq!(&server_of(id).to_string()[14..15], "4");
    }
}
