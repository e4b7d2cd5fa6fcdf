//! What IAM says, as Keystone spells it.

use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use reinstall_http::wire::iam::SUBJECT_TOKEN;
use reinstall_http::wire::iam::served::{
    CatalogEndpoint, CatalogEntry, Domain, DomainsAnswer, Links, Name, OwnedName, Project, ProjectsAnswer, Refused,
    RefusedBecause, TokenAnswer, TokenDescription,
};
use serde_json::{Value, json};

use super::reply;
use crate::iam::{Grant, IamRefusal, Issued, Scope, microseconds};

/// The version of Keystone's API that the provider's IAM says it speaks, as far as clients look.
const VERSION: &str = "v3.14";

pub(super) fn refused(refusal: &IamRefusal) -> Response {
    let code = refusal.status();
    let error = RefusedBecause { code, message: refusal.to_string(), title: refusal.title() };
    reply::json(StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST), &Refused { error })
}

/// A token, with its answer.
pub(super) fn created(issued: &Issued, mut response: Response) -> Response {
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(mut token) = HeaderValue::from_str(issued.token.expose()) {
        token.set_sensitive(true);
        response.headers_mut().insert(HeaderName::from_static(SUBJECT_TOKEN), token);
    }
    response
}

/// `?nocatalog`, whatever it is said to be: the documents ask for a value, Keystone's own client gives none.
pub(super) fn wants_catalog(query: Option<&str>) -> bool {
    let names = query.unwrap_or_default().split('&').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    !names.into_iter().any(|name| name == "nocatalog")
}

/// The server's own address, as the caller knows it: the server cannot know by which name it is reached.
pub(super) struct BaseUrl(String);

impl BaseUrl {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let host = headers.get(HOST).and_then(|value| value.to_str().ok());
        Self(format!("http://{}", host.unwrap_or("localhost")))
    }

    pub(super) fn token(&self, grant: &Grant, with_catalog: bool) -> Response {
        let owned = |name: &Name| OwnedName { name: name.clone(), domain: grant.account.clone() };
        let (project, domain) = match &grant.scope {
            Scope::Nothing => (None, None),
            Scope::Account => (None, Some(grant.account.clone())),
            Scope::Project(project) => (Some(owned(project)), None),
        };
        // The role of an account's administrator, by the provider's name; without a scope nobody may do anything.
        let role = || Name { id: "0".to_owned(), name: "te_admin".to_owned() };
        let roles = if grant.scope == Scope::Nothing { Vec::new() } else { vec![role()] };
        let token = TokenDescription {
            methods: vec!["password"],
            issued_at: microseconds(grant.issued_at),
            expires_at: microseconds(grant.expires_at),
            user: owned(&grant.user),
            project,
            domain,
            roles,
            catalog: with_catalog.then(|| vec![self.identity()]),
        };
        reply::json(StatusCode::OK, &TokenAnswer { token })
    }

    fn identity(&self) -> CatalogEntry {
        let endpoint = CatalogEndpoint {
            id: "100a6a3477f1495286579b819d399e36".to_owned(),
            interface: "public",
            region: "*",
            region_id: "*",
            url: format!("{}/v3", self.0),
        };
        CatalogEntry {
            id: "100a6a3477f1495286579b819d399e37".to_owned(),
            name: "iam",
            kind: "identity",
            endpoints: vec![endpoint],
        }
    }

    pub(super) fn projects(&self, projects: Vec<Name>, account: &Name) -> Response {
        let project = |name: Name| Project {
            links: self.links(&format!("/v3/projects/{}", name.id)),
            name,
            domain_id: account.id.clone(),
            parent_id: account.id.clone(),
            enabled: true,
            is_domain: false,
            description: String::new(),
        };
        let projects = projects.into_iter().map(project).collect();
        reply::json(StatusCode::OK, &ProjectsAnswer { links: self.links("/v3/projects"), projects })
    }

    pub(super) fn domains(&self, account: Name) -> Response {
        let domain = Domain {
            links: self.links(&format!("/v3/domains/{}", account.id)),
            name: account,
            enabled: true,
            description: String::new(),
        };
        reply::json(StatusCode::OK, &DomainsAnswer { links: self.links("/v3/auth/domains"), domains: vec![domain] })
    }

    fn links(&self, path: &str) -> Links {
        Links { this: format!("{}{path}", self.0), previous: None, next: None }
    }

    pub(super) fn versions(&self) -> Value {
        json!({"versions": {"values": [self.described_version()]}})
    }

    pub(super) fn version(&self) -> Value {
        json!({"version": self.described_version()})
    }

    fn described_version(&self) -> Value {
        json!({
            "id": VERSION,
            "status": "stable",
            "updated": "2020-04-07T00:00:00Z",
            "links": [{"rel": "self", "href": format!("{}/v3/", self.0)}],
            "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
        })
    }
}
