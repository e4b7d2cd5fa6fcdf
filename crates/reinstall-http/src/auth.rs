//! What a client shows the cloud, and how it gets something newer in time: one renewal at once, however many calls wait.

mod fetch;
pub(crate) mod life;
pub(crate) mod proof;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reinstall_core::fault::{Fault, FaultKind};
use reinstall_core::id::ProjectId;
use reinstall_core::redact::Redactor;
use reinstall_core::time::Timestamp;

use self::fetch::{Given, Giver};
use self::life::Life;
use self::proof::Proof;
use crate::caller::Caller;
use crate::credential::Credential;
use crate::iam_user::IamUser;
use crate::transport::{Place, TransportError};

/// How long a call waits for something newer while the old one is still good. IAM may be slow or down for longer than a rollout
/// can go without looking.
const EARLY_MAX: Duration = Duration::from_secs(2);

/// How long after such a try the next one is made.
const EARLY_EVERY: Duration = Duration::from_secs(10);

/// How long nothing is asked for after it was refused: a wrong password that is shown again and again locks its user out.
const REFUSED_FOR: Duration = Duration::from_secs(15 * 60);

/// How many reinstalls in a row may be refused for what they showed, and still be tried again with something newer.
const LAPSES_MAX: u32 = 5;

/// How many of those that were had are remembered.
const HAD_MAX: usize = 8;

/// For which project a user's tokens are good.
#[derive(Debug, Clone)]
pub enum Scope {
    /// The one of this id.
    Project(ProjectId),
    /// The one of this name.
    ProjectNamed(String),
}

/// What a client shows, and who gives it something newer.
pub(crate) struct Auth {
    /// Nobody, where a person gave us one thing and no more.
    giver: Option<Giver>,
    /// When something newer is asked for again, if that did not come before the old one ends.
    early_at: Mutex<Timestamp>,
    /// How many renewals came to an end.
    rounds: AtomicU64,
    /// Held by whoever renews; how the last renewal failed, if it did, and when.
    renewing: tokio::sync::Mutex<Option<(Fault, Timestamp)>>,
    /// What was had lately, the newest last: that is shown, and an answer may repeat what it was shown before.
    had: Mutex<VecDeque<Arc<Held>>>,
    /// How many reinstalls in a row were refused for what they showed.
    lapses: AtomicU32,
}

/// Something to show, at hand.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) proof: Proof,
    pub(crate) life: Option<Life>,
    /// Whether any call was answered with anything but a 401 to it.
    was_accepted: AtomicBool,
}

impl Held {
    /// A call that showed it was answered with anything but a 401.
    pub(crate) fn accepted(&self) {
        self.was_accepted.store(true, Ordering::Relaxed);
    }
}

impl Auth {
    /// What this credential shows to a service that has projects.
    pub(crate) fn new(credential: Credential, scope: Scope) -> Result<Self, TransportError> {
        let (giver, held) = match credential {
            Credential::Token(token) => (None, Some(Proof::token(token).map_err(TransportError::Token)?)),
            Credential::Keys(key) => (None, Some(Proof::Keys(key))),
            Credential::User { iam, user } => (Some(Giver::Iam { place: Place::bare(iam), user, scope }), None),
            Credential::Metadata(endpoint) => (Some(Giver::Metadata { place: Place::bare(endpoint) }), None),
        };
        let held = held.map(|proof| Arc::new(Held { proof, life: None, was_accepted: AtomicBool::new(false) }));
        Ok(Self {
            giver,
            early_at: Mutex::new(Timestamp::from_millis(0)),
            rounds: AtomicU64::new(0),
            renewing: tokio::sync::Mutex::new(None),
            had: Mutex::new(held.into_iter().collect()),
            lapses: AtomicU32::new(0),
        })
    }

    /// `redactor`, with what was shown lately: an answer may repeat it.
    pub(crate) fn with_shown(&self, redactor: Redactor) -> Redactor {
        let had = self.had.lock().unwrap_or_else(PoisonError::into_inner);
        let secrets = had.iter().flat_map(|held| held.proof.secrets());
        secrets.fold(redactor, |known, (role, secret)| known.with(role, secret))
    }

    /// From now on this is shown.
    fn hold(&self, held: Arc<Held>) {
        let mut had = self.had.lock().unwrap_or_else(PoisonError::into_inner);
        if had.len() == HAD_MAX {
            had.pop_front();
        }
        had.push_back(held);
    }

