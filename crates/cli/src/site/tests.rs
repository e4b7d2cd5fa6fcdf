//! Policies as files.

use std::fs;

use super::*;

/// What the file says where nothing is wrong with it, or every complaint.
fn complaints(text: &str) -> Vec<String> {
    parse("p.toml", text).err().unwrap_or_default()
}

fn hours(windows: &str, zone: &str) -> Hours {
    let text = format!("allowed_hours = [{windows:?}]\ntime_zone = {zone:?}");
    parse("p.toml", &text).unwrap().hours().unwrap().clone()
}

fn at(text: &str) -> Timestamp {
    let moment: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_millis(u64::try_from(moment.as_millisecond()).unwrap())
}

#[test]
fn complaints_name_file_line_field_and_rule() {
    for (text, expected) in [
        ("in_flight_max = 5\n", &[][..]),
        ("in_flight_max = \n", &["p.toml:1: string values must be quoted, expected literal string (toml)"]),
        ("a = 1\na = 2\n", &["p.toml:2: duplicate key (toml)"]),
        (
            "\n\nin_flight = 5\n",
            &["p.toml:3: in_flight: unknown field `in_flight`, expected one of `instances_per_run_max`, \
               `instances_per_day_max`, `in_flight_max`, `max_unavailable`, `allowed_hours`, `time_zone`, `protected` (shape)"],
        ),
        (
            "in_flight_max = \"5\"\n",
            &["p.toml:1: in_flight_max: invalid type: string (not shown), expected usize (shape)"],
        ),
        (
            "max_unavailable = \"half\"\n",
            &[
                "p.toml:1: max_unavailable: (not shown) is not a number of targets: write a count, as in `5`, or a part, as in \
               `10%` (0% to 100%) (shape)",
            ],
        ),
        (
            "[[protected]]\nids = []\n\n[[protected]]\nreason = \"x\"\nnames = [\n  \"a\",\n  3,\n]\n",
            &["p.toml:8: protected[1].names[1]: invalid type: integer (not shown), expected a string (shape)"],
        ),
        (
            "in_flight_max = 0\nallowed_hours = [\n  \"22:00-06:00\",\n  \"always\",\n]\n\n[[protected]]\nreason = \"x\"\n\n\
             [[protected]]\nids = [\"i-1\"]\n",
            &[
                "p.toml:1: in_flight_max: with 0 nothing could ever be reinstalled; write 1 or more (range)",
                "p.toml:4: allowed_hours[1]: `always` is not a window: write for example `Mon-Fri 22:00-06:00`, \
                 `Sat,Sun 00:00-24:00` or `12:00-13:00` (window)",
                "p.toml:1: time_zone: `allowed_hours` need the name of a time zone, such as Europe/Berlin (required)",
                "p.toml:7: protected[0]: it protects nobody: name ids, names or tags (empty)",
                "p.toml:11: protected[1].ids[0]: a text of 3 characters (not shown) is not an instance id: it must be a UUID, 8-4-4-4-12 hexadecimal \
                 digits with hyphens (uuid)",
                "p.toml:10: protected[1].reason: say why, for whoever will be refused (required)",
            ],
        ),
        (
            "# Here\nallowed_hours = [\"22:00-06:00\"]\ntime_zone = \"Mars/Olympus\"\n",
            &["p.toml:3: time_zone: no time zone is called `Mars/Olympus` (time_zone)"],
        ),
    ] {
        assert_eq!(complaints(text), expected, "{text}");
    }
}

