//! A call that failed for good.

use std::fmt;
use std::time::Duration;

use reinstall_core::fault::{Fault, FaultKind, Sent};
use reinstall_core::id::RequestId;
use reinstall_core::text::CloudText;
use reinstall_core::time::Plain;

use crate::operation::Operation;

/// A call that failed, after all the tries that its operation allows.
///
/// What to do about it is for core's [`verdict`](reinstall_core::fault::verdict) to say, given [`CallError::fault`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError(Box<Failure>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Failure {
    operation: Operation,
    fault: Fault,
    tries: u32,
    elapsed: Duration,
}

impl CallError {
    pub(crate) fn new(operation: Operation, fault: Fault, tries: u32, elapsed: Duration) -> Self {
        Self(Box::new(Failure { operation, fault, tries, elapsed }))
    }

    /// A call that could not even be written.
    pub(crate) fn unsent(operation: Operation, fault: Fault) -> Self {
        Self::new(operation, fault, 0, Duration::ZERO)
    }

    /// Which call it was.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.0.operation
    }

    /// What went wrong at the last try.
    #[must_use]
    pub fn kind(&self) -> FaultKind {
        self.0.fault.kind
    }

    /// Whether the last try can have reached the cloud.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.0.fault.sent()
    }

    /// The HTTP status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.fault.status
    }

    /// The cloud's own code, such as `iMetal.0200`.
    #[must_use]
    pub fn error_code(&self) -> Option<&CloudText> {
        self.0.fault.code.as_ref()
    }

    /// The cloud's own words; ours where it gave none.
    #[must_use]
    pub fn error_msg(&self) -> &CloudText {
        &self.0.fault.message
    }

    /// The cloud's name for the last try: what its support desk asks for.
    #[must_use]
    pub fn request_id(&self) -> Option<&RequestId> {
        self.0.fault.request_id.as_ref()
    }

    /// How many requests were sent for it; none if it could not even be written.
    #[must_use]
    pub fn tries(&self) -> u32 {
        self.0.tries
    }

    /// How long all of it took, waits between the tries included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// What decisions need of it.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.0.fault
    }

    /// Reduces it to what decisions need.
    #[must_use]
    pub fn into_fault(self) -> Fault {
        self.0.fault
    }
}

impl fmt::Display for CallError {
    /// `ListInstances failed: 403 iMetal.0004: Insufficient permissions (request id 7f3a, 1 try, 120ms)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { operation, fault, tries, elapsed } = &*self.0;
        write!(f, "{operation} failed: {}: {} (", fault.heading(), fault.message)?;
        if let Some(id) = &fault.request_id {
            write!(f, "request id {id}, ")?;
        }
        match tries {
            0 => write!(f, "not sent, {})", Plain(*elapsed)),
            1 => write!(f, "1 try, {})", Plain(*elapsed)),
            _ => write!(f, "{tries} tries, {})", Plain(*elapsed)),
        }
    }
}

impl std::error::Error for CallError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_tells_all_that_support_asks_for() {
        let fault = Fault {
            status: Some(403),
            code: Some("iMetal.0004".into()),
            request_id: RequestId::new("7f3a"),
            ..Fault::new(FaultKind::Forbidden, "Insufficient permissions")
        };
        let error = CallError::new(Operation::ListInstances, fault, 1, Duration::from_millis(120));
        assert_eq!(
            error.to_string(),
            "ListInstances failed: 403 iMetal.0004: Insufficient permissions (request id 7f3a, 1 try, 120ms)"
        );
        let fault = Fault::new(FaultKind::TimedOut, "no answer");
        let error = CallError::new(Operation::ShowInstanceStatus, fault, 3, Duration::from_millis(61_500));
        assert_eq!(error.to_string(), "ShowInstanceStatus failed: timed_out: no answer (3 tries, 1m 1s 500ms)");
        assert_eq!((error.sent(), error.status()), (Sent::Maybe, None));
    }
}
