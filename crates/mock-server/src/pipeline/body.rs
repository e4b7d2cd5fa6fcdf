//! What stands in the query and in the body of a call, and what of it nothing reads.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use axum::extract::Query;
use axum::http::request::Parts;
use reinstall_http::wire::iam::SUBJECT_TOKEN;
use reinstall_http::wire::iam::served::Name;
use reinstall_http::wire::reinstall::ReceivedReinstall;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::cloud::list::ListQuery;
use crate::cloud::refusal::Refusal;
use crate::cloud::request::{PasswordRequest, ReinstallRequest, TagsRequest};
use crate::exchange::{Unread, UnreadPlace};
use crate::iam::{IamRefusal, ProjectQuery};
use crate::nearest::nearest;
use crate::operation::ApiOperation;
use crate::world::{Said, Wish};

/// How like another a name must be to be told for a misspelling of it, from 0 to 1.
const LIKENESS_MIN: f64 = 0.75;

/// A call whose sender is known.
pub(super) struct Letter<'a> {
    pub(super) operation: ApiOperation,
    /// The kind of resource and the resource that the address names; empty where it names none.
    pub(super) resource: (&'a str, &'a str),
    /// The account, for IAM's calls.
    pub(super) account: Option<Name>,
    pub(super) parts: &'a Parts,
    pub(super) body: &'a [u8],
}

/// What is said to a letter that makes no sense.
#[derive(Debug)]
pub(super) enum NoSense {
    /// By CloudDC.
    Cloud(Refusal),
    /// By IAM.
    Iam(IamRefusal),
}

impl From<NoSense> for Said {
    fn from(why: NoSense) -> Self {
        match why {
            NoSense::Cloud(refusal) => Self::Refused(refusal),
            NoSense::Iam(refusal) => Self::IamRefused(refusal),
        }
    }
}

impl Letter<'_> {
    /// What is wanted, or what is said to a letter that makes no sense.
    pub(super) fn read(&self) -> Result<Wish, NoSense> {
        match self.operation {
            ApiOperation::ReinstallOs => self.reinstall().map_err(NoSense::Cloud),
            ApiOperation::ShowInstanceStatus => {
                let id = self.resource.1.parse();
                id.map(Wish::Status).map_err(|_| NoSense::Cloud(Refusal::Invalid("id must be a UUID".into())))
            }
            ApiOperation::ListInstances => self.list().map_err(NoSense::Cloud),
            ApiOperation::ChangeInstancePassword => self.change_password().map_err(NoSense::Cloud),
            ApiOperation::BatchCreateTags => self.tags().map(Wish::CreateTags).map_err(NoSense::Cloud),
            ApiOperation::BatchDeleteTags => self.tags().map(Wish::DeleteTags).map_err(NoSense::Cloud),
            ApiOperation::KeystoneCreateUserTokenByPassword => {
                // What the reader says may quote what stands there, a password for one.
                let request = serde_json::from_slice(self.body).map_err(|_| malformed("Request body is invalid."))?;
                Ok(Wish::CreateToken(Box::new(request)))
            }
            ApiOperation::KeystoneValidateToken => {
                let token = self.parts.headers.get(SUBJECT_TOKEN);
                let token = token.ok_or_else(|| malformed("Expecting to find X-Subject-Token in the headers."))?;
                Ok(Wish::ValidateToken(token.as_bytes().into()))
            }
            ApiOperation::KeystoneListProjects => self.projects(),
            ApiOperation::KeystoneListAuthDomains => Ok(Wish::ListDomains(self.home())),
            ApiOperation::KeystoneListVersions => Ok(Wish::ListVersions),
            ApiOperation::KeystoneShowVersion => Ok(Wish::ShowVersion),
        }
    }

    fn home(&self) -> Name {
        self.account.clone().unwrap_or_else(|| Name { id: String::new(), name: String::new() })
    }

    fn reinstall(&self) -> Result<Wish, Refusal> {
        let received: ReceivedReinstall =
            serde_json::from_slice(self.body).map_err(|_| wrong_type(self.body, &["image_id", "password"]))?;
        Ok(Wish::Reinstall(ReinstallRequest {
            instance_ids: received.instance_id_set,
            image_id: received.image_id,
            password: received.password,
        }))
    }

    fn change_password(&self) -> Result<Wish, Refusal> {
        let received: ReceivedPassword =
            serde_json::from_slice(self.body).map_err(|_| wrong_type(self.body, &["new_password"]))?;
        Ok(Wish::ChangePassword(PasswordRequest {
            instance_ids: received.instance_id_set,
            password: received.new_password.map(Zeroizing::new),
        }))
    }

    fn tags(&self) -> Result<TagsRequest, Refusal> {
        let received: ReceivedTags = serde_json::from_slice(self.body)
            .map_err(|_| Refusal::Invalid("tags must be an array of objects with key and value".into()))?;
        let (kind, resource) = self.resource;
        let tags = received.tags.map(|tags| tags.into_iter().map(|tag| (tag.key, tag.value)).collect());
        Ok(TagsRequest { resource_type: kind.to_owned(), resource_id: resource.to_owned(), tags })
    }

    fn list(&self) -> Result<Wish, Refusal> {
        let query = Query::<Parameters>::try_from_uri(&self.parts.uri)
            .map_err(|_| Refusal::Invalid("a query parameter stands twice or is no text".into()))?;
        let Parameters { limit, marker, instance_state, instance_id, server_id } = query.0;
        Ok(Wish::List(ListQuery { limit, marker, instance_state, instance_id, server_id, ..ListQuery::default() }))
    }

    fn projects(&self) -> Result<Wish, NoSense> {
        let query = Query::<HashMap<String, String>>::try_from_uri(&self.parts.uri);
        let Query(mut query) = query.map_err(|_| malformed("The query cannot be read."))?;
        let enabled = match query.get("enabled").map(|text| text.to_ascii_lowercase()).as_deref() {
            None | Some("") => None,
            Some("true" | "1") => Some(true),
            Some("false" | "0") => Some(false),
            Some(_) => return Err(malformed("enabled must be true or false.")),
        };
        let query = ProjectQuery { name: query.remove("name"), domain_id: query.remove("domain_id"), enabled };
        Ok(Wish::ListProjects(self.home(), query))
    }

    /// What of it nothing reads, be it misspelt or of another version of the API.
    pub(super) fn unread(&self) -> Vec<Unread> {
        let (in_query, in_body) = read_names(self.operation);
        let query = self.parts.uri.query().unwrap_or_default();
        let names = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
        let names = names.filter(|name| !name.is_empty()).map(Cow::Borrowed);
        let mut unread = strangers(names, in_query, UnreadPlace::Query);
        if self.operation.is_write()
            && let Ok(fields) = serde_json::from_slice::<BTreeMap<Cow<'_, str>, IgnoredAny>>(self.body)
        {
            unread.extend(strangers(fields.into_keys(), in_body, UnreadPlace::Body));
        }
        unread.truncate(Unread::LEN_MAX);
        unread
    }
}