#[test]
fn the_file_is_found_or_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let missing = path("missing.toml");
    fs::write(path("site.toml"), "in_flight_max = 5\n").unwrap();
    fs::write(path("wrong.toml"), "in_flight_max = 0\n").unwrap();
    restrict(&path("site.toml"), 0o644);
    restrict(&path("wrong.toml"), 0o644);
    for (typed, system, told) in [
        (None, "missing.toml", "allows everything"),
        (None, "site.toml", "allows some"),
        (None, "wrong.toml", "the site's policy is not sound, so it allows nothing:"),
        (None, ".", "the site's policy: cannot read "),
        (None, "site.toml/below", "the site's policy: cannot read "),
        (Some("site.toml"), "missing.toml", "allows some"),
        (Some("missing.toml"), "missing.toml", "the site's policy: cannot read "),
        // A flag lowers ceilings, and never takes them away.
        (Some("missing.toml"), "site.toml", "--policy "),
        (Some("site.toml"), "site.toml", "--policy "),
    ] {
        let typed = typed.map(path);
        let found = match load_one_of(typed.as_deref(), &path(system)) {
            Ok(site) if site.policy == SitePolicy::default() => "allows everything".to_owned(),
            Ok(_) => "allows some".to_owned(),
            Err(error) => error.to_string(),
        };
        assert!(found.starts_with(told), "{typed:?} {system}: {found}");
    }
    let nothing = load_one_of(None, &missing).unwrap();
    assert_eq!((nothing.policy, nothing.record), (SitePolicy::default(), None));
    assert!(load(Some(&missing)).is_err(), "whether or not this machine has a policy of its own");
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: u32) {}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_write_to_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.toml");
    fs::write(&path, "in_flight_max = 5\n").unwrap();
    for (mode, refused) in
        [(0o600, false), (0o644, false), (0o444, false), (0o664, true), (0o620, true), (0o646, true), (0o602, true)]
    {
        restrict(&path, mode);
        let read = load_one_of(None, &path);
        assert_eq!(
            matches!(read, Err(SiteError::OpenToOthers { mode: told, .. }) if told == mode),
            refused,
            "{mode:o}"
        );
        assert_eq!(read.is_ok(), !refused, "{mode:o}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_no_missing_file() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("policy.toml");
    std::os::unix::fs::symlink(folder.path().join("gone"), &link).unwrap();
    assert!(matches!(load_one_of(None, &link), Err(SiteError::Input(_))));
}

#[test]
fn clocks_are_read_where_the_site_is() {
    for (zone, now, shown) in [
        ("UTC", "2026-11-23T23:59:59Z", "Mon 23:59"),
        ("Asia/Shanghai", "2026-11-23T23:59:59Z", "Tue 07:59"),
        ("America/New_York", "2026-11-23T03:30:00Z", "Sun 22:30"),
        ("Europe/Berlin", "2026-07-01T10:00:00Z", "Wed 12:00"),
        ("Europe/Berlin", "2026-12-01T10:00:00Z", "Tue 11:00"),
    ] {
        let moment = local_moment(&hours("00:00-24:00", zone), at(now)).unwrap();
        assert_eq!(moment.to_string(), shown, "{now} in {zone}");
    }
    assert_eq!(local_moment(&hours("00:00-24:00", "UTC"), Timestamp::from_millis(u64::MAX)), None);
}

#[test]
fn closing_time_is_by_the_clock_on_the_wall() {
    for (windows, now, closes) in [
        ("00:00-24:00", "2026-11-23T12:00:00Z", None),
        ("22:00-06:00", "2026-11-23T22:30:59.5Z", Some("2026-11-24T05:00:00Z")),
        // Closed: at once.
        ("22:00-06:00", "2026-11-23T12:00:00Z", Some("2026-11-23T12:00:00Z")),
        // The nights when the clock is put forward and back: an hour less, an hour more.
        ("22:00-06:00", "2026-03-28T21:00:00Z", Some("2026-03-29T04:00:00Z")),
        ("22:00-06:00", "2026-10-24T20:00:00Z", Some("2026-10-25T05:00:00Z")),
        // A time that the clock leaps over closes when it leaps: it shows 03:00 then.
        ("22:00-02:30", "2026-03-28T21:00:00Z", Some("2026-03-29T01:00:00Z")),
        ("22:00-02:00", "2026-03-28T21:00:00Z", Some("2026-03-29T01:00:00Z")),
        ("22:00-03:00", "2026-03-28T21:00:00Z", Some("2026-03-29T01:00:00Z")),
        ("01:00-02:59", "2026-03-29T00:59:00Z", Some("2026-03-29T01:00:00Z")),
        // A time that the clock shows twice closes the first time.
        ("22:00-02:30", "2026-10-24T20:00:00Z", Some("2026-10-25T00:30:00Z")),
    ] {
        assert_eq!(closes_at(&hours(windows, "Europe/Berlin"), at(now)), closes.map(at), "{windows} at {now}");
    }
    let never = Timestamp::from_millis(u64::MAX);
    assert_eq!(closes_at(&hours("22:00-06:00", "UTC"), never), Some(never), "who cannot tell starts nothing");
}
