//! IAM, as far as clients need it for a token and for their project: Keystone v3 (api-facts 5.1 and 6).
//!
//! Every address in an answer is that of the caller's own `Host`: the server cannot know by which name it is reached.

mod answer;

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Query, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use reinstall_http::wire::error::IAM_TRACE_ID;
use reinstall_http::wire::iam::SUBJECT_TOKEN;

use self::answer::BaseUrl;
pub(super) use self::answer::refused;
use super::BODY_BYTES_MAX;
use super::gateway::{Caller, admit_to_iam};
use super::reply::{Gateway, gateway, json, served};
use crate::app::{AppState, RequestName};
use crate::iam::{IamRefusal, Issued, ProjectQuery};

pub(super) fn router(state: &Arc<AppState>) -> Router<Arc<AppState>> {
    let admit = || from_fn_with_state(Arc::clone(state), admit_to_iam);
    Router::new()
        .route("/v3/auth/tokens", get(validate_token).route_layer(admit()))
        .route("/v3/projects", get(projects).route_layer(admit()))
        .route("/v3/auth/domains", get(domains).route_layer(admit()))
        // Nobody has to be known to get a token, or to ask which versions there are.
        .route("/v3/auth/tokens", post(create_token))
        .route("/", get(versions))
        .route("/v3", get(version))
        .route("/v3/", get(version))
        .route_layer(from_fn(trace))
}

/// IAM has a name of its own for each request. Here it is the one that `X-Request-Id` says, spelled like IAM's.
async fn trace(Extension(name): Extension<RequestName>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&format!("token_null_null_{}", name.0)) {
        response.headers_mut().insert(HeaderName::from_static(IAM_TRACE_ID), value);
    }
    response
}

async fn create_token(
    State(state): State<Arc<AppState>>,
    Extension(name): Extension<RequestName>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return gateway(Gateway::TooLarge, &name);
    };
    // What the reader says may quote what stands there, a password for one.
    let Ok(request) = serde_json::from_slice(&body) else {
        return refused(&IamRefusal::Malformed("Request body is invalid."));
    };
    let now = state.now();
    let answer = state.with_world(|world| world.create_token(now, &request));
    let base_url = BaseUrl::of(&headers);
    served(answer, |issued| created(&issued, base_url.token(&issued.grant, wants_catalog(query.as_deref()))), refused)
}

fn created(issued: &Issued, mut response: Response) -> Response {
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(mut token) = HeaderValue::from_str(issued.token.expose()) {
        token.set_sensitive(true);
        response.headers_mut().insert(HeaderName::from_static(SUBJECT_TOKEN), token);
    }
    response
}

async fn validate_token(State(state): State<Arc<AppState>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let Some(token) = headers.get(SUBJECT_TOKEN) else {
        return refused(&IamRefusal::Malformed("Expecting to find X-Subject-Token in the headers."));
    };
    let now = state.now();
    let answer = state.with_world(|world| world.validate_token(now, token.as_bytes()));
    let base_url = BaseUrl::of(&headers);
    served(answer, |grant| base_url.token(&grant, wants_catalog(query.as_deref())), refused)
}

/// `?nocatalog`, whatever it is said to be: the documents ask for a value, Keystone's own client gives none.
fn wants_catalog(query: Option<&str>) -> bool {
    let names = query.unwrap_or_default().split('&').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    !names.into_iter().any(|name| name == "nocatalog")
}

async fn projects(
    State(state): State<Arc<AppState>>,
    Extension(Caller(account)): Extension<Caller>,
    Query(mut query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let enabled = match query.get("enabled").map(|text| text.to_ascii_lowercase()).as_deref() {
        None | Some("") => None,
        Some("true" | "1") => Some(true),
        Some("false" | "0") => Some(false),
        Some(_) => return refused(&IamRefusal::Malformed("enabled must be true or false.")),
    };
    let query = ProjectQuery { name: query.remove("name"), domain_id: query.remove("domain_id"), enabled };
    let now = state.now();
    let answer = state.with_world(|world| world.list_projects(now, &account, &query));
    let base_url = BaseUrl::of(&headers);
    served(answer, |projects| base_url.projects(projects, &account), refused)
}

async fn domains(
    State(state): State<Arc<AppState>>,
    Extension(Caller(account)): Extension<Caller>,
    headers: HeaderMap,
) -> Response {
    let now = state.now();
    let answer = state.with_world(|world| world.list_domains(now, &account));
    served(answer, |account| BaseUrl::of(&headers).domains(account), refused)
}

async fn versions(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let now = state.now();
    let answer = state.with_world(|world| world.list_versions(now));
    let versions = |()| json(StatusCode::MULTIPLE_CHOICES, &BaseUrl::of(&headers).versions());
    served(answer, versions, refused)
}

async fn version(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let now = state.now();
    let answer = state.with_world(|world| world.show_version(now));
    served(answer, |()| json(StatusCode::OK, &BaseUrl::of(&headers).version()), refused)
}
