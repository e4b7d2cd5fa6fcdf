//! The server's side of IAM: a token request as it is read, and the answers in full (Keystone v3).

use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

/// The body of a token request as a server reads it, before anything about it has been checked. No `Debug`, for it holds a
/// password.
#[derive(Deserialize)]
pub struct ReceivedTokenRequest {
    /// All of it.
    pub auth: ReceivedAuth,
}

/// Who asks, and for what.
#[derive(Deserialize)]
pub struct ReceivedAuth {
    /// Who.
    pub identity: ReceivedIdentity,
    /// For what; for nothing in particular if absent.
    #[serde(default)]
    pub scope: Option<ReceivedScope>,
}

/// How the user proves who it is.
#[derive(Deserialize)]
pub struct ReceivedIdentity {
    /// In which ways.
    pub methods: Vec<String>,
    /// The proof where `password` is one of them.
    #[serde(default)]
    pub password: Option<ReceivedPassword>,
}

/// A password with the user whose it is.
#[derive(Deserialize)]
pub struct ReceivedPassword {
    /// The user.
    pub user: ReceivedUser,
}

/// A user, by name and account or by id.
#[derive(Deserialize)]
pub struct ReceivedUser {
    /// Its id.
    pub id: Option<String>,
    /// Its name, which its account must go with.
    pub name: Option<String>,
    /// Its password.
    #[serde(deserialize_with = "wiped")]
    pub password: Zeroizing<String>,
    /// Its account.
    pub domain: Option<ReceivedName>,
}

/// Something by its id or its name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReceivedName {
    /// Its id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

/// What a token is to be good for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ReceivedScope {
    /// A word; `unscoped` is the only one that Keystone knows.
    Word(String),
    /// One of these.
    Of {
        /// A project.
        project: Option<ReceivedProject>,
        /// An account.
        domain: Option<ReceivedName>,
    },
}

/// A project, by its id or by its name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReceivedProject {
    /// Its id.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The account it is in; the user's own if absent.
    pub domain: Option<ReceivedName>,
}

fn wiped<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}

/// The body of a token's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenAnswer {
    /// What there is to know about it.
    pub token: TokenDescription,
}

/// What IAM says of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenDescription {
    /// How the user proved who it was.
    pub methods: Vec<&'static str>,
    /// When it was made, with six digits after the second.
    pub issued_at: String,
    /// When it dies.
    pub expires_at: String,
    /// Whose it is.
    pub user: OwnedName,
    /// The project it is good for, if it is for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<OwnedName>,
    /// The account it is good for, if it is for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<Name>,
    /// What the user may do.
    pub roles: Vec<Name>,
    /// Where which service is; left out if `nocatalog` was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog: Option<Vec<CatalogEntry>>,
}

/// Something with its id and its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Name {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Something that belongs to an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnedName {
    /// What it is called.
    #[serde(flatten)]
    pub name: Name,
    /// The account.
    pub domain: Name,
}

/// A service, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CatalogEntry {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: &'static str,
    /// What kind of service it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Where it is.
    pub endpoints: Vec<CatalogEndpoint>,
}

/// Where a service is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CatalogEndpoint {
    /// Its id.
    pub id: String,
    /// For whom it is.
    pub interface: &'static str,
    /// In which region.
    pub region: &'static str,
    /// The same again.
    pub region_id: &'static str,
    /// Where.
    pub url: String,
}

/// The body that lists projects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProjectsAnswer {
    /// Where this list is.
    pub links: Links,
    /// Those that were asked for.
    pub projects: Vec<Project>,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Project {
    /// What it is called.
    #[serde(flatten)]
    pub name: Name,
    /// The account it belongs to.
    pub domain_id: String,
    /// The account again, since no project is within another here.
    pub parent_id: String,
    /// Whether it can be used.
    pub enabled: bool,
    /// Whether it is an account.
    pub is_domain: bool,
    /// In words.
    pub description: String,
    /// Where it is.
    pub links: Links,
}

/// The body that lists accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DomainsAnswer {
    /// Where this list is.
    pub links: Links,
    /// Those that the caller is in: one.
    pub domains: Vec<Domain>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Domain {
    /// What it is called.
    #[serde(flatten)]
    pub name: Name,
    /// Whether it can be used.
    pub enabled: bool,
    /// In words.
    pub description: String,
    /// Where it is.
    pub links: Links,
}

/// Where a list or an entry is, and what is before and after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Links {
    /// Where it is.
    #[serde(rename = "self")]
    pub this: String,
    /// What is before it: nothing, since no list has a second page here.
    pub previous: Option<String>,
    /// What is after it: nothing.
    pub next: Option<String>,
}

