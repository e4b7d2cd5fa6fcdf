//! The provider's API: ReinstallOS, ShowInstanceStatus, ListInstances. Only what the gateway admitted comes here.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State, rejection::QueryRejection};
use axum::http::StatusCode;
use axum::response::Response;
use reinstall_core::instance::{OperationState, OsFamily};
use reinstall_http::wire::list::{ListReply, ListedImage, ListedInstance, ListedTag, Paging};
use reinstall_http::wire::reinstall::{ReceivedReinstall, ReinstallReply};
use reinstall_http::wire::status::{ErrorStatus, StatusReply};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reply::{json, refused, served};
use crate::app::AppState;
use crate::cloud::list::{ListQuery, Page};
use crate::cloud::refusal::Refusal;
use crate::cloud::request::ReinstallRequest;
use crate::cloud::row::{Glimpse, Row};

pub(super) async fn reinstall(State(state): State<Arc<AppState>>, body: Bytes) -> Response {
    match read_reinstall(&body) {
        Ok(request) => {
            let now = state.now();
            let answer = state.with_world(|world| world.reinstall(now, &request));
            served(answer, |ids| json(StatusCode::ACCEPTED, &ReinstallReply::accepting(&ids)), refused)
        }
        Err(refusal) => refused(&refusal),
    }
}

pub(super) async fn status(State(state): State<Arc<AppState>>, Path((_, id)): Path<(String, String)>) -> Response {
    let Ok(id) = id.parse() else {
        return refused(&Refusal::Invalid("id must be a UUID".into()));
    };
    let now = state.now();
    let answer = state.with_world(|world| world.status(now, id));
    served(answer, |glimpse| json(StatusCode::OK, &status_reply(&glimpse)), refused)
}

pub(super) async fn list(
    State(state): State<Arc<AppState>>,
    query: Result<Query<Parameters>, QueryRejection>,
) -> Response {
    let Ok(Query(parameters)) = query else {
        return refused(&Refusal::Invalid("a query parameter stands twice or is no text".into()));
    };
    let now = state.now();
    let answer = state.with_world(|world| world.list(now, &parameters.into()));
    served(answer, |page| json(StatusCode::OK, &list_reply(page)), refused)
}

fn read_reinstall(bytes: &[u8]) -> Result<ReinstallRequest, Refusal> {
    let received: ReceivedReinstall = serde_json::from_slice(bytes).map_err(|_| wrong_type(bytes))?;
    Ok(ReinstallRequest {
        instance_ids: received.instance_id_set,
        image_id: received.image_id,
        password: received.password,
    })
}

/// Why a body could not be read: names the field, never what stood in it.
fn wrong_type(bytes: &[u8]) -> Refusal {
    let Ok(Value::Object(fields)) = serde_json::from_slice(bytes) else {
        return Refusal::Invalid("the body must be a JSON object".into());
    };
    let is_text = |field: &str| matches!(fields.get(field), None | Some(Value::Null | Value::String(_)));
    let text = ["image_id", "password"].into_iter().find(|field| !is_text(field));
    Refusal::Invalid(match text {
        Some(field) => format!("{field} must be a string"),
        None => "instance_id_set must be an array of strings".to_owned(),
    })
}

/// The query of a list call, as it came.
#[derive(Deserialize)]
pub(super) struct Parameters {
    limit: Option<String>,
    marker: Option<String>,
    instance_state: Option<String>,
    instance_id: Option<String>,
    server_id: Option<String>,
}

impl From<Parameters> for ListQuery {
    fn from(given: Parameters) -> Self {
        Self {
            limit: given.limit,
            marker: given.marker,
            instance_state: given.instance_state,
            instance_id: given.instance_id,
            server_id: given.server_id,
        }
    }
}

fn status_reply(glimpse: &Glimpse) -> StatusReply {
    StatusReply {
        state: Some(glimpse.state.as_word().to_owned()),
        operation_state: glimpse.operation_state.as_ref().map(word),
        error: glimpse.error.as_ref().map(ErrorStatus::from),
    }
}

fn word(operation: &OperationState) -> String {
    operation.as_word().to_owned()
}

/// A page, with what the client's shapes leave out.
#[derive(Serialize)]
struct PageReply {
    instances: Vec<FullRow>,
    #[serde(flatten)]
    rest: ListReply,
}

#[derive(Serialize)]
struct FullRow {
    #[serde(flatten)]
    row: ListedInstance,
    network_interfaces: [NetworkInterface; 1],
}

#[derive(Serialize)]
struct NetworkInterface {
    subnet_id: String,
    ipv4_address: String,
}

fn list_reply(page: Page) -> impl Serialize {
    let page_info =
        Paging { next_marker: page.next_marker, previous_marker: None, current_count: Some(page.rows.len() as u64) };
    PageReply {
        instances: page.rows.into_iter().map(full_row).collect(),
        rest: ListReply { instances: None, page_info: Some(page_info), count: Some(page.count as u64) },
    }
}

fn full_row(row: Row) -> FullRow {
    let os_type = match row.image.os {
        OsFamily::Linux => "Linux",
        OsFamily::Windows => "Windows",
    };
    FullRow {
        row: ListedInstance {
            id: Some(row.id.to_string()),
            name: Some(row.name),
            state: Some(row.glimpse.state.as_word().to_owned()),
            operation_state: row.glimpse.operation_state.as_ref().map(word),
            error: row.glimpse.error.as_ref().map(ErrorStatus::from),
            image: Some(ListedImage {
                id: Some(row.image.id.to_string()),
                name: Some(row.image.name),
                os_type: Some(os_type.to_owned()),
            }),
            server_id: Some(row.server_id),
            vpc_id: Some(row.vpc_id),
            tags: Some(row.tags.into_iter().map(|(key, value)| ListedTag { key, value }).collect()),
            created_at: Some(row.created_at.to_string()),
            updated_at: Some(row.updated_at.to_string()),
            launched_at: Some(row.launched_at.to_string()),
        },
        network_interfaces: [NetworkInterface { subnet_id: row.subnet_id, ipv4_address: row.ipv4_address }],
    }
}