/// The query parameters and the fields of the body that are read.
const fn read_names(operation: ApiOperation) -> (&'static [&'static str], &'static [&'static str]) {
    match operation {
        ApiOperation::ReinstallOs => (&[], &["image_id", "password", "instance_id_set"]),
        ApiOperation::ListInstances => (&["limit", "marker", "instance_state", "instance_id", "server_id"], &[]),
        ApiOperation::ChangeInstancePassword => (&[], &["new_password", "instance_id_set"]),
        ApiOperation::BatchCreateTags | ApiOperation::BatchDeleteTags => (&[], &["tags"]),
        ApiOperation::KeystoneCreateUserTokenByPassword | ApiOperation::KeystoneValidateToken => (&["nocatalog"], &[]),
        ApiOperation::KeystoneListProjects => (&["name", "domain_id", "enabled"], &[]),
        ApiOperation::ShowInstanceStatus
        | ApiOperation::KeystoneListAuthDomains
        | ApiOperation::KeystoneListVersions
        | ApiOperation::KeystoneShowVersion => (&[], &[]),
    }
}

fn strangers<'a>(
    names: impl Iterator<Item = Cow<'a, str>>,
    read: &'static [&'static str],
    place: UnreadPlace,
) -> Vec<Unread> {
    let unknown = names.filter(|name| !read.contains(&name.as_ref()));
    let told = unknown.map(|name| {
        let name: String = name.chars().take(Unread::NAME_CHARS_MAX).collect();
        let nearest = nearest(&name, read, LIKENESS_MIN);
        Unread { place, name: name.into(), nearest }
    });
    told.take(Unread::LEN_MAX).collect()
}

fn malformed(why: &'static str) -> NoSense {
    NoSense::Iam(IamRefusal::Malformed(why))
}

/// Why a body could not be read: names the field, never what stood in it.
fn wrong_type(bytes: &[u8], texts: &[&str]) -> Refusal {
    let Ok(Value::Object(fields)) = serde_json::from_slice(bytes) else {
        return Refusal::Invalid("the body must be a JSON object".into());
    };
    let is_text = |field: &str| matches!(fields.get(field), None | Some(Value::Null | Value::String(_)));
    let text = texts.iter().find(|field| !is_text(field));
    Refusal::Invalid(match text {
        Some(field) => format!("{field} must be a string"),
        None => "instance_id_set must be an array of strings".to_owned(),
    })
}

/// The query of a list call, as it came.
#[derive(Deserialize)]
struct Parameters {
    limit: Option<String>,
    marker: Option<String>,
    instance_state: Option<String>,
    instance_id: Option<String>,
    server_id: Option<String>,
}

/// The body of a request for another password. No `Debug`, for it holds one.
#[derive(Deserialize)]
struct ReceivedPassword {
    new_password: Option<String>,
    instance_id_set: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct ReceivedTags {
    tags: Option<Vec<ReceivedTag>>,
}

#[derive(Deserialize)]
struct ReceivedTag {
    key: String,
    value: Option<String>,
}
