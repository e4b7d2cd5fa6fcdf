//! What every answer carries: the name of the request, the date by the world's clock, and a mark that this is no real cloud.

use std::cell::RefCell;
use std::time::{Duration, UNIX_EPOCH};

use axum::http::header::DATE;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use reinstall_core::time::Timestamp;
use reinstall_http::wire::error::{IAM_TRACE_ID, REQUEST_ID};

use crate::exchange::RequestName;

/// Says of each answer that it is a mock's, and of which version.
pub(crate) const MOCK: HeaderName = HeaderName::from_static("x-mock");
/// The version.
pub(crate) const VERSION: HeaderValue = HeaderValue::from_static(env!("CARGO_PKG_VERSION"));

/// What is written on an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    pub(super) name: RequestName,
    /// Whether IAM answers: it has a name of its own for each request. Here it is the same, spelled like IAM's.
    pub(super) is_iam: bool,
}

impl Stamp {
    pub(super) fn on(self, mut response: Response, now: Timestamp) -> Response {
        let headers = response.headers_mut();
        if let Ok(name) = HeaderValue::from_bytes(&self.name.digits()) {
            headers.insert(HeaderName::from_static(REQUEST_ID), name);
        }
        if self.is_iam
            && let Ok(name) = HeaderValue::from_str(&format!("token_null_null_{}", self.name))
        {
            headers.insert(HeaderName::from_static(IAM_TRACE_ID), name);
        }
        mark(&mut response, now);
        response
    }
}

/// Dates an answer, and says that it is a mock's.
pub(super) fn mark(response: &mut Response, now: Timestamp) {
    let headers = response.headers_mut();
    if let Some(date) = http_date(now) {
        headers.insert(DATE, date);
    }
    headers.insert(MOCK, VERSION);
}

/// The form of `Date`; `None` for a moment in a year of more than four digits.
fn http_date(at: Timestamp) -> Option<HeaderValue> {
    /// 10000-01-01T00:00:00Z
    const END_SECONDS: u64 = 253_402_300_800;
    thread_local! {
        // Most answers are of the same second as the one before.
        static LAST: RefCell<Option<(u64, HeaderValue)>> = const { RefCell::new(None) };
    }
    let seconds = at.as_millis() / 1_000;
    LAST.with_borrow_mut(|last| {
        if let Some((known, value)) = last
            && *known == seconds
        {
            return Some(value.clone());
        }
        let at = (seconds < END_SECONDS).then(|| UNIX_EPOCH + Duration::from_secs(seconds))?;
        let value = HeaderValue::from_str(&httpdate::fmt_http_date(at)).ok()?;
        *last = Some((seconds, value.clone()));
        Some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_http() {
        for (millis, text) in [
            (0, Some("Thu, 01 Jan 1970 00:00:00 GMT")),
            (1_800_000_000_999, Some("Fri, 15 Jan 2027 08:00:00 GMT")),
            (1_800_000_000_000, Some("Fri, 15 Jan 2027 08:00:00 GMT")),
            (253_402_300_799_999, Some("Fri, 31 Dec 9999 23:59:59 GMT")),
            (253_402_300_800_000, None),
        ] {
            let date = http_date(Timestamp::from_millis(millis));
            assert_eq!(date.as_ref().map(|value| value.to_str().unwrap()), text, "{millis}");
        }
    }
}
