//! The API's operations, one file each.

pub mod list_instances;
pub mod reinstall_os;
pub mod show_instance_status;
