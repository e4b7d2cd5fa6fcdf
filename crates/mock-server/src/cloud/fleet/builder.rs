//! Makes a stored fleet, one instance after the other.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use reinstall_core::id::{ImageId, InstanceId};
use reinstall_core::instance::OsFamily;
use reinstall_core::time::Timestamp;

use super::stored::{FIRST_IMAGE, NO_IMAGE, SOME_LINUX, SOME_WINDOWS, StoredFleet};
use super::table::{Catalogue, Column, Full, Lexicon};
use super::tags::TagText;
use super::{Image, Place, image_named, images};
use crate::cloud::config::Start;
use crate::cloud::draw::uuid_bits;

/// An instance as a file describes it.
#[derive(Debug, Clone)]
pub(crate) struct Described<'a> {
    pub(crate) id: InstanceId,
    pub(crate) name: Option<&'a str>,
    pub(crate) image_id: Option<ImageId>,
    pub(crate) image_name: Option<&'a str>,
    pub(crate) os: Option<OsFamily>,
    pub(crate) start: Option<Start>,
    pub(crate) server: Option<InstanceId>,
    pub(crate) vpc: Option<&'a str>,
    pub(crate) subnet: Option<&'a str>,
    pub(crate) address: Option<Ipv4Addr>,
    pub(crate) tags: Option<&'a TagText>,
    pub(crate) created_at: Option<Timestamp>,
}

/// The rows of two instances with the same id, counted from 0 in the order they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Repeat {
    pub(crate) id: InstanceId,
    pub(crate) first: usize,
    pub(crate) second: usize,
}

/// An image as far as a row gives it; the name is a number of the lexicon, 0 for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Sketch {
    id: Option<ImageId>,
    name: u32,
    os: Option<OsFamily>,
}

/// A fleet that grows.
#[derive(Debug, Default)]
pub(crate) struct FleetBuilder {
    places: Vec<Place>,
    fleet: StoredFleet,
    sketches: Catalogue<Sketch>,
    image_names: Lexicon,
    starts: Catalogue<Start>,
    networks: Lexicon,
    tags: Lexicon,
}

impl FleetBuilder {
    pub(crate) fn push(&mut self, new: Described<'_>) -> Result<(), Full> {
        let row = self.places.len();
        self.places.push(Place { id: new.id, index: u32::try_from(row).map_err(|_| Full)? });
        let image = self.image(&new)?;
        let start = numbered(new.start, |start| self.starts.number(start))?;
        let vpc = numbered(new.vpc, |vpc| self.networks.number(vpc))?;
        let subnet = numbered(new.subnet, |subnet| self.networks.number(subnet))?;
        let tags = numbered(new.tags, |tags| self.tags.number(tags.as_str()))?;
        let fleet = &mut self.fleet;
        fleet.names.push(new.name.unwrap_or_default())?;
        fleet.image_numbers.set(row, image);
        fleet.start_numbers.set(row, start);
        fleet.vpc_numbers.set(row, vpc);
        fleet.subnet_numbers.set(row, subnet);
        fleet.addresses.set(row, new.address.map_or(0, Ipv4Addr::to_bits));
        fleet.tag_numbers.set(row, tags);
        fleet.created.set(row, new.created_at.map_or(0, Timestamp::as_millis));
        fleet.servers.set(row, new.server.map_or(0, InstanceId::to_bits));
        Ok(())
    }

    fn image(&mut self, new: &Described<'_>) -> Result<u32, Full> {
        match (new.image_id, new.image_name, new.os) {
            (None, None, None) => Ok(NO_IMAGE),
            (None, None, Some(OsFamily::Linux)) => Ok(SOME_LINUX),
            (None, None, Some(OsFamily::Windows)) => Ok(SOME_WINDOWS),
            (id, name, os) => {
                let name = numbered(name, |name| self.image_names.number(name))?;
                let number = self.sketches.number(Sketch { id, name, os })?;
                (number - 1).checked_add(FIRST_IMAGE).ok_or(Full)
            }
        }
    }

