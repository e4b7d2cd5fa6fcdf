//! One readable loop: waits for its turn, shows what it has to, sends, reads, and tries again what may be tried again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reinstall_core::fault::{Fault, FaultKind, Repeat};
use reinstall_core::id::RequestId;
use reinstall_core::rate::{Next, Pacer, Queued};
use reinstall_core::redact::Redactor;
use reinstall_core::retry::{Dice, ReadRetries};
use reinstall_core::time::Timestamp;

use crate::auth::{Auth, Held};
use crate::clock::Clock;
use crate::error::CallError;
use crate::operation::{Operation, Reply, Request};
use crate::sign::canonical::CanonicalRequest;
use crate::sign::difference;
use crate::transport::{Exchange, Place, Transport};
use crate::wire::error;

/// Sends calls and counts them. What is shared by everything that one client sends.
#[derive(Debug)]
pub(crate) struct Caller {
    transport: Transport,
    clock: Clock,
    read_retries: ReadRetries,
    dice: Dice,
    /// How often they were thrown: no two pauses are the same occasion.
    thrown: AtomicU64,
    sent: [AtomicU64; Operation::ALL.len()],
}

/// Where a call goes, what it shows there, and whose leave it needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) place: &'a Place,
    pub(crate) auth: Option<&'a Auth>,
    pub(crate) pacer: Option<&'a dyn Pacer>,
    /// What speaks against a reinstall by now.
    pub(crate) leave: Option<&'a Leave<'a>>,
}

/// What speaks for a reinstall that waits for its turn: when it was decided on, and whether it is still wanted. When it may
/// leave is decided by [`Queued`].
#[derive(Clone, Copy)]
pub(crate) struct Leave<'a> {
    pub(crate) decided_at: Timestamp,
    pub(crate) wanted: &'a (dyn Fn() -> bool + Sync),
}

impl fmt::Debug for Leave<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leave").field("decided_at", &self.decided_at).finish_non_exhaustive()
    }
}

/// What was read from an answer, with the cloud's name for the request.
pub(crate) struct Answered<T> {
    pub(crate) value: T,
    status: u16,
    pub(crate) request_id: Option<RequestId>,
}

impl Caller {
    pub(crate) fn new(transport: Transport, clock: Clock, read_retries: ReadRetries, seed: u64) -> Self {
        Self {
            transport,
            clock,
            read_retries,
            dice: Dice::new(seed),
            thrown: AtomicU64::new(0),
            sent: Default::default(),
        }
    }

