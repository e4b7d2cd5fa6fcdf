//! How text leaves the program: the two standard streams, written to until everything is out, and the one escaping that all
//! text passes on its way.

use std::io::{self, Write};

use reinstall_core::text;

/// A standard stream. Where it does not take everything at once it is waited for: a parent such as node may have made it
/// non-blocking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

#[cfg(unix)]
impl Stream {
    fn descriptor(self) -> std::os::fd::BorrowedFd<'static> {
        match self {
            Self::Output => rustix::stdio::stdout(),
            Self::Error => rustix::stdio::stderr(),
        }
    }

    /// How many columns the terminal has that the stream leads to, if it leads to one.
    pub(crate) fn columns(self) -> Option<usize> {
        let size = rustix::termios::tcgetwinsize(self.descriptor()).ok()?;
        (size.ws_col > 0).then(|| usize::from(size.ws_col))
    }
}

#[cfg(unix)]
impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, poll};
        use rustix::io::Errno;
        let descriptor = self.descriptor();
        loop {
            match rustix::io::write(descriptor, bytes) {
                Err(Errno::AGAIN) => match poll(&mut [PollFd::new(&descriptor, PollFlags::OUT)], None) {
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                },
                Err(Errno::INTR) => {}
                other => return other.map_err(io::Error::from),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(not(unix))]
impl Stream {
    /// How many columns the terminal has that the stream leads to, if that is known.
    pub(crate) fn columns(self) -> Option<usize> {
        None
    }
}

#[cfg(not(unix))]
impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Output => io::stdout().write(bytes),
            Self::Error => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Output => io::stdout().flush(),
            Self::Error => io::stderr().flush(),
        }
    }
}

/// What an [`Escaping`] writer lets through, and how it writes the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Line breaks pass; what steers a terminal becomes `\u{..}`.
    Text,
    /// As `Text`, and colours pass (`ESC [ .. m`). For text whose foreign parts were escaped before it was coloured.
    Coloured,
    /// As `Text`, but `\u....` as JSON has it: the value is the same.
    Json,
}

/// Writes text with every character that could steer a terminal escaped ([`text::is_terminal_control`]), wherever it came
/// from: a file name, `$USER`, a flag. What is not UTF-8 becomes U+FFFD.
pub(crate) struct Escaping<W> {
    inner: W,
    kind: Kind,
    /// The beginning of a character whose other bytes have not come yet.
    begun: Vec<u8>,
}

impl<W: Write> Escaping<W> {
    /// For text.
    pub(crate) fn text(inner: W) -> Self {
        Self { inner, kind: Kind::Text, begun: Vec::new() }
    }

    /// For text that is coloured, and whose foreign parts are escaped already.
    pub(crate) fn coloured(inner: W) -> Self {
        Self { inner, kind: Kind::Coloured, begun: Vec::new() }
    }

    /// For JSON.
    pub(crate) fn json(inner: W) -> Self {
        Self { inner, kind: Kind::Json, begun: Vec::new() }
    }
}

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = std::mem::take(&mut self.begun);
        all.extend_from_slice(bytes);
        let mut clean = String::with_capacity(all.len());
        let mut rest = all.as_slice();
        while !rest.is_empty() {
            match std::str::from_utf8(rest) {
                Ok(valid) => {
                    escape(self.kind, valid, &mut clean);
                    rest = &[];
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    escape(self.kind, &String::from_utf8_lossy(valid), &mut clean);
                    let Some(invalid) = error.error_len() else {
                        self.begun = after.to_vec();
                        break;
                    };
                    clean.push(char::REPLACEMENT_CHARACTER);
                    rest = &after[invalid..];
                }
            }
        }
        self.inner.write_all(clean.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn escape(kind: Kind, text: &str, clean: &mut String) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let colour = if kind == Kind::Coloured { colour_at(rest) } else { "" };
        let len = colour.len().max(c.len_utf8());
        if c == '\n' || !colour.is_empty() || !text::is_terminal_control(c) {
            clean.push_str(&rest[..len]);
        } else if kind == Kind::Json {
            clean.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            clean.extend(c.escape_unicode());
        }
        rest = &rest[len..];
    }
}

/// The change of colour that `text` begins with (ECMA-48, SGR), or nothing.
fn colour_at(text: &str) -> &str {
    let Some(parameters) = text.strip_prefix("\x1b[") else { return "" };
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(parameters.len());
    if parameters[end..].starts_with('m') { &text[..end + 3] } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(kind: Kind, pieces: &[&[u8]]) -> String {
        let mut out = Vec::new();
        let mut writer = Escaping { inner: &mut out, kind, begun: Vec::new() };
        pieces.iter().for_each(|piece| writer.write_all(piece).unwrap());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_steers_a_terminal_is_escaped_wherever_it_came_from() {
        for (kind, given, shown) in [
            (Kind::Text, "two\nlines", "two\nlines"),
            (Kind::Text, "实例 ✓", "实例 ✓"),
            (Kind::Text, "\x1b[31mred\x1b[0m", "\\u{1b}[31mred\\u{1b}[0m"),
            (Kind::Text, "a\u{202e}b\u{9b}c\r", "a\\u{202e}b\\u{9b}c\\u{d}"),
            (Kind::Text, "\u{e0041}\u{ad}\u{3164}", "\\u{e0041}\\u{ad}\\u{3164}"),
            (Kind::Coloured, "\x1b[1;31mred\x1b[m", "\x1b[1;31mred\x1b[m"),
            (Kind::Coloured, "\x1b[2J\x1b]0;t\x07\x1b[", "\\u{1b}[2J\\u{1b}]0;t\\u{7}\\u{1b}["),
            (Kind::Json, "\"\u{9b}\u{202e}\u{e0041}\"\n", "\"\\u009b\\u202e\\udb40\\udc41\"\n"),
        ] {
            assert_eq!(written(kind, &[given.as_bytes()]), shown);
        }
    }

    #[test]
    fn a_character_may_come_in_pieces_and_what_is_none_is_replaced() {
        for (pieces, shown) in [
            (&[&b"\xe2\x80"[..], b"\xae!"][..], "\\u{202e}!"),
            (&[b"\xf0", b"\x9f", b"\x98\x80"], "\u{1f600}"),
            (&[b"a\xffb"], "a\u{fffd}b"),
            (&[b"\xe2", b"x"], "\u{fffd}x"),
        ] {
            assert_eq!(written(Kind::Text, pieces), shown);
        }
    }

    #[test]
    fn json_means_the_same_as_before() {
        let value = serde_json::json!({ "name": "\u{9b}2J\u{202e}\u{e0041}é" });
        let mut out = Vec::new();
        serde_json::to_writer(Escaping::json(&mut out), &value).unwrap();
        let shown = String::from_utf8(out).unwrap();
        assert!(!shown.contains(text::is_terminal_control), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
