//! What the site allows: its file, and what clocks show in its zone. The rules themselves are core's part ([`SitePolicy`]).
//!
//! A file that is there is never passed over: if it cannot be read, cannot be understood or could have been changed by
//! anybody, nothing is allowed at all.

mod place;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::{AmbiguousOffset, TimeZone};
use reinstall_core::site::{Hours, LocalMoment, Opening, SitePolicy, SiteSpec, Weekday};
use reinstall_core::spec::Objection;
use reinstall_core::time::Timestamp;
use reinstall_journal::begin::SiteRecord;

use crate::input::{self, InputError};

use place::Document;

/// The site's own file. What it says holds for everybody on this machine.
pub(crate) const SYSTEM_FILE: &str = "/etc/reinstall/policy.toml";

/// The longest policy: about 25,000 ids.
const BYTES_MAX: usize = 1024 * 1024;

/// Why it cannot be told what the site allows. Then nothing is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SiteError {
    /// The file cannot be read, or is no text.
    #[error("the site's policy: {0}")]
    Input(#[from] InputError),
    /// Others than its owner can write to it.
    #[error("the site's policy: others than its owner can change {} (its mode is {mode:03o})", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A flag names a file, and the site has one of its own.
    #[error("--policy {}: this machine has a policy, {}, and no flag stands in for it", typed.display(), system.display())]
    Typed {
        /// The file that was named.
        typed: PathBuf,
        /// The site's own.
        system: PathBuf,
    },
    /// It is not a policy: each complaint with file, line, field and rule.
    #[error("the site's policy is not sound, so it allows nothing:\n{}", .0.iter().map(|one| format!("  {one}")).collect::<Vec<_>>().join("\n"))]
    Unsound(Vec<String>),
}

/// What a site allows, and where that is written.
#[derive(Debug, Default)]
pub(crate) struct Site {
    pub(crate) policy: SitePolicy,
    /// The file, to go on record with a rollout. `None` where there is none, and everything is allowed.
    pub(crate) record: Option<SiteRecord>,
}

impl Site {
    /// The rules that are on record with a rollout.
    ///
    /// # Errors
    /// [`SiteError::Unsound`] if this program does not understand them: then they allow nothing.
    pub(crate) fn recorded(record: SiteRecord) -> Result<Self, SiteError> {
        let policy = parse(&format!("{} (on record)", record.path), &record.text).map_err(SiteError::Unsound)?;
        Ok(Self { policy, record: Some(record) })
    }

    /// An objection of these rules where others are asked as well: with the file, and from when its text is.
    pub(crate) fn sign(&self, objection: &Objection, from: &str) -> Objection {
        let path = self.record.as_ref().map_or("no file", |record| &record.path);
        Objection::new(objection.field(), objection.rule(), format!("{} [{path}, {from}]", objection.message()))
    }
}

/// What the site allows: by the file that was named, else by [`SYSTEM_FILE`], else everything.
///
/// # Errors
/// [`SiteError`]: a file that is there is never passed over, and a file that was named never stands in for the site's own.
pub(crate) fn load(typed: Option<&Path>) -> Result<Site, SiteError> {
    load_one_of(typed, Path::new(SYSTEM_FILE))
}

fn load_one_of(typed: Option<&Path>, system: &Path) -> Result<Site, SiteError> {
    // A link that leads nowhere is there, too. So is whatever hides behind a folder that cannot be looked into.
    let is_governed = !system.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    match (typed, is_governed) {
        (None, false) => Ok(Site::default()),
        (None, true) => read(system),
        (Some(typed), false) => read(typed),
        (Some(typed), true) => Err(SiteError::Typed { typed: typed.to_owned(), system: system.to_owned() }),
    }
}

fn read(path: &Path) -> Result<Site, SiteError> {
    let name = path.display().to_string();
    let unreadable = |source| InputError::Unreadable { name: name.clone(), source };
    let file = File::open(path).map_err(unreadable)?;
    if let Some(mode) = mode_writable_by_others(&file).map_err(unreadable)? {
        return Err(SiteError::OpenToOthers { path: path.to_owned(), mode });
    }
    let text = input::read_text(file, &name, BYTES_MAX)?;
    let policy = parse(&name, &text).map_err(SiteError::Unsound)?;
    Ok(Site { policy, record: Some(SiteRecord { path: name, text: text.as_str().to_owned() }) })
}

