//! The API's operations, one file each.

pub mod create_token;
pub mod list_instances;
pub mod list_projects;
pub mod metadata;
pub mod reinstall_os;
pub mod show_instance_status;

use percent_encoding::percent_encode;

use crate::sign::canonical::ESCAPED;

/// Text for a query: all but the unreserved characters are percent-encoded, as the signing rule wants it (api-facts 5.2).
fn escaped(text: &str) -> String {
    percent_encode(text.as_bytes(), ESCAPED).to_string()
}
