//! The metadata service of the cloud's own machines, which hands out temporary keys (api-facts 6).

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::redact::Redactor;
use reinstall_core::secret::{SecretKey, SecurityToken, SessionToken};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::error::CallError;
use crate::operation::{self, Operation, Reply, Request};
use crate::sign::key::AccessKey;
use crate::sign::sensitive;
use crate::wire::error;

/// How long a session with the metadata service lasts, in seconds.
const SESSION_SECONDS: &str = "21600";
const SESSION_SECONDS_HEADER: HeaderName = HeaderName::from_static("x-metadata-token-ttl-seconds");
const SESSION_HEADER: HeaderName = HeaderName::from_static("x-metadata-token");

/// Temporary keys.
#[derive(Debug)]
pub struct TemporaryKeys {
    /// The keys, with the token that makes them temporary.
    pub key: AccessKey,
    /// When they die.
    pub expires_at: Option<String>,
}

/// The request that begins a session.
#[must_use]
pub fn session() -> Request {
    let headers = HeaderMap::from_iter([(SESSION_SECONDS_HEADER, HeaderValue::from_static(SESSION_SECONDS))]);
    Request {
        operation: Operation::MetadataSession,
        method: Method::PUT,
        path: "/meta-data/latest/api/token".to_owned(),
        query: None,
        headers,
        body: None,
    }
}

/// Reads the answer: the token itself, as text.
///
/// # Errors
/// Whatever is not a 200 with a token.
pub fn session_reply(reply: &Reply, redactor: &Redactor) -> Result<SessionToken, Fault> {
    if reply.status != StatusCode::OK {
        return Err(error::fault(reply.status, &reply.headers, &reply.body, redactor));
    }
    let text = Zeroizing::new(String::from_utf8_lossy(&reply.body).into_owned());
    SessionToken::parse(&text).map_err(|error| Fault {
        status: Some(reply.status.as_u16()),
        ..Fault::new(FaultKind::Unreadable, &format!("the answer is no token: {error}"))
    })
}

/// The request for the keys, within a session or, with an older service, without.
///
/// # Errors
/// If the session's token fits into no header, which none that was read brings about.
pub fn keys(session: Option<&SessionToken>) -> Result<Request, CallError> {
    let mut headers = HeaderMap::new();
    if let Some(session) = session {
        let value = sensitive(session.expose()).map_err(|_| {
            CallError::unsent(
                Operation::MetadataKeys,
                Fault::new(FaultKind::Unreadable, "the session fits into no header"),
            )
        })?;
        headers.insert(SESSION_HEADER, value);
    }
    Ok(Request {
        operation: Operation::MetadataKeys,
        method: Method::GET,
        path: "/openstack/latest/securitykey".to_owned(),
        query: None,
        headers,
        body: None,
    })
}

/// The body of the answer. No `Debug`, for it holds secrets.
#[derive(Deserialize)]
struct Said {
    #[serde(alias = "credentials")]
    credential: SaidKeys,
}

#[derive(Deserialize)]
struct SaidKeys {
    #[serde(alias = "accessKeyId", alias = "access_key_id", alias = "access_key")]
    access: String,
    #[serde(deserialize_with = "wiped", alias = "secretAccessKey", alias = "secret_access_key", alias = "secret_key")]
    secret: Zeroizing<String>,
    #[serde(deserialize_with = "wiped", alias = "securityToken", alias = "security_token")]
    securitytoken: Zeroizing<String>,
    #[serde(default, alias = "expiresAt", alias = "expiration")]
    expires_at: Option<String>,
}

fn wiped<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}

/// Reads the answer.
///
/// # Errors
/// Whatever is not a 200 with keys that can be used. Its words do not quote them.
pub fn keys_reply(reply: &Reply, redactor: &Redactor) -> Result<TemporaryKeys, Fault> {
    let said: Said = operation::read(reply, StatusCode::OK, redactor)?;
    let SaidKeys { access, secret, securitytoken, expires_at } = said.credential;
    let key = || {
        let secret = SecretKey::parse(&secret).ok()?;
        let token = SecurityToken::parse(&securitytoken).ok()?;
        Some(AccessKey::new(&access, secret).ok()?.with_security_token(token))
    };
    let key = key().ok_or_else(|| Fault {
        status: Some(reply.status.as_u16()),
        ..Fault::new(FaultKind::Unreadable, "the answer has no keys that can be used")
    })?;
    Ok(TemporaryKeys { key, expires_at })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn answered(body: &'static str) -> Reply {
        Reply {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
            cut: None,
        }
    }

    #[test]
    fn keys_are_read_in_every_spelling() {
        for body in [
            r#"{"credential":{"access":"AK1","secret":"canary-sk","securitytoken":"canary-t","expires_at":"2026-11-24T00:00:00.000000Z"}}"#,
            r#"{"credentials":{"accessKeyId":"AK1","secretAccessKey":"canary-sk","securityToken":"canary-t","expires_at":"2026-11-24T00:00:00.000000Z","more":1}}"#,
            r#"{"credential":{"access_key_id":"AK1","secret_access_key":"canary-sk","security_token":"canary-t","expiration":"2026-11-24T00:00:00.000000Z"}}"#,
        ] {
            let keys = keys_reply(&answered(body), &Redactor::new()).unwrap();
            assert_eq!((keys.key.id(), keys.key.secret().expose()), ("AK1", "canary-sk"), "{body}");
            assert_eq!(keys.key.security_token().unwrap().expose(), "canary-t");
            assert_eq!(keys.expires_at.as_deref(), Some("2026-11-24T00:00:00.000000Z"));
            assert!(!format!("{keys:?}").contains("canary"));
        }
    }

    #[test]
    fn what_cannot_be_used_is_not_quoted() {
        for body in [
            r#"{"credential":{"access":"AK1","secret":"canary"}}"#,
            r#"{"credential":{"access":"A K","secret":"canary","securitytoken":"canary"}}"#,
            r#"{"credential":{"access":"AK1","secret":"can ary","securitytoken":"canary"}}"#,
            "canary",
        ] {
            let fault = keys_reply(&answered(body), &Redactor::new()).unwrap_err();
            assert!(
                fault.kind == FaultKind::Unreadable
                    && !["canary", "can ary"].iter().any(|secret| fault.to_string().contains(secret)),
                "{fault}"
            );
        }
    }

    #[test]
    fn a_session_is_shown_and_not_logged() {
        let session = session_reply(&answered("canary-token\n"), &Redactor::new()).unwrap();
        let request = keys(Some(&session)).unwrap();
        assert_eq!(request.headers["x-metadata-token"], "canary-token");
        assert!(!format!("{request:?} {:?}", request.headers).contains("canary"));
        assert!(keys(None).unwrap().headers.is_empty());
    }
}
