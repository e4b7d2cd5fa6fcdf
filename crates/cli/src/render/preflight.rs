//! What reading the targets of a plan showed, for people.

use std::io::{self, Write};

use reinstall_core::id::ImageId;
use reinstall_core::preflight::{Exception, Group, Preflight};

use super::plan::counted;

/// The most instances of one kind that are named one by one.
const NAMED_MAX: usize = 20;
/// The most groups that get a line of their own.
const GROUPS_MAX: usize = 8;

/// How many can be reinstalled, as the end of a sentence: `; 37 can be reinstalled now, 3 would be skipped`.
pub(super) fn in_short(found: &Preflight) -> String {
    let skipped = (!found.skipped.is_empty()).then(|| format!("{} would be skipped", found.skipped.len()));
    let unread = (!found.unread.is_empty()).then(|| format!("{} could not be read", found.unread.len()));
    let parts: Vec<String> = skipped.into_iter().chain(unread).collect();
    if parts.is_empty() {
        return "; all can be reinstalled now".into();
    }
    format!("; {} can be reinstalled now, {}", found.eligible, parts.join(", "))
}

/// What the eligible targets have now, a line each group, the largest first.
pub(super) fn groups(out: &mut dyn Write, found: &Preflight, image: Option<ImageId>) -> io::Result<()> {
    let title = if image.is_some() { "Replaces" } else { "Now" };
    for (index, group) in found.groups.iter().take(GROUPS_MAX).enumerate() {
        let title = if index == 0 { title } else { "" };
        writeln!(out, "{title:<10} {} on {}", described(group, image), counted(group.instances, "instance"))?;
    }
    let others = found.groups.iter().skip(GROUPS_MAX);
    match others.clone().count() {
        0 => Ok(()),
        more => {
            let instances = others.map(|group| group.instances).sum();
            writeln!(out, "{:<10} {more} other images on {}", "", counted(instances, "instance"))
        }
    }
}

fn described(group: &Group, new: Option<ImageId>) -> String {
    let os = group.os.map_or_else(|| "unknown OS".to_owned(), |os| os.to_string());
    match group.image_id {
        None => format!("an unknown image ({os})"),
        Some(image) if Some(image) == new => format!("the same image ({os})"),
        Some(image) => format!("image {image} ({os})"),
    }
}

/// The targets that do not go as a person may expect, by name: those with another operating system than the image's, those
/// that would be skipped, and those that could not be read. Nothing if there are none.
pub(crate) fn exceptions(out: &mut dyn Write, found: &Preflight) -> io::Result<()> {
    if let Some(os) = found.image_os {
        named(out, "WARNING", &format!("whose operating system is not the image's ({os})"), &found.os_changes)?;
    }
    named(out, "Skipped", "as of now", &found.skipped)?;
    named(out, "Unread", "to be read again right before the request", &found.unread)
}

fn named(out: &mut dyn Write, title: &str, what: &str, exceptions: &[Exception]) -> io::Result<()> {
    if exceptions.is_empty() {
        return Ok(());
    }
    writeln!(out, "{title:<10} {} {what}:", counted(exceptions.len(), "instance"))?;
    for Exception { id, name, reason } in exceptions.iter().take(NAMED_MAX) {
        match name {
            Some(name) => writeln!(out, "             {name} ({id}): {reason}")?,
            None => writeln!(out, "             {id}: {reason}")?,
        }
    }
    match exceptions.len().saturating_sub(NAMED_MAX) {
        0 => Ok(()),
        more => writeln!(out, "             and {more} more; `reinstall plan --output json` names all"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;
    use reinstall_core::instance::OsFamily;
    use reinstall_core::summary::Reason;

    fn found() -> Preflight {
        let exception = |bits, name: Option<&str>, code: &str, message: &str| Exception {
            id: sample::id(bits),
            name: name.map(Into::into),
            reason: Reason::new(code, message),
        };
        let group = |bits: Option<u128>, os, instances| Group { image_id: bits.map(ImageId::from_bits), os, instances };
        Preflight {
            eligible: 36,
            skipped: (1..=22)
                .map(|bits| exception(bits, Some("db-1"), "busy", "running/modify-ip-processing"))
                .collect(),
            unread: vec![exception(30, None, "timed_out", "no answer in 60s")],
            groups: vec![group(Some(1), Some(OsFamily::Linux), 30), group(None, None, 5), group(Some(2), None, 1)],
            image_os: Some(OsFamily::Linux),
            os_changes: vec![exception(31, Some("win-1"), "other_os", "it runs windows, and the image installs linux")],
        }
    }

    #[test]
    fn what_is_odd_is_named_and_the_rest_is_counted() {
        let mut shown = Vec::new();
        writeln!(shown, "Instances  59 in 3 requests{}", in_short(&found())).unwrap();
        groups(&mut shown, &found(), Some(ImageId::from_bits(2))).unwrap();
        exceptions(&mut shown, &found()).unwrap();
        insta::assert_snapshot!(String::from_utf8(shown).unwrap());
    }

    #[test]
    fn where_nothing_is_odd_nothing_is_said() {
        let mut shown = Vec::new();
        let found = Preflight { eligible: 3, ..Preflight::default() };
        exceptions(&mut shown, &found).unwrap();
        assert_eq!((shown.len(), in_short(&found).as_str()), (0, "; all can be reinstalled now"));
    }
}
