//! How instances stand: what `status` and `list` show.

use std::io::{self, Write};

use reinstall_core::action::Look;
use reinstall_core::id::InstanceId;
use reinstall_core::sighting::Sighting;
use serde::Serialize;
use serde::ser::SerializeMap;

use super::table;

/// Instances and how they stand, as a table.
pub(crate) fn text(out: &mut dyn Write, looks: &[(InstanceId, Look)]) -> io::Result<()> {
    let mut rows = table::new(["INSTANCE", "STATE", "OPERATION", "NAME", "NOTE"]);
    for (id, look) in looks {
        let (state, operation, name, note) = match look {
            Look::Seen(seen) => (
                table::or_dash(seen.state.as_ref()),
                table::or_dash(seen.operation.as_ref()),
                table::or_dash(seen.name.as_ref()),
                seen.fault.as_ref().map(|fault| format!("{}: {}", fault.code, fault.message)).unwrap_or_default(),
            ),
            Look::Gone(fault) => ("gone".into(), "-".into(), "-".into(), fault.to_string()),
            Look::Unread(fault) => ("unread".into(), "-".into(), "-".into(), fault.to_string()),
        };
        rows.add_row([id.to_string(), state, operation, name, note]);
    }
    table::write(out, &rows)
}

/// One instance for programs: its id and what was seen, or why nothing was.
pub(crate) struct LookObject<'a>(pub(crate) InstanceId, pub(crate) &'a Look);

impl Serialize for LookObject<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.0)?;
        match self.1 {
            Look::Seen(Sighting { state, operation, fault, image, os, name, updated_at, launched_at, via }) => {
                map.serialize_entry("name", name)?;
                map.serialize_entry("state", state)?;
                map.serialize_entry("operation_state", operation)?;
                map.serialize_entry("error", fault)?;
                map.serialize_entry("image_id", image)?;
                map.serialize_entry("os", os)?;
                map.serialize_entry("updated_at", updated_at)?;
                map.serialize_entry("launched_at", launched_at)?;
                map.serialize_entry("via", via)?;
            }
            Look::Gone(fault) => map.serialize_entry("gone", fault)?,
            Look::Unread(fault) => map.serialize_entry("unread", fault)?,
        }
        map.end()
    }
}

/// All of them for programs. `run --targets` reads it.
#[derive(Serialize)]
pub(crate) struct LooksObject<'a> {
    complete: bool,
    instances: Vec<LookObject<'a>>,
}

/// All of them for programs; `complete` if none is missing.
pub(crate) fn object(looks: &[(InstanceId, Look)], complete: bool) -> LooksObject<'_> {
    LooksObject { complete, instances: looks.iter().map(|(id, look)| LookObject(*id, look)).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;
    use reinstall_core::fault::{Fault, FaultKind};
    use reinstall_core::instance::{InstanceState, OperationState};

    fn looks() -> Vec<(InstanceId, Look)> {
        let seen = Sighting {
            state: Some(InstanceState::Running),
            operation: Some(OperationState::REINSTALLED),
            name: Some("rack-1".into()),
            ..Sighting::default()
        };
        let unread = Fault::new(FaultKind::TimedOut, "no answer in 60s");
        vec![(sample::id(1), Look::Seen(seen)), (sample::id(2), Look::Unread(unread))]
    }

    #[test]
    fn people_see_a_table() {
        let mut shown = Vec::new();
        text(&mut shown, &looks()).unwrap();
        insta::assert_snapshot!(String::from_utf8(shown).unwrap());
    }

    #[test]
    fn programs_see_the_clouds_names() {
        let value = serde_json::to_value(object(&looks(), false)).unwrap();
        assert_eq!(value["instances"][0]["operation_state"], "reinstall-succeed");
        assert_eq!(value["instances"][1]["unread"]["kind"], "timed_out");
        assert_eq!(value["complete"], false);
    }
}
