//! A failed call, reduced to what decisions need, and the one function that decides.

use std::fmt;
use std::time::Duration;

use crate::id::{InstanceId, RequestId};
use crate::mutant::{Mutant, planted};
use crate::rate::{Hint, Rate};
use crate::text::CloudText;

/// What went wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// No connection: refused, no such host, TLS. The request never left.
    Unreachable,
    /// Not sent: our own limiter, the cloud's wish to be left alone for a while, or the lack of something to show did not let it
    /// go in time, or it was not wanted any more by then.
    HeldBack,
    /// No answer within the time given, after the request may have left.
    TimedOut,
    /// The connection broke after the request may have left.
    Broken,
    /// 400: something about the request is wrong.
    Rejected,
    /// 401: the credentials are not accepted, or no longer.
    Unauthorized,
    /// 401, for what was shown has run out. Something newer is at hand by now, or may be had later.
    Lapsed,
    /// 403: the credentials do not permit this.
    Forbidden,
    /// 404 from the service: it does not know an instance that was named.
    NotFound,
    /// 404 from the gateway: it does not know the call or the project. Every other request would fare the same.
    NoSuchCall,
    /// 429: too many requests.
    Throttled,
    /// 3xx: somebody wants us to go elsewhere. Never followed.
    Redirected,
    /// 5xx: the service or its gateway failed.
    ServerFailed,
    /// A status that the documents do not have for this call.
    Unexpected,
    /// A success whose body makes no sense.
    Unreadable,
}

/// Whether a request can have reached the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// It never left.
    No,
    /// It may have arrived, nobody knows.
    Maybe,
    /// It arrived: there was an answer.
    Answered,
}

impl FaultKind {
    /// Whether the request can have reached the cloud.
    #[must_use]
    pub const fn sent(self) -> Sent {
        match self {
            Self::Unreachable | Self::HeldBack => Sent::No,
            Self::TimedOut | Self::Broken => Sent::Maybe,
            Self::Rejected
            | Self::Unauthorized
            | Self::Lapsed
            | Self::Forbidden
            | Self::NotFound
            | Self::NoSuchCall
            | Self::Throttled
            | Self::Redirected
            | Self::ServerFailed
            | Self::Unexpected
            | Self::Unreadable => Sent::Answered,
        }
    }

    /// The name that reports use where the cloud gave no code of its own.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::HeldBack => "held_back",
            Self::TimedOut => "timed_out",
            Self::Broken => "broken_connection",
            Self::Rejected => "rejected",
            Self::Unauthorized => "unauthorized",
            Self::Lapsed => "lapsed",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::NoSuchCall => "no_such_call",
            Self::Throttled => "throttled",
            Self::Redirected => "redirected",
            Self::ServerFailed => "server_failed",
            Self::Unexpected => "unexpected_status",
            Self::Unreadable => "unreadable_answer",
        }
    }
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// What went wrong.
    pub kind: FaultKind,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// The cloud's own code, such as `iMetal.0200`.
    pub code: Option<CloudText>,
    /// The cloud's own words; ours where it gave none.
    pub message: CloudText,
    /// The cloud's name for the request.
    pub request_id: Option<RequestId>,
    /// How long the cloud asked us to wait.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
    /// The limit that a refusal for too many requests names. For whoever sends requests; no decision of a rollout hangs on
    /// it, so that it is not on record.
    #[serde(skip)]
    pub limit: Option<Rate>,
    /// The instances that the cloud's words name, taken from them before they were cut to a readable length.
    /// `iMetal.0200` and `iMetal.0201` list those that are at fault (api-facts 7).
    #[serde(skip)]
    pub named: Vec<InstanceId>,
    /// Whether the request itself is certain not to have left, whatever the kind says: no credential could be had for it.
    #[serde(skip)]
    pub never_left: bool,
}

impl Fault {
    /// A fault of which nothing but the kind and a sentence is known.
    #[must_use]
    pub fn new(kind: FaultKind, message: &str) -> Self {
        Self {
            kind,
            status: None,
            code: None,
            message: message.into(),
            request_id: None,
            retry_after: None,
            limit: None,
            named: vec![],
            never_left: false,
        }
    }

