//! The settings of one section of an INI file.

use ini_core::{Item, Parser};

/// A line of it that says something.
pub(super) struct Entry<'t> {
    pub(super) line: u64,
    pub(super) key: &'t str,
    pub(super) value: &'t str,
}

/// A line that is not INI, and the rule it breaks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) line: u64,
    pub(super) rule: &'static str,
}

const SECTION_RULE: &str = "a section is written `[name]`, alone in its line";
const SETTING_RULE: &str = "a setting is written `key = value`";
const TWICE_RULE: &str = "this key was set before, in the same section";

/// What the section `name` sets, or `None` if there is no such section. Values are as they stand there: nothing is
/// unquoted or unescaped, and `#` or `;` within a line begins no comment, since the official SDKs read the file so.
pub(super) fn section<'t>(text: &'t str, name: &str) -> Result<Option<Vec<Entry<'t>>>, Unreadable> {
    let mut parser = Parser::new(text).auto_trim(true);
    let mut entries: Option<Vec<Entry<'t>>> = None;
    let mut inside = false;
    loop {
        let line = u64::from(parser.line()) + 1;
        let wrong = |rule| Unreadable { line, rule };
        match parser.next() {
            None => return Ok(entries),
            Some(Item::Section(section)) => {
                inside = section == name;
                if inside {
                    entries.get_or_insert_default();
                }
            }
            Some(Item::Property(key, _)) if key.starts_with(['#', ';']) => {}
            Some(Item::Property(key, Some(value))) if !key.is_empty() && !key.contains(':') => {
                if let (true, Some(entries)) = (inside, entries.as_mut()) {
                    if entries.iter().any(|entry| entry.key.eq_ignore_ascii_case(key)) {
                        return Err(wrong(TWICE_RULE));
                    }
                    entries.push(Entry { line, key, value });
                }
            }
            Some(Item::Property(_, _)) => return Err(wrong(SETTING_RULE)),
            Some(Item::Error(_)) => return Err(wrong(SECTION_RULE)),
            Some(Item::SectionEnd | Item::Comment(_) | Item::Blank) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_read_as_they_stand() {
        let text = "; c\n# c = d\nearly = 1\r\n[global]\nak = G\n\n[basic]\nak = A\n  # sk = no\n SK= a=b;c#d \"\n\n[other]\n\
                    sk = O\n[basic]\nx =\n";
        let entries = section(text, "basic").unwrap().unwrap();
        let read: Vec<(u64, &str, &str)> = entries.iter().map(|entry| (entry.line, entry.key, entry.value)).collect();
        assert_eq!(read, [(8, "ak", "A"), (10, "SK", "a=b;c#d \""), (15, "x", "")]);
        assert!(section(text, "none").unwrap().is_none());
        assert!(section("", "basic").unwrap().is_none());
        assert!(section("[basic]", "basic").unwrap().unwrap().is_empty());
    }

    #[test]
    fn what_is_not_ini_is_told_by_its_line() {
        for (text, line, rule) in [
            ("[basic\nak = 1\n", 1, SECTION_RULE),
            ("\n[basic] x\n", 2, SECTION_RULE),
            ("[basic]\n\nak\n", 3, SETTING_RULE),
            ("[basic]\nak: A=\n", 2, SETTING_RULE),
            ("[basic]\n = A\n", 2, SETTING_RULE),
            ("[basic]\nak = 1\nAK = 2\n", 3, TWICE_RULE),
            ("[other]\nnonsense\n", 2, SETTING_RULE),
        ] {
            assert_eq!(section(text, "basic").err(), Some(Unreadable { line, rule }), "{text}");
        }
    }
}