    /// The moment it is.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Waits.
    pub(crate) async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }

    /// What the wall clock says.
    pub(crate) fn wall(&self) -> Timestamp {
        self.clock.wall()
    }

    /// How many requests were sent so far, each try counted, those that found no connection included.
    pub(crate) fn requests(&self) -> BTreeMap<Operation, u64> {
        let count = |operation: Operation| (operation, self.sent[operation.index()].load(Ordering::Relaxed));
        let all = Operation::ALL.into_iter().map(count);
        all.filter(|(operation, sent)| *sent > 0 || Operation::CLOUDDC.contains(operation)).collect()
    }

    /// Sends `request` until it is answered, or fails in a way that another try does not help, or may not have one. Each try
    /// has a turn and a signature of its own.
    pub(crate) async fn call<T>(
        &self,
        line: Line<'_>,
        request: &Request,
        redactor: &Redactor,
        read: impl Fn(&Reply, &Redactor) -> Result<T, Fault>,
    ) -> Result<Answered<T>, CallError> {
        let started = self.now();
        let (mut tries, mut sent) = (0, 0);
        loop {
            tries += 1;
            let outcome = self.attempt(line, request, redactor, &read, &mut sent).await;
            let elapsed = self.note(request, &outcome, sent, started);
            let fault = match outcome {
                Ok(answered) => return Ok(answered),
                Err(fault) => fault,
            };
            match self.pause_before_next(request.operation, &fault, tries) {
                Some(pause) => self.clock.sleep(pause).await,
                None => return Err(CallError::new(request.operation, fault, sent, elapsed)),
            }
        }
    }

    /// One try.
    async fn attempt<T>(
        &self,
        line: Line<'_>,
        request: &Request,
        redactor: &Redactor,
        read: impl Fn(&Reply, &Redactor) -> Result<T, Fault>,
        sent: &mut u32,
    ) -> Result<Answered<T>, Fault> {
        // The turn comes first: what is shown may be short-lived.
        let mut queued = match line.leave {
            Some(leave) => Queued::reinstall(leave.decided_at),
            None => Queued::read(self.now(), self.read_retries.pause_max),
        };
        self.wait_for_turn(line, &mut queued).await?;
        let held = match line.auth {
            Some(auth) => Some(auth.show(self).await.map_err(|fault| Fault { never_left: true, ..fault })?),
            None => None,
        };
        queued.check(self.now(), line.is_wanted())?;
        *sent += 1;
        self.sent[request.operation.index()].fetch_add(1, Ordering::Relaxed);
        let proof = held.as_ref().map(|held| &held.proof);
        let Exchange { reply, signed } = self.transport.send(line.place, request, proof, self.wall()).await?;
        let redactor = line.auth.map_or_else(|| redactor.clone(), |auth| auth.with_shown(redactor.clone()));
        let outcome = read(&reply, &redactor);
        let Err(fault) = outcome else {
            line.welcome(held.as_deref(), self.wall());
            return outcome.map(|value| Answered {
                value,
                status: reply.status.as_u16(),
                request_id: error::request_id(&reply.headers, &redactor),
            });
        };
        let fault = explained(fault, &reply, signed.as_ref(), &redactor);
        Err(match (fault.kind, line.auth, held) {
            (FaultKind::Unauthorized, Some(auth), Some(held)) => {
                auth.refused(self, &held, fault, line.leave.is_some()).await
            }
            (FaultKind::Throttled, ..) => self.cooled_down(line, fault),
            (_, _, held) => {
                line.welcome(held.as_deref(), self.wall());
                fault
            }
        })
    }

    /// Waits until the limit lets the call go, and no longer than that call may wait.
    async fn wait_for_turn(&self, line: Line<'_>, queued: &mut Queued) -> Result<(), Fault> {
        let Some(pacer) = line.pacer else { return Ok(()) };
        loop {
            let wall = self.wall();
            match queued.poll(self.now(), wall, line.is_wanted(), |urgency| pacer.ask(wall, urgency)) {
                Next::Send => return Ok(()),
                Next::Sleep(wait) => self.clock.sleep(wait).await,
                Next::GiveUp(fault) => return Err(fault),
            }
        }
    }

    /// Tells everybody who obeys the same limit that there were too many requests. The fault says how long to wait.
    fn cooled_down(&self, line: Line<'_>, fault: Fault) -> Fault {
        let Some(pacer) = line.pacer else { return fault };
        let pause = pacer.throttled(self.wall(), fault.hint(), self.throw());
        Fault { retry_after: Some(pause), ..fault }
    }

    /// How long to wait before the same request is sent again; `None` if it must not be, or will not do.
    pub(crate) fn pause_before_next(&self, operation: Operation, fault: &Fault, tries: u32) -> Option<Duration> {
        match operation.repeat() {
            Repeat::Once => None,
            Repeat::Safe => self.read_retries.pause(fault, tries, self.throw()),
        }
    }

    fn throw(&self) -> f64 {
        self.dice.throw(&[self.thrown.fetch_add(1, Ordering::Relaxed)])
    }

    /// Logs one try: never a body, never a header but the request id.
    fn note<T>(
        &self,
        request: &Request,
        outcome: &Result<Answered<T>, Fault>,
        tries: u32,
        started: Timestamp,
    ) -> Duration {
        let elapsed = self.now().since(started);
        let operation = request.operation.name();
        let elapsed_ms = elapsed.as_millis();
        tracing::trace!(operation, method = %request.method, path = request.path, "sent");
        match outcome {
            Ok(answered) => {
                let request_id = answered.request_id.as_ref().map(tracing::field::display);
                tracing::debug!(operation, status = answered.status, request_id, tries, elapsed_ms, "answered");
            }
            Err(fault) => {
                let request_id = fault.request_id.as_ref().map(tracing::field::display);
                let (status, code) = (fault.status, fault.code_or_kind());
                tracing::debug!(operation, status, %code, request_id, tries, elapsed_ms, "failed");
            }
        }
        elapsed
    }
}

impl<'a> Line<'a> {
    /// To somebody who is shown nothing, as soon as it may be.
    pub(crate) const fn bare(place: &'a Place) -> Self {
        Self { place, auth: None, pacer: None, leave: None }
    }

    /// Whether a reinstall may still leave; a read always may.
    fn is_wanted(&self) -> bool {
        self.leave.is_none_or(|leave| (leave.wanted)())
    }

    /// The other side neither minds what was shown nor how often it is asked.
    fn welcome(&self, held: Option<&Held>, now: Timestamp) {
        if let Some(held) = held {
            held.accepted();
        }
        if let (Some(auth), Some(_)) = (self.auth, self.leave) {
            auth.reinstall_accepted();
        }
        if let Some(pacer) = self.pacer {
            pacer.answered(now);
        }
    }
}

/// Puts why a signature was not accepted in the place of the canonical request that a gateway sends back with its refusal.
fn explained(fault: Fault, reply: &Reply, signed: Option<&CanonicalRequest>, redactor: &Redactor) -> Fault {
    let words = signed.filter(|_| fault.kind == FaultKind::Unauthorized).and_then(|signed| {
        difference::explain(&error::whole_message(&reply.body)?, signed, |text| redactor.redact(text).into_owned())
    });
    match words {
        Some(words) => Fault { message: format!("signature refused: {words}").as_str().into(), ..fault },
        None => fault,
    }
}
