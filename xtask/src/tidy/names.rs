//! The rule about names.

use super::{Breach, File};

/// Endings that say nothing about what a type is.
const EMPTY_ENDINGS: [&str; 11] =
    ["Context", "Data", "Handler", "Helper", "Info", "Manager", "Processor", "Service", "Util", "Utils", "Wrapper"];

/// A type is named by what it is, a noun one would say aloud.
pub(super) fn types(file: File<'_>) -> Vec<Breach> {
    if !file.is_rust() {
        return Vec::new();
    }
    let named = file.code_lines().filter_map(|(number, line)| Some((number, declared_type(line)?)));
    let empty = named.filter(|(_, name)| EMPTY_ENDINGS.iter().any(|ending| name.ends_with(ending)));
    empty.map(|(number, name)| (number, format!("`{name}`: name it by what it is; its ending says nothing"))).collect()
}

/// The name that a line declares as a struct, enum, trait or union.
fn declared_type(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub") || *word == "unsafe");
    let keyword = words.next()?;
    let name = words.next()?;
    let is_type = matches!(keyword, "enum" | "struct" | "trait" | "union");
    is_type.then(|| name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::super::breached;
    use super::*;

    #[test]
    fn types_are_named_by_what_they_are() {
        for (text, fits) in [
            ("struct Plan;", true),
            ("pub struct Metadata {", true),
            ("pub(crate) struct Info {", false),
            ("    pub(super) enum RetryContext<'a> {", false),
            ("pub struct Wrapper(u8);", false),
            ("pub trait RequestHandler: Send {", false),
            ("struct StringUtils;", false),
            ("// struct Manager;", true),
            ("let data = Data;", true),
            ("struct Handlers;", true),
            ("impl Service<Request> for App {", true),
        ] {
            assert_eq!(breached(types, "a.rs", text).is_empty(), fits, "{text}");
        }
        assert!(breached(types, "a.md", "struct Info;").is_empty());
    }
}
