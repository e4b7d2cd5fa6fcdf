//! A page of instances, as the list call spells it. Written by hand and in one go: a page has a hundred thousand bytes, and
//! whoever polls a large fleet asks for one after the other.

use std::fmt::Display;
use std::io::Write;

use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use reinstall_core::instance::OperationState;
use reinstall_core::time::Timestamp;
use serde_json::Value;

use super::WrittenRows;
use super::reply::typed;
use crate::cloud::Cloud;
use crate::cloud::list::Page;
use crate::cloud::row::{Row, os_word};
use crate::worlds::Place;

/// About how many bytes one instance takes.
const ROW_BYTES: usize = 720;

pub(super) fn list_reply(place: &Place, query: &str, page: &Page) -> Response {
    // What was so at that moment is so whenever it is looked at.
    let body = place.with(|world| {
        let mut written = place.written();
        let quiet = world.cloud.quiet_stamp(page.as_of).filter(|_| page.is_whole);
        if let Some(bytes) = quiet.and_then(|stamp| written.page(query, stamp)) {
            return bytes;
        }
        let bytes = Bytes::from(write(&world.cloud, &mut written, page));
        if let Some(stamp) = quiet {
            written.put_page(query, stamp, &bytes);
        }
        bytes
    });
    typed(StatusCode::OK, "application/json", body)
}

fn write(cloud: &Cloud, written: &mut WrittenRows, page: &Page) -> Vec<u8> {
    let mut writer = Writer(Vec::with_capacity(128 + page.ids.len() * ROW_BYTES));
    writer.raw("{\"instances\":[");
    let mut comma = "";
    for id in &page.ids {
        let stamp = cloud.row_stamp(page.as_of, *id);
        if let Some(bytes) = written.get(*id, stamp) {
            writer.raw(comma);
            writer.0.extend_from_slice(bytes);
        } else if let Some(row) = cloud.row(page.as_of, *id) {
            writer.raw(comma);
            let start = writer.0.len();
            writer.row(&row);
            written.put(*id, stamp, &writer.0[start..]);
        }
        comma = ",";
    }
    writer.raw("],\"page_info\":{");
    if let Some(marker) = &page.next_marker {
        writer.field("\"next_marker\":", marker);
        writer.raw(",");
    }
    writer.raw(&format!("\"current_count\":{}}},\"count\":{}}}", page.ids.len(), page.count));
    writer.0
}

/// One instance, for those who want it alone.
pub(crate) fn list_row(row: &Row) -> Value {
    let mut writer = Writer(Vec::with_capacity(ROW_BYTES));
    writer.row(row);
    serde_json::from_slice(&writer.0).unwrap_or_default()
}

/// JSON in the making. Names are given as they stand, with quotes and colon, and a comma where one belongs before them.
struct Writer(Vec<u8>);

impl Writer {
    fn raw(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A text of any kind, escaped.
    fn field(&mut self, name: &str, text: &str) {
        self.raw(name);
        let _ = serde_json::to_writer(&mut self.0, text);
    }

    /// A text with nothing in it that would have to be escaped.
    fn plain(&mut self, name: &str, text: &str) {
        self.raw(name);
        self.raw("\"");
        self.raw(text);
        self.raw("\"");
    }

    fn id(&mut self, name: &str, id: impl Display) {
        self.raw(name);
        // Memory takes whatever is written to it.
        let _ = write!(self.0, "\"{id}\"");
    }

    fn row(&mut self, row: &Row) {
        self.id("{\"id\":", row.id);
        self.field(",\"name\":", &row.name);
        self.field(",\"state\":", row.glimpse.state.as_word());
        if let Some(operation) = &row.glimpse.operation_state {
            self.field(",\"operation_state\":", OperationState::as_word(operation));
        }
        if let Some(error) = &row.glimpse.error {
            self.field(",\"error\":{\"error_code\":", error.code.as_str());
            self.field(",\"error_msg\":", error.message.as_str());
            self.field(",\"error_type\":", error.kind.as_str());
            self.raw("}");
        }
        self.id(",\"image\":{\"id\":", row.image.id);
        self.field(",\"name\":", &row.image.name);
        self.plain(",\"os_type\":", os_word(row.image.os));
        self.id("},\"server_id\":", row.server_id);
        self.field(",\"vpc_id\":", &row.vpc_id);
        self.raw(",\"tags\":[");
        for (index, (key, value)) in row.tags.iter().enumerate() {
            self.field(if index == 0 { "{\"key\":" } else { ",{\"key\":" }, key);
            if let Some(value) = value {
                self.field(",\"value\":", value);
            }
            self.raw("}");
        }
        self.raw("]");
        self.times(row);
        self.field(",\"network_interfaces\":[{\"subnet_id\":", &row.subnet_id);
        self.field(",\"ipv4_address\":", &row.ipv4_address);
        self.raw("}]}");
    }

    /// Three moments, which are mostly one.
    fn times(&mut self, row: &Row) {
        let mut last: Option<(Timestamp, String)> = None;
        for (name, at) in [
            (",\"created_at\":", row.created_at),
            (",\"updated_at\":", row.updated_at),
            (",\"launched_at\":", row.launched_at),
        ] {
            let text = match last.take() {
                Some((known, text)) if known == at => text,
                Some(_) | None => at.to_string(),
            };
            self.plain(name, &text);
            last = Some((at, text));
        }
    }
}
