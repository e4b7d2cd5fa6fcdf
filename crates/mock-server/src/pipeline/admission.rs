//! What the gateway looks at before a service hears of a request: who sends it.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use reinstall_core::time::Timestamp;
use reinstall_http::sign::Message;
use reinstall_http::sign::key::AccessKey;
use reinstall_http::sign::verify::{Denial, claims_signature, verify};
use reinstall_http::wire::iam::served::Name;
use subtle::ConstantTimeEq;

use super::reply::Gateway;
use crate::app::Keyring;
use crate::clock::{Skew, WorldClock};
use crate::diagnosis::explain;
use crate::exchange::Caller;
use crate::iam::{IamRefusal, TokenDenial};
use crate::worlds::Place;

/// Why a request is not admitted.
#[derive(Debug)]
pub(super) struct NotAdmitted {
    /// In the gateway's words.
    pub(super) gateway: Gateway,
    /// What was wrong with the signature, for a developer.
    pub(super) diagnosis: Option<Box<str>>,
}

impl From<Gateway> for NotAdmitted {
    fn from(gateway: Gateway) -> Self {
        Self { gateway, diagnosis: None }
    }
}

/// A request at the gate.
#[derive(Clone, Copy)]
pub(super) struct Gate<'a> {
    pub(super) place: &'a Place,
    pub(super) keyring: &'a Keyring,
    /// When it came, by the world's clock.
    pub(super) now: Timestamp,
    /// How far the clock is off that its signature is held against.
    pub(super) skew: Skew,
    pub(super) parts: &'a Parts,
    pub(super) body: &'a [u8],
}

impl Gate<'_> {
    /// Whether CloudDC admits it. Who claims to sign is taken at that word; a token is asked of the others.
    pub(super) fn cloud(self) -> Result<Caller, NotAdmitted> {
        let message = self.message();
        if claims_signature(&message) {
            return self.signature(&message);
        }
        let given = token(&self.parts.headers);
        let Some(given) = given else {
            let gateway = Gateway::Unauthorized("X-Auth-Token not found".to_owned());
            return Err(NotAdmitted { gateway, diagnosis: self.diagnosis(&message) });
        };
        if self.is_fixed(given) {
            return Ok(Caller::FixedToken);
        }
        let opened = self.place.with(|world| {
            let grant = world.iam.check(self.now, given)?;
            grant.for_project()?;
            Ok(Caller::IamUser(world.iam.user_number(&grant.user)))
        });
        opened.map_err(|denial| match denial {
            TokenDenial::Revoked => Gateway::TokenRevoked.into(),
            TokenDenial::Unknown | TokenDenial::Expired { .. } | TokenDenial::NoProject => {
                Gateway::Unauthorized(denial.to_string()).into()
            }
        })
    }

    /// Whether IAM admits it, and for which account; a token need not be good for a project there. About signatures the gateway
    /// speaks, about tokens IAM itself.
    pub(super) fn iam(self) -> Result<Result<(Caller, Name), IamRefusal>, NotAdmitted> {
        let message = self.message();
        let home = || self.place.with(|world| world.iam.home());
        if claims_signature(&message) {
            return self.signature(&message).map(|caller| Ok((caller, home())));
        }
        let Some(given) = token(&self.parts.headers) else {
            return Ok(Err(IamRefusal::Unauthenticated));
        };
        if self.is_fixed(given) {
            return Ok(Ok((Caller::FixedToken, home())));
        }
        let granted = self.place.with(|world| {
            let grant = world.iam.check(self.now, given)?.clone();
            Ok::<_, TokenDenial>((Caller::IamUser(world.iam.user_number(&grant.user)), grant.account))
        });
        Ok(granted.map_err(|_| IamRefusal::Unauthenticated))
    }

    fn is_fixed(&self, given: &[u8]) -> bool {
        bool::from(given.ct_eq(self.keyring.token.expose().as_bytes()))
    }

    fn message(&self) -> Message<'_> {
        let uri = &self.parts.uri;
        let (path, query, headers) = (uri.path(), uri.query(), &self.parts.headers);
        Message { method: &self.parts.method, path, query, headers, body: self.body }
    }

    fn signature(&self, message: &Message<'_>) -> Result<Caller, NotAdmitted> {
        let keys = &self.keyring.access_keys;
        let clock = self.place.with(|world| world.clock.clone());
        match verify_by(&clock, self.skew.of(self.now), message, keys) {
            Ok(key) => {
                let number = keys.iter().position(|known| known.id() == key.id()).unwrap_or_default();
                Ok(Caller::AccessKey(u32::try_from(number).unwrap_or(u32::MAX)))
            }
            Err(denial) => {
                let diagnosis = self.diagnosis(message);
                Err(NotAdmitted { gateway: Gateway::Unauthorized(denial.to_string()), diagnosis })
            }
        }
    }

    /// Why it is not accepted, in words for a developer, where it carries an `Authorization` at all.
    fn diagnosis(&self, message: &Message<'_>) -> Option<Box<str>> {
        message.headers.get(AUTHORIZATION)?;
        let found = explain(message, self.skew.of(self.now), &self.keyring.access_keys)?;
        Some(format!("{}: {found}", found.slip().word()).into())
    }
}

/// The token that a request carries.
pub(super) fn token(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get("x-auth-token").map(axum::http::HeaderValue::as_bytes)
}

/// Holds a signature against a world's clock. Where that does not go as everybody's, a client may have signed by either: by the
/// time that answers are dated with, or by the real one.
fn verify_by<'k>(
    clock: &WorldClock,
    now: Timestamp,
    message: &Message<'_>,
    keys: &'k [AccessKey],
) -> Result<&'k AccessKey, Denial> {
    verify(message, now, keys).or_else(|denial| {
        let Denial::Expired { signed, .. } = denial else {
            return Err(denial);
        };
        let signed_here = clock.signed_at(signed).ok_or(denial)?;
        // As old as the world's clock has moved since, counted from the time that stands there.
        let (ahead, behind) = (now.since(signed_here), signed_here.since(now));
        verify(message, signed + ahead - behind, keys).map_err(|denial| match denial {
            Denial::Expired { signed, .. } => Denial::Expired { signed, now },
            Denial::Malformed(_) | Denial::UnknownKey(_) | Denial::SecurityToken | Denial::Mismatch(_) => denial,
        })
    })
}
