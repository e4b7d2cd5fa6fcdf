//! The API's operations, one file each.

pub mod create_token;
pub mod list_instances;
pub mod list_projects;
pub mod metadata;
pub mod reinstall_os;
pub mod show_instance_status;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Text for a query: all but the unreserved characters are percent-encoded, as the signing rule wants it (api-facts 5.2).
fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}
