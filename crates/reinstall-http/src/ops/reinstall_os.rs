//! ReinstallOS: `PUT /v1/{project_id}/instances/reinstall` (api-facts 1).

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use reinstall_core::action::Submission;
use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::id::ProjectId;
use reinstall_core::redact::Redactor;
use reinstall_core::secret::AdminPassword;

use crate::operation::{self, Operation, Reply, Request};
use crate::wire::reinstall::{ReinstallReply, ReinstallRequest};

/// The request that wipes the instances of `submission`.
///
/// # Errors
/// If the body cannot be written, which no admitted password can bring about; nothing was sent then.
pub fn request(project: &ProjectId, submission: &Submission, password: &AdminPassword) -> Result<Request, Fault> {
    let body = ReinstallRequest { image_id: submission.image, password, instance_id_set: &submission.ids };
    let bytes = body
        .to_bytes()
        .map_err(|_| Fault::new(FaultKind::Rejected, "the request could not be written, so none was sent"))?;
    Ok(Request {
        operation: Operation::ReinstallOs,
        method: Method::PUT,
        path: format!("/v1/{project}/instances/reinstall"),
        query: None,
        // The owner wipes the bytes when the last reference to them goes.
        headers: HeaderMap::new(),
        body: Some(Bytes::from_owner(bytes)),
    })
}

/// Reads the answer, without any secret that `redactor` knows.
///
/// # Errors
/// Whatever is not a 202 with a readable body.
pub fn reply(reply: &Reply, redactor: &Redactor) -> Result<ReinstallReply, Fault> {
    operation::read(reply, StatusCode::ACCEPTED, redactor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn the_request_is_as_documented_and_its_debug_hides_the_body() {
        let request = request(&testing::project(), &testing::submission(1..3), &testing::password()).unwrap();
        assert_eq!(
            format!("{request:?}"),
            "Request { operation: ReinstallOs, method: PUT, path: \"/v1/p-1/instances/reinstall\", query: None, .. }"
        );
        let body: serde_json::Value = serde_json::from_slice(&request.body.unwrap()).unwrap();
        assert_eq!(body["password"], testing::PASSWORD);
        assert_eq!(body["instance_id_set"].as_array().unwrap().len(), 2);
    }
}
