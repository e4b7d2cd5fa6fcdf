//! What to do about a call that failed, from where somebody stands who asked the doctor already.

use reinstall_core::fault::{Fault, FaultKind};
use reinstall_http::sources::Given;

use crate::failure::{Cause, hint_on};
use crate::render::doctor::Check;

/// The check that a failed call comes to. A call that was held back here says nothing about the cloud.
pub(super) fn refused(name: &'static str, fault: &Fault, given: &Given) -> Check {
    let seen = seen(fault);
    let advice = on(fault, given);
    if fault.kind == FaultKind::HeldBack {
        return Check::warning(name, seen, advice);
    }
    Check::failed(name, Cause::Cloud, seen, advice)
}

/// A failed call in a few words, with what support asks for.
pub(super) fn seen(fault: &Fault) -> String {
    let status = fault.status.map(|status| format!("{status} ")).unwrap_or_default();
    // IAM's codes are the status once more.
    let code = fault.code.as_ref().filter(|code| fault.status.is_none_or(|status| code.as_str() != status.to_string()));
    let code = code.map(|code| format!("{code}: ")).unwrap_or_default();
    let id = fault.request_id.as_ref().map(|id| format!(" (request id {id})")).unwrap_or_default();
    format!("{status}{code}{}{id}", fault.message)
}

/// What to do about it.
pub(super) fn on(fault: &Fault, given: &Given) -> String {
    if fault.kind == FaultKind::Unauthorized {
        return on_refused_credentials(given).to_owned();
    }
    let words = match (fault.kind, fault.status) {
        (FaultKind::HeldBack, None) => {
            Some("other programs use up the rate, or the cloud asked for a pause: try again later")
        }
        (FaultKind::TimedOut | FaultKind::Broken, _) => Some(
            "try again; if it goes on, allow more time with --read-timeout and --call-timeout, or ask who runs the network",
        ),
        (FaultKind::Unreadable | FaultKind::Redirected, _) => {
            Some("something else than the API answers: check the address, and what stands in between")
        }
        _ => None,
    };
    // Whoever asked the doctor is not sent to the doctor.
    let hint = || hint_on(fault).map(|hint| hint.replace(": reinstall doctor", ""));
    let otherwise = || "nothing on our side; give the cloud's support the request id if it goes on".to_owned();
    words.map(str::to_owned).or_else(hint).unwrap_or_else(otherwise)
}

fn on_refused_credentials(given: &Given) -> &'static str {
    match given {
        Given::Token(_) => "get a new token: it has run out or was revoked, or is for another project or region",
        Given::Keys(_) => {
            "check that the key is active and the secret belongs to it, whose account it is, and the clock (above)"
        }
        Given::User(_) => {
            "check user, password and account; several wrong passwords lock the user out, so do not guess"
        }
        Given::Metadata => "check which agency this cloud server has, and what that may do",
    }
}

#[cfg(test)]
mod tests {
    use reinstall_core::secret::SessionToken;

    use super::*;

    /// Whatever the cloud says, somebody is told what to do, and not to do what was just done.
    #[test]
    fn nobody_is_sent_round_in_circles() {
        let given = Given::Token(SessionToken::parse("canary").unwrap());
        let codes =
            [None, Some("iMetal.0003"), Some("iMetal.0004"), Some("APIGW.0101"), Some("APIGW.0301"), Some("X.1")];
        let kinds = [
            (FaultKind::Unauthorized, Some(401)),
            (FaultKind::Forbidden, Some(403)),
            (FaultKind::NoSuchCall, Some(404)),
            (FaultKind::Throttled, Some(429)),
            (FaultKind::ServerFailed, Some(500)),
            (FaultKind::ServerFailed, Some(503)),
            (FaultKind::Unreachable, None),
            (FaultKind::TimedOut, None),
            (FaultKind::HeldBack, None),
            (FaultKind::HeldBack, Some(503)),
        ];
        for (kind, status) in kinds {
            // Without a status there was no code either; with a 401, the code is one about credentials.
            for code in codes.into_iter().filter(|code| status.is_some() || code.is_none()) {
                let is_about_credentials = matches!(code, Some("iMetal.0003" | "APIGW.0301"));
                if is_about_credentials && status != Some(401) {
                    continue;
                }
                let fault = Fault { status, code: code.map(Into::into), ..Fault::new(kind, "words") };
                let advice = on(&fault, &given);
                assert!(advice.len() > 20 && !advice.contains("reinstall doctor"), "{fault:?}: {advice}");
            }
        }
    }

    #[test]
    fn what_was_seen_has_what_support_asks_for() {
        let fault = Fault {
            status: Some(403),
            code: Some("iMetal.0004".into()),
            request_id: reinstall_core::id::RequestId::new("7f3a"),
            ..Fault::new(FaultKind::Forbidden, "Insufficient permissions")
        };
        assert_eq!(seen(&fault), "403 iMetal.0004: Insufficient permissions (request id 7f3a)");
        let iam = Fault { status: Some(401), code: Some("401".into()), ..Fault::new(FaultKind::Unauthorized, "wrong") };
        assert_eq!(seen(&iam), "401 wrong");
    }
}