/// The body of a refusal. Its `code` is a number, unlike those of the other services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// All of it.
    pub error: RefusedBecause,
}

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedBecause {
    /// The status of the answer.
    pub code: u16,
    /// In words.
    pub message: String,
    /// The name of the status.
    pub title: &'static str,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{ScopeProject, TokenFacts, TokenReply, TokenRequest};
    use super::*;

    fn named(id: &str, name: &str) -> Name {
        Name { id: id.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn what_the_client_writes_is_read() {
        let password = reinstall_core::secret::UserPassword::new("pw-1".to_owned().into()).unwrap();
        for (asked, id, name) in
            [(ScopeProject::Id("p-1"), Some("p-1"), None), (ScopeProject::Name("cn-east-3"), None, Some("cn-east-3"))]
        {
            let body = TokenRequest::new("ann", &password, "acme", asked).to_bytes().unwrap();
            let auth = serde_json::from_slice::<ReceivedTokenRequest>(&body).unwrap().auth;
            assert_eq!(auth.identity.methods, ["password"]);
            let user = auth.identity.password.unwrap().user;
            assert_eq!((user.name.as_deref(), user.password.as_str()), (Some("ann"), "pw-1"));
            assert_eq!(user.domain.unwrap().name.as_deref(), Some("acme"));
            let Some(ReceivedScope::Of { project: Some(project), domain: None }) = auth.scope else {
                panic!("{:?}", auth.scope)
            };
            assert_eq!((project.id.as_deref(), project.name.as_deref(), project.domain), (id, name, None));
        }
    }

    #[test]
    fn a_scope_may_be_a_word_an_account_or_absent() {
        let scope = |text: &str| {
            let body = format!(r#"{{"auth":{{"identity":{{"methods":[]}}{text}}}}}"#);
            serde_json::from_str::<ReceivedTokenRequest>(&body).map(|request| request.auth.scope).ok()
        };
        let domain = ReceivedName { id: None, name: Some("acme".into()) };
        for (text, read) in [
            ("", Some(None)),
            (r#","scope":null"#, Some(None)),
            (r#","scope":"unscoped""#, Some(Some(ReceivedScope::Word("unscoped".into())))),
            (
                r#","scope":{"domain":{"name":"acme"}}"#,
                Some(Some(ReceivedScope::Of { project: None, domain: Some(domain) })),
            ),
            (r#","scope":{"project":7}"#, None),
            (r#","scope":7"#, None),
        ] {
            assert_eq!(scope(text), read, "{text}");
        }
    }

    #[test]
    fn answers_are_spelled_as_keystone_spells_them() {
        let owner = || named("d-1", "acme");
        let links = || Links { this: "http://h/v3/x".into(), previous: None, next: None };
        let endpoint = CatalogEndpoint {
            id: "e-1".into(),
            interface: "public",
            region: "*",
            region_id: "*",
            url: "http://h/v3".into(),
        };
        let entry = CatalogEntry { id: "s-1".into(), name: "iam", kind: "identity", endpoints: vec![endpoint] };
        let token = TokenDescription {
            methods: vec!["password"],
            issued_at: "2027-01-15T08:00:00.000000Z".into(),
            expires_at: "2027-01-16T08:00:00.000000Z".into(),
            user: OwnedName { name: named("u-1", "ann"), domain: owner() },
            project: Some(OwnedName { name: named("p-1", "cn-east-3"), domain: owner() }),
            domain: None,
            roles: vec![named("r-1", "te_admin")],
            catalog: Some(vec![entry]),
        };
        let links_said = json!({"self": "http://h/v3/x", "previous": null, "next": null});
        let written = serde_json::to_value(TokenAnswer { token }).unwrap();
        assert_eq!(
            written,
            json!({"token": {
                "methods": ["password"],
                "issued_at": "2027-01-15T08:00:00.000000Z",
                "expires_at": "2027-01-16T08:00:00.000000Z",
                "user": {"id": "u-1", "name": "ann", "domain": {"id": "d-1", "name": "acme"}},
                "project": {"id": "p-1", "name": "cn-east-3", "domain": {"id": "d-1", "name": "acme"}},
                "roles": [{"id": "r-1", "name": "te_admin"}],
                "catalog": [{"id": "s-1", "name": "iam", "type": "identity", "endpoints": [
                    {"id": "e-1", "interface": "public", "region": "*", "region_id": "*", "url": "http://h/v3"}]}],
            }})
        );
        let TokenFacts { expires_at, project, .. } =
            serde_json::from_value::<TokenReply>(written).unwrap().token.unwrap();
        assert_eq!(expires_at.as_deref(), Some("2027-01-16T08:00:00.000000Z"));
        assert_eq!(project.unwrap().id.as_deref(), Some("p-1"), "what the server writes, the client reads");

        let project = Project {
            name: named("p-1", "cn-east-3"),
            domain_id: "d-1".into(),
            parent_id: "d-1".into(),
            enabled: true,
            is_domain: false,
            description: String::new(),
            links: links(),
        };
        let domain = Domain { name: owner(), enabled: true, description: String::new(), links: links() };
        for (written, said) in [
            (
                serde_json::to_value(ProjectsAnswer { links: links(), projects: vec![project] }).unwrap(),
                json!({"links": links_said, "projects": [{"id": "p-1", "name": "cn-east-3", "domain_id": "d-1",
                    "parent_id": "d-1", "enabled": true, "is_domain": false, "description": "", "links": links_said}]}),
            ),
            (
                serde_json::to_value(DomainsAnswer { links: links(), domains: vec![domain] }).unwrap(),
                json!({"links": links_said, "domains": [
                    {"id": "d-1", "name": "acme", "enabled": true, "description": "", "links": links_said}]}),
            ),
            (
                serde_json::to_value(Refused {
                    error: RefusedBecause { code: 401, message: "no".into(), title: "Unauthorized" },
                })
                .unwrap(),
                json!({"error": {"code": 401, "message": "no", "title": "Unauthorized"}}),
            ),
        ] {
            assert_eq!(written, said);
        }
    }
}
