//! The names of columns and fields that mean something in a list of targets, in whatever case.

/// Whether the field holds the id.
pub(super) fn holds_id(field: &str) -> bool {
    is_one_of(field, &["id", "instance_id"])
}

/// Whether the field holds the name.
pub(super) fn holds_name(field: &str) -> bool {
    is_one_of(field, &["name", "instance_name"])
}

/// Whether the field holds addresses.
pub(super) fn holds_address(field: &str) -> bool {
    is_one_of(field, &["address", "ip", "ip_address", "ipv4", "ipv4_address"])
}

/// A space or a hyphen in a name is as good as an underscore: people write headers.
fn is_one_of(field: &str, known: &[&str]) -> bool {
    let same = |given: u8, known: u8| match given {
        b' ' | b'-' => known == b'_',
        given => given.eq_ignore_ascii_case(&known),
    };
    let field = field.trim().as_bytes();
    known.iter().any(|known| {
        known.len() == field.len() && field.iter().zip(known.bytes()).all(|(given, known)| same(*given, known))
    })
}

/// The addresses in one field: several may stand there, with commas, semicolons or spaces between them.
pub(super) fn addresses_in(field: &str) -> impl Iterator<Item = String> + '_ {
    let words = field.split(|c: char| c == ',' || c == ';' || c.is_whitespace());
    words.filter(|word| !word.is_empty()).map(str::to_owned)
}
