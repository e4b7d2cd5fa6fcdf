//! The facts that decided how a target ended, so that nobody has to believe a verdict.

use std::fmt;
use std::time::Duration;

use crate::fault::Fault;
use crate::id::{ImageId, RequestId};
use crate::instance::{InstanceState, OperationState};
use crate::sighting::Sighting;
use crate::text::CloudText;
use crate::time::{Plain, Timestamp};

/// The words of one sighting that evidence speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    state: Option<InstanceState>,
    operation: Option<OperationState>,
    fault: Option<CloudText>,
}

impl From<&Sighting> for Words {
    fn from(seen: &Sighting) -> Self {
        Self {
            state: seen.state.clone(),
            operation: seen.operation.clone(),
            fault: seen.fault.as_ref().map(|fault| fault.code.clone()),
        }
    }
}

impl fmt::Display for Words {
    /// `state running, operation_state reinstall-succeed`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            Some(state) => write!(f, "state {state}")?,
            None => f.write_str("no state")?,
        }
        if let Some(operation) = &self.operation {
            write!(f, ", operation_state {operation}")?;
        }
        match &self.fault {
            Some(code) => write!(f, ", error {code}"),
            None => Ok(()),
        }
    }
}

/// What was learned about one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// How it looked right before the request.
    Baseline(Words),
    /// The request left, as this attempt.
    Submitted(u32),
    /// The cloud accepted the request and named the target.
    Acknowledged(Option<RequestId>),
    /// The cloud accepted the request and did not name the target.
    LeftOut(Option<RequestId>),
    /// The request got no answer that tells whether it took hold.
    Unanswered(Box<Fault>),
    /// The cloud refused the request before it started anything.
    Refused(Box<Fault>),
    /// It was seen to be on its way.
    Moving(Words),
    /// It was seen at rest again, good or bad.
    Rested(Words),
    /// It was seen at rest, and the cloud still names another image than the one asked for.
    ImageDiffers(ImageId),
    /// How it looked when the watch was given up.
    LastSeen(Words),
    /// It looked as before for as long as it takes to be sure.
    StayedUnchanged(Duration),
    /// It could not be read.
    Unread(Box<Fault>),
}

impl Fact {
    /// A stable name for the kind of fact.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Baseline(_) => "baseline",
            Self::Submitted(_) => "submitted",
            Self::Acknowledged(_) => "acknowledged",
            Self::LeftOut(_) => "left_out",
            Self::Unanswered(_) => "unanswered",
            Self::Refused(_) => "refused",
            Self::Moving(_) => "moving",
            Self::Rested(_) => "rested",
            Self::ImageDiffers(_) => "image_differs",
            Self::LastSeen(_) => "last_seen",
            Self::StayedUnchanged(_) => "stayed_unchanged",
            Self::Unread(_) => "unread",
        }
    }
}

impl Fact {
    /// Whether it speaks against a success: a person should look, whatever the outcome says.
    #[must_use]
    pub const fn contradicts_success(&self) -> bool {
        match self {
            Self::ImageDiffers(_) => true,
            Self::Baseline(_)
            | Self::Submitted(_)
            | Self::Acknowledged(_)
            | Self::LeftOut(_)
            | Self::Unanswered(_)
            | Self::Refused(_)
            | Self::Moving(_)
            | Self::Rested(_)
            | Self::LastSeen(_)
            | Self::StayedUnchanged(_)
            | Self::Unread(_) => false,
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Baseline(words) => write!(f, "before the request: {words}"),
            Self::Submitted(attempt) => write!(f, "request sent, attempt {attempt}"),
            Self::Acknowledged(Some(id)) => write!(f, "accepted by the cloud (request id {id})"),
            Self::Acknowledged(None) => f.write_str("accepted by the cloud"),
            Self::LeftOut(Some(id)) => {
                write!(f, "request accepted, but the answer does not name this instance (request id {id})")
            }
            Self::LeftOut(None) => f.write_str("request accepted, but the answer does not name this instance"),
            Self::Unanswered(fault) => write!(f, "no usable answer; it may have been carried out: {fault}"),
            Self::Refused(fault) => write!(f, "refused before anything was started: {fault}"),
            Self::Moving(words) => write!(f, "seen in progress: {words}"),
            Self::Rested(words) => write!(f, "seen at rest: {words}"),
            Self::ImageDiffers(image) => write!(f, "the cloud names image {image}, which is not the one asked for"),
            Self::LastSeen(words) => write!(f, "last seen: {words}"),
            Self::StayedUnchanged(time) => write!(f, "watched for {} without any change", Plain(*time)),
            Self::Unread(fault) => write!(f, "could not be read: {fault}"),
        }
    }
}

/// A fact with its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// When it was learned.
    pub at: Timestamp,
    /// What was learned.
    pub fact: Fact,
}

impl serde::Serialize for Evidence {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Shape<'a> {
            at: Timestamp,
            fact: &'a str,
            detail: String,
        }
        Shape { at: self.at, fact: self.fact.name(), detail: self.fact.to_string() }.serialize(serializer)
    }
}