/// The permission bits of a file that its group or anybody else may write to. The open file is asked and not the path, which
/// may meanwhile mean another one.
#[cfg(unix)]
fn mode_writable_by_others(file: &File) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata()?.permissions().mode() & 0o777;
    Ok((mode & 0o022 != 0).then_some(mode))
}

#[cfg(not(unix))]
fn mode_writable_by_others(_: &File) -> io::Result<Option<u32>> {
    Ok(None)
}

/// The policy that the text is, or everything that speaks against it: file, line, field and rule.
fn parse(name: &str, text: &str) -> Result<SitePolicy, Vec<String>> {
    let document = Document::parse(text).map_err(|wrong| vec![format!("{name}:{wrong} (toml)")])?;
    let spec: SiteSpec = toml::from_str(text).map_err(|error| {
        let (line, field) = document.field_at(error.span());
        vec![format!("{name}:{line}: {field}: {} (shape)", input::without_values(error.message().trim()))]
    })?;
    let complaint = |one: &Objection| {
        let line = document.line_of(one.field());
        format!("{name}:{line}: {}: {} ({})", one.field(), one.message(), one.rule())
    };
    let policy = spec.check().map_err(|objections| objections.as_slice().iter().map(complaint).collect::<Vec<_>>())?;
    match policy.hours().map(|hours| (hours, zone(hours))) {
        Some((hours, None)) => {
            let message = format!("no time zone is called `{}`", hours.time_zone());
            Err(vec![complaint(&Objection::new("time_zone", "time_zone", message))])
        }
        Some((_, Some(_))) | None => Ok(policy),
    }
}

/// The zone that a site's hours are read in, by the system's rules or, where there are none, by those built in.
fn zone(hours: &Hours) -> Option<TimeZone> {
    TimeZone::get(hours.time_zone()).ok()
}

fn zoned(hours: &Hours, now: Timestamp) -> Option<jiff::Zoned> {
    let millis = i64::try_from(now.as_millis()).ok()?;
    Some(jiff::Timestamp::from_millisecond(millis).ok()?.to_zoned(zone(hours)?))
}

/// What calendar and clock show at `now` where the site is; `None` if that cannot be told.
pub(crate) fn local_moment(hours: &Hours, now: Timestamp) -> Option<LocalMoment> {
    let zoned = zoned(hours, now)?;
    let days_since_monday = usize::try_from(zoned.weekday().to_monday_zero_offset()).ok()?;
    let minute_of_day = u16::try_from(i32::from(zoned.hour()) * 60 + i32::from(zoned.minute())).ok()?;
    Some(LocalMoment { weekday: *Weekday::ALL.get(days_since_monday)?, minute_of_day })
}

/// When the window closes that is open at `now`: the moment for [`Policy::closes_at`]. `now` itself if none is open or nobody
/// can tell; `None` if it never closes.
///
/// [`Policy::closes_at`]: reinstall_core::policy::Policy::closes_at
pub(crate) fn closes_at(hours: &Hours, now: Timestamp) -> Option<Timestamp> {
    let opening = local_moment(hours, now).map(|moment| hours.at(moment));
    match opening {
        Some(Opening::Open { closes_in: None }) => None,
        Some(Opening::Open { closes_in: Some(wait) }) => Some(after_by_the_wall(hours, now, wait).unwrap_or(now)),
        Some(Opening::Closed { .. }) | None => Some(now),
    }
}

/// The moment when the clock on the wall shows `wait` more than it shows at `now`, its seconds left out. If it shows that
/// twice, the first time; if it leaps over that, the moment of the leap, for what it shows then is later.
fn after_by_the_wall(hours: &Hours, now: Timestamp, wait: Duration) -> Option<Timestamp> {
    let zoned = zoned(hours, now)?;
    let minute = zoned.datetime().with().second(0).subsec_nanosecond(0).build().ok()?;
    let closing = zoned.time_zone().to_ambiguous_zoned(minute.checked_add(wait).ok()?);
    let closing = if let AmbiguousOffset::Gap { .. } = closing.offset() {
        let before_the_leap = closing.earlier().ok()?.timestamp();
        zoned.time_zone().following(before_the_leap).next()?.timestamp()
    } else {
        closing.compatible().ok()?.timestamp()
    };
    let millis = u64::try_from(closing.as_millisecond()).ok()?;
    Some(Timestamp::from_millis(millis))
}

#[cfg(test)]
mod tests;
