//! The names of columns and keys, as the API, its answers and `reinstall list` spell them.

use std::fmt;

use reinstall_core::text::CloudText;

/// What is said of an instance in plain text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    Name,
    State,
    OperationState,
    ErrorCode,
    ErrorMsg,
    ErrorType,
    ImageId,
    ImageName,
    OsType,
    ServerId,
    VpcId,
    SubnetId,
    Ipv4Address,
    CreatedAt,
}

impl Field {
    pub(super) const COUNT: usize = Self::CreatedAt as usize + 1;

    /// Its name as a column.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::State => "state",
            Self::OperationState => "operation_state",
            Self::ErrorCode => "error_code",
            Self::ErrorMsg => "error_msg",
            Self::ErrorType => "error_type",
            Self::ImageId => "image_id",
            Self::ImageName => "image_name",
            Self::OsType => "os_type",
            Self::ServerId => "server_id",
            Self::VpcId => "vpc_id",
            Self::SubnetId => "subnet_id",
            Self::Ipv4Address => "ipv4_address",
            Self::CreatedAt => "created_at",
        }
    }
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Text(Field),
    Tags,
    /// `image`, with fields of its own.
    Image,
    /// `network_interfaces`, likewise.
    Interfaces,
    /// `error`, likewise.
    Error,
    /// The instances of a document.
    Instances,
    /// Something that the cloud finds out by itself, or does not show.
    Ignored,
    /// Why `reinstall` saw nothing of an instance.
    Unseen,
}

/// Names that may stand in one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    /// What they are called.
    kind: &'static str,
    tables: &'static [&'static [(&'static str, Key)]],
}

/// What may stand in a row of any format.
const FLAT: &[(&str, Key)] = &[
    ("id", Key::Text(Field::Id)),
    ("instance_id", Key::Text(Field::Id)),
    ("name", Key::Text(Field::Name)),
    ("state", Key::Text(Field::State)),
    ("operation_state", Key::Text(Field::OperationState)),
    ("image_id", Key::Text(Field::ImageId)),
    ("image_name", Key::Text(Field::ImageName)),
    ("os_type", Key::Text(Field::OsType)),
    ("os", Key::Text(Field::OsType)),
    ("server_id", Key::Text(Field::ServerId)),
    ("vpc_id", Key::Text(Field::VpcId)),
    ("subnet_id", Key::Text(Field::SubnetId)),
    ("ipv4_address", Key::Text(Field::Ipv4Address)),
    ("tags", Key::Tags),
    ("created_at", Key::Text(Field::CreatedAt)),
    ("updated_at", Key::Ignored),
    ("launched_at", Key::Ignored),
    ("description", Key::Ignored),
    ("via", Key::Ignored),
];

/// What is an object of its own elsewhere.
const ERROR_COLUMNS: &[(&str, Key)] = &[
    ("error_code", Key::Text(Field::ErrorCode)),
    ("error_msg", Key::Text(Field::ErrorMsg)),
    ("error_type", Key::Text(Field::ErrorType)),
];

const NESTED: &[(&str, Key)] = &[
    ("image", Key::Image),
    ("network_interfaces", Key::Interfaces),
    ("error", Key::Error),
    ("metadata", Key::Ignored),
    ("user_data", Key::Ignored),
    ("gone", Key::Unseen),
    ("unread", Key::Unseen),
];

const DOCUMENT: &[(&str, Key)] =
    &[("instances", Key::Instances), ("complete", Key::Ignored), ("page_info", Key::Ignored), ("count", Key::Ignored)];

const IMAGE: &[(&str, Key)] =
    &[("id", Key::Text(Field::ImageId)), ("name", Key::Text(Field::ImageName)), ("os_type", Key::Text(Field::OsType))];

const INTERFACE: &[(&str, Key)] =
    &[("subnet_id", Key::Text(Field::SubnetId)), ("ipv4_address", Key::Text(Field::Ipv4Address))];

/// As the API spells them, and as `reinstall list` does.
const ERROR: &[(&str, Key)] = &[
    ("code", Key::Text(Field::ErrorCode)),
    ("message", Key::Text(Field::ErrorMsg)),
    ("type", Key::Text(Field::ErrorType)),
];

impl Names {
    pub(super) const COLUMNS: Self = Self { kind: "column", tables: &[FLAT, ERROR_COLUMNS] };
    pub(super) const ROW: Self = Self { kind: "key", tables: &[FLAT, ERROR_COLUMNS, NESTED] };
    pub(super) const DOCUMENT: Self = Self { kind: "key", tables: &[DOCUMENT, FLAT, ERROR_COLUMNS, NESTED] };
    pub(super) const IMAGE: Self = Self { kind: "key of `image`", tables: &[IMAGE] };
    pub(super) const INTERFACE: Self = Self { kind: "key of `network_interfaces`", tables: &[INTERFACE] };
    pub(super) const ERROR: Self = Self { kind: "key of `error`", tables: &[ERROR_COLUMNS, ERROR] };

    fn all(self) -> impl Iterator<Item = (&'static str, Key)> {
        self.tables.iter().flat_map(|table| table.iter().copied())
    }

    /// What `name` stands for.
    pub(super) fn find(self, name: &str) -> Result<Key, UnknownName> {
        let found = self.all().find(|(known, _)| *known == name);
        found.map(|(_, key)| key).ok_or_else(|| UnknownName {
            kind: self.kind,
            name: name.into(),
            nearest: nearest(name, self.all().map(|(known, _)| known)),
        })
    }
}

/// A name that stands for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownName {
    kind: &'static str,
    name: CloudText,
    nearest: Option<&'static str>,
}