    /// What to show now. Asks for something newer first, where what is at hand is about to end.
    ///
    /// # Errors
    /// That nothing is to be had; the request that should have shown it was not sent.
    pub(crate) async fn show(&self, caller: &Caller) -> Result<Arc<Held>, Fault> {
        let Some(held) = self.held() else { return self.renew(caller, None).await };
        match held.life {
            Some(life) if caller.now() >= life.ends_at => self.renew(caller, Some(&held)).await,
            Some(life) if caller.now() >= life.renew_at => Ok(self.renew_early(caller, &held).await),
            Some(_) | None => Ok(held),
        }
    }

    /// Something newer, while the old one is still good: one call in a while asks for it, and does not wait for long.
    async fn renew_early(&self, caller: &Caller, old: &Arc<Held>) -> Arc<Held> {
        {
            let mut early_at = self.early_at.lock().unwrap_or_else(PoisonError::into_inner);
            if caller.now() < *early_at {
                return Arc::clone(old);
            }
            *early_at = caller.now() + EARLY_EVERY;
        }
        let why = tokio::select! {
            renewed = self.renew(caller, Some(old)) => match renewed {
                Ok(renewed) => {
                    *self.early_at.lock().unwrap_or_else(PoisonError::into_inner) = Timestamp::from_millis(0);
                    return renewed;
                }
                Err(fault) => fault.to_string(),
            },
            () = caller.sleep(EARLY_MAX) => "no answer in time".to_owned(),
        };
        tracing::warn!(why, "could not renew what is about to run out; it is tried again soon");
        Arc::clone(old)
    }

    /// A reinstall that showed something of this was answered with anything but a 401.
    pub(crate) fn reinstall_accepted(&self) {
        self.lapses.store(0, Ordering::Relaxed);
    }

    /// What a 401 to a call that showed `held` means. It has [`Lapsed`](FaultKind::Lapsed) if something newer is at hand by the
    /// time this returns, or may be had later; otherwise it stays what it is. Something new that was never accepted is not
    /// replaced, nor is it again and again for reinstalls that are refused one after the other: the next would fare no better.
    pub(crate) async fn refused(&self, caller: &Caller, held: &Arc<Held>, refusal: Fault, is_reinstall: bool) -> Fault {
        if self.giver.is_none() {
            return refusal;
        }
        let is_newest = self.held().is_some_and(|newest| Arc::ptr_eq(&newest, held));
        let has_ended = held.life.is_some_and(|life| caller.now() >= life.ends_at);
        if is_newest && !has_ended && !held.was_accepted.load(Ordering::Relaxed) {
            return refusal;
        }
        if is_reinstall && self.lapses.fetch_add(1, Ordering::Relaxed) >= LAPSES_MAX {
            return refusal;
        }
        match self.renew(caller, Some(held)).await {
            Ok(_) => Fault { kind: FaultKind::Lapsed, ..refusal },
            // The request was answered, whatever became of ours to IAM.
            Err(fault) => {
                let kind = if fault.kind == FaultKind::Unauthorized { fault.kind } else { FaultKind::Lapsed };
                let message = format!("{}; {}", refusal.message, fault.message);
                Fault { kind, message: message.as_str().into(), retry_after: fault.retry_after, ..refusal }
            }
        }
    }

    fn held(&self) -> Option<Arc<Held>> {
        self.had.lock().unwrap_or_else(PoisonError::into_inner).back().cloned()
    }

    /// Something other than `old`. Whoever waited for another's renewal takes what came of it, good or bad.
    async fn renew(&self, caller: &Caller, old: Option<&Arc<Held>>) -> Result<Arc<Held>, Fault> {
        let rounds = self.rounds.load(Ordering::Acquire);
        let mut failed = self.renewing.lock().await;
        let held = self.held();
        if let Some(held) = held.filter(|held| old.is_none_or(|old| !Arc::ptr_eq(held, old))) {
            return Ok(held);
        }
        let waited = self.rounds.load(Ordering::Acquire) > rounds;
        if let Some((fault, at)) = &*failed {
            let is_refused = fault.kind == FaultKind::Unauthorized && caller.now().since(*at) < REFUSED_FOR;
            if waited || is_refused {
                return Err(fault.clone());
            }
        }
        let given = match &self.giver {
            Some(giver) => giver.ask(caller, self.with_shown(Redactor::new())).await,
            None => return Err(Fault::new(FaultKind::Unauthorized, "there is nothing newer to show")),
        };
        let outcome = given.map(|Given { proof, life }| Arc::new(Held { proof, life, was_accepted: false.into() }));
        *failed = outcome.as_ref().err().map(|fault| (fault.clone(), caller.now()));
        if let Ok(held) = &outcome {
            self.hold(Arc::clone(held));
        }
        self.rounds.fetch_add(1, Ordering::Release);
        outcome
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("giver", &self.giver).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
