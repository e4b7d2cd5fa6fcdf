//! Measures how long a large fleet takes to load, and how much room.
//!
//! ```sh
//! cargo run --release -p reinstall-mock-server --example fleet_load -- csv 1000000
//! ```
//!
//! The first word is `csv`, `json`, `jsonl`, `yaml` or `generated`, the second how many instances. A file is written first,
//! with every column and in no order, next to other temporary files. Or the first word is the path of a file that is there.
//! Each kind wants a process of its own: the peak of the memory is that of the whole process, and is known on Linux only.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reinstall_core::id::InstanceId;
use reinstall_http::clock::Clock;
use reinstall_mock_server::cloud::config::{CloudConfig, FleetConfig};
use reinstall_mock_server::cloud::list::ListQuery;
use reinstall_mock_server::cloud::{Cloud, generated_id};
use reinstall_mock_server::fleet_file::{self, FleetRow, Format};

const SEED: u64 = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let kind = args.next().unwrap_or_else(|| "csv".to_owned());
    let count: u32 = args.next().map_or(Ok(1_000_000), |count| count.parse())?;
    let mut out = io::stdout().lock();
    let clock = Clock::start();
    if kind == "generated" {
        let (begun, busy) = (clock.now(), busy());
        let cloud = Cloud::new(config(FleetConfig::Generated(count))?);
        let (took, busy) = (clock.now().since(begun), self::busy().saturating_sub(busy));
        writeln!(out, "{count} generated instances: a cloud after {took:?}, {busy:?} of them on a core")?;
        return tell(&mut out, &cloud, &clock);
    }
    if Path::new(&kind).is_file() {
        return load(&mut out, Path::new(&kind), &clock);
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(format!("fleet.{kind}"));
    write_fleet(&path, &kind, count)?;
    writeln!(out, "{count} instances written; memory: {}", memory())?;
    load(&mut out, &path, &clock)
}

fn load(out: &mut impl Write, path: &Path, clock: &Clock) -> Result<(), Box<dyn Error>> {
    let megabytes = fs::metadata(path)?.len() / 1_000_000;
    let (begun, busy) = (clock.now(), busy());
    let fleet = fleet_file::read(BufReader::new(File::open(path)?), Format::by_extension(path))?;
    let cloud = Cloud::new(config(FleetConfig::Stored(Arc::new(fleet)))?);
    let (took, busy) = (clock.now().since(begun), self::busy().saturating_sub(busy));
    let count = cloud.instances_count();
    writeln!(out, "{count} instances in {megabytes} MB: a cloud after {took:?}, {busy:?} of them on a core")?;
    tell(out, &cloud, clock)
}

fn config(fleet: FleetConfig) -> Result<CloudConfig, Box<dyn Error>> {
    Ok(CloudConfig { fleet, seed: SEED, ..CloudConfig::generated(CloudConfig::PROJECT.parse()?, 0) })
}

/// The memory, and how long the cloud takes for some looks.
fn tell(out: &mut impl Write, cloud: &Cloud, clock: &Clock) -> Result<(), Box<dyn Error>> {
    const LOOKS: usize = 1_000_000;
    writeln!(out, "memory: {}", memory())?;
    let mut cloud = cloud.clone();
    let some: Vec<InstanceId> = cloud.ids().step_by(7).take(100).collect();
    let now = clock.now();
    let pages = LOOKS / some.len();
    for _ in 0..pages {
        let page = cloud.list(now, &ListQuery::of(&some))?;
        if page.count != some.len() {
            return Err("the list leaves some out".into());
        }
    }
    let took = clock.now().since(now);
    writeln!(out, "a list of {} ids: {:?}", some.len(), took / u32::try_from(pages)?)?;
    let all: Vec<InstanceId> = cloud.ids().collect();
    // In no order, as clients ask: the distance is a prime.
    let asked = (0..LOOKS).map(|n| all[n * 7_919 % all.len()]);
    let begun = clock.now();
    let seen = asked.filter(|id| cloud.glimpse(now, *id).is_some()).count();
    writeln!(out, "a status: {:?}", clock.now().since(begun) / u32::try_from(seen)?)?;
    Ok(())
}

fn write_fleet(path: &Path, kind: &str, count: u32) -> Result<(), Box<dyn Error>> {
    let cloud = Cloud::new(config(FleetConfig::Generated(count))?);
    let now = Clock::start().now();
    let mut out = BufWriter::new(File::create(path)?);
    match kind {
        "csv" => writeln!(
            out,
            "id,name,state,operation_state,image_id,image_name,os_type,server_id,vpc_id,subnet_id,ipv4_address,tags,created_at"
        )?,
        "json" => write!(out, "{{\"instances\":[")?,
        _ => {}
    }
    // In the order they were made in, which is that of no id.
    for index in 0..count {
        let row = cloud.row(now, generated_id(SEED, index)).ok_or("it was made up just now")?;
        let row = FleetRow::from(&row);
        let mut json = Vec::new();
        fleet_file::to_json_line(&row, &mut json)?;
        match kind {
            "csv" => write_record(&mut out, &row)?,
            "json" if index > 0 => write!(out, ",{}", String::from_utf8(json)?.trim_end())?,
            "yaml" => write!(out, "- {}", String::from_utf8(json)?)?,
            "json" | "jsonl" => out.write_all(&json)?,
            _ => return Err("the kinds are csv, json, jsonl, yaml and generated".into()),
        }
    }
    if kind == "json" {
        write!(out, "],\"count\":{count}}}")?;
    }
    Ok(out.flush()?)
}

fn write_record(out: &mut impl Write, row: &FleetRow) -> io::Result<()> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let image = row.image.clone().unwrap_or_default();
    let interface = row.network_interfaces.iter().flatten().next().cloned().unwrap_or_default();
    let tags = row.tags.iter().flatten().map(|tag| format!("{}={}", tag.key, text(&tag.value)));
    let cells = [
        row.id.clone(),
        text(&row.name),
        text(&row.state),
        text(&row.operation_state),
        text(&image.id),
        text(&image.name),
        text(&image.os_type),
        text(&row.server_id),
        text(&row.vpc_id),
        text(&interface.subnet_id),
        text(&interface.ipv4_address),
        tags.collect::<Vec<_>>().join(";"),
        text(&row.created_at),
    ];
    writeln!(out, "{}", cells.join(","))
}

/// How long this thread has had a core; zero where nobody tells. On a machine with other work it says more than a clock.
fn busy() -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(told.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
}

/// The memory that this process has, and the most it ever had.
fn memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let told = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.map_or_else(|| "unknown".to_owned(), |line| line.trim().to_owned())
    };
    format!("{} now, {} at most", told("VmRSS:"), told("VmHWM:"))
}