impl fmt::Display for UnknownName {
    /// ``there is no column `nmae`; did you mean `name`?``
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no {} `{}`", self.kind, self.name)?;
        match self.nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}

/// The one of `known` that `name` was most likely meant to be. More than three slips, or as many as half of it, are not forgiven.
fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    const SLIPS_MAX: usize = 3;
    /// Longer than every known name and all that may be forgiven.
    const LEN_MAX: usize = 64;
    if name.len() > LEN_MAX {
        return None;
    }
    let name = name.to_lowercase();
    let slips = known.map(|known| (strsim::damerau_levenshtein(&name, known), known));
    let close = slips.filter(|(slips, known)| *slips <= SLIPS_MAX && slips * 2 < known.len());
    close.min_by_key(|(slips, _)| *slips).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_or_guessed() {
        for (names, name, found) in [
            (Names::COLUMNS, "id", Ok(Key::Text(Field::Id))),
            (Names::COLUMNS, "error_msg", Ok(Key::Text(Field::ErrorMsg))),
            (Names::COLUMNS, "image", Err("there is no column `image`; did you mean `image_id`?")),
            (Names::COLUMNS, "instances", Err("there is no column `instances`; did you mean `instance_id`?")),
            (Names::ROW, "image", Ok(Key::Image)),
            (Names::ROW, "ID", Err("there is no key `ID`; did you mean `id`?")),
            (Names::ROW, "Name", Err("there is no key `Name`; did you mean `name`?")),
            (Names::ROW, "subnet-id", Err("there is no key `subnet-id`; did you mean `subnet_id`?")),
            (Names::ROW, "password", Err("there is no key `password`")),
            (Names::ROW, "\u{1b}[2J", Err("there is no key `\\u{1b}[2J`")),
            (Names::ROW, &"x".repeat(65), Err(&format!("there is no key `{}`", "x".repeat(65)))),
            (Names::DOCUMENT, "instances", Ok(Key::Instances)),
            (Names::IMAGE, "os", Err("there is no key of `image` `os`")),
            (Names::ERROR, "message", Ok(Key::Text(Field::ErrorMsg))),
        ] {
            let told = names.find(name).map_err(|unknown| unknown.to_string());
            assert_eq!(told, found.map_err(str::to_owned), "{name}");
        }
    }

    #[test]
    fn every_column_goes_by_its_own_name() {
        for (name, key) in Names::COLUMNS.all() {
            if let Key::Text(field) = key
                && !["instance_id", "os"].contains(&name)
            {
                assert_eq!(field.name(), name);
            }
        }
    }
}
