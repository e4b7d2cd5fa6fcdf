//! A page of instances, as the list call spells it.

use axum::http::StatusCode;
use axum::response::Response;
use reinstall_http::wire::list::{ListReply, ListedImage, ListedInstance, ListedTag, Paging};
use reinstall_http::wire::status::ErrorStatus;
use serde::Serialize;

use super::reply::json;
use crate::cloud::list::Page;
use crate::cloud::row::{Row, os_word};

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

pub(super) fn list_reply(page: Page) -> Response {
    let page_info =
        Paging { next_marker: page.next_marker, previous_marker: None, current_count: Some(page.rows.len() as u64) };
    json(
        StatusCode::OK,
        &PageReply {
            instances: page.rows.into_iter().map(full_row).collect(),
            rest: ListReply { instances: None, page_info: Some(page_info), count: Some(page.count as u64) },
        },
    )
}

/// One instance, for those who want it alone.
pub(crate) fn list_row(row: Row) -> impl Serialize {
    full_row(row)
}

fn full_row(row: Row) -> FullRow {
    FullRow {
        row: ListedInstance {
            id: Some(row.id.to_string()),
            name: Some(row.name),
            state: Some(row.glimpse.state.as_word().to_owned()),
            operation_state: row.glimpse.operation_state.as_ref().map(|operation| operation.as_word().to_owned()),
            error: row.glimpse.error.as_ref().map(ErrorStatus::from),
            image: Some(ListedImage {
                id: Some(row.image.id.to_string()),
                name: Some(row.image.name),
                os_type: Some(os_word(row.image.os).to_owned()),
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