    /// The fleet, unless two of its instances have the same id: then that which a reader comes upon first.
    pub(crate) fn finish(self) -> Result<StoredFleet, Repeat> {
        let Self { mut places, mut fleet, sketches, image_names, starts, networks, tags } = self;
        places.shrink_to_fit();
        places.sort_unstable_by_key(|place| (place.id, place.index));
        let repeats = places.windows(2).filter(|pair| pair[0].id == pair[1].id);
        if let Some(pair) = repeats.min_by_key(|pair| pair[1].index) {
            return Err(Repeat { id: pair[0].id, first: pair[0].index as usize, second: pair[1].index as usize });
        }
        let StoredFleet { names, image_numbers, start_numbers, vpc_numbers, subnet_numbers, .. } = &mut fleet;
        names.shrink();
        for column in [image_numbers, start_numbers, vpc_numbers, subnet_numbers] {
            column.shrink();
        }
        fleet.addresses.shrink();
        fleet.tag_numbers.shrink();
        fleet.created.shrink();
        fleet.servers.shrink();
        fleet.by_server = by_server(&places, &fleet.servers);
        fleet.places = Arc::new(places);
        fleet.networks = networks.into_texts();
        fleet.tags = tags.into_texts();
        fleet.starts = starts.into_values();
        let image_names = image_names.into_texts();
        let named = |sketch: &Sketch| sketch.name.checked_sub(1).map(|index| image_names.get(index as usize));
        let sketches: Vec<_> = sketches.into_values().iter().map(|s| (s.id, named(s), s.os)).collect();
        fleet.images = filled_in(&sketches);
        fleet.images_by_id = by_id(&fleet.images);
        Ok(fleet)
    }
}

/// The number of a value that may be missing; 0 if it is.
fn numbered<T>(value: Option<T>, number: impl FnOnce(T) -> Result<u32, Full>) -> Result<u32, Full> {
    value.map_or(Ok(0), number)
}

fn by_server(places: &[Place], servers: &Column<u128>) -> Vec<u32> {
    if servers.is_empty() {
        return Vec::new();
    }
    // Sorted together with what they are sorted by, which takes a third of the time.
    let with_server = (0..).zip(places).map(|(index, place)| (servers.get(place.index as usize).to_be_bytes(), index));
    let mut sorted: Vec<([u8; 16], u32)> = with_server.filter(|(server, _)| *server != [0; 16]).collect();
    sorted.sort_unstable();
    sorted.into_iter().map(|(_, index)| index).collect()
}

fn by_id(images: &[Image]) -> Vec<u32> {
    let mut indices: Vec<u32> = (0..).zip(images).map(|(index, _)| index).collect();
    indices.sort_by_key(|index| images[*index as usize].id);
    indices.dedup_by_key(|index| images[*index as usize].id);
    indices
}

/// Images with what no row says of them. Another row may say it of the same image, or it is one that every cloud has.
fn filled_in(sketches: &[(Option<ImageId>, Option<&str>, Option<OsFamily>)]) -> Vec<Image> {
    let mut known: BTreeMap<ImageId, (Option<String>, Option<OsFamily>)> = BTreeMap::new();
    for (id, name, os) in sketches {
        let Some(id) = id else { continue };
        let (known_name, known_os) = known.entry(*id).or_default();
        *known_name = known_name.take().or_else(|| name.map(str::to_owned));
        *known_os = known_os.or(*os);
    }
    for image in images() {
        if let Some((name, os)) = known.get_mut(&image.id) {
            *name = name.take().or(Some(image.name));
            *os = os.or(Some(image.os));
        }
    }
    let filled_in = sketches.iter().map(|(id, name, os)| {
        let id = id.unwrap_or_else(|| id_of(name.unwrap_or_default()));
        let (known_name, known_os) = known.get(&id).cloned().unwrap_or_default();
        let name = name.map(str::to_owned).or(known_name).unwrap_or_else(|| format!("private-{id:.8}"));
        let os = os.or(known_os).unwrap_or_else(|| family_of(&name));
        Image { id, name, os }
    });
    filled_in.collect()
}

/// The id of an image of which only the name is known.
fn id_of(name: &str) -> ImageId {
    let known = image_named(name).map(|image| image.id);
    known.unwrap_or_else(|| ImageId::from_bits(uuid_bits(0, u64::MAX, name)))
}

/// The family that a name speaks of.
fn family_of(name: &str) -> OsFamily {
    if name.to_ascii_lowercase().contains("windows") { OsFamily::Windows } else { OsFamily::Linux }
}