    /// Whether the request can have reached the cloud.
    #[must_use]
    pub const fn sent(&self) -> Sent {
        if self.never_left { Sent::No } else { self.kind.sent() }
    }

    /// Takes `secret` out of the cloud's words, see [`CloudText::hide`].
    pub fn hide(&mut self, secret: &str) {
        self.message.hide(secret);
        if let Some(code) = &mut self.code {
            code.hide(secret);
        }
        if let Some(id) = &mut self.request_id {
            id.hide(secret);
        }
    }

    /// What it says about how to go on, for whoever was told to slow down.
    #[must_use]
    pub const fn hint(&self) -> Hint {
        Hint { retry_after: self.retry_after, limit: self.limit }
    }

    /// Status and code, each once: `404 iMetal.0200`; `401` where IAM's code is the status again; `timed_out` without either.
    #[must_use]
    pub fn heading(&self) -> String {
        let code = self.code_or_kind();
        match self.status {
            Some(status) if code.as_str() == status.to_string() => code.to_string(),
            Some(status) => format!("{status} {code}"),
            None => code.to_string(),
        }
    }

    /// The cloud's code, or our name for the kind of fault.
    #[must_use]
    pub fn code_or_kind(&self) -> CloudText {
        self.code.clone().unwrap_or_else(|| self.kind.name().into())
    }
}

