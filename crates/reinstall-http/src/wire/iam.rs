//! IAM, as far as it is needed to get a token and to find a project: `POST /v3/auth/tokens` and `GET /v3/projects`. It is the
//! Keystone v3 API (api-facts 6 and 10). What only a server needs is in [`served`].

pub mod served;

use reinstall_core::secret::UserPassword;
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

use super::lenient;

/// The header of the answer that carries the token itself.
pub const SUBJECT_TOKEN: &str = "x-subject-token";

/// The body of a token request as the client writes it: a user's name and password, for one project. It borrows the password
/// and has no `Debug`.
#[derive(Serialize)]
pub struct TokenRequest<'a> {
    auth: Auth<'a>,
}

#[derive(Serialize)]
struct Auth<'a> {
    identity: Identity<'a>,
    scope: Scope<'a>,
}

#[derive(Serialize)]
struct Identity<'a> {
    methods: [&'static str; 1],
    password: ByPassword<'a>,
}

#[derive(Serialize)]
struct ByPassword<'a> {
    user: User<'a>,
}

#[derive(Serialize)]
struct User<'a> {
    name: &'a str,
    #[serde(serialize_with = "expose")]
    password: &'a UserPassword,
    domain: Named<'a>,
}

#[derive(Serialize)]
struct Scope<'a> {
    project: ScopeProject<'a>,
}

/// For which project a token is meant to be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeProject<'a> {
    /// The one of this id.
    Id(&'a str),
    /// The one of this name in the user's own account; the provider's are named after their regions.
    Name(&'a str),
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
}

fn expose<S: Serializer>(password: &&UserPassword, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(password.expose())
}

impl<'a> TokenRequest<'a> {
    /// The request of the user `name` of the account `domain`.
    #[must_use]
    pub const fn new(name: &'a str, password: &'a UserPassword, domain: &'a str, project: ScopeProject<'a>) -> Self {
        let user = User { name, password, domain: Named { name: domain } };
        let identity = Identity { methods: ["password"], password: ByPassword { user } };
        Self { auth: Auth { identity, scope: Scope { project } } }
    }

    /// The body's bytes, wiped from memory when dropped. The buffer never grows, since one that moves leaves a copy behind.
    ///
    /// # Errors
    /// If the body does not fit, which nothing that can be written as JSON brings about.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        /// What JSON may make of one byte: `\u0000`.
        const ESCAPED_BYTES_MAX: usize = 6;
        let user = &self.auth.identity.password.user;
        let project = match self.auth.scope.project {
            ScopeProject::Id(text) | ScopeProject::Name(text) => text,
        };
        let given = user.name.len() + user.password.expose().len() + user.domain.name.len() + project.len();
        let room = 256 + given * ESCAPED_BYTES_MAX;
        let mut buffer = Zeroizing::new(vec![0; room]);
        let mut free = buffer.as_mut_slice();
        serde_json::to_writer(&mut free, self)?;
        let len = room - free.len();
        buffer.truncate(len);
        Ok(buffer)
    }
}

/// The body of a 201; the token itself stands in [`SUBJECT_TOKEN`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TokenReply {
    /// What there is to know about it.
    #[serde(default, deserialize_with = "lenient::or_absent", skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenFacts>,
}

/// What IAM says of a token.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TokenFacts {
    /// When it was made, as in `2026-11-23T07:15:00.000000Z`.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<String>,
    /// When it dies.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// What it is good for.
    #[serde(default, deserialize_with = "lenient::or_absent", skip_serializing_if = "Option::is_none")]
    pub project: Option<TokenProject>,
}

/// The project of a token.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TokenProject {
    /// Its id.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The body that lists projects.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProjectsReply {
    /// Those that the caller may see, of the name that was asked for.
    #[serde(default, deserialize_with = "lenient::entries", skip_serializing_if = "Option::is_none")]
    pub projects: Option<Vec<ListedProject>>,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListedProject {
    /// Its id.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The account it belongs to.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub domain_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_asked_for_in_the_words_of_keystone() {
        let password = UserPassword::new("q\"1\u{1}é".to_owned().into()).unwrap();
        for (project, scope) in
            [(ScopeProject::Id("p-1"), r#"{"id":"p-1"}"#), (ScopeProject::Name("cn-east-3"), r#"{"name":"cn-east-3"}"#)]
        {
            let body = TokenRequest::new("ann", &password, "acme", project).to_bytes().unwrap();
            let expected = format!(
                r#"{{"auth":{{"identity":{{"methods":["password"],"password":{{"user":{{"name":"ann","password":"q\"1\u0001é","domain":{{"name":"acme"}}}}}}}},"scope":{{"project":{scope}}}}}}}"#
            );
            assert_eq!(std::str::from_utf8(&body).unwrap(), expected);
        }
    }

    #[test]
    fn the_longest_escapes_fit() {
        let password = UserPassword::new("\u{1}".repeat(500).into()).unwrap();
        let (name, domain) = ("\u{2}".repeat(500), "\u{3}".repeat(500));
        assert!(TokenRequest::new(&name, &password, &domain, ScopeProject::Id("p")).to_bytes().is_ok());
    }

    #[test]
    fn replies_are_read_as_loosely_as_the_others() {
        let body = r#"{"token":{"expires_at":"2026-11-24T07:15:00.000000Z","issued_at":null,"roles":[{"name":"x"}],
            "project":{"id":"p1","name":"cn-east-3","domain":{"id":"d"}},"user":{"id":"u"}}}"#;
        let facts = serde_json::from_str::<TokenReply>(body).unwrap().token.unwrap();
        assert_eq!(facts.expires_at.as_deref(), Some("2026-11-24T07:15:00.000000Z"));
        assert_eq!(facts.project.unwrap().id.as_deref(), Some("p1"));
        let body = r#"{"links":{},"projects":[{"id":"p1","name":"cn-east-3","domain_id":"d","enabled":true},7]}"#;
        let projects = serde_json::from_str::<ProjectsReply>(body).unwrap().projects.unwrap();
        assert_eq!((projects.len(), projects[0].domain_id.as_deref()), (2, Some("d")));
    }
}
