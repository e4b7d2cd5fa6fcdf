//! Where in a TOML file something stands.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A TOML file, with the place of every value.
pub(super) struct Document<'t> {
    text: &'t str,
    root: Spanned<DeTable<'t>>,
}

impl<'t> Document<'t> {
    /// Reads the text.
    ///
    /// # Errors
    /// `line: what is wrong` where it is no TOML.
    pub(super) fn parse(text: &'t str) -> Result<Self, String> {
        match DeTable::parse(text) {
            Ok(root) => Ok(Self { text, root }),
            Err(error) => {
                let line = line(text, error.span().map_or(0, |span| span.start));
                let message = error.message().lines().collect::<Vec<_>>().join(", ");
                Err(format!("{line}: {message}"))
            }
        }
    }

    /// The line, counted from 1, of a field such as `protected[1].ids[0]`; where it is missing, of what it is missing in.
    pub(super) fn line_of(&self, field: &str) -> usize {
        let mut parts = field.split(['.', '[', ']']).filter(|part| !part.is_empty());
        let of_root = |name| self.root.get_ref().iter().find(|(key, _)| key.get_ref() == name);
        let Some((_, mut value)) = parts.next().and_then(of_root) else { return 1 };
        for part in parts {
            let inner = match part.parse::<usize>() {
                Ok(index) => value.get_ref().get(index),
                Err(_) => value.get_ref().get(part),
            };
            match inner {
                Some(inner) => value = inner,
                None => break,
            }
        }
        line(self.text, value.span().start)
    }

    /// The line and the path of the field that stands at the beginning of `span`.
    pub(super) fn field_at(&self, span: Option<Range<usize>>) -> (usize, String) {
        let at = span.map_or(0, |span| span.start);
        let field = in_table(self.root.get_ref(), "", at).unwrap_or_else(|| "the file".into());
        (line(self.text, at), field)
    }
}

fn in_table(table: &DeTable<'_>, path: &str, at: usize) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let dot = if path.is_empty() { "" } else { "." };
        let path = format!("{path}{dot}{}", key.get_ref());
        in_value(value, &path, at).or_else(|| key.span().contains(&at).then_some(path))
    })
}

/// The innermost first; a table's own place is but its header.
fn in_value(value: &Spanned<DeValue<'_>>, path: &str, at: usize) -> Option<String> {
    let inner = match value.get_ref() {
        DeValue::Table(table) => in_table(table, path, at),
        DeValue::Array(entries) => {
            (0_usize..).zip(entries.iter()).find_map(|(index, entry)| in_value(entry, &format!("{path}[{index}]"), at))
        }
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
            None
        }
    };
    inner.or_else(|| value.span().contains(&at).then(|| path.to_owned()))
}

fn line(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}
