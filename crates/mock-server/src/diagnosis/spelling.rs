//! How a piece of a path or a query may be spelled.

use percent_encoding::percent_decode_str;

/// One way to spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As it should be: everything but letters, digits and `-._~` escaped, once, in upper case.
    Right,
    /// As it stands in the request line.
    AsSent,
    /// Not escaped at all.
    Unescaped,
    /// A space as `+`, as forms have it.
    Plus,
    /// A `+` of the request line taken for a space.
    PlusForSpace,
    /// What is escaped already escaped once more.
    Twice,
    /// As JavaScript's `encodeURIComponent` does it.
    JavaScript,
    /// With the escapes in lower case.
    LowerCase,
    /// With slashes left alone.
    SlashKept,
}

impl Spelling {
    /// `sent` in this spelling.
    pub(super) fn of(self, sent: &str) -> Vec<u8> {
        let meant = || percent_decode_str(sent).collect::<Vec<u8>>();
        match self {
            Self::Right => escaped(&meant(), b"", Case::Upper),
            Self::AsSent => sent.as_bytes().to_vec(),
            Self::Unescaped => meant(),
            Self::Plus => {
                let spaced = meant();
                let words: Vec<_> = spaced.split(|byte| matches!(byte, b' ' | b'+')).collect();
                words.iter().map(|word| escaped(word, b"", Case::Upper)).collect::<Vec<_>>().join(&b'+')
            }
            Self::PlusForSpace => Self::Right.of(&sent.replace('+', "%20")),
            Self::Twice => escaped(sent.as_bytes(), b"", Case::Upper),
            Self::JavaScript => escaped(&meant(), b"!'()*", Case::Upper),
            Self::LowerCase => escaped(&meant(), b"", Case::Lower),
            Self::SlashKept => escaped(&meant(), b"/", Case::Upper),
        }
    }

    /// How that is called, to go after "it was signed".
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Right => "as it should be",
            Self::AsSent => "as it stands in the request line",
            Self::Unescaped => "without escapes",
            Self::Plus => "with `+` for a space",
            Self::PlusForSpace => "with a space where the request line has `+`, which stands for itself",
            Self::Twice => "escaped twice",
            Self::JavaScript => "with `!'()*` left alone, as JavaScript's encodeURIComponent does",
            Self::LowerCase => "with escapes in lower case",
            Self::SlashKept => "with slashes left alone",
        }
    }
}

#[derive(Clone, Copy)]
enum Case {
    Upper,
    Lower,
}

/// Escapes what is not plain.
fn escaped(bytes: &[u8], also_plain: &[u8], case: Case) -> Vec<u8> {
    let mut spelled = Vec::with_capacity(bytes.len());
    for byte in bytes {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || also_plain.contains(byte);
        match (is_plain, case) {
            (true, _) => spelled.push(*byte),
            (false, Case::Upper) => spelled.extend_from_slice(format!("%{byte:02X}").as_bytes()),
            (false, Case::Lower) => spelled.extend_from_slice(format!("%{byte:02x}").as_bytes()),
        }
    }
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spelling_is_what_it_says() {
        use Spelling as S;
        for (spelling, spelled) in [
            (S::Right, "a%20b%2Bc%2F%2A~"),
            (S::AsSent, "a%20b+c/%2a~"),
            (S::Unescaped, "a b+c/*~"),
            (S::Plus, "a+b+c%2F%2A~"),
            (S::PlusForSpace, "a%20b%20c%2F%2A~"),
            (S::Twice, "a%2520b%2Bc%2F%252a~"),
            (S::JavaScript, "a%20b%2Bc%2F*~"),
            (S::LowerCase, "a%20b%2bc%2f%2a~"),
            (S::SlashKept, "a%20b%2Bc/%2A~"),
        ] {
            assert_eq!(String::from_utf8(spelling.of("a%20b+c/%2a~")).unwrap(), spelled, "{spelling:?}");
        }
    }
}
