//! KeystoneListProjects: `GET /v3/projects` (api-facts 6).

use http::{HeaderMap, Method, StatusCode};
use reinstall_core::fault::Fault;
use reinstall_core::redact::Redactor;

use crate::operation::{self, Operation, Reply, Request};
use crate::ops::escaped;
use crate::wire::iam::ProjectsReply;

/// The request for the projects of this name. The provider's are named after their regions.
#[must_use]
pub fn request(name: &str) -> Request {
    Request {
        operation: Operation::ListProjects,
        method: Method::GET,
        path: "/v3/projects".to_owned(),
        query: Some(format!("name={}", escaped(name))),
        headers: HeaderMap::new(),
        body: None,
    }
}

/// Reads the answer, without any secret that `redactor` knows.
///
/// # Errors
/// Whatever is not a 200 with a readable body.
pub fn reply(reply: &Reply, redactor: &Redactor) -> Result<ProjectsReply, Fault> {
    operation::read(reply, StatusCode::OK, redactor)
}
