//! ShowInstanceStatus: `GET /v1/{project_id}/instances/{id}/status` (api-facts 2).

use http::{HeaderMap, Method, StatusCode};
use reinstall_core::fault::Fault;
use reinstall_core::id::{InstanceId, ProjectId};
use reinstall_core::redact::Redactor;

use crate::operation::{self, Operation, Reply, Request};
use crate::wire::status::StatusReply;

/// The request that looks at one instance.
#[must_use]
pub fn request(project: &ProjectId, id: InstanceId) -> Request {
    Request {
        operation: Operation::ShowInstanceStatus,
        method: Method::GET,
        path: format!("/v1/{project}/instances/{id}/status"),
        query: None,
        headers: HeaderMap::new(),
        body: None,
    }
}

/// Reads the answer, without any secret that `redactor` knows.
///
/// # Errors
/// Whatever is not a 200 with a readable body.
pub fn reply(reply: &Reply, redactor: &Redactor) -> Result<StatusReply, Fault> {
    operation::read(reply, StatusCode::OK, redactor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn the_request_is_as_documented() {
        let request = request(&testing::project(), InstanceId::from_bits(0xab));
        assert_eq!(
            (request.method, request.path.as_str(), request.query, request.body),
            (Method::GET, "/v1/p-1/instances/00000000-0000-0000-0000-0000000000ab/status", None, None)
        );
    }
}
