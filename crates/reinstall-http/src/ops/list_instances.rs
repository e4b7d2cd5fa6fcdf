//! ListInstances: `GET /v1/{project_id}/instances` (api-facts 3).

use http::{HeaderMap, Method, StatusCode};
use reinstall_core::action::Action;
use reinstall_core::fault::Fault;
use reinstall_core::id::{InstanceId, ProjectId};
use reinstall_core::redact::Redactor;

use crate::operation::{self, Operation, Reply, Request};
use crate::ops::escaped;
use crate::wire::list::ListReply;

/// The smallest `limit`; the service takes a smaller one as this.
pub const LIMIT_MIN: usize = 10;

/// The largest `limit`; the service takes a larger one as this.
pub const LIMIT_MAX: usize = 1000;

/// The most ids that one request may name.
pub const IDS_MAX: usize = Action::LOOK_IDS_MAX;

/// How many rows to ask for when everything is listed. A row may carry 44 kB of `user_data`, so that more of them might not
/// fit into the bound on an answer's body.
pub const PAGE_ROWS: usize = 100;

/// The request for the rows of these instances: 1 to [`IDS_MAX`].
///
/// `limit` is always sent: what it is by default is 10 by one sentence of the document and 1000 by another.
#[must_use]
pub fn by_ids(project: &ProjectId, ids: &[InstanceId]) -> Request {
    debug_assert!((1..=IDS_MAX).contains(&ids.len()), "{} ids", ids.len());
    let names: Vec<String> = ids.iter().map(InstanceId::to_string).collect();
    let limit = ids.len().clamp(LIMIT_MIN, LIMIT_MAX);
    request(project, format!("limit={limit}&instance_id={}", names.join("%2C")))
}

/// The request for one page of all instances; the first page has no marker.
#[must_use]
pub fn page(project: &ProjectId, marker: Option<&str>) -> Request {
    let mut query = format!("limit={PAGE_ROWS}");
    if let Some(marker) = marker {
        query.push_str("&marker=");
        query.push_str(&escaped(marker));
    }
    request(project, query)
}

fn request(project: &ProjectId, query: String) -> Request {
    Request {
        operation: Operation::ListInstances,
        method: Method::GET,
        path: format!("/v1/{project}/instances"),
        query: Some(query),
        headers: HeaderMap::new(),
        body: None,
    }
}

/// Reads the answer, without any secret that `redactor` knows.
///
/// # Errors
/// Whatever is not a 200 with a readable body.
pub fn reply(reply: &Reply, redactor: &Redactor) -> Result<ListReply, Fault> {
    operation::read(reply, StatusCode::OK, redactor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn ids_are_joined_and_limit_is_always_sent() {
        let request = by_ids(&testing::project(), &testing::ids(1..3));
        assert_eq!(request.path, "/v1/p-1/instances");
        assert_eq!(
            request.query.as_deref(),
            Some("limit=10&instance_id=00000000-0000-0000-0000-000000000001%2C00000000-0000-0000-0000-000000000002")
        );
        let most = by_ids(&testing::project(), &testing::ids(0..100)).query.unwrap();
        assert!(most.starts_with("limit=100&") && most.len() < 4_096, "{}", most.len());
    }

    #[test]
    fn markers_are_opaque() {
        let project = testing::project();
        for (marker, query) in [
            (None, "limit=100"),
            (Some("abc-._~9"), "limit=100&marker=abc-._~9"),
            (Some("a b&limit=1+/é"), "limit=100&marker=a%20b%26limit%3D1%2B%2F%C3%A9"),
        ] {
            assert_eq!(page(&project, marker).query.as_deref(), Some(query));
        }
    }
}
