//! The usual ways to spell a text in others, undone. Made for searching: what is no encoding decodes to something as well.

/// `text` with each escape of JSON, of addresses and of HTML replaced once; `None` if there is none.
pub(super) fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let escape = match first {
            b'\\' => backslash(after),
            b'%' => percent(after),
            b'&' => entity(after),
            _ => None,
        };
        match escape {
            Some((code, len)) => {
                // A number above 127 after a `%` or `\x` is a byte, and elsewhere a character.
                let is_byte = *first == b'%' || after.first() == Some(&b'x');
                push(&mut out, code, is_byte && code < 256 && after.first() != Some(&b'u'));
                rest = &after[len..];
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    (out != text).then_some(out)
}

fn push(out: &mut Vec<u8>, code: u32, is_byte: bool) {
    if let (true, Ok(byte)) = (is_byte, u8::try_from(code)) {
        out.push(byte);
    } else {
        let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// What stands behind a backslash: the character, and how many bytes it takes.
fn backslash(after: &[u8]) -> Option<(u32, usize)> {
    let one = |c: u8| Some((u32::from(c), 1));
    match after.first()? {
        b'u' if after.get(1) == Some(&b'{') => {
            let len = after.iter().position(|byte| *byte == b'}')?;
            Some((number(&after[2..len], 16)?, len + 1))
        }
        b'u' => {
            let high = number(after.get(1..5)?, 16)?;
            let low = after.get(5..11).filter(|next| next.starts_with(b"\\u")).and_then(|next| number(&next[2..], 16));
            match low {
                Some(low @ 0xdc00..=0xdfff) if (0xd800..0xdc00).contains(&high) => {
                    Some((0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00), 11))
                }
                Some(_) | None => Some((high, 5)),
            }
        }
        b'x' => Some((number(after.get(1..3)?, 16)?, 3)),
        b'n' => Some((u32::from(b'\n'), 1)),
        b'r' => Some((u32::from(b'\r'), 1)),
        b't' => Some((u32::from(b'\t'), 1)),
        c if c.is_ascii_punctuation() => one(*c),
        _ => None,
    }
}

fn percent(after: &[u8]) -> Option<(u32, usize)> {
    match after.first()? {
        b'u' => Some((number(after.get(1..5)?, 16)?, 5)),
        _ => Some((number(after.get(..2)?, 16)?, 2)),
    }
}

/// The names of characters that are neither letters nor digits.
const ENTITIES: [(&str, char); 32] = [
    ("amp", '&'),
    ("apos", '\''),
    ("ast", '*'),
    ("bsol", '\\'),
    ("colon", ':'),
    ("comma", ','),
    ("commat", '@'),
    ("dollar", '$'),
    ("equals", '='),
    ("excl", '!'),
    ("grave", '`'),
    ("gt", '>'),
    ("Hat", '^'),
    ("lbrace", '{'),
    ("lbrack", '['),
    ("lowbar", '_'),
    ("lpar", '('),
    ("lt", '<'),
    ("nbsp", ' '),
    ("num", '#'),
    ("percnt", '%'),
    ("period", '.'),
    ("plus", '+'),
    ("quest", '?'),
    ("quot", '"'),
    ("rbrace", '}'),
    ("rbrack", ']'),
    ("rpar", ')'),
    ("semi", ';'),
    ("sol", '/'),
    ("verbar", '|'),
    ("hyphen", '-'),
];

fn entity(after: &[u8]) -> Option<(u32, usize)> {
    const LEN_MAX: usize = 12;
    let end = after.iter().take(LEN_MAX).position(|byte| *byte == b';')?;
    let code = match &after[..end] {
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        name => ENTITIES.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, c)| u32::from(*c))?,
    };
    Some((code, end + 1))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?;
    u32::from_str_radix(text, radix).ok()
}

/// What the runs in `text` decode to that could be base64 or hexadecimal digits of at least so many bytes: from each offset
/// that makes a difference, since the beginning of a run may belong to something else.
pub(super) fn decoded(text: &[u8], bytes_min: usize) -> impl Iterator<Item = Vec<u8>> {
    let joined = |drop: fn(u8) -> bool| text.iter().copied().filter(move |byte| !drop(*byte)).collect::<Vec<u8>>();
    // Lines are broken at 64 or 76 letters, and bytes are set apart by colons.
    let base64 = runs(&joined(|byte| byte.is_ascii_whitespace()), bytes_min, 6, sextet);
    let hex = runs(&joined(|byte| byte.is_ascii_whitespace() || matches!(byte, b':' | b'-')), bytes_min, 4, hex_digit);
    base64.into_iter().chain(hex)
}

fn runs(text: &[u8], bytes_min: usize, bits: u32, value: fn(u8) -> Option<u8>) -> Vec<Vec<u8>> {
    let whole = if bits == 6 { 4 } else { 2 };
    let mut found = Vec::new();
    for run in text.split(|byte| value(*byte).is_none()) {
        let values: Vec<u8> = run.iter().filter_map(|byte| value(*byte)).collect();
        for offset in 0..whole.min(values.len()) {
            let bytes = joined_bits(&values[offset..], bits);
            if bytes.len() >= bytes_min {
                found.push(bytes);
            }
        }
    }
    found
}

/// The bits of `values`, eight by eight; what is left over is dropped.
fn joined_bits(values: &[u8], bits: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(values.len());
    let (mut held, mut count) = (0_u32, 0);
    for value in values {
        held = (held << bits | u32::from(*value)) & 0xffff;
        count += bits;
        if count >= 8 {
            count -= 8;
            out.push((held >> count & 0xff) as u8);
        }
    }
    out
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
