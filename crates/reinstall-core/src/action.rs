//! What goes into a rollout and what comes out of it for the driver.

use crate::fault::Fault;
use crate::id::{ImageId, InstanceId, RequestId, Ticket};
use crate::instance_set::InstanceSet;
use crate::sighting::Sighting;

/// Something that happened, told to the rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Time went by; nothing else.
    Tick,
    /// An action was carried out, with this answer.
    Answered(Ticket, Answer),
    /// A person wants something.
    Ordered(Order),
    /// The program ended and is back: no answer will come to what was asked for before. A request among that may have taken
    /// hold, or may never have left.
    Resumed,
}

/// What a person may want of a rollout under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Start nothing new; watch what is in flight to its end.
    Halt,
}

/// Something the driver is to carry out, exactly once, and to answer under the same ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Look at these instances: 1 to [`Action::LOOK_IDS_MAX`], no repeats. Harmless.
    Look(Ticket, Vec<InstanceId>),
    /// Send this reinstall request: once, with no retry of any kind, whatever happens. Destructive.
    Submit(Ticket, Submission),
}

impl Action {
    /// The most instances one look names: what the list call takes (api-facts 3).
    pub const LOOK_IDS_MAX: usize = 100;
}

/// One reinstall request. It holds no password: the driver adds it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Submission {
    /// Whom to wipe.
    pub ids: InstanceSet,
    /// What to install; `None` keeps each instance's current image.
    pub image: Option<ImageId>,
    /// Which go at these instances this is, from 1.
    pub attempt: u32,
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A look came back. Instances that it does not mention were not read.
    Looked(Vec<(InstanceId, Look)>),
    /// The cloud accepted a submission (202) and named these instances. It may name fewer than were sent, or others.
    Accepted {
        /// The instances named.
        ids: Vec<InstanceId>,
        /// The cloud's name for the request.
        request_id: Option<RequestId>,
    },
    /// The action failed as a whole. What that means is for [`verdict`](crate::fault::verdict) to say.
    Failed(Fault),
}

impl Answer {
    /// Takes `secret` out of the cloud's words: what comes in here is journaled, shown and reported.
    pub fn hide(&mut self, secret: &str) {
        match self {
            Self::Looked(looks) => looks.iter_mut().for_each(|(_, look)| match look {
                Look::Seen(seen) => seen.hide(secret),
                Look::Gone(fault) | Look::Unread(fault) => fault.hide(secret),
            }),
            Self::Accepted { request_id, .. } => {
                if let Some(id) = request_id {
                    id.hide(secret);
                }
            }
            Self::Failed(fault) => fault.hide(secret),
        }
    }
}

/// What one look told of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// It was seen.
    Seen(Sighting),
    /// The cloud says, with these words, that there is no such instance.
    Gone(Fault),
    /// It could not be read.
    Unread(Fault),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultKind;
    use crate::instance::{InstanceFault, InstanceState, OperationState};

    #[test]
    fn a_cloud_that_repeats_a_secret_is_not_repeated() {
        const SECRET: &str = "Canary-9931-x";
        let id = InstanceId::from_bits(1);
        let fault = Fault {
            code: Some(SECRET.into()),
            request_id: RequestId::new(SECRET),
            ..Fault::new(FaultKind::Rejected, &format!("weak: {SECRET}"))
        };
        let seen = Sighting {
            state: Some(InstanceState::from_word(SECRET)),
            operation: Some(OperationState::from_word(SECRET)),
            fault: Some(InstanceFault { code: SECRET.into(), message: SECRET.into(), kind: SECRET.into() }),
            name: Some(SECRET.into()),
            updated_at: Some(SECRET.into()),
            launched_at: Some(SECRET.into()),
            ..Sighting::default()
        };
        for mut answer in [
            Answer::Looked(vec![
                (id, Look::Seen(seen)),
                (id, Look::Gone(fault.clone())),
                (id, Look::Unread(fault.clone())),
            ]),
            Answer::Accepted { ids: vec![id], request_id: RequestId::new(SECRET) },
            Answer::Failed(fault),
        ] {
            answer.hide(SECRET);
            assert!(!format!("{answer:?}").contains("Canary"), "{answer:?}");
        }
    }
}