impl fmt::Display for Fault {
    /// `404 iMetal.0200: Instances not found: [..] (request id 7f..)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.heading(), self.message)?;
        match &self.request_id {
            Some(id) => write!(f, " (request id {id})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}

/// Whether sending a request twice does harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// A read: twice is as good as once.
    Safe,
    /// The reinstall: the second sending may wipe a machine again. The API has no idempotency key (api-facts 1).
    Once,
}

/// What a fault means for the request that met it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was started, and the same request may be sent again later.
    Again,
    /// Nothing was started, and the same request will never do.
    Refused,
    /// Nothing was started, and no other request with these credentials at this endpoint would fare better.
    Denied,
    /// It may have taken hold. Look before doing anything else.
    Doubt,
}

/// What `fault` means for a request that may be repeated so. The only place where this is decided.
///
/// For a request that must not be repeated, an answer tells something only if it carries a code of the service or of its gateway
/// ([`is_known_code`]): a bare 4xx may come from any proxy, after the request was carried out. The exception is a 429, which
/// is documented without a code: the same request may be sent again once it is shown to have started nothing. What is told so
/// is a reason to expect that nothing was started, and no proof: see the rollout's refusals.
#[must_use]
pub fn verdict(fault: &Fault, repeat: Repeat) -> Verdict {
    let is_bare =
        fault.sent() == Sent::Answered && !fault.code.as_ref().is_some_and(|code| is_known_code(code.as_str()));
    match (fault.kind, repeat) {
        (FaultKind::Unreachable | FaultKind::HeldBack | FaultKind::Throttled | FaultKind::Lapsed, _) => Verdict::Again,
        (_, Repeat::Once) if is_bare && !planted(Mutant::BareRefusalIsBelieved) => Verdict::Doubt,
        (FaultKind::Rejected | FaultKind::NotFound, _) => Verdict::Refused,
        (FaultKind::Unauthorized | FaultKind::Forbidden | FaultKind::NoSuchCall, _) => Verdict::Denied,
        (FaultKind::TimedOut | FaultKind::Broken | FaultKind::ServerFailed | FaultKind::Unreadable, Repeat::Safe) => {
            Verdict::Again
        }
        (FaultKind::Redirected | FaultKind::Unexpected, Repeat::Safe) => Verdict::Refused,
        (
            FaultKind::TimedOut
            | FaultKind::Broken
            | FaultKind::ServerFailed
            | FaultKind::Unreadable
            | FaultKind::Redirected
            | FaultKind::Unexpected,
            Repeat::Once,
        ) => Verdict::Doubt,
    }
}

/// Whether a code is one by which CloudDC or a gateway of Huawei Cloud refuses a request before anything is started:
/// `iMetal.0200`, `APIGW.0308`. Gateways have other prefixes in other places. Sources: the pages ErrorCode of CloudDC and api-sign-errorcode of the API signing guide.
#[must_use]
pub fn is_known_code(code: &str) -> bool {
    let of = |prefix: &str| {
        let number = code.strip_prefix(prefix)?;
        (number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
    };
    let from_gateway = ["APIGW.", "APIG.", "APIC."].iter().find_map(|prefix| of(prefix));
    // A gateway gives these when it has passed the request on, or may have, and the service when it failed inside.
    let is_after_the_fact = matches!(from_gateway, Some("0201" | "0202" | "0203")) || code == "iMetal.0099";
    (from_gateway.is_some() || of("iMetal.").is_some()) && !is_after_the_fact
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_the_service_and_its_gateways_are_known() {
        for (code, known) in [
            ("iMetal.0200", true),
            ("APIGW.0308", true),
            ("APIG.0101", true),
            ("403", false),
            ("WAF.0001", false),
            ("iMetal.", false),
            ("APIGW.03081", false),
            ("APIGW.0202", false),
            ("iMetal.0099", false),
            ("apigw.0308", false),
        ] {
            assert_eq!(is_known_code(code), known, "{code}");
        }
    }

    #[test]
    fn a_status_without_a_known_code_is_doubt() {
        for kind in [FaultKind::Rejected, FaultKind::Unauthorized, FaultKind::Forbidden, FaultKind::NotFound] {
            for code in [None, Some("403".into()), Some("WAF-17".into())] {
                let fault = Fault { code, ..Fault::new(kind, "<html>") };
                assert_eq!(verdict(&fault, Repeat::Once), Verdict::Doubt, "{fault:?}");
            }
        }
    }

    #[test]
    fn verdicts() {
        use FaultKind as K;
        use Verdict::{Again, Denied, Doubt, Refused};
        for (kind, safe, once) in [
            (K::Unreachable, Again, Again),
            (K::HeldBack, Again, Again),
            (K::TimedOut, Again, Doubt),
            (K::Broken, Again, Doubt),
            (K::Rejected, Refused, Refused),
            (K::Unauthorized, Denied, Denied),
            (K::Lapsed, Again, Again),
            (K::Forbidden, Denied, Denied),
            (K::NotFound, Refused, Refused),
            (K::NoSuchCall, Denied, Denied),
            (K::Throttled, Again, Again),
            (K::Redirected, Refused, Doubt),
            (K::ServerFailed, Again, Doubt),
            (K::Unexpected, Refused, Doubt),
            (K::Unreadable, Again, Doubt),
        ] {
            let fault = Fault { code: Some("iMetal.0001".into()), ..Fault::new(kind, "") };
            assert_eq!((verdict(&fault, Repeat::Safe), verdict(&fault, Repeat::Once)), (safe, once), "{kind:?}");
        }
    }

    #[test]
    fn what_may_have_arrived_is_never_sent_again_unseen() {
        for kind in [FaultKind::TimedOut, FaultKind::Broken] {
            assert_eq!(kind.sent(), Sent::Maybe);
            assert_eq!(verdict(&Fault::new(kind, ""), Repeat::Once), Verdict::Doubt);
        }
    }

    #[test]
    fn a_fault_speaks_the_clouds_words() {
        let fault = Fault {
            status: Some(404),
            code: Some("iMetal.0200".into()),
            request_id: RequestId::new("7f3a"),
            ..Fault::new(FaultKind::NotFound, "Instances not found: [x]")
        };
        assert_eq!(fault.to_string(), "404 iMetal.0200: Instances not found: [x] (request id 7f3a)");
        assert_eq!(Fault::new(FaultKind::TimedOut, "no answer in 30s").to_string(), "timed_out: no answer in 30s");
        let iam = Fault { status: Some(401), code: Some("401".into()), ..Fault::new(FaultKind::Unauthorized, "wrong") };
        assert_eq!(iam.to_string(), "401: wrong");
    }
}
